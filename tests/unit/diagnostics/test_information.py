"""Mutual information of laws that are known."""

import math

import numpy as np
import pytest

from rgrbm.diagnostics import mutual_information


def test_information_of_a_noisy_channel():
    for wrong in (0.0, 0.1, 0.5, 1.0):
        joint = np.array([[1 - wrong, wrong], [wrong, 1 - wrong]]) / 2
        entropy = -sum(p * math.log(p) for p in (wrong, 1 - wrong) if p > 0)
        assert mutual_information(joint) == pytest.approx(math.log(2) - entropy, abs=1e-15)


def test_information_is_entropies_of_the_parts_less_that_of_the_whole():
    joint = np.random.default_rng(0).dirichlet(np.ones(12)).reshape(3, 4)

    def entropy(law):
        return -sum(p * math.log(p) for p in np.ravel(law))

    parts = entropy(joint.sum(axis=0)) + entropy(joint.sum(axis=1))
    assert mutual_information(joint) == pytest.approx(parts - entropy(joint), rel=1e-12)
    assert mutual_information(np.outer([0.3, 0.7], [0.1, 0.2, 0.7])) == pytest.approx(0, abs=1e-15)


def test_many_laws_have_the_information_of_each():
    joint = np.random.default_rng(1).dirichlet(np.ones(12), (2, 5)).reshape(2, 5, 3, 4)
    found = mutual_information(joint)
    assert found.shape == (2, 5)
    assert found.tolist() == [[mutual_information(one) for one in row] for row in joint]
    assert mutual_information(np.empty((0, 3, 4))).shape == (0,)
    assert type(mutual_information(joint[0, 0])) is float


@pytest.mark.parametrize(
    "joint", [[[0.5, 0.6]], [[1.5, -0.5]], [[0.0, 0.0]], [[[0.5, 0.5]], [[0.5, 0.6]]]]
)
def test_what_is_no_law_is_refused(joint):
    with pytest.raises(ValueError, match="add up to 1"):
        mutual_information(joint)


def test_what_never_happens_tells_nothing():
    assert mutual_information([[0.5, 0.0, 0.5], [0.0, 0.0, 0.0]]) == 0


def test_rounding_makes_no_information_negative():
    # The sum of this one is -1e-16.
    assert mutual_information(np.outer([0.1, 0.9], [0.2, 0.8])) == 0
