r"""Fields in a basis: pixels, waves, wavelets, or principal components, with a scale for each.

A field x becomes the components w = U (x - mean) / scale, with an orthonormal matrix U. A network
or a noise schedule that treats components one by one treats other things in each basis.
"""

import math

import numpy as np

from rgrbm._core import checks

__all__ = ["Basis"]

KINDS = ("pixel", "pca", "fourier", "haar")
LARGEST_DIMENSION = 4096


class Basis:
    r"""An orthonormal basis of fields, a mean to subtract, and a scale for each component.

    Parameters
    ----------
    kind : str
        ``"pixel"``: the field as it is. ``"fourier"``: waves, by the real Hartley transform, whose
        wave k is :math:`(\cos kx + \sin kx)/\sqrt{d}`. ``"haar"``: the mean of the whole field,
        then differences of means of ever smaller blocks; all sides are one power of two.
        ``"pca"``: the eigenvectors of the covariance, the largest eigenvalue first.
    shape : tuple of int
        Of a field; at most 4096 numbers in it.
    mean : array_like of this shape, optional
        What is subtracted; by default nothing.
    covariance : array_like, shape (d, d), optional
        Of the d numbers of a field; needed for ``"pca"``, and to whiten.
    whiten : bool, optional
        Divide each component by its standard deviation. That chooses the prior: noise of unit
        variance in each component is a field with these variances.

    Attributes
    ----------
    matrix : ndarray of float64, shape (d, d)
        U, one basis vector in each row.
    mean, scale : ndarray of float64, shape (d,)
        Of the pixels; of the components.
    labels : ndarray of float64, shape (d,)
        The order from coarse to fine: for waves, the wave number
        :math:`\sqrt{\sum 4 \sin^2 (k/2)}` of the lattice; for wavelets, 0 for the mean, then 1, 2,
        ... as the blocks get smaller; for principal components, their rank; for pixels, their
        number.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described; if the covariance is not symmetric and positive.

    Examples
    --------
    >>> basis = Basis("haar", (4,))
    >>> basis.forward([[1.0, 1.0, 3.0, 3.0]]).round(9) + 0.0  # no difference inside a pair
    array([[ 4., -2.,  0.,  0.]])
    """

    def __init__(self, kind, shape, *, mean=None, covariance=None, whiten=False):
        kind = checks.choice("kind", kind, KINDS)
        self.shape = _shape(shape)
        size = math.prod(self.shape)
        whiten = checks.flag("whiten", whiten)
        self.kind = kind
        self.mean = np.zeros(size)
        if mean is not None:
            self.mean = checks.array("mean", mean, self.shape).ravel()
        if covariance is not None:
            covariance = positive_matrix("covariance", covariance, size)
        elif whiten or kind == "pca":
            raise ValueError("covariance must be given for principal components, and to whiten")
        if kind == "pixel":
            self.matrix, self.labels = np.eye(size), np.arange(float(size))
        elif kind == "fourier":
            self.matrix, self.labels = _hartley(self.shape)
        elif kind == "haar":
            self.matrix, self.labels = _haar(self.shape)
        else:
            self.matrix = _signed(np.linalg.eigh(covariance)[1].T[::-1])
            self.labels = np.arange(float(size))
        self.scale = np.ones(size)
        if whiten:
            self.scale = np.sqrt(np.diag(self.matrix @ covariance @ self.matrix.T))

    @classmethod
    def from_data(cls, kind, data, *, whiten=False):
        """Make a basis with the mean and the covariance of data.

        Parameters
        ----------
        kind, whiten
            As of the class.
        data : array_like, shape (n_samples, ...)
            At least two fields.

        Returns
        -------
        basis : Basis

        Raises
        ------
        ValueError, TypeError
            As the class; if there are too few data for a positive covariance.

        Examples
        --------
        >>> data = np.random.default_rng(0).normal(size=(100, 8))
        >>> states = Basis.from_data("fourier", data, whiten=True).forward(data)
        >>> bool(np.allclose(states.std(axis=0, ddof=1), 1))
        True
        """
        kind = checks.choice("kind", kind, KINDS)
        whiten = checks.flag("whiten", whiten)
        data = checks.array("data", data)
        if data.ndim < 2 or len(data) < 2 or not data.size:
            raise ValueError(f"data must be at least two fields, got the shape {data.shape}")
        shape = _shape(data.shape[1:], "data")
        mean, covariance = data.mean(axis=0), None
        if whiten or kind == "pca":
            flat = (data - mean).reshape(len(data), -1)
            with np.errstate(over="ignore"):  # refused then
                covariance = flat.T @ flat / (len(data) - 1)
            covariance = positive_matrix("data", covariance, flat.shape[1])
        return cls(kind, shape, mean=mean, covariance=covariance, whiten=whiten)

    def forward(self, fields):
        """Components of fields.

        Parameters
        ----------
        fields : array_like, shape (n, ...)
            At least one.

        Returns
        -------
        states : ndarray of float64, shape (n, d)

        Raises
        ------
        ValueError, TypeError
            If `fields` are not as described.

        Examples
        --------
        >>> Basis("fourier", (4,)).forward(np.ones((1, 4))).round(9) + 0.0
        array([[2., 0., 0., 0.]])
        """
        fields = checks.array("fields", fields, (None, *self.shape))
        return (fields.reshape(-1, len(self.mean)) - self.mean) @ self.matrix.T / self.scale

    def inverse(self, states):
        """Fields of components.

        Parameters
        ----------
        states : array_like, shape (n, d)
            At least one.

        Returns
        -------
        fields : ndarray of float64, shape (n, ...)

        Raises
        ------
        ValueError, TypeError
            If `states` are not as described.

        Examples
        --------
        >>> basis = Basis("haar", (2, 2), mean=np.ones((2, 2)))
        >>> basis.inverse(np.zeros((1, 4)))
        array([[[1., 1.],
                [1., 1.]]])
        """
        states = checks.array("states", states, (None, len(self.mean)))
        fields = (states * self.scale) @ self.matrix + self.mean
        return fields.reshape(-1, *self.shape)

    def transform_covariance(self, covariance):
        """Covariance of the components, from that of the numbers of a field.

        Parameters
        ----------
        covariance : array_like, shape (d, d)
            Symmetric and positive.

        Returns
        -------
        covariance : ndarray of float64, shape (d, d)

        Raises
        ------
        ValueError, TypeError
            If `covariance` is not as described.

        Examples
        --------
        >>> waves = Basis("fourier", (2,)).transform_covariance([[2.0, 1.0], [1.0, 2.0]])
        >>> waves.round(9) + 0.0
        array([[3., 0.],
               [0., 1.]])
        """
        covariance = positive_matrix("covariance", covariance, len(self.mean))
        turned = self.matrix @ covariance @ self.matrix.T / np.outer(self.scale, self.scale)
        return (turned + turned.T) / 2

    @property
    def log_det(self):
        """Log of the volume of components per volume of fields: ln p(x) = ln p(w) + log_det."""
        return float(-np.log(self.scale).sum())


