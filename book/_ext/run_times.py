"""The table of what each chapter took, from the records of the cache.

``{run-times}`` makes a row for every chapter that was executed. Its page is
read anew at each build, because no other file tells when a record changes.
"""

from pathlib import Path

from chapter_cache import current, open_cache
from docutils import nodes
from docutils.statemachine import StringList
from notebooks import chapter_paths
from sphinx.util.docutils import SphinxDirective

HEAD = """\
| chapter | seconds | memory, MB | executed |
|---|--:|--:|---|"""


class RunTimes(SphinxDirective):
    """Write the table."""

    def run(self):
        """Write it in Markdown; the parser of the page reads it."""
        self.env.note_reread()
        source = StringList(table(Path(self.env.srcdir)), source="<run times>")
        node = nodes.container()
        self.state.nested_parse(source, self.content_offset, node)
        return node.children


def table(root):
    """Return the lines of the table."""
    lines = HEAD.splitlines()
    with open_cache(root) as cache:
        for path in chapter_paths(root):
            if record := current(cache, path):
                page = path.relative_to(root).with_suffix("").as_posix()
                memory = record.data.get("megabytes")
                lines.append(
                    f"| {{doc}}`/{page}` "
                    f"| {record.data['execution_seconds']:.1f} "
                    f"| {'–' if memory is None else round(memory)} "
                    f"| {record.created:%Y-%m-%d} |"
                )
    return lines


def setup(app):
    """Register with Sphinx."""
    app.add_directive("run-times", RunTimes)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
