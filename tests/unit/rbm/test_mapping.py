"""The machine as a renormalization step: against enumeration, bond by bond."""

import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from oracles import bits

from rgrbm import ising
from rgrbm.decimation import decimate_coupling
from rgrbm.rbm import (
    BernoulliRBM,
    GaussianBernoulliRBM,
    decimation_rbm,
    effective_couplings,
    exact_distribution,
    interaction,
    kl_divergence,
    order_hidden_units,
    trace_defect,
)


def make_rbm(n_visible=5, n_hidden=4, scale=1.0, seed=0):
    rng = np.random.default_rng(seed)
    return BernoulliRBM.from_parameters(
        rng.normal(0, scale, (n_visible, n_hidden)),
        rng.normal(0, scale, n_visible),
        rng.normal(0, scale, n_hidden),
    )


@pytest.mark.parametrize("n_visible", [1, 2, 3, 5])
@pytest.mark.parametrize("coupling", [-0.7, 0.0, 1.0])
def test_the_decimation_machine_is_the_ring_of_twice_as_many_spins(n_visible, coupling):
    rbm = decimation_rbm(n_visible, coupling)
    visible, hidden = (
        np.repeat(bits(n_visible), 2**n_visible, 0),
        np.tile(bits(n_visible), (2**n_visible, 1)),
    )
    ring = np.empty((len(visible), 2 * n_visible), dtype=np.int8)
    ring[:, ::2], ring[:, 1::2] = ising.bits_to_spins(visible), ising.bits_to_spins(hidden)
    difference = rbm.energy(visible, hidden) - ising.chain_energy(ring, coupling)
    assert np.ptp(difference) < 1e-13


@pytest.mark.parametrize("coupling", [-0.7, 1.0, 2.5])
def test_its_marginals_are_the_decimated_ring(coupling):
    rbm = decimation_rbm(6, coupling)
    exact = ising.boltzmann_probabilities(6, decimate_coupling(coupling)[0])
    np.testing.assert_allclose(exact_distribution(rbm), exact, rtol=1e-12, atol=0)
    weight = np.exp(-rbm.hidden_free_energy(bits(6)))
    np.testing.assert_allclose(weight / weight.sum(), exact, rtol=1e-12, atol=0)


def test_hamiltonians_are_sums_over_the_other_layer():
    rbm = make_rbm()
    energy = rbm.energy(bits(5)[:, None], bits(4)[None])
    np.testing.assert_allclose(
        rbm.free_energy(bits(5)), -np.log(np.exp(-energy).sum(axis=1)), rtol=0, atol=1e-12
    )
    np.testing.assert_allclose(
        rbm.hidden_free_energy(bits(4)), -np.log(np.exp(-energy).sum(axis=0)), rtol=0, atol=1e-12
    )


def test_the_interaction_turns_the_law_of_the_data_into_that_of_the_hidden_units():
    """Eq. 3 of the paper with Eq. 15: sum_v exp(T - H) is the machine's weight of h."""
    rbm = make_rbm()

    def hamiltonian(visible):
        return visible @ np.arange(5.0) - visible[..., 0] * visible[..., 1]

    t = interaction(rbm, hamiltonian, bits(5)[:, None], bits(4)[None])
    assert t.shape == (32, 16)
    weight = np.exp(t - hamiltonian(bits(5))[:, None]).sum(axis=0)
    np.testing.assert_allclose(weight, np.exp(-rbm.hidden_free_energy(bits(4))), rtol=1e-12)


def test_the_trace_defect_is_zero_for_the_machine_s_own_law_only():
    rbm = make_rbm()
    assert trace_defect(rbm, rbm.free_energy) < 1e-13
    assert trace_defect(rbm, lambda v: rbm.free_energy(v) + 3.0) < 1e-13

    def other(visible):
        return rbm.free_energy(visible) + 0.25 * visible[..., 2]

    assert trace_defect(rbm, other) == pytest.approx(0.25, rel=1e-12, abs=0)
    law = np.exp(-other(bits(5)))
    divergence = kl_divergence(law / law.sum(), exact_distribution(rbm))
    assert 0 < divergence < 0.25


