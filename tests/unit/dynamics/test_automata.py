"""All coarse-grainings of all elementary automata, against plain loops, symmetries and rings."""

from itertools import pairwise, product

import numpy as np
import pytest

from rgrbm.dynamics import (
    block_map,
    commutes,
    projections,
    quotient,
    space_time_encoder,
    step,
)
from rgrbm.dynamics.automata import LARGEST_BLOCK

SELF_SIMILAR = {  # rules that become themselves
    2: "0 60 90 102 128 136 150 153 165 170 192 195 204 238 240 252 254 255",
    3: "0 15 51 85 128 136 170 192 204 238 240 252 254 255",
}
NO_CHANGE, LEFT, RIGHT = 204, 170, 240


def rng(seed=0):
    return np.random.default_rng(seed)


def plain_step(cells, rule):
    """One ring, cell by cell, as Wolfram numbers the rules."""
    n = len(cells)
    return [
        int(f"{rule:08b}"[7 - int(f"{cells[i - 1]}{cells[i]}{cells[(i + 1) % n]}", 2)])
        for i in range(n)
    ]


def mirrored(rule):
    """The rule that is seen in a mirror."""
    return sum(
        (rule >> (4 * x + 2 * y + z) & 1) << (4 * z + 2 * y + x)
        for x, y, z in product((0, 1), repeat=3)
    )


def negated(rule):
    """The rule with 0 and 1 exchanged."""
    return sum((1 - (rule >> (7 - k) & 1)) << k for k in range(8))


def reversed_states(block):
    return [int(f"{k:0{block}b}"[::-1], 2) for k in range(2**block)]


def found(rule, block):
    labels, rules = projections(rule, block)
    return {(tuple(row), rule) for row, rule in zip(labels.tolist(), rules.tolist(), strict=True)}


@pytest.mark.parametrize("rule", [30, 90, 110, 184, 225])
def test_a_step_against_loops(rule):
    cells = rng().integers(2, size=(5, 11))
    expected = [plain_step(ring, rule) for ring in cells.tolist()]
    assert np.array_equal(step(cells, rule), expected)
    twice = [plain_step(ring, rule) for ring in expected]
    assert np.array_equal(step(cells, rule, 2), twice)


def test_steps_that_are_known():
    cells = rng().integers(2, size=(3, 16))
    assert np.array_equal(step(cells, NO_CHANGE, 3), cells)
    assert np.array_equal(step(cells, RIGHT, 3), np.roll(cells, 3, axis=-1))
    assert np.array_equal(step(cells, LEFT), np.roll(cells, -1, axis=-1))
    assert np.array_equal(step(cells, 90), np.roll(cells, 1, -1) ^ np.roll(cells, -1, -1))
    assert np.array_equal(step(cells, 60, 4), np.roll(cells, 4, -1) ^ cells)  # modulo 2
    assert step(cells, 0).dtype == np.uint8


def test_a_rule_of_many_colours_is_a_table():
    table = np.arange(27).reshape(3, 3, 3) % 3  # the right neighbour
    cells = rng().integers(3, size=(2, 7))
    assert np.array_equal(step(cells, table), np.roll(cells, -1, axis=-1))
    with pytest.raises(ValueError, match="states"):
        step(cells, 110)
    with pytest.raises(ValueError, match="rule"):
        step(cells, table[:2])
    with pytest.raises(ValueError, match="rule"):
        step(cells, table + 1)


@pytest.mark.parametrize("block", [1, 2, 3])
def test_blocks_step_as_their_cells_do(block):
    cells = rng().integers(2, size=(4, 6 * block))
    powers = 2 ** np.arange(block)[::-1]
    blocks = cells.reshape(4, 6, block) @ powers
    after = step(cells, 110, block).reshape(4, 6, block) @ powers
    assert np.array_equal(step(blocks, block_map(110, block)), after)


def test_a_block_of_one_cell_is_the_rule():
    assert np.array_equal(block_map(110, 1).ravel(), [0, 1, 1, 1, 0, 1, 1, 0])
    assert block_map(30, LARGEST_BLOCK).shape == (64, 64, 64)


@pytest.mark.parametrize("rule", [0, 18, 90, 105, 110, 146, 225])
def test_projections_against_loops(rule):
    table = block_map(rule, 2)
    expected = set()
    for labels in product((0, 1), repeat=4):
        coarse = {}
        for a, b, c in product(range(4), repeat=3):
            entry = 4 * labels[a] + 2 * labels[b] + labels[c]
            coarse.setdefault(entry, set()).add(labels[table[a, b, c]])
        if len(set(labels)) == 2 and all(len(colors) == 1 for colors in coarse.values()):
            expected.add((labels, sum(min(colors) << k for k, colors in coarse.items())))
    assert found(rule, 2) == expected


