"""Where couplings are listed and where they are sampled; what a wrong Hamiltonian is told."""

import numpy as np
import pytest

from rgrbm.rbm import BernoulliRBM, decimation_rbm, effective_couplings, trace_defect


def one_visible_unit(n_hidden):
    return BernoulliRBM.from_spin_parameters(np.full((1, n_hidden), 0.3), [0.2], np.zeros(n_hidden))


@pytest.mark.parametrize("order", [1, 2])
def test_what_a_unit_with_12_others_says_is_listed_and_with_13_sampled(order):
    assert (effective_couplings(one_visible_unit(12), order=order).error == 0).all()
    with pytest.raises(ValueError, match="rng must be given: a unit touches 13 others, more than"):
        effective_couplings(one_visible_unit(13), order=order)
    rng = np.random.default_rng(0)
    found = effective_couplings(one_visible_unit(13), order=order, rng=rng).error
    assert (found > 0).sum() == 13 * 12 ** (order - 1)


def test_a_hamiltonian_of_a_wrong_shape_is_told_the_right_one():
    with pytest.raises(ValueError, match=r"the shape \(4,\) for .* \(4, 2\), got \(2,\)"):
        trace_defect(decimation_rbm(2, 1.0), lambda states: states.sum(axis=0))


def test_a_ring_of_one_is_its_own_neighbour():
    assert decimation_rbm(1, 0.5).spin_parameters().weights == pytest.approx(1.0)
    with pytest.raises(ValueError, match="n_visible must be at least 1, got 0"):
        decimation_rbm(0, 0.5)
