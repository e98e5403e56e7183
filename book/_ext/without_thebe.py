"""Pages without Thebe, which would fetch a kernel from the network.

Jupyter Book loads it on every page, used or not, and twice: that is an error in
every browser.
"""


def drop_scripts(app, page, template, context, doctree):
    """Leave its scripts out of a page."""
    context["script_files"] = [
        script
        for script in context["script_files"]
        if "thebe" not in f"{script.filename} {script.attributes}"
    ]


def setup(app):
    """Register with Sphinx."""
    app.connect("html-page-context", drop_scripts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
