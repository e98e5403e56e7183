"""Every public function, and each of its arguments: what is wrong is refused, what is odd is right.

A row of the table makes a right call, and says of what kind each argument is; `tests/kinds.py` has
for each kind the values that are tried. A new function needs a row here.
"""

import importlib
import inspect
import math
import os
import pickle
import re
from contextlib import chdir, suppress
from dataclasses import fields, is_dataclass, replace
from functools import cache, partial
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from kinds import (
    ANY,
    CUBE,
    CUBES,
    EQUAL_SIDES,
    EVEN,
    SQUARE,
    SQUARES,
    TWO,
    Count,
    Kind,
    Refusing,
    Unprintable,
    bits,
    choice,
    flag,
    function,
    integers,
    magnitudes,
    not_numbers,
    nothing,
    number,
    numbers,
    optional,
    passed,
    path,
    probabilities,
    real,
    reals,
    rng,
    signed,
    size,
    spins,
    truths,
)

import rgrbm
from rgrbm.estimate import Estimate
from rgrbm.ising import bits_to_spins, chain_energy
from rgrbm.networks import Basis, Schedule, TorchRBM, gaussian_score, train_score
from rgrbm.pipeline import RBMTransformer
from rgrbm.quantum import GaussianTrap, RBMState
from rgrbm.rbm import (
    BernoulliRBM,
    Bits,
    Gaussian,
    GaussianBernoulliRBM,
    GaussianGaussianRBM,
    History,
)
from rgrbm.sampler import EdwardsAnderson, MultilevelSampler
from rgrbm.tensor import MPSClassifier

GROWN = np.random.default_rng(3).choice([-1, 1], size=(4, 4, 4))
COMPATIBLE = [[1, 1, -1, 1], [1, -1, -1, -1], [1, 1, 1, -1], [1, 1, -1, 1]]
LATTICE = [[[1, -1], [1, 1]], [[-1, -1], [1, -1]]]
TORI = [np.resize([1, 1, -1], (4, 4)), np.resize([-1, -1, 1, 1, -1], (4, 4))]
SPINS = [[1, 1, -1, -1], [1, -1, 1, 1], [-1, -1, -1, 1]]
BITS = [[1, 1, 0, 0], [1, 0, 1, 1], [0, 0, 0, 1]]
HIDDEN = [[1, 0, 1], [0, 0, 1], [1, 1, 0]]
REALS = [[0.5, -1.0, 2.0, 0.25], [1.0, 0.0, -0.5, 4.0], [2.0, 2.0, 1.0, -1.0]]
WEIGHTS = [[0.5, -1.0, 2.0], [0.25, 0.5, 0.0], [1.0, -2.0, 0.5], [-0.5, 0.0, 1.5]]
VISIBLE_BIAS, HIDDEN_BIAS, SIGMA = [0.5, -0.5, 0.25, 1.0], [-1.0, 0.5, 0.25], [1.0, 0.5, 2.0, 4.0]
POSITIVE = (np.array(WEIGHTS) @ np.transpose(WEIGHTS) + 2 * np.eye(4)).tolist()
HIDDEN_MEAN = [0.25, 0.5, -1.0, 0.0]
VECTOR = [*np.ravel(WEIGHTS), *VISIBLE_BIAS, *HIDDEN_BIAS]
TENSOR = np.exp(-np.arange(36.0)).reshape(2, 3, 2, 3) + 0.5
FINE, COARSE = np.random.default_rng(2).integers(-8, 8, size=(2, 6, 2))
MASSES, JOINT = [1.0, 0.5, 0.0, 2.0, 1.0, 1.0], [[0.25, 0.125], [0.5, 0.125]]
OVERLAPS = np.random.default_rng(4).choice([-1.0, 1.0], size=(40, 3, 3, 3))
FLIPS = np.random.default_rng(5).choice([-1.0, 1.0], size=(40, 6, 6, 6), p=[0.25, 0.75])
FINE_OVERLAPS = OVERLAPS.repeat(2, 1).repeat(2, 2).repeat(2, 3) * FLIPS
CUBE_SPINS = OVERLAPS[0, :2, :2, :2]
BONDS = np.random.default_rng(6).choice([-0.5, 0.5], size=(3, 2, 2, 2))
IMAGES = np.random.default_rng(8).integers(0, 9, size=(3, 4, 2)) / 8
LEVELS = [[0.5, 1.0, 0.0, 0.25], [0.0, 0.75, 1.0, 1.0], [0.25, 0.0, 0.0, 1.0]]
SERIES = np.random.default_rng(1).integers(-8, 8, size=(2, 400))


def of_bits():
    return BernoulliRBM.from_parameters(WEIGHTS, VISIBLE_BIAS, HIDDEN_BIAS)


def of_reals():
    return GaussianBernoulliRBM.from_parameters(WEIGHTS, VISIBLE_BIAS, HIDDEN_BIAS, SIGMA)


def all_real():
    weights = np.array(WEIGHTS) / 4
    return GaussianGaussianRBM.from_parameters(weights, VISIBLE_BIAS, HIDDEN_BIAS, SIGMA)


class Row:
    """A right call of a function: its name behind a door, and the kinds of its arguments."""

    def __init__(self, name, /, **arguments):
        self.name, self.arguments = name, arguments
        door, *names = name.split(".")
        self.function = importlib.import_module(f"rgrbm.{door}")
        for part in names:
            self.function = getattr(self.function, part)
        if isinstance(self.function, property):  # assigned to
            self.function = self.function.fset
        self.signature = inspect.signature(self.function)
        kinds = {parameter.kind for parameter in self.signature.parameters.values()}
        self.plain = kinds <= {
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
            inspect.Parameter.KEYWORD_ONLY,
        }

    def __repr__(self):
        return self.name

    def make(self, /, **given):
        return {name: kind.right() for name, kind in self.arguments.items()} | given

    def call(self, arguments):
        if self.plain:  # many calls are made, and to bind takes longer than most of them
            return self.function(**arguments)
        bound = self.signature.bind_partial()
        bound.arguments.update(arguments)
        return self.function(*bound.args, **bound.kwargs)

    def called(self, argument):
        """What an error may call an argument."""
        own = self.name.rsplit(".")[-1] if argument == "value" else argument
        return [own, argument, *self.arguments[argument].names]


def own(make):
    """Something that is not attacked, made afresh."""
    return Kind(make)


def saved(make):
    make().save("saved.npz")
    return Path("saved.npz")


def axes():
    return Kind(lambda: plt.figure(1).gca(), lambda: [None, 1, "ax", object(), plt.figure(1)])


def text(right):
    values = [None, 1, b"text", ["text"], object(), Unprintable(), np.array(["a", "b"])]
    return Kind(lambda: right, lambda: values)


def stored():
    values = [{"a": [object()]}, {"a": [None]}, {"a": Refusing()}, {"a": [[1], [1, 1]]}]
    return Kind(lambda: {"a": [0.5, 1.0]}, lambda: values, names=("a",))


def estimate():
    values = [None, 1, "abc", [1, 2], np.ones(3), object(), Unprintable()]
    return Kind(lambda: Estimate(np.array([0.5, 0.25]), np.array([0.1, 0.1])), lambda: values)


def measured():
    return Kind(lambda: np.array([0.5, 0.25]), not_numbers)


def series(least=2):
    """Make the kind of a series, or several; too many numbers to draw one by one."""
    kind = reals(SERIES, (..., range(least, 10**6)), truth=False)
    wrong = [np.zeros((1, 2, 8)), SERIES[0, :0]]
    return replace(
        kind,
        wrong=lambda: [*kind.wrong(), *wrong],
        drawn_odd=nothing,
        extremes=signed().map(lambda size: size * SERIES),
    )


def log_weights():
    """Make the kind of logarithms of weights, enough of them that are alike."""
    kind = series()
    right = np.linspace(0, 1, 400)
    wrong = [np.zeros((2, 200)), right[:1], right[:0], np.full(400, np.nan), 0.5, np.full(9, 1e300)]
    return Kind(
        lambda: right.copy(),
        lambda: [*not_numbers(), *wrong],
        lambda: [(list(right), right), (right[::-1][::-1], right)],
        extremes=kind.extremes.map(lambda found: found[0]),
    )


def multilevel():
    return MultilevelSampler(4, 0.5, n_hidden=1, rng=np.random.default_rng(5))


def monitors():
    values = [1, "abc", [abs], {1: abs}, {"a": 1}, {"a": None}, abs, object(), Unprintable()]
    return Kind(lambda: {"size": Count(lambda rbm, rng: np.abs(rbm.weights).max())}, lambda: values)


def grid():
    values = [None, 1, 0.5, "abc", [1], [[1]], object(), Unprintable(), {"a": 1}, {1: [1]}, int]
    values += [[{"a": 1}, None], [{1: 1}], {"a": None}, {"a": [0], "b": 3}]
    plain = {"a": [1, 2]}
    odd = [(({"a": a} for a in (1, 2)), plain), ({"a": iter([1, 2])}, plain)]
    return Kind(lambda: plain, lambda: values, lambda: odd)


def executor():
    return Kind(lambda: None, lambda: [1, "threads", object(), Unprintable(), int, [], {}])


def frames():
    values = [None, 1, [], (), "", object(), Unprintable(), iter([])]
    return Kind(lambda: [0], lambda: values, lambda: [(iter([0]), [0]), (np.array([0]), [0])])


def figsize():
    values = [None, 1, "ab", (1,), (1, 2, 3), (0, 1), (-1, 1), (math.nan, 1), ("a", 1), object()]
    return Kind(lambda: (1.0, 1.0), lambda: values)


def where():
    return Kind(
        lambda: (0.5,), lambda: [(), (1, 2, 3), ("a",), (None,), (object(),), ([1], [1, 2])]
    )