@pytest.mark.parametrize("block", [2, 3])
def test_the_table_of_projections_has_the_symmetries_of_the_rules(block):
    turned = reversed_states(block)
    for rule in range(256):
        here = found(rule, block)
        mirror = {
            (tuple(labels[k] for k in turned), mirrored(coarse))
            for labels, coarse in found(mirrored(rule), block)
        }
        assert here == mirror
        exchanged = {(labels[::-1], coarse) for labels, coarse in found(negated(rule), block)}
        assert here == exchanged
        recoloured = {(tuple(1 - c for c in labels), negated(coarse)) for labels, coarse in here}
        assert here == recoloured


@pytest.mark.parametrize(("block", "n_rules", "n_pairs"), [(2, 92, 182), (3, 141, 325)])
def test_how_many_rules_have_a_projection(block, n_rules, n_pairs):
    rules = {rule: set(projections(rule, block)[1].tolist()) for rule in range(256)}
    assert sum(map(bool, rules.values())) == n_rules
    assert sum(map(len, rules.values())) == n_pairs
    same = {rule for rule in rules if rule in rules[rule]}
    assert same == set(map(int, SELF_SIMILAR[block].split()))


@pytest.mark.slow
def test_how_many_rules_have_a_projection_of_four_cells():
    rules = {rule: set(projections(rule, 4)[1].tolist()) for rule in range(256)}
    assert sum(map(bool, rules.values())) == 202
    assert sum(map(len, rules.values())) == 500
    same = {rule for rule in rules if rule in rules[rule]}
    assert same == set(map(int, SELF_SIMILAR[2].split()))
    for rule in rules:
        assert rules[rule] == set(map(mirrored, rules[mirrored(rule)]))
        assert rules[rule] == rules[negated(rule)]  # the same colours, of other states


def test_projections_that_are_known():
    labels, rules = projections(105, 2)
    assert sorted(int(row @ (1, 2, 4, 8)) for row in labels) == [3, 5, 6, 9, 10, 12]
    assert set(rules.tolist()) == {150}
    labels, rules = projections(146, 3)
    assert sorted(rules.tolist()) == [128, 254]
    assert labels[rules == 128].tolist() == [[0] * 7 + [1]]
    sums = [int(row @ (1, 2, 4, 8)) for row in projections(90, 2)[0]]
    assert {6, 9, 10, 12} <= set(sums)  # the parity and each cell
    assert len(projections(30, 4)[0]) == 0


@pytest.mark.parametrize("block", [2, 3])
def test_projections_hold_on_rings(block):
    for rule in range(0, 256, 5):
        for labels, coarse in zip(*projections(rule, block), strict=True):
            assert commutes(rule, labels, coarse, rng=rng(rule), n_rings=5)


def test_what_does_not_commute_is_seen():
    generator = rng(1)
    assert commutes(105, [0, 1, 1, 0], 150, rng=generator)
    assert not commutes(105, [0, 1, 1, 0], 151, rng=generator, n_rings=20)
    assert not commutes(105, [0, 1, 1, 1], 150, rng=generator, n_rings=1)
    assert not commutes(106, [0, 1, 1, 0], 150, rng=generator, n_rings=1)
    with pytest.raises(ValueError, match="labels"):
        commutes(105, [0, 1, 1], 150, rng=generator)


def plain_quotient(table, one, other):
    """Relabel until nothing changes."""
    labels = np.arange(len(table))
    labels[labels == other] = one
    changed = True
    while changed:
        changed = False
        after = labels[table]
        for place in range(3):
            rows = np.moveaxis(after, place, 0).reshape(len(table), -1)
            for a, b in product(range(len(table)), repeat=2):
                if labels[a] == labels[b]:
                    for x, y in zip(rows[a], rows[b], strict=True):
                        if labels[x] != labels[y]:
                            labels[labels == labels[y]] = labels[x]
                            changed = True
    return labels


@pytest.mark.parametrize("rule", [2, 22, 54, 90, 110, 146])
def test_quotients_against_relabelling(rule):
    table = block_map(rule, 3)
    for pair in [(0, 1), (2, 5), (3, 4), (4, 5), (6, 7)]:
        labels, coarse = quotient(rule, 3, merge=pair)
        plain = plain_quotient(table, *pair)
        assert np.array_equal(np.equal.outer(labels, labels), np.equal.outer(plain, plain))
        assert np.array_equal(coarse[np.ix_(labels, labels, labels)], labels[table])
        assert len(coarse) == labels.max() + 1
        assert all(b <= a + 1 for a, b in pairwise(np.maximum.accumulate(labels).tolist()))


def test_how_many_rules_have_a_quotient():
    for block, expected in [(2, 98), (3, 150)]:
        have = [rule for rule in range(256) if len(quotient(rule, block)[1]) > 1]
        assert len(have) == expected
        assert {rule for rule in range(256) if len(projections(rule, block)[0])} <= set(have)


def test_the_rules_that_resist():
    for rule in (30, 45, 106, 154):
        for block in (2, 3, 4, 5):
            assert quotient(rule, block)[1].shape == (1, 1, 1)
    labels, table = quotient(110, 5)
    assert len(table) == 2
    assert commutes(110, labels, table, rng=rng())


