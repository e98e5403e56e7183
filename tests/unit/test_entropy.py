"""Entropy on several scales: the recursion against direct optimisation and plain sums."""

import itertools

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import logsumexp, rel_entr

from rgrbm import entropy
from rgrbm.decimation import decimate_coupling
from rgrbm.ising import enumerate_spins
from rgrbm.transfer_matrix import log_partition

# Blocks of different sizes, whose labels are in no order, and a level that is one state.
MAPS = [[2, 0, 1, 1, 0, 3, 3, 2, 3, 1, 3, 2], [1, 0, 0, 1], [0, 0]]
WEIGHTS = [
    [1.0, 0.7, 0.4, 0.3],
    [0.5, 0.0, 2.0, 0.0],
    [1.5, -0.5, 0.75, 3.0],
    [2.0, -1.0, -0.5, 0.25],
]
LOSS = np.random.default_rng(0).normal(size=12)
all_weights = pytest.mark.parametrize("weights", WEIGHTS, ids=str)


def random_laws(n_laws, n_states=12):
    rng = np.random.default_rng(1)
    return [rng.dirichlet(np.full(n_states, size)) for size in rng.uniform(0.2, 3, n_laws)]


def levels_of(law, maps=MAPS):
    """Laws of all levels, by plain loops."""
    laws = [np.asarray(law)]
    for onto in maps:
        coarse = np.zeros(max(onto) + 1)
        for state, into in enumerate(onto):
            coarse[into] += laws[-1][state]
        laws.append(coarse)
    return laws


def labels_of(n_states, maps=MAPS):
    """The state of each level into which each state of the finest goes."""
    labels = [np.arange(n_states)]
    for onto in maps:
        labels.append(np.array(onto)[labels[-1]])
    return labels


def slope(law, loss, maps, weights):
    """Gradient of the objective by the probabilities, but for the sum of the weights."""
    levels, labels = levels_of(law, maps), labels_of(len(law), maps)
    terms = [w * np.log(p)[at] for w, p, at in zip(weights, levels, labels, strict=True)]
    return -loss - sum(terms)


def best_by_ascent(loss, maps, weights):
    def cost(logits):
        law = np.exp(logits - logsumexp(logits))
        gradient = slope(law, loss, maps, weights)
        return (
            -entropy.objective(law / law.sum(), loss, maps, weights),
            -law * (gradient - law @ gradient),
        )

    options = {"maxiter": 5000, "maxcor": 50, "ftol": 1e-16, "gtol": 1e-10}
    found = minimize(cost, np.zeros(len(loss)), jac=True, method="L-BFGS-B", options=options)
    return -found.fun, np.exp(found.x - logsumexp(found.x))


@all_weights
def test_the_objective_is_the_weighted_sum_of_the_entropies(weights):
    for law in random_laws(5):
        entropies = [sum(-p * np.log(p) for p in level if p) for level in levels_of(law)]
        expected = np.dot(weights, entropies) - law @ LOSS
        assert abs(entropy.objective(law, LOSS, MAPS, weights) - expected) < 1e-12


@all_weights
def test_the_recursion_finds_what_direct_ascent_finds(weights):
    found = entropy.hierarchical(LOSS, MAPS, weights)
    value, law = best_by_ascent(LOSS, MAPS, weights)
    assert abs(found.value - value) < 1e-9
    assert np.abs(found.laws[0] - law).max() < 1e-5
    assert abs(entropy.objective(found.laws[0], LOSS, MAPS, weights) - found.value) < 1e-12


@all_weights
def test_at_the_best_law_the_slope_is_the_same_for_all_states(weights):
    """And it is the value: a draw without scatter."""
    found = entropy.hierarchical(LOSS, MAPS, weights)
    assert np.abs(slope(found.laws[0], LOSS, MAPS, weights) - found.value).max() < 1e-12


@all_weights
def test_what_a_law_misses_is_the_weighted_sum_of_divergences(weights):
    found = entropy.hierarchical(LOSS, MAPS, weights)
    for law in random_laws(20):
        divergences = [
            rel_entr(p, q).sum() for p, q in zip(levels_of(law), found.laws, strict=True)
        ]
        missed = found.value - entropy.objective(law, LOSS, MAPS, weights)
        assert abs(missed - np.dot(weights, divergences)) < 1e-12
        assert missed > 0


@all_weights
def test_the_laws_of_the_levels_belong_together(weights):
    found = entropy.hierarchical(LOSS, MAPS, weights)
    for level, expected in zip(found.laws, levels_of(found.laws[0]), strict=True):
        assert np.abs(level - expected).max() < 1e-14
    scales = np.cumsum(weights)
    for k, onto in enumerate(MAPS):
        for into in range(max(onto) + 1):
            block = [found.losses[k][x] for x in range(len(onto)) if onto[x] == into]
            expected = -scales[k] * np.log(sum(np.exp(-f / scales[k]) for f in block))
            assert abs(found.losses[k + 1][into] - expected) < 1e-12


