"""A chain of tensors against the dense tensor, differences, normal equations and kernels."""

import numpy as np
import pytest

from rgrbm.tensor import MPSClassifier, mps, pixel_features, pixel_path

pytestmark = pytest.mark.filterwarnings("error")
METRICS = pytest.mark.parametrize("metric", ["canonical", "data"])
N_SITES, N_CLASSES = 8, 3


def drawn_chain(rng, bond=3, site=2, n_sites=N_SITES, n_classes=N_CLASSES, n_features=2):
    legs = [1, *[bond] * (n_sites - 1), 1]
    shapes = [(legs[k], n_features, legs[k + 1]) for k in range(n_sites)]
    shapes[site] += (n_classes,)
    return MPSClassifier([rng.normal(size=shape) for shape in shapes])


def drawn_data(rng, n_samples=40, n_sites=N_SITES, n_classes=N_CLASSES):
    features = pixel_features(rng.random((n_samples, n_sites)))
    return features, rng.integers(n_classes, size=n_samples)


def all_products(features):
    """Each product of one component of each pixel, sample by sample."""
    products = np.ones((len(features), 1))
    for site in range(features.shape[1]):
        products = np.einsum("na,ns->nas", products, features[:, site])
        products = products.reshape(len(features), -1)
    return products


def cost(chain, features, labels):
    targets = np.eye(chain.n_classes)[labels]
    return ((chain.decision(features) - targets) ** 2).sum() / (2 * len(features))


