"""A parameter that was made NaN, infinite or too large in place is named by all that uses it."""

import copy
import pickle

import numpy as np
import pytest

from rgrbm.rbm import (
    BernoulliRBM,
    GaussianBernoulliRBM,
    ais_log_partition,
    effective_couplings,
    exact_distribution,
    exact_log_partition,
    exact_moments,
    gibbs_matrix,
    interaction,
    log_likelihood,
    order_hidden_units,
    pseudo_log_likelihood,
    trace_defect,
)


def machine(kind):
    draw = np.random.default_rng(0).normal
    parameters = draw(size=(3, 2)), draw(size=3), draw(size=2)
    if kind is GaussianBernoulliRBM:
        return kind.from_parameters(*parameters, [0.5, 1.0, 2.0])
    return kind.from_parameters(*parameters)


def flat(visible):
    return np.zeros(visible.shape[:-1])


V, H = [[0, 1, 0], [0, 0, 0]], [[0, 1], [0, 0]]
BOTH = {
    "energy": lambda rbm, rng: rbm.energy(V, H),
    "free_energy": lambda rbm, rng: rbm.free_energy(V),
    "free_energy of none": lambda rbm, rng: rbm.free_energy(np.zeros((0, 3))),
    "hidden_free_energy": lambda rbm, rng: rbm.hidden_free_energy(H),
    "hidden_probabilities": lambda rbm, rng: rbm.hidden_probabilities(V),
    "sample_hidden": lambda rbm, rng: rbm.sample_hidden(V, rng),
    "sample_visible": lambda rbm, rng: rbm.sample_visible(H, rng),
    "gibbs": lambda rbm, rng: rbm.gibbs(V, 3, rng),
    "no gibbs": lambda rbm, rng: rbm.gibbs(V, 0, rng),
    "reconstruct": lambda rbm, rng: rbm.reconstruct(V, rng),
    "exact_log_partition": lambda rbm, rng: exact_log_partition(rbm),
    "exact_moments": lambda rbm, rng: exact_moments(rbm),
    "ais": lambda rbm, rng: ais_log_partition(rbm, n_chains=2, n_temperatures=2, rng=rng),
    "log_likelihood": lambda rbm, rng: log_likelihood(rbm, V, 0.0),
    "check_parameters": lambda rbm, rng: rbm.check_parameters(),
}
ONLY_GAUSSIAN = {"visible_mean": lambda rbm, rng: rbm.visible_mean(H)}
ONLY_BITS = {
    "visible_probabilities": lambda rbm, rng: rbm.visible_probabilities(H),
    "mean field": lambda rbm, rng: rbm.hidden_probabilities(V, probabilities=True),
    "spin_parameters": lambda rbm, rng: rbm.spin_parameters(),
    "exact_distribution": lambda rbm, rng: exact_distribution(rbm),
    "gibbs_matrix": lambda rbm, rng: gibbs_matrix(rbm),
    "effective_couplings": lambda rbm, rng: effective_couplings(rbm, rng=rng),
    "interaction": lambda rbm, rng: interaction(rbm, flat, V, H),
    "trace_defect": lambda rbm, rng: trace_defect(rbm, flat),
    "order_hidden_units": lambda rbm, rng: order_hidden_units(rbm),
    "pseudo_log_likelihood": lambda rbm, rng: pseudo_log_likelihood(rbm, V),
}
CALLS = [(BernoulliRBM, name, call) for name, call in (BOTH | ONLY_BITS).items()]
CALLS += [(GaussianBernoulliRBM, name, call) for name, call in (BOTH | ONLY_GAUSSIAN).items()]
CHANGES = [(name, value) for name in ("weights", "visible_bias", "hidden_bias", "sigma")
           for value in (np.nan, np.inf, -np.inf, 1e101)]  # fmt: skip
CHANGES += [("sigma", value) for value in (0.0, -1.0, 1e-101)]


@pytest.mark.parametrize(("kind", "call"), [(kind, call) for kind, _, call in CALLS],
                         ids=[f"{kind.__name__} {name}" for kind, name, _ in CALLS])  # fmt: skip
def test_what_uses_a_parameter_names_it_before_it_draws(kind, call):
    call(machine(kind), np.random.default_rng(1))
    for name, value in CHANGES:
        rbm, rng = machine(kind), np.random.default_rng(1)
        if name not in rbm.parameters():
            continue
        rbm.parameters()[name].flat[-1] = value
        with pytest.raises(FloatingPointError, match=f"{name} must be .*in place"):
            call(rbm, rng)
        assert rng.random() == np.random.default_rng(1).random()


@pytest.mark.parametrize("kind", [BernoulliRBM, GaussianBernoulliRBM])
def test_a_machine_that_cannot_be_used_is_not_copied_or_saved(kind, tmp_path):
    for name, parameter in machine(kind).parameters().items():
        rbm = machine(kind)
        rbm.parameters()[name].flat[0] = np.nan
        assert "n_visible=3" in repr(rbm)
        for call in (rbm.copy, lambda rbm=rbm: rbm.save(tmp_path / "machine")):
            with pytest.raises(ValueError, match=f"{name} must be finite"):
                call()
        assert not (tmp_path / "machine").exists()
        assert parameter.shape == getattr(rbm, name).shape


def test_parameters_at_the_ends_of_the_range_are_used():
    rbm = BernoulliRBM.from_parameters(np.full((3, 2), -1e100), [1e100] * 3, [1e100] * 2)
    rbm.check_parameters()
    GaussianBernoulliRBM.from_parameters([[0.0]], [0.0], [0.0], 1e-100).check_parameters()
    GaussianBernoulliRBM.from_parameters([[0.0]], [0.0], [0.0], 1e100).check_parameters()


@pytest.mark.parametrize("order", ["C", "F"])
def test_weights_are_looked_at_in_any_order_of_memory(order):
    rbm = BernoulliRBM.from_parameters(np.ones((3, 2), order=order), np.zeros(3), np.zeros(2))
    rbm.weights[2, 0] = np.nan
    with pytest.raises(FloatingPointError, match="weights"):
        rbm.check_parameters()


def test_what_is_assigned_to_a_layer_is_checked_and_copied():
    rbm = machine(GaussianBernoulliRBM)
    with pytest.raises(ValueError, match="visible_bias must be finite"):
        rbm.visible.bias = [0.0, np.nan, 0.0]
    with pytest.raises(ValueError, match=r"hidden_bias must have the shape \(2,\)"):
        rbm.hidden.bias = [0.0]
    with pytest.raises(ValueError, match="sigma must be positive"):
        rbm.visible.sigma = 0.0
    mine = np.ones(3)
    rbm.visible.bias = mine
    mine[:] = 7
    np.testing.assert_array_equal(rbm.visible_bias, [1, 1, 1])


@pytest.mark.parametrize("kind", [BernoulliRBM, GaussianBernoulliRBM])
def test_copies_by_python_keep_the_parameters(kind):
    rbm = machine(kind)
    for again in (copy.copy(rbm), copy.deepcopy(rbm), pickle.loads(pickle.dumps(rbm))):
        for name, parameter in rbm.parameters().items():
            np.testing.assert_array_equal(again.parameters()[name], parameter)
        np.testing.assert_array_equal(again.free_energy(V), rbm.free_energy(V))
