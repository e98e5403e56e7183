"""Block means of fields, distances of samples, and networks whose gradients are penalised."""

import subprocess
import sys

import numpy as np
import pytest
from scipy.linalg import sqrtm

from rgrbm.ising import enumerate_lattice
from rgrbm.networks import frechet_distance, scale_dissimilarity, train_adversaries
from rgrbm.transfer_matrix import torus_thermodynamics, total_spin_law

RNG = np.random.default_rng(0)


def block_means(field, block):
    """Means over blocks, each in the place of its pixels, with plain loops."""
    found = np.empty(np.shape(field))
    for y in range(0, found.shape[0], block):
        for x in range(0, found.shape[1], block):
            here = np.s_[y : y + block, x : x + block]
            found[here] = np.mean(field[here])
    return found


@pytest.mark.parametrize(("shape", "levels"), [((8, 8), 1), ((8, 8), 3), ((8, 12), 2)])
def test_it_is_the_overlap_of_scales_by_plain_loops(shape, levels):
    """The overlaps of Bagrov et al. are written out; the mean square is what they come to."""
    field = RNG.normal(1, 1, size=shape)
    wanted = []
    for k in range(levels):
        fine, coarse = block_means(field, 2**k), block_means(field, 2 ** (k + 1))
        overlap, own = (fine * coarse).mean(), ((fine**2).mean() + (coarse**2).mean()) / 2
        wanted.append(abs(overlap - own))
        assert abs(wanted[-1] - ((fine - coarse) ** 2).mean() / 2) < 1e-14
    found = scale_dissimilarity(np.stack([field, 2 * field]), levels)
    np.testing.assert_allclose(found, [wanted, 4 * np.array(wanted)], rtol=1e-12)
    whole = scale_dissimilarity(field, levels, normalize=True)
    np.testing.assert_allclose(whole, wanted / (field**2).mean(), rtol=1e-12)


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_the_sum_is_half_the_energy_of_the_haar_details(levels):
    field = RNG.normal(size=(16, 8))
    energy = (field**2).mean() - (block_means(field, 2**levels) ** 2).mean()
    assert abs(scale_dissimilarity(field, levels).sum() - energy / 2) < 1e-14


def test_what_is_constant_on_the_largest_blocks_gives_nothing():
    assert (scale_dissimilarity(np.full((8, 8), 3.0), 3) == 0).all()
    blocks = RNG.normal(size=(2, 2)).repeat(4, axis=0).repeat(4, axis=1)
    assert scale_dissimilarity(blocks, 2).max() < 1e-30
    assert scale_dissimilarity(blocks, 3)[2] > 0.01
    assert (scale_dissimilarity(np.zeros((4, 4)), 2, normalize=True) == 0).all()


def test_white_noise_has_three_quarters_of_what_is_left_at_each_scale():
    found = scale_dissimilarity(RNG.normal(size=(40_000, 8, 8)), 2)
    error = found.std(axis=0) / np.sqrt(len(found))
    assert (np.abs(found.mean(axis=0) - [3 / 8, 3 / 32]) < 4.5 * error).all()
    assert error.max() < 1e-3


def test_the_normalised_form_sees_no_size_and_no_phase():
    field = RNG.normal(size=(8, 8))
    once = scale_dissimilarity(field, 2, normalize=True)
    np.testing.assert_allclose(
        scale_dissimilarity(-1e-5 * field, 2, normalize=True), once, rtol=1e-12
    )
    delta = np.zeros((8, 8))
    delta[2, 5] = 7.0
    np.testing.assert_allclose(
        scale_dissimilarity(delta, 2, normalize=True), [3 / 8, 3 / 32], rtol=1e-14
    )


def test_a_shift_by_the_largest_block_changes_nothing_and_one_by_a_pixel_does():
    field = RNG.normal(size=(8, 8)).cumsum(axis=1)
    once = scale_dissimilarity(field, 2)
    np.testing.assert_allclose(scale_dissimilarity(np.roll(field, 4, 1), 2), once, rtol=1e-12)
    assert np.abs(scale_dissimilarity(np.roll(field, 1, 1), 2) - once).min() > 1e-3


