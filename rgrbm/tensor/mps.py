r"""A classifier that is a chain of tensors: a polynomial of pixels with a bond that is kept.

Each pixel becomes a vector :math:`\phi` of a few numbers. All products of one component of each
pixel are features, more than any machine can hold, and the output of class l is linear in them,

.. math::

    f_l(x) = \sum_{s_1 \dots s_N} W^l_{s_1 \dots s_N} \phi_{s_1}(x_1) \dots \phi_{s_N}(x_N) ,
    \qquad
    W^l_{s_1 \dots s_N} = \sum_{c_1 \dots c_{N-1}}
        A_{s_1 c_1} A_{c_1 s_2 c_2} \dots A^l_{c s c'} \dots A_{c_{N-1} s_N} .

A tensor has the legs left, pixel, right; one of them has a fourth leg, for the class. What stands
to the left of a bond takes the pixels there to as many numbers as the bond has values, and what
stands to the right does the same: these are the environments. They are computed pixel by pixel.

For two neighbours taken together the output is linear, so the best pair is a ridge regression. A
sweep improves one pair after the other, and cuts each in two by a singular value decomposition
that keeps the largest values. The leg of the class moves on with it.
"""

from typing import NamedTuple

import numpy as np
from scipy.linalg import eigh, qr, svd

from rgrbm._core import checks
from rgrbm._core.blas import single_threaded_blas
from rgrbm._core.numerics import finite

__all__ = ["MPSClassifier", "Sweep", "pixel_features", "pixel_path"]

LARGEST_BOND = 1024
LARGEST_SIZE = 1024  # pixels a side
SMALLEST = 1e-14  # of the largest singular value: below it is rounding
SMALLEST_GAIN = 1e-24  # by a step of the descent, of the cost
METRICS = ("canonical", "data")
TOO_LARGE = {"over": "ignore", "invalid": "ignore"}  # a FloatingPointError says so at the end
AT_ONCE = 256  # samples: so their products stay in the cache


class Sweep(NamedTuple):
    """What a sweep has seen at each pair, in the order of the chain."""

    costs: np.ndarray  # (n_sites - 1, 3) before, after the descent, after the cut
    spectra: np.ndarray  # (n_sites - 1, n_values) singular values before the cut, then zeros


def pixel_features(images):
    r"""Two numbers for each pixel, :math:`\cos(\pi x / 2)` and :math:`\sin(\pi x / 2)`.

    Parameters
    ----------
    images : array_like, shape (..., n_sites)
        Grey levels from 0 to 1.

    Returns
    -------
    features : ndarray, shape (..., n_sites, 2)
        Vectors of length one.

    Raises
    ------
    ValueError, TypeError
        If `images` is not as described.

    Examples
    --------
    >>> pixel_features([0, 1]).round(12) + 0.0
    array([[1., 0.],
           [0., 1.]])
    """
    images = checks.array("images", images, (..., None))
    if images.min() < 0 or images.max() > 1:
        wrong = images[(images < 0) | (images > 1)].flat[0]
        raise ValueError(f"images must hold grey levels from 0 to 1, got {wrong} in it")
    angle = np.pi / 2 * images
    return np.stack([np.cos(angle), np.sin(angle)], axis=-1)


