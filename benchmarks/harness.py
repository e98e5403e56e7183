"""How two sides are timed in turn, and how growth is fitted.

A *side* is one of those that are compared. A *row* compares ours with one other side: both run in
turn, several rounds, and every other round the other side begins. A round gives a ratio, their time
by ours; the row has the quartiles of the ratios. What both have found stands beside it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from time import process_time
from typing import NamedTuple

import numpy as np
from scipy.stats import linregress

from rgrbm.estimate import Estimate

MOST_SIGMAS = 5  # what is further from the exact value is called wrong
LONGEST_REASON = 120  # letters of why a side failed


@dataclass(frozen=True)
class Settings:
    """How much is to be run: `quick` is a smoke run, `whole` adds the runs of book and tests."""

    quick: bool = False
    whole: bool = False

    @property
    def n_rounds(self):
        """Rounds of a comparison."""
        return 3 if self.quick else 7

    @property
    def n_rounds_of_growth(self):
        """Rounds of a fit."""
        return 3 if self.quick else 5

    def pick(self, full, quick):
        """Return what a full run takes, or a quick one."""
        return quick if self.quick else full


class Side(NamedTuple):
    """One of those that are compared.

    `seconds` takes the number of the round, as a seed, and returns the seconds that one unit of
    work took. `value` returns what the side finds: an Estimate, a number, or text.
    """

    name: str
    seconds: Callable
    value: Callable = str


@dataclass
class Row:
    """Ours beside one other side."""

    what: str
    unit: str
    peer: str
    ours: float | None = None  # seconds for one unit, the median
    theirs: float | None = None
    ratio: tuple | None = None  # quartiles of their time by ours
    n_rounds: int = 0
    quantity: str = ""
    exact: str = ""
    found: tuple = ("", "")  # by us, by the other side
    wrong: tuple = (False, False)
    failed: str = ""  # why there is no ratio


@dataclass
class Growth:
    """How the time of ours grows: as a power of `values`, or as 2 to the power of a multiple."""

    what: str
    against: str
    law: str  # "n^x" or "2^(x n)"
    values: list
    seconds: list
    x: float
    error: float
    expected: float


def sides(runs, seconds, value=lambda run: ""):
    """Make a side of each of several functions, ours first, that are timed and asked alike.

    `runs` has them by name; `seconds` takes one and the number of the round, `value` takes one.
    """
    return [Side(name, partial(seconds, run), partial(value, run)) for name, run in runs.items()]


class PeerFailedError(Exception):
    """Another side cannot be imported, or raises."""


def compare(what, unit, ours, peers, settings, *, n_rounds=None, quantity="", exact=None):
    """Yield a row for each peer; one that fails has a row that says why. Ours must not fail."""
    n_rounds = n_rounds or settings.n_rounds
    ours.seconds(0)  # to compile
    found = ours.value()
    for peer in peers:
        row = Row(what, unit, peer.name, quantity=quantity)
        theirs = ""
        try:
            of_peer(peer.seconds, 0)
            pairs = alternate(ours.seconds, lambda n, p=peer: of_peer(p.seconds, n), n_rounds)
            theirs = of_peer(peer.value)
        except PeerFailedError as error:
            row.failed = str(error)
        else:
            mine, others = np.transpose(pairs)
            row.ours, row.theirs = float(np.median(mine)), float(np.median(others))
            row.ratio = tuple(np.percentile(others / mine, [25, 50, 75]).tolist())
            row.n_rounds = len(pairs)
        if exact is not None:
            row.exact = f"{exact:.4f}".replace("-", "−")
        row.found = as_text(found), as_text(theirs)
        row.wrong = is_wrong(found, exact), is_wrong(theirs, exact)
        yield row


def of_peer(function, *arguments):
    """Call a function of another side; whatever goes wrong there is a PeerFailedError."""
    try:
        return function(*arguments)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a panic in Rust is no Exception
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise PeerFailedError(reason[:LONGEST_REASON]) from error


def alternate(ours, peer, n_rounds):
    """Return pairs of seconds, ours and theirs; who begins changes from round to round."""
    pairs = []
    for number in range(n_rounds):
        if number % 2:
            theirs = peer(number)
            pairs.append((ours(number), theirs))
        else:
            pairs.append((ours(number), peer(number)))
    return pairs


def growth(what, against, values, seconds, settings, *, expected, law="n^x"):
    """Fit how `seconds`, a function of a value, grows; all values in turn, several rounds.

    The error is that of a straight line through the medians of the rounds.
    """
    seconds(values[0])  # to compile
    rounds = [[seconds(n) for n in values] for _ in range(settings.n_rounds_of_growth)]
    times = np.median(rounds, axis=0)
    fit = linregress(np.log2(values) if law == "n^x" else values, np.log2(times))
    return Growth(
        what, against, law, list(values), times.tolist(), fit.slope, fit.stderr, float(expected)
    )


def timed(function, *arguments, **options):
    """Return the seconds of a call, of all processors together.

    So neighbours on the machine disturb little, and a side that takes more threads pays for them.
    """
    started = process_time()
    function(*arguments, **options)
    return process_time() - started


def package(name):
    """Return name and version of a package, or the name alone where there is none."""
    try:
        return f"{name} {version(name).split('+')[0]}"
    except PackageNotFoundError:
        return name


def as_text(found):
    """Write what a side has found."""
    if isinstance(found, float):
        return f"{found:.3g}".replace("-", "−")
    return str(found)


def is_wrong(found, exact):
    """Tell whether an estimate is too far from the exact value."""
    if exact is None or not isinstance(found, Estimate):
        return False
    return bool(abs(found.value - exact) > MOST_SIGMAS * found.error)
