"""The multilevel sampler, exactly: its probabilities, its symmetry, and what it sees."""

import numpy as np
import pytest

from rgrbm.ising import enumerate_lattice, lattice_energy
from rgrbm.sampler import MultilevelSampler
from rgrbm.sampler.multilevel import _fit, _gradient, _shell_sums
from rgrbm.transfer_matrix import torus_log_partition

COUPLING = 0.44
STATES = enumerate_lattice(4)


def random_one(size, rng, **options):
    """Make a sampler whose parameters are all random."""
    sampler = MultilevelSampler(size, COUPLING, rng=rng, **options)
    for layer in sampler.layers:
        if not layer.exact:
            for part in (layer.weights, layer.amplitudes, layer.units):
                part[...] = rng.normal(0, 0.4, part.shape)
    first = rng.random(16)
    first += first[::-1]
    sampler.log_first = np.log(first / first.sum())
    return sampler


@pytest.fixture(scope="module")
def exact_law():
    log_law = -lattice_energy(STATES, COUPLING)
    return np.exp(log_law - torus_log_partition(4, COUPLING))


@pytest.fixture(scope="module")
def fitted(exact_law):
    rng = np.random.default_rng(0)
    return MultilevelSampler(4, COUPLING, rng=rng).fit(
        STATES, n_steps=1000, rng=rng, weights=exact_law
    )


@pytest.mark.parametrize("options", [{}, {"n_colors": 1, "window": 1, "n_hidden": 0}])
def test_the_probabilities_of_all_states_sum_to_one(options):
    sampler = random_one(4, np.random.default_rng(1), **options)
    log_q = sampler.log_prob(STATES)
    assert abs(np.exp(log_q).sum() - 1) < 1e-6  # float32
    assert log_q.std() > 0.5


def test_a_configuration_and_its_mirror_image_in_spin_are_as_likely():
    rng = np.random.default_rng(2)
    sampler = random_one(16, rng)
    spins, log_q = sampler.sample(50, rng)
    np.testing.assert_allclose(sampler.log_prob(-spins), log_q, rtol=1e-6)


@pytest.mark.parametrize("size", [4, 8, 16])
def test_the_square_and_its_turns_are_as_likely_for_each_layer(size):
    rng = np.random.default_rng(3)
    sampler = random_one(size, rng)
    for layer in sampler.layers:
        seen = rng.choice([-1.0, 1.0], size=(len(layer.seen), 5)).astype(np.float32)
        pull = layer.follow(seen)[0]
        assert np.abs(pull).max() > 0.3
        for turned in layer.turned:
            np.testing.assert_allclose(layer.follow(seen[turned])[0], pull, atol=1e-5)


