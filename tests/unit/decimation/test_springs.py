"""Springs against their definition: energies, minima, integrals, and a ring's own modes."""

import math

import numpy as np
import pytest

from rgrbm.decimation import (
    bridge_stiffness,
    chain_density_of_states,
    chain_stiffness,
    condense,
    decimate_springs,
    dual_network,
    network_stiffness,
)


def close(actual, expected, rtol=1e-13, atol=0):
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=atol)


def laplacian(n_nodes, springs):
    """Stiffness matrix of springs (i, j, k), one after the other."""
    matrix = np.zeros((n_nodes, n_nodes))
    for i, j, k in springs:
        matrix[i, i] += k
        matrix[j, j] += k
        matrix[i, j] -= k
        matrix[j, i] -= k
    return matrix


def random_stiffness(n_nodes, seed):
    """A positive definite matrix of springs between all nodes, each also tied to the ground."""
    rng = np.random.default_rng([n_nodes, seed])
    springs = [(i, j, rng.uniform(0.1, 3)) for i in range(n_nodes) for j in range(i)]
    return laplacian(n_nodes, springs) + np.diag(rng.uniform(0.1, 1, n_nodes))


def whole_network(horizontal, vertical):
    """Stiffness by the matrix of all nodes at once; the plates are nodes 0 and 1."""
    n_rows, n_columns = np.shape(horizontal)

    def node(row, column):  # column 0 is the left plate
        if column in (0, n_columns):
            return 0 if column == 0 else 1
        return 2 + row * (n_columns - 1) + column - 1

    springs = [
        (node(r, c), node(r, c + 1), horizontal[r][c])
        for r in range(n_rows)
        for c in range(n_columns)
    ]
    springs += [
        (node(r, c + 1), node(r + 1, c + 1), vertical[r][c])
        for r in range(n_rows - 1)
        for c in range(n_columns - 1)
    ]
    matrix = laplacian(2 + n_rows * (n_columns - 1), springs)
    return condense(matrix, [0, 1])[0, 0]


def random_network(n_rows, n_columns, seed=0):
    rng = np.random.default_rng([n_rows, n_columns, seed])
    horizontal = rng.choice([1.0, 10.0], (n_rows, n_columns)) * rng.uniform(0.5, 2)
    return horizontal, rng.choice([1.0, 10.0], (n_rows - 1, n_columns - 1))


@pytest.mark.parametrize("n_sites", [2, 3, 7])
def test_the_energy_of_a_ring_is_the_sum_over_its_springs(n_sites):
    u = np.random.default_rng(n_sites).normal(size=n_sites)
    energy = 1.5 * sum((u[i] - u[i - 1]) ** 2 for i in range(n_sites)) / 2 + 0.25 * (u @ u) / 2
    close(u @ chain_stiffness(n_sites, 1.5, 0.25) @ u / 2, energy)


def test_condensed_nodes_go_where_the_energy_is_least():
    matrix, kept = random_stiffness(6, 0), [4, 1, 2]
    condensed = condense(matrix, kept)
    u = np.random.default_rng(1).normal(size=3)
    gone = [0, 3, 5]
    follow = -np.linalg.solve(matrix[np.ix_(gone, gone)], matrix[np.ix_(gone, kept)] @ u)
    full = np.zeros(6)
    full[kept], full[gone] = u, follow
    close(u @ condensed @ u, full @ matrix @ full)
    for step in np.eye(6)[gone] * 1e-3:
        assert (full + step) @ matrix @ (full + step) > full @ matrix @ full


def test_condensation_is_the_marginal_of_a_normal_law():
    matrix, kept = random_stiffness(7, 0), [5, 0, 3]
    close(np.linalg.inv(condense(matrix, kept)), np.linalg.inv(matrix)[np.ix_(kept, kept)], 1e-12)


