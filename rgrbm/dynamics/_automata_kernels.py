"""Searches over all coarse-grainings of an automaton.

Block states are numbers; a triple of neighbouring blocks ``(left, middle, right)`` and what the
middle one becomes are the first three and the last column of ``links``, int64 (n_links, 4).
"""

import numpy as np
from numba import njit

from rgrbm._core.jit import compiled


@compiled
def closed_projections(links, n_states, numbers, rules):
    """Write all projections to two colours that give a rule, and these rules; return how many.

    Bit k of a number is the colour of block state k. All but the two constants are tried.
    """
    found = 0
    for number in range(1, 2**n_states - 1):
        known, rule = 0, 0  # eight bits each: entries of the coarse rule that are set, and are 1
        fits = True
        for left, middle, right, after in links:
            entry = 4 * (number >> left & 1) + 2 * (number >> middle & 1) + (number >> right & 1)
            colour = number >> after & 1
            if not known >> entry & 1:
                known |= 1 << entry
                rule |= colour << entry
            elif rule >> entry & 1 != colour:
                fits = False
                break
        if fits:
            numbers[found], rules[found] = number, rule
            found += 1
    return found


@njit
def _root(parent, state):
    while parent[state] != state:
        state = parent[state]
    return state


@compiled
def congruence(table, one, other, hopeless):
    """Merge two colours, and whatever follows from it; return the root of each colour's class.

    If two colours are one, so are what the rule makes of them, in each place and beside any
    neighbours. ``table``, (k, k, k), is the rule. ``hopeless``, bool (k, k), marks pairs that are
    known to leave one class only: where one of them must be merged, there is no need to go on.
    """
    k = len(table)
    parent = np.arange(k)
    parent[other] = one
    pairs = [(one, other)]
    n_classes = k - 1
    while pairs:
        a, b = pairs.pop()
        for x in range(k):
            for y in range(k):
                for place in range(3):
                    if place == 0:
                        after, too = table[a, x, y], table[b, x, y]
                    elif place == 1:
                        after, too = table[x, a, y], table[x, b, y]
                    else:
                        after, too = table[x, y, a], table[x, y, b]
                    root, root_too = _root(parent, after), _root(parent, too)
                    if root != root_too:
                        parent[root_too] = root
                        pairs.append((np.int64(after), np.int64(too)))
                        n_classes -= 1
                        if n_classes == 1 or hopeless[after, too] or hopeless[root, root_too]:
                            return np.zeros(k, dtype=np.int64)
    return np.array([_root(parent, state) for state in range(k)])


@compiled
def first_congruence(table):
    """Merge pair after pair, from the start each time, until more than one class is left."""
    k = len(table)
    hopeless = np.zeros((k, k), dtype=np.bool_)
    for one in range(k):
        for other in range(one + 1, k):
            roots = congruence(table, one, other, hopeless)
            if not np.all(roots == roots[0]):
                return roots
            hopeless[one, other] = hopeless[other, one] = True
    return np.zeros(k, dtype=np.int64)


@njit
def _propagate(links, rule, values):
    """Fill in what the links leave no choice for; return whether they can all hold."""
    changed = True
    while changed:
        changed = False
        for link in links:
            possible = 0  # bit 2 i + v: the entry i of this link may be v
            for left in range(2):
                for middle in range(2):
                    for right in range(2):
                        colours = (left, middle, right, rule >> (4 * left + 2 * middle + right) & 1)
                        fits = True
                        for i in range(4):
                            fits &= values[link[i]] in (-1, colours[i])
                        if fits:
                            for i in range(4):
                                possible |= 1 << (2 * i + colours[i])
            if possible == 0:
                return False
            for i in range(4):
                may_be = possible >> (2 * i) & 3
                if values[link[i]] < 0 and may_be != 3:
                    values[link[i]] = may_be - 1
                    changed = True
    return True


@compiled
def solve(links, rule, values):
    """Colour all states so that the links obey the rule; -1 is free. Return whether there is a way.

    Depth first: fill in what follows, then guess the first that is free.
    """
    stack = [values.copy()]
    while stack:
        trial = stack.pop()
        if not _propagate(links, rule, trial):
            continue
        free = np.flatnonzero(trial < 0)
        if len(free) == 0:
            values[:] = trial
            return True
        for colour in range(2):
            trial[free[0]] = colour
            stack.append(trial.copy())
    return False
