r"""Spins and bits.

Physics writes a spin as :math:`s = \pm 1`, a Boltzmann machine writes a bit as :math:`v = 0, 1`.
They are the same variable, :math:`v = (1 + s)/2`, and only the functions of this module convert.
"""

import numpy as np

from rgrbm import _checks

__all__ = ["bits_to_spins", "spins_to_bits"]


def spins_to_bits(spins):
    """Turn spins into bits: -1 becomes 0, +1 becomes 1.

    Parameters
    ----------
    spins : array_like, any shape
        Entries -1 and +1.

    Returns
    -------
    bits : ndarray of uint8, same shape

    Raises
    ------
    ValueError
        If an entry is neither -1 nor +1.
    TypeError
        If `spins` is not numeric.

    See Also
    --------
    bits_to_spins : the inverse.

    Examples
    --------
    >>> spins_to_bits([-1, 1, 1])
    array([0, 1, 1], dtype=uint8)
    """
    return (_checks.two_valued("spins", spins, -1, 1) > 0).astype(np.uint8)


def bits_to_spins(bits):
    """Turn bits into spins: 0 becomes -1, 1 becomes +1.

    Parameters
    ----------
    bits : array_like, any shape
        Entries 0 and 1.

    Returns
    -------
    spins : ndarray of int8, same shape

    Raises
    ------
    ValueError
        If an entry is neither 0 nor 1.
    TypeError
        If `bits` is not numeric.

    See Also
    --------
    spins_to_bits : the inverse.

    Examples
    --------
    >>> bits_to_spins([0, 1, 1])
    array([-1,  1,  1], dtype=int8)
    """
    return (2 * _checks.two_valued("bits", bits, 0, 1).astype(np.int8) - 1).astype(np.int8)
