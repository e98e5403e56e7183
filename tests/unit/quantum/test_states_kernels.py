"""The kernels of trial functions and their plain versions are the same."""

import numpy as np
import pytest

from rgrbm.quantum import RBMState
from rgrbm.quantum import _state_kernels as kernels


@pytest.fixture
def chains():
    rng = np.random.default_rng(1)
    state = RBMState(7, 1.0, density=2, rng=rng)
    state.weights[:] = rng.normal(size=(2, 7)) / 2
    spins = rng.choice(np.array([-1, 1], dtype=np.int8), size=(40, 7))
    return state, spins, np.tanh(state._angles(spins)), *state._steps()


def test_ratios(chains):
    _, *arguments = chains
    np.testing.assert_allclose(
        kernels.flip_ratios(*arguments), kernels.plain_flip_ratios(*arguments), rtol=1e-12
    )


@pytest.mark.parametrize("name", ["heat_bath", "plain_heat_bath"])
def test_angles_are_those_of_the_spins_after_sweeps(chains, name):
    state, spins, slopes, *steps = chains
    before = spins.copy()
    getattr(kernels, name)(spins, slopes, *steps, np.random.default_rng(2).random((5, 40, 7)))
    assert (spins != before).any()
    np.testing.assert_allclose(slopes, np.tanh(state._angles(spins)), atol=1e-10)


def test_heat_baths(chains):
    _, spins, slopes, *steps = chains
    uniforms = np.random.default_rng(2).random((5, 40, 7))
    plain, plain_slopes = spins.copy(), slopes.copy()
    kernels.heat_bath(spins, slopes, *steps, uniforms)
    kernels.plain_heat_bath(plain, plain_slopes, *steps, uniforms)
    np.testing.assert_array_equal(spins, plain)
    np.testing.assert_allclose(slopes, plain_slopes, atol=1e-12)
