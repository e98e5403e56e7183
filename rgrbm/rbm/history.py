"""What is recorded in training."""

from dataclasses import dataclass, field

import numpy as np

from rgrbm._core import checks

__all__ = ["History"]


@dataclass(frozen=True, eq=False)
class History:
    """What was recorded in training.

    Attributes
    ----------
    reconstruction_error : ndarray of float64, shape (n_epochs,), or None
        With ``method="cd"``: the fraction of bits that differ between the training data and their
        first reconstruction, averaged over the batches of the epoch, each before its update; for
        Gaussian units the mean squared difference. It is not a likelihood: a machine may
        reconstruct well and be a poor model.
    log_likelihood : ndarray of float64, shape (n_epochs,), or None
        With ``method="exact"``: the mean of ln p(v) over the training data, likewise.
    monitor_epochs : ndarray of int64, shape (n_looks,)
        The epochs after which monitors were evaluated; 0 is before training.
    monitors : dict of str to ndarray of float64, shape (n_looks,)
        What they returned.
    interrupted : bool
        Whether Ctrl-C ended the training.
    """

    reconstruction_error: np.ndarray | None = None
    log_likelihood: np.ndarray | None = None
    monitor_epochs: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    monitors: dict = field(default_factory=dict)
    interrupted: bool = False

    def plot(self, ax=None, **line):
        """Draw the reconstruction error, or the log-likelihood, against the epoch.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; by default on a new figure.
        **line
            Passed on to ``Axes.plot``, such as ``label`` or ``color``.

        Returns
        -------
        ax : matplotlib.axes.Axes

        Raises
        ------
        ValueError
            If neither was recorded, as with ``method="pcd"``: plot a monitor then.
        """
        if self.reconstruction_error is not None:
            curve, label = self.reconstruction_error, "reconstruction error"
        elif self.log_likelihood is not None:
            curve, label = self.log_likelihood, "log-likelihood per sample"
        else:
            raise ValueError("history must hold a curve to plot: use a monitor with method='pcd'")
        if ax is None:
            from matplotlib.pyplot import subplots

            ax = subplots()[1]
        elif not hasattr(ax, "errorbar"):
            raise TypeError(f"ax must be the axes of a figure, got {checks.shown(ax)}")
        ax.plot(np.arange(1, len(curve) + 1), curve, **line)
        ax.set(xlabel="epoch", ylabel=label)
        return ax


class Record:
    """The history while it is written."""

    def __init__(self, n_epochs, monitors, seed):
        self.curve = np.zeros(n_epochs)
        self.monitors, self.seed = monitors, seed
        self.looks = []  # of an epoch and the values of the monitors

    def look(self, rbm, epoch):
        """Ask the monitors."""
        values = []
        for k, (name, monitor) in enumerate(self.monitors.items()):
            value = monitor(rbm, np.random.default_rng([self.seed, epoch, 2, k]))
            values.append(_number(name, value))
        self.looks.append((epoch, *values))

    def table(self, n_epochs):
        """Rows of an epoch and the values of the monitors, up to an epoch."""
        rows = [row for row in self.looks if row[0] <= n_epochs]
        return np.array(rows, dtype=np.float64).reshape(len(rows), 1 + len(self.monitors))

    def history(self, method, n_epochs, interrupted):
        curve, table = self.curve[:n_epochs].copy(), self.table(n_epochs)
        return History(
            reconstruction_error=curve if method == "cd" else None,
            log_likelihood=curve if method == "exact" else None,
            monitor_epochs=table[:, 0].astype(np.int64),
            monitors=dict(zip(self.monitors, table[:, 1:].T, strict=True)),
            interrupted=interrupted,
        )


def checked_monitors(value):
    """Return the argument `monitors` as a dict of names to functions."""
    monitors = {} if value is None else value
    if not isinstance(monitors, dict) or not all(
        isinstance(name, str) and callable(monitor) for name, monitor in monitors.items()
    ):
        raise TypeError(f"monitors must be a dict of names to functions, got {checks.shown(value)}")
    return dict(monitors)


def _number(name, value):
    """Return what a monitor returned as a float, which may be infinite or NaN."""
    try:
        if np.ndim(value) == 0 and not isinstance(value, (str, bytes)):
            return float(value)
    except OverflowError:  # of an integer, perhaps too long to be written out
        raise ValueError(f"monitor {name!r} must return a number that a float can hold") from None
    except (TypeError, ValueError):
        pass
    raise TypeError(f"monitor {name!r} must return a number, got {checks.shown(value)}")