def positive_matrix(name, value, size):
    """Return a symmetric positive matrix, or say which argument is none."""
    matrix = checks.array(name, value, (size, size))
    largest = np.abs(matrix).max()
    if not 1e-50 <= largest <= 1e50 or np.abs(matrix - matrix.T).max() > 1e-9 * largest:
        raise ValueError(f"{name} must have a symmetric covariance, neither tiny nor huge")
    matrix = (matrix + matrix.T) / 2
    if not np.linalg.eigvalsh(matrix)[0] > 1e-13 * largest:
        raise ValueError(f"{name} must have a positive covariance: too few data, or constant ones?")
    return matrix


def _shape(shape, name="shape"):
    if not isinstance(shape, (tuple, list)):
        raise TypeError(f"{name} must be a tuple of integers, got {checks.shown(shape)}")
    if not 1 <= len(shape) <= 8:
        raise ValueError(f"{name} must have from 1 to 8 axes, got {len(shape)}")
    shape = tuple(checks.integer(name, side, 1, LARGEST_DIMENSION) for side in shape)
    if math.prod(shape) > LARGEST_DIMENSION:
        raise ValueError(f"{name} must hold at most {LARGEST_DIMENSION} numbers, got {shape}")
    return shape


def _hartley(shape):
    size = math.prod(shape)
    pixels = np.eye(size).reshape(size, *shape)
    waves = np.fft.fftn(pixels, axes=range(1, len(shape) + 1), norm="ortho").reshape(size, size).T
    squares = [4 * np.sin(np.pi * np.arange(side) / side) ** 2 for side in shape]
    total = sum(np.meshgrid(*squares, indexing="ij"))
    return waves.real - waves.imag, np.sqrt(total).ravel()


def _haar(shape):
    side, axes = shape[0], len(shape)
    if len(set(shape)) > 1 or side & (side - 1):
        raise ValueError(f"shape must have one power of two for all sides, got {shape}")
    # The sum of a block first, and then its differences, in each direction and their products.
    pair = np.array([[1.0, 1.0], [1.0, -1.0]]) / np.sqrt(2)
    block = np.eye(1)
    for _ in shape:
        block = np.kron(block, pair)
    size = math.prod(shape)
    coarse, fine = np.eye(size).reshape(size, *shape), []
    while side > 1:
        side //= 2
        split = coarse.reshape(size, *[side, 2] * axes)
        split = np.moveaxis(split, range(2, 2 * axes + 1, 2), range(axes + 1, 2 * axes + 1))
        parts = split.reshape(size, *[side] * axes, 2**axes) @ block
        coarse = parts[..., 0]
        fine.append(parts[..., 1:].reshape(size, -1))
    levels = [coarse.reshape(size, 1), *fine[::-1]]
    labels = np.repeat(np.arange(float(len(levels))), [level.shape[1] for level in levels])
    return np.concatenate(levels, axis=1).T.copy(), labels


def _signed(vectors):
    """Give each vector the sign that makes its largest entry positive."""
    largest = np.abs(vectors).argmax(axis=1)
    return vectors * np.sign(vectors[np.arange(len(vectors)), largest])[:, None]