def walsh(hamiltonian, n_units, units):
    """Coupling of a set of spins, by a plain loop."""
    total = 0.0
    for state in bits(n_units):
        total -= hamiltonian(state) * np.prod(2.0 * state[list(units)] - 1)
    return total / 2**n_units


@pytest.mark.parametrize("layer", ["hidden", "visible"])
@pytest.mark.parametrize("scale", [0.3, 3.0])
def test_effective_couplings_are_walsh_coefficients(layer, scale):
    rbm = make_rbm(scale=scale)
    rbm.weights = np.where(np.random.default_rng(1).random((5, 4)) < 0.3, 0.0, rbm.weights)
    hamiltonian = rbm.hidden_free_energy if layer == "hidden" else rbm.free_energy
    n_units = 4 if layer == "hidden" else 5
    fields = effective_couplings(rbm, layer, 1)
    pairs = effective_couplings(rbm, layer, 2)
    assert fields.value.shape == fields.error.shape == (n_units,)
    assert pairs.value.shape == pairs.error.shape == (n_units, n_units)
    assert not fields.error.any()
    assert not pairs.error.any()
    for j in range(n_units):
        assert fields.value[j] == pytest.approx(walsh(hamiltonian, n_units, [j]), rel=0, abs=1e-10)
        assert pairs.value[j, j] == 0
        for k in range(j):
            expected = walsh(hamiltonian, n_units, [j, k])
            assert pairs.value[j, k] == pytest.approx(expected, rel=0, abs=1e-10)
            assert pairs.value[k, j] == pairs.value[j, k]


@pytest.mark.parametrize("n_spins", [8, 64])
def test_effective_couplings_of_a_chain_are_decimated(n_spins):
    pairs = effective_couplings(decimation_rbm(n_spins, 1.0)).value
    exact = decimate_coupling(1.0)[0] * (
        np.roll(np.eye(n_spins), 1, 0) + np.roll(np.eye(n_spins), -1, 0)
    )
    np.testing.assert_allclose(pairs, exact, rtol=0, atol=1e-12)


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("layer", ["hidden", "visible"])
def test_sampled_couplings_agree_with_listed_ones(monkeypatch, order, layer):
    from rgrbm.rbm import mapping

    rbm = make_rbm(6, 7, scale=2.0, seed=3)
    exact = effective_couplings(rbm, layer, order).value
    monkeypatch.setattr(mapping, "MOST_UNITS_LISTED", 2)
    with pytest.raises(ValueError, match="rng must be given: a unit touches"):
        effective_couplings(rbm, layer, order)
    rng = np.random.default_rng(0)
    runs = [effective_couplings(rbm, layer, order, n_samples=300, rng=rng) for _ in range(100)]
    values, errors = map(np.array, zip(*runs, strict=True))
    scatter = values.std(axis=0, ddof=1)
    # 5 standard errors: at most 42 Gaussian comparisons, false alarm 2e-5.
    assert np.all(np.abs(values.mean(axis=0) - exact) <= 5 * scatter / 10)
    off = ~np.eye(len(exact), dtype=bool) if order == 2 else np.ones(len(exact), dtype=bool)
    # The scatter of 100 values is known to 7 %.
    ratio = errors.mean(axis=0)[off] / scatter[off]
    assert 0.7 < ratio.min() <= ratio.max() < 1.4


@pytest.mark.parametrize("most_listed", [12, 2], ids=["listed", "sampled"])
@pytest.mark.parametrize("layer", ["hidden", "visible"])
def test_pair_couplings_are_symmetric_to_the_last_bit(monkeypatch, layer, most_listed):
    from rgrbm.rbm import mapping

    monkeypatch.setattr(mapping, "MOST_UNITS_LISTED", most_listed)
    for seed in range(20):
        rbm = make_rbm(8, 7, scale=2.0, seed=seed)
        found = effective_couplings(rbm, layer, n_samples=50, rng=np.random.default_rng(seed))
        for pairs in found:
            np.testing.assert_array_equal(pairs, pairs.T)
            assert not pairs.diagonal().any()


