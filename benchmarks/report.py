"""The report of a run: the machine, what each subject has found, as JSON and as Markdown.

A report is a dictionary, of the form that `report.schema.json` gives.
"""

import json
import os
import platform
from importlib.metadata import version
from pathlib import Path

import numpy as np

from rgrbm.estimate import Estimate

SCHEMA = Path(__file__).with_name("report.schema.json")
PACKAGES = ("numpy", "scipy", "numba", "rgrbm")
PREFIXES = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
QUIET = 0.5  # load at the start of a subject
HEAD = """\
| what | rgrbm | beside | its time | ratio | found | by rgrbm | by it | exact |
|---|--:|---|--:|--:|---|--:|--:|--:|"""
GROWTH_HEAD = """\
| time of | against n | from, to | grows as | x | expected |
|---|---|--:|---|--:|--:|"""


def machine():
    """Describe the machine and what decides how fast it is."""
    return {
        "processor": _processor(),
        "instructions": np.show_config(mode="dicts")["SIMD Extensions"]["found"],
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
    }


def _processor():
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def load():
    """Return how many programs wanted to run in the last minute."""
    return round(os.getloadavg()[0], 2)


def read(path):
    """Read a report; None if there is none."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def merged(stored, report):
    """Put the subjects of a report in the place of stored ones, which must be of this machine."""
    if stored is None:
        return report
    if stored["machine"] != report["machine"]:
        raise ValueError(
            "the stored report is of another machine or of other versions: run all subjects"
        )
    return report | {"subjects": stored["subjects"] | report["subjects"]}


def write(report, *paths):
    """Write a report, as JSON or Markdown as the names of the files say."""
    for path in paths:
        text = markdown(report) if path.suffix == ".md" else json.dumps(report, indent=1) + "\n"
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(path.name + ".part")
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)


def markdown(report):
    """Write a report as two tables, below a line on the machine."""
    subjects = report["subjects"].values()
    rows = [row_line(row) for subject in subjects for row in subject["rows"]]
    fits = [growth_line(fit) for subject in subjects for fit in subject["growth"]]
    parts = [*heading(report)]
    if rows:
        parts.append("\n".join([HEAD, *rows]))
    if fits:
        parts.append("\n".join([GROWTH_HEAD, *fits]))
    return "\n\n".join(parts) + "\n"


def heading(report):
    """Return paragraphs on the machine, the date, and what to be careful about."""
    about, subjects = report["machine"], report["subjects"].values()
    packages = ", ".join(f"{name} {number}" for name, number in about["packages"].items())
    days = [subject["started"][:10] for subject in subjects]
    days = " to ".join(sorted({min(days), max(days)}))
    minutes = sum(subject["seconds"] for subject in subjects) / 60
    yield (
        f"{about['processor']}, {about['cores']} cores, {', '.join(about['instructions'])}; "
        f"{about['system']}, Python {about['python']}, {packages}; "
        f"{days}, {minutes:.0f} minutes."
    )
    if any(subject["quick"] for subject in subjects):
        yield "**A quick run:** few rounds and small sizes. It says that all runs, not how fast."
    busiest = max(subject["load"] for subject in subjects)
    if busiest > QUIET:
        yield f"**The machine was not quiet:** up to {busiest:.1f} other programs were running."


def row_line(row):
    """Return the line of a comparison."""
    ours = row["ours"] and f"{shown(row['ours'])} / {row['unit']}"
    theirs = row["theirs"] and shown(row["theirs"])
    ratio = row["failed"]
    if row["ratio"]:
        low, middle, high = map(three_digits, row["ratio"])
        ratio = f"**{middle}** ({low} – {high})"
    found = [
        text + ", **wrong**" * wrong for text, wrong in zip(row["found"], row["wrong"], strict=True)
    ]
    known = row["what"], ours, row["peer"], theirs, ratio, row["quantity"], *found, row["exact"]
    return _line(*("" if cell is None else cell for cell in known))


def growth_line(fit):
    """Return the line of a fit."""
    span = f"{fit['values'][0]}, {fit['values'][-1]}"
    x = Estimate(fit["x"], fit["error"])
    return _line(fit["what"], fit["against"], span, fit["law"], x, f"{fit['expected']:.3g}")


def _line(*cells):
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def shown(seconds):
    """Write a time with three digits, in the unit that suits it."""
    size, unit = next((pair for pair in PREFIXES if seconds >= pair[0]), PREFIXES[-1])
    return f"{three_digits(seconds / size)} {unit}"


def three_digits(number):
    """Write a positive number with three digits, and without an exponent."""
    decimals = max(0, 2 - int(np.floor(np.log10(number))))
    return f"{number:.{decimals}f}"
