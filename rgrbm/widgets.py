"""Interactive figures: with frames drawn ahead, for a page that has no kernel behind it."""

import html
import re

import matplotlib.pyplot as plt
from IPython.display import HTML
from matplotlib.animation import FuncAnimation

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

    Examples
    --------
    >>> player = animate(
    ...     lambda figure, k: figure.gca().plot([0, k]), range(3), alt="a line that rises"
    ... )
    >>> "a line that rises" in player.data
    True
    """
    frames = list(frames)
    figure = plt.figure(figsize=figsize)

    def show(number):
        figure.clear()
        draw(figure, frames[number])

    animation = FuncAnimation(figure, show, frames=len(frames), interval=interval)
    player = animation.to_jshtml(default_mode="once")
    plt.close(figure)
    # The page's theme has the icons of the buttons; matplotlib would fetch them from elsewhere.
    player = re.sub(r'<link rel="stylesheet"[^>]*>', "", player)
    return HTML(f'<div role="group" aria-label="{html.escape(alt)}">{player}</div>')
