"""Heat bath, and ratios of amplitudes, of a machine that is a trial function.

Flipping spin i takes the angle of hidden unit j from theta to theta - 2 s_i w, and

    cosh(theta - 2 s_i w) / cosh(theta) = cosh(2w) (1 - s_i tanh(theta) tanh(2w)) ,

where the cosh do not depend on the spins: their product is `scale`. After the flip tanh(theta) is
known from the addition theorem, so that a sweep takes no transcendental function.

Arguments: ``spins``, int8 (n_chains, n_sites); ``slopes``, float64 (n_chains, n_hidden), tanh of
the angles; ``steps``, float64 (n_sites, n_hidden), tanh of twice the weights; ``uniforms``, float64
(n_sweeps, n_chains, n_sites), random numbers. Spins and slopes are updated in place.

The plain versions at the end say the same for all chains at once.
"""

import numpy as np
from numba import njit

from rgrbm._core.jit import compiled


@njit
def _ratio(spin, slopes, steps, scale):
    """Amplitude after the flip of a spin over that before."""
    for j in range(len(steps)):
        scale *= 1 - spin * slopes[j] * steps[j]
    return scale


@compiled
def heat_bath(spins, slopes, steps, scale, uniforms):
    """Draw each spin from its law given the others, site by site."""
    for sweep in range(len(uniforms)):
        for chain in range(len(spins)):
            its = slopes[chain]
            for i in range(len(steps)):
                spin = spins[chain, i]
                weight = _ratio(spin, its, steps[i], scale) ** 2
                if uniforms[sweep, chain, i] * (1 + weight) < weight:
                    spins[chain, i] = -spin
                    for j in range(len(its)):
                        step = spin * steps[i, j]
                        its[j] = (its[j] - step) / (1 - its[j] * step)


@compiled
def flip_ratios(spins, slopes, steps, scale):
    """Amplitudes after a flip over those before, for each spin of each chain."""
    ratios = np.empty(spins.shape)
    for chain in range(len(spins)):
        for i in range(len(steps)):
            ratios[chain, i] = _ratio(spins[chain, i], slopes[chain], steps[i], scale)
    return ratios


def plain_heat_bath(spins, slopes, steps, scale, uniforms):
    for numbers in uniforms:
        for i, step in enumerate(steps):
            turn = spins[:, i, None] * step
            weight = (scale * np.prod(1 - slopes * turn, axis=1)) ** 2
            flips = numbers[:, i] < weight / (1 + weight)
            slopes[flips] = ((slopes - turn) / (1 - slopes * turn))[flips]
            spins[flips, i] *= -1


def plain_flip_ratios(spins, slopes, steps, scale):
    return scale * np.prod(1 - spins[:, :, None] * slopes[:, None] * steps, axis=2)