@pytest.mark.parametrize("site", [0, 2, 7])
def test_the_chain_is_the_dense_tensor(site):
    rng = np.random.default_rng(0)
    chain = drawn_chain(rng, site=site)
    features, _ = drawn_data(rng)
    assert (chain.n_sites, chain.n_classes, chain.label_site) == (N_SITES, N_CLASSES, site)
    dense = chain.to_dense()
    assert dense.shape == (2,) * N_SITES + (N_CLASSES,)
    exact = all_products(features) @ dense.reshape(-1, N_CLASSES)
    np.testing.assert_allclose(chain.decision(features), exact, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(chain.predict(features), exact.argmax(axis=1))


def test_an_entry_of_the_dense_tensor_is_a_product_of_matrices():
    chain = drawn_chain(np.random.default_rng(1), site=5)
    states = [0, 1, 1, 0, 1, 0, 0, 1]
    for label in range(N_CLASSES):
        product = np.eye(1)
        for tensor, state in zip(chain.tensors, states, strict=True):
            matrix = tensor[:, state]
            product = product @ (matrix[..., label] if matrix.ndim == 3 else matrix)
        assert chain.to_dense()[(*states, label)] == pytest.approx(product.item(), rel=1e-13)


@pytest.mark.parametrize("site", [0, 3, 7])
def test_the_canonical_form(site):
    rng = np.random.default_rng(2)
    chain = drawn_chain(rng, site=site)
    found = chain.canonical()
    np.testing.assert_allclose(found.to_dense(), chain.to_dense(), rtol=1e-11, atol=1e-11)
    for k, tensor in enumerate(found.tensors):
        if k < site:
            gram = np.einsum("asb,asc->bc", tensor, tensor)
        elif k > site:
            gram = np.einsum("bsa,csa->bc", tensor, tensor)
        else:
            size = np.linalg.norm(chain.to_dense())
            assert np.linalg.norm(tensor) == pytest.approx(size, rel=1e-13)
            continue
        np.testing.assert_allclose(gram, np.eye(len(gram)), atol=1e-13)


@pytest.mark.parametrize("site", range(N_SITES - 1))
def test_the_spectrum_of_a_bond(site):
    chain = drawn_chain(np.random.default_rng(3), site=4)
    dense = chain.to_dense()
    pixels = np.arange(N_SITES)
    legs = [*pixels[: site + 1], N_SITES] if site >= 4 else pixels[: site + 1]
    others = np.setdiff1d(np.arange(N_SITES + 1), legs)
    n_left = np.prod([dense.shape[leg] for leg in legs])
    matrix = dense.transpose(*legs, *others).reshape(n_left, -1)
    exact = np.linalg.svd(matrix, compute_uv=False)
    found = chain.bond_spectrum(site)
    np.testing.assert_allclose(found, exact[: len(found)], rtol=1e-11)
    assert exact[len(found) :].max(initial=0) < 1e-12 * exact[0]


def test_the_slope_is_the_difference_of_costs():
    rng = np.random.default_rng(4)
    n_samples = 2 * mps.AT_ONCE + 7
    before, after = rng.normal(size=(n_samples, 4)), rng.normal(size=(n_samples, 6))
    pair, targets = rng.normal(size=(4, 6, 3)), rng.normal(size=(n_samples, 3))

    def half_the_squares(pair):
        outputs = np.einsum("np,pql,nq->nl", before, pair, after)
        np.testing.assert_allclose(mps._outputs(before, pair, after), outputs, atol=1e-12)
        return 0.5 * ((targets - outputs) ** 2).sum()

    slope = mps._slope(before, targets - mps._outputs(before, pair, after), after)
    for index in np.ndindex(pair.shape):
        step = np.zeros(pair.shape)
        step[index] = 1e-3
        difference = (half_the_squares(pair + step) - half_the_squares(pair - step)) / 2e-3
        assert slope[index] == pytest.approx(-difference, rel=1e-7, abs=1e-6)


@pytest.mark.parametrize("n_steps", [40, 5000])
def test_conjugate_gradients_end_at_the_normal_equations(n_steps):
    rng = np.random.default_rng(5)
    before, after = rng.normal(size=(60, 4)), rng.normal(size=(60, 3))
    targets, pair = rng.normal(size=(60, 2)), rng.normal(size=(4, 3, 2))
    found, first, last = mps._descend(before, pair, after, targets, n_steps, 0.3)
    products = np.einsum("np,nq->npq", before, after).reshape(60, -1)
    # The penalty is in units of the mean eigenvalue of the products' covariance.
    covariance = products.T @ products / 60
    matrix = covariance + 0.3 * np.trace(covariance) / 12 * np.eye(12)
    exact = np.linalg.solve(matrix, products.T @ targets / 60)
    np.testing.assert_allclose(found.reshape(12, 2), exact, atol=1e-12)
    start = products @ pair.reshape(12, 2)
    assert first == pytest.approx(((start - targets) ** 2).sum() / 120, rel=1e-12)
    assert last == pytest.approx(((products @ exact - targets) ** 2).sum() / 120, rel=1e-12)
    again, *_ = mps._descend(before, found, after, targets, 5000, 0.3)
    np.testing.assert_allclose(again, found, atol=1e-12)


@pytest.mark.parametrize("direction", [1, -1])
@METRICS
def test_a_bond_that_is_large_enough_finds_the_ridge_regression_on_all_products(metric, direction):
    rng = np.random.default_rng(6)
    features, labels = drawn_data(rng, n_samples=90, n_sites=4)
    chain = MPSClassifier.from_features(features, n_classes=N_CLASSES, bond=16)
    if direction < 0:
        chain = MPSClassifier([tensor.swapaxes(0, 2) for tensor in chain.tensors[::-1]])
        features = features[:, ::-1]
    ridge = 0.1 if metric == "canonical" else 0.0
    for _ in range(2):
        chain.sweep(features, labels, bond=16, n_steps=60, ridge=ridge, metric=metric, floor=1e-9)
    products = all_products(features)
    covariance = products.T @ products / 90
    # Vectors of length one: so is their product, and the trace is one.
    matrix = covariance + ridge / 16 * np.eye(16)
    exact = np.linalg.solve(matrix, products.T @ np.eye(N_CLASSES)[labels] / 90)
    np.testing.assert_allclose(chain.decision(features), products @ exact, atol=1e-7)


@pytest.mark.parametrize("site", [0, N_SITES - 1])
def test_the_cuts_of_a_sweep_lose_what_they_drop(site):
    rng = np.random.default_rng(7)
    chain = drawn_chain(rng, bond=6, site=site)
    features, labels = drawn_data(rng)
    dense = chain.to_dense()
    seen = chain.sweep(features, labels, bond=3, n_steps=0, ridge=0)
    assert chain.label_site == N_SITES - 1 - site
    lost = ((dense - chain.to_dense()) ** 2).sum()
    assert lost == pytest.approx((seen.spectra[:, 3:] ** 2).sum(), rel=1e-11)
    # Of what is left each spectrum but the first has the size, and the last cut is the last row.
    last = -1 if site == 0 else 0
    kept = (seen.spectra[last, :3] ** 2).sum()
    assert kept == pytest.approx((chain.to_dense() ** 2).sum(), rel=1e-11)
    assert seen.costs[last, 2] == pytest.approx(cost(chain, features, labels), rel=1e-12)
    assert max(tensor.shape[2] for tensor in chain.tensors) == 3


@METRICS
@pytest.mark.parametrize("site", [0, N_SITES - 1])
def test_a_large_bond_loses_nothing(metric, site):
    rng = np.random.default_rng(8)
    chain = drawn_chain(rng, bond=4, site=site)
    features, labels = drawn_data(rng)
    dense, outputs = chain.to_dense(), chain.decision(features)
    seen = chain.sweep(features, labels, bond=16, n_steps=0, ridge=0, metric=metric, floor=1e-6)
    np.testing.assert_allclose(chain.decision(features), outputs, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(seen.costs, seen.costs[0, 0], rtol=1e-9)
    np.testing.assert_allclose(chain.to_dense(), dense, rtol=1e-7, atol=1e-7)


@METRICS
def test_each_pair_is_improved_and_the_costs_are_joined(metric):
    rng = np.random.default_rng(9)
    features, labels = drawn_data(rng, n_samples=200)
    chain = MPSClassifier.from_features(features, n_classes=N_CLASSES, bond=4)
    np.testing.assert_array_equal(chain.decision(features), 0)
    ends = []
    for forward in (True, False):
        seen = chain.sweep(features, labels, bond=4, n_steps=3, ridge=0, metric=metric)
        costs = seen.costs if forward else seen.costs[::-1]
        assert (costs[:, 1] <= costs[:, 0]).all()
        np.testing.assert_allclose(costs[1:, 0], costs[:-1, 2], rtol=1e-9)
        assert costs[-1, 2] == pytest.approx(cost(chain, features, labels), rel=1e-9)
        ends.append((costs[0, 0], costs[-1, 2]))
    assert ends[0][0] == 0.5
    assert ends[1][0] == pytest.approx(ends[0][1], rel=1e-9)
    assert max(ends[0][1], ends[1][1]) < 0.5


def test_in_the_metric_of_the_data_both_sides_are_white():
    rng = np.random.default_rng(10)
    columns = rng.normal(size=(300, 5)) * [1, 2, 3, 4, 5] + 1
    there, back = mps._whitening(columns, 1e-12)
    np.testing.assert_allclose(back @ there, np.eye(5), atol=1e-12)
    white = columns @ there
    np.testing.assert_allclose(white.T @ white / 300, np.eye(5), atol=1e-9)
    variances = np.linalg.eigvalsh(columns.T @ columns / 300)
    there, back = mps._whitening(columns, 0.5)
    white = columns @ there
    expected = variances / (variances + 0.5 * variances[-1])
    np.testing.assert_allclose(np.diag(white.T @ white / 300), expected, rtol=1e-12)


def test_the_metric_of_the_data_drops_what_changes_the_outputs_least():
    # A constant and a component that hardly varies, on either side of the cut; all independent.
    size = np.array([1.0, 0.1])
    grid = np.array(np.meshgrid(*[[-1, 1]] * 4)).reshape(4, -1).T
    features = np.stack([grid[:, ::2], grid[:, 1::2]], axis=-1) * size
    weights = np.array([[1.0, 0], [0, 20.0]])[..., None]  # left, right, class
    outputs = np.einsum("na,abl,nb->nl", features[:, 0], weights, features[:, 1])
    lost = []
    for metric in ("canonical", "data"):
        chain = MPSClassifier([np.eye(2)[None, :, :, None], weights[:, :, 0, None]])
        np.testing.assert_allclose(chain.decision(features), outputs)
        labels = np.zeros(len(features), dtype=int)
        seen = chain.sweep(features, labels, bond=1, n_steps=0, ridge=0, metric=metric, floor=1e-12)
        lost.append(((chain.decision(features) - outputs) ** 2).mean())
    np.testing.assert_allclose(lost, [1.0, 0.04], rtol=1e-9)
    np.testing.assert_allclose(seen.spectra, [[1.0, 0.2]], rtol=1e-9)


@METRICS
@pytest.mark.parametrize("scale", [0.0, 1.0, 1e10])
def test_values_that_are_rounding_are_not_kept(metric, scale):
    rng = np.random.default_rng(25)
    features, labels = drawn_data(rng, n_classes=1)
    one = drawn_chain(
        rng, bond=1, site=0, n_classes=1
    ).tensors  # a product of functions of one pixel
    full = [np.tile(tensor, (1, 1, 3, 1)[: tensor.ndim]) for tensor in one[:-1]] + [one[-1]]
    full = [full[0], *[np.tile(tensor, (3, 1, 1)) for tensor in full[1:]]]
    full[0] *= scale
    chain = MPSClassifier(full)
    outputs = chain.decision(features)
    settings = {"bond": 3, "n_steps": 0, "ridge": 0, "metric": metric, "floor": 1e-6}
    chain.sweep(features, labels, **settings)
    assert max(tensor.shape[2] for tensor in chain.tensors) == 1
    np.testing.assert_allclose(chain.decision(features), outputs, rtol=1e-9, atol=1e-9)


@METRICS
@pytest.mark.parametrize("site", [0, N_SITES - 1])
def test_a_change_of_gauge_changes_no_output(metric, site):
    rng = np.random.default_rng(12)
    chain = drawn_chain(rng, site=site)
    features, labels = drawn_data(rng)
    tensors = [tensor.copy() for tensor in chain.tensors]
    for k in range(N_SITES - 1):
        gauge = rng.normal(size=(3, 3)) + 3 * np.eye(3)
        tensors[k] = np.moveaxis(np.tensordot(tensors[k], gauge, axes=(2, 0)), -1, 2)
        tensors[k + 1] = np.tensordot(np.linalg.inv(gauge), tensors[k + 1], axes=(1, 0))
    other = MPSClassifier(tensors)
    np.testing.assert_allclose(other.decision(features), chain.decision(features), rtol=1e-9)
    np.testing.assert_allclose(other.bond_spectrum(3), chain.bond_spectrum(3), rtol=1e-9)
    settings = {"bond": 3, "n_steps": 2, "ridge": 0.1, "metric": metric, "floor": 1e-9}
    for one in (chain, other):
        one.sweep(features, labels, **settings)
    np.testing.assert_allclose(other.decision(features), chain.decision(features), atol=1e-4)


@METRICS
def test_a_permutation_of_the_classes_permutes_the_outputs(metric):
    rng = np.random.default_rng(13)
    features, labels = drawn_data(rng, n_samples=100)
    turn = np.array([2, 0, 1])
    outputs = []
    for some in (labels, turn[labels]):
        chain = MPSClassifier.from_features(features, n_classes=N_CLASSES, bond=3)
        chain.sweep(features, some, bond=3, n_steps=2, ridge=0.1, metric=metric)
        outputs.append(chain.decision(features))
    np.testing.assert_allclose(outputs[1][:, turn], outputs[0], atol=1e-9)


def test_a_chain_of_bond_11_is_a_linear_classifier():
    rng = np.random.default_rng(14)
    weights, bias, images = rng.normal(size=(9, 10)), rng.normal(size=10), rng.random((20, 9))
    chain = MPSClassifier.from_linear(weights, bias)
    assert max(tensor.shape[2] for tensor in chain.tensors) == 11
    features = np.stack([np.ones_like(images), images], axis=-1)
    np.testing.assert_allclose(chain.decision(features), images @ weights + bias, atol=1e-13)
    two = MPSClassifier.from_linear(weights[:2], bias)
    np.testing.assert_allclose(two.decision(features[:, :2]), images[:, :2] @ weights[:2] + bias)


def test_the_start_keeps_the_directions_of_largest_variance():
    rng = np.random.default_rng(15)
    features, _ = drawn_data(rng, n_samples=60, n_sites=5)
    chain = MPSClassifier.from_features(features, n_classes=2, bond=3)
    assert chain.tensors[0].shape == (1, 2, 3, 2)
    assert not chain.tensors[0].any()
    known = np.ones((60, 1))
    for site in range(4, 0, -1):
        both = np.einsum("ns,nc->nsc", features[:, site], known).reshape(60, -1)
        known = np.einsum("nsc,asc->na", both.reshape(60, 2, -1), chain.tensors[site])
        kept = np.linalg.eigvalsh(both.T @ both)[::-1][:3]
        found = np.sort(np.linalg.eigvalsh(known.T @ known))[::-1]
        np.testing.assert_allclose(found, kept, rtol=1e-9)


def test_features_have_length_one():
    images = np.random.default_rng(16).random((3, 5))
    features = pixel_features(images)
    np.testing.assert_allclose((features**2).sum(axis=-1), 1, rtol=1e-14)
    np.testing.assert_allclose(np.arctan2(features[..., 1], features[..., 0]), np.pi / 2 * images)


@pytest.mark.parametrize("order", ["rows", "snake", "hilbert"])
@pytest.mark.parametrize("size", [1, 2, 4, 8, 16])
def test_paths_visit_all_pixels_and_neighbours_follow_each_other(order, size):
    path = pixel_path(order, size)
    np.testing.assert_array_equal(np.sort(path), np.arange(size**2))
    steps = np.abs(np.diff(np.divmod(path, size), axis=1)).sum(axis=0)
    expected = np.ones(size**2 - 1)
    if order == "rows":
        expected[size - 1 :: size] = size
    np.testing.assert_array_equal(steps, expected)


def test_hilberts_curve_fills_quarter_after_quarter():
    path = pixel_path("hilbert", 16)
    assert path[0] == 0
    for side in (2, 4, 8):
        blocks = path.reshape(-1, side**2)
        row, column = np.divmod(blocks, 16)
        assert (row // side == row[:, :1] // side).all()
        assert (column // side == column[:, :1] // side).all()
    # The last quarter is the one to the right: the curve ends in a corner beside its start.
    assert path[-1] in (15, 240)


def test_a_label_in_the_middle_is_not_swept():
    rng = np.random.default_rng(17)
    chain = drawn_chain(rng, site=3)
    features, labels = drawn_data(rng)
    with pytest.raises(ValueError, match="label on the first site or the last one, got site 3"):
        chain.sweep(features, labels, bond=3, n_steps=1, ridge=0)


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ([(1, 2, 2), (2, 2, 1)], "one of them a fourth"),
        ([(1, 2, 2, 3), (2, 2, 1, 3)], "one of them a fourth"),
        ([(1, 2, 2, 3), (3, 2, 1)], "fit to their neighbours"),
        ([(2, 2, 2, 3), (2, 2, 1)], "fit to their neighbours"),
        ([(1, 2, 2, 3), (2, 3, 1)], "fit to their neighbours"),
        ([(1, 2, 2, 3), (2, 2, 2)], "fit to their neighbours"),
        ([(1, 2, 1, 3)], "at least two sites"),
        ([(1, 2, 0, 3), (0, 2, 1)], "length 1 or more"),
    ],
)
def test_tensors_that_do_not_fit_are_refused(shapes, message):
    with pytest.raises(ValueError, match=message):
        MPSClassifier([np.ones(shape) for shape in shapes])


def test_a_dense_tensor_that_is_too_large_is_refused():
    chain = drawn_chain(np.random.default_rng(18), n_sites=25, site=0)
    with pytest.raises(ValueError, match="at most 16777216 weights"):
        chain.to_dense()


@pytest.mark.parametrize("images", [[0.0, -0.25], [1.0, 1.25], [0.5, -0.25, 1.5, -0.5]])
def test_grey_levels_outside_their_range_are_refused(images):
    with pytest.raises(ValueError, match=f"from 0 to 1, got {images[1]} in it"):
        pixel_features([images])


def test_the_largest_bond_and_the_largest_square():
    features = pixel_features([[0.0, 1.0]])
    assert MPSClassifier.from_features(features, n_classes=1, bond=1024).n_sites == 2
    with pytest.raises(ValueError, match="bond must be at most 1024"):
        MPSClassifier.from_features(features, n_classes=1, bond=1025)
    assert len(pixel_path("rows", 1024)) == 2**20
    with pytest.raises(ValueError, match="size must be at most 1024"):
        pixel_path("rows", 1025)


def test_steps_beyond_the_end_do_no_harm():
    features, labels = drawn_data(np.random.default_rng(24), n_samples=200)
    outputs = []
    for n_steps in (300, 3000):
        chain = MPSClassifier.from_features(features, n_classes=N_CLASSES, bond=4)
        chain.sweep(features, labels, bond=4, n_steps=n_steps, ridge=0.1)
        outputs.append(chain.decision(features))
    np.testing.assert_allclose(outputs[1], outputs[0], atol=1e-8)


@pytest.mark.parametrize("forward", [True, False])
def test_two_pixels_are_one_regression(forward):
    rng = np.random.default_rng(21)
    features, labels = drawn_data(rng, n_samples=30, n_sites=2)
    chain = drawn_chain(rng, bond=2, site=0 if forward else 1, n_sites=2)
    chain.sweep(features, labels, bond=4, n_steps=200, ridge=0.1)
    products = all_products(features)
    covariance = products.T @ products / 30
    exact = np.linalg.solve(
        covariance + 0.1 / 4 * np.eye(4), products.T @ np.eye(N_CLASSES)[labels] / 30
    )
    np.testing.assert_allclose(chain.decision(features), products @ exact, atol=1e-9)
    assert chain.label_site == (1 if forward else 0)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"bond": 0}, "bond must be at least 1"),
        ({"bond": 1025}, "bond must be at most 1024"),
        ({"n_steps": -1}, "n_steps must be at least 0"),
        ({"ridge": -0.5}, "ridge must be finite and at least 0"),
        ({"floor": 0}, "floor must be finite and greater than 0"),
        ({"floor": 1.5}, "floor must be at most 1"),
        ({"metric": "Data"}, "metric must be one of"),
        ({"labels": [-1] * 40}, "labels must be from 0 to 2"),
        ({"labels": [3] * 40}, "labels must be from 0 to 2"),
        ({"labels": [0] * 39}, r"labels must have the shape \(40,\)"),
    ],
)
def test_what_a_sweep_refuses_leaves_the_chain_as_it_was(changed, message):
    rng = np.random.default_rng(22)
    chain = drawn_chain(rng, site=0)
    features, labels = drawn_data(rng)
    before = [tensor.copy() for tensor in chain.tensors]
    right = {"labels": labels, "bond": 3, "n_steps": 1, "ridge": 0.1}
    with pytest.raises(ValueError, match=message):
        chain.sweep(features, **right | changed)
    for tensor, other in zip(chain.tensors, before, strict=True):
        np.testing.assert_array_equal(tensor, other)


