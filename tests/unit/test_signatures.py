"""How the public functions are called."""

import importlib
import inspect

import pytest

import rgrbm

DOORS = sorted(set(rgrbm.__all__) - {"chapters"})  # which need what the book needs
CALLED = {}
for door in map(importlib.import_module, [f"rgrbm.{name}" for name in DOORS]):
    for name in door.__all__:
        public = getattr(door, name)
        CALLED[name] = public
        if inspect.isclass(public):
            methods = inspect.getmembers(public, inspect.isfunction)
            CALLED |= {f"{name}.{key}": item for key, item in methods if not key.startswith("_")}


@pytest.mark.parametrize("name", CALLED)
def test_every_argument_can_be_given_by_its_name(name):
    arguments = [a for a in inspect.signature(CALLED[name]).parameters.values() if a.name != "self"]
    assert inspect.Parameter.POSITIONAL_ONLY not in {argument.kind for argument in arguments}
