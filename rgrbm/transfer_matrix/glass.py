r"""Spin glasses on the smallest cubic lattices, exactly, by a transfer matrix from layer to layer.

With the reduced energy :math:`E_l(\alpha)` of a layer l whose L x L spins are in the state
:math:`\alpha`, and
the bonds :math:`K_i` to the next layer,

.. math::

    Z = \operatorname{tr} \prod_l \mathsf D_l \mathsf V_l , \qquad
    \mathsf D_l = \operatorname{diag} e^{-E_l(\alpha)} , \qquad
    \mathsf V_l = \bigotimes_i
    \begin{pmatrix} e^{K_i} & e^{-K_i} \\ e^{-K_i} & e^{K_i} \end{pmatrix} .

The second matrix acts on one spin after the other, so that a step costs the number of the spins and
not of the states.
"""

import numpy as np

from rgrbm._core import checks
from rgrbm._core.numerics import finite
from rgrbm.ising.chain import enumerate_spins

__all__ = ["glass_log_partition"]


def glass_log_partition(bonds):
    """Logarithm of the partition function of a spin glass of two or three sites a side, ln Z.

    Parameters
    ----------
    bonds : array_like, shape (3, size, size, size)
        The bond of each site to the next along each axis, reduced, J / T; size 2 or 3.

    Returns
    -------
    log_partition : float
        For bonds J / T its slope with respect to -1 / T is the mean energy.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.
    FloatingPointError
        If bonds are so large that weights of states that count are too small for a float.

    Examples
    --------
    Without bonds, and for a magnet that is cold:

    >>> round(glass_log_partition(np.zeros((3, 3, 3, 3))) / 27, 6)
    0.693147
    >>> round(glass_log_partition(np.full((3, 3, 3, 3), 10.0)), 6)
    810.693147
    """
    bonds = checks.array("bonds", bonds, (3, None, None, None))
    size = bonds.shape[1]
    if bonds.shape != (3, size, size, size) or size not in (2, 3):
        raise ValueError(f"bonds must have the shape (3, size, size, size), got {bonds.shape}")
    layers = enumerate_spins(size**2).reshape(-1, size, size)
    within = [layers * np.roll(layers, -1, axis=axis) for axis in (1, 2)]
    n_states, log_scale = len(layers), 0.0
    product = np.eye(n_states)
    with np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore"):
        for layer in range(size):
            exponent = np.tensordot(within[0], bonds[1, layer], axes=2)
            exponent = exponent + np.tensordot(within[1], bonds[2, layer], axes=2)
            product *= np.exp(exponent - exponent.max())
            for site, ahead in enumerate(bonds[0, layer].ravel()):
                spin = product.reshape(-1, 2**site, 2, 2 ** (size**2 - 1 - site))
                product = np.exp(ahead - abs(ahead)) * spin
                product += np.exp(-ahead - abs(ahead)) * spin[:, :, ::-1]
            product = product.reshape(n_states, n_states)
            scale = product.max()
            product /= scale
            log_scale += exponent.max() + np.abs(bonds[0, layer]).sum() + np.log(scale)
        return float(finite("ln Z", log_scale + np.log(np.trace(product))))