def note_value():
    return Kind(lambda: 0.5, lambda: [object(), Unprintable(), [1], {}, np.array([1, 2])])


def new_step():
    return RBMTransformer(**step)


def fitted_step():
    return new_step().fit(BITS)


def widths():
    return reals(SIGMA, (4,), 1e-100, single=True)


def rate():
    """Make the kind of a learning rate, which may be a function, too."""
    kind = real(0.5, 0.0, above=True)
    return replace(kind, wrong=lambda: [value for value in kind.wrong() if not callable(value)])


def power_of_two():
    return Kind(lambda: 4, lambda: [*size().wrong(), 3, 6, 12], lambda: [(np.int8(64), 64)])


def power_of_path():
    return replace(power_of_two(), wrong=lambda: [*size(4, 1, 1024).wrong(), 3, 6, 12])


def three_or_six():
    return Kind(lambda: 3, lambda: [*size().wrong(), 1, 2, 4, 5, 7], lambda: [(np.int8(3), 3)])


def distribution():
    values = [[0.5, 0.6], [1.5, -0.5], [math.nan, 1], [math.inf, 1], [0.5, 0.25], [], [[0.5, 0.5]]]
    kind = reals([0.5, 0.5], (...,))
    return Kind(lambda: [0.5, 0.5], lambda: [*not_numbers(), *values], kind.odd)


def flips():
    """Make the kind of growing probabilities that end at 1/2."""
    values = [[0.5, 0.5], [0.5, 0.25], [0.25], [0.0, 0.5], [-0.25, 0.5], [0.6], [], [[0.5]], 0.5]
    right = np.array([0.25, 0.5])
    return Kind(
        lambda: right,
        lambda: [*not_numbers(), *values, [math.nan, 0.5], [0.25, math.inf]],
        lambda: [(list(right), right), (right.astype(np.float32), right)],
    )


def orders():
    """Make the kind of the three sites in some order."""
    values = [[0, 1], [0, 1, 1], [1, 2, 3], [-1, 0, 1], [[0, 1, 2]], [0.0, 1.0, 2.0], [], 0]
    right = np.array([2, 0, 1])
    return Kind(
        lambda: right,
        lambda: [*not_numbers(), *values],
        lambda: [(list(right), right), (right.astype(np.int8), right)],
    )


def length():
    """Make the kind of the length of a chain, or of the infinite one."""
    kind = size(4)
    infinite = [math.inf, np.float64("inf"), np.float32("inf"), np.float16("inf")]
    odd = [(value, math.inf) for value in infinite]
    wrong = [value for value in kind.wrong() if not isinstance(value, float) or value != math.inf]
    return replace(
        kind,
        wrong=lambda: [*wrong, -math.inf],
        odd=lambda: [*kind.odd(), *odd],
        drawn_wrong=kind.drawn_wrong.filter(lambda x: not isinstance(x, float) or x != math.inf),
    )


def machine(make, *, bernoulli=False):
    others = [of_reals] * bernoulli + [lambda: Bits([0.0]), lambda: BernoulliRBM]

    def wrong():
        values = [None, 0, "rbm", b"rbm", object(), [], {}, np.eye(4), np.ma.masked, math.nan]
        return [*values, make().parameters(), *[other() for other in others], Unprintable()]

    return Kind(make, wrong, extremes=all_sizes(make))


def all_sizes(make):
    """Draw machines with parameters of all magnitudes."""
    right = make()
    parts = {
        name: hnp.arrays(np.float64, value.shape, elements=signed(), fill=st.nothing())
        for name, value in right.parameters().items()
    }
    if "sigma" in parts:
        parts["sigma"] = parts["sigma"].map(lambda x: np.clip(np.abs(x), 1e-100, None))
    return st.fixed_dictionaries(parts).map(lambda drawn: right.from_parameters(**drawn))


def machine_rows(kind, make, visible, hidden=None, **options):
    """Methods that all machines have; `options` are arguments that only one has."""
    row = partial(Row, self=replace(machine(make), wrong=list))
    of_hidden = "hidden_mean" if hidden else "hidden_probabilities"
    hidden = hidden or bits(HIDDEN, (..., 3))
    return [
        row(f"{kind}.weights", value=reals(WEIGHTS, (4, 3))),
        row(f"{kind}.visible_bias", value=reals(VISIBLE_BIAS, (4,))),
        row(f"{kind}.hidden_bias", value=reals(HIDDEN_BIAS, (3,))),
        row(f"{kind}.parameters"),
        row(f"{kind}.copy"),
        row(f"{kind}.check_parameters"),
        row(f"{kind}.to_vector"),
        row(f"{kind}.with_vector", vector=reals(VECTOR, (19,))),
        row(f"{kind}.save", path=path(lambda: Path("new.npz"))),
        Row(f"{kind}.load", path=path(partial(saved, make))),
        row(f"{kind}.energy", visible=visible, hidden=hidden),
        row(f"{kind}.free_energy", visible=visible),
        row(f"{kind}.hidden_free_energy", hidden=hidden),
        row(f"{kind}.{of_hidden}", visible=visible, **options),
        row(f"{kind}.sample_hidden", visible=visible, rng=rng()),
        row(f"{kind}.sample_visible", hidden=hidden, rng=rng()),
        row(f"{kind}.gibbs", visible=visible, n_steps=size(2, 0, takes_time=True), rng=rng()),
        row(f"{kind}.reconstruct", visible=visible, rng=rng()),
    ]


def layer_rows(kind, make, states):
    """Methods of layers: all but `check` take what that returned, and do not look at it again."""
    row = partial(Row, self=own(make))
    checked, push = passed(np.array(BITS, dtype=float)), passed(np.array(REALS))
    return [
        row(f"{kind}.bias", value=reals(VISIBLE_BIAS, (4,))),
        row(f"{kind}.check", states=states, name=passed("states")),
        row(f"{kind}.check_parameters"),
        row(f"{kind}.push", states=checked, weights=passed(np.array(WEIGHTS))),
        row(f"{kind}.scaled", states=checked),
        row(f"{kind}.energy", states=checked),
        row(f"{kind}.log_sum", push=push),
        row(f"{kind}.mean", push=push),
        row(f"{kind}.draw", push=push, rng=own(lambda: np.random.default_rng(3))),
    ]


def chain_of_tensors():
    return MPSClassifier.from_linear(WEIGHTS, HIDDEN_BIAS)


def chain_of_tensors_rows():
    """The classifier that is a chain of tensors; what it holds is attacked as a whole."""
    tensors = chain_of_tensors().tensors
    bad = [None, 1, "abc", [], tensors[:1], tensors[::-1], [*tensors[:-1], None], object()]
    bad += [[tensor * math.nan for tensor in tensors], [tensor[0] for tensor in tensors]]
    labels = integers([0, 2, 1], (3,), 0, 2)
    row = partial(Row, self=own(chain_of_tensors))
    features = reals(IMAGES, (ANY, 4, 2))
    return [
        Row("tensor.MPSClassifier", tensors=Kind(lambda: tensors, lambda: bad)),
        Row(
            "tensor.MPSClassifier.from_features",
            features=reals(IMAGES, (ANY, TWO, ANY)),
            n_classes=size(2),
            bond=size(2, 1, 1024),
        ),
        Row(
            "tensor.MPSClassifier.from_linear",
            weights=replace(reals(WEIGHTS, (TWO, 3)), names=("bias",)),
            bias=reals(HIDDEN_BIAS, (3,)),
        ),
        row("tensor.MPSClassifier.decision", features=features),
        row("tensor.MPSClassifier.predict", features=features),
        row(
            "tensor.MPSClassifier.sweep",
            features=reals(IMAGES, (3, 4, 2)),
            labels=labels,
            bond=size(2, 1, 1024),
            n_steps=size(1, 0, top=5, takes_time=True),
            ridge=real(0.5, 0, 1e100),
            metric=choice("data"),
            floor=real(0.25, 0, 1, above=True),
        ),
        row("tensor.MPSClassifier.canonical"),
        row("tensor.MPSClassifier.bond_spectrum", site=size(1, 0, 2)),
        row("tensor.MPSClassifier.to_dense"),
    ]


def glass():
    return EdwardsAnderson(2, [1.0, 2.0], n_samples=3, rng=np.random.default_rng(7))


def glass_rows():
    """The sampler of glasses, and what it is asked."""
    counts = ("spins", "overlaps", "plane_overlaps", "energies", "swap_rates")
    return [
        Row(
            "sampler.EdwardsAnderson",
            size=size(2, 2, 64, top=5),
            temperatures=reals([0.5, 1.0, 2.0], (ANY,), 1e-100),
            n_samples=size(3),
            rng=rng(),
        ),
        Row(
            "sampler.EdwardsAnderson.run",
            self=own(glass),
            n_sweeps=size(2, 0, top=5, takes_time=True),
            observe=optional(function(lambda glass: glass.energies().sum())),
            every=size(1),
            progress=flag(),
        ),
        *[Row(f"sampler.EdwardsAnderson.{name}", self=own(glass)) for name in counts],
    ]


def ring_state():
    return RBMState(4, 0.5, density=2, rng=np.random.default_rng(7))


def trap(cusp=True):
    return GaussianTrap(2, cusp=cusp, rng=np.random.default_rng(7))