def pixel_path(order, size):
    """Number the pixels of a square image along a path.

    Parameters
    ----------
    order : {"rows", "snake", "hilbert"}
        Row by row, all from the left; row by row, every second one from the right; or Hilbert's
        curve, which fills a quarter before it enters the next, and so does each quarter.
    size : int
        Pixels a side, from 1 to 1024; for Hilbert's curve a power of two.

    Returns
    -------
    path : ndarray of int, shape (size**2,)
        ``images[:, path]`` has the pixels of images, given row by row, in the order of the path.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Examples
    --------
    >>> pixel_path("snake", 3)
    array([0, 1, 2, 5, 4, 3, 6, 7, 8])
    >>> pixel_path("hilbert", 2)
    array([0, 1, 3, 2])
    """
    order = checks.choice("order", order, ("rows", "snake", "hilbert"))
    size = checks.integer("size", size, 1, LARGEST_SIZE)
    if order != "hilbert":
        rows = np.arange(size**2).reshape(size, size)
        if order == "snake":
            rows[1::2] = rows[1::2, ::-1]
        return rows.ravel()
    if size & (size - 1):
        raise ValueError(f"size must be a power of two for Hilbert's curve, got {size}")
    y = x = np.zeros(1, dtype=int)
    for half in 2 ** np.arange(size.bit_length() - 1):
        # Clockwise from above left: the first quarter is mirrored at its falling diagonal, the
        # last at its rising one.
        y, x = (
            np.concatenate([x, y, y + half, 2 * half - 1 - x]),
            np.concatenate([y, x + half, x + half, half - 1 - y]),
        )
    return y * size + x