def test_the_limits_of_the_other_functions():
    rng = np.random.default_rng(23)
    chain, features = drawn_chain(rng), drawn_data(rng)[0]
    for site in (-1, N_SITES - 1):
        with pytest.raises(ValueError, match="site must be at"):
            chain.bond_spectrum(site)
    for wrong in ({"n_classes": 0, "bond": 2}, {"n_classes": 2, "bond": 0}):
        with pytest.raises(ValueError, match="must be at least 1"):
            MPSClassifier.from_features(features, **wrong)
    one = MPSClassifier.from_features(features, n_classes=1, bond=1)
    assert one.n_classes == max(tensor.shape[2] for tensor in one.tensors) == 1
    with pytest.raises(ValueError, match="at least two rows, got 1"):
        MPSClassifier.from_linear([[1.0, 2.0]], [0.0, 0.0])
    with pytest.raises(ValueError, match="size must be at least 1"):
        pixel_path("rows", 0)
    with pytest.raises(ValueError, match="features must be of at least two sites, got 1"):
        MPSClassifier.from_features(features[:, :1], n_classes=2, bond=2)
    single = MPSClassifier.from_features(features[:, :, :1], n_classes=2, bond=2)
    assert single.tensors[1].shape[1] == 1  # one feature of each pixel is allowed
    for wrong in ("abc", None):
        with pytest.raises(TypeError, match="tensors must be a sequence"):
            MPSClassifier(wrong)
    largest = drawn_chain(rng, bond=1, n_sites=22, n_classes=4)  # 2**24 weights
    assert largest.to_dense().size == 2**24
    with pytest.raises(ValueError, match="at most 16777216 weights"):
        drawn_chain(rng, bond=1, n_sites=22, n_classes=5).to_dense()
