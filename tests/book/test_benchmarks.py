"""The benchmarks: how a ratio comes about, what becomes of a failure, and the stored table."""

import json
import re
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import harness
import numpy as np
import pytest
import report
import run
import whole

ROOT = Path(__file__).resolve().parents[2]
STORED = json.loads((ROOT / "book/reference/benchmarks.json").read_text(encoding="utf-8"))
QUICK = harness.Settings(quick=True)
FULL = harness.Settings()
# Every row: what is compared, and with whom; versions and sizes are left out.
ROWS = {
    "samplers": {
        "Metropolis, ring of": ["mcising", "peapods", "peapods", "NumPy"],
        "exact samples of that ring": ["NumPy, the random numbers alone"],
    },
    "lattices": {
        "Metropolis, 64 x 64": ["mcising", "peapods"],
        "Wolff, 64 x 64": ["mcising", "peapods"],
        "Swendsen and Wang, 64 x 64": ["mcising", "peapods"],
    },
    "multilevel": {
        "torus of 16 x 16 sites, drawn scale by scale": ["rgrbm, Wolff"],
        "torus of 32 x 32 sites, drawn scale by scale": ["rgrbm, Wolff"],
    },
    "glasses": {"spin glasses": ["peapods", "NumPy"]},
    "training": {
        f"{task} training": [
            "scikit-learn", "scikit-learn", "torch", "torch", "torch", "learnergy", "rbms",
            "NumPy", "a perfect BLAS",
        ]
        for task in ("Ising", "MNIST")
    },
    "paper_run": {"the paper's run of 170,000 epochs": ["rgrbm, one thread", "half of two runs"]},
    "annealing": {"annealed importance sampling": ["rbms", "NumPy"]},
    "enumeration": {
        "exact ln Z": ["NumPy", "rbms"],
        "all couplings of a law": ["NumPy"],
    },
    "kaufman": {
        "Kaufman's torus, 8 x 8": ["NumPy, as printed", "mpmath", "NumPy, transfer matrix"],
        "Kaufman's torus, 512 x 512": ["NumPy, as printed", "mpmath"],
    },
    "tensors": {
        "HOTRG, 16 x 16 sites, bond 8": ["rgrbm, TRG", "quimb"],
        "HOTRG, 16 x 16 sites, bond 16": ["rgrbm, TRG", "quimb"],
    },
    "start": {
        "import rgrbm": ["import numpy", "import sklearn", "import torch"],
        "import rgrbm.rbm, rgrbm.sampler": ["import numpy", "import sklearn", "import torch"],
        "first epoch of Ising training, with a cache": ["scikit-learn"],
        "first epoch of Ising training, with no cache": ["scikit-learn"],
        "first sweep of 640 rings, with a cache": ["NumPy"],
        "first sweep of 640 rings, with no cache": ["NumPy"],
    },
    "whole": {"make book": [""], "make test": [""]},
}  # fmt: skip
# Of ours: what grows, and against what.
GROWTH = {
    "samplers": {
        ("Metropolis, 640 rings", "sites"), ("Metropolis, rings", "samples"),
        ("exact samples", "sites"), ("exact samples", "samples"),
    },
    "lattices": {("Metropolis", "sites a side"), ("Wolff", "sites a side")},
    "glasses": {("spin glasses", "sites a side"), ("spin glasses", "glasses")},
    "training": {("Ising training", "samples"), ("Ising training", "hidden units")},
    "enumeration": {
        ("exact ln Z", "hidden units"), ("ln Z of a ring", "sites"),
        ("law of the total spin", "sites a side"),
    },
    "kaufman": {
        ("torus_log_partition", "sites a side"), ("torus_thermodynamics", "sites a side"),
    },
    "tensors": {("TRG", "bond"), ("HOTRG", "bond")},
}  # fmt: skip


def side(name, seconds, value=str):
    """Return a side whose times are given, first that of the warming up."""
    times = iter(seconds)
    return harness.Side(name, lambda number: next(times), value)


def row(**changes):
    found = asdict(harness.Row("what", "unit", "peer", 1.0, 3.0, (2.0, 3.0, 4.0), 7))
    return json.loads(json.dumps(found | changes))