def test_a_weight_on_the_finest_level_alone_gives_boltzmann():
    found = entropy.hierarchical(LOSS, MAPS, [2.0, 0, 0, 0])
    law = np.exp(-LOSS / 2) / np.exp(-LOSS / 2).sum()
    assert np.abs(found.laws[0] - law).max() < 1e-14
    alone = entropy.hierarchical(LOSS, [], [2.0])
    assert np.abs(alone.laws[0] - law).max() < 1e-14
    assert abs(alone.value - found.value) < 1e-13
    assert len(alone.laws) == len(alone.losses) == 1


def test_large_losses_do_not_overflow():
    """Adding the same to all losses changes the value alone."""
    for shift in (-1e5, 1e5):
        found = entropy.hierarchical(LOSS + shift, MAPS, WEIGHTS[0])
        expected = entropy.hierarchical(LOSS, MAPS, WEIGHTS[0])
        assert abs(found.value + shift - expected.value) < 1e-8
        assert np.abs(found.laws[0] - expected.laws[0]).max() < 1e-9
    found = entropy.hierarchical([0.0, 1e6, 2e6], [[0, 0, 1]], [1.0, 1.0])
    assert np.array_equal(found.laws[0], [1.0, 0.0, 0.0])


def test_clones_that_share_the_coarse_states_have_the_best_law():
    """The temperatures 1, 1/2, 1/6: three pairs of copies, which share all but the state."""
    weights = [1.0, -1 / 2, -1 / 3]
    maps = [[0, 0, 1, 1, 2, 2, 2], [0, 1, 1]]
    found = entropy.hierarchical(LOSS[:7], maps, weights)
    total, one = 0.0, np.zeros(7)
    for y in range(2):
        middles = [z for z in range(3) if maps[1][z] == y]
        for three in itertools.product(middles, repeat=3):
            pairs = [[x for x in range(7) if maps[0][x] == z] for z in three for _ in range(2)]
            for copies in itertools.product(*pairs):
                chance = np.exp(-LOSS[list(copies)].sum())
                total += chance
                one[copies[0]] += chance
    assert abs(found.value - np.log(total) / 6) < 1e-12
    assert np.abs(found.laws[0] - one / total).max() < 1e-12


@pytest.mark.parametrize("coupling", [1.0, -0.6, 0.0])
@pytest.mark.parametrize("weights", [[1.0, 0.7, 0.4], [1.0, 0.0, 0.0], [0.8, -0.3, 0.6]], ids=str)
def test_the_flow_of_the_ring_is_the_recursion(coupling, weights):
    spins = enumerate_spins(8)
    loss = -coupling * (spins * np.roll(spins, -1, 1)).sum(1)
    states = [{tuple(s): i for i, s in enumerate(enumerate_spins(n))} for n in (4, 2)]
    onto_four = [states[0][tuple(s[::2])] for s in spins]
    onto_two = [states[1][tuple(s[::2])] for s in enumerate_spins(4)]
    found = entropy.hierarchical(loss, [onto_four, onto_two], weights)
    couplings, value = entropy.ring_flow(coupling, weights, 8)
    assert abs(found.value - value) < 1e-12
    for coupling, losses, n_sites in zip(couplings, found.losses, (8, 4, 2), strict=True):
        spins = enumerate_spins(n_sites)
        bonds = (spins * np.roll(spins, -1, 1)).sum(1)
        assert np.ptp(losses + coupling * bonds) < 1e-12


def test_the_ring_of_eight_and_its_limits():
    couplings, value = entropy.ring_flow(1.0, [1.0, 0.7, 0.4], 8)
    assert np.abs(couplings - [1.0, 0.662501, 0.235622]).max() < 1e-6
    assert abs(value - 11.214193932145) < 1e-11
    couplings, value = entropy.ring_flow(1.5, [2.0, 0, 0, 0], 64)
    assert abs(value - 2 * log_partition(64, 0.75)) < 1e-12
    assert abs(couplings[1] - 2 * decimate_coupling(0.75)[0]) < 1e-14
    assert np.all(np.diff(couplings) < 0)


def test_halving_the_temperature_is_bond_moving():
    """The chain then has a fixed point, that of Migdal and Kadanoff on the square lattice."""
    fixed = 0.609377863436
    for start, rises in ((fixed + 1e-3, True), (fixed - 1e-3, False)):
        weights = [1.0, *(-(0.5 ** np.arange(1, 7)))]
        couplings, _ = entropy.ring_flow(start, weights, 64)
        reduced = couplings / np.cumsum(weights)
        assert np.all(np.diff(reduced) > 0) == rises
        assert np.abs(reduced[1:] - np.log(np.cosh(2 * reduced[:-1]))).max() < 1e-12


QUADRATIC = 2.5 * np.eye(8) - np.roll(np.eye(8), 1, 0) - np.roll(np.eye(8), -1, 0)