def test_on_the_ising_model_it_is_known_exactly():
    """All scales together are (1 - <m^2>)/2; the first one needs energy and diagonals."""
    spins = enumerate_lattice(4).astype(float)
    bonds = (spins * (np.roll(spins, 1, axis=1) + np.roll(spins, 1, axis=2))).mean(axis=(1, 2))
    law = np.exp(0.4 * 16 * bonds)
    law /= law.sum()
    found = law @ scale_dissimilarity(spins, 2)
    square = total_spin_law(4, 0.4) @ (np.linspace(-1, 1, 17) ** 2)
    assert abs(found.sum() - (1 - square) / 2) < 1e-12
    bond = -torus_thermodynamics(4, 0.4)[1] / 2
    across = law @ (spins * np.roll(spins, (1, 1), axis=(1, 2))).mean(axis=(1, 2))
    assert abs(found[0] - (3 / 4 - bond / 2 - across / 4) / 2) < 1e-12


def test_jax_and_numpy_give_the_same_and_jax_its_derivative():
    jax = pytest.importorskip("jax")
    field = RNG.normal(size=(3, 8, 8))
    for normalize in (False, True):
        numpy_found = scale_dissimilarity(field, 2, normalize=normalize)
        found = jax.jit(lambda x, n=normalize: scale_dissimilarity(x, 2, normalize=n))(field)
        assert isinstance(found, jax.Array)
        np.testing.assert_allclose(found, numpy_found, rtol=1e-5)
    slope = jax.grad(lambda x: scale_dissimilarity(x, 2).sum())(jax.numpy.asarray(field[0]))
    np.testing.assert_allclose(slope, (field[0] - block_means(field[0], 4)) / 64, atol=1e-6)
    for value in (np.zeros((4, 4)), np.eye(4, dtype=int)):
        turned = jax.numpy.asarray(value)
        slope = jax.grad(lambda x: scale_dissimilarity(x, 1, normalize=True).sum())(1.0 * turned)
        assert np.isfinite(slope).all()
        np.testing.assert_allclose(
            scale_dissimilarity(turned, 1, normalize=True),
            scale_dissimilarity(value, 1, normalize=True),
        )
    for shape in ((8, 6), (8,)):
        with pytest.raises(ValueError, match="multiples of 2"):
            scale_dissimilarity(jax.numpy.ones(shape), 2)


@pytest.mark.parametrize("shape", [(6, 8), (8, 6)])
def test_sides_that_do_not_divide_are_refused(shape):
    with pytest.raises(ValueError, match="field must have sides that are multiples of 2"):
        scale_dissimilarity(np.ones(shape), 2)
    with pytest.raises(ValueError, match="images must have sides that are multiples of 2"):
        train_adversaries(np.ones((2, *shape)), levels=2, rng=np.random.default_rng(0))


def test_levels_and_pixels_have_bounds():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="multiples"):
        scale_dissimilarity(np.ones((4, 4)), 60)
    for levels in (0, 61):
        with pytest.raises(ValueError, match="levels must be"):
            scale_dissimilarity(np.ones((4, 4)), levels)
    with pytest.raises(ValueError, match="multiples"):
        train_adversaries(np.ones((2, 4, 4)), levels=12, rng=rng)
    for levels in (0, 13):
        with pytest.raises(ValueError, match="levels must be"):
            train_adversaries(np.ones((2, 4, 4)), levels=levels, rng=rng)
    with pytest.raises(ValueError, match="at most 4096 pixels, got 4098"):
        train_adversaries(np.ones((2, 2, 2049)), levels=1, rng=rng)
    with pytest.raises(ValueError, match="multiples"):  # as many pixels as there may be
        train_adversaries(np.ones((2, 64, 64)), levels=7, rng=rng)


def test_the_distance_is_the_formula_with_a_matrix_root():
    a = RNG.normal(size=(50, 5)) @ RNG.normal(size=(5, 5)) + 1
    b = RNG.normal(size=(70, 5))
    first, second = np.cov(a.T), np.cov(b.T)
    wanted = ((a.mean(axis=0) - b.mean(axis=0)) ** 2).sum()
    wanted += np.trace(first + second - 2 * sqrtm(first @ second).real)
    assert abs(frechet_distance(a, b) - wanted) < 1e-10
    assert abs(frechet_distance(b, a) - wanted) < 1e-10
    assert abs(frechet_distance(30 * a, 30 * b) - 900 * wanted) < 1e-7