def springs_rows():
    """Springs, and the machine that is made of them."""
    of_springs = machine(all_real)
    row = partial(Row, self=replace(of_springs, wrong=list))
    visible, hidden = reals(REALS, (..., 4)), reals([[0.5, -1.0, 2.0]], (..., 3))
    name = "rbm.GaussianGaussianRBM"
    bonds = {
        "horizontal": replace(
            reals([[1.0, 10.0, 1.0], [2.0, 0.5, 4.0]], (2, 3), 1e-100),
            names=("vertical",),
        ),
        "vertical": reals([[1.0, 10.0]], (1, 2), 1e-100),
    }
    return [
        Row(
            name,
            n_visible=size(3),
            n_hidden=size(3),
            sigma=real(0.5, 1e-100, 1e100),
            rng=rng(),
        ),
        *machine_rows(name, all_real, visible, hidden),
        Row(f"{name}.from_parameters", **parameters, sigma=widths()),
        Row(f"{name}.sigma", self=own(all_real), value=widths()),
        row(f"{name}.visible_mean", hidden=hidden),
        row(f"{name}.visible_precision"),
        row(f"{name}.law"),
        Row("rbm.exact_log_partition", rbm=of_springs),
        Row("rbm.exact_moments", rbm=of_springs),
        Row("rbm.log_likelihood", rbm=of_springs, data=visible, log_partition=number()),
        Row(
            "rbm.train",
            rbm=of_springs,
            data=reals(REALS, (ANY, 4)),
            n_epochs=passed(2),
            learning_rate=passed(0.001),
            method=choice("exact"),
            learn_sigma=flag(),
            rng=rng(),
        ),
        Row("decimation.bridge_stiffness", bonds=reals(np.ones((2, 5)), (..., 5), 1e-100)),
        Row(
            "decimation.chain_density_of_states",
            frequencies=numbers(0.5),
            stiffness=real(0.5, 0.0, 1e100, above=True),
            pinning=real(0.25, 0.0, 1e100),
            damping=real(0.5, 0.0, 1e100, above=True),
            n_steps=size(5, 1, 100),
        ),
        Row(
            "decimation.chain_stiffness",
            n_sites=size(4, 2),
            stiffness=number(0.5),
            pinning=number(0.25),
        ),
        Row(
            "decimation.condense",
            matrix=replace(reals(POSITIVE, (4, 4)), names=("kept",)),
            kept=integers([2, 0], (ANY,), 0, 3),
        ),
        Row("decimation.decimate_springs", stiffness=numbers(0.5), pinning=numbers(0.25)),
        Row("decimation.network_stiffness", **bonds),
        Row("decimation.dual_network", **bonds, product=real(0.5, 0.0, 1e100, above=True)),
    ]


def entropy_rows():
    """Entropy on several scales; lists of levels are attacked as a whole."""
    maps, kept = [[0, 1, 1, 0], [0, 0]], [[0, 2, 3], [3]]
    strange = [None, 1, "abc", {"a": 1}, object(), Unprintable(), [None, None], [[], []]]
    bad_maps = [maps[:1], [*maps, [1]], maps[::-1], [maps[0], [0, 2]], [maps[0], [0.0, 0.0]]]
    bad_maps += [[[0, 1, -1, 0], [0, 0]], [[0, 1, 2, 0], [1, 2, 1]]]
    bad_kept = [kept[:1], [*kept, [3]], kept[::-1], [[0, 2, 4], [2]], [[0, 2, 2], [2]]]
    bad_kept += [[[0.0, 2.0, 3.0], [3]], [[0, 2, 3], []], [[0, 2, 3], [1]]]
    of_three = reals([1.0, 0.5, 0.25], (3,))
    levels = {
        "loss": replace(reals(REALS[0], (4,)), names=("maps",)),
        "maps": Kind(lambda: maps, lambda: strange + bad_maps, names=("weights",)),
        "weights": of_three,
    }
    law = probabilities([0.25, 0.5, 0.0, 0.25], (4,))
    return [
        Row("entropy.hierarchical", **levels),
        Row("entropy.objective", law=law, **levels),
        Row(
            "entropy.ring_flow",
            coupling=number(0.5),
            weights=reals([1.0, 0.5, 0.25], (ANY,)),
            n_sites=size(64),
        ),
        Row(
            "entropy.gaussian",
            precision=replace(reals(POSITIVE, (4, 4)), names=("kept",)),
            kept=Kind(lambda: kept, lambda: strange + bad_kept, names=("weights",)),
            weights=of_three,
        ),
        Row(
            "entropy.lomax_flow",
            alpha=real(16.0, 0, 1e100, above=True),
            weights=replace(of_three, names=("counts",)),
            counts=integers([2, 1, 3], (3,), 1, 10**6),
        ),
    ]


def automata_rows():
    """Rules in time and their coarse-grainings."""
    rule = size(90, 0, 255, top=255)
    return [
        Row(
            "dynamics.step",
            states=integers(BITS, (..., ANY), 0, 1),
            rule=rule,
            n_steps=size(2, 0, takes_time=True),
        ),
        Row("dynamics.block_map", rule=rule, block=size(2, 1, 6, top=3)),
        Row("dynamics.projections", rule=rule, block=size(2, 1, 4, top=3)),
        Row(
            "dynamics.quotient",
            rule=rule,
            block=size(2, 1, 6, top=3),
            merge=optional(integers([0, 1], (2,), 0, 3)),
        ),
        Row(
            "dynamics.commutes",
            rule=rule,
            labels=integers([0, 1, 1, 0], ((2, 4, 8, 16),), 0, 1),
            coarse_rule=rule,
            rng=rng(),
            n_rings=size(2),
        ),
        Row("dynamics.space_time_encoder", rule=rule, block=size(2, 2, 3)),
        Row(
            "dynamics.space_time_encoder",
            rule=passed(90),
            block=passed(2),
            rows=optional(bits(np.resize([0, 1, 1], (4, 6)), (..., TWO, EVEN))),
        ),
    ]


def diffusion_rows():
    """Kernels of fields on rings, their time scales, and flocks."""
    rings = replace(reals(SERIES, (2, 400)), drawn_odd=nothing, extremes=None)
    after = replace(rings, extremes=signed().map(lambda size: size * SERIES))
    kernel = [0.25, 0.5, 0.25]
    spreading = reals([[0, 0, 1, 1, 0, 0], [0, 0.25, 0.75, 0.75, 0.25, 0], [0.5] * 6], (TWO, ANY))

    def at_most_two_axes(value):
        return np.ndim(value) < 3 if isinstance(value, np.ndarray) else True

    fields = replace(
        spreading,
        wrong=lambda: list(filter(at_most_two_axes, spreading.wrong())),
        drawn_wrong=spreading.drawn_wrong.filter(at_most_two_axes),
        drawn_odd=nothing,
    )
    return [
        Row(
            "dynamics.fit_kernel",
            before=replace(rings, names=("after",)),
            after=after,
            radius=size(2, 0, 199, top=20),
        ),
        Row(
            "dynamics.time_scale",
            kernel=reals(kernel, ((1, 3, 5),)),
            block=Kind(lambda: 2, lambda: [*size().wrong(), 4, 5, 7], lambda: [(np.int8(3), 3)]),
            fields=fields,
        ),
        Row(
            "dynamics.flock",
            n_birds=size(3),
            size=real(2.5, 1, 1e6),
            noise=real(0.5, 0, 2 * math.pi),
            speed=real(0.5, 0, 2.5),
            n_steps=size(3, 0, top=5, takes_time=True),
            rng=rng(),
            observe=optional(function(lambda positions, angles: positions.sum() + angles.sum())),
            every=size(1),
        ),
    ]


def similarity_rows():
    """Laws of similarity, Barenblatt's equation, and the cylinder."""
    y, X, V = np.random.default_rng(9).integers(-16, 16, size=(3, 60)) / 8
    points = {
        "log_quantity": reals(y, (60,)),
        "log_scale": reals(X, (60,)),
    }
    one = {**points, "log_variable": reals(V, (60,))}
    many = {**points, "log_variables": reals(V[:, None], (60, ANY))}
    search = {"search": reals([-2.0, 2.0], (2,))}
    labels = np.repeat([0, 1, 2], 20)
    return [
        Row("dynamics.fit_similarity", **one, curves=passed(None), **search),
        Row(
            "dynamics.fit_similarity",
            **{name: passed(kind.right()) for name, kind in one.items()},
            curves=optional(integers(labels, (60,), -(2**53), 2**53)),
            search=passed((-2.0, 2.0)),
        ),
        Row("dynamics.fit_similarity_network", **many, rng=rng()),
        Row("dynamics.callan_symanzik", **many, n_neighbours=size(30, 7, 60)),
        Row("dynamics.similarity_deficit", **one, **search),
        Row("dynamics.anomalous_exponent", epsilon=real(0.5, -0.999, 80)),
        Row(
            "dynamics.rg_map",
            profile=reals([1.0, 0.75, 0.5, 0.25, 0.0], (5,)),
            x=reals([0.0, 0.5, 1.0, 1.5, 2.0], (5,)),
            epsilon=real(0.5, -1.0, 1e3, above=True),
            scale=real(2.0, 1.0, 1e3, above=True),
        ),
        Row(
            "transfer_matrix.cylinder_correlation_length",
            size=size(4, 2, 2**14),
            coupling=reals([0.5], (...,), 1e-100),
        ),
        Row(
            "transfer_matrix.cylinder_row_correlation",
            size=size(4, 2, 512, top=20),
            coupling=reals([0.5], (...,), 1e-100),
        ),
    ]