@pytest.mark.parametrize(
    "kept", [[[0, 2, 4, 6], [0, 4]], [[7, 1, 2], [2]], [[5, 0, 3, 6, 1], [6, 0, 1]]], ids=str
)
@pytest.mark.parametrize("weights", [[1.0, 0.7, 0.4], [2.0, -0.5, -0.25]], ids=str)
def test_quadratic_losses(kept, weights):
    """The value is the objective of the law, and no other normal law has a larger one."""

    def normal_objective(covariance):
        total = -np.trace(QUADRATIC @ covariance) / 2
        for sites, weight in zip([range(8), *kept], weights, strict=True):
            part = covariance[np.ix_(sites, sites)]
            total += weight * np.linalg.slogdet(2 * np.pi * np.e * part)[1] / 2
        return total

    precisions, covariance, value = entropy.gaussian(QUADRATIC, kept, weights)
    assert abs(normal_objective(covariance) - value) < 1e-12
    rng = np.random.default_rng(2)
    for _ in range(20):
        push = rng.normal(size=(8, 8)) / 20
        there = (np.eye(8) + push) @ covariance @ (np.eye(8) + push).T
        assert normal_objective(there) < value
    for sites, found in zip([range(8), *kept], precisions, strict=True):
        inverse = np.linalg.inv(np.linalg.inv(QUADRATIC)[np.ix_(sites, sites)])
        assert np.abs(found - inverse).max() < 1e-12
    top = covariance[np.ix_(kept[-1], kept[-1])]
    assert np.abs(top @ precisions[-1] / sum(weights) - np.eye(len(kept[-1]))).max() < 1e-12


def test_a_quadratic_loss_with_one_weight_has_boltzmanns_covariance():
    _, covariance, value = entropy.gaussian(QUADRATIC, [[0, 3]], [3.0, 0.0])
    assert np.abs(covariance - 3 * np.linalg.inv(QUADRATIC)).max() < 1e-12
    _, alone, expected = entropy.gaussian(QUADRATIC, [], [3.0])
    assert abs(value - expected) < 1e-12
    assert np.abs(alone - covariance).max() < 1e-12
    assert abs(expected - 3 * np.linalg.slogdet(6 * np.pi * alone / 3)[1] / 2) < 1e-12


def test_logarithmic_losses_by_quadrature():
    """Two variables, one kept: the sums of the recursion on a fine grid of logarithms."""
    alphas, value = entropy.lomax_flow(6.0, [1.0, 0.8], [1, 1])
    grid = np.linspace(-25, 25, 2501)
    x = np.exp(grid)
    inner = logsumexp(grid - 6 * np.log1p(x[:, None] + x), axis=1) + np.log(grid[1] - grid[0])
    assert np.ptp((-inner - alphas[1] * np.log1p(x))[x < 1e6]) < 1e-8
    outer = logsumexp(grid + inner / 1.8) + np.log(grid[1] - grid[0])
    assert abs(1.8 * outer - value) < 1e-8


def test_logarithmic_losses_level_by_level():
    alphas, value = entropy.lomax_flow(20.0, [1.0, 0.5, -0.25], [3, 2, 4])
    assert np.array_equal(alphas, [20.0, 17.0, 14.0])
    _, first = entropy.lomax_flow(20.0, [1.0], [3])
    _, rest = entropy.lomax_flow(17.0, [1.5, -0.25], [2, 4])
    assert abs(first + rest - value) < 1e-12
    assert abs(first + np.log(19 * 18 * 17)) < 1e-12
    with pytest.raises(ValueError, match="alpha must be above"):
        entropy.lomax_flow(3.0, [1.0], [3])


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: entropy.hierarchical(LOSS, MAPS, [1.0, 0.5, 0.5]), "weights must have the shape"),
        (lambda: entropy.hierarchical(LOSS, MAPS, [1.0, -1.0, 1.0, 0]), "weights must have sums"),
        (lambda: entropy.hierarchical(LOSS[:4], [[0, 2, 2, 0]], [1, 1]), "without a gap"),
        (lambda: entropy.hierarchical(LOSS[:4], [[0, 1, 1]], [1, 1]), "each of 4 states"),
        (lambda: entropy.objective(np.ones(4), LOSS[:4], [], [1]), "law must hold"),
        (lambda: entropy.ring_flow(1.0, [1.0, 1.0, 1.0], 6), "n_sites must be a multiple of 2"),
        (lambda: entropy.gaussian(QUADRATIC, [[0, 1], [2]], [1, 1, 1]), "kept must hold fewer"),
        (lambda: entropy.gaussian(QUADRATIC, [[0, 0, 1]], [1, 1]), "kept must hold fewer"),
        (lambda: entropy.gaussian(QUADRATIC, [[0, 1], [1, 0]], [1, 1, 1]), "kept must hold fewer"),
        (lambda: entropy.gaussian(-QUADRATIC, [[0]], [1, 1]), "positive definite"),
        (lambda: entropy.gaussian(np.triu(QUADRATIC), [], [1]), "symmetric"),
    ],
)
def test_what_does_not_fit_is_refused(call, match):
    with pytest.raises(ValueError, match=match):
        call()
