r"""Elementary automata, and all their coarse-grainings.

A block of n cells has :math:`2^n` states. After n steps the state of a block depends on itself and
on its two neighbours, and on nothing else: n steps of an automaton on cells are one step of an
automaton on blocks, with more colours. A coarse-graining calls some of these colours equal. It is
exact if it does not matter whether one first forgets and then steps, or the other way round.
:cite:t:`israeli2006`.

A block's state is its cells, read as a binary number; `labels` lists the coarse colour of each.
"""

import numpy as np

from rgrbm._core import checks
from rgrbm._core.loading import load

__all__ = ["block_map", "commutes", "projections", "quotient", "space_time_encoder", "step"]

MOST_COLORS = 256
LARGEST_BLOCK = 6


def step(states, rule, n_steps=1):
    """Step rings of cells.

    Parameters
    ----------
    states : array_like of int, shape (..., n_cells)
        Colours, from 0.
    rule : int or array_like of int, shape (k, k, k)
        Number of an elementary rule, from 0 to 255: its binary digit 4 l + 2 c + r is what a cell c
        between l and r becomes. Or a table for k colours, with the entry [l, c, r].
    n_steps : int, optional

    Returns
    -------
    states : ndarray of uint8, shape (..., n_cells)

    Raises
    ------
    ValueError, TypeError
        If the rule has no such number or no such table, or there is a colour that it does not know.

    Examples
    --------
    >>> step([0, 0, 0, 1, 0, 0, 0], 90, n_steps=2)
    array([0, 1, 0, 0, 0, 1, 0], dtype=uint8)
    """
    table = _table("rule", rule)
    states = _colors("states", states, len(table), (..., None))
    for _ in range(checks.integer("n_steps", n_steps, 0)):
        states = table[np.roll(states, 1, axis=-1), states, np.roll(states, -1, axis=-1)]
    return states


def block_map(rule, block):
    """Tabulate what becomes of a block of cells, in as many steps as it has cells.

    Parameters
    ----------
    rule : int
        Number of an elementary rule, from 0 to 255.
    block : int
        Cells in a block, from 1 to 6.

    Returns
    -------
    table : ndarray of uint8, shape (2**block, 2**block, 2**block)
        What the middle one of three blocks becomes: a rule for `step`, with 2**block colours.

    Raises
    ------
    ValueError, TypeError
        If there is no such rule, or the block is too small or too large.

    Examples
    --------
    >>> int(block_map(240, 2)[0b01, 0b11, 0b10])  # the rule that moves all to the right
    1
    """
    rule = checks.integer("rule", rule, 0, 255)
    block = checks.integer("block", block, 1, LARGEST_BLOCK)
    rows = np.arange(2 ** (3 * block))  # a bit is a cell; the ends do not reach the middle block
    for _ in range(block):
        around = rows >> 1, rows, rows << 1
        rows = np.zeros_like(rows)
        for entry in range(8):
            if rule >> entry & 1:
                left, middle, right = (
                    cells if entry >> digit & 1 else ~cells
                    for cells, digit in zip(around, (2, 1, 0), strict=True)
                )
                rows |= left & middle & right
    return (rows >> block & 2**block - 1).astype(np.uint8).reshape((2**block,) * 3)


def projections(rule, block):
    """Find all ways to give each block one of two colours so that these follow a rule, too.

    Parameters
    ----------
    rule : int
        Number of an elementary rule, from 0 to 255.
    block : int
        Cells in a block, and steps that make a coarse one: from 1 to 4.

    Returns
    -------
    labels : ndarray of uint8, shape (n_found, 2**block)
        The colour of each state of a block. Those that give all states one colour are left out.
    coarse_rules : ndarray of uint8, shape (n_found,)
        The elementary rule that the colours follow.

    Raises
    ------
    ValueError, TypeError
        If there is no such rule, or the block is too small or too large.

    Notes
    -----
    All 2**(2**block) - 2 are tried. :cite:t:`israeli2004`.

    Examples
    --------
    >>> labels, coarse_rules = projections(105, 2)
    >>> labels[2], coarse_rules[2]  # whether the two cells differ
    (array([0, 1, 1, 0], dtype=uint8), np.uint8(150))
    """
    block = checks.integer("block", block, 1, 4)
    links = _links(block_map(rule, block))
    n_states = 2**block
    numbers, rules = np.empty((2, 2**n_states), dtype=np.int64)
    kernels = load("rgrbm.dynamics._automata_kernels")
    found = kernels.closed_projections(links, n_states, numbers, rules)
    labels = numbers[:found, None] >> np.arange(n_states) & 1
    return labels.astype(np.uint8), rules[:found].astype(np.uint8)


