"""Interactive figures that compute in the reader's browser, for a page without a kernel."""

import html
import json
from pathlib import Path

import numpy as np
from IPython.display import HTML

from rgrbm._core import checks
from rgrbm.chapters.widgets import checked_alt

__all__ = ["play"]

FIGURES = Path(__file__).with_name("figures")
PAGE = """<div class="play" role="group" data-figure="{name}" aria-label="{alt}">
<style>{style}</style>
<script type="application/json">{data}</script>
<script>(function (root) {{
{kit}
const figure = {figure};
figure(kit(root));
}})(document.currentScript.parentNode);</script>
</div>"""


def play(figure, data=None, *, alt):
    """Show a figure with which the reader can play.

    It works in a notebook and on a static page, fetches nothing, and moves only if asked.

    Parameters
    ----------
    figure : str
        One of the files of ``rgrbm/chapters/figures``: ``"collapse"``, for instance.
    data : dict, optional
        What the figure is given: numbers, strings, lists and arrays; the head of the file says
        what it wants.
    alt : str
        What there is to see and to do, for readers who cannot see it.

    Returns
    -------
    page : IPython.display.HTML

    Raises
    ------
    ValueError, TypeError
        If there is no such figure, data cannot be written as JSON or are not finite, or there is
        no `alt`.

    Examples
    --------
    >>> data = {
    ...     "points": [[0.0, 0.0, 1.0], [0.0, 1.0, 2.0], [1.0, 0.0, 3.0], [1.0, 1.0, 4.0]],
    ...     "curves": [0, 0, 1, 1],
    ...     "names": ["ln q", "ln s", "ln v"],
    ...     "a": {"from": -1, "to": 1},
    ...     "b": {"from": -2, "to": 2},
    ... }
    >>> "two lines" in play("collapse", data, alt="two lines, one above the other").data
    True
    """
    names = sorted(path.stem for path in FIGURES.glob("*.js") if path.stem != "kit")
    figure = checks.choice("figure", figure, names)
    alt = html.escape(checked_alt(alt))
    try:
        text = json.dumps({} if data is None else data, allow_nan=False, default=_listed)
    except (TypeError, ValueError) as error:
        raise type(error)(f"data must be finite and fit for JSON: {error}") from None
    return HTML(
        PAGE.format(
            name=figure,
            alt=alt,
            data=text.replace("<", "\\u003c"),
            style=_read("play.css"),
            kit=_read("kit.js"),
            figure=_read(f"{figure}.js").strip(),
        )
    )


def _read(name):
    return (FIGURES / name).read_text(encoding="utf-8")


def _listed(value):
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise TypeError(f"got {checks.shown(value)}")
