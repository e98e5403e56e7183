r"""Adversarial networks on small images, penalties on their gradients, and a distance of samples.

A generator makes images of noise; a critic learns to tell them from data, and its gradient tells
the generator what to change. The penalties make that gradient small, or smooth from scale to scale.
"""

import sys

import numpy as np

from rgrbm._core import checks
from rgrbm._core.loading import load

__all__ = ["frechet_distance", "scale_dissimilarity", "train_adversaries"]

PENALTIES = ("none", "r1", "r2", "ms3d", "ms3d-normalized")
LARGEST_IMAGE = 1e10  # the networks have single precision


def scale_dissimilarity(field, levels, *, normalize=False):
    r"""Dissimilarity of a field and its block means, scale by scale.

    The field :math:`f_k` has the means of blocks of :math:`2^k \times 2^k` pixels in place of the
    pixels; :math:`f_0` is the field itself. Their dissimilarities are

    .. math::

        C_k = \tfrac12 \big\langle (f_k - f_{k+1})^2 \big\rangle , \qquad
        k = 0, \ldots, \text{levels} - 1 ,

    with the mean over all pixels.

    Parameters
    ----------
    field : array_like, shape (..., height, width)
        Both sides are multiples of 2**levels. At most 1e100 in size. An array of JAX may be traced
        and differentiated; its values are not checked.
    levels : int
        At least 1.
    normalize : bool, optional
        Divide by the mean square of the field; a field of zeros then gives 0.

    Returns
    -------
    dissimilarity : ndarray of float64, shape (..., levels)
        Its sum over the last axis is the structural complexity of :cite:t:`bagrov2020`. An array of
        JAX for one of JAX.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Notes
    -----
    The block means are nested projections, so the sum is half the energy of what the largest
    blocks do not hold: :math:`\sum_k C_k = \tfrac12 (\langle f_0^2 \rangle - \langle f_L^2
    \rangle)` for L levels.

    Examples
    --------
    A checkerboard has all its structure below blocks of two.

    >>> board = np.indices((8, 8)).sum(axis=0) % 2
    >>> scale_dissimilarity(board, 2)
    array([0.125, 0.   ])
    """
    levels = checks.integer("levels", levels, 1, 60)
    checks.flag("normalize", normalize)
    field = 1.0 * field if _traced(field) else checks.array("field", field, (..., None, None))
    if field.ndim < 2 or any(side % 2**levels for side in field.shape[-2:]):
        raise ValueError(
            f"field must have sides that are multiples of 2**levels = {2**levels}, "
            f"got the shape {field.shape}"
        )
    found = _dissimilarity
    if _traced(field):  # all at once: JAX compiles each operation by itself otherwise
        found = sys.modules["jax"].jit(found, static_argnums=(1, 2))
    return found(field, levels, normalize)


def _dissimilarity(field, levels, normalize):
    found, means = [], field
    for _ in range(levels):
        height, width = means.shape[-2] // 2, means.shape[-1] // 2
        blocks = means.reshape(*means.shape[:-2], height, 2, width, 2)
        means = blocks.mean(axis=(-3, -1))
        details = blocks - means[..., :, None, :, None]
        found.append((details**2).mean(axis=(-4, -3, -2, -1)) / 2)
    library = field.__array_namespace__()
    dissimilarity = library.stack(found, axis=-1)
    if normalize:
        energy = (field**2).mean(axis=(-2, -1))[..., None]
        dissimilarity = dissimilarity / library.where(energy > 0, energy, 1.0)
    return dissimilarity


