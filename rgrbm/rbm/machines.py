r"""Restricted Boltzmann machines: binary hidden units, and visible units that are bits or real.

There is no coupling within a layer. So each layer is independent given the other, and a sum over
all states of one layer is a product. Throughout, :math:`p(v, h) = e^{-E(v, h)} / Z`, and
:math:`\sigma(x) = 1 / (1 + e^{-x})` is the logistic function.

**Bernoulli.** Visible bits :math:`v` and hidden bits :math:`h` have the energy

.. math:: E(v, h) = -\Big(\sum_i c_i v_i + \sum_j b_j h_j + \sum_{ij} v_i w_{ij} h_j\Big).

Therefore

.. math::

    p(h_j = 1 \mid v) &= \sigma\Big(b_j + \sum_i v_i w_{ij}\Big), \\
    F(v) = -\ln \sum_h e^{-E(v, h)}
    &= -\sum_i c_i v_i - \sum_j \ln\big(1 + e^{b_j + \sum_i v_i w_{ij}}\big),

and likewise with the layers exchanged. Then :math:`p(v) = e^{-F(v)} / Z`.

**Gaussian-Bernoulli.** Visible units are real numbers, the i-th with the width :math:`\sigma_i`
(with an index it is a number, with an argument the function above):

.. math::

    E(v, h) = \sum_i \frac{(v_i - c_i)^2}{2 \sigma_i^2} - \sum_j b_j h_j
    - \sum_{ij} \frac{v_i w_{ij} h_j}{\sigma_i^2}.

The energy is linear in each hidden bit, so the sum over the hidden layer is as before:

.. math::

    p(h_j = 1 \mid v) &= \sigma\Big(b_j + \sum_i \frac{v_i w_{ij}}{\sigma_i^2}\Big), \\
    F(v) &= \sum_i \frac{(v_i - c_i)^2}{2 \sigma_i^2}
    - \sum_j \ln\Big(1 + e^{b_j + \sum_i v_i w_{ij} / \sigma_i^2}\Big).

In each visible unit it is a parabola. Complete the square with
:math:`\mu_i = c_i + \sum_j w_{ij} h_j`:

.. math::

    E(v, h) = \sum_i \frac{(v_i - \mu_i)^2}{2 \sigma_i^2}
    - \sum_i \frac{\mu_i^2 - c_i^2}{2 \sigma_i^2} - \sum_j b_j h_j.

So the visible units are independent and normal given the hidden ones, and the Gaussian integrals
leave the hidden free energy:

.. math::

    p(v_i \mid h) &= \mathcal{N}\big(v_i;\, \mu_i, \sigma_i^2\big), \\
    -\ln \int e^{-E(v, h)} \, dv &= -\sum_j b_j h_j - \sum_i \frac{\mu_i^2 - c_i^2}{2 \sigma_i^2}
    - \sum_i \ln\big(\sigma_i \sqrt{2 \pi}\big).

Here :math:`p(v) = e^{-F(v)} / Z` is a density, a mixture of normal ones with as many components as
the hidden layer has states.

**Gaussian-Gaussian.** With real hidden units of width 1 the term :math:`-\sum_j b_j h_j` becomes
:math:`\sum_j (h_j - b_j)^2 / 2`, and both layers are as the visible one above. All is normal:
masses on springs, of which some are seen.
"""

from functools import partial
from typing import NamedTuple

import numpy as np

from rgrbm._core import checks
from rgrbm._core.files import read_arrays, write_arrays
from rgrbm._core.numerics import finite
from rgrbm.rbm._blocks import by_blocks, checked_rows, checked_samples
from rgrbm.rbm.layers import Bits, Gaussian, check_unchanged

__all__ = ["BernoulliRBM", "GaussianBernoulliRBM", "GaussianGaussianRBM", "SpinParameters"]

FORMAT = 2  # of the files; one that older versions would misread gets another number


class SpinParameters(NamedTuple):
    """Parameters of a Bernoulli machine whose units are written as spins -1 and +1.

    Attributes
    ----------
    weights : ndarray, shape (n_visible, n_hidden)
    visible_field : ndarray, shape (n_visible,)
    hidden_field : ndarray, shape (n_hidden,)
    """

    weights: np.ndarray
    visible_field: np.ndarray
    hidden_field: np.ndarray