def a_report(*rows, growth=(), quick=False, load=0.0, processor="a processor"):
    about = {
        "processor": processor, "instructions": ["AVX2"], "cores": 2, "system": "Linux x86_64",
        "python": "3.11.7", "packages": {"numpy": "2.4.6"},
    }  # fmt: skip
    subject = {
        "load": load, "started": "2026-01-02T03:04:05+00:00", "seconds": 60.0, "quick": quick,
        "rows": list(rows), "growth": list(growth),
    }  # fmt: skip
    return {"machine": about, "subjects": {"samplers": subject}}


def test_a_ratio_is_the_median_over_rounds_and_not_the_ratio_of_medians():
    ours, peer = side("rgrbm", [9, 1, 2, 4]), side("peer", [9, 3, 8, 8])
    (found,) = harness.compare("what", "unit", ours, [peer], QUICK)
    assert found.ratio == (2.5, 3, 3.5)
    assert (found.ours, found.theirs, found.n_rounds) == (2, 8, 3)


def test_the_two_sides_run_in_turn_and_take_turns_to_begin():
    order = []
    sides = [
        harness.Side(name, lambda number, name=name: order.append(f"{name}{number}") or 1.0)
        for name in "ab"
    ]
    list(harness.compare("what", "unit", sides[0], sides[1:], QUICK))
    assert " ".join(order) == "a0 b0 a0 b0 b1 a1 a2 b2"


def test_a_full_run_has_at_least_five_rounds():
    assert FULL.n_rounds >= 5
    found = harness.alternate(lambda number: number + 1, lambda number: number, FULL.n_rounds)
    assert found == [(number + 1, number) for number in range(FULL.n_rounds)]


class Panic(BaseException):
    """What a package in Rust raises."""


@pytest.mark.parametrize("error", [ImportError, Panic])
@pytest.mark.parametrize("late", [False, True])
def test_a_peer_that_fails_has_a_row_that_says_why(late, error):
    def fail(number=1):
        if number or not late:
            raise error("no such package\nand more")
        return 1.0

    ours = harness.Side("rgrbm", lambda number: 1.0, lambda: 5.0)
    bad, good = harness.Side("bad", fail), harness.Side("good", lambda number: 2.0)
    rows = list(harness.compare("what", "unit", ours, [bad, good], QUICK, quantity="energy"))
    assert [found.peer for found in rows] == ["bad", "good"]
    assert rows[0].failed == f"{error.__name__}: no such package"
    assert rows[0].ratio is None
    assert rows[1].ratio == (2, 2, 2)
    assert f"| {rows[0].failed} |" in report.row_line(asdict(rows[0]))


def test_a_peer_that_finds_nothing_has_no_ratio_either():
    def find():
        raise ArithmeticError("it diverged")

    ours = harness.Side("rgrbm", lambda number: 1.0)
    bad = harness.Side("bad", lambda number: 1.0, find)
    (found,) = harness.compare("what", "unit", ours, [bad], QUICK)
    assert (found.ratio, found.failed) == (None, "ArithmeticError: it diverged")


def test_ctrl_c_is_no_failure_of_a_peer():
    def interrupted(number):
        raise KeyboardInterrupt

    ours, peer = harness.Side("rgrbm", lambda number: 1.0), harness.Side("peer", interrupted)
    with pytest.raises(KeyboardInterrupt):
        list(harness.compare("what", "unit", ours, [peer], QUICK))


def test_a_failure_of_ours_is_no_row():
    def fail(number):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(harness.compare("what", "unit", harness.Side("", fail), [], QUICK))


def test_what_is_far_from_the_exact_value_is_called_wrong():
    estimates = {"rgrbm": (1.04, 0.01), "peer": (0.94, 0.01)}
    ours, peer = (
        harness.Side(name, lambda number: 1.0, lambda parts=parts: harness.Estimate(*parts))
        for name, parts in estimates.items()
    )
    (found,) = harness.compare("what", "unit", ours, [peer], QUICK, quantity="energy", exact=1.0)
    assert found.wrong == (False, True)
    assert report.row_line(asdict(found)).endswith("| 1.040(10) | 0.940(10), **wrong** | 1.0000 |")


@pytest.mark.parametrize("law", ["n^x", "2^(x n)"])
def test_the_exponent_of_a_pure_law_is_found_exactly(law):
    def seconds(n):
        return 3e-4 * (n**1.5 if law == "n^x" else 2 ** (1.5 * n))

    found = harness.growth("what", "n", [2, 4, 8, 16], seconds, QUICK, expected=2, law=law)
    assert found.x == pytest.approx(1.5)
    assert found.error < 1e-6
    assert found.expected == 2


