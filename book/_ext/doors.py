"""API pages: one for each door of the library, with all that it lists.

``.. door:: rgrbm.rbm`` becomes a table of the names in ``__all__``, and then,
for each file behind the door, what it says at its top and what comes from it.
"""

from importlib import import_module
from inspect import getdoc, isclass, isfunction, ismodule

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective


class Door(SphinxDirective):
    """Document a door."""

    required_arguments = 1

    def run(self):
        """Write what autodoc and autosummary understand; they read it."""
        name = self.arguments[0]
        source = StringList(page(name), source=f"<door {name}>")
        node = nodes.container()
        self.state.nested_parse(source, self.content_offset, node)
        return node.children


def page(name):
    """Return the lines of reStructuredText for a door."""
    door = import_module(name)
    lines = [f".. py:module:: {name}", "", *getdoc(door).splitlines(), ""]
    lines += [
        ".. autosummary::",
        "",
        *(f"   {public}" for public in door.__all__),
        "",
    ]
    for file in files(door):
        if file is not door:
            title, _, theory = getdoc(file).partition("\n")
            lines += [f".. rubric:: {title}", "", *theory.splitlines(), ""]
        for public in file.__all__:
            lines += entry(f"{name}.{public}", getattr(door, public))
    return lines


def files(door):
    """Return the modules that define what stands in a door."""
    found = [module for module in vars(door).values() if ismodule(module)]
    inside = [
        module
        for module in found
        if module.__name__.startswith(f"{door.__name__}.")
    ]
    return [module for module in inside if hasattr(module, "__all__")] or [door]


def entry(name, thing):
    """Return the lines for one public name."""
    if not isclass(thing):
        return [
            f".. auto{'function' if isfunction(thing) else 'data'}:: {name}",
            "",
        ]
    kind = "exception" if issubclass(thing, Exception) else "class"
    lines = [f".. auto{kind}:: {name}"]
    if kind == "class" and not issubclass(thing, tuple):
        # Up to the first class in line that is not ours, such as `object`.
        others = (
            ancestor.__name__
            for ancestor in thing.__mro__
            if not ancestor.__module__.startswith("rgrbm")
        )
        lines += ["   :members:", f"   :inherited-members: {next(others)}"]
    return [*lines, ""]


def adopt(app, doctree):
    """Let all parts of a page name it as their document.

    Those that were reStructuredText name one that knows Sphinx's whole
    environment: it would be stored with each of these pages, and read twice.
    """
    for node in doctree.findall():
        node.document = doctree


def setup(app):
    """Register with Sphinx."""
    app.add_directive("door", Door)
    app.connect("doctree-read", adopt)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
