"""Results that take too long for a chapter: a script makes them, a file beside it keeps them."""

import numpy as np

from rgrbm._core.files import plain_array, replace_file

__all__ = ["store_result"]


def store_result(path, /, **arrays):
    """Write arrays to a file that chapters read with ``numpy.load``, whole or not at all.

    Parameters
    ----------
    path : path-like
        Taken literally. An existing file is replaced.
    **arrays : array_like
        Under their names; no objects.

    Raises
    ------
    OSError
        If the file cannot be written; an old one is then as it was.
    TypeError
        If an array holds objects, which would have to be pickled, or has a mask, which would be
        lost.
    ValueError
        If an array is ragged, or named ``file``; or if `path` is a pipe or a device.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     store_result(Path(folder) / "result.npz", couplings=[0.5, 1.0])
    ...     with np.load(Path(folder) / "result.npz") as stored:
    ...         print(stored["couplings"])
    [0.5 1. ]
    """
    if "file" in arrays:
        raise ValueError("arrays must not be named 'file': NumPy writes none of that name")
    arrays = {name: plain_array(name, array) for name, array in arrays.items()}
    replace_file(path, lambda file: np.savez_compressed(file, **arrays))