def quantum_rows():
    """Trial functions, and what they are asked."""
    run = {"n_samples": size(3), "n_sweeps": size(2, 0, top=5, takes_time=True), "rng": rng()}
    started = {"n_samples": passed(3), "n_sweeps": passed(2), "rng": passed(None)}
    started["rng"] = own(lambda: np.random.default_rng(3))
    rows = []
    for name, make, argument, kind, start in (
        ("RBMState", ring_state, "spins", spins(SPINS, (ANY, 4)), spins(SPINS, (3, 4))),
        ("GaussianTrap", trap, "positions", reals(REALS, (ANY, 4)), reals(REALS, (3, 4))),
    ):
        row = partial(Row, self=own(make))
        methods = ["log_psi", "local_energy", "log_derivatives"]
        methods += ["flip_ratios"] * (name == "RBMState")
        rows += [row(f"quantum.{name}.{method}", **{argument: kind}) for method in methods]
        rows += [
            row(f"quantum.{name}.parameters"),
            row(f"quantum.{name}.sample", **run, start=passed(None)),
            row(f"quantum.{name}.sample", **started, start=optional(start)),
        ]
    learning = {
        "n_steps": size(2, 0, top=4, takes_time=True),
        "learning_rate": real(0.25, 0, 1, above=True),
        "shift": real(0.25, 1e-12, 1),
    }
    sampled = {"n_samples": size(3, 2), **learning, "rng": rng()}
    watch = optional(function(lambda samples: samples.sum()))
    return [
        *rows,
        Row(
            "quantum.RBMState",
            n_sites=size(4, 3),
            field=real(0.5, 0, 1e100),
            density=size(2),
            rng=rng(),
        ),
        Row(
            "quantum.GaussianTrap",
            n_hidden=size(2, 0),
            interaction=flag(),
            cusp=flag(),
            rng=rng(),
        ),
        Row("quantum.optimize", state=instance(ring_state), **sampled, observe=watch),
        Row("quantum.optimize", state=instance(trap), **sampled, observe=watch),
        Row("quantum.optimize_exactly", state=instance(ring_state), **learning),
        Row(
            "quantum.estimate_energy",
            state=instance(ring_state),
            n_samples=size(3, 2),
            n_sweeps=size(2, 1, top=5, takes_time=True),
            rng=rng(),
        ),
        Row(
            "quantum.trap_local_energy",
            positions=reals(REALS, (3, 4)),
            gradient=reals(REALS, (3, 4)),
            laplacian=reals(REALS[0][:3], (3,)),
            interaction=flag(),
        ),
        Row("quantum.ising_chain_ground_energy", n_sites=size(4, 3, 2**20), field=number(0.5)),
        Row("quantum.ising_chain_correlations", n_sites=size(4, 3, 400, top=40), field=number(0.5)),
        Row("quantum.ising_chain_hamiltonian", n_sites=size(4, 3, 14, top=6), field=number(0.5)),
        Row(
            "quantum.ising_chain_ground_state",
            n_sites=size(4, 3, 14, top=6),
            field=real(0.5, 0, 1e100, above=True),
        ),
    ]


def instance(make):
    """Make the kind of an object of a class of ours."""

    def wrong():
        values = [None, 0, "basis", b"basis", object(), [], {}, np.eye(4), math.nan, Unprintable()]
        return [*values, type(make()), of_bits()]

    return Kind(make, wrong)


def levels():
    return Schedule([-4.0, -3.0, -3.0, -2.0], [4.0, 4.0, 5.0, 3.0])


def waves():
    return Basis("fourier", (4,), mean=VISIBLE_BIAS, covariance=POSITIVE, whiten=True)


def exact_score():
    return gaussian_score(HIDDEN_MEAN, POSITIVE, levels())


@cache
def learned_score():
    rng = np.random.default_rng(0)
    return train_score(rng.normal(size=(8, 4)), waves(), levels(), n_steps=2, width=2, rng=rng)


def pytorch():
    return pytest.importorskip("torch", reason="PyTorch is not installed: pip install rgrbm[torch]")


def torch_machine():
    pytorch()
    return TorchRBM.from_rgrbm(of_bits())


def device():
    values = [None, 0, "", "abacus", "CPU", "cpu ", b"cpu", object(), Unprintable(), ["cpu"], 1j]
    return Kind(lambda: pytorch() and "cpu", lambda: pytorch() and values)


def drawn_numbers():
    wrong = [1, "ab", [], [0.5] * 4, object(), Unprintable(), np.zeros((4, 3, 4))]
    draws = [np.full((3, width), 0.5) for width in (3, 4, 3, 4)]
    wrong += [draws[:2], draws[::-1], [*draws[:3], np.full((3, 4), 2.0)], [*draws[:3], None]]
    return Kind(lambda: draws, lambda: wrong, lambda: [(tuple(draws), draws)])


def torch_generator():
    values = [1, "abc", object(), Unprintable(), np.random.default_rng(0), torch_machine]
    return Kind(lambda: pytorch().Generator().manual_seed(0), lambda: values)


def scores():
    values = [None, 0, "abc", abs, object(), Unprintable(), [], {}, np.eye(4)]
    return Kind(exact_score, lambda: values)


def times():
    kind = replace(numbers(0.5), drawn_odd=nothing)
    return replace(
        kind,
        wrong=lambda: [*kind.wrong(), -0.1, 1.1, [0.5, 2.0]],
        odd=lambda: [(np.float32(0.5), 0.5), ([0.25, 1], np.array([0.25, 1.0]))],
        extremes=magnitudes(0.0, 1.0),
    )


def field_shape():
    values = [None, 1, 2.5, "abc", (), (0,), (-1,), (2.5,), ("a",), (5000,), (100, 100)]
    values += [(2,) * 9, (None,), np.array([4]), {4}, object(), Unprintable(), (True,), (2**60,)]
    return Kind(lambda: (4,), lambda: values, lambda: [([4], (4,)), ((np.int8(4),), (4,))])


def ring_energy(visible):
    return chain_energy(bits_to_spins(visible), 0.5)


def by_clusters(arguments):
    return {"n_clusters" if name == "n_sweeps" else name: arguments[name] for name in arguments}


single_field = {"coupling": number(0.5), "field": number(0.25)}
in_field = {"coupling": numbers(0.5), "field": numbers(0.25)}
step = {"n_components": 3, "n_epochs": 2, "random_state": 0}
step |= {"learning_rate": 0.5, "batch_size": 2, "method": "cd", "n_gibbs": 1, "momentum": 0.0}
step |= {"l1": 0.0, "l2": 0.0, "bounds": None}
renormalized = {
    "coupling": real(0.5, 0, 300),
    "bond": size(2, 1, 64, top=4),
    "n_steps": size(2, 0, 60, top=4),
}
field_ring = {
    "n_sites": size(4, 2),
    "mass_squared": real(-0.5, -1000, 1000),
    "quartic": real(0.5, 0, 1000, top=10.0),
    "n_points": size(96, 16, 2000, top=100),
}
operators = {"fine": reals(FINE, (6, 2)), "coarse": reals(COARSE, (6, 2))}
ring = {"n_samples": size(3), "n_sites": size(4), **single_field}
chains = {
    **ring,
    "n_sweeps": size(2, 0, top=5, takes_time=True),
    "rng": rng(),
    "start": passed(None),
    "observe": optional(function(lambda spins: spins.sum())),
    "every": size(1),
    "progress": flag(),
}
started = {
    **chains,
    "n_samples": passed(3),
    "n_sites": passed(4),
    "start": optional(spins(SPINS, (3, 4))),
    "observe": passed(None),
}
tori = {
    **{name: chains[name] for name in ("n_samples", "coupling", "field")},
    "size": size(3, 2),
    **{name: chains[name] for name in ("n_sweeps", "rng", "start", "observe", "every", "progress")},
}
started_tori = {
    **tori,
    "n_samples": passed(2),
    "size": passed(2),
    "start": optional(spins(LATTICE, (2, 2, 2))),
    "observe": passed(None),
}
samples = spins(SPINS, (TWO, ANY))
training = {
    "n_epochs": size(2, top=3, takes_time=True),
    "learning_rate": rate(),
    "batch_size": optional(size(2, 1, 3)),
    "method": choice("cd"),
    "n_gibbs": size(1, top=3, takes_time=True),
    "n_chains": passed(None),
    "momentum": real(0.5, 0.0, 1.0, below=True),
    "l1": real(0.25, 0.0),
    "l2": real(0.25, 0.0),
    "probabilities": flag(),
    "mask": optional(truths(np.array(WEIGHTS) > 0)),
    "rng": rng(),
    "n_threads": size(1, top=2, takes_time=True),
    "progress": flag(),
    "callback": optional(function(lambda epoch, rbm: None)),
    "monitors": optional(monitors()),
    "monitor_every": size(1),
    "checkpoint": optional(path(lambda: Path("run.npz"))),
    "checkpoint_every": size(2),
}
bit_states, real_states = bits(BITS, (..., 4)), reals(REALS, (..., 4))
bit_data, real_data = bits(BITS, (ANY, 4)), reals(REALS, (ANY, 4))
any_machine, bit_machine = machine(of_reals), machine(of_bits, bernoulli=True)
parameters = {"visible_bias": reals(VISIBLE_BIAS, (4,)), "hidden_bias": reals(HIDDEN_BIAS, (3,))}
parameters["weights"] = replace(reals(WEIGHTS, (4, 3)), names=tuple(parameters))

