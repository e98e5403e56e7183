"""Figures that chapters share. They draw; they compute nothing."""

from itertools import zip_longest

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from rgrbm._core import checks
from rgrbm.estimate import Estimate

__all__ = ["COLORS", "exact_line", "points", "show_images", "use_style"]

LARGEST_SIZE = 100.0  # inches

# Okabe and Ito's palette, told apart by colour-blind readers; black first, yellow left out.
COLORS = ("#000000", "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")


def use_style():
    """Set the book's style for all figures that follow.

    Examples
    --------
    >>> use_style()
    >>> plt.rcParams["axes.spines.top"]
    False
    """
    plt.rcParams.update(
        {
            "axes.prop_cycle": plt.cycler(color=COLORS),
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "axes.axisbelow": True,
            "grid.color": "0.9",
            "figure.figsize": (6.0, 3.6),
            "figure.dpi": 100,
            "figure.constrained_layout.use": True,
            "font.size": 11.0,
            "legend.frameon": False,
            "image.cmap": "gray_r",
            "savefig.dpi": 200,
        }
    )


def exact_line(ax, *where, **line):
    """Draw what is known exactly: a thin black line, dashed where it is a single number.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    *where : array_like
        One number, the height of a horizontal line; or x and y, shape (n,) each.
    **line
        Passed on to ``Axes.axhline`` or ``Axes.plot``, such as ``label``.

    Returns
    -------
    line : matplotlib.lines.Line2D

    Raises
    ------
    ValueError, TypeError
        If `ax` is no Axes, or there are neither one nor two positions, or they do not fit together.

    Examples
    --------
    >>> line = exact_line(plt.gca(), 0.44, label="exact")
    >>> line.get_color()
    'black'
    >>> plt.close()
    """
    _check_axes(ax)
    line = {"color": "black", "linewidth": 1, **line}
    if len(where) == 1:
        height = checks.number("where", where[0])
        return ax.axhline(height, **{"linestyle": "--", **line})
    if len(where) == 2:
        x, y = (checks.numeric(f"where[{k}]", values) for k, values in enumerate(where))
        if x.ndim != 1 or x.shape != y.shape:
            raise ValueError(f"where must be x and y of one length, got {x.shape} and {y.shape}")
        return ax.plot(x, y, **line)[0]
    raise TypeError(f"where must be a height, or x and y, got {len(where)} arguments")


def points(ax, x, estimate, **style):
    """Draw measured values with their standard errors.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    x : array_like, shape (n,)
    estimate : Estimate
        Values and errors, shape (n,) each.
    **style
        Passed on to ``Axes.errorbar``, such as ``color``; by default dots without a line.

    Returns
    -------
    container : matplotlib.container.ErrorbarContainer

    Raises
    ------
    ValueError, TypeError
        If `ax` is no Axes or `estimate` no Estimate, or there are not as many values as x.

    Examples
    --------
    >>> from rgrbm.estimate import Estimate
    >>> container = points(plt.gca(), [1, 2], Estimate([0.5, 0.25], [0.1, 0.1]))
    >>> plt.close()
    """
    _check_axes(ax)
    if not isinstance(estimate, Estimate):
        raise TypeError(f"estimate must be an Estimate, got {checks.shown(estimate)}")
    value, error = estimate
    x = checks.array("x", x, np.shape(value))
    return ax.errorbar(x, value, error, **{"fmt": "o", "markersize": 4, "capsize": 2, **style})


def show_images(images, *, titles=(), columns=10, size=0.9, **imshow):
    """Draw square images side by side, row by row, in one grey scale for all.

    Parameters
    ----------
    images : array_like, shape (n_images, side * side)
    titles : sequence of str, optional
        Written over the first images.
    columns : int, optional
        Images in a row, at most 1000.
    size : float, optional
        Width of an image in inches, at most 100.
    **imshow
        Passed on to ``Axes.imshow``, such as ``cmap``. By default ``vmin`` and ``vmax`` are the
        extremes over all images.

    Returns
    -------
    figure : matplotlib.figure.Figure

    Raises
    ------
    ValueError, TypeError
        If the images are not square, there is none, `titles` are no strings, or `columns` or `size`
        is not positive; no figure has been made then.

    Examples
    --------
    >>> figure = show_images([[0, 1, 1, 0], [1, 0, 0, 1]], columns=1)
    >>> len(figure.axes)
    2
    >>> plt.close(figure)
    """
    images = checks.array("images", images, (None, None))
    columns = checks.integer("columns", columns, 1, 1000)
    size = checks.real("size", size, 0.0, LARGEST_SIZE, above=True)
    titles = checked_titles(titles)
    side = round(images.shape[1] ** 0.5)
    if side**2 != images.shape[1]:
        raise ValueError(f"images must be square, side * side pixels a row, got {images.shape}")
    imshow = {"vmin": images.min(), "vmax": images.max(), **imshow}
    rows = -(-len(images) // columns)
    height = size * (1.25 if titles else 1.0)
    figure, axes = plt.subplots(
        rows, columns, figsize=(columns * size, rows * height), squeeze=False
    )
    try:
        for ax, image, title in zip_longest(axes.flat, images, titles[: len(images)]):
            ax.set_axis_off()
            if image is not None:
                ax.imshow(image.reshape(side, side), **imshow)
                ax.set_title(title or "", fontsize=9)
    except BaseException:
        plt.close(figure)
        raise
    return figure


def checked_size(name, value):
    """Return a width and a height in inches as two floats."""
    try:
        width, height = value
    except Exception:  # not two, or nothing that can be counted
        raise TypeError(f"{name} must be a width and a height, got {checks.shown(value)}") from None
    return tuple(
        checks.real(name, length, 0.0, LARGEST_SIZE, above=True) for length in (width, height)
    )


def checked_titles(titles):
    """Return titles as a list of strings."""
    try:
        found = None if isinstance(titles, str) else list(titles)
    except TypeError:
        found = None
    if found is None or not all(isinstance(title, str) for title in found):
        raise TypeError(f"titles must be a list of strings, got {checks.shown(titles)}")
    return found


def _check_axes(ax):
    if not isinstance(ax, Axes):
        raise TypeError(f"ax must be Axes of matplotlib, got {checks.shown(ax)}")