@pytest.mark.slow
def test_what_is_left_at_six_cells():
    for rule in (30, 45, 106, 154):
        assert quotient(rule, 6)[1].shape == (1, 1, 1)
    for rule in (37, 73):
        labels, table = quotient(rule, 6)
        assert len(table) > 1
        assert commutes(rule, labels, table, rng=rng(rule))


@pytest.mark.slow
def test_the_only_quotient_of_a_universal_computer():
    """Five cells of rule 110: one pattern that no row of five steps holds, and all others."""
    every = {tuple(quotient(110, 5, merge=(a, b))[0].tolist()) for a in range(32) for b in range(a)}
    assert every == {(0,) * 32, tuple(int(k == 0b01010) for k in range(32))}


def test_pairs_that_cannot_be_merged_are_refused():
    for wrong in [(1, 1), (0, 4), (0, 1, 2), (-1, 0), 3]:
        with pytest.raises(ValueError, match="merge"):
            quotient(90, 2, merge=wrong)


def encoded(rows, labels, block):
    """Colour the squares of a history, (n_times, n_cells)."""
    n_times, n_cells = (length // block for length in rows.shape)
    squares = rows.reshape(n_times, block, n_cells, block).swapaxes(1, 2)
    numbers = squares.reshape(n_times, n_cells, block**2) @ (2 ** np.arange(block**2)[::-1])
    return labels[numbers]


def history(rule, n_times, n_cells, seed):
    rows = [rng(seed).integers(2, size=n_cells)]
    while len(rows) < n_times:
        rows.append(step(rows[-1], rule))
    return np.array(rows)


def test_encoders_of_two_by_two_against_all_there_are():
    """Colour patterns by all numbers: at least one is right if, and only if, one is found."""
    colors = (np.arange(2**16)[:, None] >> np.arange(16) & 1).astype(np.uint8)
    for rule in (3, 8, 54, 63, 85, 90, 102, 204):
        right, changes = np.ones(2**16, dtype=bool), np.zeros(2**16, dtype=bool)
        for start in range(256):
            rows = [[int(digit) for digit in f"{start:08b}"]]
            for _ in range(3):
                rows.append(plain_step(rows[-1], rule))
            a, b, c, after = (
                8 * rows[t][x] + 4 * rows[t][x + 1] + 2 * rows[t + 1][x] + rows[t + 1][x + 1]
                for t, x in [(0, 1), (0, 3), (0, 5), (2, 3)]
            )
            entry = 4 * colors[:, a] + 2 * colors[:, b] + colors[:, c]
            right &= (rule >> entry & 1) == colors[:, after]
            for pattern in (a, b, c, after):  # all rows empty: pattern 0 is the first
                changes |= colors[:, pattern] != colors[:, 0]
        assert (space_time_encoder(rule, 2) is not None) == np.any(right & changes)


@pytest.mark.parametrize("block", [2, 3])
def test_encoders_hold_on_rings(block):
    for rule in (15, 60, 72, 90, 128, 170, 204, 232, 238, 250):
        labels = space_time_encoder(rule, block)
        if labels is None:
            continue
        coarse = encoded(history(rule, 8 * block, 40 * block, rule), labels, block)
        assert coarse.min() >= 0  # no pattern was forgotten
        if rule not in (72, 232, 250):  # where the second colour is rare, or dies out
            assert 0 < coarse.mean() < 1
        assert np.array_equal(step(coarse[:-1], rule), coarse[1:])


def test_how_many_rules_have_an_encoder_of_two_by_two():
    have = [rule for rule in range(256) if space_time_encoder(rule, 2) is not None]
    assert len(have) == 32
    assert have == sorted(map(mirrored, have))
    assert have == sorted(map(negated, have))
    assert not {3, 15, 51, 63, 85} & set(have)


def test_what_turns_all_cells_over_needs_an_odd_number_of_steps():
    for rule in (15, 51, 85):
        assert space_time_encoder(rule, 2) is None
        assert space_time_encoder(rule, 3) is not None
    assert space_time_encoder(3, 3) is None


@pytest.mark.parametrize(("rule", "block"), [(85, 2), (3, 2), (102, 3), (102, 2), (8, 2), (136, 3)])
def test_encoders_of_histories(rule, block):
    rows = np.array([history(rule, 8 * block, 300 * block, seed) for seed in range(4)])
    labels = space_time_encoder(rule, block, rows)
    assert (labels is None) == (space_time_encoder(rule, block) is None)
    if labels is not None:
        for one in rows:
            coarse = encoded(one, labels, block)
            assert coarse.min() >= 0
            assert np.array_equal(step(coarse[:-1], rule), coarse[1:])


def test_histories_that_say_less():
    assert space_time_encoder(60, 3) is None
    assert space_time_encoder(60, 3, np.zeros((6, 6), dtype=int)) is None  # one pattern only
    rows = np.zeros((6, 12), dtype=int)
    rows[0, 0] = 1
    for t in range(5):
        rows[t + 1] = step(rows[t], 60)
    assert space_time_encoder(60, 3, rows) is not None
    for wrong in (rows[:5], rows[:, :11], 2 * rows):
        with pytest.raises(ValueError, match="rows"):
            space_time_encoder(60, 3, wrong)