class MPSClassifier:
    r"""A classifier whose weights are a matrix product state.

    It holds what it is given, and is improved by `sweep`. To begin, take `from_features` or
    `from_linear`.

    Parameters
    ----------
    tensors : sequence of array_like
        One for each pixel, at least two, with the legs left, pixel, right; one of them has a
        fourth leg, for the class. A right leg is as long as the next left one, the first left leg
        and the last right one have length 1, and all pixels have equally many features.

    Attributes
    ----------
    tensors : list of ndarray
        As above; they may be written to.

    Raises
    ------
    ValueError, TypeError
        If the tensors are not as described.

    Notes
    -----
    After :cite:t:`stoudenmire2016`. Their cut keeps what matters most to the size of W. The metric
    of the data, an addition of ours, keeps what matters most to the outputs, see `sweep`.

    Examples
    --------
    >>> features = pixel_features([[0, 0, 0], [0, 1, 0], [0, 1, 1], [1, 0, 1]])
    >>> labels = [0, 0, 1, 1]
    >>> mps = MPSClassifier.from_features(features, n_classes=2, bond=2)
    >>> seen = mps.sweep(features, labels, bond=2, n_steps=4, ridge=1e-3)
    >>> mps.predict(features)
    array([0, 0, 1, 1])
    """

    def __init__(self, tensors):
        self.tensors = _checked_tensors(tensors)

    @property
    def n_sites(self):
        """Number of pixels."""
        return len(self.tensors)

    @property
    def label_site(self):
        """The site, from 0, whose tensor has the leg of the class."""
        return next(site for site, tensor in enumerate(self.tensors) if tensor.ndim == 4)

    @property
    def n_classes(self):
        """Number of classes."""
        return self.tensors[self.label_site].shape[3]

    @classmethod
    def from_features(cls, features, *, n_classes, bond):
        """Start with environments that keep as much of the variance as they can.

        From the right end on, the features of a pixel times what was kept of those behind it are
        projected on their principal directions. The outputs are 0.

        Parameters
        ----------
        features : array_like, shape (n_samples, n_sites, n_features)
            Such as those of `pixel_features`, of at least two pixels.
        n_classes : int
            At least 1.
        bond : int
            Values that a bond may have, from 1 to 1024.

        Returns
        -------
        mps : MPSClassifier
            With the label on the first site.

        Raises
        ------
        ValueError, TypeError
            If an argument is not as described.
        """
        features = _checked_features(features)
        n_classes = checks.integer("n_classes", n_classes, 1)
        bond = checks.integer("bond", bond, 1, LARGEST_BOND)
        n_samples, n_sites, n_features = features.shape
        checks.size("n_features, bond and n_classes", n_features, bond, n_classes)
        tensors, right = [], np.ones((n_samples, 1))
        with single_threaded_blas(), np.errstate(**TOO_LARGE):
            for site in range(n_sites - 1, 0, -1):
                both = _product(features[:, site], right)
                covariance = finite("covariance", both.T @ both)
                directions = eigh(covariance)[1][:, ::-1][:, :bond]
                tensors.append(directions.T.reshape(-1, n_features, right.shape[1]))
                right = both @ directions
        tensors.append(np.zeros((1, n_features, right.shape[1], n_classes)))
        return cls(tensors[::-1])

    @classmethod
    def from_linear(cls, weights, bias):
        r"""Write a linear classifier as a chain, for the features 1 and x of each pixel.

        Parameters
        ----------
        weights : array_like, shape (n_sites, n_classes)
            Of at least two pixels.
        bias : array_like, shape (n_classes,)

        Returns
        -------
        mps : MPSClassifier
            With the outputs :math:`f_l = b_l + \sum_i x_i w_{il}` and the label on the first site.
            Its bonds carry a 1 and the sums over the pixels to the right: n_classes + 1 numbers.

        Raises
        ------
        ValueError, TypeError
            If an argument is not as described.
        """
        weights = checks.array("weights", weights, (None, None))
        n_sites, n_classes = weights.shape
        if n_sites < 2:
            raise ValueError(f"weights must have at least two rows, got {n_sites}")
        bias = checks.array("bias", bias, (n_classes,))
        checks.size("weights", n_sites, 2, n_classes + 1, n_classes + 1)
        tensors = np.zeros((n_sites, n_classes + 1, 2, n_classes + 1))
        one_and_sums = np.eye(n_classes + 1)
        tensors[:, :, 0, :] = one_and_sums
        tensors[:, 1:, 1, 0] = weights
        first = np.moveaxis(tensors[0, 1:], 0, -1)[None].copy()  # (1, pixel, right, class)
        first[0, 0, 0] = bias
        return cls([first, *tensors[1:-1], tensors[-1, :, :, :1]])

    def decision(self, features):
        """Outputs of all classes.

        Parameters
        ----------
        features : array_like, shape (n_samples, n_sites, n_features)

        Returns
        -------
        outputs : ndarray, shape (n_samples, n_classes)

        Raises
        ------
        ValueError, TypeError
            If `features` is not as described.
        """
        features = self._checked(features)
        site = self.label_site
        with single_threaded_blas(), np.errstate(**TOO_LARGE):
            left = _environments(self.tensors[:site], features)[-1]
            behind = _mirrored(self.tensors[site + 1 :])
            right = _environments(behind, features[:, :site:-1])[-1]
            both = _product(left, features[:, site])
            tensor = self.tensors[site].reshape(-1, *self.tensors[site].shape[2:])  # (a s) c l
            return finite("outputs", _outputs(both, tensor, right))

    def predict(self, features):
        """The class with the largest output.

        Parameters
        ----------
        features : array_like, shape (n_samples, n_sites, n_features)

        Returns
        -------
        labels : ndarray of int, shape (n_samples,)

        Raises
        ------
        ValueError, TypeError
            If `features` is not as described.
        """
        return self.decision(features).argmax(axis=1)

    def sweep(self, features, labels, *, bond, n_steps, ridge, metric="canonical", floor=1e-2):
        r"""Improve all pairs of neighbours, one by one, from the label's end to the other one.

        Parameters
        ----------
        features : array_like, shape (n_samples, n_sites, n_features)
        labels : array_like of int, shape (n_samples,)
            Classes, from 0 on.
        bond : int
            Values that a bond may have after it, from 1 to 1024.
        n_steps : int
            Steps of conjugate gradients for each pair, at least 0; with 0 the bonds are cut only.
        ridge : float
            Strength of a penalty on the square of the pair of tensors, in units of the mean
            eigenvalue of the covariance of what it is multiplied with. At least 0.
        metric : {"canonical", "data"}, optional
            What is large, for the penalty, for the descent and for the cut. In the canonical form
            all other tensors are isometries, and the size of the pair is that of W. In the metric
            of the data what stands to the left of the cut, and what stands to the right, are first
            made uncorrelated and of unit variance.
        floor : float, optional
            Added to the variances in the metric of the data, in units of the largest: greater
            than 0, and it keeps directions that hardly vary from being blown up.

        Returns
        -------
        seen : Sweep

        Raises
        ------
        ValueError, TypeError
            If an argument is not as described, or the label is on neither end.

        Notes
        -----
        The cost is :math:`\frac{1}{2n} \sum_{n, l} (f_l(x_n) - \delta_{l, y_n})^2`, without the
        penalty. If the two environments were independent, each with unit covariance, then a
        singular value that is dropped in the metric of the data would change the mean square of
        the outputs by its own square.
        """
        features = self._checked(features)
        labels = checks.integers("labels", labels, 0, self.n_classes - 1)
        if labels.shape != features.shape[:1]:
            raise ValueError(
                f"labels must have the shape ({len(features)},), one for each of the features, "
                f"got {labels.shape}"
            )
        bond = checks.integer("bond", bond, 1, LARGEST_BOND)
        n_steps = checks.integer("n_steps", n_steps, 0)
        ridge = checks.real("ridge", ridge, 0, checks.LARGEST)
        metric = checks.choice("metric", metric, METRICS)
        floor = checks.real("floor", floor, 0, 1, above=True)
        site = self.label_site
        if site not in (0, self.n_sites - 1):
            raise ValueError(
                f"tensors must have the label on the first site or the last one, got site {site}"
            )
        tensors, backwards = self.tensors, site > 0
        if backwards:
            tensors, features = _mirrored(tensors), features[:, ::-1]
        targets = np.eye(self.n_classes)[labels]
        with single_threaded_blas(), np.errstate(**TOO_LARGE):
            tensors, costs, spectra = _half_sweep(
                tensors, features, targets, bond, n_steps, ridge, metric, floor
            )
        if backwards:
            tensors, costs, spectra = _mirrored(tensors), costs[::-1], spectra[::-1]
        self.tensors = tensors
        table = np.zeros((len(spectra), max(map(len, spectra))))
        for row, values in zip(table, spectra, strict=True):
            row[: len(values)] = values
        return Sweep(np.array(costs), table)

    def canonical(self):
        """The same classifier, with isometries on all sites but that of the label.

        Returns
        -------
        mps : MPSClassifier
            The square of the tensor with the label is the sum of the squares of all W. To the left
            of it a tensor is an isometry from left and pixel to right, and to the right of it one
            from pixel and right to left.
        """
        site = self.label_site
        before, rest = _isometries(self.tensors[:site])
        behind, rest_behind = _isometries(_mirrored(self.tensors[site + 1 :]))
        # x, y: the new legs, b, c: the old ones; s: pixel, l: class
        centre = np.einsum("xb,bscl,yc->xsyl", rest, self.tensors[site], rest_behind)
        return type(self)([*before, centre, *_mirrored(behind)])

    def bond_spectrum(self, site):
        """Singular values of W, cut behind a site.

        Parameters
        ----------
        site : int
            From 0 to n_sites - 2.

        Returns
        -------
        values : ndarray
            Falling. The class counts to the side on which its leg is.

        Raises
        ------
        ValueError, TypeError
            If `site` is not as described.
        """
        site = checks.integer("site", site, 0, self.n_sites - 2)
        left = _isometries(self.tensors[: site + 1])[1]
        right = _isometries(_mirrored(self.tensors[site + 1 :]))[1]
        return svd(left @ right.T, compute_uv=False)  # x b, b y -> x y

    def to_dense(self):
        """All weights W.

        Returns
        -------
        dense : ndarray, shape (n_features, ..., n_features, n_classes)
            A leg for each pixel, and the class.

        Raises
        ------
        ValueError
            If it would hold more than 2**24 numbers.
        """
        n_features = self.tensors[0].shape[1]
        if n_features**self.n_sites * self.n_classes > 2**24:
            raise ValueError(
                f"tensors must stand for at most {2**24} weights, got {n_features}"
                f"**{self.n_sites} * {self.n_classes}"
            )
        dense = np.ones((1, 1, 1))  # all pixels so far, bond, class or nothing
        for tensor in self.tensors:
            tensor = tensor[..., None] if tensor.ndim == 3 else tensor
            # p: pixels so far, b: bond, k, l: of one of them the class; s: pixel, c: next bond
            dense = np.einsum("pbk,bscl->psckl", dense, tensor)
            n_pixels, n_values, n_right = dense.shape[:3]
            dense = dense.reshape(n_pixels * n_values, n_right, -1)
        return dense.reshape([n_features] * self.n_sites + [self.n_classes])

    def _checked(self, features):
        return _checked_features(features, self.n_sites, self.tensors[0].shape[1])


