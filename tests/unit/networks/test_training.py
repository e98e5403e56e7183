"""Learned scores: exact derivatives, what they learn, and what is said where JAX is missing."""

import subprocess
import sys

import numpy as np
import pytest

from rgrbm.networks import Basis, Schedule, denoising_losses, train_score

pytest.importorskip("optax")


def two_peaks(rng):
    return rng.choice([-1.0, 1.0], size=(4000, 4)) + 0.2 * rng.normal(size=(4000, 4))


@pytest.fixture(scope="module", params=["pixel", "fourier"])
def trained(request):
    rng = np.random.default_rng(0)
    fields = two_peaks(rng)
    basis = Basis.from_data(request.param, fields, whiten=True)
    schedule = Schedule.soft(basis.labels, 1.0, gamma_min=-7, gamma_max=5)
    score = train_score(fields, basis, schedule, width=16, n_steps=600, rng=rng)
    return basis, schedule, score


@pytest.mark.slow
@pytest.mark.parametrize("network", ["ring", "dense"])
def test_the_diagonal_is_that_of_the_derivatives(network):
    rng = np.random.default_rng(0)
    fields = two_peaks(rng)
    basis = Basis.from_data("fourier", fields, whiten=True)
    schedule = Schedule.soft(basis.labels, 1.0, gamma_min=-7, gamma_max=5)
    score = train_score(
        fields,
        basis,
        schedule,
        network=network,
        activation="silu",
        width=16,
        n_steps=300,
        rng=rng,
    )
    states = rng.normal(size=(5, 4))
    values, diagonal = score.with_diagonal(states, 0.5)
    np.testing.assert_allclose(values, score(states, 0.5), atol=1e-4)
    assert abs(diagonal + 1).max() > 0.05, "it has learned something"
    h = 1e-2  # single precision
    for i, unit in enumerate(h * np.eye(4)):
        slope = (score(states + unit, 0.5) - score(states - unit, 0.5))[:, i] / (2 * h)
        np.testing.assert_allclose(diagonal[:, i], slope, rtol=1e-2, atol=5e-3)


@pytest.mark.slow
def test_it_learns_more_than_a_gaussian(trained):
    basis, schedule, score = trained
    rng = np.random.default_rng(2)
    losses = denoising_losses(score, schedule, basis.forward(two_peaks(rng)), rng=rng)
    assert losses.gain.value > 0.05
    assert losses.gain.value > 20 * losses.gain.error
    assert len(score.losses) == 600
    assert abs(score.losses[-100:].mean() - losses.loss.value) < 0.03


@pytest.mark.slow
def test_the_same_generator_gives_the_same_network_and_leaves_jax_alone():
    import jax

    before = jax.config.values.copy()
    fields = two_peaks(np.random.default_rng(0))
    basis, schedule = Basis("pixel", (4,)), Schedule.soft(np.zeros(4))
    found = []
    for seed in (1, 1, 2):
        score = train_score(
            fields, basis, schedule, n_steps=3, width=4, rng=np.random.default_rng(seed)
        )
        found.append(score.layers[0][0])
    np.testing.assert_array_equal(found[0], found[1])
    assert (found[0] != found[2]).all()
    assert jax.config.values == before


@pytest.mark.slow
@pytest.mark.parametrize("network", ["ring", "dense"])
@pytest.mark.parametrize("activation", ["relu", "silu"])
def test_before_it_learns_it_is_the_gaussian_of_unit_variance(network, activation):
    fields = two_peaks(np.random.default_rng(0))
    basis, schedule = Basis("haar", (4,)), Schedule.soft([0, 1, 2, 2])
    score = train_score(
        fields,
        basis,
        schedule,
        network=network,
        activation=activation,
        width=3,
        n_steps=1,
        learning_rate=1e-12,
        rng=np.random.default_rng(0),
    )
    states = np.random.default_rng(1).normal(size=(5, 4))
    np.testing.assert_allclose(score(states, 0.5), -states, atol=1e-6)
    np.testing.assert_allclose(score.with_diagonal(states, 0.5)[1], -1, atol=1e-6)


@pytest.mark.slow
def test_a_ring_knows_no_place():
    """All sites have one rule: a turned field has the turned score."""
    fields = two_peaks(np.random.default_rng(0))
    basis, schedule = Basis("pixel", (4,)), Schedule.soft(np.zeros(4))
    score = train_score(fields, basis, schedule, width=8, n_steps=50, rng=np.random.default_rng(0))
    states = np.random.default_rng(1).normal(size=(5, 4))
    turned = score(np.roll(states, 1, axis=1), 0.3)
    np.testing.assert_allclose(turned, np.roll(score(states, 0.3), 1, axis=1), atol=1e-5)


@pytest.mark.slow
def test_a_training_that_diverges_is_told():
    fields = 1e9 * np.eye(3, 4)
    arguments = fields, Basis("pixel", (4,)), Schedule.soft(np.zeros(4))
    with pytest.raises(FloatingPointError, match="diverged"):
        train_score(*arguments, n_steps=20, learning_rate=1e10, rng=np.random.default_rng(0))


def test_arguments_that_do_not_fit_are_refused():
    rng, fields = np.random.default_rng(0), np.eye(3, 4)
    basis, schedule = Basis("pixel", (4,)), Schedule.soft(np.zeros(4))
    with pytest.raises(ValueError, match="basis must be of fields"):
        train_score(fields, Basis("pixel", (2, 2)), schedule, rng=rng)
    with pytest.raises(ValueError, match="schedule must have levels"):
        train_score(fields, basis, Schedule(np.full(4, -200.0), np.zeros(4)), rng=rng)


def test_without_jax_the_rest_works_and_training_says_what_to_install():
    code = """
import sys
sys.modules["jax"] = None
import numpy as np
from rgrbm.networks import Basis, Schedule, train_score
basis, schedule = Basis("pixel", (2,)), Schedule.soft([0, 0])
try:
    train_score(np.eye(2), basis, schedule, rng=np.random.default_rng(0))
except ImportError as error:
    print(error)
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 'pip install "rgrbm[book]"' in found.stdout


def test_the_door_does_not_load_jax():
    code = "import sys, rgrbm.networks; print('jax' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