def test_the_error_of_an_exponent_is_that_of_a_straight_line():
    scatter = dict(zip([2, 4, 8, 16, 32], [0.1, -0.1, 0.2, 0.0, -0.1], strict=True))
    found = harness.growth(
        "what", "n", list(scatter), lambda n: n * 2 ** scatter[n], QUICK, expected=1
    )
    x, y = np.arange(1, 6), np.arange(1, 6) + np.array(list(scatter.values()))
    slope = np.polyfit(x, y, 1)
    left = ((y - np.polyval(slope, x)) ** 2).sum() / 3
    assert found.x == pytest.approx(slope[0])
    assert found.error == pytest.approx(np.sqrt(left / ((x - x.mean()) ** 2).sum()))


def test_a_table_has_a_line_for_every_row_and_says_what_to_be_careful_about():
    text = report.markdown(a_report(row(), row(peer="other", ratio=[0.5, 0.51234, 0.6])))
    assert "| what | 1.00 s / unit | peer | 3.00 s | **3.00** (2.00 – 4.00) |" in text
    assert "| other | 3.00 s | **0.512** (0.500 – 0.600) |" in text
    assert "quick" not in text
    assert "not quiet" not in text
    assert "quick run" in report.markdown(a_report(row(), quick=True))
    assert "not quiet" in report.markdown(a_report(row(), load=2.0))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (12.34, "12.3 s"),
        (1.0, "1.00 s"),
        (0.0123, "12.3 ms"),
        (2.5e-7, "250 ns"),
        (3e-11, "0.0300 ns"),
    ],
)
def test_times_have_three_digits(seconds, text):
    assert report.shown(seconds) == text


def test_reports_of_two_machines_are_not_mixed():
    stored, other = a_report(row()), a_report(row(), processor="another")
    with pytest.raises(ValueError, match="another machine"):
        report.merged(stored, other)
    new = a_report(row(what="new"))
    new["subjects"] = {"lattices": new["subjects"]["samplers"]}
    assert set(report.merged(stored, new)["subjects"]) == {"samplers", "lattices"}
    assert report.merged(None, new) == new


def test_a_report_comes_back_as_it_was_written(tmp_path):
    written = a_report(row())
    paths = tmp_path / "deep" / "report.json", tmp_path / "deep" / "report.md"
    report.write(written, *paths)
    assert report.read(paths[0]) == written
    assert paths[1].read_text(encoding="utf-8") == report.markdown(written)
    assert sorted(tmp_path.rglob("report*")) == sorted(paths)
    assert report.read(tmp_path / "none.json") is None


def test_a_quick_run_is_not_stored(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["run.py", "--quick", "--store"])
    monkeypatch.setattr(run, "run", lambda name, settings: pytest.fail("it ran"))
    with pytest.raises(SystemExit):
        run.main()
    assert "a quick run is not stored" in capsys.readouterr().err


@pytest.mark.parametrize("broken", [False, True])
def test_a_run_is_stored_unless_a_subject_broke_off(monkeypatch, tmp_path, broken):
    stored, built = tmp_path / "stored", tmp_path / "built"
    rows = [row(), row(what="samplers", failed="samplers ended with code 1")][: 1 + broken]
    subject = a_report(*rows)["subjects"]["samplers"]
    monkeypatch.setattr("sys.argv", ["run.py", "samplers", "--store"])
    monkeypatch.setattr(run, "run", lambda name, settings: subject)
    monkeypatch.setattr(run, "STORED", stored)
    monkeypatch.setattr(run, "BUILT", built)
    if broken:
        with pytest.raises(SystemExit, match="samplers ended with code 1"):
            run.main()
        assert not stored.exists()
    else:
        run.main()
        assert report.read(stored / "benchmarks.json")["subjects"] == {"samplers": subject}
        assert (stored / "benchmarks_table.md").exists()
    assert report.read(built / "benchmarks.json")["subjects"] == {"samplers": subject}


def test_what_a_subject_found_before_it_broke_off_is_kept(monkeypatch, tmp_path):
    lines = [json.dumps({"rows": row()}), json.dumps({"rows": row(peer="second")})]
    broken = f"open(__import__('sys').argv[-1], 'w').write({chr(10).join(lines)!r}); exit(3)"
    script = tmp_path / "subject.py"
    script.write_text(broken, encoding="utf-8")
    monkeypatch.setattr(run, "__file__", str(script))
    found = run.run("samplers", QUICK)
    assert [line["peer"] for line in found["rows"]] == ["peer", "second", ""]
    assert found["rows"][-1]["failed"] == "samplers ended with code 3"