ROWS = [
    Row(
        "dynamics.collapse_score",
        quantity=replace(reals([0.0, 1.0, 3.0], (3,)), names=("variable",)),
        variable=reals([0.0, 1.0, 2.0], (3,)),
        curve=integers([0, 0, 1], (3,), 0, 2**53),
    ),
    Row(
        "chapters.animate",
        draw=function(lambda figure, frame: None),
        frames=frames(),
        alt=text("a line"),
        figsize=figsize(),
        interval=size(400),
    ),
    Row("chapters.exact_line", ax=axes(), where=where(), line=passed({"label": "exact"})),
    Row("chapters.in_threads", function=function(abs), grid=passed([])),
    Row("chapters.in_threads", function=own(lambda: Count(lambda a: a)), grid=grid()),
    Row(
        "chapters.learn_ring",
        data=bits(BITS, (ANY, TWO)),
        l1=real(0.25, 0.0),
        n_epochs=size(2, top=3, takes_time=True),
        n_refit_epochs=size(2, top=3, takes_time=True),
        threshold=real(0.5, 0.0),
        rng=rng(),
    ),
    Row("chapters.play", figure=choice("collapse"), data=passed({}), alt=text("curves")),
    Row("chapters.note", name=text("a-name"), value=note_value(), spec=text(".2f")),
    Row(
        "chapters.points",
        ax=axes(),
        x=reals([1, 2], (2,)),
        estimate=estimate(),
        style=passed({"color": "black"}),
    ),
    Row(
        "chapters.refit",
        rbm=bit_machine,
        data=bit_data,
        method=choice("cd"),
        n_epochs=size(2, top=3, takes_time=True),
        learning_rate=rate(),
        threshold=real(0.5, 0.0),
        rng=rng(),
    ),
    Row(
        "chapters.ring_bits",
        n_samples=size(3),
        n_sites=size(4),
        coupling=real(0.5, 0.0, 3.0, top=1.0),
        rng=rng(),
    ),
    Row(
        "chapters.show_images",
        images=reals(REALS[:1], (ANY, {1, 4, 9, 16, 25})),
        titles=passed(("a",)),
        columns=size(1, top=2),
        size=real(0.5, 0.0, above=True),
        imshow=passed({"cmap": "gray"}),
    ),
    Row("chapters.store_result", path=path(lambda: Path("new.npz")), arrays=stored()),
    Row("chapters.use_style"),
    Row("datasets.load_mnist", folder=optional(path(lambda: "nowhere"))),
    Row("datasets.load_mnist01"),
    Row("decimation.block_spins", spins=spins(LATTICE, SQUARE), rule=choice("majority"), rng=rng()),
    Row("decimation.coupling_flow", **in_field, n_steps=size(2, 0)),
    Row("decimation.decimate_coupling", **in_field),
    Row("decimation.decimate_spins", spins=spins(SPINS, (..., EVEN))),
    Row("decimation.lattice_operators", spins=spins(LATTICE, SQUARE), parity=choice("even")),
    Row("decimation.log_partition", n_sites=power_of_two(), **in_field),
    Row(
        "decimation.undecimate_spins",
        spins=spins(SPINS, (..., ANY)),
        **single_field,
        rng=rng(),
    ),
    Row(
        "decimation.monte_carlo_rg",
        **operators,
        n_operators=optional(size(1, 1, 2)),
        n_blocks=size(2, 2, 3),
    ),
    Row("decimation.stability_matrix", **operators, weights=optional(reals(MASSES, (6,), 0.0))),
    Row("diagnostics.autocorrelation_time", series=series()),
    Row("diagnostics.binder", magnetization=reals([0.5, -1.0, 2.0], (TWO,)), n_blocks=size(3, 2)),
    Row("diagnostics.correlation", spins=samples, max_distance=size(2, 0, 4), n_blocks=size(3, 2)),
    Row(
        "diagnostics.correlation_by_distance",
        spins=replace(spins(SPINS, (TWO, 4)), names=("sites",)),
        sites=integers([0, 1, 3, 4], (4,), 0, 5),
        n_sites=passed(6),
        max_distance=size(2, 0, 3),
        n_blocks=size(3, 2),
    ),
    Row(
        "diagnostics.correlation_by_distance",
        spins=passed(SPINS),
        sites=passed([0, 1, 2, 3]),
        n_sites=replace(size(4, 4), names=("sites",)),
        max_distance=passed(1),
        n_blocks=passed(2),
    ),
    Row("diagnostics.effective_sample_size", series=series()),
    Row("diagnostics.estimate_coupling", spins=spins(SPINS, (TWO, TWO)), n_blocks=size(3, 2)),
    Row("diagnostics.importance", log_weights=log_weights()),
    Row("diagnostics.mutual_information", joint=reals(JOINT, (..., ANY, ANY))),
    Row(
        "diagnostics.pseudo_likelihood_couplings",
        spins=spins(LATTICE, SQUARES),
        shells=passed([[(0, 1), (1, 0)]]),
        n_blocks=size(2, 2),
    ),
    Row("diagnostics.r_hat", series=series(4)),
    Row("estimate.Estimate", value=measured(), error=measured()),
    Row("estimate.Estimate.mean", values=reals(REALS, (TWO, ...)), axis=size(0, -2, 1)),
    Row(
        "inverse.compatible_heat_bath",
        coarse=spins(LATTICE, EQUAL_SIDES),
        coupling=replace(reals([0.5, 0.25, -0.125], (3,)), wrong=list, drawn_wrong=nothing),
        n_sweeps=size(2, 0, top=3, takes_time=True),
        rng=rng(),
        start=passed(None),
    ),
    Row(
        "inverse.compatible_heat_bath",
        coarse=passed([[1, -1], [1, 1]]),
        coupling=number(0.5),
        n_sweeps=passed(1),
        rng=own(lambda: np.random.default_rng(0)),
        start=optional(spins(COMPATIBLE, (4, 4))),
    ),
    Row("inverse.corner_features", coarse=spins(LATTICE, EQUAL_SIDES), n_features=size(3, 1, 6)),
    Row(
        "inverse.fit_rule",
        fine=replace(spins(GROWN, (4, 4, 4)), drawn_odd=nothing, extremes=None),
        coarse=replace(spins(LATTICE * 2, (4, 2, 2)), drawn_odd=nothing, extremes=None),
        n_weights=three_or_six(),
        probabilities=optional(reals([1.0, 0.5, 2.0, 1.0], (4,), 0.0)),
    ),
    Row(
        "inverse.grow",
        coarse=spins(LATTICE, EQUAL_SIDES),
        weights=reals([0.75, 0.25, 0.125], ({3, 6},)),
        rng=rng(),
        n_steps=size(1, 0, 60, top=3),
    ),
    Row(
        "inverse.match_rule",
        targets=reals([[-1.5, 12.0, 0.625]], (1, 3)),
        sizes=Kind(lambda: [4], lambda: [*not_numbers(), 4, [], [3], [0], [2048], [4.0], [8, 4]]),
        n_samples=size(3, 2, top=5, takes_time=True),
        rng=rng(),
        n_weights=three_or_six(),
    ),
    Row(
        "inverse.fit_upsampler",
        fine=spins(FINE_OVERLAPS, (40, 6, 6, 6)),
        coarse=passed(OVERLAPS),
    ),
    Row(
        "inverse.fit_upsampler",
        fine=passed(FINE_OVERLAPS),
        coarse=replace(spins(OVERLAPS, (40, 3, 3, 3)), names=("fine",)),
    ),
    Row(
        "inverse.upsample",
        coarse=spins(OVERLAPS[:1], CUBES),
        weights=reals(np.linspace(0, 0.125, 22), (22,)),
        rng=rng(),
    ),
    Row("ising.bits_to_spins", bits=bits(BITS, (...,))),
    Row("ising.boltzmann_probabilities", n_sites=size(4, 1, 20, top=10), **single_field),
    Row("ising.chain_energy", spins=spins(SPINS, (..., ANY)), **single_field),
    Row("ising.enumerate_lattice", size=size(2, 2, 4)),
    Row("ising.enumerate_spins", n_sites=size(4, 1, 20, top=10)),
    Row("ising.exact_log_partition", n_sites=size(4, 1, 20, top=10), **single_field),
    Row("ising.glass_energy", spins=spins(CUBE_SPINS, CUBE), bonds=passed(BONDS)),
    Row("ising.glass_energy", spins=passed(CUBE_SPINS), bonds=reals(BONDS, (..., 3, 2, 2, 2))),
    Row("ising.glass_moments", bonds=reals(BONDS, (3, 2, 2, 2))),
    Row("ising.lattice_energy", spins=spins(LATTICE, SQUARE), **single_field),
    Row("ising.spins_to_bits", spins=spins(SPINS, (...,))),
    Row("ising.state_index", states=bits(BITS, (..., range(1, 63)))),
    Row("ising.state_index", states=spins(SPINS, (..., range(1, 63)), truth=True)),
    Row("rbm.BernoulliRBM", n_visible=size(4), n_hidden=size(3), data=passed(None), rng=rng()),
    Row(
        "rbm.BernoulliRBM",
        n_visible=passed(4),
        n_hidden=size(3),
        data=optional(probabilities(LEVELS, (ANY, 4))),
        rng=rng(),
    ),
    *machine_rows("rbm.BernoulliRBM", of_bits, bit_states, probabilities=flag()),
    Row("rbm.BernoulliRBM.from_parameters", **parameters),
    Row(
        "rbm.BernoulliRBM.from_spin_parameters",
        weights=replace(reals(WEIGHTS, (4, 3)), names=("visible_field", "hidden_field")),
        visible_field=reals(VISIBLE_BIAS, (4,)),
        hidden_field=reals(HIDDEN_BIAS, (3,)),
    ),
    Row("rbm.BernoulliRBM.spin_parameters", self=own(of_bits)),
    Row(
        "rbm.BernoulliRBM.hidden_probabilities",
        self=own(of_bits),
        visible=probabilities(LEVELS, (..., 4)),
        probabilities=passed(True),
    ),
    *[
        Row(name, self=own(make), hidden=hidden, probabilities=grey)
        for name, make in [
            ("rbm.BernoulliRBM.visible_probabilities", of_bits),
            ("rbm.GaussianBernoulliRBM.visible_mean", of_reals),
        ]
        for hidden, grey in [
            (bits(HIDDEN, (..., 3)), flag()),
            (probabilities(np.array(LEVELS)[:, :3], (..., 3)), passed(True)),
        ]
    ],
    # As in scikit-learn, parameters are looked at in `fit`, and its own words say what is wrong.
    Row("pipeline.RBMTransformer", **{name: passed(value) for name, value in step.items()}),
    Row("pipeline.RBMTransformer.fit", self=own(new_step), X=passed(BITS), y=passed(None)),
    Row("pipeline.RBMTransformer.partial_fit", self=own(new_step), X=passed(BITS), y=passed(None)),
    Row("pipeline.RBMTransformer.transform", self=own(fitted_step), X=passed(BITS)),
    Row("pipeline.RBMTransformer.score_samples", self=own(fitted_step), X=passed(BITS)),
    Row("rbm.Bits", bias=reals(VISIBLE_BIAS, (ANY,)), name=passed("bias"), n_units=passed(None)),
    *layer_rows("rbm.Bits", lambda: Bits(VISIBLE_BIAS), bit_states),
    Row(
        "rbm.Bits.check_probabilities",
        self=own(lambda: Bits(VISIBLE_BIAS)),
        states=probabilities(LEVELS, (..., 4)),
        name=passed("states"),
    ),
    Row(
        "rbm.Gaussian",
        bias=replace(reals(VISIBLE_BIAS, (ANY,)), names=("sigma",)),
        sigma=widths(),
        name=passed("bias"),
        n_units=passed(None),
    ),
    Row("rbm.Gaussian.sigma", self=own(lambda: Gaussian(VISIBLE_BIAS, SIGMA)), value=widths()),
    *layer_rows("rbm.Gaussian", lambda: Gaussian(VISIBLE_BIAS, SIGMA), real_states),
    Row(
        "rbm.GaussianBernoulliRBM",
        n_visible=size(3),
        n_hidden=size(3),
        sigma=real(0.5, 1e-100, 1e100),
        rng=rng(),
    ),
    *machine_rows("rbm.GaussianBernoulliRBM", of_reals, real_states),
    Row("rbm.GaussianBernoulliRBM.from_parameters", **parameters, sigma=widths()),
    Row("rbm.GaussianBernoulliRBM.sigma", self=own(of_reals), value=widths()),
    Row(
        "rbm.History.plot",
        self=own(lambda: History(np.ones(3))),
        ax=optional(axes()),
        line=passed({}),
    ),
    Row(
        "rbm.ais_log_partition",
        rbm=any_machine,
        n_chains=size(5, 2),
        n_temperatures=size(3, top=5, takes_time=True),
        rng=rng(),
    ),
    Row("rbm.decimation_rbm", n_visible=size(4), coupling=number()),
    Row(
        "rbm.effective_couplings",
        rbm=bit_machine,
        layer=choice("hidden"),
        order=size(2, 1, 2),
        n_samples=size(10, 10),
        rng=optional(rng()),
    ),
    Row("rbm.exact_distribution", rbm=bit_machine),
    Row("rbm.exact_log_partition", rbm=any_machine),
    Row("rbm.exact_log_partition", rbm=machine(of_bits)),
    Row("rbm.exact_moments", rbm=any_machine),
    Row(
        "rbm.bond_rbm",
        bonds=integers([[0, 1], [1, 2], [0, 2]], (ANY, 2), 0, 10**6 - 1),
        coupling=number(0.5),
    ),
    Row("rbm.gibbs_matrix", rbm=bit_machine),
    Row(
        "rbm.interaction",
        rbm=bit_machine,
        hamiltonian=function(ring_energy),
        visible=bit_states,
        hidden=bits(HIDDEN, (..., 3)),
    ),
    Row("rbm.kl_divergence", p=distribution(), q=distribution()),
    Row("rbm.log_likelihood", rbm=any_machine, data=real_data, log_partition=number()),
    Row("rbm.log_likelihood", rbm=machine(of_bits), data=bit_data, log_partition=number()),
    Row("rbm.order_hidden_units", rbm=bit_machine),
    Row("rbm.pseudo_log_likelihood", rbm=bit_machine, data=bits(BITS, (TWO, 4))),
    Row("rbm.trace_defect", rbm=bit_machine, hamiltonian=function(ring_energy)),
    Row("rbm.train", rbm=machine(of_bits), data=bit_data, **training),
    Row("rbm.train", rbm=machine(of_reals), data=real_data, learn_sigma=flag(), **training),
    Row(
        "rbm.train",
        rbm=own(of_bits),
        data=probabilities(LEVELS, (ANY, 4)),
        probabilities=passed(True),
        n_epochs=passed(2),
        learning_rate=passed(0.5),
        rng=rng(),
    ),
    Row(
        "rbm.train",
        rbm=own(of_bits),
        data=passed(BITS),
        n_epochs=passed(2),
        learning_rate=own(lambda: Count(lambda epoch: 0.5)),
        method=passed("pcd"),
        n_chains=optional(size(2)),
        rng=rng(),
    ),
    *glass_rows(),
    *quantum_rows(),
    Row("sampler.exact_chain", **ring, rng=rng()),
    Row("sampler.heat_bath_chain", **chains),
    Row("sampler.heat_bath_chain", **started),
    Row(
        "sampler.MultilevelSampler",
        size=power_of_two(),
        coupling=real(0.5, -20, 20),
        n_colors=size(2, 1, 2),
        window=size(3, 1, 8),
        n_hidden=size(2, 0, 1024),
        rng=rng(),
    ),
    *[
        Row(f"sampler.MultilevelSampler.{name}", self=own(multilevel), **arguments)
        for name, arguments in [
            ("enlarge", {"rng": rng()}),
            (
                "fit",
                {
                    "spins": spins(TORI, (ANY, 4, 4)),
                    "n_steps": size(2, 0, top=3, takes_time=True),
                    "rng": rng(),
                    "weights": passed(None),
                },
            ),
            (
                "fit",
                {
                    "spins": passed(TORI),
                    "n_steps": passed(2),
                    "rng": own(lambda: np.random.default_rng(4)),
                    "weights": optional(reals([0.5, 2.0], (2,), 0.0)),
                },
            ),
            ("log_prob", {"spins": spins(TORI, (..., 4, 4))}),
            (
                "refit_by_weights",
                {
                    "n_samples": size(3, 2),
                    "n_rounds": size(1, 0, top=2, takes_time=True),
                    "n_steps": size(2, 0, top=3, takes_time=True),
                    "rng": rng(),
                },
            ),
            ("sample", {"n_samples": size(3), "rng": rng()}),
        ]
    ],
    Row("sampler.metropolis_chain", **chains),
    Row("sampler.metropolis_chain", **started),
    Row("sampler.metropolis_lattice", **tori),
    Row("sampler.metropolis_lattice", **started_tori),
    Row("sampler.swendsen_wang_lattice", **tori),
    Row("sampler.swendsen_wang_lattice", **started_tori),
    Row("sampler.wolff_lattice", **by_clusters(tori)),
    Row("sampler.wolff_lattice", **by_clusters(started_tori)),
    Row("scan.map_grid", function=function(abs), grid=passed([]), executor=passed(None)),
    Row(
        "scan.map_grid",
        function=own(lambda: Count(lambda a, rng=None: a)),
        grid=grid(),
        seed=optional(size(3, 0, takes_time=True)),
        n_threads=size(2, 1, 1000, top=2),
        on_error=choice("keep"),
        path=optional(path(lambda: Path("new.jsonl"))),
        progress=flag(),
    ),
    Row(
        "scan.map_grid",
        function=own(lambda: Count(lambda a: a)),
        grid=passed({"a": [1, 2]}),
        executor=optional(executor()),
    ),
    Row(
        "networks.autoregressive_law",
        conditionals=function(lambda states: states),
        n_sites=size(3, 1, 16, top=4, takes_time=True),
        site_order=optional(orders()),
    ),
    Row(
        "networks.bitflip_law",
        posterior=function(lambda states, step: states),
        flips=flips(),
        n_sites=size(3, 1, 16, top=4, takes_time=True),
    ),
    Row(
        "networks.decoder_law",
        decoder=function(lambda latents: latents),
        n_points=size(41, 3, 2001, top=60, takes_time=True),
    ),
    Row(
        "networks.evidence_bound",
        decoder=function(lambda latents: latents),
        encoder=function(lambda spins: (spins, 0 * spins)),
        n_sites=passed(2),
        n_points=size(4, 1, 100, top=5, takes_time=True),
    ),
    Row("networks.flip_bits", law=distribution(), flip=real(0.25, 0.0, 0.5)),
    Row("networks.flip_posterior", law=distribution(), flips=flips()),
    Row(
        "networks.masked_law",
        conditionals=function(lambda states: states),
        n_sites=size(3, 1, 12, top=4, takes_time=True),
    ),
    Row(
        "networks.Basis",
        kind=choice("haar"),
        shape=field_shape(),
        mean=optional(reals(VISIBLE_BIAS, (4,))),
        covariance=optional(reals(POSITIVE, (4, 4))),
        whiten=flag(),
    ),
    Row(
        "networks.Basis",
        kind=passed("pca"),
        shape=passed((4,)),
        covariance=reals(POSITIVE, (4, 4)),
        whiten=passed(True),
    ),
    Row(
        "networks.Basis.from_data",
        kind=choice("fourier"),
        data=replace(reals(REALS, (TWO, ANY)), wrong=not_numbers, drawn_wrong=nothing),
        whiten=flag(),
    ),
    Row("networks.Basis.forward", self=own(waves), fields=reals(REALS, (ANY, 4))),
    Row("networks.Basis.inverse", self=own(waves), states=reals(REALS, (ANY, 4))),
    Row(
        "networks.Basis.transform_covariance",
        self=own(waves),
        covariance=reals(POSITIVE, (4, 4)),
    ),
    Row(
        "networks.Schedule",
        start=reals([-4.0, -3.0], (ANY,)),
        stop=reals([3.0, 4.0], (2,)),
    ),
    Row(
        "networks.Schedule.soft",
        labels=reals(VISIBLE_BIAS, (ANY,)),
        steepness=real(0.5, 0.0),
        gamma_min=real(-4.0, -1e4, 1e4, top=2.0),
        gamma_max=real(4.0, -1e4, 1e4),
    ),
    *[
        Row(f"networks.Schedule.{name}", self=own(levels), time=times())
        for name in ("gamma", "alpha", "sigma", "beta")
    ],
    Row(
        "networks.TorchRBM",
        n_visible=size(4),
        n_hidden=size(3),
        device=device(),
        dtype=choice("float64"),
        rng=rng(),
    ),
    Row("networks.TorchRBM.forward", self=own(torch_machine), visible=bits(BITS, (..., 4))),
    Row("networks.TorchRBM.free_energy", self=own(torch_machine), visible=bits(BITS, (..., 4))),
    Row(
        "networks.TorchRBM.from_rgrbm",
        rbm=machine(of_bits, bernoulli=True),
        device=device(),
        dtype=choice("float64"),
    ),
    Row(
        "networks.TorchRBM.gibbs",
        self=own(torch_machine),
        visible=replace(bits(BITS, (3, 4)), drawn_odd=nothing),
        n_steps=passed(2),
        uniforms=drawn_numbers(),
    ),
    Row(
        "networks.TorchRBM.gibbs",
        self=own(torch_machine),
        visible=bits(BITS, (ANY, 4)),
        n_steps=size(2, 0, top=5, takes_time=True),
        generator=torch_generator(),
    ),
    Row(
        "networks.TorchRBM.loss",
        self=own(torch_machine),
        data=bits(BITS, (ANY, 4)),
        chains=bits(BITS, (ANY, 4)),
    ),
    Row("networks.TorchRBM.to_rgrbm", self=own(torch_machine)),
    Row(
        "networks.denoising_losses",
        score=function(lambda states, time: -states),
        schedule=instance(levels),
        states=reals(np.resize(REALS, (5, 4)) + np.eye(5, 4), (range(5, 10**6), 4)),
        rng=rng(),
    ),
    Row(
        "networks.few_step_divergence",
        variances=reals(SIGMA, (4,), 1e-20),
        schedule=instance(levels),
        n_steps=size(2, top=5, takes_time=True),
    ),
    Row(
        "networks.frechet_distance",
        a=reals(REALS, (TWO, 4)),
        b=reals(np.array(REALS) + 1, (TWO, 4)),
    ),
    Row(
        "networks.gaussian_score",
        mean=reals(HIDDEN_MEAN, (4,)),
        covariance=reals(POSITIVE, (4, 4)),
        schedule=instance(levels),
    ),
    Row(
        "networks.generate",
        score=function(lambda states, time: -states),
        schedule=instance(levels),
        latent=reals(REALS, (ANY, 4)),
        n_steps=size(2, top=5, takes_time=True),
    ),
    Row(
        "networks.mixture_score",
        weights=reals([0.25, 0.75], (2,)),
        means=reals([HIDDEN_MEAN, VISIBLE_BIAS], (2, 4)),
        covariances=reals([POSITIVE, POSITIVE], (2, 4, 4)),
        schedule=instance(levels),
    ),
    Row(
        "networks.phi4_action",
        fields=reals(REALS, (..., TWO)),
        mass_squared=real(-0.5, -1000, 1000),
        quartic=real(0.5, 0, 1000, top=10.0),
    ),
    Row("networks.phi4_ring_correlations", **field_ring),
    Row("networks.phi4_ring_log_partition", **field_ring),
    Row(
        "networks.phi4_samples",
        n_samples=size(3),
        n_sites=size(4, 2),
        mass_squared=field_ring["mass_squared"],
        quartic=field_ring["quartic"],
        n_sweeps=size(2, 0, top=5, takes_time=True),
        rng=rng(),
    ),
    Row(
        "networks.probability_flow",
        score=scores(),
        schedule=instance(levels),
        states=reals(REALS, (ANY, 4)),
        n_steps=size(2, top=5, takes_time=True),
    ),
    Row(
        "networks.scale_dissimilarity",
        field=reals(np.resize(REALS, (2, 4)), (..., EVEN, EVEN)),
        levels=size(1, top=1),
        normalize=flag(),
    ),
    Row(
        "networks.train_adversaries",
        images=probabilities(np.resize([0.5, 0.25, 1.0], (3, 2, 4)), (TWO, EVEN, EVEN)),
        penalty=choice("ms3d"),
        weight=real(0.5, 0.0, 1e10, top=1.0),
        levels=size(1, 1, 12, top=1),
        n_steps=size(1, 1, top=2, takes_time=True),
        batch_size=size(2, 1, top=2),
        learning_rate=real(0.25, 0.0, 1e10, above=True),
        rng=rng(),
    ),
    Row(
        "networks.train_score",
        fields=reals(REALS, (TWO, 4)),
        basis=instance(waves),
        schedule=instance(levels),
        network=choice("ring"),
        activation=choice("relu"),
        width=size(2, 1, 4096, top=2),
        n_steps=size(1, 1, top=2, takes_time=True),
        batch_size=size(2, 1, top=2),
        learning_rate=real(0.25, 0.0, 1e10, above=True),
        rng=rng(),
    ),
    Row("rbm.walsh_couplings", log_weights=reals([0.5, -1.0, 2.0, 0.0], ((2, 4, 8, 16),))),
    *chain_of_tensors_rows(),
    *diffusion_rows(),
    Row("tensor.hotrg", **renormalized),
    Row("tensor.pixel_features", images=probabilities(LEVELS, (..., ANY))),
    Row("tensor.pixel_path", order=choice("hilbert"), size=power_of_path()),
    Row(
        "tensor.scaling_dimensions", tensor=reals(TENSOR, (2, 3, 2, 3)), n_dimensions=size(1, 1, 2)
    ),
    Row("tensor.square_tensor", coupling=real(0.5, 0, 300)),
    Row("tensor.trg", **renormalized),
    Row("transfer_matrix.correlation", n_sites=length(), distance=passed(1), **in_field),
    Row(
        "transfer_matrix.correlation",
        n_sites=passed(5),
        distance=integers([0, 3], (...,), 0, 5),
        coupling=passed(0.5),
        field=passed(0.25),
    ),
    Row("transfer_matrix.correlation_length", **in_field),
    Row("transfer_matrix.density_of_states", size=size(3, 2, 16, top=8)),
    Row("transfer_matrix.free_energy_density", **in_field),
    Row("transfer_matrix.glass_log_partition", bonds=reals(BONDS, (3, 2, 2, 2))),
    Row("transfer_matrix.log_partition", n_sites=size(4), **in_field),
    Row("transfer_matrix.magnetization", n_sites=length(), **in_field),
    Row("transfer_matrix.onsager_free_energy", coupling=numbers(0.5)),
    Row("transfer_matrix.spectrum", **in_field),
    Row("transfer_matrix.spontaneous_magnetization", coupling=numbers(0.5)),
    Row(
        "transfer_matrix.strip_law",
        width=size(2, 2, 6, top=4),
        coupling=real(0.5, -20, 20),
        distance=size(2),
    ),
    Row(
        "transfer_matrix.temperature_of_energy",
        size=size(4, 2, 2**14),
        energy=reals([-0.5], (...,)),
    ),
    Row(
        "transfer_matrix.torus_log_partition",
        size=size(4, 2, 2**14),
        coupling=numbers(0.5),
        n_rows=optional(size(4, 2, 2**14)),
    ),
    Row("transfer_matrix.torus_thermodynamics", size=size(4, 2, 2**14), coupling=numbers(0.5)),
    Row("transfer_matrix.total_spin_law", size=size(4, 2, 10, top=6), coupling=number(0.5)),
    *springs_rows(),
    *entropy_rows(),
    *automata_rows(),
    *similarity_rows(),
]

