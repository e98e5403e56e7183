"""Figures that chapters share. They draw; they compute nothing."""

from itertools import zip_longest

import matplotlib.pyplot as plt

from rgrbm._core import checks

__all__ = ["COLORS", "exact_line", "points", "show_images", "use_style"]

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
    TypeError
        If there are neither one nor two positions.

    Examples
    --------
    >>> line = exact_line(plt.gca(), 0.44, label="exact")
    >>> line.get_color()
    'black'
    >>> plt.close()
    """
    line = {"color": "black", "linewidth": 1, **line}
    if len(where) == 1:
        return ax.axhline(*where, **{"linestyle": "--", **line})
    if len(where) == 2:
        return ax.plot(*where, **line)[0]
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

    Examples
    --------
    >>> from rgrbm.estimate import Estimate
    >>> container = points(plt.gca(), [1, 2], Estimate([0.5, 0.25], [0.1, 0.1]))
    >>> plt.close()
    """
    value, error = estimate
    return ax.errorbar(x, value, error, **{"fmt": "o", "markersize": 4, "capsize": 2, **style})


def show_images(images, *, titles=(), columns=10, size=0.9, **imshow):
    """Draw square images side by side, row by row, in one grey scale for all.

    Parameters
    ----------
    images : array_like, shape (n_images, side * side)
    titles : sequence of str, optional
        Written over the first images.
    columns : int, optional
        Images in a row.
    size : float, optional
        Width of an image in inches.
    **imshow
        Passed on to ``Axes.imshow``, such as ``cmap``. By default ``vmin`` and ``vmax`` are the
        extremes over all images.

    Returns
    -------
    figure : matplotlib.figure.Figure

    Raises
    ------
    ValueError, TypeError
        If the images are not square, there is none, or `columns` is not a positive integer.

    Examples
    --------
    >>> figure = show_images([[0, 1, 1, 0], [1, 0, 0, 1]], columns=1)
    >>> len(figure.axes)
    2
    >>> plt.close(figure)
    """
    images = checks.array("images", images, (None, None))
    columns = checks.integer("columns", columns, 1)
    side = round(images.shape[1] ** 0.5)
    if side**2 != images.shape[1]:
        raise ValueError(f"images must be square, side * side pixels a row, got {images.shape}")
    imshow = {"vmin": images.min(), "vmax": images.max(), **imshow}
    rows = -(-len(images) // columns)
    height = size * (1.25 if titles else 1.0)
    figure, axes = plt.subplots(
        rows, columns, figsize=(columns * size, rows * height), squeeze=False
    )
    for ax, image, title in zip_longest(axes.flat, images, titles[: len(images)]):
        ax.set_axis_off()
        if image is not None:
            ax.imshow(image.reshape(side, side), **imshow)
            ax.set_title(title or "", fontsize=9)
    return figure