@pytest.mark.parametrize(("subject", "threads"), [("training", "1"), ("whole", "7")])
def test_book_and_tests_run_with_the_threads_that_they_are_given(monkeypatch, subject, threads):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    calls = []

    def note(command, *, env, timeout):
        calls.append((env["OMP_NUM_THREADS"], timeout))
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr(run.subprocess, "run", note)
    run.run(subject, harness.Settings())
    assert calls == [(threads, None if subject == "whole" else run.LONGEST)]


@pytest.mark.parametrize("code", [0, 2])
def test_book_and_tests_are_run_without_the_arguments_of_the_benchmarks(monkeypatch, code):
    calls = []

    def note(command, *, cwd, check=False):
        calls.append(command)
        return SimpleNamespace(returncode=0 if check else code)

    def clone(command, **_):
        assert command[:2] == ["git", "clone"]
        monkeypatch.setattr(whole.subprocess, "run", note)

    monkeypatch.setattr(whole.subprocess, "run", clone)
    rows = list(whole.rows(harness.Settings(whole=True)))
    assert calls == [["make", "lint"], *([*row.what.split(), "ARGS="] for row in rows)]
    assert [row.what for row in rows] == list(whole.COMMANDS)
    assert {row.failed for row in rows} == {f"ended with code {code}" if code else ""}


def test_runs_at_once_share_the_time_of_the_slower_and_add_up_their_memory(monkeypatch):
    import paper_run

    said = iter([("3.0 100.0", 0), ("5.0 120.0", 0), ("4.0 90.0", 0), ("", 1), ("1.0 90.0", 0)])

    def started(command, **options):
        text, code = next(said)
        return SimpleNamespace(communicate=lambda: (text, None), returncode=code)

    monkeypatch.setattr(paper_run.subprocess, "Popen", started)
    assert paper_run.run(1, 2, 10) == (2.5, 220)
    assert paper_run.run(2, 1, 10) == (4, 90)
    with pytest.raises(RuntimeError, match="failed"):
        paper_run.run(1, 2, 10)


@pytest.mark.slow
def test_a_subject_runs_where_a_peer_is_not_installed():
    rbms, with_numpy = run.run("annealing", QUICK)["rows"]
    if find_spec("rbms") is None:
        assert rbms["failed"].startswith("ModuleNotFoundError")
        assert rbms["ratio"] is None
    assert with_numpy["peer"] == "NumPy"
    assert all(0 < float(error) < 5 for error in with_numpy["found"])
    assert min(with_numpy["ratio"]) > 0
    assert with_numpy["n_rounds"] == QUICK.n_rounds


def test_the_machine_that_runs_this_can_be_described():
    about = report.machine()
    schema = json.loads(report.SCHEMA.read_text(encoding="utf-8"))["properties"]["machine"]
    pytest.importorskip("jsonschema").validate(about, schema)


@pytest.mark.parametrize("spoil", [None, "ratio", "ours", "law", "started", "more"])
def test_the_stored_report_follows_its_schema_and_a_spoiled_one_does_not(spoil):
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(report.SCHEMA.read_text(encoding="utf-8"))
    copy = json.loads(json.dumps(STORED))
    subject = copy["subjects"]["samplers"]
    if spoil is None:
        jsonschema.validate(copy, schema)
        return
    if spoil == "ratio":
        subject["rows"][0]["ratio"] = [1.0, 2.0]
    elif spoil == "ours":
        subject["rows"][0]["ours"] = None
    elif spoil == "law":
        subject["growth"][0]["law"] = "n"
    elif spoil == "started":
        del subject["started"]
    else:
        subject["more"] = 1
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(copy, schema)


def test_the_table_of_the_page_is_that_of_the_stored_report():
    table = (ROOT / "book/reference/benchmarks_table.md").read_text(encoding="utf-8")
    assert table == report.markdown(STORED)
    page = (ROOT / "book/reference/benchmarks.md").read_text(encoding="utf-8")
    assert "```{include} benchmarks_table.md\n```" in page
    assert "book/reference/benchmarks\n" in (ROOT / "_toc.yml").read_text(encoding="utf-8")