ARGUMENTS = [(row, argument) for row in ROWS for argument in row.arguments]
# Tuples and such that the library fills, and exceptions: nothing is checked in them.
FILLED = {"rbm.History"}


def public_functions():
    """List all that can be called, and all that can be assigned to, behind the doors."""
    for door in rgrbm.__all__:
        module = importlib.import_module(f"rgrbm.{door}")
        for name in module.__all__:
            found = getattr(module, name)
            if not callable(found) or _is_record(found):
                continue
            if not inspect.isclass(found) or f"{door}.{name}" not in FILLED:
                yield f"{door}.{name}"
            if inspect.isclass(found):
                yield from (f"{door}.{name}.{part}" for part in _methods(found))


def _is_record(found):
    return inspect.isclass(found) and issubclass(found, (tuple, Exception))


def _methods(cls):
    for name in dir(cls):
        static = inspect.getattr_static(cls, name)
        function = getattr(static, "fset", getattr(static, "__func__", static))
        ours = inspect.isfunction(function) and function.__module__.startswith("rgrbm.")
        if ours and not name.startswith("_"):
            yield name


def test_every_function_has_a_row():
    assert {row.name for row in ROWS} == set(public_functions())


@pytest.mark.parametrize("name", sorted({row.name for row in ROWS}))
def test_every_argument_is_attacked(name):
    rows = [row for row in ROWS if row.name == name]
    assert set().union(*(row.arguments for row in rows)) == set(rows[0].signature.parameters)


