"""Classifiers that are chains of tensors, on small digits and on MNIST.

The chapter on them reads the result, classifier.npz, beside this file.

digits : uint8 (1797, 64); digit_labels : uint8 (1797,)
    The digits of scikit-learn, 16 grey levels: the test set of E. Alpaydin and
    C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning
    Repository, 1998.
digits_canonical, digits_data : bool (5, 2, 1797)
    For bonds 5, 10, 15, 20, 30, after one half sweep and after two: which of
    the digits of 8 x 8 pixels are wrong. Each is tested once, in one of four
    folds, by a chain that was trained on the other three.
digits_longer : bool (5, 1797)
    The same for bond 20 in the canonical form, after one to five half sweeps.
mnist_canonical, mnist_data : float64 (3, 5, 2, 2)
    For three training sets of 10,000 images of 7 x 7 pixels, the same bonds,
    and one and two half sweeps: the part of the 10,000 test images that is
    wrong, and the cost.
controls : float64 (3, 3)
    For the three sets: a linear classifier, the nearest neighbour of three,
    and ridge regression on all products (the first set only, NaN else).
bond_canonical, bond_data : float64 (48, 400)
    Singular values that the last half sweep of bond 20 has seen.
tensors_20 : float32, the tensors of bond 20 in the metric of the data, flat
shapes_20 : their shapes
train, test : uint8 (10000, 49); train_labels, test_labels : uint8 (10000,)
    The images of the first set, and those of the test.
entropies_chain : float64 (4, 10, 63)
    Of chains of bond 20, trained on four halves of the digits: entropies of
    the bonds along a snake, Hilbert's curve, and eight random paths; and
    wrong_chain, (4, 10), the part of the other half that is wrong.
entropies_all : float64 (10, 15)
    The same of ridge regression on all products of 300 digits, at every
    fourth bond.
large : float64 (n, 5)
    MNIST at 14 x 14 pixels, the first set: kind of the start (0: principal
    directions, 1: refined from 7 x 7 pixels), bond, half sweeps, the part of
    the test that is wrong, and the cost. Bond 0: the chain of 7 x 7 pixels.
more : float64 (n, 5)
    The same with 30,000 images, bond 30.
controls_large : float64 (2,)
    The part that is wrong: a linear classifier, the nearest three neighbours.

Each part takes some minutes. MNIST is read from RGRBM_DATA, or downloaded.
Run it from anywhere: python book/7_machines/slow/classifier.py [PART ...]
"""

import sys
from pathlib import Path

import numpy as np
from scipy.linalg import eigh, eigvalsh, solve
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier

from rgrbm.chapters import store_result
from rgrbm.datasets import load_mnist
from rgrbm.tensor import MPSClassifier, pixel_features, pixel_path

RESULT = Path(__file__).with_suffix(".npz")
BONDS = 5, 10, 15, 20, 30
SETTINGS = {
    "digits": {
        "canonical": {"metric": "canonical", "ridge": 1.0},
        "data": {"metric": "data", "ridge": 0.3, "floor": 0.1},
    },
    "mnist": {
        "canonical": {"metric": "canonical", "ridge": 0.1},
        "data": {"metric": "data", "ridge": 0.1, "floor": 0.01},
    },
}


def folds(n_samples, n_folds=4):
    """Return a number for each sample, the fold in which it is tested."""
    order = np.random.default_rng(0).permutation(n_samples)
    return np.argsort(order) % n_folds


def digits(order="snake"):
    """Return features and labels of the digits of scikit-learn."""
    found = load_digits()
    path = pixel_path(order, 8) if isinstance(order, str) else order
    return pixel_features(found.data[:, path] / 16), found.target


def shrunk(images, size):
    """Return means over squares of pixels, as grey levels from 0 to 255."""
    step = 28 // size
    blocks = images.reshape(-1, size, step, size, step)
    means = blocks.mean(axis=(2, 4)).reshape(-1, size**2)
    return np.rint(means).astype(np.uint8)


