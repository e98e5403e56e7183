"""Bases: orthonormal, inverse to themselves, and what their first vectors are."""

import numpy as np
import pytest

from rgrbm.networks import Basis


def some_covariance(size, seed=0):
    roots = np.random.default_rng(seed).normal(size=(size, size + 3))
    return roots @ roots.T / size


SHAPES = [(1,), (2,), (8,), (4, 4), (2, 2, 2)]
KINDS = ["pixel", "pca", "fourier", "haar"]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("whiten", [False, True])
def test_a_basis_is_orthonormal_and_goes_back(kind, shape, whiten):
    size = int(np.prod(shape))
    covariance = some_covariance(size)
    mean = np.random.default_rng(1).normal(size=shape)
    basis = Basis(kind, shape, mean=mean, covariance=covariance, whiten=whiten)
    np.testing.assert_allclose(basis.matrix @ basis.matrix.T, np.eye(size), atol=1e-12)
    fields = np.random.default_rng(2).normal(size=(5, *shape))
    states = basis.forward(fields)
    np.testing.assert_allclose(basis.inverse(states), fields, atol=1e-12)
    jacobian = basis.matrix / basis.scale[:, None]
    assert abs(basis.log_det - np.linalg.slogdet(jacobian)[1]) < 1e-10
    flat = (fields - mean).reshape(5, size)
    np.testing.assert_allclose(states, flat @ jacobian.T, atol=1e-12)
    turned = basis.transform_covariance(covariance)
    np.testing.assert_allclose(turned, jacobian @ covariance @ jacobian.T, atol=1e-10)
    if whiten:
        np.testing.assert_allclose(np.diag(turned), 1, atol=1e-12)
    assert len(basis.labels) == size


def test_the_hartley_transform_is_its_formula_and_symmetric():
    basis = Basis("fourier", (6,))
    k = np.arange(6)
    phase = 2 * np.pi * np.outer(k, k) / 6
    np.testing.assert_allclose(
        basis.matrix, (np.cos(phase) + np.sin(phase)) / np.sqrt(6), atol=1e-12
    )
    np.testing.assert_allclose(basis.labels, 2 * abs(np.sin(np.pi * k / 6)), atol=1e-12)
    square = Basis("fourier", (4, 4))
    np.testing.assert_allclose(square.matrix, square.matrix.T, atol=1e-12)
    assert square.labels[0] == 0
    assert abs(square.labels.max() - np.sqrt(8)) < 1e-12


def test_waves_diagonalise_what_is_the_same_everywhere():
    correlations = np.exp(-np.minimum(np.arange(8), 8 - np.arange(8)) / 2.0)
    covariance = correlations[(np.arange(8)[:, None] - np.arange(8)) % 8]
    turned = Basis("fourier", (8,)).transform_covariance(covariance)
    np.testing.assert_allclose(turned, np.diag(np.fft.fft(correlations).real), atol=1e-12)


@pytest.mark.parametrize("shape", [(8,), (8, 8), (4, 4, 4)])
def test_haar_vectors_hold_means_of_blocks(shape):
    basis = Basis("haar", shape)
    fields = np.random.default_rng(0).normal(size=(3, *shape))
    # Without the finest differences, a field is the mean of its smallest blocks.
    states = basis.forward(fields) * (basis.labels < basis.labels.max())
    blurred = basis.inverse(states)
    axes = len(shape)
    split = fields.reshape(3, *[shape[0] // 2, 2] * axes)
    means = split.mean(axis=tuple(range(2, 2 * axes + 1, 2)), keepdims=True)
    expected = np.broadcast_to(means, split.shape).reshape(fields.shape)
    np.testing.assert_allclose(blurred, expected, atol=1e-12)
    whole = basis.forward(fields)[:, 0]
    np.testing.assert_allclose(
        whole, fields.reshape(3, -1).sum(axis=1) / np.sqrt(fields[0].size), atol=1e-12
    )


def test_principal_components_come_in_order():
    covariance = some_covariance(6)
    turned = Basis("pca", (6,), covariance=covariance).transform_covariance(covariance)
    assert np.all(np.diff(np.diag(turned)) < 0)
    np.testing.assert_allclose(turned, np.diag(np.diag(turned)), atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_data_are_centred_and_whitened(kind):
    data = np.random.default_rng(0).normal(size=(50, 4)) @ some_covariance(4) + 3
    basis = Basis.from_data(kind, data, whiten=True)
    states = basis.forward(data)
    np.testing.assert_allclose(states.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(states.std(axis=0, ddof=1), 1, atol=1e-12)
    assert np.all(Basis.from_data(kind, data).scale == 1)


def test_what_is_no_basis_is_refused():
    with pytest.raises(ValueError, match="shape must have one power of two"):
        Basis("haar", (6,))
    with pytest.raises(ValueError, match="shape must have one power of two"):
        Basis("haar", (4, 2))
    with pytest.raises(ValueError, match="covariance must be given"):
        Basis("pca", (4,))
    with pytest.raises(ValueError, match="covariance must be given"):
        Basis("pixel", (4,), whiten=True)
    with pytest.raises(ValueError, match="positive"):
        Basis("pca", (2,), covariance=[[1.0, 2.0], [2.0, 1.0]])
    with pytest.raises(ValueError, match="symmetric"):
        Basis("pca", (2,), covariance=[[1.0, 0.2], [0.1, 1.0]])
    with pytest.raises(ValueError, match="data must have a positive covariance"):
        Basis.from_data("pca", [[1.0, 2.0, 3.0], [2.0, 1.0, 0.0]])
