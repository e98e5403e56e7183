r"""Laws of similarity, learned from data: which powers make all curves one curve.

A quantity q that depends on a scale P and on other variables v_1, v_2, ... obeys a law of
similarity if

.. math::

    q = P^a \, \Phi \big( v_1 P^{b_1}, v_2 P^{b_2}, \dots \big)

with some exponents and some function :math:`\Phi`. All functions take logarithms, since there the
exponents are linear. Their names: y is ln q, X is ln P, and V are the logarithms of the variables.
"""

from typing import NamedTuple

import numpy as np
from scipy.interpolate import BSpline
from scipy.linalg.lapack import dtrtri
from scipy.optimize import least_squares, minimize_scalar
from scipy.spatial import cKDTree

from rgrbm._core import checks
from rgrbm._core.blas import single_threaded_blas

__all__ = [
    "Similarity",
    "callan_symanzik",
    "fit_similarity",
    "fit_similarity_network",
    "similarity_deficit",
]

LEAST = 1e-9
MORE = np.r_[0.0, 10.0 ** np.arange(-8, 2)]  # penalties beyond the least
N_SEGMENTS = 20
N_HIDDEN = 12
N_STEPS = 200
N_VALLEYS = 3
TOLERANCE = {"xatol": 1e-8}
FEWEST = 20


class Similarity(NamedTuple):
    r"""A law of similarity, :math:`q = P^a \, \Phi(v_1 P^{b_1}, v_2 P^{b_2}, \dots)`.

    Parameters
    ----------
    outside : float
        The exponent a.
    inside : float or ndarray, shape (n_variables,)
        The exponents b.
    residual : float
        Root of the mean squared error of what was fitted.
    """

    outside: float
    inside: float | np.ndarray
    residual: float


def fit_similarity(log_quantity, log_scale, log_variable, *, curves=None, search=(-3.0, 3.0)):
    r"""Find the exponents of a law of similarity with one variable, by variable projection.

    Parameters
    ----------
    log_quantity, log_scale, log_variable : ndarray, shape (n,)
        At least 20 points, their y = ln q, X = ln P and V = ln v.
    curves : ndarray of integers, shape (n,), optional
        Which curve a point is on: at least three curves. Then the score is how well each curve is
        foretold by the others.
    search : tuple of float, optional
        Where to look for the exponent b.

    Returns
    -------
    similarity : Similarity
        Its residual is the root of the mean squared error of y; with `curves`, that of the score.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described, or the scale or the variable is the same everywhere.

    Notes
    -----
    For a given b, z = V + b X is a known number for each point, and the best a, together with the
    best common curve of cubic splines on 20 segments, follows from linear least squares with a
    penalty on bends. What is left is a search over one number. The score is generalized
    cross-validation :cite:p:`golub1979`, :math:`n \sum r^2 / (n - n_\text{eff})^2`, at the best
    of some penalties. It is low, too, where the curves lie side by side and share nothing. With
    `curves` each is left out in turn. The score is then the mean squared error of those of its
    points that lie among the others' z, divided by the square of their share of all: curves that
    lie side by side foretell nothing. The three lowest valleys of a grid are followed down.

    Examples
    --------
    >>> X, V = np.random.default_rng(0).uniform(size=(2, 200))
    >>> law = fit_similarity(0.5 * X + np.sin(V - 2 * X), X, V)
    >>> round(law.outside, 3), round(law.inside, 3)
    (0.5, -2.0)
    """
    y, X, V = _columns(log_quantity, log_scale, log_variable)
    low, high = _search(search)
    if curves is None:

        def score(b):
            return np.log(_fit(y, X[:, None], _basis(V + b * X))[1])
    else:
        curves = checks.integers("curves", curves, -(2**53), 2**53)
        if curves.shape != y.shape or len(np.unique(curves)) < 3:
            raise ValueError("curves must number the points, one by one, of at least 3 curves")

        def score(b):
            return np.log(_left_out(y, X, V + b * X, curves) + 1e-30)

    with single_threaded_blas():
        b = _lowest(score, np.linspace(low, high, max(61, int((high - low) / 0.1))))
        solution, _, residual = _fit(y, X[:, None], _basis(V + b * X))
    if curves is not None:
        residual = np.exp(score(b) / 2)
    return Similarity(float(solution[0]), float(b), float(residual))