def kernel(one, other):
    """Return scalar products of all products of features."""
    found = np.ones((len(one), len(other)))
    for site in range(one.shape[1]):
        found *= one[:, site] @ other[:, site].T
    return found


def swept(features, labels, bond, n_half_sweeps, settings):
    """Train; yield the chain and what it has seen, after each half sweep."""
    chain = MPSClassifier.from_features(features, n_classes=10, bond=bond)
    for k in range(n_half_sweeps):
        seen = chain.sweep(features, labels, bond=bond, n_steps=4, **settings)
        yield chain, seen, seen.costs[-1 if k % 2 == 0 else 0, 2]


def part_digits():
    features, labels = digits()
    fold = folds(len(labels))
    found = load_digits()
    arrays = {"digits": found.data.astype(np.uint8)}
    arrays["digit_labels"] = found.target.astype(np.uint8)
    for metric, settings in SETTINGS["digits"].items():
        wrong = np.zeros((len(BONDS), 2, len(labels)), dtype=bool)
        for row, bond in zip(wrong, BONDS, strict=True):
            for k in range(4):
                here = fold == k
                runs = swept(features[~here], labels[~here], bond, 2, settings)
                for at, (chain, *_) in zip(row, runs, strict=True):
                    at[here] = chain.predict(features[here]) != labels[here]
            print(metric, bond, row.mean(axis=1), flush=True)
        arrays[f"digits_{metric}"] = wrong
    return arrays


def part_longer():
    features, labels = digits()
    fold = folds(len(labels))
    wrong = np.zeros((5, len(labels)), dtype=bool)
    for k in range(4):
        here, settings = fold == k, SETTINGS["digits"]["canonical"]
        runs = swept(features[~here], labels[~here], 20, 5, settings)
        for at, (chain, *_) in zip(wrong, runs, strict=True):
            at[here] = chain.predict(features[here]) != labels[here]
    print("longer", wrong.mean(axis=1), flush=True)
    return {"digits_longer": wrong}


def part_mnist():
    mnist = load_mnist()
    path = pixel_path("snake", 7)
    test, test_labels = shrunk(mnist.test_images, 7), mnist.test_labels
    for_test = pixel_features(test[:, path] / 255)
    arrays = {"test": test, "test_labels": test_labels}
    controls = np.full((3, 3), np.nan)
    found = {name: np.zeros((3, 5, 2, 2)) for name in SETTINGS["mnist"]}
    for k in range(3):
        some = np.s_[10_000 * k : 10_000 * (k + 1)]
        train = shrunk(mnist.train_images[some], 7)
        labels = mnist.train_labels[some]
        if k == 0:
            arrays |= {"train": train, "train_labels": labels}
        features = pixel_features(train[:, path] / 255)
        neighbours = KNeighborsClassifier(3).fit(train, labels)
        with_one = np.c_[train / 255, np.ones(len(train))]
        linear = np.linalg.lstsq(with_one, np.eye(10)[labels], rcond=None)[0]
        output = np.c_[test / 255, np.ones(len(test))] @ linear
        controls[k, 0] = (output.argmax(axis=1) != test_labels).mean()
        controls[k, 1] = (neighbours.predict(test) != test_labels).mean()
        print("controls", controls[k], flush=True)
        for name, settings in SETTINGS["mnist"].items():
            for i, bond in enumerate(BONDS):
                runs = swept(features, labels, bond, 2, settings)
                for at, (chain, seen, cost) in zip(
                    found[name][k, i], runs, strict=True
                ):
                    wrong = chain.predict(for_test) != test_labels
                    at[:] = wrong.mean(), cost
                    spectra_seen = seen.spectra
                print(k, name, bond, found[name][k, i].tolist(), flush=True)
                if k == 0 and bond == 20:
                    spectra = np.zeros((48, 400))
                    spectra[:, : spectra_seen.shape[1]] = spectra_seen
                    arrays[f"bond_{name}"] = spectra
                    if name == "data":
                        parts = [part.ravel() for part in chain.tensors]
                        flat = np.concatenate(parts).astype(np.float32)
                        legs = [(*x.shape, 1)[:4] for x in chain.tensors]
                        arrays |= {"tensors_20": flat, "shapes_20": legs}
    for name, table in found.items():
        arrays[f"mnist_{name}"] = table
    return arrays | {"controls": controls}