def _half_sweep(tensors, features, targets, bond, n_steps, ridge, metric, floor):
    """Sweep to the right, with the label on the first site."""
    if metric == "canonical":
        tensors = MPSClassifier(tensors).canonical().tensors
    rights = _environments(_mirrored(tensors[1:]), features[:, :0:-1])[::-1]
    left, centre = np.ones((len(features), 1)), tensors[0]
    found, costs, spectra = [], [], []
    for site in range(len(tensors) - 1):
        # a: left, s: this pixel, b: bond, l: class; t: next pixel, c: right
        pair = np.einsum("asbl,btc->astcl", centre, tensors[site + 1])
        legs = pair.shape
        pair = pair.reshape(legs[0] * legs[1], legs[2] * legs[3], legs[4])
        before = _product(left, features[:, site])
        after = _product(features[:, site + 1], rights[site + 1])
        to_before = to_after = None
        if metric == "data":
            to_before, back = _whitening(before, floor)
            to_after, back_after = _whitening(after, floor)
            before, after = before @ to_before, after @ to_after
            # p, q: legs as they are; x, y: legs in the metric of the data
            pair = np.einsum("xp,pql,yq->xyl", back, pair, back_after, optimize=True)
        pair, cost, lower = _descend(before, pair, after, targets, n_steps, ridge)
        finite("cost", [cost, lower])
        finite("pair of tensors", pair)
        isometry, values, rest = _cut(pair, bond)
        left = before @ isometry
        spectra.append(values)
        costs.append((cost, lower, _cost(targets - _outputs(left, rest, after))))
        if metric == "data":
            isometry = to_before @ isometry
            rest = np.einsum("byl,qy->bql", rest, to_after, optimize=True)
        found.append(isometry.reshape(legs[0], legs[1], -1))
        centre = rest.reshape(-1, *legs[2:])
    return [*found, centre], costs, spectra


