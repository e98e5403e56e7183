"""A function at every point of a grid of parameters."""

import math
from collections.abc import Mapping
from concurrent.futures import BrokenExecutor, CancelledError, Future, ThreadPoolExecutor
from contextlib import closing, contextmanager, nullcontext
from itertools import product
from queue import SimpleQueue

import numpy as np

from rgrbm._core import checks
from rgrbm._core.progress import progress_bar
from rgrbm.scan.results import stored_results

__all__ = ["ScanError", "map_grid"]

MOST_POINTS = 10**7  # of a grid: they are listed before the first call
MOST_WAITING = 10**4  # calls that an executor is given at a time: more would choke a scheduler
MOST_THREADS = 1000


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


def map_grid(
    function,
    grid,
    *,
    seed=None,
    n_threads=1,
    executor=None,
    on_error="raise",
    path=None,
    progress=False,
):
    """Call a function at every point of a grid of parameters.

    Parameters
    ----------
    function : callable
        Called with keyword arguments, one for each name in the grid. With an executor of
        processes, it must be defined at the top of a module.
    grid : dict of str to iterable, or iterable of dict
        Values of each parameter, of which all combinations are taken, the last name changing
        fastest; or the points themselves. At most 10**7 points; an iterable that never ends is
        not noticed. A string is no iterable of values here.
    seed : int, optional
        At least 0. The function is then given a NumPy generator too, as ``rng``; point k
        of the grid, from 0, has that of ``numpy.random.SeedSequence(seed).spawn(k + 1)[k]``.
    n_threads : int, optional
        From 1 to 1000. With one, the calls run one after the other in the caller's thread.
    executor : concurrent.futures.Executor, optional
        Runs the calls in the place of threads: a ``ProcessPoolExecutor``, Dask's
        ``Client.get_executor()``, ``mpi4py.futures.MPIPoolExecutor``, or what else has a
        ``submit`` that returns futures of this kind. It is given at most 10**4 calls at a time, and
        is not shut down.
    on_error : {"raise", "keep"}, optional
        What a call that fails does: end the scan, or leave a `rgrbm.scan.ScanError` in the
        place of its result.
    path : path-like, optional
        A file to which each result is written as soon as it is there. If the file is there
        already, what it holds is not computed again: so a scan that was stopped goes on. Failures
        are not written.
    progress : bool, optional
        Show a progress bar.

    Returns
    -------
    results : list
        One for each point, in the order of the grid.

    Raises
    ------
    ScanError
        If a call fails, with the parameters of the call, and the exception as the cause; not so
        with ``on_error="keep"``. If the executor takes no calls, or loses them, as when it was shut
        down or a process of a pool died. Calls that have not begun are cancelled; those that run
        on threads go on to their end, unheard.
    ValueError, TypeError
        If an argument is not as described, or `path` is damaged or holds another scan; nothing
        has been called then. If `path` cannot hold what the function returned.
    BlockingIOError
        If another scan is writing to `path`.

    Notes
    -----
    Results do not depend on what runs the calls, nor on their order, if what is random in the
    function comes from ``rng``. Two points of a scan, or of scans with other seeds, have the same
    generator with a probability of 2**-128; in 10**10 of them there is such a pair with less than
    10**-18.

    A file of results has a line of JSON for each: the number of the point, its parameters, the
    result, and a CRC-32 of these. The first line has what tells scans apart: the name of the
    function, the seed, and the points. It is for you to know that the function itself is still the
    same. Results must be what JSON holds: None, truth values, numbers, strings, and lists
    and dicts of these, with strings for names. Arrays and tuples become lists, and numbers of NumPy
    become Python's, so that a result is the same whether it was computed or read. A float
    comes back bit for bit, infinite ones too, but NaN is one and the same. The parameters must be
    such, too. After each line the file is flushed: a killed process loses none, a machine that
    crashes may lose the last ones. A file is locked while it is written, where the system has
    locks.

    Examples
    --------
    >>> map_grid(lambda size, seed: (size, seed), {"size": [2, 4], "seed": range(2)})
    [(2, 0), (2, 1), (4, 0), (4, 1)]

    With a generator for each point, on two threads:

    >>> def mean_spin(size, rng):
    ...     return rng.choice([-1, 1], size).mean()
    >>> map_grid(mean_spin, {"size": [10, 1000]}, seed=0, n_threads=2)
    [np.float64(0.0), np.float64(-0.004)]
    """
    checks.function("function", function)
    points = _points(grid)
    if seed is not None:
        seed = checks.integer("seed", seed, 0)
        if any("rng" in point for point in points):
            raise ValueError("grid must have no parameter rng if a seed is given: it makes one")
    n_threads = checks.integer("n_threads", n_threads, 1, MOST_THREADS)
    if executor is not None:
        if isinstance(executor, type) or not hasattr(executor, "submit"):
            raise TypeError(
                f"executor must be a concurrent.futures.Executor, got {checks.shown(executor)}"
            )
        if n_threads > 1:
            raise ValueError(f"n_threads must be 1 if there is an executor, got {n_threads}")
    on_error = checks.choice("on_error", on_error, ("raise", "keep"))
    progress = checks.flag("progress", progress)

    if path is None:
        storage = nullcontext(({}, lambda number, result: result))
    else:
        storage = stored_results(path, function, points, seed)
    with storage as (stored, keep), _runner(n_threads, executor) as runner:
        results = [stored.get(number) for number in range(len(points))]
        missing = (number for number in range(len(points)) if number not in stored)

        def submit(number):
            return _submitted(runner, function, points[number], seed, number)

        with (
            progress_bar(progress, total=len(points), initial=len(stored)) as bar,
            closing(_as_they_end(submit, missing)) as ended,
        ):
            for number, future in ended:
                try:
                    result = future.result()
                except (BrokenExecutor, CancelledError) as error:
                    raise _failure("the executor lost the call", points[number], error) from error
                except Exception as error:
                    failure = _failure(f"{checks.shown(function)} failed", points[number], error)
                    if on_error == "raise":
                        raise failure from error
                    failure.__cause__ = error
                    results[number] = failure
                else:
                    results[number] = keep(number, result)
                bar.update(1)
    return results


