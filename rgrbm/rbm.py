r"""The restricted Boltzmann machine with binary units.

Visible bits :math:`v` and hidden bits :math:`h` have the energy

.. math:: E(v, h) = -\Big(\sum_i c_i v_i + \sum_j b_j h_j + \sum_{ij} v_i w_{ij} h_j\Big)

and the joint law :math:`p(v, h) = e^{-E(v, h)} / Z`. There is no coupling within a layer. So each
layer is independent given the other, and a sum over all states of one layer is a product:

.. math::

    p(h_j = 1 \mid v) &= \sigma\Big(b_j + \sum_i v_i w_{ij}\Big), \qquad
    \sigma(x) = \frac{1}{1 + e^{-x}}, \\
    F(v) = -\ln \sum_h e^{-E(v, h)}
    &= -\sum_i c_i v_i - \sum_j \ln\big(1 + e^{b_j + \sum_i v_i w_{ij}}\big),

and likewise with the layers exchanged. Then :math:`p(v) = e^{-F(v)} / Z`.
"""

import numpy as np
from scipy.special import expit

from rgrbm import _checks

__all__ = ["BernoulliRBM"]


class BernoulliRBM:
    """A restricted Boltzmann machine of bits.

    A new machine has small random weights, N(0, 0.01), and no biases.

    Parameters
    ----------
    n_visible, n_hidden : int
        Numbers of units, at least 1.
    rng : numpy.random.Generator
        Draws the initial weights.

    Attributes
    ----------
    weights : ndarray of float64, shape (n_visible, n_hidden)
        Couplings w between visible and hidden units, dimensionless (temperature 1).
    visible_bias : ndarray of float64, shape (n_visible,)
        The c of the book.
    hidden_bias : ndarray of float64, shape (n_hidden,)
        The b of the book.

    Raises
    ------
    ValueError, TypeError
        If a size is not a positive integer or `rng` is not a Generator.

    Notes
    -----
    The sign is that of a physicist's energy: a positive weight favours two units that are on
    together. In all methods ``visible`` has the shape (..., n_visible) and ``hidden`` the shape
    (..., n_hidden), with entries 0 and 1; other entries are a ValueError, another width too.

    The source is [Qiu2022]_, Eqs. 5 to 10, with the sign of Eq. 5 corrected.

    .. [Qiu2022] W. Qiu, "Renormalization group and restricted Boltzmann machines", 2022.

    Examples
    --------
    >>> rbm = BernoulliRBM(3, 2, rng=np.random.default_rng(0))
    >>> rbm
    BernoulliRBM(n_visible=3, n_hidden=2)
    >>> rbm.hidden_probabilities([[0, 0, 0], [1, 1, 1]]).shape
    (2, 2)
    """

    def __init__(self, n_visible, n_hidden, *, rng):
        n_visible = _checks.integer("n_visible", n_visible, 1)
        n_hidden = _checks.integer("n_hidden", n_hidden, 1)
        self._weights = _checks.generator(rng).normal(0.0, 0.01, size=(n_visible, n_hidden))
        self._visible_bias = np.zeros(n_visible)
        self._hidden_bias = np.zeros(n_hidden)

    @classmethod
    def from_parameters(cls, weights, visible_bias, hidden_bias):
        """Make a machine with given parameters, which are copied.

        Parameters
        ----------
        weights : array_like, shape (n_visible, n_hidden)
        visible_bias : array_like, shape (n_visible,)
        hidden_bias : array_like, shape (n_hidden,)

        Returns
        -------
        rbm : BernoulliRBM

        Raises
        ------
        ValueError
            If the shapes do not fit together, a layer is empty, or a value is not finite or larger
            than 1e100 in size.

        Examples
        --------
        >>> BernoulliRBM.from_parameters([[1.0, -1.0]], [0.5], [0.0, 0.0])
        BernoulliRBM(n_visible=1, n_hidden=2)
        """
        rbm = cls.__new__(cls)
        rbm._weights = _checks.finite_array("weights", weights, (None, None))
        rbm.visible_bias = visible_bias
        rbm.hidden_bias = hidden_bias
        return rbm

    @property
    def weights(self):
        """Couplings between the layers; what is assigned is checked and copied."""
        return self._weights

    @weights.setter
    def weights(self, value):
        self._weights = _checks.finite_array("weights", value, self._weights.shape)

    @property
    def visible_bias(self):
        """Biases of the visible units; what is assigned is checked and copied."""
        return self._visible_bias

    @visible_bias.setter
    def visible_bias(self, value):
        self._visible_bias = _checks.finite_array("visible_bias", value, (self.n_visible,))

    @property
    def hidden_bias(self):
        """Biases of the hidden units; what is assigned is checked and copied."""
        return self._hidden_bias

    @hidden_bias.setter
    def hidden_bias(self, value):
        self._hidden_bias = _checks.finite_array("hidden_bias", value, (self.n_hidden,))

    @property
    def n_visible(self):
        """Number of visible units."""
        return self._weights.shape[0]

    @property
    def n_hidden(self):
        """Number of hidden units."""
        return self._weights.shape[1]

    def __repr__(self):
        return f"{type(self).__name__}(n_visible={self.n_visible}, n_hidden={self.n_hidden})"

    def energy(self, visible, hidden):
        """Energy E(v, h) of joint states.

        Parameters
        ----------
        visible : array_like, shape (..., n_visible)
        hidden : array_like, shape (..., n_hidden)
            The leading axes of the two broadcast.

        Returns
        -------
        energy : ndarray, shape (...)
            In units of the temperature.

        Raises
        ------
        ValueError
            If an entry is not 0 or 1, a width is wrong, or the leading axes do not broadcast.

        Examples
        --------
        >>> rbm = BernoulliRBM.from_parameters([[2.0]], [0.5], [0.25])
        >>> rbm.energy([1], [[0], [1]])
        array([-0.5 , -2.75])
        """
        visible, hidden = self._visible(visible), self._hidden(hidden)
        try:
            np.broadcast_shapes(visible.shape[:-1], hidden.shape[:-1])
        except ValueError:
            raise ValueError(
                "visible and hidden must have leading axes that broadcast, "
                f"got the shapes {visible.shape} and {hidden.shape}"
            ) from None
        coupled = np.sum((visible @ self.weights) * hidden, axis=-1)
        return -(visible @ self.visible_bias + hidden @ self.hidden_bias + coupled)

    def free_energy(self, visible):
        """Free energy F(v) = -ln sum_h exp(-E(v, h)): minus the log of the unnormalised p(v).

        Parameters
        ----------
        visible : array_like, shape (..., n_visible)

        Returns
        -------
        free_energy : ndarray, shape (...)

        Examples
        --------
        >>> rbm = BernoulliRBM.from_parameters([[2.0]], [0.5], [0.25])
        >>> rbm.free_energy([[0], [1]]).round(4)
        array([-0.8259, -2.8502])
        """
        visible = self._visible(visible)
        return -visible @ self.visible_bias - _sum_softplus(self._hidden_input(visible))

    def hidden_free_energy(self, hidden):
        """Free energy -ln sum_v exp(-E(v, h)) of hidden states: the coarse-grained Hamiltonian.

        Parameters
        ----------
        hidden : array_like, shape (..., n_hidden)

        Returns
        -------
        free_energy : ndarray, shape (...)
        """
        hidden = self._hidden(hidden)
        return -hidden @ self.hidden_bias - _sum_softplus(self._visible_input(hidden))

    def hidden_probabilities(self, visible):
        """Conditional probabilities p(h_j = 1 | v).

        Parameters
        ----------
        visible : array_like, shape (..., n_visible)

        Returns
        -------
        probabilities : ndarray, shape (..., n_hidden)
        """
        return expit(self._hidden_input(self._visible(visible)))

    def visible_probabilities(self, hidden):
        """Conditional probabilities p(v_i = 1 | h).

        Parameters
        ----------
        hidden : array_like, shape (..., n_hidden)

        Returns
        -------
        probabilities : ndarray, shape (..., n_visible)
        """
        return expit(self._visible_input(self._hidden(hidden)))

    def sample_hidden(self, visible, rng):
        """Draw hidden states from p(h | v).

        Parameters
        ----------
        visible : array_like, shape (..., n_visible)
        rng : numpy.random.Generator

        Returns
        -------
        hidden : ndarray of uint8, shape (..., n_hidden)
        """
        return _draw_bits(self.hidden_probabilities(visible), _checks.generator(rng))

    def sample_visible(self, hidden, rng):
        """Draw visible states from p(v | h).

        Parameters
        ----------
        hidden : array_like, shape (..., n_hidden)
        rng : numpy.random.Generator

        Returns
        -------
        visible : ndarray of uint8, shape (..., n_visible)
        """
        return _draw_bits(self.visible_probabilities(hidden), _checks.generator(rng))

    def gibbs(self, visible, n_steps, rng):
        """Run Gibbs chains v -> h -> v from given visible states.

        Parameters
        ----------
        visible : array_like, shape (..., n_visible)
            Where the chains start.
        n_steps : int
            Steps v -> h -> v, at least 0.
        rng : numpy.random.Generator

        Returns
        -------
        visible : ndarray of uint8, shape (..., n_visible)
            Where they are after `n_steps`. Its law tends to the machine's p(v).
        """
        visible = self._visible(visible).astype(np.uint8)
        rng = _checks.generator(rng)
        for _ in range(_checks.integer("n_steps", n_steps, 0)):
            visible = self.reconstruct(visible, rng)
        return visible

    def reconstruct(self, visible, rng):
        """Sample down and up: draw h from p(h | v), then v from p(v | h).

        Parameters
        ----------
        visible : array_like, shape (..., n_visible)
        rng : numpy.random.Generator

        Returns
        -------
        reconstruction : ndarray of uint8, shape (..., n_visible)
            One Gibbs step from `visible`.
        """
        return self.sample_visible(self.sample_hidden(visible, rng), rng)

    def _visible(self, visible):
        return _checks.two_valued("visible", visible, 0, 1, self.n_visible).astype(np.float64)

    def _hidden(self, hidden):
        return _checks.two_valued("hidden", hidden, 0, 1, self.n_hidden).astype(np.float64)

    def _hidden_input(self, visible):
        return visible @ self.weights + self.hidden_bias

    def _visible_input(self, hidden):
        return hidden @ self.weights.T + self.visible_bias


def _sum_softplus(x):
    """Sum of ln(1 + exp(x)) over the last axis, without overflow."""
    return np.logaddexp(0.0, x).sum(axis=-1)


def _draw_bits(probabilities, rng):
    if np.isnan(probabilities).any():  # a comparison with NaN would draw zeros
        raise FloatingPointError("a parameter of the machine has become NaN")
    return (rng.random(probabilities.shape) < probabilities).astype(np.uint8)
