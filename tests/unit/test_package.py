"""The package as a whole: cheap to import, lazy, one version."""

import re
import subprocess
import sys

import pytest

import rgrbm


def run(code):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()


def test_importing_the_package_loads_nothing_heavy():
    loaded = run("import sys, rgrbm; dir(rgrbm); print(*sys.modules)")
    heavy = {"numpy", "scipy", "numba", "matplotlib", "pooch", "tqdm"}
    assert not heavy & set(loaded)


def test_the_library_needs_matplotlib_only_for_plotting():
    code = "import sys, rgrbm; rgrbm.{}; print(*sys.modules)"
    for name in sorted(set(rgrbm.__all__) - {"plotting", "widgets"}):
        assert "matplotlib" not in run(code.format(name)), name
    assert "matplotlib" in run(code.format("plotting"))


def test_submodules_are_found_by_name_and_listed():
    assert rgrbm.rbm.BernoulliRBM.__module__ == "rgrbm.rbm"
    assert set(rgrbm.__all__) <= set(dir(rgrbm))
    with pytest.raises(AttributeError, match="no attribute 'rbms'"):
        _ = rgrbm.rbms


def test_every_public_module_is_listed(pytestconfig):
    folder = pytestconfig.rootpath / "rgrbm"
    modules = {path.stem for path in folder.glob("*.py") if not path.stem.startswith("_")}
    assert modules == set(rgrbm.__all__)


def test_the_version_stands_in_one_place(pytestconfig):
    metadata = pytest.importorskip("importlib.metadata")
    assert metadata.version("rgrbm") == rgrbm.__version__
    assert re.fullmatch(r"\d+\.\d+\.\d+", rgrbm.__version__)
    pyproject = (pytestconfig.rootpath / "pyproject.toml").read_text(encoding="utf-8")
    assert rgrbm.__version__ not in re.findall(r'^version = "(.*)"', pyproject, re.M)