def _descend(before, pair, after, targets, n_steps, ridge):
    """Lower the cost and the penalty by conjugate gradients; return both costs without it, too."""
    n_samples = len(targets)
    squares = (before**2).sum(axis=1) @ (after**2).sum(axis=1) / n_samples
    strength = ridge * squares / (before.shape[1] * after.shape[1])
    missing = targets - _outputs(before, pair, after)
    at_first = _cost(missing)
    downhill = _slope(before, missing, after) / n_samples - strength * pair
    direction, size = downhill, (downhill**2).sum()
    for _ in range(n_steps):
        change = _outputs(before, direction, after)
        bend = (change**2).sum() / n_samples + strength * (direction**2).sum()
        if size**2 <= SMALLEST_GAIN * at_first * bend:  # from here on rounding would grow
            break
        pair = pair + size / bend * direction
        missing = missing - size / bend * change
        downhill = _slope(before, missing, after) / n_samples - strength * pair
        last, size = size, (downhill**2).sum()
        direction = downhill + size / last * direction
    return pair, at_first, _cost(missing)


def _outputs(before, pair, after):
    """Sum over p and q of before[n, p] pair[p, q, l] after[n, q]."""
    outputs = np.empty((len(before), pair.shape[2]))
    for some in _parts(before):
        half = before[some] @ pair.reshape(len(pair), -1)  # n p, p (q l) -> n (q l)
        np.einsum("nq,nql->nl", after[some], half.reshape(-1, *pair.shape[1:]), out=outputs[some])
    return outputs


def _slope(before, missing, after):
    """Sum over n of before[n, p] missing[n, l] after[n, q], with the legs p, q, l."""
    slope = np.zeros((before.shape[1], after.shape[1] * missing.shape[1]))
    for some in _parts(before):
        slope += before[some].T @ _product(after[some], missing[some])  # n p, n (q l) -> p (q l)
    return slope.reshape(-1, after.shape[1], missing.shape[1])


