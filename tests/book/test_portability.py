"""Playing other processors: what the libraries are told, and what is reported."""

import re
import sys

import portability
import pytest
from portability import PROCESSORS, environment, main, obstacle, probe, refusal

# What NumPy finds on three machines; its names have changed between 2.3 and 2.4.
NEW = ["X86_V3", "X86_V4", "AVX512_ICL"]
OLD = ["AVX2", "FMA3", "AVX512F", "AVX512_SKX"]
HAS = {
    "old": ["SSE2", "SSE42"],
    "laptop": ["SSE2", "SSE42", "AVX2", "FMA3"],
    "server": ["SSE2", "SSE42", "AVX2", "FMA3", "AVX512_SKX"],
    "arm": ["NEON", "ASIMD"],
}


@pytest.mark.parametrize(
    ("name", "dispatched", "expected"),
    [
        ("nehalem", NEW, "X86_V3 X86_V4 AVX512_ICL"),
        ("nehalem", OLD, "AVX2 FMA3 AVX512F AVX512_SKX"),
        ("nehalem", [], None),
        ("haswell", NEW, "X86_V4 AVX512_ICL"),
        ("haswell", OLD, "AVX512F AVX512_SKX"),
        ("haswell", ["AVX2", "FMA3"], None),
        ("skylakex", NEW, None),
    ],
)
def test_numpy_is_told_what_not_to_use(name, dispatched, expected):
    assert environment(name, dispatched).get("NPY_DISABLE_CPU_FEATURES") == expected


def test_the_other_libraries_are_told_what_to_be():
    nehalem, haswell, skylakex = (environment(name, NEW) for name in PROCESSORS)
    assert nehalem["OPENBLAS_CORETYPE"] == "Nehalem"
    assert (nehalem["NUMBA_CPU_NAME"], nehalem["NUMBA_CPU_FEATURES"]) == ("generic", "")
    assert "-FMA" in nehalem["GLIBC_TUNABLES"]
    assert haswell["OPENBLAS_CORETYPE"] == "Haswell"
    assert haswell["NUMBA_CPU_NAME"] == "haswell"
    assert skylakex == {"OPENBLAS_CORETYPE": "SkylakeX"}


@pytest.mark.parametrize(
    ("machine", "playable"),
    [
        ("old", ["nehalem"]),
        ("laptop", ["nehalem", "haswell"]),
        ("server", ["nehalem", "haswell", "skylakex"]),
        ("arm", []),
    ],
)
def test_what_a_machine_cannot_play_is_said_with_the_reason(machine, playable):
    obstacles = {name: obstacle(name, HAS[machine]) for name in PROCESSORS}
    assert [name for name, reason in obstacles.items() if not reason] == playable
    if machine == "laptop":
        assert obstacles["skylakex"].endswith("has no AVX512_SKX")


def test_kernels_that_were_not_chosen_are_a_failure():
    right = {"openblas": ["Haswell", "Haswell"], "dispatched": ["X86_V3"], "llvm": "haswell"}
    assert refusal("haswell", NEW, right) == ""
    assert "BLAS" in refusal("haswell", NEW, {**right, "openblas": ["Haswell", "SkylakeX"]})
    assert "BLAS" in refusal("haswell", NEW, {**right, "openblas": []})
    assert "X86_V4" in refusal("haswell", NEW, {**right, "dispatched": ["X86_V3", "X86_V4"]})
    assert "znver4" in refusal("haswell", NEW, {**right, "llvm": "znver4"})


def play(monkeypatch, machine, chosen=None):
    """Pretend that this is another machine, which does what it is told."""
    told = {"dispatched": [], "llvm": "generic", "openblas": ["Nehalem"]}
    answers = iter([{"has": HAS[machine], "dispatched": ["AVX2"]}, *[chosen or told] * 3])
    monkeypatch.setattr(portability, "probe", lambda environ: next(answers))


SEES = "import os; assert os.environ['OPENBLAS_CORETYPE'] == 'Nehalem'"


@pytest.mark.parametrize(
    ("machine", "names", "code", "reports", "well"),
    [
        ("old", [], SEES, ["nehalem passed", "haswell not run", "skylakex not run"], True),
        ("old", ["nehalem"], "1 / 0", ["nehalem FAILED"], False),
        ("old", ["haswell"], SEES, ["haswell not run"], False),
        ("arm", ["nehalem", "haswell"], SEES, ["nehalem not run", "haswell not run"], False),
    ],
)
def test_it_is_well_if_one_ran_and_none_failed(
    monkeypatch, capsys, machine, names, code, reports, well
):
    play(monkeypatch, machine)
    assert main([*names, "--", sys.executable, "-c", code]) == well
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert [re.sub("(:| in ).*", "", line) for line in lines if "=" not in line] == reports


def test_it_is_not_well_if_the_kernels_are_others(monkeypatch, capsys):
    other = {"openblas": ["Zen"], "dispatched": [], "llvm": "generic"}
    play(monkeypatch, "old", other)
    assert not main(["nehalem", "--", sys.executable, "-c", SEES])
    assert "FAILED: the BLAS kernels are ['Zen'], not Nehalem" in capsys.readouterr().out


def test_an_unknown_processor_is_refused():
    with pytest.raises(SystemExit, match="unknown: pentium"):
        main(["pentium", "--", "true"])


def test_this_machine_does_what_it_is_told():
    machine = probe({})
    if obstacle("nehalem", machine["has"]) or not machine["openblas"]:
        pytest.skip("this is no x86 with OpenBLAS")
    chosen = probe(environment("nehalem", machine["dispatched"]))
    assert refusal("nehalem", machine["dispatched"], chosen) == ""