def fit_similarity_network(log_quantity, log_scale, log_variables, *, rng):
    r"""Find the exponents of a law of similarity with a small network.

    Parameters
    ----------
    log_quantity, log_scale : ndarray, shape (n,)
        Points as for `callan_symanzik`, and more than the network has parameters.
    log_variables : ndarray, shape (n, n_variables)
    rng : numpy.random.Generator
        Draws the weights.

    Returns
    -------
    similarity : Similarity
        Its residual is the root of the mean squared error of y.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described, or a scale or a variable is the same everywhere.

    Notes
    -----
    The idea of :cite:t:`sanfins2024`, here in logarithms, with one hidden layer of 12 units,

    .. math::

        y = a X + d + \sum_j w_j \tanh \Big( c_j + \sum_i W_{ij} (V_i + b_i X) \Big) .

    The exponents are those of `callan_symanzik` at first, while the curve is learned; then all are
    learned together. There are few parameters, so that least squares in a region of trust, as by
    Levenberg and Marquardt, take the place of stochastic gradients.

    Examples
    --------
    >>> X, V, W = np.random.default_rng(0).uniform(size=(3, 400))
    >>> y = 0.5 * X + np.sin(V - 2 * X) * (1 + W + X)
    >>> variables = np.stack([V, W], axis=1)
    >>> law = fit_similarity_network(y, X, variables, rng=np.random.default_rng(1))
    >>> round(law.outside, 2), law.inside.round(2)
    (0.5, array([-2.,  1.]))
    """
    y, X, V = _columns(log_quantity, log_scale, log_variables, several=True)
    rng = checks.generator(rng)
    n, k = V.shape
    n_parameters = 2 + k + N_HIDDEN * (k + 2)
    if n <= n_parameters:
        raise ValueError(f"log_quantity must be longer than {n_parameters} parameters, got {n}")
    start = callan_symanzik(y, X, V)
    X = X - X.mean()  # which belongs to the units of the variables
    shift, unit = V.mean(axis=0), V.std(axis=0)

    def network(p):
        b, w = p[1 : 1 + k], p[2 + k :].reshape(k + 2, N_HIDDEN)
        z = (V - shift + np.outer(X, b)) / unit
        return z, w, np.tanh(z @ w[:k] + w[k])

    def error(p):
        _, w, hidden = network(p)
        return p[0] * X + p[1 + k] + hidden @ w[-1] - y

    def slopes(p):
        z, w, hidden = network(p)
        back = (1 - hidden**2) * w[-1]
        columns = [X[:, None], X[:, None] * (back @ w[:k].T) / unit, np.ones((n, 1))]
        return np.hstack([*columns, *[z[:, [i]] * back for i in range(k)], back, hidden])

    weights = rng.normal(size=(k + 2, N_HIDDEN))
    weights[-1] *= 0.1
    exponents = np.r_[start.outside, start.inside]
    with single_threaded_blas():
        curve = least_squares(
            lambda rest: error(np.r_[exponents, rest]),
            np.r_[y.mean(), weights.ravel()],
            lambda rest: slopes(np.r_[exponents, rest])[:, 1 + k :],
            x_scale="jac",
            max_nfev=N_STEPS // 4,
        )
        first = np.r_[exponents, curve.x]
        found = least_squares(error, first, slopes, x_scale="jac", max_nfev=N_STEPS)
    residual = float(np.sqrt(np.mean(found.fun**2)))
    return Similarity(float(found.x[0]), found.x[1 : 1 + k], residual)


