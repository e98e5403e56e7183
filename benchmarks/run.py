"""Run the benchmarks, print their table, and store it where asked.

    python benchmarks/run.py [--quick] [--whole] [--store] [subject ...]

Each subject is a file beside this one, and runs in a process of its own, held to one thread. What
it found before it was stopped, or broke off, is kept.
"""

import argparse
import importlib
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from harness import Row, Settings
from report import growth_line, load, machine, markdown, merged, read, row_line, write

ROOT = Path(__file__).resolve().parents[1]
BUILT = ROOT / "_build"
STORED = ROOT / "book" / "reference"
SUBJECTS = (
    "samplers", "lattices", "multilevel", "glasses", "training", "paper_run", "annealing",
    "enumeration", "kaufman", "tensors", "start", "whole",
)  # fmt: skip
LONGEST = 1800  # seconds of a subject, but for the runs of book and tests
LIBRARIES = ("OMP", "OPENBLAS", "MKL", "RAYON", "VECLIB_MAXIMUM")
# Two for numba, so that the paper's run can be timed on two threads; all else asks for one.
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in LIBRARIES} | {"NUMBA_NUM_THREADS": "2"}


def main():
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    choices = [[], *SUBJECTS]  # none is all
    parser.add_argument("subjects", nargs="*", choices=choices, metavar="subject")
    parser.add_argument("--quick", action="store_true", help="few rounds, small sizes")
    parser.add_argument("--whole", action="store_true", help="time make book and make test, too")
    parser.add_argument("--store", action="store_true", help="store the table for the book")
    parser.add_argument("--into", type=Path, help=argparse.SUPPRESS)  # a subject's own process
    chosen = parser.parse_args()
    settings = Settings(quick=chosen.quick, whole=chosen.whole)
    if chosen.into:
        return run_here(chosen.subjects[0], settings, chosen.into)
    if chosen.store and chosen.quick:
        parser.error("a quick run is not stored")
    report, busy = {"machine": machine(), "subjects": {}}, load()
    for subject in chosen.subjects or SUBJECTS:
        print(f"{subject} ...", file=sys.stderr, flush=True)
        report["subjects"][subject] = {"load": busy, **run(subject, settings)}
    print(markdown(report))
    write(report, BUILT / "benchmarks.json", BUILT / "benchmarks.md")
    rows = [row for subject in report["subjects"].values() for row in subject["rows"]]
    if broken := [row["failed"] for row in rows if row["what"] in SUBJECTS]:
        sys.exit(", ".join(broken))
    if chosen.store:
        if chosen.subjects:
            report = merged(read(STORED / "benchmarks.json"), report)
        write(report, STORED / "benchmarks.json", STORED / "benchmarks_table.md")


def run(subject, settings):
    """Run a subject in a process of its own; return what it found."""
    flags = [f"--{name}" for name in ("quick", "whole") if getattr(settings, name)]
    started, began = datetime.now(UTC), perf_counter()
    # Book and tests run as their users run them.
    longest, threads = (None, {}) if subject == "whole" else (LONGEST, ONE_THREAD)
    with tempfile.NamedTemporaryFile("r", encoding="utf-8", suffix=".jsonl") as file:
        command = [sys.executable, __file__, subject, *flags, "--into", file.name]
        try:
            code = subprocess.run(command, env=os.environ | threads, timeout=longest).returncode
            ended = "" if code == 0 else f"{subject} ended with code {code}"
        except subprocess.TimeoutExpired:
            ended = f"{subject} was stopped after {longest} s"
        found = [json.loads(line) for line in file]
    if ended:
        found.append({"rows": asdict(Row(subject, "", "", failed=ended))})
    return {
        "started": started.isoformat(timespec="seconds"),
        "seconds": round(perf_counter() - began, 1),
        "quick": settings.quick,
        **{kind: [line[kind] for line in found if kind in line] for kind in ("rows", "growth")},
    }


def run_here(subject, settings, path):
    """Run a subject in this process; write each row as soon as it is there."""
    with path.open("w", encoding="utf-8") as file:
        for found in importlib.import_module(subject).rows(settings):
            kind, line = ("rows", row_line) if isinstance(found, Row) else ("growth", growth_line)
            found = json.loads(json.dumps(asdict(found)))
            print(line(found), flush=True)
            print(json.dumps({kind: found}), file=file, flush=True)


if __name__ == "__main__":
    main()