class _RBM:
    """Two layers, and the weights between them."""

    _parameters = ("weights", "visible_bias", "hidden_bias")  # arguments of from_parameters
    _hidden_layer = Bits

    def __init__(self, visible, n_hidden, rng):
        n_hidden = checks.integer("n_hidden", n_hidden, 1)
        self._weights = checks.generator(rng).normal(0.0, 0.01, size=(visible.n_units, n_hidden))
        self._visible = visible
        self._hidden = self._hidden_layer(np.zeros(n_hidden), name="hidden_bias")

    @classmethod
    def _from_parameters(cls, weights, visible_bias, hidden_bias, layer):
        rbm = cls.__new__(cls)
        rbm._weights = checks.array("weights", weights, (None, None))
        n_visible, n_hidden = rbm._weights.shape
        rbm._visible = layer(visible_bias, name="visible_bias", n_units=n_visible)
        rbm._hidden = cls._hidden_layer(hidden_bias, name="hidden_bias", n_units=n_hidden)
        return rbm

    @property
    def visible(self):
        """Layer of the visible units, `Bits` or `Gaussian`."""
        return self._visible

    @property
    def hidden(self):
        """Layer of the hidden units, `Bits` or (of width 1) `Gaussian`."""
        return self._hidden

    @property
    def weights(self):
        """Couplings between the layers; what is assigned is checked and copied."""
        return self._weights

    @weights.setter
    def weights(self, value):
        self._weights = checks.array("weights", value, self._weights.shape)

    @property
    def visible_bias(self):
        """Biases of the visible units; what is assigned is checked and copied."""
        return self.visible.bias

    @visible_bias.setter
    def visible_bias(self, value):
        self.visible.bias = value

    @property
    def hidden_bias(self):
        """Biases of the hidden units; what is assigned is checked and copied."""
        return self.hidden.bias

    @hidden_bias.setter
    def hidden_bias(self, value):
        self.hidden.bias = value

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

    def parameters(self):
        """List the parameters by name.

        Returns
        -------
        parameters : dict of str to ndarray
            The arguments of `from_parameters`: the machine's own arrays, not copies.

        Examples
        --------
        >>> list(BernoulliRBM(3, 2, rng=np.random.default_rng(0)).parameters())
        ['weights', 'visible_bias', 'hidden_bias']
        """
        return {name: getattr(self, name) for name in self._parameters}

    def copy(self):
        """Make a machine with the same parameters that shares no memory with this one.

        Returns
        -------
        rbm : same class

        Raises
        ------
        ValueError
            If a parameter has been made infinite or NaN in place.
        """
        return self.from_parameters(**self.parameters())

    def to_vector(self):
        """List weights, visible and hidden biases in one vector, for optimizers and derivatives.

        Returns
        -------
        vector : ndarray of float64, shape (n_visible * n_hidden + n_visible + n_hidden,)
            The weights row by row, then the biases of the visible and those of the hidden units.

        See Also
        --------
        with_vector : the inverse.

        Examples
        --------
        >>> BernoulliRBM.from_parameters([[1.0, -1.0]], [0.5], [0.0, 2.0]).to_vector()
        array([ 1. , -1. ,  0.5,  0. ,  2. ])
        """
        return np.concatenate([self.weights.ravel(), self.visible_bias, self.hidden_bias])

    def with_vector(self, vector):
        """Make a machine like this one with the weights and biases that a vector lists.

        Parameters
        ----------
        vector : array_like, shape (n_visible * n_hidden + n_visible + n_hidden,)
            In the order of `to_vector`.

        Returns
        -------
        rbm : same class
            This machine is not changed.

        Raises
        ------
        ValueError, TypeError
            If `vector` has another shape, or an entry is not finite or exceeds 1e100.

        Examples
        --------
        >>> rbm = BernoulliRBM(1, 2, rng=np.random.default_rng(0))
        >>> rbm.with_vector([1.0, -1.0, 0.5, 0.0, 2.0]).hidden_bias
        array([0., 2.])
        """
        n_visible, n_weights = self.n_visible, self.weights.size
        vector = checks.array("vector", vector, (n_weights + self.n_visible + self.n_hidden,))
        weights, visible_bias, hidden_bias = np.split(vector, [n_weights, n_weights + n_visible])
        weights = weights.reshape(self.weights.shape)
        parts = {"weights": weights, "visible_bias": visible_bias, "hidden_bias": hidden_bias}
        return self.from_parameters(**self.parameters() | parts)

    def save(self, path):
        """Write the machine to a file, whole or not at all.

        Parameters
        ----------
        path : path-like
            Taken literally: no suffix is appended. An existing file is replaced.

        Raises
        ------
        OSError
            If the file cannot be written; an old one is then as it was.
        ValueError, TypeError
            If `path` is empty, a pipe or a device, or no path.

        Notes
        -----
        The format is npz, with the class and a version beside the parameters. It is first written
        beside `path` and then renamed, so that no reader ever sees a part.

        Examples
        --------
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> rbm = BernoulliRBM(3, 2, rng=np.random.default_rng(0))
        >>> with TemporaryDirectory() as folder:
        ...     rbm.save(Path(folder) / "machine.npz")
        ...     again = BernoulliRBM.load(Path(folder) / "machine.npz")
        >>> np.array_equal(again.weights, rbm.weights)
        True
        """
        checked = self.copy().parameters()
        write_arrays(path, self._kind, FORMAT, checked)

    @classmethod
    def load(cls, path):
        """Read a machine from a file that `save` wrote; nothing in the file is executed.

        Parameters
        ----------
        path : path-like

        Returns
        -------
        rbm : the class on which `load` is called
            With the same parameters, bit by bit.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If the file is damaged, was not written by `save`, or holds a machine of another kind.
        TypeError
            If `path` is no path.
        """
        parameters = read_arrays(path, cls._kind, FORMAT, cls._parameters)
        try:
            return cls.from_parameters(**parameters)
        except (ValueError, TypeError) as error:
            raise ValueError(f"{path} holds parameters that do not fit together: {error}") from None

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
            If an entry is not allowed, a width is wrong, or the leading axes do not broadcast.
        FloatingPointError
            If the energy is too large for a float, or a parameter was made NaN in place.

        Examples
        --------
        >>> rbm = BernoulliRBM.from_parameters([[2.0]], [0.5], [0.25])
        >>> rbm.energy([1], [[0], [1]])
        array([-0.5 , -2.75])
        """
        self.check_parameters()
        visible = self.visible.check(visible, "visible")
        hidden = self.hidden.check(hidden, "hidden")
        try:
            np.broadcast_shapes(visible.shape[:-1], hidden.shape[:-1])
        except ValueError:
            raise ValueError(
                "visible and hidden must have leading axes that broadcast, "
                f"got the shapes {visible.shape} and {hidden.shape}"
            ) from None
        coupled = np.sum(self._push_on_hidden(visible) * hidden, axis=-1)
        return finite(
            "the energy", self.visible.energy(visible) + self.hidden.energy(hidden) - coupled
        )

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
        rows, axes = self._rows(self.visible, visible, "visible")
        return self._by_blocks(self._free_energy, rows).reshape(axes)[()]

    def hidden_free_energy(self, hidden):
        """Free energy of hidden states, visible units summed out: the coarse-grained Hamiltonian.

        It is -ln sum_v exp(-E(v, h)); an integral takes the place of the sum if v is real.

        Parameters
        ----------
        hidden : array_like, shape (..., n_hidden)

        Returns
        -------
        free_energy : ndarray, shape (...)
        """
        rows, axes = self._rows(self.hidden, hidden, "hidden")
        return self._by_blocks(self._hidden_free_energy, rows).reshape(axes)[()]

    def sample_hidden(self, visible, rng):
        """Draw hidden states from p(h | v).

        Parameters
        ----------
        visible : array_like, shape (..., n_visible)
        rng : numpy.random.Generator

        Returns
        -------
        hidden : ndarray, shape (..., n_hidden)
            Of uint8 if hidden units are bits, of float64 if they are real.
        """
        rows, axes = self._rows(self.visible, visible, "visible")
        hidden = self._draw_hidden(rows, checks.generator(rng))
        return hidden.reshape(*axes, self.n_hidden)

    def sample_visible(self, hidden, rng):
        """Draw visible states from p(v | h).

        Parameters
        ----------
        hidden : array_like, shape (..., n_hidden)
        rng : numpy.random.Generator

        Returns
        -------
        visible : ndarray, shape (..., n_visible)
            Of uint8 if visible units are bits, of float64 if they are real.
        """
        rows, axes = self._rows(self.hidden, hidden, "hidden")
        visible = self._draw_visible(rows, checks.generator(rng))
        return visible.reshape(*axes, self.n_visible)

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
        visible : ndarray, shape (..., n_visible)
            Where they are after `n_steps`; the type is that of `sample_visible`. Its law tends to
            the machine's p(v).
        """
        rows, axes = self._rows(self.visible, visible, "visible")
        n_steps, rng = checks.integer("n_steps", n_steps, 0), checks.generator(rng)
        for _ in range(n_steps):
            rows = self._draw_visible(self._draw_hidden(rows, rng), rng)
        if n_steps == 0:
            rows = rows.astype(self.visible.dtype)  # a copy
        return rows.reshape(*axes, self.n_visible)

    def reconstruct(self, visible, rng):
        """Sample down and up: draw h from p(h | v), then v from p(v | h).

        Parameters
        ----------
        visible : array_like, shape (..., n_visible)
        rng : numpy.random.Generator

        Returns
        -------
        reconstruction : ndarray, shape (..., n_visible)
            One Gibbs step from `visible`; the type is that of `sample_visible`.
        """
        return self.gibbs(visible, 1, rng)

    def check_parameters(self):
        """Check that no parameter was changed in place to what could not be assigned.

        All methods that compute with the parameters do so first.

        Raises
        ------
        FloatingPointError
            If one was made infinite, NaN or larger than 1e100 in size, or a width not positive.

        Examples
        --------
        >>> rbm = BernoulliRBM(3, 2, rng=np.random.default_rng(0))
        >>> rbm.weights[0, 0] = np.nan
        >>> rbm.check_parameters()  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        FloatingPointError: weights must be finite and at most 1e+100 in size, got nan: ...
        """
        check_unchanged("weights", self._weights)
        self._visible.check_parameters()
        self._hidden.check_parameters()

    def _push_on_hidden(self, visible):
        return self.visible.push(visible, self.weights)

    def _push_on_visible(self, hidden):
        return self.hidden.push(hidden, self.weights.T)

    def _free_energy(self, visible):
        energy, push = self.visible.energy(visible), self._push_on_hidden(visible)
        return finite("the free energy", energy - self.hidden.log_sum(push))

    def _hidden_free_energy(self, hidden):
        return self.hidden.energy(hidden) - self.visible.log_sum(self._push_on_visible(hidden))

    def _hidden_mean(self, rows, axes):
        mean = self._by_blocks(lambda v: self.hidden.mean(self._push_on_hidden(v)), rows)
        return mean.reshape(*axes, self.n_hidden)

    def _visible_mean(self, rows, axes):
        mean = self._by_blocks(lambda h: self.visible.mean(self._push_on_visible(h)), rows)
        return mean.reshape(*axes, self.n_visible)

    def _draw_hidden(self, rows, rng):
        def draw(visible):
            return self.hidden.draw(self._push_on_hidden(visible), rng)

        return self._by_blocks(draw, rows, self.hidden.dtype)

    def _draw_visible(self, rows, rng):
        def draw(hidden):
            return self.visible.draw(self._push_on_visible(hidden), rng)

        return self._by_blocks(draw, rows, self.visible.dtype)

    def _by_blocks(self, function, rows, dtype=np.float64):
        return by_blocks(function, rows, max(self._weights.shape), dtype)

    def _rows(self, layer, states, name):
        self.check_parameters()
        return checked_rows(layer, states, name)

    def _mean_rows(self, layer, states, name, probabilities):
        """Check states or, if it is said that they are such, probabilities."""
        probabilities = checks.flag("probabilities", probabilities)
        self.check_parameters()
        if probabilities:
            return checked_rows(layer, states, name, layer.check_probabilities)
        try:
            return checked_rows(layer, states, name)
        except ValueError as error:
            if "hold only" in str(error):
                raise ValueError(f"{error}; numbers from 0 to 1 need probabilities=True") from None
            raise