def quotient(rule, block, merge=None):
    """Call two states of a block equal, and then all that must be equal, too.

    Parameters
    ----------
    rule : int
        Number of an elementary rule, from 0 to 255.
    block : int
        Cells in a block, and steps that make a coarse one: from 1 to 6.
    merge : (int, int), optional
        The two states. By default all pairs are tried in turn, until one is found that leaves more
        than one colour. If there is none, the rule has no coarse-graining of this block at all: any
        would merge some pair.

    Returns
    -------
    labels : ndarray of uint8, shape (2**block,)
        The coarse colour of each state. All are 0 if everything becomes equal.
    table : ndarray of uint8, shape (k, k, k)
        The rule of the k coarse colours, for `step`.

    Raises
    ------
    ValueError, TypeError
        If there is no such rule, the block is too small or too large, or `merge` is no pair of
        different states.

    Examples
    --------
    >>> labels, table = quotient(146, 3, merge=(0b000, 0b001))
    >>> labels, table.shape
    (array([0, 0, 0, 0, 0, 0, 0, 1], dtype=uint8), (2, 2, 2))
    >>> labels, table = quotient(30, 4)
    >>> table.shape
    (1, 1, 1)
    """
    fine = block_map(rule, block)
    if merge is None:
        roots = load("rgrbm.dynamics._automata_kernels").first_congruence(fine)
    else:
        pair = checks.integers("merge", merge, 0, len(fine) - 1)
        if pair.shape != (2,) or pair[0] == pair[1]:
            raise ValueError(f"merge must be two different states, got {checks.shown(merge)}")
        unknown = np.zeros((len(fine), len(fine)), dtype=bool)
        roots = load("rgrbm.dynamics._automata_kernels").congruence(fine, *pair, unknown)
    _, first, labels = np.unique(roots, return_index=True, return_inverse=True)
    labels = np.argsort(np.argsort(first))[labels]  # in the order in which the colours appear
    states = np.sort(first)
    table = labels[fine[np.ix_(states, states, states)]]
    return labels.astype(np.uint8), table.astype(np.uint8)


def commutes(rule, labels, coarse_rule, *, rng, n_rings=100):
    """Whether coarse rings go where their fine rings go, on random rings.

    Parameters
    ----------
    rule : int
        Number of an elementary rule, from 0 to 255.
    labels : array_like of int, shape (2**block,)
        The coarse colour of each state of a block.
    coarse_rule : int or array_like of int, shape (k, k, k)
        Rule of the coarse colours, as in `step`.
    rng : numpy.random.Generator
    n_rings : int, optional
        Rings, of 32 blocks each. They make four coarse steps.

    Returns
    -------
    commutes : bool
        Whether forgetting first and last lead to the same, in each coarse cell at each time.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Examples
    --------
    >>> commutes(105, [0, 1, 1, 0], 150, rng=np.random.default_rng(0))
    True
    """
    rule = checks.integer("rule", rule, 0, 255)
    table = _table("coarse_rule", coarse_rule)
    labels = _colors("labels", labels, len(table), (None,))
    block = len(labels).bit_length() - 1
    if len(labels) != 2**block or not 1 <= block <= LARGEST_BLOCK:
        raise ValueError(f"labels must list 2, 4, 8, ... or 64 states, got {len(labels)}")
    n_rings = checks.integer("n_rings", n_rings, 1)
    checks.size("n_rings", n_rings, 32 * block)
    checks.generator(rng)
    fine = rng.integers(2, size=(n_rings, 32 * block), dtype=np.uint8)
    coarse = _coarse(fine, labels)
    for _ in range(4):
        fine, coarse = step(fine, rule, block), step(coarse, table)
        if not np.array_equal(_coarse(fine, labels), coarse):
            return False
    return True


