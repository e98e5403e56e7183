"""Numbers that a chapter's text quotes from its cells."""

__all__ = ["note"]


def note(name, value, spec=""):
    r"""Keep a number under a name, for the text to quote with the role ``glue:text``.

    Parameters
    ----------
    name : str
        Unique in the book.
    value : str, number or Estimate
        A string is quoted as it is.
    spec : str, optional
        A format specification for the others, such as ``".3f"``; an `rgrbm.estimate.Estimate`
        needs none. A minus becomes a proper one.

    Examples
    --------
    >>> note("doc-energy", -1.0471, ".2f")
    """
    from myst_nb import glue

    text = value if isinstance(value, str) else format(value, spec).replace("-", "−")
    glue(name, text, display=False)