def _parts(samples):
    return [slice(k, k + AT_ONCE) for k in range(0, len(samples), AT_ONCE)]


def _cost(missing):
    return (missing**2).sum() / (2 * len(missing))


def _cut(pair, bond):
    """Write pair[p, q, l] as a sum over b of an isometry[p, b] times rest[b, q, l]."""
    isometry, values, rest = svd(pair.reshape(len(pair), -1), full_matrices=False)
    n_kept = max(1, min(bond, np.count_nonzero(values > SMALLEST * values[0])))
    rest = values[:n_kept, None] * rest[:n_kept]
    return isometry[:, :n_kept], values, rest.reshape(-1, *pair.shape[1:])


def _whitening(columns, floor):
    """Return a matrix that makes columns uncorrelated and of unit variance, and its inverse."""
    variances, directions = eigh(finite("covariance", columns.T @ columns) / len(columns))
    roots = np.sqrt(variances.clip(0) + max(floor * variances[-1], np.finfo(float).tiny))
    return directions / roots, (directions * roots).T


def _environments(tensors, features):
    """Coarse grain from the left: what each bond knows of the pixels before it, (n, bond)."""
    known = [np.ones((len(features), 1))]
    for site, tensor in enumerate(tensors):
        both = _product(known[-1], features[:, site])
        known.append(both @ tensor.reshape(-1, tensor.shape[2]))  # n (a s), (a s) c -> n c
    return known


def _product(first, second):
    """All products of a column of one and a column of the other, sample by sample."""
    return (first[:, :, None] * second[:, None, :]).reshape(len(first), -1)


def _isometries(tensors):
    """Make isometries of tensors, from the left, and return what is left over."""
    isometries, rest = [], np.ones((1, 1))
    for tensor in tensors:
        # x: what is left of the bond, b: the bond, s: pixel, c: right, l: class, if it is here
        tensor = np.moveaxis(np.tensordot(rest, tensor, axes=(1, 0)), 2, -1)  # x s (l) c
        isometry, rest = qr(tensor.reshape(-1, tensor.shape[-1]), mode="economic")
        legs = (*tensor.shape[:-1], len(rest))
        isometries.append(np.moveaxis(isometry.reshape(legs), -1, 2))
    return isometries, rest


def _turned(tensor):
    """Exchange left and right."""
    return tensor.swapaxes(0, 2)


def _mirrored(tensors):
    return [_turned(tensor) for tensor in tensors[::-1]]


def _checked_features(features, n_sites=None, n_features=None):
    features = checks.array("features", features, (None, n_sites, n_features))
    if features.shape[1] < 2:
        raise ValueError(f"features must be of at least two sites, got {features.shape[1]}")
    return features


def _checked_tensors(tensors):
    if isinstance(tensors, (str, bytes)) or not hasattr(tensors, "__iter__"):
        raise TypeError(f"tensors must be a sequence of arrays, got {checks.shown(tensors)}")
    tensors = [checks.array("tensors", tensor) for tensor in tensors]
    if len(tensors) < 2:
        raise ValueError(f"tensors must be of at least two sites, got {len(tensors)}")
    shapes = [tensor.shape for tensor in tensors]
    legs = sorted(map(len, shapes))
    if legs != [3] * (len(tensors) - 1) + [4] or 0 in sum(shapes, ()):
        raise ValueError(
            "tensors must have the legs left, pixel and right, of length 1 or more, and one of "
            f"them a fourth, got the shapes {checks.shown(shapes)}"
        )
    ends = [1, *(shape[2] for shape in shapes)], [*(shape[0] for shape in shapes), 1]
    if ends[0] != ends[1] or len({shape[1] for shape in shapes}) > 1:
        raise ValueError(
            "tensors must fit to their neighbours, with ends of length 1 and equally many "
            f"features of all pixels, got the shapes {checks.shown(shapes)}"
        )
    return tensors