class BernoulliRBM(_RBM):
    r"""A restricted Boltzmann machine of bits.

    A new machine has small random weights, N(0, 0.01), and no biases but those of `data`.

    Parameters
    ----------
    n_visible, n_hidden : int
        Numbers of units, at least 1.
    data : array_like, shape (n_samples, n_visible), optional
        Samples whose means the visible units shall start with: bits, or probabilities from 0 to 1.
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
    visible, hidden : Bits
        The two layers, which hold the biases.

    Raises
    ------
    ValueError, TypeError
        If a size is not a positive integer, `data` are not as described or `rng` is not a
        Generator.

    Notes
    -----
    With data of which n samples hold k ones in unit i, its bias is :math:`c_i = \ln p_i / (1 -
    p_i)` with :math:`p_i = (k + 1/2) / (n + 1)`, half a sample away from 0 and from 1: the machine
    starts at the law of independent units with the means of the data. Where ones are rare, training
    that has to learn this first switches hidden units on for all samples.

    The sign is that of a physicist's energy: a positive weight favours two units that are on
    together. In all methods ``visible`` has the shape (..., n_visible) and ``hidden`` the shape
    (..., n_hidden), with entries 0 and 1; other entries are a ValueError, another width too. A
    parameter that was made NaN or infinite in place is a FloatingPointError.

    Large arrays are worked on some rows at a time: beside the result, and a layer's states as bytes
    where both are drawn, the memory is some 50 MB, whatever the number of samples. What is drawn
    does not depend on it.

    The source is :cite:t:`qiu2022`, Eqs. 5 to 10, with the sign of Eq. 5 corrected.

    Examples
    --------
    >>> rbm = BernoulliRBM(3, 2, rng=np.random.default_rng(0))
    >>> rbm
    BernoulliRBM(n_visible=3, n_hidden=2)
    >>> rbm.hidden_probabilities([[0, 0, 0], [1, 1, 1]]).shape
    (2, 2)
    """

    _kind = "BernoulliRBM"

    def __init__(self, n_visible, n_hidden, *, data=None, rng):
        n_visible = checks.integer("n_visible", n_visible, 1)
        visible = Bits(np.zeros(n_visible), name="visible_bias")
        if data is not None:
            visible.bias = _logit_of_means(visible, data)
        super().__init__(visible, n_hidden, rng)

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
        return cls._from_parameters(weights, visible_bias, hidden_bias, Bits)

    @classmethod
    def from_spin_parameters(cls, weights, visible_field, hidden_field):
        r"""Make the machine of bits that has the law of a given machine of spins.

        Parameters
        ----------
        weights : array_like, shape (n_visible, n_hidden)
            Couplings J between the spins of the two layers.
        visible_field : array_like, shape (n_visible,)
            Fields B on visible spins.
        hidden_field : array_like, shape (n_hidden,)
            Fields C on hidden spins.

        Returns
        -------
        rbm : BernoulliRBM
            With w = 4 J, c_i = 2 B_i - 2 sum_j J_ij and b_j = 2 C_j - 2 sum_i J_ij.

        Raises
        ------
        ValueError
            As in `from_parameters`.

        See Also
        --------
        spin_parameters : the inverse, with the equations.

        Examples
        --------
        >>> rbm = BernoulliRBM.from_spin_parameters([[0.5]], [0.0], [0.0])
        >>> rbm.weights, rbm.visible_bias, rbm.hidden_bias
        (array([[2.]]), array([-1.]), array([-1.]))
        """
        weights = checks.array("weights", weights, (None, None))
        n_visible, n_hidden = weights.shape
        visible_field = checks.array("visible_field", visible_field, (n_visible,))
        hidden_field = checks.array("hidden_field", hidden_field, (n_hidden,))
        try:
            return cls.from_parameters(
                4 * weights,
                2 * visible_field - 2 * weights.sum(axis=1),
                2 * hidden_field - 2 * weights.sum(axis=0),
            )
        except ValueError as error:
            raise ValueError(
                f"weights and fields of spins must give parameters of bits within bounds: {error}"
            ) from None

    def spin_parameters(self):
        r"""Write the machine in spins.

        Returns
        -------
        parameters : SpinParameters
            Couplings J = w / 4 and the fields B_i = c_i / 2 + sum_j w_ij / 4 and
            C_j = b_j / 2 + sum_i w_ij / 4.

        See Also
        --------
        from_spin_parameters : the inverse.

        Notes
        -----
        With the spins :math:`s_i = 2 v_i - 1` and :math:`t_j = 2 h_j - 1`,

        .. math::

            E(v, h) = -\Big(\sum_{ij} s_i J_{ij} t_j + \sum_i B_i s_i + \sum_j C_j t_j\Big)
            - \Big(\sum_i B_i + \sum_j C_j - \sum_{ij} J_{ij}\Big).

        The constant in the last bracket does not change a probability; ln Z of the bits is larger
        by it than ln Z of the spins.

        Examples
        --------
        >>> rbm = BernoulliRBM.from_parameters([[2.0]], [-1.0], [-1.0])
        >>> rbm.spin_parameters()
        SpinParameters(weights=array([[0.5]]), visible_field=array([0.]), hidden_field=array([0.]))
        """
        self.check_parameters()
        weights = self.weights / 4
        return SpinParameters(
            weights,
            self.visible_bias / 2 + weights.sum(axis=1),
            self.hidden_bias / 2 + weights.sum(axis=0),
        )

    def hidden_probabilities(self, visible, *, probabilities=False):
        """Conditional probabilities p(h_j = 1 | v).

        Parameters
        ----------
        visible : array_like, shape (..., n_visible)
        probabilities : bool, optional
            Let entries of `visible` be any numbers from 0 to 1, such as grey levels: probabilities
            of units to be 1, which take the place of the bits in the formula (mean-field theory).

        Returns
        -------
        probabilities : ndarray, shape (..., n_hidden)

        Examples
        --------
        >>> rbm = BernoulliRBM.from_parameters([[4.0]], [0.0], [-2.0])
        >>> rbm.hidden_probabilities([0.5], probabilities=True)
        array([0.5])
        """
        return self._hidden_mean(*self._mean_rows(self.visible, visible, "visible", probabilities))

    def visible_probabilities(self, hidden, *, probabilities=False):
        """Conditional probabilities p(v_i = 1 | h).

        Parameters
        ----------
        hidden : array_like, shape (..., n_hidden)
        probabilities : bool, optional
            Let entries of `hidden` be any numbers from 0 to 1, such as the result of
            `hidden_probabilities`: a reconstruction without noise.

        Returns
        -------
        probabilities : ndarray, shape (..., n_visible)
        """
        return self._visible_mean(*self._mean_rows(self.hidden, hidden, "hidden", probabilities))