def _as_they_end(submit, numbers):
    """Yield numbers and their futures in the order in which they end; submit few at a time."""
    ended, waiting = SimpleQueue(), {}
    try:
        for number in numbers:
            future = submit(number)
            waiting[future] = number
            future.add_done_callback(ended.put)
            while len(waiting) == MOST_WAITING or not ended.empty():
                future = ended.get()
                yield waiting.pop(future), future
        while waiting:
            future = ended.get()
            yield waiting.pop(future), future
    finally:
        for future in waiting:
            future.cancel()


def _submitted(runner, function, point, seed, number):
    try:
        return runner.submit(_call, function, point, seed, number)
    except Exception as error:  # it is shut down, or broken
        raise _failure("the executor took no call", point, error) from error


def _failure(what, point, error):
    return ScanError(f"{what} at {checks.shown(point)}: {checks.shown(error)}", point)


def _call(function, point, seed, number):
    """Call a function; a name in the grid could be an argument of `submit`, too."""
    if seed is None:
        return function(**point)
    child = np.random.SeedSequence(seed, spawn_key=(number,))
    return function(**point, rng=np.random.default_rng(child))


@contextmanager
def _runner(n_threads, executor):
    """Yield what runs the calls."""
    if executor is not None:
        yield executor
    elif n_threads == 1:
        yield _CallersThread()
    else:
        threads = ThreadPoolExecutor(n_threads)
        try:
            yield threads
        finally:
            threads.shutdown(wait=False)  # else Ctrl-C would wait for the calls that run


class _CallersThread:
    """Runs a call at once."""

    def submit(self, function, *arguments):
        future = Future()
        try:
            future.set_result(function(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future


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
