"""How many threads a chapter may use: here, and nowhere else.

The environment variable RGRBM_THREADS says it; by default it is two, or one on a machine with one
core. Where chapters run side by side, what runs them sets it to one.
"""

import os

from rgrbm.scan import map_grid

__all__ = ["N_THREADS", "in_threads"]


def _n_threads():
    given = os.environ.get("RGRBM_THREADS")
    if not given:
        return min(2, os.cpu_count() or 1)
    if not given.isdecimal() or not 1 <= int(given[:4]) <= 1000:
        raise ValueError(f"RGRBM_THREADS must be a number from 1 to 1000, got {given!r}")
    return int(given)


N_THREADS = _n_threads()


def in_threads(function, grid):
    """Call a function at every point of a grid, on as many threads as a chapter may use.

    Parameters
    ----------
    function : callable
    grid : dict of str to iterable, or iterable of dict
        As in `rgrbm.scan.map_grid`.

    Returns
    -------
    results : list
        One for each point, in the order of the grid; they do not depend on the number of threads.

    Raises
    ------
    ScanError, ValueError, TypeError
        As in `rgrbm.scan.map_grid`. Calls that have begun go on to their end, unheard; so it is
        after Ctrl-C.

    Examples
    --------
    >>> in_threads(lambda seed: 2 * seed, {"seed": range(3)})
    [0, 2, 4]
    """
    return map_grid(function, grid, n_threads=N_THREADS)