def test_the_distance_of_commuting_laws_and_of_singular_ones():
    a = RNG.normal(size=(40, 3)) * [1, 5, 0]
    spread = a.std(axis=0, ddof=1)
    assert abs(frechet_distance(a, 2 * a - a.mean(axis=0)) - (spread**2).sum()) < 1e-12
    assert frechet_distance(a, a) < 1e-13
    points = np.eye(2, 9)  # two points in nine dimensions, on different axes of each
    assert abs(frechet_distance(points, np.roll(points, 2, axis=1)) - (1 + 1 + 1)) < 1e-12
    assert frechet_distance(np.zeros((2, 3)), np.zeros((2, 3))) == 0
    assert abs(frechet_distance(1e60 * a, 2e60 * a) / 1e120 - frechet_distance(a, 2 * a)) < 1e-10
    for wrong in ((a[:1], a), (a, a[:1])):
        with pytest.raises(ValueError, match="at least two rows"):
            frechet_distance(*wrong)


def tiny(penalty, **options):
    rng = np.random.default_rng(0)
    options = {"n_steps": 3, "batch_size": 8, "levels": 1, "rng": rng} | options
    return train_adversaries(rng.random((20, 4, 6)), penalty=penalty, **options)


@pytest.mark.slow
def test_gradients_of_the_critic_are_differences_of_its_values():
    pytest.importorskip("optax")
    trained = tiny("none", n_steps=200)
    images = RNG.random((3, 4, 6))
    slopes, h = trained.gradient(images), 1e-2  # single precision
    for y, x in ((0, 0), (3, 5), (1, 4)):
        unit = np.zeros((4, 6))
        unit[y, x] = h
        change = trained.critic(images + unit) - trained.critic(images - unit)
        np.testing.assert_allclose(slopes[:, y, x], change / (2 * h), rtol=1e-2, atol=1e-3)
    assert np.abs(slopes).max() > 0.05
    made = trained.generate(5, np.random.default_rng(1))
    assert made.shape == (5, 4, 6)
    assert made.min() >= 0
    assert made.max() <= 1
    assert made.std(axis=0).min() > 0
    np.testing.assert_array_equal(made, trained.generate(5, np.random.default_rng(1)))
    assert np.isfinite(trained.critic(np.full((1, 4, 6), 1e10)))
    with pytest.raises(ValueError, match="at most 1e\\+10"):
        trained.critic(np.full((1, 4, 6), 1e10 + 1))


IN_DOUBLE_PRECISION = """
import jax, numpy as np
from jax.flatten_util import ravel_pytree
jax.config.update("jax_enable_x64", True)
from rgrbm.networks import _adversarial_networks as nets

rng = np.random.default_rng(0)
sizes = (16, 5, 4, 1)
layers = [(rng.normal(size=(n, m)), rng.normal(size=m)) for n, m in zip(sizes, sizes[1:])]
real, fake = rng.random((2, 3, 4, 4))
flat, back = ravel_pytree(layers)
flat = np.array(flat)
critic_loss = jax.jit(nets.critic_loss, static_argnums=(4, 5))
plain = critic_loss(layers, real, fake, 0.7, "none", 2)[0]
real_part = np.log1p(np.exp(-np.array(nets.values(layers, real)))).mean()
fake_part = np.log1p(np.exp(np.array(nets.values(layers, fake)))).mean()
assert abs(plain - real_part - fake_part) < 1e-12
for penalty in "r1", "r2", "ms3d", "ms3d-normalized":
    @jax.jit
    @jax.value_and_grad
    def loss(vector):
        return nets.critic_loss(back(vector), real, fake, 0.7, penalty, 2)[0]

    found, slope = map(np.array, loss(flat))
    h = 1e-5
    for i in range(0, len(flat), 7):
        unit = h * np.eye(len(flat))[i]
        change = float(loss(flat + unit)[0] - loss(flat - unit)[0]) / (2 * h)
        assert abs(slope[i] - change) < 1e-7 * (1 + abs(change)), (penalty, i, slope[i], change)
    field = np.array(nets.gradients(layers, real if penalty == "r1" else fake))
    detail = field - field.mean(axis=(1, 2), keepdims=True)
    size = {
        "ms3d": (detail**2).sum() / 6,
        "ms3d-normalized": ((detail**2).mean((1, 2)) / (field**2).mean((1, 2))).mean() / 2,
    }.get(penalty, (field**2).sum() / 6)
    assert abs(found - plain - 0.7 * size) < 1e-12, penalty
    print(penalty)
"""


