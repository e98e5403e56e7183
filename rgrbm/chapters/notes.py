"""Numbers that a chapter's text quotes from its cells."""

from rgrbm._core import checks

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

    Raises
    ------
    ValueError, TypeError
        If `name` or `spec` is no string or does not fit.

    Examples
    --------
    >>> note("doc-energy", -1.0471, ".2f")
    """
    from myst_nb import glue

    for argument, given in {"name": name, "spec": spec}.items():
        if not isinstance(given, str):
            raise TypeError(f"{argument} must be a string, got {checks.shown(given)}")
    if not name.strip():
        raise ValueError(f"name must say what the number is, got {name!r}")
    try:
        text = value if isinstance(value, str) else format(value, spec).replace("-", "−")
    except Exception as error:  # each type has its own
        raise ValueError(
            f"spec must be a format for the value {checks.shown(value)}, "
            f"got {checks.shown(spec)}: {checks.shown(error)}"
        ) from None
    glue(name, text, display=False)
