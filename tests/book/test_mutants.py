"""The list of mutants that no test kills, and the tool that looks for them."""

import sys
from collections import Counter

import mutants
import pytest

LISTED = mutants.listed()
FILE = "rgrbm/ising/chain.py"


def lines_of(file):
    return {" ".join(line.split()) for line in (mutants.ROOT / file).read_text().splitlines()}


def test_the_list_speaks_of_lines_that_exist_and_gives_reasons():
    for (file, line, mutated), reason in LISTED.items():
        assert line in lines_of(file), f"{file} has no such line any more: {line}"
        assert mutated != line
        assert len(reason.split()) >= 3, f"no reason for {line}"


def test_every_file_of_the_doors_is_mutated_or_left_out():
    tried = set(mutants.files_of([]))
    known = tried | {f"rgrbm/{file}" for file in mutants.LEFT_OUT}
    for door in mutants.DOORS:
        assert mutants.files_of([door]), door
        for path in (mutants.ROOT / "rgrbm" / door).glob("[!_]*.py"):
            assert str(path.relative_to(mutants.ROOT)) in known
    for file in mutants.LEFT_OUT:
        assert (mutants.ROOT / "rgrbm" / file).exists()
        assert f"rgrbm/{file}" not in tried
        assert mutants.files_of([f"rgrbm/{file}"]) == [f"rgrbm/{file}"], "if asked for by name"


def test_mutants_are_tried_on_the_tests_of_their_file_and_then_of_their_door():
    fast, of_the_door, slow = mutants.tests_of("rgrbm/rbm/_settings.py")
    assert fast == ["tests/unit/rbm/test_settings.py", "rgrbm/rbm/_settings.py", "-m", "not slow"]
    assert of_the_door[0] == "tests/unit/rbm"
    assert slow == ["tests/unit/rbm/test_settings.py", "tests/statistical/rbm"]
    for file in mutants.files_of([]):
        for tests in mutants.tests_of(file):
            assert all((mutants.ROOT / name).exists() for name in tests if "/" in name)


def test_mutants_are_other_programs_each():
    pytest.importorskip("cosmic_ray")
    found = mutants.mutants_of(FILE)
    changes = Counter(mutant[:3] for mutant in found)
    assert (FILE, "if array.shape[-1] > 62:", "if array.shape[-1] > 63:") in {
        (file, line, " ".join(mutated.split())) for file, line, mutated in changes
    }
    assert len({mutant.code for mutant in found}) == len(found)


@pytest.mark.parametrize(
    ("alive", "known", "complaint"),
    [
        ([], [], None),
        ([0], [0], None),
        ([0], [], "# not listed"),
        ([0], [0, 1], "# listed, but killed"),
        ([], ["none any more"], "# listed, but killed"),
        ([0, 1], [0, 1], "80.0% of 10 killed"),
    ],
)
def test_the_survivors_are_held_to_the_list(monkeypatch, capsys, alive, known, complaint):
    tried = [mutants.Mutant(FILE, "x = 0", f"x = {k}", f"x = {k}\n") for k in range(10)]
    monkeypatch.setattr(mutants, "mutants_of", lambda file: tried)
    monkeypatch.setattr(mutants, "survivors", lambda *_: [tried[k] for k in alive])
    listed = {(FILE, "x = 0", f"x = {k}"): "a good reason" for k in known}
    monkeypatch.setattr(mutants, "listed", lambda: listed)
    monkeypatch.setattr(sys, "argv", ["mutants.py", FILE])
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "RGRBM_THREADS"):
        monkeypatch.setenv(name, "1")  # main sets them: they are taken back
    assert mutants.main() == (complaint is not None)
    out = capsys.readouterr().out
    assert f"{10 - len(alive)} of 10 killed" in out
    assert complaint is None or complaint in out


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="processes are forked")
def test_a_broken_line_is_told_from_one_that_says_the_same(tmp_path):
    copies = mutants.Copies(tmp_path, 1)
    tests = ["tests/unit/ising"]
    source = (mutants.ROOT / FILE).read_text()
    assert copies.passes(FILE, source.replace("2 * bits - 1", "bits + bits - 1"), tests, 120)
    assert not copies.passes(FILE, source.replace("2 * bits - 1", "2 * bits + 1"), tests, 120)
    assert copies.passes(FILE, source, tests, 120), "the copy is whole again"
    endless = source.replace(
        "    spins = checks.spin", "    while True:\n        pass\n    spins = checks.spin"
    )
    assert not copies.passes(FILE, endless, tests, 5)
