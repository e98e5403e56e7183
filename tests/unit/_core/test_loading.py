"""Heavy modules are imported whole, in whatever moment Ctrl-C comes."""

import ast
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import rgrbm
from rgrbm._core import loading
from rgrbm._core.loading import load

HEAVY = {"numba", "pooch", "requests", "threadpoolctl", "tqdm"}

BREAK_OFF = """
    import importlib.abc
    import os
    import signal
    import sys

    class Impatient(importlib.abc.MetaPathFinder):
        '''Sends Ctrl-C when the given module is looked for.'''

        def find_spec(self, name, path, target=None):
            if name == sys.argv[1]:
                sys.meta_path.remove(self)
                os.kill(os.getpid(), signal.SIGINT)

    import numpy as np
    from rgrbm import sampler

    sys.meta_path.insert(0, Impatient())
    try:
        {call}
    except KeyboardInterrupt:
        print("interrupted")
    print({call})
"""
SAMPLE = "sampler.metropolis_chain(64, 8, 1.0, n_sweeps=5, rng=np.random.default_rng(0)).sum()"


def run(code, *arguments):
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *arguments], capture_output=True, text=True
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.fixture(scope="module")
def expected():
    return run(f"import numpy as np; from rgrbm import sampler; print({SAMPLE})")


@pytest.mark.slow
@pytest.mark.parametrize(
    "module",
    [
        "numba",
        "numba.core.types",
        "numba.np.ufunc",
        "numba.cpython.hashing",
        "llvmlite.binding",
        "rgrbm._core.jit",
        "rgrbm.sampler._chain_kernels",
    ],
)
def test_ctrl_c_in_the_first_import_of_kernels_leaves_them_whole(module, expected):
    assert run(BREAK_OFF.format(call=SAMPLE), module) == ["interrupted", *expected]


def test_a_module_that_gets_ctrl_c_is_imported_once_and_whole(tmp_path, monkeypatch):
    (tmp_path / "rgrbm_test_impatient.py").write_text(
        "import signal\nsignal.raise_signal(signal.SIGINT)\nwhole = True\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        load("rgrbm_test_impatient")
    module = sys.modules["rgrbm_test_impatient"]
    assert load("rgrbm_test_impatient") is module
    assert module.whole


def test_what_is_loaded_costs_nothing_more(monkeypatch):
    assert load("json").dumps(1) == "1"
    monkeypatch.setattr(loading, "signals_held_back", None)
    monkeypatch.setattr(loading, "_lock", None)
    assert load("json").dumps(1) == "1"


def test_a_module_that_is_missing_can_be_asked_for_again():
    for _ in range(2):
        with pytest.raises(ImportError):
            load("rgrbm_test_missing")


def test_functions_import_heavy_modules_only_in_this_way():
    for path in Path(rgrbm.__file__).parent.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        for node in (inner for function in functions for inner in ast.walk(function)):
            names = []
            if isinstance(node, ast.Import):
                names = [name.name for name in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module, *(f"{node.module}.{name.name}" for name in node.names)]
            for name in names:
                assert name.partition(".")[0] not in HEAVY, (path, name)
                assert "kernels" not in name, (path, name)