def callan_symanzik(log_quantity, log_scale, log_variables, *, n_neighbours=30):
    r"""Find the exponents of a law of similarity by linear regression, from local slopes.

    Parameters
    ----------
    log_quantity, log_scale : ndarray, shape (n,)
        Points that fill their space: each needs neighbours on all sides.
    log_variables : ndarray, shape (n, n_variables)
    n_neighbours : int, optional
        Nearest points that a local quadratic is fitted to.

    Returns
    -------
    similarity : Similarity
        Its residual is that of the equation below, over the points that were kept.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described, the points are fewer than the neighbours or these fewer
        than the coefficients of a quadratic, or a scale or a variable is the same everywhere.

    Notes
    -----
    A law of similarity is a solution of

    .. math::

        \frac{\partial y}{\partial X} = a + \sum_i b_i \frac{\partial y}{\partial V_i} ,

    and any solution is one: this is the equation of Callan and Symanzik for the quantity. It is
    linear in the exponents. The fifth of the points that fit worst is left out, three times anew.

    Examples
    --------
    >>> X, V = np.random.default_rng(0).uniform(size=(2, 400))
    >>> law = callan_symanzik(0.5 * X + np.sin(V - 2 * X), X, V[:, None])
    >>> round(law.outside, 2), law.inside.round(2)
    (0.5, array([-2.]))
    """
    y, X, V = _columns(log_quantity, log_scale, log_variables, several=True)
    points = np.column_stack([X, V])
    points /= points.std(axis=0)
    n, d = points.shape
    pairs = np.triu_indices(d)
    n_neighbours = checks.integer("n_neighbours", n_neighbours, 2 + d + len(pairs[0]), n)
    near = cKDTree(points).query(points, n_neighbours)[1]
    apart = points[near] - points[:, None]
    squares = apart[..., pairs[0]] * apart[..., pairs[1]]
    design = np.concatenate([np.ones((n, n_neighbours, 1)), apart, squares], axis=-1)
    local = np.linalg.pinv(design) @ y[near][..., None]
    slopes = local[:, 1 : 1 + d, 0] / np.column_stack([X, V]).std(axis=0)
    design = np.column_stack([np.ones(n), slopes[:, 1:]])
    kept = np.full(n, True)
    for _ in range(4):
        found = np.linalg.lstsq(design[kept], slopes[kept, 0], rcond=None)[0]
        error = np.abs(design @ found - slopes[:, 0])
        residual = np.sqrt(np.mean(error[kept] ** 2))
        kept = error <= np.quantile(error, 0.8)
    return Similarity(float(found[0]), found[1:], float(residual))


def similarity_deficit(log_quantity, log_scale, log_variable, *, search=(-3.0, 3.0)):
    """How much worse the best law of similarity fits than a free smooth surface.

    Parameters
    ----------
    log_quantity, log_scale, log_variable : ndarray, shape (n,)
        At least 20 points, that fill their plane.
    search : tuple of float, optional
        As in `fit_similarity`.

    Returns
    -------
    deficit : float
        About 1, or less, if there is a law of similarity; much more if there is none.

    Raises
    ------
    ValueError, TypeError
        As in `fit_similarity`.

    Notes
    -----
    The ratio of two errors, each the root of the score of generalized cross-validation
    :cite:p:`golub1979`. The surface has products of cubic splines on 6 segments each.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X, V = rng.uniform(size=(2, 300))
    >>> noise = rng.normal(scale=0.01, size=300)
    >>> 0.9 < similarity_deficit(0.5 * X + np.sin(V - 2 * X) + noise, X, V) < 1.1
    True
    >>> similarity_deficit(np.log(1 + X + np.exp(3 * V * X)) + noise, X, V) > 2
    True
    """
    y, X, V = _columns(log_quantity, log_scale, log_variable)
    law = fit_similarity(y, X, V, search=search)
    similar = _fit(y, X[:, None], _basis(V + law.inside * X))[1]
    (in_x, bend_x), (in_v, bend_v) = _basis(X, 6), _basis(V, 6)
    surface = (in_x[:, :, None] * in_v[:, None, :]).reshape(len(y), -1)
    one = np.eye(in_x.shape[1])
    bends = np.vstack([np.kron(bend_x, one), np.kron(one, bend_v)])
    with single_threaded_blas():
        free = _fit(y, np.empty((len(y), 0)), (surface, bends))[1]
    return float(np.sqrt(similar / free))