@pytest.fixture(autouse=True, scope="module")
def _in_a_folder_of_their_own(tmp_path_factory):
    with chdir(tmp_path_factory.mktemp("calls")):
        yield


@pytest.fixture(autouse=True)
def _with_nothing_of_other_tests():
    clear()
    yield
    plt.close("all")


def state(value):
    """Everything about a value that a call may change, in a form that can be compared."""
    if isinstance(value, np.random.Generator):
        return value.bit_generator.state
    if isinstance(value, np.ndarray):
        return value.dtype, value.shape, value.tobytes(), value.flags.writeable
    if isinstance(value, Count):
        return value.calls
    if isinstance(value, TorchRBM):
        return state({name: part.numpy() for name, part in value.state_dict().items()})
    if hasattr(value, "get_state"):  # a generator of PyTorch
        return state(value.get_state().numpy())
    if hasattr(value, "parameters"):
        return {name: state(array) for name, array in value.parameters().items()}
    if isinstance(value, (Bits, Gaussian)):
        return state(value.bias), state(value.precision)
    if isinstance(value, dict):
        return {name: state(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [state(part) for part in value]
    return None


def surroundings():
    return {entry.name: entry.stat().st_size for entry in os.scandir()}, plt.get_fignums()


def show(value):
    try:
        text = repr(value)
    except Exception as error:
        text = f"<{type(value).__name__}: {error}>"
    return " ".join(text.split())[:80]


def clear():
    plt.close("all")
    for entry in os.scandir():
        os.unlink(entry)


def prepared(row, given):
    """Make the arguments of a call, in an empty folder, and with no figure."""
    clear()
    return row.make(**given)


def complaint(row, argument, value):
    """Say what is wrong with the way in which a wrong value is refused, or None."""
    arguments = prepared(row, {argument: value})
    others = {name: part for name, part in arguments.items() if name != argument}
    before, around = state(others), surroundings()
    try:
        row.call(arguments)
    except (ValueError, TypeError) as error:
        text = str(error)
        if not any(re.search(rf"\b{re.escape(name)}\b", text) for name in row.called(argument)):
            return f"{type(error).__name__} without its name: {show(text)}"
    except OSError as error:
        if not isinstance(value, (str, Path)):
            return f"{type(error).__name__}: {show(error)}"
    except Exception as error:
        return f"{type(error).__name__}: {show(error)}"
    else:
        return "accepted"
    if state(others) != before:
        changed = [name for name in others if state(others[name]) != before[name]]
        return f"refused after {changed} had changed"
    if surroundings() != around:
        return "refused after a file or a figure had been made"
    return None


def outcome(row, given):
    """What a call returns, and what it leaves behind."""
    arguments = prepared(row, given)
    others = {name: part for name, part in arguments.items() if name not in given}
    try:
        result = row.call(arguments)
    except Exception as error:  # numbers of a right kind can be too large all the same
        result = f"{type(error).__name__}: {error}"
    return result, state(others), sorted(Path().iterdir())


def same(left, right):
    """Whether two results are the same, to the last bit and in their types."""
    if type(left) is not type(right):
        return False
    if isinstance(left, (np.ndarray, np.generic)):
        nan = left.dtype.kind == "f"
        return left.dtype == right.dtype and np.array_equal(left, right, equal_nan=nan)
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, (list, tuple)):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, TorchRBM):
        return state(left) == state(right)
    if hasattr(left, "detach"):
        return same(left.detach().numpy(), right.detach().numpy())
    if is_dataclass(left):
        parts = [field.name for field in fields(left)]
        return all(same(getattr(left, part), getattr(right, part)) for part in parts)
    if hasattr(left, "parameters"):
        return same(left.parameters(), right.parameters())
    if isinstance(left, float):
        return left == right or (left != left and right != right)
    return left == right if isinstance(left, (int, str, bytes, Path)) else True


