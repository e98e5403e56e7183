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


@pytest.mark.slow
def test_the_library_needs_matplotlib_only_for_chapters():
    doors = [*sorted(set(rgrbm.__all__) - {"chapters"}), "chapters"]
    code = "import sys, rgrbm\n"
    for name in doors:  # one after the other: the first that brings it is found
        code += f"rgrbm.{name}; print('{name}' * ('matplotlib' in sys.modules))\n"
    assert run(code) == ["chapters"]


def test_submodules_are_found_by_name_and_listed():
    assert rgrbm.rbm.BernoulliRBM.__module__ == "rgrbm.rbm.machines"
    assert set(rgrbm.__all__) <= set(dir(rgrbm))
    with pytest.raises(AttributeError, match="no attribute 'rbms'"):
        _ = rgrbm.rbms


def test_every_door_is_listed(pytestconfig):
    folder = pytestconfig.rootpath / "rgrbm"
    found = {path.stem for path in folder.glob("*.py")} | {
        path.parent.name for path in folder.glob("*/__init__.py")
    }
    assert {name for name in found if not name.startswith("_")} == set(rgrbm.__all__)


@pytest.mark.parametrize("name", rgrbm.__all__)
def test_a_door_opens_on_what_its_files_list(name):
    door = getattr(rgrbm, name)
    assert door.__all__ == sorted(door.__all__, key=lambda public: (not public.isupper(), public))
    if hasattr(door, "__path__"):
        files = [module for module in vars(door).values() if hasattr(module, "__file__")]
        listed = [public for file in files for public in getattr(file, "__all__", [])]
        assert sorted(listed) == sorted(door.__all__)


def test_arrows_point_one_way(pytestconfig):
    """A door imports only from those before it."""
    order = ["_core", "estimate", "datasets", "scan", "ising", "transfer_matrix", "tensor"]
    order += ["decimation", "diagnostics", "sampler", "inverse", "quantum", "entropy"]
    order += ["dynamics", "rbm", "networks", "pipeline", "chapters"]
    for path in sorted((pytestconfig.rootpath / "rgrbm").rglob("*.py")):
        place = path.relative_to(pytestconfig.rootpath / "rgrbm").with_suffix("").parts[0]
        if place == "__init__":
            continue
        text = re.sub(r"^\s*>>>.*$", "", path.read_text(encoding="utf-8"), flags=re.M)
        imports = re.findall(r"^ *from rgrbm\.(\w+)", text, re.M)
        imports += re.findall(r"^ *from rgrbm import (\w+)", text, re.M)
        for imported in imports:
            assert order.index(imported) <= order.index(place), (path, imported)


def test_the_version_stands_in_one_place(pytestconfig):
    metadata = pytest.importorskip("importlib.metadata")
    assert metadata.version("rgrbm") == rgrbm.__version__
    assert re.fullmatch(r"\d+\.\d+\.\d+", rgrbm.__version__)
    pyproject = (pytestconfig.rootpath / "pyproject.toml").read_text(encoding="utf-8")
    assert rgrbm.__version__ not in re.findall(r'^version = "(.*)"', pyproject, re.M)