@pytest.mark.parametrize("n_colors", [1, 2])
@pytest.mark.parametrize("size", [4, 8, 16])
def test_every_site_is_drawn_once_and_sees_what_was_drawn_before(size, n_colors):
    sampler = MultilevelSampler(size, COUPLING, n_colors=n_colors, rng=np.random.default_rng(0))
    known = set(sampler._corners.tolist())
    for layer in sampler.layers:
        assert set(layer.seen.ravel()) <= known
        assert not known & set(layer.sites)
        assert len(layer.sites) * 4 >= layer.spacing
        y, x = np.divmod(layer.seen, size)
        y0, x0 = np.divmod(layer.sites, size)
        away = [(a - b + size // 2) % size - size // 2 for a, b in ((y, y0), (x, x0))]
        assert np.abs(away).max() <= (1 if layer.exact else 3) * layer.spacing
        for column in layer.seen.T:
            assert len(set(column)) == len(column), "no site twice, round the torus"
        known |= set(layer.sites.tolist())
    assert known == set(range(size**2))


def test_windows_have_the_sizes_that_one_counts_by_hand():
    sampler = MultilevelSampler(32, COUPLING, rng=np.random.default_rng(0))
    sizes = [len(layer.offsets) for layer in sampler.layers]
    assert sizes[-8:] == [16, 20, 24, 40, 16, 20, 4, 4]


def test_the_last_layers_are_the_model_itself():
    rng = np.random.default_rng(4)
    sampler = random_one(8, rng)
    last = sampler.layers[-2:]
    assert all(layer.exact for layer in last)
    spins, _ = sampler.sample(1, rng)
    field = sum(np.roll(spins[0], k, axis) for k in (1, -1) for axis in (0, 1))
    flat = spins.reshape(-1, 1).astype(np.float32)
    for layer in last:
        pull = layer.follow(flat[layer.seen].reshape(4, -1))[0]
        np.testing.assert_allclose(pull, COUPLING * field.flat[layer.sites], atol=1e-6)


def test_a_fit_of_the_last_layer_finds_the_coupling(exact_law):
    rng = np.random.default_rng(5)
    layer = MultilevelSampler(4, COUPLING, rng=rng).layers[-1]
    layer.weights[:] = 0.1
    cumulated = np.cumsum(exact_law) / exact_law.sum()
    _fit(layer, STATES.reshape(-1, 16), cumulated, 2000, rng)
    assert layer.shells.tolist() == [0, 0, 0, 0]
    assert abs(layer.weights[0] - COUPLING) < 0.01  # examples: two million, in a falling average


def test_a_fit_comes_close_to_the_exact_law(fitted, exact_law):
    log_q = fitted.log_prob(STATES)
    divergence = exact_law @ (np.log(exact_law) - log_q)
    assert 0 <= divergence < 0.002
    # Worse by each part that is taken away.
    rng = np.random.default_rng(6)
    bath = MultilevelSampler(4, COUPLING, n_colors=1, window=1, n_hidden=0, rng=rng)
    bath.fit(STATES, n_steps=300, rng=rng, weights=exact_law)
    assert 0.01 < exact_law @ (np.log(exact_law) - bath.log_prob(STATES)) < 0.1


def test_the_mean_of_the_inverse_weight_over_true_samples_is_one_over_z(fitted, exact_law):
    inverse = np.exp(fitted.log_prob(STATES) + lattice_energy(STATES, COUPLING))
    log_z = torus_log_partition(4, COUPLING)
    assert abs(np.log(exact_law @ inverse) + log_z) < 1e-6


def test_what_is_drawn_has_the_probability_that_is_returned(fitted):
    spins, log_q = fitted.sample(1000, np.random.default_rng(7))
    np.testing.assert_allclose(log_q, fitted.log_prob(spins), atol=1e-5)
    np.testing.assert_allclose(log_q[5], fitted.log_prob(spins[5]), atol=1e-5)
    assert fitted.log_prob(spins.reshape(10, 100, 4, 4)).shape == (10, 100)


def test_the_gradient_is_that_of_finite_differences():
    rng = np.random.default_rng(8)
    layer = random_one(8, rng).layers[1]
    seen = rng.choice([-1, 1], size=(len(layer.seen), 5)).astype(np.float32)
    drawn = rng.choice([-1, 1], size=5).astype(np.float32)
    found = _gradient(layer, seen, drawn, _shell_sums(layer), np.argsort(layer.turned, axis=1))

    def likelihood():
        return -np.logaddexp(0, -2.0 * drawn * layer.follow(seen)[0]).mean()

    for part, slopes in zip((layer.weights, layer.amplitudes, layer.units), found, strict=True):
        wanted = np.empty(part.shape)
        for index in np.ndindex(part.shape):
            kept = part[index]
            ends = []
            for step in (2.0**-7, -(2.0**-7)):
                part[index] = kept + step
                ends.append(likelihood())
            part[index] = kept
            wanted[index] = (ends[0] - ends[1]) * 2**6
        assert np.abs(wanted).max() > 0.05
        np.testing.assert_allclose(slopes, wanted, atol=0.01 * np.abs(wanted).max())


def test_an_enlarged_sampler_takes_layers_that_see_the_same():
    rng = np.random.default_rng(9)
    small = random_one(32, rng)
    large = small.enlarge(rng=rng)
    assert large.size == 64
    source = {1: 1, 2: 2, 4: 4, 8: 4, 16: 8}  # a window of 3 * 4 does not go round a side of 32
    for k, layer in enumerate(large.layers):
        same = [other for other in small.layers if other.spacing == source[layer.spacing]][k % 4]
        np.testing.assert_array_equal(layer.weights, same.weights)
        np.testing.assert_array_equal(layer.units, same.units)
        np.testing.assert_array_equal(layer.amplitudes, same.amplitudes)
    np.testing.assert_array_equal(large.log_first, small.log_first)
    small.layers[0].weights[:] = 7
    assert large.layers[0].weights[0] != 7, "a copy"


def test_a_sampler_enlarges_from_the_smallest():
    rng = np.random.default_rng(10)
    sampler = MultilevelSampler(4, COUPLING, rng=rng).enlarge(rng=rng).enlarge(rng=rng)
    assert np.isfinite(sampler.sample(10, rng)[1]).all()


def test_weights_count():
    rng = np.random.default_rng(11)
    up, down = np.ones((1, 8, 8)), np.ones((1, 8, 8))
    down[0, ::2, ::2] *= -1
    sampler = MultilevelSampler(8, COUPLING, rng=rng)
    sampler.fit(np.concatenate([up, down]), n_steps=100, rng=rng, weights=[0.0, 1.0])
    assert sampler.log_prob(down) > sampler.log_prob(up) + 1


def test_the_law_of_the_first_four_has_their_symmetry():
    rng = np.random.default_rng(12)
    spins = np.ones((3, 8, 8))
    spins[0, 0, 0] = -1  # one corner down
    spins[1, 0] = -1  # two next to each other
    sampler = MultilevelSampler(8, COUPLING, rng=rng).fit(spins, n_steps=0, rng=rng)
    q = np.exp(sampler.log_first)
    assert abs(q.sum() - 1) < 1e-12
    # Half a sample for each of 16 states, and three samples: all alike, one unlike, neighbours.
    np.testing.assert_allclose(q[[0, 15]], (0.5 + 1 / 2) / 11)
    np.testing.assert_allclose(q[[1, 2, 4, 8, 7, 11, 13, 14]], (0.5 + 1 / 8) / 11)
    np.testing.assert_allclose(q[[3, 12, 5, 10]], (0.5 + 1 / 4) / 11)
    np.testing.assert_allclose(q[[6, 9]], 0.5 / 11)


def test_a_size_that_is_no_power_of_two_is_refused():
    with pytest.raises(ValueError, match="size must be a power of two, got 12"):
        MultilevelSampler(12, COUPLING, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="size must be at most 512"):
        MultilevelSampler(512, COUPLING, rng=np.random.default_rng(0)).enlarge(
            rng=np.random.default_rng(0)
        )