def part_kernel():
    with np.load(RESULT) as stored:
        old = {name: stored[name] for name in stored.files}
    path = pixel_path("snake", 7)
    features = pixel_features(old["train"][:, path] / 255)
    matrix = kernel(features, features)
    matrix[np.diag_indices(len(matrix))] += 0.1
    targets = np.eye(10)[old["train_labels"]]
    factors = solve(matrix, targets, assume_a="pos", overwrite_a=True)
    for_test = pixel_features(old["test"][:, path] / 255)
    parts = np.array_split(for_test, 10)
    output = np.concatenate([kernel(x, features) @ factors for x in parts])
    wrong = output.argmax(axis=1) != old["test_labels"]
    controls = old["controls"]
    controls[0, 2] = wrong.mean()
    print("all products", controls[0, 2], flush=True)
    return {"controls": controls}


def paths():
    """Return a snake, Hilbert's curve, and eight random paths."""
    rng = np.random.default_rng(5)
    straight = [pixel_path(order, 8) for order in ("snake", "hilbert")]
    return straight + [rng.permutation(64) for _ in range(8)]


def entropy(weights):
    """Return the entropy of weights that are not yet normalised, in nats."""
    weights = weights[weights > 1e-14 * weights.max()]
    weights = weights / weights.sum()
    return -(weights * np.log(weights)).sum()


def entropies_of_all_products(features, labels, bonds):
    """Return entropies of ridge regression on all products."""
    matrix = kernel(features, features) + 0.1 * np.eye(len(features))
    factors = np.linalg.solve(matrix, np.eye(10)[labels])
    found = []
    for bond in bonds:
        left = kernel(features[:, :bond], features[:, :bond])
        right = kernel(features[:, bond:], features[:, bond:])
        values, vectors = eigh(left)
        root = vectors * np.sqrt(values.clip(0))
        squares = eigvalsh(root.T @ (right * (factors @ factors.T)) @ root)
        found.append(entropy(squares))
    return found


def part_entropies():
    fold = folds(1797)
    of_chain, wrong = np.zeros((4, 10, 63)), np.zeros((4, 10))
    of_all = np.zeros((10, 15))
    for j, path in enumerate(paths()):
        features, labels = digits(path)
        some = np.flatnonzero(fold < 2)[:300]
        of_all[j] = entropies_of_all_products(
            features[some], labels[some], range(4, 64, 4)
        )
        for k, pair in enumerate(((0, 1), (2, 3), (0, 2), (1, 3))):
            half = np.isin(fold, pair)
            settings = SETTINGS["digits"]["canonical"]
            runs = swept(features[half], labels[half], 20, 1, settings)
            [(chain, *_)] = runs
            spectra = [chain.bond_spectrum(site) for site in range(63)]
            of_chain[k, j] = [entropy(values**2) for values in spectra]
            missed = chain.predict(features[~half]) != labels[~half]
            wrong[k, j] = missed.mean()
        print(
            wrong[:, j].mean(), of_chain[:, j].mean(), of_all[j].mean(),
            flush=True,
        )  # fmt: skip
    return {
        "entropies_chain": of_chain,
        "wrong_chain": wrong,
        "entropies_all": of_all,
    }


def refined(chain):
    """Return the chain of four pixels for each, whose mean it has read."""
    fine = []
    for A in chain.tensors:
        one = np.eye(len(A))
        none = np.zeros_like(one)
        first = [np.hstack([one, none]), np.hstack([none, one / 4])]
        middle = [
            np.block([[one, none], [none, one]]),
            np.block([[none, one / 4], [none, none]]),
        ]
        last = [
            np.concatenate([A[:, 0], A[:, 1]]),
            np.concatenate([A[:, 1] / 4, 0 * A[:, 1]]),
        ]
        four = first, middle, middle, last
        fine += [np.stack(tensor, axis=1) for tensor in four]
    return MPSClassifier(fine)


