"""A figure of a chapter, shown once more on the first page.

``{figure-of-chapter} fig-map-ring`` shows the picture that the chapter has
drawn in this build, as a link to it there, with its alt text.
"""

from docutils import nodes
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

LOGGER = logging.getLogger(__name__)


class Shown(nodes.Element):
    """Stands for the picture until all chapters have been read."""


class FigureOfChapter(SphinxDirective):
    """Show a figure, named by its label."""

    required_arguments = 1

    def run(self):
        """Remember which."""
        shown = Shown(label=self.arguments[0])
        self.set_source_info(shown)
        return [shown]


def show(app, doctree, docname):
    """Put the pictures where they are wanted."""
    labels = app.env.get_domain("std").anonlabels
    for shown in list(doctree.findall(Shown)):
        chapter, target = labels.get(shown["label"], (None, None))
        image = chapter and picture(app.env.get_doctree(chapter), target)
        if image is None:
            problem = "no chapter has the figure %s"
            LOGGER.warning(problem, shown["label"], location=shown)
            shown.parent.remove(shown)
            continue
        address = f"{app.builder.get_relative_uri(docname, chapter)}#{target}"
        link = nodes.reference("", "", image, refuri=address, internal=True)
        paragraph = nodes.paragraph("", "", link, classes=["figure-of-chapter"])
        shown.replace_self(paragraph)


def picture(chapter, target):
    """Return a copy of a figure's picture, or None."""
    for figure in chapter.findall(nodes.figure):
        if target in figure["ids"]:
            for image in figure.findall(nodes.image):
                return image.deepcopy()
    return None


def setup(app):
    """Register with Sphinx, which writes the first page anew in each build."""
    app.add_node(Shown)
    app.add_directive("figure-of-chapter", FigureOfChapter)
    app.connect("doctree-resolved", show)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
