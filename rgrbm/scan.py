"""Experiments over seeds and parameters."""

import math
from collections.abc import Mapping
from concurrent.futures import BrokenExecutor
from itertools import product

from rgrbm._core import checks
from rgrbm._core.progress import progress_bar

__all__ = ["ScanError", "map_grid"]

MOST_POINTS = 10**7  # of a grid: they are listed before the first call


class ScanError(RuntimeError):
    """An experiment failed; the cause is chained.

    Attributes
    ----------
    parameters : dict
        What it was called with.
    """

    def __init__(self, message, parameters):
        super().__init__(message, parameters)
        self.parameters = parameters

    def __str__(self):
        return self.args[0]


def map_grid(function, grid, *, executor=None, progress=False):
    """Call a function at every point of a grid of parameters.

    Parameters
    ----------
    function : callable
        Called with keyword arguments, one for each name in `grid`. With an executor of processes,
        it must be defined at the top of a module.
    grid : dict of str to iterable, or iterable of dict
        Values of each parameter, of which all combinations are taken, the last name changing
        fastest; or the points themselves. At most 10**7 points; an iterable that never ends is
        not noticed. A string is no iterable of values here.
    executor : concurrent.futures.Executor, optional
        Runs the calls, which may finish in any order; by default they run one after the other.
    progress : bool, optional
        Show a progress bar.

    Returns
    -------
    results : list
        One for each point, in the order of the grid.

    Raises
    ------
    ScanError
        If a call fails, or the executor takes no calls, as when it was shut down or a process of
        it died: with the parameters of the call, and the exception as the cause. Calls that have
        not begun are cancelled.
    ValueError, TypeError
        If an argument is not as described; nothing has been called then.

    Notes
    -----
    Give each point a seed of its own, and make the generator in the function: then the results do
    not depend on the executor.

    Examples
    --------
    >>> map_grid(lambda size, seed: (size, seed), {"size": [2, 4], "seed": range(2)})
    [(2, 0), (2, 1), (4, 0), (4, 1)]
    """
    checks.function("function", function)
    points = _points(grid)
    if executor is not None and (isinstance(executor, type) or not hasattr(executor, "submit")):
        raise TypeError(
            f"executor must be a concurrent.futures.Executor, got {checks.shown(executor)}"
        )
    progress = checks.flag("progress", progress)
    results, futures = [], []
    try:
        if executor is not None:
            for point in points:
                futures.append(_submitted(executor, function, point))
        calls = [future.result for future in futures] or [
            lambda point=point: function(**point) for point in points
        ]
        with progress_bar(progress, total=len(points)) as bar:
            for point, call in zip(points, calls, strict=True):
                results.append(_called(call, function, point))
                bar.update(1)
    finally:
        for future in futures:
            future.cancel()
    return results


def _called(call, function, point):
    try:
        return call()
    except BrokenExecutor as error:
        raise ScanError(
            f"a worker of the executor died, at {checks.shown(point)} or another point: "
            f"{checks.shown(error)}",
            point,
        ) from error
    except Exception as error:
        raise ScanError(
            f"{checks.shown(function)} failed at {checks.shown(point)}: {checks.shown(error)}",
            point,
        ) from error


def _submitted(executor, function, point):
    try:
        return executor.submit(_call, function, point)
    except Exception as error:  # it is shut down, or broken
        raise ScanError(
            f"the executor took no call at {checks.shown(point)}: {checks.shown(error)}", point
        ) from error


def _call(function, point):  # a name in the grid could be an argument of `submit`, too
    return function(**point)


def _points(grid):
    """List the points of a grid."""
    if not isinstance(grid, Mapping):
        points = _listed("grid", grid)
        for k, point in enumerate(points):
            if not isinstance(point, Mapping):
                raise TypeError(
                    "grid must be a dict of names to values or a list of dicts, "
                    f"got {checks.shown(point)} as the point {k}"
                )
            _check_names(point)
        return [dict(point) for point in points]
    _check_names(grid)
    values = {name: _listed(f"grid[{name!r}]", values) for name, values in grid.items()}
    n_points = math.prod(map(len, values.values()))
    if n_points > MOST_POINTS:
        raise ValueError(f"grid must have at most {MOST_POINTS} points, got {n_points}")
    return [dict(zip(values, point, strict=True)) for point in product(*values.values())]


def _check_names(point):
    for name in point:
        if not isinstance(name, str):
            raise TypeError(f"grid must have strings for names, got {checks.shown(name)}")


def _listed(name, values):
    if isinstance(values, (str, bytes)):
        raise TypeError(f"{name} must be an iterable of values, got {checks.shown(values)}")
    try:
        iterator = iter(values)
    except TypeError:
        raise TypeError(
            f"{name} must be an iterable of values, got {checks.shown(values)}"
        ) from None
    return list(iterator)