def _basis(z, n_segments=N_SEGMENTS):
    """Return cubic splines over the range of z, and the second differences of neighbours."""
    low = z.min()
    high = max(z.max(), low + 1e-9 * (1 + abs(low)))
    step = (high - low) / n_segments
    knots = low + step * np.arange(-3, n_segments + 4)
    each = np.eye(n_segments + 3)
    splines = BSpline.construct_fast(knots, each, 3)(np.clip(z, knots[3], knots[-4]))
    return splines, np.diff(each, 2, axis=0)


def _fit(y, linear, basis):
    """Return coefficients, the score of cross-validation, and the residual, at the best penalty.

    With the triangle R of the least penalty, every other one is a diagonal matrix 1 + more * s in
    the eigenvectors U of what the penalty is in units of R.
    """
    splines, bends = basis
    design = np.hstack([linear, splines])
    n, p = design.shape
    penalty = np.hstack([np.zeros((len(bends), linear.shape[1])), bends])
    rows = [design, np.sqrt(LEAST) * penalty, 1e-9 * np.eye(p)]  # the last for empty segments
    Q, R = np.linalg.qr(np.vstack(rows))
    inverse, _ = dtrtri(R)
    bend = penalty @ inverse
    s, U = np.linalg.eigh(bend.T @ bend)
    more = MORE[:, None]
    coefficients = inverse @ ((U.T @ (Q[:n].T @ y)) / (1 + more * s) @ U.T).T
    squares = np.mean((y[:, None] - design @ coefficients) ** 2, axis=0)
    effective = np.sum((1 - LEAST * s) / (1 + more * s), axis=1)
    scores = squares / (1 - np.minimum(effective / n, 0.9)) ** 2 + 1e-30
    best = np.argmin(scores)
    return coefficients[:, best], scores[best], np.sqrt(squares[best])


def _lowest(score, grid):
    """Return where a function is lowest, from the lowest of its minima on a grid."""
    values = np.array([score(b) for b in grid])
    around = np.pad(values, 1, constant_values=np.inf)
    valleys = np.flatnonzero((values <= around[:-2]) & (values <= around[2:]))
    found = []
    for best in valleys[np.argsort(values[valleys])[:N_VALLEYS]]:
        bounds = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
        found.append(minimize_scalar(score, bounds=bounds, method="bounded", options=TOLERANCE))
    return min(found, key=lambda one: one.fun).x


def _left_out(y, X, z, curves):
    """Return the squared error of what the other curves foretell, over its share squared."""
    error, known = (y - y.mean()) ** 2, np.zeros(len(y), dtype=bool)
    for one in np.unique(curves):
        out = curves == one
        low, high = z[~out].min(), z[~out].max()
        inside = out & (z >= low) & (z <= high)
        splines, bends = _basis(np.clip(z, low, high))
        solution = _fit(y[~out], X[~out, None], (splines[~out], bends))[0]
        foretold = X[inside] * solution[0] + splines[inside] @ solution[1:]
        error[inside] = (y[inside] - foretold) ** 2
        known |= inside
    if not known.any():
        return error.mean() * len(y) ** 2
    return error[known].mean() / known.mean() ** 2


def _columns(log_quantity, log_scale, log_variables, several=False):
    y = checks.array("log_quantity", log_quantity, (None,))
    if len(y) < FEWEST:
        raise ValueError(f"log_quantity must be at least {FEWEST} points, got {len(y)}")
    X = checks.array("log_scale", log_scale, y.shape)
    name = "log_variables" if several else "log_variable"
    V = checks.array(name, log_variables, (len(y), None) if several else y.shape)
    for column_name, column in (("log_quantity", y), ("log_scale", X), (name, V)):
        if np.abs(column).max() > 1e6 or np.ptp(column, axis=0).min() < 1e-6:
            raise ValueError(f"{column_name} must vary, and be at most 1e6 in size")
    return y, X, V


def _search(search):
    bounds = checks.array("search", search, (2,))
    if not -1e3 <= bounds[0] < bounds[1] <= 1e3:
        raise ValueError(f"search must rise, and be within 1e3, got {bounds[0]} to {bounds[1]}")
    return bounds