def plain_outcome(row, argument, plain, known):
    """Outcome with a plain value; `known` keeps those of numbers, words, arrays by their bits."""
    if not isinstance(plain, (int, float, str, np.ndarray)):
        return outcome(row, {argument: plain})
    bits = pickle.dumps(plain)
    if bits not in known:
        known[bits] = outcome(row, {argument: plain})
    return known[bits]


def difference(row, argument, value, plain, known, *, may_be_refused=False):
    """Say how the outcome with an odd value differs from that with a plain one, or None."""
    problem = complaint(row, argument, value) if may_be_refused else "accepted"
    if problem != "accepted":
        return problem
    expected = plain_outcome(row, argument, plain, known)
    found = outcome(row, {argument: value})
    return None if same(found, expected) else f"{show(found[0])} is not {show(expected[0])}"


def problems(row, argument, tried):
    """List what is wrong, for pairs of a value and what was said of it."""
    found = [f"{show(value)}: {said}" for value, said in tried if said is not None]
    return "\n".join([f"{row}({argument}=...), {len(found)} values", *found[:8]] if found else [])


@pytest.mark.parametrize("row", ROWS, ids=repr)
def test_a_right_call_can_be_repeated(row):
    if row.name != "datasets.load_mnist":  # needs a download
        row.call(row.make())
        assert same(outcome(row, {}), outcome(row, {}))


@pytest.mark.parametrize(("row", "argument"), ARGUMENTS, ids=repr)
def test_wrong_values_are_refused_before_anything_is_done(row, argument):
    values = row.arguments[argument].wrong()
    found = problems(row, argument, ((value, complaint(row, argument, value)) for value in values))
    assert not found, found


@pytest.mark.slow
@pytest.mark.parametrize(("row", "argument"), ARGUMENTS, ids=repr)
def test_odd_values_mean_the_plain_ones(row, argument):
    kind, known = row.arguments[argument], {}
    tried = [(value, difference(row, argument, value, plain, known)) for value, plain in kind.odd()]
    for value, plain in kind.either():
        tried.append((value, difference(row, argument, value, plain, known, may_be_refused=True)))
    found = problems(row, argument, tried)
    assert not found, found


@pytest.mark.parametrize(
    ("row", "argument"),
    [(row, argument) for row, argument in ARGUMENTS if row.arguments[argument].takes_memory],
    ids=repr,
)
def test_a_size_beyond_all_memory_is_refused_at_once(row, argument):
    said = complaint(row, argument, 2**53)
    assert said in (None, "accepted") or said.startswith("MemoryError"), said


drawn = settings(
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=6,
    phases=[Phase.generate],  # hundreds of tests: no time to look for the smallest example
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)


def having(part):
    return [
        (row, argument)
        for row, argument in ARGUMENTS
        if getattr(row.arguments[argument], part) not in (None, nothing)
    ]


@pytest.mark.parametrize(("row", "argument"), having("drawn_wrong"), ids=repr)
@drawn
@given(data=st.data())
def test_drawn_wrong_values_are_refused(row, argument, data):
    value = data.draw(row.arguments[argument].drawn_wrong)
    assert complaint(row, argument, value) is None


@pytest.mark.slow
@pytest.mark.parametrize(("row", "argument"), having("drawn_odd"), ids=repr)
@drawn
@given(data=st.data())
def test_drawn_odd_values_mean_the_plain_ones(row, argument, data):
    value, plain = data.draw(row.arguments[argument].drawn_odd)
    assert difference(row, argument, value, plain, {}) is None


# What is documented as infinite or NaN.
NOT_FINITE = {
    "transfer_matrix.correlation_length",
    "transfer_matrix.spectrum",
    "transfer_matrix.temperature_of_energy",
    "rbm.kl_divergence",
    "diagnostics.correlation_by_distance",
}
WITH_EXTREMES = [
    row
    for row in ROWS
    if any(kind.extremes is not None for kind in row.arguments.values())
    and row.name not in NOT_FINITE
    and row.name.split(".")[0] != "chapters"
]


def not_finite(result):
    """Whether there is a NaN or an infinite number in a result."""
    if isinstance(result, (np.ndarray, float, np.floating)):
        return not np.all(np.isfinite(result))
    if isinstance(result, dict):
        return any(map(not_finite, result.values()))
    if isinstance(result, (list, tuple, Estimate)):
        return any(map(not_finite, result))
    if isinstance(result, TorchRBM):
        return not_finite([part.numpy() for part in result.state_dict().values()])
    if hasattr(result, "parameters"):
        return not_finite(result.parameters())
    return not_finite(vars(result)) if is_dataclass(result) else False


def parts(value):
    return value.parameters() if hasattr(value, "parameters") else value


@pytest.mark.parametrize("row", WITH_EXTREMES, ids=repr)
@drawn
@given(data=st.data())
def test_numbers_of_any_size_give_a_finite_result_or_an_error(row, data):
    given = {
        name: data.draw(kind.extremes, label=name)
        for name, kind in row.arguments.items()
        if kind.extremes is not None
    }
    arguments = row.make(**given)
    with suppress(ValueError, FloatingPointError):
        result = row.call(arguments)
        drawn = {name: parts(value) for name, value in given.items()}
        assert not not_finite(result), (result, drawn)


# They list what a machine holds, whatever that is.
LISTS = {"parameters", "to_vector"}
OF_MACHINES = [
    row for row in ROWS if "rbm" in row.name.split(".")[0] and row.name.split(".")[-1] not in LISTS
]


@pytest.mark.parametrize("wrong", [math.nan, math.inf], ids=str)
@pytest.mark.parametrize("row", OF_MACHINES, ids=repr)
def test_a_parameter_that_is_spoilt_in_place_is_told(row, wrong):
    me = next((name for name in ("rbm", "self") if name in row.arguments), None)
    if me is None or not hasattr(row.make()[me], "parameters"):
        return
    for name in row.make()[me].parameters():
        arguments = row.make()
        arguments[me].parameters()[name].flat[0] = wrong
        with suppress(ValueError, FloatingPointError):
            result = row.call(arguments)
            assert not not_finite(result), (name, result)
