"""An interactive figure that computes: a collapse of curves, with a slider for each exponent."""

import html
import json
from pathlib import Path

import numpy as np
from IPython.display import HTML

from rgrbm._core import checks
from rgrbm.chapters.plotting import COLORS
from rgrbm.dynamics import collapse_score

__all__ = ["collapse"]

SCRIPT = Path(__file__).with_name("collapse.js")

PAGE = """<div class="play" role="group" aria-label="{alt}">
<svg viewBox="0 0 600 345" aria-hidden="true" style="width: 100%; max-width: 40rem"></svg>
{sliders}
<p>score <output>{score:.3f}</output>, overlap <output>{overlap:.2f}</output></p>
<script type="application/json">{data}</script>
<script>{script}</script>
</div>"""
SLIDER = """<label style="display: block">{name} <input type="range" min="{low}" max="{high}"
step="0.01" value="0" aria-label="exponent {name}" style="width: 60%"> <output>0.00</output></label>
"""


def collapse(log_quantity, log_scale, log_variable, curve, *, names, a, b, alt):
    r"""Show curves in the variables :math:`\ln v + b \ln s` and :math:`\ln q - a \ln s`.

    The reader moves a and b, from 0; the figure draws and computes what
    `rgrbm.dynamics.collapse_score` does by itself, in a notebook and on a static page, and fetches
    nothing.

    Parameters
    ----------
    log_quantity, log_scale, log_variable : array_like of float, shape (n_points,)
        Logarithms of q, s and v.
    curve : array_like of int, shape (n_points,)
        The curve to which each point belongs, from 0.
    names : sequence of str
        What to call the three logarithms on the axes.
    a, b : tuple of float
        Least and largest value on each slider; 0 is between them.
    alt : str
        What there is to see, for readers who cannot see it.

    Returns
    -------
    figure : IPython.display.HTML

    Raises
    ------
    ValueError, TypeError
        If arrays do not have one common length or hold anything but finite numbers, if there are
        not three names, a range does not hold 0, or there is no `alt`.

    Examples
    --------
    >>> figure = collapse(
    ...     [0.0, 1.0, 2.0, 3.0], [0.0, 0.0, 2.0, 2.0], [0.0, 1.0, 0.0, 1.0], [0, 0, 1, 1],
    ...     names=["ln q", "ln s", "ln v"], a=(-1, 2), b=(-2, 2), alt="two lines, one above",
    ... )
    >>> "two lines, one above" in figure.data
    True
    """
    quantity = checks.array("log_quantity", log_quantity, shape=(None,))
    scale = checks.array("log_scale", log_scale, shape=quantity.shape)
    variable = checks.array("log_variable", log_variable, shape=quantity.shape)
    found = collapse_score(quantity, variable, curve)
    if not isinstance(names, (list, tuple)) or len(names) != 3:
        raise ValueError(f"names must be three strings, got {checks.shown(names)}")
    data = {
        "points": np.column_stack([scale, variable, quantity]).tolist(),
        "curves": np.asarray(curve).tolist(),
        "names": [_text("names", name) for name in names],
        "colors": ["currentColor", *COLORS[1:]],  # black is the colour of the text
    }
    return HTML(
        PAGE.format(
            alt=html.escape(_text("alt", alt)),
            sliders=_slider("a", a) + _slider("b", b),
            score=found.score,
            overlap=found.overlap,
            data=json.dumps(data).replace("<", "\\u003c"),
            script=SCRIPT.read_text(encoding="utf-8"),
        )
    )


def _text(name, value):
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string, got {checks.shown(value)}")
    if not value.strip():
        raise ValueError(f"{name} must say what there is to see, got {value!r}")
    return value


def _slider(name, ends):
    low, high = checks.array(name, ends, shape=(2,))
    if not low < 0 < high:
        raise ValueError(f"{name} must go from below 0 to above it, got {checks.shown(ends)}")
    return SLIDER.format(name=name, low=low, high=high)