def test_determinants_factor():
    matrix, kept, gone = random_stiffness(6, 1), [0, 2, 3, 5], [1, 4]
    inside = matrix[np.ix_(gone, gone)]
    product = np.linalg.det(inside) * np.linalg.det(condense(matrix, kept))
    close(np.linalg.det(matrix), product, 1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_nodes_can_go_one_by_one_in_any_order(seed):
    matrix = random_stiffness(8, seed)
    left = np.random.default_rng(seed).permutation(8)
    one_by_one, nodes = matrix, list(range(8))
    for node in left[:5]:
        place = nodes.index(node)
        nodes.pop(place)
        one_by_one = condense(one_by_one, [i for i in range(len(nodes) + 1) if i != place])
    close(one_by_one, condense(matrix, nodes), 1e-12)


def test_a_star_becomes_a_mesh():
    springs = np.array([1.0, 2.0, 5.0, 0.5])
    star = laplacian(5, [(0, i + 1, k) for i, k in enumerate(springs)])
    mesh = -np.outer(springs, springs) / springs.sum()
    np.fill_diagonal(mesh, 0)
    np.fill_diagonal(mesh, -mesh.sum(axis=1))
    close(condense(star, [1, 2, 3, 4]), mesh, 1e-12)


def test_all_nodes_can_be_kept_in_another_order():
    matrix = random_stiffness(4, 2)
    close(condense(matrix, [2, 0, 3, 1]), matrix[np.ix_([2, 0, 3, 1], [2, 0, 3, 1])])


@pytest.mark.parametrize("kept", [[], [0, 0], [[0]], 0])
def test_nodes_that_are_kept_are_listed_once(kept):
    with pytest.raises((ValueError, TypeError), match="kept must"):
        condense(np.eye(3), kept)


def test_a_node_without_springs_cannot_be_integrated_out():
    with pytest.raises(ValueError, match="matrix must tie the nodes that go"):
        condense(np.diag([1.0, 0.0]), [0])


@pytest.mark.parametrize("pinning", [0.0, 0.3, -0.7])
@pytest.mark.parametrize("n_sites", [4, 10])
def test_decimation_is_the_condensation_of_a_ring(n_sites, pinning):
    stiffness, ground = decimate_springs(1.3, pinning)
    kept = np.arange(0, n_sites, 2)
    condensed = condense(chain_stiffness(n_sites, 1.3, pinning), kept)
    close(condensed, chain_stiffness(n_sites // 2, stiffness, ground), 1e-13, 1e-14)


@pytest.mark.parametrize("pinning", [0.05, 2.0, -0.3, -3.9])
def test_a_becomes_its_square_minus_two(pinning):
    stiffness, a = 1.7, (2 * 1.7 + pinning) / 1.7
    ground = pinning
    for _ in range(3):
        stiffness, ground = decimate_springs(stiffness, ground)
        a = a**2 - 2
        assert abs((2 * stiffness + ground) / stiffness - a) < 1e-14 * max(1, abs(a)) * 16


def test_springs_in_series_without_pinning():
    stiffness, ground = decimate_springs([1.0, 3.0], 0.0)
    close(stiffness, [0.5, 1.5])
    assert np.all(ground == 0.0)


def test_a_node_that_nothing_holds_is_told():
    with pytest.raises(FloatingPointError):
        decimate_springs(1.0, -2.0)


def exact_density(frequencies, stiffness, pinning, damping):
    """By the integral over all waves: 1 / sqrt of the diagonal's square minus (2k)^2."""
    z = frequencies + 1j * damping
    ground = pinning - z**2
    response = 1 / (np.sqrt(4 * stiffness + ground) * np.sqrt(ground))
    return 2 * frequencies / np.pi * response.imag


@pytest.mark.parametrize(("stiffness", "pinning"), [(1.0, 0.0), (0.7, 0.4)])
@pytest.mark.parametrize("damping", [1e-1, 1e-3, 1e-6])
def test_the_density_of_states_is_that_of_the_infinite_chain(stiffness, pinning, damping):
    frequencies = np.linspace(0.05, 2.5, 77)
    found = chain_density_of_states(frequencies, stiffness, pinning, damping=damping)
    close(found, exact_density(frequencies, stiffness, pinning, damping), 1e-14 / damping, 1e-12)


def test_the_density_of_states_is_the_sum_over_the_modes_of_a_ring():
    modes = np.linalg.eigvalsh(chain_stiffness(400, 0.8, 0.3))
    frequencies = np.array([0.3, 0.8, 1.2, 1.9])
    response = np.mean(1 / (modes - (frequencies[:, None] + 0.1j) ** 2), axis=1)
    found = chain_density_of_states(frequencies, 0.8, 0.3, damping=0.1)
    close(found, 2 * frequencies / np.pi * response.imag, 1e-9)


def test_the_density_of_states_counts_one_mode_per_site():
    frequencies = np.linspace(0, 400, 400_001)  # ten a width of the resonances
    found = chain_density_of_states(frequencies, 1.0, 0.5, damping=0.01)
    assert abs(found.sum() * (frequencies[1] - frequencies[0]) - 1) < 1e-4


@pytest.mark.parametrize("n_steps", [1, 3])
def test_few_decimations_see_a_few_sites(n_steps):
    """What is eliminated between sites at a distance of 2**n_steps, by one complex matrix."""
    n_sites = 2 ** (n_steps + 1)
    z = 1.1 + 0.05j
    matrix = chain_stiffness(n_sites, 1.0, 0.2) - z**2 * np.eye(n_sites)
    kept, gone = [0, n_sites // 2], [i for i in range(n_sites) if i % (n_sites // 2)]
    inside = matrix[np.ix_(gone, gone)]
    left = matrix[np.ix_(kept, kept)] - matrix[np.ix_(kept, gone)] @ np.linalg.solve(
        inside, matrix[np.ix_(gone, kept)]
    )
    found = chain_density_of_states(1.1, 1.0, 0.2, damping=0.05, n_steps=n_steps)
    close(found, 2.2 / np.pi * (1 / left[0, 0]).imag, 1e-12)


@pytest.mark.parametrize("shape", [(2, 2), (3, 5), (5, 3), (6, 6)])
def test_a_network_is_condensed_as_by_one_matrix(shape):
    horizontal, vertical = random_network(*shape)
    close(network_stiffness(horizontal, vertical), whole_network(horizontal, vertical), 1e-12)


def test_equal_springs_are_rows_in_parallel_of_springs_in_series():
    close(network_stiffness(np.full((3, 5), 0.7), np.full((2, 4), 9.0)), 0.7 * 3 / 5)


def test_the_stiffness_is_linear_in_the_springs():
    horizontal, vertical = random_network(4, 4)
    close(
        network_stiffness(3 * horizontal, 3 * vertical), 3 * network_stiffness(horizontal, vertical)
    )


def test_mirrors_do_not_change_the_stiffness():
    horizontal, vertical = random_network(4, 5)
    stiffness = network_stiffness(horizontal, vertical)
    close(network_stiffness(horizontal[::-1], vertical[::-1]), stiffness, 1e-12)
    close(network_stiffness(horizontal[:, ::-1], vertical[:, ::-1]), stiffness, 1e-12)


def test_the_stiffness_lies_between_uniform_forces_and_uniform_strains():
    for seed in range(20):
        horizontal, vertical = random_network(5, 4, seed)
        uniform_strain = horizontal.sum() / 4**2
        uniform_force = 5**2 / (1 / horizontal).sum()
        stiffness = network_stiffness(horizontal, vertical)
        assert uniform_force < stiffness < uniform_strain


@pytest.mark.parametrize("shape", [(2, 2), (3, 5), (8, 8), (40, 40)])
def test_a_network_times_its_dual_is_the_product(shape):
    for seed in range(3):
        horizontal, vertical = random_network(*shape, seed)
        dual = dual_network(horizontal, vertical, 10.0)
        assert dual[0].shape == shape[::-1]
        product = network_stiffness(horizontal, vertical) * network_stiffness(*dual)
        assert abs(product / 10 - 1) < 1e-12


def test_the_dual_of_the_dual_is_the_network():
    horizontal, vertical = random_network(3, 4)
    for found, first in zip(
        dual_network(*dual_network(horizontal, vertical, 10.0), 10.0),
        (horizontal, vertical),
        strict=True,
    ):
        close(found, first)


def test_the_dual_of_two_springs_swaps_them():
    """With product k1 k2 a network of soft and stiff springs has a dual of stiff and soft ones."""
    horizontal = np.array([[1.0, 10.0], [10.0, 10.0], [1.0, 1.0]])
    vertical = np.array([[1.0], [10.0]])
    across, down = dual_network(horizontal, vertical, 10.0)
    close(across, 11 - horizontal.T)
    close(down, 11 - vertical.T)


def test_springs_of_too_large_a_contrast_are_refused():
    horizontal = np.ones((2, 2))
    network_stiffness(horizontal, [[1e12]])
    with pytest.raises(ValueError, match="within a factor of 1e\\+12"):
        network_stiffness(horizontal, [[1.1e12]])


def test_a_spring_must_be_positive():
    with pytest.raises(ValueError, match="vertical must be positive"):
        network_stiffness(np.ones((2, 2)), [[0.0]])
    with pytest.raises(ValueError, match="horizontal must be positive"):
        network_stiffness([[1.0, -1.0], [1.0, 1.0]], [[1.0]])
    with pytest.raises(ValueError, match="bonds must be positive"):
        bridge_stiffness([1.0, 1.0, 0.0, 1.0, 1.0])


def test_a_network_has_two_rows_and_two_columns():
    with pytest.raises(ValueError, match="two rows and columns"):
        network_stiffness(np.ones((1, 3)), np.ones((1, 2)))


def test_a_bridge_is_the_condensation_of_its_two_inner_nodes():
    bonds = np.random.default_rng(0).uniform(0.1, 5, (6, 5))
    ends = [(0, 2), (2, 1), (0, 3), (3, 1), (2, 3)]
    for found, springs in zip(bridge_stiffness(bonds), bonds, strict=True):
        matrix = laplacian(4, [(*pair, k) for pair, k in zip(ends, springs, strict=True)])
        close(found, condense(matrix, [0, 1])[0, 0], 1e-12)


def test_a_bridge_is_its_own_dual():
    bonds = np.random.default_rng(1).uniform(0.1, 5, (50, 5))
    dual = 3 / bonds[:, [0, 2, 1, 3, 4]]
    close(bridge_stiffness(bonds) * bridge_stiffness(dual), 3.0, 1e-12)


def test_a_bridge_with_a_soft_or_a_hard_middle():
    a, b, c, d = 1.0, 2.0, 3.0, 5.0
    close(bridge_stiffness([a, b, c, d, 1e-90]), a * b / (a + b) + c * d / (c + d))
    close(bridge_stiffness([a, b, c, d, 1e90]), (a + c) * (b + d) / (a + b + c + d))


def test_bridges_of_extreme_springs():
    assert bridge_stiffness([1e-100] * 5) == pytest.approx(1e-100, rel=1e-12)
    assert bridge_stiffness([1e100] * 5) == pytest.approx(1e100, rel=1e-12)
    assert bridge_stiffness([1e-100, 1e-100, 1e-100, 1e-100, 1e100]) == pytest.approx(1e-100)
    assert math.isclose(bridge_stiffness([1e100, 1e-100, 1e-100, 1e100, 1.0]), 1.0)


def test_a_network_that_rounding_spoils_is_no_number(monkeypatch):
    monkeypatch.setattr("rgrbm.decimation.springs.dposv", lambda _, left: (left, left, 1))
    with pytest.raises(FloatingPointError, match="the springs are too unequal"):
        network_stiffness([[1.0, 1.0], [2.0, 2.0]], [[5.0]])