class _RealRBM(_RBM):
    """A machine with real visible units."""

    _parameters = (*_RBM._parameters, "sigma")

    def __init__(self, n_visible, n_hidden, *, sigma=1.0, rng):
        n_visible = checks.integer("n_visible", n_visible, 1)
        visible = Gaussian(np.zeros(n_visible), sigma, name="visible_bias")
        super().__init__(visible, n_hidden, rng)

    @property
    def sigma(self):
        """Widths of the visible units; what is assigned is checked and copied."""
        return self.visible.sigma

    @sigma.setter
    def sigma(self, value):
        self.visible.sigma = value


class GaussianBernoulliRBM(_RealRBM):
    """A restricted Boltzmann machine with real visible units and hidden bits.

    Given the hidden bits, visible unit i is normal with the mean c_i + sum_j w_ij h_j and the
    standard deviation sigma_i. A new machine has small random weights, N(0, 0.01), and no biases.

    Parameters
    ----------
    n_visible, n_hidden : int
        Numbers of units, at least 1.
    sigma : float or array_like, shape (n_visible,), optional
        Widths of the visible units, from 1e-100 to 1e100; a number stands for all of them.
    rng : numpy.random.Generator
        Draws the initial weights.

    Attributes
    ----------
    weights : ndarray of float64, shape (n_visible, n_hidden)
        The w of the book: how far a hidden unit that is on moves the mean of a visible one, in
        units of the data.
    visible_bias : ndarray of float64, shape (n_visible,)
        The c of the book, in units of the data; the a of the lecture notes below.
    hidden_bias : ndarray of float64, shape (n_hidden,)
        The b of the book, dimensionless.
    sigma : ndarray of float64, shape (n_visible,)
        Widths, in units of the data.
    visible : Gaussian
    hidden : Bits
        The two layers, which hold the biases and the widths.

    Raises
    ------
    ValueError, TypeError
        If a size is not a positive integer, `sigma` is not as described or `rng` is not a
        Generator.

    Notes
    -----
    In all methods ``visible`` is a real array of the shape (..., n_visible), finite and at most
    1e100 in size; ``hidden`` has the shape (..., n_hidden) and the entries 0 and 1. What is not so
    is a ValueError.

    Within these bounds an energy, or its part (v / sigma)**2, can still be too large for a float:
    then it is a FloatingPointError that says what overflows. Energies are right up to rounding, 16
    digits of their largest part; so differences of order 1 are lost if that exceeds 1e15.

    The source is :cite:t:`hjorthjensen2024`, Eqs. 48 to 53. The squared norm of (x - a) / (2 sigma)
    there is too small by a factor of 2: a variance of sigma**2 needs half the squared norm of
    (x - a) / sigma, which stands here.

    Examples
    --------
    >>> rbm = GaussianBernoulliRBM(3, 2, sigma=0.5, rng=np.random.default_rng(0))
    >>> rbm
    GaussianBernoulliRBM(n_visible=3, n_hidden=2)
    >>> rbm.sigma
    array([0.5, 0.5, 0.5])
    """

    _kind = "GaussianBernoulliRBM"

    @classmethod
    def from_parameters(cls, weights, visible_bias, hidden_bias, sigma):
        """Make a machine with given parameters, which are copied.

        Parameters
        ----------
        weights : array_like, shape (n_visible, n_hidden)
        visible_bias : array_like, shape (n_visible,)
        hidden_bias : array_like, shape (n_hidden,)
        sigma : float or array_like, shape (n_visible,)

        Returns
        -------
        rbm : GaussianBernoulliRBM

        Raises
        ------
        ValueError
            If the shapes do not fit together, a layer is empty, a value is not finite or larger
            than 1e100 in size, or a width is not positive.

        Examples
        --------
        >>> rbm = GaussianBernoulliRBM.from_parameters([[1.0, -1.0]], [0.5], [0.0, 0.0], 2.0)
        >>> rbm.visible_mean([1, 0])
        array([1.5])
        """
        layer = partial(Gaussian, sigma=sigma)
        return cls._from_parameters(weights, visible_bias, hidden_bias, layer)

    def hidden_probabilities(self, visible):
        """Conditional probabilities p(h_j = 1 | v).

        Parameters
        ----------
        visible : array_like, shape (..., n_visible)

        Returns
        -------
        probabilities : ndarray, shape (..., n_hidden)
        """
        return self._hidden_mean(*self._rows(self.visible, visible, "visible"))

    def visible_mean(self, hidden, *, probabilities=False):
        """Mean of v given h.

        Parameters
        ----------
        hidden : array_like, shape (..., n_hidden)
        probabilities : bool, optional
            Let entries of `hidden` be any numbers from 0 to 1, such as the result of
            `hidden_probabilities`: a reconstruction without noise.

        Returns
        -------
        mean : ndarray, shape (..., n_visible)
        """
        return self._visible_mean(*self._mean_rows(self.hidden, hidden, "hidden", probabilities))