def frechet_distance(a, b):
    r"""Frechet distance of two samples, each replaced by a Gaussian law.

    .. math::

        |\mu_a - \mu_b|^2 + \operatorname{tr} \big( A + B - 2 (A B)^{1/2} \big)

    with the means and the covariances A, B of the samples: the squared Wasserstein distance of the
    two Gaussian laws. On features of a network of images it is called FID :cite:p:`heusel2017`.

    Parameters
    ----------
    a, b : array_like, shapes (n, d) and (m, d)
        At least two rows in each; n and m may differ.

    Returns
    -------
    distance : float
        In the squared unit of the samples; not below 0. Rounding is of the order of 1e-16 of the
        largest number in the formula.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Notes
    -----
    With factors :math:`A = R_a^T R_a`, the trace of the root is the sum of the singular values of
    :math:`R_a R_b^T`. So no root of a small negative number is taken, and singular covariances are
    no exception. Samples of one law have a distance above 0, the larger the fewer they are.

    Examples
    --------
    The same cloud, moved by one along each axis:

    >>> a = np.array([[0, 0], [0, 2], [2, 0], [2, 2]])
    >>> round(frechet_distance(a, a + 1), 6)
    2.0
    """
    a = checks.array("a", a, (None, None))
    b = checks.array("b", b, (None, None))
    if a.shape[1] != b.shape[1]:
        raise ValueError(f"a and b must have as many columns, got {a.shape[1]} and {b.shape[1]}")
    for name, sample in (("a", a), ("b", b)):
        if len(sample) < 2:
            raise ValueError(f"{name} must have at least two rows, got {len(sample)}")
    scale = max(np.abs(a).max(), np.abs(b).max()) or 1.0  # no squares overflow
    a, b = a / scale, b / scale
    root_a, root_b = (
        np.linalg.qr(sample - sample.mean(axis=0), mode="r") / np.sqrt(len(sample) - 1)
        for sample in (a, b)
    )
    shift = ((a.mean(axis=0) - b.mean(axis=0)) ** 2).sum()
    shared = np.linalg.svd(root_a @ root_b.T, compute_uv=False).sum()
    return float(max(shift + (root_a**2).sum() + (root_b**2).sum() - 2 * shared, 0) * scale**2)


