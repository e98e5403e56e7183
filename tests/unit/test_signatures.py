"""How the public functions are called."""

import importlib
import inspect

import pytest

import rgrbm

DOORS = sorted(set(rgrbm.__all__) - {"chapters"})  # which need what the book needs
DEFAULTS = {  # that are numbers: another one would give other results without a word
    "field": 0.0, "n_blocks": 50, "order": 2, "n_samples": 4096, "every": 1, "sigma": 1.0,
    "n_gibbs": 1, "momentum": 0.0, "l1": 0.0, "monitor_every": 1, "checkpoint_every": 100,
}  # fmt: skip
ARGUMENTS = {}
for door in map(importlib.import_module, [f"rgrbm.{name}" for name in DOORS]):
    for name in door.__all__:
        public = getattr(door, name)
        called = {name: public}
        if inspect.isclass(public):
            methods = inspect.getmembers(public, inspect.isfunction)
            called |= {f"{name}.{key}": item for key, item in methods if not key.startswith("_")}
        for key, item in called.items():
            arguments = inspect.signature(item).parameters.values()
            ARGUMENTS[f"{door.__name__}.{key}"] = [a for a in arguments if a.name != "self"]


@pytest.mark.parametrize("function", ARGUMENTS)
def test_every_argument_can_be_given_by_its_name(function):
    kinds = {argument.kind for argument in ARGUMENTS[function]}
    assert inspect.Parameter.POSITIONAL_ONLY not in kinds


@pytest.mark.parametrize("function", ARGUMENTS)
def test_an_argument_of_one_name_has_one_default(function):
    for argument in ARGUMENTS[function]:
        if argument.name in DEFAULTS and argument.default is not argument.empty:
            assert argument.default == DEFAULTS[argument.name], argument
