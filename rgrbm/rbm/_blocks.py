"""States as rows, of which some at a time are worked on: floats of all would take much memory."""

import numpy as np

from rgrbm._core import checks

NUMBERS_PER_BLOCK = 2**19  # of the widest array: 4 MB as floats


def checked_rows(layer, states, name, check=None):
    """Check states; return them as rows, and their leading axes. Large arrays are not copied.

    Another check than that of the layer can be given.
    """
    check = check or layer.check
    states = checks.numeric(name, states)
    axes, n_units = states.shape[:-1], layer.n_units
    if states.size <= NUMBERS_PER_BLOCK or states.shape[-1] != n_units:
        return check(states, name).reshape(-1, n_units), axes
    rows = states.reshape(-1, n_units)
    for block in row_slices(len(rows), n_units, NUMBERS_PER_BLOCK):
        check(rows[block], name)
    return rows, axes


def checked_samples(layer, data, check=None):
    """Check a data set, of the shape (n_samples, n_units); a large one is not copied."""
    rows, axes = checked_rows(layer, data, "data", check)
    if len(axes) != 1 or len(rows) == 0:
        raise ValueError(
            f"data must have the shape (n_samples, {layer.n_units}) with n_samples >= 1, "
            f"got {(*axes, layer.n_units)}"
        )
    return rows


def by_blocks(function, rows, width, dtype=np.float64):
    """Values of a function of rows, which it takes as floats; in order, for it may draw.

    The largest array in it has this width.
    """
    values = None
    for block in row_slices(len(rows), width, NUMBERS_PER_BLOCK):
        part = function(rows[block].astype(np.float64, copy=False))
        if len(part) == len(rows):
            return part.astype(dtype, copy=False)
        if values is None:
            values = np.empty((len(rows), *part.shape[1:]), dtype)
        values[block] = part
    return values


def row_slices(n_rows, width, size):
    """Cut rows of this width into slices with at most `size` numbers; none makes an empty one."""
    step = max(1, size // width)
    return [slice(first, first + step) for first in range(0, max(1, n_rows), step)]