def train_adversaries(
    images,
    *,
    penalty="none",
    weight=1.0,
    levels=2,
    n_steps=2400,
    batch_size=64,
    learning_rate=1e-3,
    rng,
):
    r"""Train a generator and a critic against each other, with a penalty on the critic's gradient.

    Both are dense networks with two hidden layers of SiLU units, of 64 and 128 in the generator and
    128 and 64 in the critic. The critic gives a number f, and calls an image real with the
    probability :math:`\sigma(f)`. It maximises the mean log-probability of being right, less
    `weight` times the penalty; the generator maximises the mean of :math:`\ln \sigma(f)` over its
    own images, which it makes of 32 normal numbers each.

    Parameters
    ----------
    images : array_like, shape (n, height, width)
        Grey levels from 0 to 1; at least two images of at most 4096 pixels.
    penalty : str, optional
        Of the gradient g of f with respect to an image of d pixels. ``"none"``; ``"r1"``: half the
        mean of :math:`|g|^2` at images of the data :cite:p:`mescheder2018`; ``"r2"``: the same at
        images of the generator; ``"ms3d"``: d times the sum of `scale_dissimilarity` of g at images
        of the generator, which is ``"r2"`` without what the largest blocks hold;
        ``"ms3d-normalized"``: the sum of the normalised dissimilarity there.
    weight : float, optional
        Of the penalty; at least 0.
    levels : int, optional
        Of the dissimilarity; the sides are multiples of 2**levels.
    n_steps, batch_size : int, optional
        Steps, each of the critic and of the generator, and images in a batch; at least 1.
    learning_rate : float, optional
        Of Adam, above 0; its first moment decays by 0.5 in a step and its second by 0.99.
    rng : numpy.random.Generator

    Returns
    -------
    adversaries : Adversaries
        ``adversaries.generate(n_images, rng)`` gives new images, ``adversaries.critic(images)``
        the numbers f, and ``adversaries.gradient(images)`` their gradients. `losses` (n_steps, 2)
        has the losses of the critic, without the penalty, and of the generator; `sizes` (n_steps,)
        has `weight` times the penalty. `generator_layers` and `critic_layers` are lists of weights
        and biases.

    Raises
    ------
    ImportError
        If JAX or optax is not installed.
    FloatingPointError
        If the training has led to numbers that are not finite.
    ValueError, TypeError
        If an argument is not as described.

    Notes
    -----
    ``"ms3d"`` is a reconstruction from the abstract of :cite:t:`wang2024`. The units are smooth
    because the penalties are differentiated with respect to the weights: with rectifiers the second
    derivative of f with respect to the image is 0 almost everywhere. The same generator gives the
    same networks on one machine; another processor rounds otherwise, and soon they differ.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> images = rng.random((50, 4, 4))
    >>> trained = train_adversaries(images, penalty="r1", n_steps=20, rng=rng)
    >>> trained.generate(3, rng).shape, trained.sizes.shape
    ((3, 4, 4), (20,))
    """
    images = checks.array("images", images, (None, None, None))
    if len(images) < 2:
        raise ValueError(f"images must be at least two, got {len(images)}")
    if images.min() < 0 or images.max() > 1:
        raise ValueError("images must have grey levels from 0 to 1")
    if images[0].size > 4096:
        raise ValueError(f"images must have at most 4096 pixels, got {images[0].size}")
    penalty = checks.choice("penalty", penalty, PENALTIES)
    weight = checks.real("weight", weight, 0, 1e10)
    levels = checks.integer("levels", levels, 1, 12)
    if any(side % 2**levels for side in images.shape[1:]):
        raise ValueError(
            f"images must have sides that are multiples of 2**levels = {2**levels}, "
            f"got the shape {images.shape}"
        )
    n_steps = checks.integer("n_steps", n_steps, 1)
    batch_size = checks.integer("batch_size", batch_size, 1)
    checks.size("n_steps and batch_size", n_steps, batch_size)
    checks.size("n_steps and batch_size", n_steps + batch_size, images[0].size)
    learning_rate = checks.real("learning_rate", learning_rate, 0, 1e10, above=True)
    checks.generator(rng)
    networks = _networks()
    generator, critic, losses, sizes = networks.train(
        networks.jax.random.key(int(rng.integers(2**31))),
        np.float32(images),
        np.float32(weight),
        np.float32(learning_rate),
        penalty=penalty,
        levels=levels,
        n_steps=n_steps,
        batch_size=batch_size,
    )
    generator, critic = (
        [tuple(np.asarray(part) for part in layer) for layer in layers]
        for layers in (generator, critic)
    )
    losses, sizes = (np.asarray(found, dtype=np.float64) for found in (losses, sizes))
    parts = [losses, sizes, *sum(generator + critic, ())]
    if not all(np.isfinite(part).all() for part in parts):
        raise FloatingPointError("the training has diverged: try a smaller learning_rate")
    return Adversaries(generator, critic, losses, sizes, images.shape[1:])


class Adversaries:
    """A generator and a critic that were trained together; `train_adversaries` makes them."""

    def __init__(self, generator_layers, critic_layers, losses, sizes, shape):
        self.generator_layers, self.critic_layers = generator_layers, critic_layers
        self.losses, self.sizes, self.shape = losses, sizes, shape

    def generate(self, n_images, rng):
        n_images = checks.integer("n_images", n_images, 1)
        checks.size("n_images", n_images, *self.shape)
        latent = checks.generator(rng).normal(size=(n_images, len(self.generator_layers[0][0])))
        images = _networks().generated(self.generator_layers, np.float32(latent))
        return np.asarray(images, dtype=np.float64).reshape(n_images, *self.shape)

    def critic(self, images):
        found = _networks().values(self.critic_layers, self._checked(images))
        return np.asarray(found, dtype=np.float64)

    def gradient(self, images):
        found = _networks().gradients(self.critic_layers, self._checked(images))
        return np.asarray(found, dtype=np.float64)

    def _checked(self, images):
        images = checks.array("images", images, (None, *self.shape))
        if np.abs(images).max() > LARGEST_IMAGE:
            raise ValueError(f"images must be at most {LARGEST_IMAGE:g} in size, got larger ones")
        return np.float32(images)


def _traced(field):
    """Whether it is an array of JAX, which is not imported to find out."""
    jax = sys.modules.get("jax")
    return jax is not None and isinstance(field, jax.Array)


def _networks():
    return load("rgrbm.networks._adversarial_networks", "book")