@pytest.mark.slow
def test_double_backpropagation_is_right_in_double_precision():
    """The derivative of each penalty with respect to the weights, against differences."""
    pytest.importorskip("optax")
    command = [sys.executable, "-c", IN_DOUBLE_PRECISION]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["r1", "r2", "ms3d", "ms3d-normalized"]


@pytest.mark.slow
def test_penalties_do_what_they_say_to_the_gradient():
    pytest.importorskip("optax")
    images = np.random.default_rng(1).random((30, 8, 8)) ** 3
    found = {}
    for penalty, weight in (("none", 1), ("r1", 1), ("r2", 1), ("ms3d", 1), ("ms3d-normalized", 5)):
        rng = np.random.default_rng(0)
        trained = train_adversaries(images, penalty=penalty, weight=weight, n_steps=400, rng=rng)
        field = trained.gradient(trained.generate(200, rng))
        parts = scale_dissimilarity(field, 2).sum(axis=-1).mean()
        found[penalty] = (field**2).mean(), parts / (field**2).mean()
        assert trained.losses.shape == (400, 2)
        assert (trained.sizes == 0).all() == (penalty == "none")
    for penalty in ("r1", "r2", "ms3d"):
        assert found[penalty][0] < 0.3 * found["none"][0]
    assert found["ms3d-normalized"][1] < 0.3 * found["none"][1]


@pytest.mark.slow
def test_without_a_penalty_the_weight_and_the_levels_do_not_matter():
    pytest.importorskip("optax")
    first, second = tiny("none"), tiny("none", weight=7.0, levels=1)
    np.testing.assert_array_equal(first.critic_layers[0][0], second.critic_layers[0][0])
    third = tiny("r1", weight=0.0)
    np.testing.assert_allclose(first.critic_layers[0][0], third.critic_layers[0][0], atol=1e-5)
    fourth = tiny("none", rng=np.random.default_rng(5))
    assert (first.critic_layers[0][0] != fourth.critic_layers[0][0]).any()
    assert len(first.generator_layers[0][0]) == 32
    first_sizes = tiny("r1").sizes[0], tiny("r1", weight=2e-3).sizes[0]
    np.testing.assert_allclose(first_sizes[0] / first_sizes[1], 500, rtol=1e-4)


@pytest.mark.slow
def test_the_generator_learns_the_mean_and_the_spread():
    """Images with one number in them: how much brighter the left side is."""
    pytest.importorskip("optax")
    rng = np.random.default_rng(0)
    tilt = np.ones((4, 4)) * [1, 1, -1, -1]
    images = 0.5 + 0.3 * rng.uniform(-1, 1, size=(200, 1, 1)) * tilt
    trained = train_adversaries(images, penalty="r1", weight=0.1, n_steps=1500, rng=rng)
    made = trained.generate(2000, rng)
    flat, noise = images.reshape(200, -1), rng.random((2000, 16))
    distance = frechet_distance(made.reshape(2000, -1), flat)
    assert distance < 0.1 * frechet_distance(flat.mean(axis=0) + 0 * noise, flat)
    assert distance < 0.1 * frechet_distance(noise, flat)


@pytest.mark.slow
def test_a_training_that_diverges_is_told():
    pytest.importorskip("optax")
    with pytest.raises(FloatingPointError, match="diverged"):
        tiny("r1", n_steps=60, learning_rate=1e10)


def test_images_that_do_not_fit_are_refused():
    rng = np.random.default_rng(0)
    for images, words in (
        (np.full((3, 4, 4), 1.01), "grey levels"),
        (np.full((3, 4, 4), -0.01), "grey levels"),
        (np.ones((1, 4, 4)), "at least two"),
        (np.ones((2, 64, 68)), "at most 4096 pixels"),
    ):
        with pytest.raises(ValueError, match=words):
            train_adversaries(images, rng=rng)


def test_without_jax_the_distances_work_and_training_says_what_to_install():
    code = """
import sys
sys.modules["jax"] = None
import numpy as np
from rgrbm.networks import frechet_distance, scale_dissimilarity, train_adversaries
assert scale_dissimilarity(np.eye(4), 1).shape == (1,)
assert frechet_distance(np.eye(3), np.eye(3)) < 1e-13
try:
    train_adversaries(np.ones((2, 4, 4)), rng=np.random.default_rng(0))
except ImportError as error:
    assert "rgrbm[book]" in str(error)
else:
    raise AssertionError
"""
    subprocess.run([sys.executable, "-c", code], check=True)
