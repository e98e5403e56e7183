"""Who is near whom on a torus: the sum of the headings of all birds within a distance of 1.

The torus is cut into cells of a side of at least 1, so that all who are near are in the cell itself
or in the eight around it. A chain runs through the birds of a cell: `first` holds where it begins,
`following` how it goes on, and -1 ends it. The plain version at the end compares all pairs.
"""

import numpy as np

from rgrbm._core.jit import compiled


@compiled
def sum_headings(positions, headings, size):
    n_birds = len(positions)
    n_cells = min(int(size), 1 + int(np.sqrt(n_birds)))  # a side: more would be empty
    if n_cells < 3:  # the cells around one would count twice
        n_cells = 1
    first = np.full((n_cells, n_cells), -1)
    following = np.empty(n_birds, dtype=np.int64)
    cells = np.empty((n_birds, 2), dtype=np.int64)
    for i in range(n_birds):
        for axis in range(2):
            cells[i, axis] = min(int(positions[i, axis] / size * n_cells), n_cells - 1)
        following[i] = first[cells[i, 0], cells[i, 1]]
        first[cells[i, 0], cells[i, 1]] = i
    reach = 1 if n_cells > 1 else 0
    sums = np.zeros(n_birds, dtype=np.complex128)
    for i in range(n_birds):
        for across in range(-reach, reach + 1):
            for along in range(-reach, reach + 1):
                j = first[(cells[i, 0] + across) % n_cells, (cells[i, 1] + along) % n_cells]
                while j >= 0:
                    x = abs(positions[i, 0] - positions[j, 0])
                    y = abs(positions[i, 1] - positions[j, 1])
                    x, y = min(x, size - x), min(y, size - y)
                    if x * x + y * y <= 1:
                        sums[i] += headings[j]
                    j = following[j]
    return sums


def plain_sum_headings(positions, headings, size):
    apart = np.abs(positions[:, None] - positions)
    apart = np.minimum(apart, size - apart)
    return ((apart**2).sum(axis=-1) <= 1) @ headings