def space_time_encoder(rule, block, rows=None):
    """Find two colours for the patterns of a square in space and time that follow the rule itself.

    Parameters
    ----------
    rule : int
        Number of an elementary rule, from 0 to 255.
    block : int
        Cells and steps of the square: 2 or 3.
    rows : array_like of int, shape (..., n_times, n_cells), optional
        Histories of rings, 0 and 1: only their squares count, from the first row and cell on. By
        default all squares that can follow from any row.

    Returns
    -------
    labels : ndarray of int8, shape (2**(block * block),) or None
        The colour of each pattern; -1 for those that never occur. A pattern is read as a binary
        number, row by row, the earliest first. None if there is no way but to give all that occur
        one colour.

    Raises
    ------
    ValueError, TypeError
        If there is no such rule or square, the rows hold other numbers, are fewer than two squares,
        or are not a whole number of squares around.

    Notes
    -----
    The squares tile space and time, and the colours of three neighbours decide the colour of the
    next one by the same rule as the cells: what the encoder of :cite:t:`tao2023` is to learn. The
    search is complete: where it finds none, there is none.

    Examples
    --------
    >>> space_time_encoder(51, 2) is None, space_time_encoder(51, 3) is None  # turns all cells over
    (True, False)
    """
    rule = checks.integer("rule", rule, 0, 255)
    block = checks.integer("block", block, 2, 3)
    links = _square_links(rule, block) if rows is None else _links_of_history(rows, block)
    seen, links = np.unique(links, return_inverse=True)
    links = links.reshape(-1, 4)
    labels = np.full(2 ** (block * block), -1, dtype=np.int8)
    for other in range(1, len(seen)):  # the first one that differs from those before it
        for color in (0, 1):
            values = np.full(len(seen), -1, dtype=np.int8)
            values[:other], values[other] = color, 1 - color
            if load("rgrbm.dynamics._automata_kernels").solve(links, rule, values):
                labels[seen] = values
                return labels
    return None


def _square_links(rule, block):
    """List all triples of neighbouring squares of space and time, with the next one, once each."""
    rows = [_all_states(5 * block - 2)]  # wide enough for the past of the next square
    while len(rows) < 2 * block:
        rows.append(step(rows[-1], rule))
    rows = np.array(rows)

    def square(time, place):
        cells = rows[time : time + block, :, place : place + block]
        return _numbers(np.moveaxis(cells, 1, 0).reshape(-1, block * block))

    middle = 2 * block - 1
    before = [square(0, place) for place in (middle - block, middle, middle + block)]
    return np.unique(np.stack([*before, square(block, middle)], axis=-1), axis=0)


def _links_of_history(rows, block):
    rows = checks.two_valued("rows", rows, 0, 1, (..., None, None)).astype(np.uint8)
    n_times, n_cells = rows.shape[-2] // block, rows.shape[-1] // block
    if n_times < 2 or rows.shape[-1] != n_cells * block:
        raise ValueError(
            f"rows must be at least two squares of {block} high and some squares around, "
            f"got the shape {rows.shape}"
        )
    tiles = rows[..., : n_times * block, :].reshape(-1, n_times, block, n_cells, block)
    squares = _numbers(tiles.swapaxes(2, 3).reshape(-1, n_times, n_cells, block * block))
    before, after = squares[:, :-1], squares[:, 1:]
    around = [np.roll(before, 1, axis=-1), before, np.roll(before, -1, axis=-1), after]
    return np.unique(np.stack(around, axis=-1).reshape(-1, 4), axis=0)


def _all_states(n_cells):
    return (np.arange(2**n_cells)[:, None] >> np.arange(n_cells)[::-1] & 1).astype(np.uint8)


def _numbers(cells):
    """Read cells as binary numbers, the first cell as the highest digit."""
    return cells @ (1 << np.arange(cells.shape[-1])[::-1])


def _links(table):
    """List the entries of a table, in an order that mixes the neighbours: a bad one shows early."""
    order = np.arange(table.size) * 2741 % table.size  # odd, and the sizes are powers of two
    triples = np.stack(np.unravel_index(order, table.shape), axis=-1)
    return np.column_stack([triples, table.ravel()[order]]).astype(np.int64)


def _coarse(cells, labels):
    block = len(labels).bit_length() - 1
    return labels[_numbers(cells.reshape(*cells.shape[:-1], -1, block))]


def _table(name, rule):
    """Return a rule as a table, of a number or of itself."""
    found = checks.integers(name, rule, 0, 255)
    if found.ndim == 0:
        found = (found >> np.arange(8) & 1).reshape(2, 2, 2)
    k = len(found)
    if found.shape != (k, k, k) or not 0 < k <= MOST_COLORS:
        raise ValueError(f"{name} must be a number or have the shape (k, k, k), got {found.shape}")
    return _colors(name, found, k, (k, k, k))


def _colors(name, value, n_colors, shape):
    found = checks.integers(name, value, 0, n_colors - 1)
    checks.array(name, found, shape)
    return found.astype(np.uint8)