SYMMETRY = """
    import numpy as np
    from rgrbm.rbm import BernoulliRBM, effective_couplings

    draw = np.random.default_rng(0).normal
    rbm = BernoulliRBM.from_parameters(draw(size=(8, 7)), draw(size=8), draw(size=7))
    pairs = effective_couplings(rbm).value
    assert (pairs == pairs.T).all()
"""


def test_they_are_so_on_any_processor():
    """Products of matrices are rounded otherwise on the oldest; other libraries than OpenBLAS do
    not know the variable."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SYMMETRY)],
        env={**os.environ, "OPENBLAS_CORETYPE": "Nehalem"}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_ordering_keeps_the_law_and_sorts():
    rbm = make_rbm(6, 5, scale=2.0, seed=4)
    ordered = order_hidden_units(rbm)
    np.testing.assert_allclose(
        exact_distribution(ordered.rbm), exact_distribution(rbm), rtol=1e-12, atol=0
    )
    weights = ordered.rbm.weights
    strongest = np.abs(weights).argmax(axis=0)
    np.testing.assert_array_equal(strongest, ordered.strongest)
    assert np.all(np.diff(strongest) >= 0)
    assert np.all(weights[strongest, range(5)] > 0)
    assert sorted(ordered.order) == list(range(5))
    np.testing.assert_allclose(weights, rbm.weights[:, ordered.order] * ordered.sign, rtol=1e-15)
    # A hidden state of the old machine, reordered and flipped, has the same energy in the new one.
    hidden = np.random.default_rng(0).integers(0, 2, 5)
    new = np.where(ordered.sign > 0, hidden[ordered.order], 1 - hidden[ordered.order])
    shift = ordered.rbm.energy(bits(6), new) - rbm.energy(bits(6), hidden)
    assert np.ptp(shift) < 1e-12


def test_unique_deciders_are_counted():
    weights = np.array([[5, 4, 0, 0], [0, 1, -3, 0], [0, 0, 1, 2.0]])
    ordered = order_hidden_units(BernoulliRBM.from_parameters(weights, np.zeros(3), np.zeros(4)))
    assert ordered.strongest.tolist() == [0, 0, 1, 2]
    assert ordered.sign.tolist() == [1, 1, -1, 1]
    assert ordered.n_unique == 2


def flat(visible):
    return np.zeros(np.shape(visible)[:-1])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda rbm: decimation_rbm(0, 1.0), ValueError, "n_visible must be at least 1"),
        (lambda rbm: decimation_rbm(3, np.nan), ValueError, "coupling must be finite"),
        (lambda rbm: effective_couplings(rbm, "both"), ValueError, "layer must be one of"),
        (
            lambda rbm: effective_couplings(rbm, order=3),
            ValueError,
            "order must be at most 2, got 3",
        ),
        (
            lambda rbm: effective_couplings(rbm, n_samples=9),
            ValueError,
            "n_samples must be at least 10",
        ),
        (lambda rbm: effective_couplings("rbm"), TypeError, "rbm must be a BernoulliRBM"),
        (lambda rbm: order_hidden_units(None), TypeError, "rbm must be a BernoulliRBM"),
        (lambda rbm: trace_defect(rbm, 3.0), TypeError, "hamiltonian must be callable"),
        (
            lambda rbm: trace_defect(rbm, lambda v: 3.0),
            ValueError,
            "hamiltonian must return the shape",
        ),
        (lambda rbm: trace_defect(decimation_rbm(21, 1.0), flat), ValueError, "at most 20"),
        (lambda rbm: interaction(rbm, flat, [0, 2, 0, 0, 0], [0] * 4), ValueError, "only 0 and 1"),
        (
            lambda rbm: order_hidden_units(
                GaussianBernoulliRBM(2, 2, rng=np.random.default_rng(0))
            ),
            TypeError,
            "rbm must be a BernoulliRBM",
        ),
    ],
)
def test_bad_input_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call(make_rbm())


@pytest.mark.parametrize("layer", ["hidden", "visible"])
def test_a_unit_without_weights_couples_nothing(layer):
    rbm = make_rbm()
    idle = np.zeros((5, 4))
    idle[1:, 1:] = rbm.weights[1:, 1:]
    partly = BernoulliRBM.from_parameters(idle, rbm.visible_bias, rbm.hidden_bias)
    smaller = BernoulliRBM.from_parameters(
        rbm.weights[1:, 1:], rbm.visible_bias[1:], rbm.hidden_bias[1:]
    )
    couplings = effective_couplings(partly, layer).value
    assert not couplings[0].any()
    np.testing.assert_allclose(
        couplings[1:, 1:], effective_couplings(smaller, layer).value, rtol=0, atol=1e-14
    )


def test_sampled_couplings_do_not_depend_on_the_blocks(monkeypatch):
    from rgrbm.rbm import mapping

    monkeypatch.setattr(mapping, "MOST_UNITS_LISTED", 2)
    rbm = make_rbm(9, 8, scale=2.0, seed=3)
    for order in (1, 2):
        found = []
        for size in (2**20, 3 * 64 * 9 ** (order - 1)):
            monkeypatch.setattr(mapping, "NUMBERS_PER_BLOCK", size)
            rng = np.random.default_rng(0)
            found.append(effective_couplings(rbm, "visible", order, n_samples=100, rng=rng))
        for value, error in found[1:]:
            np.testing.assert_array_equal(value, found[0].value)
            np.testing.assert_array_equal(error, found[0].error)


@pytest.mark.slow
@pytest.mark.parametrize("n_samples", [10, 20])
@pytest.mark.parametrize("scale", [0.3, 1.0])
def test_errors_of_few_samples_cover_two_thirds(monkeypatch, scale, n_samples):
    from rgrbm.rbm import mapping

    rbm = make_rbm(1, 7, scale=scale, seed=3)  # of several units, the errors add up
    exact = effective_couplings(rbm).value
    monkeypatch.setattr(mapping, "MOST_UNITS_LISTED", 2)
    pairs, inside = np.triu_indices(7, 1), []
    for run in range(1000):
        rng = np.random.default_rng([5, run])
        value, error = effective_couplings(rbm, n_samples=n_samples, rng=rng)
        inside.append(np.mean((np.abs(value - exact) <= error)[pairs]))
    assert np.mean(inside) == pytest.approx(0.683, abs=0.05)  # what is averaged is not normal


def test_dead_units_are_not_decided_and_do_not_count():
    dead = order_hidden_units(BernoulliRBM.from_parameters(np.zeros((3, 1)), np.zeros(3), [0.5]))
    assert dead.n_unique == 0
    assert dead.strongest.tolist() == [-1]
    weights = np.array([[5, 0, 0, 0.0], [0, 0, -3, 0], [0, 0, 1, 0]])
    ordered = order_hidden_units(BernoulliRBM.from_parameters(weights, np.zeros(3), np.arange(4)))
    # Unit 0 is decided by visible unit 0, and no dead unit takes its place.
    assert ordered.n_unique == 2
    assert ordered.strongest.tolist() == [-1, -1, 0, 1]
    assert ordered.order.tolist() == [1, 3, 0, 2]
    assert ordered.sign.tolist() == [1, 1, 1, -1]
    rbm = BernoulliRBM.from_parameters(weights, np.zeros(3), np.arange(4))
    np.testing.assert_allclose(
        exact_distribution(ordered.rbm), exact_distribution(rbm), rtol=1e-12, atol=0
    )


@pytest.mark.parametrize(
    ("hamiltonian", "error", "message"),
    [
        (lambda v: None, TypeError, r"hamiltonian\(visible\) must be an array of real numbers"),
        (lambda v: "energy", TypeError, r"hamiltonian\(visible\) must be an array"),
        (lambda v: np.zeros(len(v), bool), TypeError, r"hamiltonian\(visible\) must be an array"),
        (lambda v: np.zeros(len(v), complex), TypeError, r"hamiltonian\(visible\) must be an"),
        (lambda v: np.full(len(v), np.nan), ValueError, r"hamiltonian\(visible\) must be finite"),
        (lambda v: np.ma.zeros(len(v)), TypeError, r"hamiltonian\(visible\) must not be a masked"),
        (lambda v: v, ValueError, "hamiltonian must return the shape"),
        (lambda v: [[1], [1, 2]], ValueError, r"hamiltonian\(visible\) must be a rectangular"),
    ],
)
def test_hamiltonians_that_return_no_energies_are_refused(hamiltonian, error, message):
    rbm = make_rbm()
    for call in (trace_defect, lambda rbm, h: interaction(rbm, h, bits(5), bits(4)[:1])):
        with pytest.raises(error, match=message):
            call(rbm, hamiltonian)


def test_a_hamiltonian_may_do_what_it_likes_with_its_states():
    rbm, visible = make_rbm(), bits(5)

    def careless(states):
        energy = rbm.free_energy(states)
        states[:] = 0
        return energy.astype(np.float32)

    assert trace_defect(rbm, careless) < 1e-5
    found = interaction(rbm, careless, visible, bits(4)[:1])
    np.testing.assert_array_equal(visible, bits(5))
    expected = rbm.free_energy(visible) - rbm.energy(visible, bits(4)[:1])
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


def test_states_are_checked_before_the_hamiltonian_is_called():
    def never(visible):
        raise AssertionError

    with pytest.raises(ValueError, match="visible must hold only"):
        interaction(make_rbm(), never, [0, 2, 0, 0, 0], [0] * 4)


@pytest.mark.parametrize("wrong", [np.array(["hidden", "visible"]), ["hidden"], None, 0, b"hidden"])
def test_a_layer_that_is_no_name_is_refused(wrong):
    with pytest.raises(TypeError, match="layer must be one of"):
        effective_couplings(make_rbm(), wrong)


def test_a_generator_that_is_none_is_refused_though_not_needed():
    with pytest.raises(TypeError, match="rng must be"):
        effective_couplings(make_rbm(), rng=0)


def test_errors_of_samples_have_student_s_factor(monkeypatch):
    from rgrbm.rbm import mapping

    monkeypatch.setattr(mapping, "MOST_UNITS_LISTED", 2)
    rbm, found = make_rbm(1, 5), []
    for n_samples in (10, 100):
        plain = np.random.default_rng(0), np.random.default_rng(0)
        error = effective_couplings(rbm, order=1, n_samples=n_samples, rng=plain[0]).error
        spins = plain[1].choice(np.array([-1.0, 1.0]), size=(min(n_samples, 64), 5))
        if n_samples > 64:
            more = plain[1].choice(np.array([-1.0, 1.0]), size=(n_samples - 64, 5))
            spins = np.concatenate([spins, more])
        weights, fields, _ = rbm.spin_parameters()
        rest = fields[0] + (spins @ weights[0])[:, None] - spins * weights[0]
        terms = np.logaddexp(rest + weights[0], -rest - weights[0])
        terms = (terms - np.logaddexp(rest - weights[0], weights[0] - rest)) / 2
        found.append(error / (terms.std(axis=0, ddof=1) / np.sqrt(n_samples)))
    np.testing.assert_allclose(found[0], 1.0587, rtol=1e-4)
    np.testing.assert_allclose(found[1], 1.0051, rtol=1e-4)
