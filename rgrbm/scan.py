"""Experiments over seeds and parameters."""

from itertools import product

from rgrbm._core.progress import progress_bar

__all__ = ["ScanError", "map_grid"]


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
        fastest; or the points themselves.
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
        If a call fails: with its parameters, and the exception as the cause. Calls that have not
        begun are cancelled.
    TypeError
        If an argument is not as described.

    Notes
    -----
    Give each point a seed of its own, and make the generator in the function: then the results do
    not depend on the executor.

    Examples
    --------
    >>> map_grid(lambda size, seed: (size, seed), {"size": [2, 4], "seed": range(2)})
    [(2, 0), (2, 1), (4, 0), (4, 1)]
    """
    if not callable(function):
        raise TypeError(f"function must be callable, got {function!r}")
    points = _points(grid)
    if executor is not None and not hasattr(executor, "submit"):
        raise TypeError(f"executor must be a concurrent.futures.Executor, got {executor!r}")
    if executor is None:
        calls = [lambda point=point: function(**point) for point in points]
        futures = []
    else:
        futures = [executor.submit(function, **point) for point in points]
        calls = [future.result for future in futures]
    results = []
    try:
        with progress_bar(progress, total=len(points)) as bar:
            for point, call in zip(points, calls, strict=True):
                try:
                    results.append(call())
                except Exception as error:
                    raise ScanError(f"{function!r} failed at {point}: {error!r}", point) from error
                bar.update(1)
    finally:
        for future in futures:
            future.cancel()
    return results


def _points(grid):
    if isinstance(grid, dict):
        return [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]
    points = list(grid)
    if not all(isinstance(point, dict) for point in points):
        raise TypeError(f"grid must be a dict of names to values or a list of dicts, got {grid!r}")
    return points