def with_ones(images):
    """Return the features 1 and x of grey levels up to 255."""
    return np.stack([np.ones(images.shape), images / 255], axis=-1)


def blocks(n_images):
    """Return features of 7 x 7 and 14 x 14 pixels, and the labels."""
    mnist = load_mnist()
    coarse = pixel_path("snake", 7)
    row, column = np.divmod(coarse, 7)
    corners = [(a, b) for a in (0, 1) for b in (0, 1)]
    fine = [(2 * row + a) * 14 + 2 * column + b for a, b in corners]
    paths = {7: coarse, 14: np.stack(fine, axis=1).ravel()}
    data = {
        size: [
            with_ones(shrunk(images, size)[:, path])
            for images in (mnist.train_images[:n_images], mnist.test_images)
        ]
        for size, path in paths.items()
    }
    return data, mnist.train_labels[:n_images], mnist.test_labels


def improved(chain, data, labels, test_labels, bond, n_half_sweeps):
    """Sweep; return errors and costs after each half sweep."""
    seen_all = []
    for _ in range(n_half_sweeps):
        settings = SETTINGS["mnist"]["data"] | {"n_steps": 4}
        seen = chain.sweep(data[0], labels, bond=bond, **settings)
        wrong = (chain.predict(data[1]) != test_labels).mean()
        cost = seen.costs[-1 if chain.label_site else 0, 2]
        seen_all.append((wrong, cost))
        print(chain.n_sites, bond, seen_all[-1], flush=True)
    return seen_all


def from_coarse_to_fine(n_images, bonds, n_half_sweeps):
    """Return rows of the table `large`, of chains that were refined."""
    data, *labels = blocks(n_images)
    small = MPSClassifier.from_features(data[7][0], n_classes=10, bond=20)
    found = {0: improved(small, data[7], *labels, 20, 3)}
    for bond in bonds:
        chain = refined(small)
        found[bond] = improved(chain, data[14], *labels, bond, n_half_sweeps)
    return [
        (1, bond, k, *pair)
        for bond, pairs in found.items()
        for k, pair in enumerate(pairs, 1)
    ]


def part_large():
    rows = from_coarse_to_fine(10_000, (20, 30), 4)
    data, labels, test_labels = blocks(10_000)
    chain = MPSClassifier.from_features(data[14][0], n_classes=10, bond=20)
    pairs = improved(chain, data[14], labels, test_labels, 20, 3)
    rows += [(0, 20, k, *pair) for k, pair in enumerate(pairs, 1)]
    train, test = (part[..., 1] for part in data[14])
    solved = np.linalg.lstsq(
        np.c_[train, np.ones(len(train))], np.eye(10)[labels], rcond=None
    )[0]
    output = np.c_[test, np.ones(len(test))] @ solved
    linear = (output.argmax(axis=1) != test_labels).mean()
    neighbours = KNeighborsClassifier(3).fit(train, labels)
    nearest = (neighbours.predict(test) != test_labels).mean()
    print(linear, nearest, flush=True)
    return {"large": rows, "controls_large": [linear, nearest]}


def part_more():
    return {"more": from_coarse_to_fine(30_000, (30,), 3)}


PARTS = {
    "digits": part_digits,
    "longer": part_longer,
    "entropies": part_entropies,
    "mnist": part_mnist,
    "kernel": part_kernel,
    "large": part_large,
    "more": part_more,
}

if __name__ == "__main__":
    for part in sys.argv[1:] or PARTS:
        arrays = PARTS[part]()
        if RESULT.exists():
            with np.load(RESULT) as stored:
                arrays = {name: stored[name] for name in stored.files} | arrays
        store_result(RESULT, **arrays)
