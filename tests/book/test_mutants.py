"""The list of mutants that no test kills, and the tool that looks for them."""

import sys
from collections import Counter
from pathlib import Path

import mutants
import pytest

LISTED = mutants.listed()


def lines_of(file):
    return {" ".join(line.split()) for line in (mutants.ROOT / file).read_text().splitlines()}


def test_the_list_speaks_of_lines_that_exist_and_gives_reasons():
    for (file, line, mutated), reason in LISTED.items():
        assert line in lines_of(file), f"{file} has no such line any more: {line}"
        assert mutated != line
        assert len(reason.split()) >= 3, f"no reason for {line}"


def test_every_file_of_the_doors_is_mutated_or_left_out():
    tried = set(mutants.files_of([]))
    for door in mutants.DOORS:
        for path in (mutants.ROOT / "rgrbm" / door).glob("[!_]*.py"):
            assert str(path.relative_to(mutants.ROOT)) in tried
    for file in mutants.LEFT_OUT:
        assert (mutants.ROOT / "rgrbm" / file).exists()
        assert f"rgrbm/{file}" not in tried
        assert mutants.files_of([f"rgrbm/{file}"]) == [f"rgrbm/{file}"], "if asked for by name"


def test_mutants_are_tried_on_the_tests_of_their_file_and_then_of_their_door():
    fast, every = mutants.tests_of("rgrbm/rbm/_settings.py")
    assert fast == ["tests/unit/rbm/test_settings.py", "rgrbm/rbm/_settings.py", "-m", "not slow"]
    assert {"tests/unit/rbm", "tests/statistical/rbm"} <= set(every)
    for file in mutants.files_of([]):
        for tests in mutants.tests_of(file):
            assert all((mutants.ROOT / name).exists() for name in tests if "/" in name)


def test_mutants_are_other_programs_each():
    pytest.importorskip("cosmic_ray")
    found = mutants.mutants_of("rgrbm/ising/chain.py")
    changes = Counter(mutant[:3] for mutant in found)
    assert ("rgrbm/ising/chain.py", "if array.shape[-1] > 62:", "if array.shape[-1] > 63:") in {
        (file, line, " ".join(mutated.split())) for file, line, mutated in changes
    }
    assert len({mutant.code for mutant in found}) == len(found)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="processes are forked")
def test_a_broken_line_is_told_from_one_that_says_the_same(tmp_path):
    copies = mutants.Copies(tmp_path, 1)
    file, tests = "rgrbm/ising/chain.py", ["tests/unit/ising"]
    source = Path(mutants.ROOT / file).read_text()
    assert copies.passes(file, source.replace("2 * bits - 1", "bits + bits - 1"), tests, 120)
    assert not copies.passes(file, source.replace("2 * bits - 1", "2 * bits + 1"), tests, 120)
    assert copies.passes(file, source, tests, 120), "the copy is whole again"
    endless = source.replace(
        "    spins = checks.spin", "    while True:\n        pass\n    spins = checks.spin"
    )
    assert not copies.passes(file, endless, tests, 5)
