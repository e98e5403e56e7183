r"""Noise levels of the components of a diffusion, over time.

.. math::

    w_i(t) = \alpha_i w_i + \sigma_i \varepsilon_i , \quad \alpha_i^2 + \sigma_i^2 = 1 , \quad
    \gamma_i = \ln (\sigma_i^2 / \alpha_i^2)
"""

import numpy as np
from scipy.special import expit

from rgrbm._core import checks

__all__ = ["Schedule"]

LARGEST_GAMMA = 1e4


class Schedule:
    r"""Noise levels that rise linearly in time, a line for each component.

    Parameters
    ----------
    start, stop : array_like, shape (d,)
        :math:`\gamma_i = \ln(\sigma_i^2/\alpha_i^2)` at times 0 and 1, from -10,000 to 10,000;
        `stop` is larger.

    Attributes
    ----------
    start, rate : ndarray of float64, shape (d,)
        :math:`\gamma_i(t) = \text{start}_i + t \, \text{rate}_i`.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Examples
    --------
    >>> Schedule([-6.0, -8.0], [6.0, 6.0]).gamma(0.5)
    array([ 0., -1.])
    """

    def __init__(self, start, stop):
        self.start = checks.array("start", start, (None,))
        stop = checks.array("stop", stop, self.start.shape)
        for name, value in (("start", self.start), ("stop", stop)):
            if np.abs(value).max() > LARGEST_GAMMA:
                raise ValueError(f"{name} must be from -{LARGEST_GAMMA:g} to {LARGEST_GAMMA:g}")
        self.rate = stop - self.start
        if not (self.rate > 0).all():
            raise ValueError("stop must be larger than start in every component")

    @classmethod
    def soft(cls, labels, steepness=0.0, gamma_min=-10.0, gamma_max=6.0):
        r"""Make a schedule that noises components with higher labels earlier.

        All :math:`\gamma_i` rise at one rate, from :math:`\gamma_\text{min} + a (l_i -
        l_\text{max})` to :math:`\gamma_\text{max} + a (l_i - l_\text{min})`. With a = 0 all go
        together; the larger a, the more it is one after the other.

        Parameters
        ----------
        labels : array_like, shape (d,)
            l: the order in which components die, the highest first. Run back, the lowest is made
            first.
        steepness : float, optional
            a, at least 0: the inverse of a softness.
        gamma_min, gamma_max : float, optional
            Of the component that starts highest, at time 0; of the one that ends lowest, at
            time 1.

        Returns
        -------
        schedule : Schedule

        Raises
        ------
        ValueError, TypeError
            If an argument is not as described, or a level is beyond 10,000.

        Examples
        --------
        >>> schedule = Schedule.soft([0, 1], steepness=2.0, gamma_min=-5, gamma_max=5)
        >>> schedule.gamma(0.0), schedule.gamma(1.0)
        (array([-7., -5.]), array([5., 7.]))
        """
        labels = checks.array("labels", labels, (None,))
        steepness = checks.real("steepness", steepness, 0)
        gamma_min = checks.real("gamma_min", gamma_min, -LARGEST_GAMMA, LARGEST_GAMMA)
        gamma_max = checks.real("gamma_max", gamma_max, -LARGEST_GAMMA, LARGEST_GAMMA)
        if gamma_max <= gamma_min:
            raise ValueError(f"gamma_max must be above gamma_min = {gamma_min}, got {gamma_max}")
        with np.errstate(over="ignore", invalid="ignore"):  # refused then
            ends = steepness * (labels - labels.max()), steepness * (labels - labels.min())
        if not max(np.abs(end).max() for end in ends) <= LARGEST_GAMMA / 2:
            raise ValueError("labels times steepness must spread over at most 5,000")
        return cls(gamma_min + ends[0], gamma_max + ends[1])

    def gamma(self, time):
        r"""Noise levels :math:`\gamma_i = \ln(\sigma_i^2/\alpha_i^2)`.

        Parameters
        ----------
        time : array_like, shape (...)
            From 0 to 1.

        Returns
        -------
        gamma : ndarray of float64, shape (..., d)

        Raises
        ------
        ValueError, TypeError
            If the time is not as described.

        Examples
        --------
        >>> Schedule([-4.0], [4.0]).gamma([0.0, 0.25])
        array([[-4.],
               [-2.]])
        """
        time = checks.array("time", time)
        if time.size and not (time.min() >= 0 and time.max() <= 1):
            raise ValueError("time must be from 0 to 1, got times outside")
        return self.start + time[..., None] * self.rate

    def alpha(self, time):
        r"""What is left of the components, :math:`\alpha_i`.

        Parameters
        ----------
        time : array_like, shape (...)

        Returns
        -------
        alpha : ndarray of float64, shape (..., d)

        Raises
        ------
        ValueError, TypeError
            As `gamma`.

        Examples
        --------
        >>> schedule = Schedule([-4.0], [4.0])
        >>> bool(np.allclose(schedule.alpha(0.3) ** 2 + schedule.sigma(0.3) ** 2, 1))
        True
        """
        return np.sqrt(expit(-self.gamma(time)))

    def sigma(self, time):
        r"""Width of the noise in the components, :math:`\sigma_i`.

        Parameters
        ----------
        time : array_like, shape (...)

        Returns
        -------
        sigma : ndarray of float64, shape (..., d)

        Raises
        ------
        ValueError, TypeError
            As `gamma`.

        Examples
        --------
        >>> Schedule([-4.0], [4.0]).sigma(0.5).round(6)
        array([0.707107])
        """
        return np.sqrt(expit(self.gamma(time)))

    def beta(self, time):
        r"""Rate of the process, :math:`\beta_i = \sigma_i^2 \, d\gamma_i/dt`.

        Parameters
        ----------
        time : array_like, shape (...)

        Returns
        -------
        beta : ndarray of float64, shape (..., d)

        Raises
        ------
        ValueError, TypeError
            As `gamma`.

        Examples
        --------
        >>> Schedule([-4.0], [4.0]).beta(0.5)
        array([4.])
        """
        return self.rate * expit(self.gamma(time))


def checked_schedule(schedule, name, size):
    """Return a schedule of as many components as the argument of that name has."""
    if not isinstance(schedule, Schedule):
        raise TypeError(f"schedule must be a Schedule, got {checks.shown(schedule)}")
    if len(schedule.start) != size:
        raise ValueError(
            f"{name} and schedule must have equally many components, "
            f"got {size} and {len(schedule.start)}"
        )
    return schedule
