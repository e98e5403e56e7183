"""The energy of the square torus in plain loops."""

import numpy as np
import pytest

from rgrbm.ising import enumerate_lattice, lattice_energy


def loop_energy(state, coupling, field):
    size = len(state)
    energy = 0.0
    for row in range(size):
        for column in range(size):
            right, below = state[row][(column + 1) % size], state[(row + 1) % size][column]
            energy -= coupling * state[row][column] * (right + below) + field * state[row][column]
    return energy


@pytest.mark.parametrize("size", [2, 3, 5])
def test_the_energy_is_a_sum_over_bonds_and_sites(size):
    rng = np.random.default_rng(size)
    spins = rng.choice(np.array([-1, 1], dtype=np.int8), size=(4, 3, size, size))
    found = lattice_energy(spins, 0.7, -0.3)
    assert found.shape == (4, 3)
    for index in np.ndindex(4, 3):
        assert found[index] == pytest.approx(loop_energy(spins[index].tolist(), 0.7, -0.3))


def test_large_lattices_do_not_overflow_small_integers():
    up = np.ones((300, 300), dtype=np.int8)
    assert lattice_energy(up, 1.0, 0.5) == -(2 + 0.5) * 300**2


def test_all_states_are_listed_once():
    for size in (2, 3, 4):
        states = enumerate_lattice(size).reshape(-1, size**2)
        assert len(np.unique(states, axis=0)) == 2 ** (size**2) == len(states)
    np.testing.assert_array_equal(enumerate_lattice(3)[1].ravel(), [-1] * 8 + [1])


@pytest.mark.parametrize("shape", [(4,), (2, 3), (1, 1), (5, 1, 1), (0, 0)])
def test_what_is_no_square_is_refused(shape):
    with pytest.raises(ValueError, match="spins must have the shape"):
        lattice_energy(np.ones(shape), 1.0)


def test_only_small_lattices_are_listed():
    for size, bound in ((1, "at least 2"), (5, "at most 4")):
        with pytest.raises(ValueError, match=f"size must be {bound}"):
            enumerate_lattice(size)