def test_all_subjects_are_known_here_and_have_a_file():
    assert set(run.SUBJECTS) == set(ROWS)
    files = {path.stem for path in (ROOT / "benchmarks").glob("*.py")}
    assert files == {*run.SUBJECTS, "harness", "report", "run", "pytorch_by_hand"}
    text = (ROOT / "benchmarks/README.md").read_text(encoding="utf-8")
    assert [f"`{subject}.py`" in text for subject in run.SUBJECTS] == [True] * len(run.SUBJECTS)


@pytest.mark.parametrize("subject", ROWS)
def test_all_rows_are_stored(subject):
    found = STORED["subjects"][subject]
    assert not found["quick"]
    begins = [(what, peer) for what, peers in ROWS[subject].items() for peer in peers]
    rows = [(row["what"], row["peer"]) for row in found["rows"]]
    assert len(rows) == len(begins)
    for (what, peer), (begin, name) in zip(rows, begins, strict=True):
        assert what.startswith(begin)
        assert peer.startswith(name)
        assert peer or subject == "whole"
    grown = {(fit["what"], fit["against"]) for fit in found["growth"]}
    expected = GROWTH.get(subject, set())
    assert len(grown) == len(found["growth"]) == len(expected)
    for what, against in expected:
        assert any(name.startswith(what) and against == other for name, other in grown), what


def test_no_stored_result_of_ours_is_wrong_and_what_is_wrong_of_others_is_shown():
    rows = [row for subject in STORED["subjects"].values() for row in subject["rows"]]
    assert not [row["what"] for row in rows if row["wrong"][0]]
    wrong = {(row["what"], row["peer"]) for row in rows if row["wrong"][1]}
    ring = {(what, peer) for what, peer in wrong if what.startswith("Metropolis, ring")}
    assert all("from site to site" in peer for what, peer in ring)
    assert len(ring) == 2


def stored_row(subject, what, peer):
    """Return the one row of a peer."""
    (found,) = (
        row
        for row in STORED["subjects"][subject]["rows"]
        if row["what"].startswith(what) and row["peer"].startswith(peer)
    )
    return found


@pytest.mark.parametrize(
    ("subject", "what", "peer"),
    [
        ("samplers", "exact samples", "NumPy"),
        ("multilevel", "torus of 16", "rgrbm, Wolff"),
        ("multilevel", "torus of 32", "rgrbm, Wolff"),
        ("paper_run", "the paper's run", "half of two runs"),
        ("annealing", "annealed", "NumPy"),
        ("kaufman", "Kaufman's torus, 8 x 8", "NumPy, as printed"),
        ("start", "import rgrbm.rbm", "import numpy"),
        ("start", "first epoch of Ising training, with no cache", "scikit-learn"),
        ("start", "first sweep of 640 rings, with no cache", "NumPy"),
    ],
)
def test_where_the_page_says_that_we_lose_we_do(subject, what, peer):
    assert stored_row(subject, what, peer)["ratio"][1] < 1


def test_what_the_page_says_of_errors_is_so():
    annealed = stored_row("annealing", "annealed", "NumPy")["found"]
    assert 2 * float(annealed[0]) < float(annealed[1])
    for bond in (8, 16):
        tensors = stored_row("tensors", f"HOTRG, 16 x 16 sites, bond {bond}", "quimb")["found"]
        assert float(tensors[0]) > 2 * float(tensors[1])
    ours, differences = stored_row("kaufman", "Kaufman's torus, 512", "NumPy")["found"]
    for mine, theirs in list(zip(ours.split(", "), differences.split(", "), strict=True))[1:]:
        assert 1e6 * float(mine) < float(theirs)


def test_peers_are_pinned_and_agree_with_what_is_tested_together():
    lines = (ROOT / "benchmarks/requirements.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.split(" ")[0].split("==") for line in lines if not line.startswith("#"))
    assert {"mcising", "peapods", "quimb", "torch", "scikit-learn", "rbms"} <= set(pins)
    tested = (ROOT / "constraints.txt").read_text(encoding="utf-8").split()
    versions = dict(line.split("==") for line in tested)
    assert [name for name in pins if versions.get(name, pins[name]) != pins[name]] == []


def test_make_bench_takes_subjects_and_arguments():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    recipe = re.search(r"^bench: (.+) ##.*\n\t(.+)\n", makefile, re.M)
    assert recipe[2].endswith("benchmarks/run.py $(BENCH) $(ARGS)")
    assert recipe[1] == ".venv-bench/python$(VERSION)"
