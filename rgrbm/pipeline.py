"""A machine as a step of a scikit-learn pipeline.

It learns bits, or grey levels taken as the probabilities of bits, and turns each sample into the
probabilities of its hidden units. This file needs scikit-learn (``pip install rgrbm[sklearn]``);
nothing else in the library does.
"""

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from rgrbm._core import checks
from rgrbm.rbm import BernoulliRBM, train
from rgrbm.rbm.pseudo_likelihood import sample_values

__all__ = ["RBMTransformer"]


class RBMTransformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """A Bernoulli machine that turns samples into the probabilities of hidden units.

    Parameters
    ----------
    n_components : int, optional
        Hidden units, at least 1.
    learning_rate, method, n_gibbs, momentum, l1, l2 : optional
        As in `rgrbm.rbm.train`.
    batch_size : int, optional
        Samples in an update, at least 1; if there are fewer samples, all of them.
    n_epochs : int, optional
        Passes of `fit` through the data, at least 1.
    bounds : tuple of two floats, optional
        Values that stand for the probabilities 0 and 1, the lower first; in between, the
        probability is linear, and beyond them it is 0 or 1. By default they are 0 and 1 where all
        data of the first fit lie between, and else the least and the largest number in these data.
    random_state : int, numpy.random.RandomState or None, optional
        Seed of all that is drawn.

    Attributes
    ----------
    machine_ : BernoulliRBM
        The trained machine, which started at the means of the data.
    bounds_ : tuple of two floats
        See `bounds`.
    n_features_in_ : int
        Visible units.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> X = np.array([[0, 0, 1, 1], [1, 1, 0, 0]] * 20)
    >>> transformer = RBMTransformer(2, n_epochs=100, random_state=0)
    >>> model = make_pipeline(transformer, LogisticRegression())
    >>> model.fit(X, X[:, 0]).score(X, X[:, 0])
    1.0
    """

    def __init__(
        self,
        n_components=64,
        *,
        learning_rate=0.1,
        batch_size=100,
        n_epochs=10,
        method="cd",
        n_gibbs=1,
        momentum=0.0,
        l1=0.0,
        l2=0.0,
        bounds=None,
        random_state=None,
    ):
        self.n_components = n_components
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.n_epochs = n_epochs
        self.method = method
        self.n_gibbs = n_gibbs
        self.momentum = momentum
        self.l1 = l1
        self.l2 = l2
        self.bounds = bounds
        self.random_state = random_state

    def fit(self, X, y=None):
        """Train a new machine.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
        y : object, optional
            Ignored.

        Returns
        -------
        self : RBMTransformer

        Raises
        ------
        ValueError, TypeError
            If an argument or a parameter is not as described.
        """
        return self._fit(X, new=True, n_epochs=self.n_epochs)

    def partial_fit(self, X, y=None):
        """Train on with one pass through more data; the first call makes the machine.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
        y : object, optional
            Ignored.

        Returns
        -------
        self : RBMTransformer

        Raises
        ------
        ValueError, TypeError
            As in `fit`.
        """
        return self._fit(X, new=not hasattr(self, "machine_"), n_epochs=1)

    def transform(self, X):
        """Probabilities of hidden units to be 1.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)

        Returns
        -------
        probabilities : ndarray of float64, shape (n_samples, n_components)
        """
        return self._machine().hidden_probabilities(self._levels(X), probabilities=True)

    def score_samples(self, X):
        """Pseudo-log-likelihood of each sample, in nats: see `rgrbm.rbm.pseudo_log_likelihood`.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
            A grey level between the bounds is a weight between the two values of its bit.

        Returns
        -------
        scores : ndarray of float64, shape (n_samples,)
        """
        return sample_values(self._machine(), self._levels(X))

    def _fit(self, X, new, n_epochs):
        X = validate_data(self, X, reset=new, dtype=np.float64)
        n_components = checks.integer("n_components", self.n_components, 1)
        batch_size = checks.integer("batch_size", self.batch_size, 1)
        n_epochs = checks.integer("n_epochs", n_epochs, 1)
        bounds = self._checked_bounds(X) if new else self.bounds_
        levels = _between(X, bounds)
        if new:
            seed = check_random_state(self.random_state).randint(2**31 - 1, size=4)
            rng = np.random.default_rng(seed)
            machine = BernoulliRBM(X.shape[1], n_components, data=levels, rng=rng)
        else:
            rng, machine = self._rng, self.machine_
        options = {
            "learning_rate": self.learning_rate,
            "batch_size": min(batch_size, len(X)),
            "method": self.method,
            "n_gibbs": self.n_gibbs,
            "momentum": self.momentum,
            "l1": self.l1,
            "l2": self.l2,
            "rng": rng,
        }
        grey = not np.isin(levels, (0, 1)).all()
        train(machine, levels, n_epochs=n_epochs, probabilities=grey, **options)
        self.machine_, self.bounds_, self._rng = machine, bounds, rng
        self._n_features_out = n_components
        return self

    def _checked_bounds(self, X):
        if self.bounds is None:
            inside = X.min() >= 0 and X.max() <= 1
            return (0.0, 1.0) if inside else (float(X.min()), float(X.max()))
        low, high = checks.array("bounds", self.bounds, (2,))
        if low >= high:
            raise ValueError(f"bounds must be two numbers, the lower first, got {self.bounds!r}")
        return float(low), float(high)

    def _machine(self):
        check_is_fitted(self, "machine_")
        return self.machine_

    def _levels(self, X):
        return _between(validate_data(self, X, reset=False, dtype=np.float64), self.bounds_)


def _between(X, bounds):
    """Place of numbers between two bounds, from 0 to 1."""
    low, high = bounds
    if low == high:  # all data alike
        return np.where(low < X, 1.0, 0.0)
    return np.clip((X - low) / (high - low), 0.0, 1.0)
