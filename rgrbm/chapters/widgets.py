"""Interactive figures: with frames drawn ahead, for a page that has no kernel behind it."""

import html
import re
from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
from IPython.display import HTML
from matplotlib.animation import HTMLWriter

from rgrbm._core import checks
from rgrbm.chapters.plotting import checked_size

__all__ = ["animate"]


def animate(draw, frames, *, alt, figsize=(6.0, 3.6), interval=400):
    """Draw a figure for each frame, and show them under a slider.

    The result works in a notebook and on a static page, and fetches nothing.

    Parameters
    ----------
    draw : callable
        Called as ``draw(figure, frame)`` with an empty figure.
    frames : sequence
        What `draw` is given, frame by frame.
    alt : str
        What there is to see, for readers who cannot see it.
    figsize : tuple of float, optional
        Width and height in inches.
    interval : int, optional
        Milliseconds between two frames when it plays.

    Returns
    -------
    player : IPython.display.HTML

    Raises
    ------
    ValueError, TypeError
        If `draw` cannot be called, there is no frame, no `alt`, or a size or `interval` is not
        positive; nothing has been drawn then.

    Examples
    --------
    >>> player = animate(
    ...     lambda figure, k: figure.gca().plot([0, k]), range(3), alt="a line that rises"
    ... )
    >>> "a line that rises" in player.data
    True
    """
    checks.function("draw", draw)
    try:
        iterator = iter(frames)
    except TypeError:
        raise TypeError(f"frames must be a sequence, got {checks.shown(frames)}") from None
    frames = list(iterator)
    if not frames:
        raise ValueError("frames must hold at least one frame, got none")
    alt = checked_alt(alt)
    interval = checks.integer("interval", interval, 1)
    figsize = checked_size("figsize", figsize)
    figure = plt.figure(figsize=figsize)

    # No frame is left out, however large they are together. All are in the page, so they have
    # fewer dots than figures: a third less bytes. Each is drawn once; FuncAnimation draws it twice.
    writer = HTMLWriter(
        fps=1000 / interval, embed_frames=True, default_mode="once", embed_limit=1e6
    )
    try:
        with TemporaryDirectory() as folder:
            path = Path(folder, "player.html")
            with writer.saving(figure, path, dpi=140):
                for frame in frames:
                    figure.clear()
                    draw(figure, frame)
                    writer.grab_frame()
            player = path.read_text()
    finally:
        plt.close(figure)
    # The page's theme has the icons of the buttons; matplotlib would fetch them from elsewhere.
    player = re.sub(r'<link rel="stylesheet"[^>]*>', "", player)
    player = player.replace('type="range"', 'type="range" aria-label="frame"')
    player = player.replace("<img ", '<img alt="" ', 1)  # the group around it has the words
    return HTML(f'<div role="group" aria-label="{html.escape(alt)}">{player}</div>')


def checked_alt(alt):
    """Return `alt` if it says something."""
    if not isinstance(alt, str):
        raise TypeError(f"alt must be a string, got {checks.shown(alt)}")
    if not alt.strip():
        raise ValueError(f"alt must say what there is to see, got {alt!r}")
    return alt