class GaussianGaussianRBM(_RealRBM):
    r"""A restricted Boltzmann machine with real visible and real hidden units.

    Given the hidden units, visible unit i is normal with the mean c_i + sum_j w_ij h_j and the
    standard deviation sigma_i; given the visible ones, hidden unit j is normal with the mean
    b_j + sum_i v_i w_ij / sigma_i**2 and the standard deviation 1. All units together are normal,
    so everything is known in closed form. A new machine has small random weights, N(0, 0.01), and
    no biases.

    Parameters
    ----------
    n_visible, n_hidden : int
        Numbers of units, at least 1.
    sigma : float or array_like, shape (n_visible,), optional
        Widths of the visible units, from 1e-100 to 1e100; a number stands for all of them.
    rng : numpy.random.Generator
        Draws the initial weights.

    Attributes
    ----------
    weights : ndarray of float64, shape (n_visible, n_hidden)
        The w of the book: how far a hidden unit that rises by 1 moves the mean of a visible one, in
        units of the data.
    visible_bias, sigma : ndarray of float64, shape (n_visible,)
        The c of the book, and the widths, in units of the data.
    hidden_bias : ndarray of float64, shape (n_hidden,)
        The b of the book, dimensionless.
    visible, hidden : Gaussian
        The two layers, which hold the biases and the widths.

    Raises
    ------
    ValueError, TypeError
        If a size is not a positive integer, `sigma` is not as described or `rng` is not a
        Generator.

    Notes
    -----
    The energy is that of masses on springs,

    .. math::

        E(v, h) = \sum_i \frac{(v_i - c_i)^2}{2 \sigma_i^2} + \sum_j \frac{(h_j - b_j)^2}{2}
        - \sum_{ij} \frac{v_i w_{ij} h_j}{\sigma_i^2} .

    A width of the hidden units would only rescale them, and the weights with them.

    With :math:`A_{ij} = w_{ij} / \sigma_i`, the energy is bounded below, and the machine has a law,
    if and only if all singular values of A are below 1. `law` and what needs it, such as
    `exact_moments`, raise an error otherwise; Gibbs chains run away. The visible covariance is then
    :math:`\sigma_i \big[(1 - A A^\mathsf{T})^{-1}\big]_{ij} \sigma_j`: variances on the diagonal,
    and a matrix of the rank of w. So the machine is the factor analysis of statistics, with as many
    factors as hidden units.

    Examples
    --------
    >>> rbm = GaussianGaussianRBM.from_parameters([[1.0], [1.0]], [0.0, 0.0], [0.0], 2.0)
    >>> rbm.visible_precision()
    array([[ 0.1875, -0.0625],
           [-0.0625,  0.1875]])
    >>> mean, covariance = rbm.law()
    >>> covariance.round(12)
    array([[6., 2., 2.],
           [2., 6., 2.],
           [2., 2., 2.]])
    """

    _kind = "GaussianGaussianRBM"
    _hidden_layer = staticmethod(partial(Gaussian, sigma=1.0))

    @classmethod
    def from_parameters(cls, weights, visible_bias, hidden_bias, sigma):
        """Make a machine with given parameters, which are copied.

        Parameters
        ----------
        weights : array_like, shape (n_visible, n_hidden)
        visible_bias : array_like, shape (n_visible,)
        hidden_bias : array_like, shape (n_hidden,)
        sigma : float or array_like, shape (n_visible,)

        Returns
        -------
        rbm : GaussianGaussianRBM

        Raises
        ------
        ValueError
            If the shapes do not fit together, a layer is empty, a value is not finite or larger
            than 1e100 in size, or a width is not positive.

        Examples
        --------
        >>> rbm = GaussianGaussianRBM.from_parameters([[0.5]], [1.0], [0.0], 2.0)
        >>> rbm.visible_mean([2.0]), rbm.hidden_mean([4.0])
        (array([2.]), array([0.5]))
        """
        layer = partial(Gaussian, sigma=sigma)
        return cls._from_parameters(weights, visible_bias, hidden_bias, layer)

    def hidden_mean(self, visible):
        """Mean of h given v.

        Parameters
        ----------
        visible : array_like, shape (..., n_visible)

        Returns
        -------
        mean : ndarray, shape (..., n_hidden)
        """
        return self._hidden_mean(*self._rows(self.visible, visible, "visible"))

    def visible_mean(self, hidden):
        """Mean of v given h.

        Parameters
        ----------
        hidden : array_like, shape (..., n_hidden)

        Returns
        -------
        mean : ndarray, shape (..., n_visible)
        """
        return self._visible_mean(*self._rows(self.hidden, hidden, "hidden"))

    def visible_precision(self):
        """Inverse covariance of v, hidden units integrated out: a Schur complement.

        Returns
        -------
        precision : ndarray, shape (n_visible, n_visible)
            Positive definite if the machine has a law. Minus an entry off the diagonal is the
            stiffness of a spring between two units, over the temperature.

        Raises
        ------
        FloatingPointError
            If an entry is too large for a float.
        """
        self.check_parameters()
        with np.errstate(over="ignore", invalid="ignore"):
            ratio = self.weights / self.sigma[:, None]
            within = np.eye(self.n_visible) - ratio @ ratio.T
            return finite("the precision", within / np.outer(self.sigma, self.sigma))

    def law(self):
        """Mean and covariance of all units, the visible ones first.

        Returns
        -------
        mean : ndarray, shape (n_visible + n_hidden,)
        covariance : ndarray, shape (n_visible + n_hidden, n_visible + n_hidden)

        Raises
        ------
        ValueError
            If the energy is not bounded below, so that there is no law.
        FloatingPointError
            If an entry is too large for a float.
        """
        self.check_parameters()
        with np.errstate(over="ignore", invalid="ignore"):
            ratio = self.weights / self.sigma[:, None]
            largest = np.linalg.norm(ratio, 2)
            if not largest < 1:
                raise ValueError(
                    "rbm must have singular values of weights / sigma below 1, else its energy "
                    f"is not bounded below, got {largest:.6g}"
                )
            hidden = np.linalg.inv(np.eye(self.n_hidden) - ratio.T @ ratio)
            hidden_mean = hidden @ (self.hidden_bias + ratio.T @ (self.visible_bias / self.sigma))
            across = self.weights @ hidden  # for v = c + w h + noise
            visible = np.diag(self.sigma**2) + across @ self.weights.T
            mean = np.append(self.visible_bias + self.weights @ hidden_mean, hidden_mean)
        covariance = np.block([[visible, across], [across.T, hidden]])
        return finite("a mean", mean), finite("a covariance", covariance)


def checked_machine(rbm):
    """Return `rbm` if it is a machine of this module, with parameters that can be used."""
    if not isinstance(rbm, _RBM):
        raise TypeError(
            "rbm must be a BernoulliRBM, a GaussianBernoulliRBM or a GaussianGaussianRBM, "
            f"got {checks.shown(rbm)}"
        )
    rbm.check_parameters()
    return rbm


def checked_bernoulli(rbm):
    """Return `rbm` if its visible units are bits and its parameters can be used."""
    if not isinstance(rbm, BernoulliRBM):
        raise TypeError(f"rbm must be a BernoulliRBM, got {checks.shown(rbm)}")
    rbm.check_parameters()
    return rbm


def _logit_of_means(layer, data):
    """Biases with which units that see no others have the means of data, kept off 0 and 1."""
    rows = checked_samples(layer, data, layer.check_probabilities)
    ones = rows.sum(axis=0, dtype=np.float64)
    return np.log((ones + 1 / 2) / (len(rows) - ones + 1 / 2))
