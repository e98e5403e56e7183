"""Files that say the same thing in two places must agree."""

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest
import yaml
from notebooks import chapter_paths, executed_with_the_book
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT, PYTEST = SETTINGS["project"], SETTINGS["tool"]["pytest"]["ini_options"]
CORE = [Requirement(line) for line in PROJECT["dependencies"]]
EXTRAS = {
    extra: [Requirement(line) for line in lines]
    for extra, lines in PROJECT["optional-dependencies"].items()
}
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
CONDA_PYTHON, PIP, *CONDA = ENVIRONMENT["dependencies"]
# What the chapters import beyond the core, and threadpoolctl, which the core uses where it is.
COLAB_HAS = {"matplotlib", "ipywidgets", "jax", "optax", "distributed"}
CHAPTERS_NEED = COLAB_HAS | {"myst-nb", "threadpoolctl"}
IMPORTED = re.compile(r"^\s*(?:from|import) (?!google\.colab)(\w+)", re.M)
ADVICE = {
    page: re.findall(
        r"(?:^ *|`)((?:python|pip|conda|jupyter|make) [^`#\n]+)",
        (ROOT / page).read_text(encoding="utf-8"),
        re.M,
    )
    for page in ("README.md", "book/intro.md")
}


def test_the_core_needs_few_packages():
    assert {r.name for r in CORE} == {"numpy", "scipy", "numba", "pooch", "tqdm"}


def test_environment_yml_and_pyproject_agree():
    book = [r for r in EXTRAS["book"] if r.name in {*CHAPTERS_NEED, "ipykernel"}]
    expected = CORE + book + EXTRAS["lab"]
    assert {str(Requirement(line)) for line in CONDA} == {str(r) for r in expected}
    assert PIP == "pip"
    python = Version(CONDA_PYTHON.removeprefix("python="))
    assert python in SpecifierSet(PROJECT["requires-python"])


def test_binder_installs_the_package_itself_and_the_numbers():
    script = ROOT / "postBuild"
    commands = [line.split("#")[0].split() for line in script.read_text("utf-8").splitlines()]
    assert ["python", "-m", "pip", "install", "--no-deps", "-e", "."] in commands
    assert ["python", "tools/fill_numbers.py"] in commands
    assert script.stat().st_mode & 0o111, "postBuild must be executable"
    assert script.read_bytes().startswith(b"#!")


def test_colab_installs_what_the_chapters_need_and_colab_lacks():
    cell = (ROOT / "book" / "_ext" / "colab_cell.py").read_text(encoding="utf-8")
    installed = re.search(r"\[\*pip, book, (.+?)\]", cell)[1]
    assert set(re.findall(r'"(.+?)"', installed)) == CHAPTERS_NEED - COLAB_HAS


def test_an_editor_that_renders_the_markup_can_be_had():
    assert {requirement.name for requirement in EXTRAS["lab"]} == {"jupyterlab", "jupyterlab-myst"}
    (lab,) = (requirement for requirement in EXTRAS["lab"] if requirement.name == "jupyterlab")
    assert "4.5.11" in lab.specifier
    assert "4.6.6" not in lab.specifier, "jupyterlab-myst 2.7.0 is refused there"


@pytest.mark.parametrize("page", ADVICE)
def test_pip_brings_what_the_chapters_need_and_an_editor(page):
    commands = ADVICE[page]
    (extras,) = (found for line in commands for found in re.findall(r"\.\[(.+?)\]", line))
    assert set(extras.split(",")) == {"book", "lab"} <= set(EXTRAS)
    assert {requirement.name for requirement in EXTRAS["book"]} >= CHAPTERS_NEED
    assert "jupyter lab" in commands


@pytest.mark.parametrize("page", ADVICE)
def test_the_conda_route_is_whole(page):
    conda = ADVICE[page].index("conda env create -f environment.yml")
    assert ADVICE[page][conda:][:4] == [
        "conda env create -f environment.yml",
        f"conda activate {ENVIRONMENT['name']}",
        "python -m pip install --no-deps -e .",
        "jupyter lab",
    ]


@pytest.mark.parametrize("page", ADVICE)
def test_the_files_and_targets_of_the_commands_exist(page):
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    for program, name, *arguments in map(str.split, ADVICE[page]):
        if program == "make":
            assert name in targets
        for argument in [name, *arguments]:
            assert (ROOT / argument).exists() or not re.search(r"\w/|\.(yml|py)$", argument)


def test_the_chapters_import_only_what_binder_has():
    provided = {canonicalize_name(Requirement(line).name) for line in CONDA} | {"rgrbm", "ipython"}
    assert "torch" not in provided, "a chapter that needs it is shown as stored"
    for path in filter(executed_with_the_book, chapter_paths()):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type != "code":
                continue
            for name in re.findall(
                r"^\s*(?:from|import) (?!google\.colab)(\w+)", cell.source, re.M
            ):
                package = canonicalize_name(name)
                assert name in sys.stdlib_module_names or package in provided, (path, name)


def test_continuous_integration_has_pytorch_and_nothing_else_needs_it():
    script = (ROOT / ".ci/run").read_text(encoding="utf-8")
    environment = "stage make lint EXTRAS=dev,torch\n"
    assert script.index(environment) < script.index("stage make test")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "--editable '.[$(EXTRAS)]'" in makefile
    others = [requirement for extra in EXTRAS if extra != "torch" for requirement in EXTRAS[extra]]
    assert "torch" not in {requirement.name for requirement in CORE + others}


def test_dask_is_where_it_is_used_in_one_range():
    (dask,) = EXTRAS["dask"]
    for extra in ("book", "test"):
        assert dask in EXTRAS[extra], "the page on scans and the tests start a cluster"


def test_the_constraints_fit_the_ranges_and_cover_them():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").split()
    pinned = {canonicalize_name(name): Version(v) for name, v in (li.split("==") for li in lines)}
    wanted = CORE + EXTRAS["book"] + EXTRAS["torch"] + EXTRAS["test"] + EXTRAS["dev"]
    for requirement in wanted:
        if requirement.name != "rgrbm":
            assert pinned[canonicalize_name(requirement.name)] in requirement.specifier


def test_the_pythons_that_are_named_agree():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert PROJECT["requires-python"] == ">=3.11,<3.14"
    assert "(3, 11) <= sys.version_info < (3, 14)" in makefile
    workflow = (ROOT / ".github/workflows/test.yml").read_text(encoding="utf-8")
    assert workflow.count('python: ["3.11", "3.12", "3.13"]') == 2


def test_every_push_is_tested_whole_by_two_jobs_together():
    script = (ROOT / ".ci/run").read_text(encoding="utf-8")
    assert re.findall("-[mk] '(.*?)'", script) == ["not slow"]
    tested = re.findall('stage make test .* ARGS="[$]fast (.*)"', script)
    assert sorted(" ".join(tested).split()) == sorted(PYTEST["testpaths"])
    jobs = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text(encoding="utf-8"))["jobs"]
    commands = [step["run"] for name in jobs for step in jobs[name]["steps"] if "run" in step]
    assert commands == ["bash .ci/run", 'make test EXTRAS=dev,torch ARGS="-m slow"']


@pytest.mark.parametrize(
    "path", sorted((ROOT / ".github/workflows").glob("*.yml")), ids=lambda path: path.name
)
def test_workflows_follow_their_schema(path):
    pytest.importorskip("check_jsonschema")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema"]
    done = subprocess.run(
        [*command, "vendor.github-workflows", str(path)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_there_is_a_workflow_for_tests_for_new_dependencies_and_for_the_pages():
    names = {path.name for path in (ROOT / ".github/workflows").glob("*.yml")}
    assert names == {"test.yml", "weekly.yml", "pages.yml"}


def test_the_hooks_call_what_the_environment_has():
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    hooks = {hook["id"]: hook for repository in config["repos"] for hook in repository["hooks"]}
    assert set(hooks) == {"ruff-check", "ruff-format", "stored-outputs"}
    installed = {requirement.name for extra in ("test", "dev") for requirement in EXTRAS[extra]}
    for hook in hooks.values():
        program, *arguments = hook["entry"].split()
        assert program.removeprefix(".venv/bin/") in installed
        assert all((ROOT / name).exists() for name in arguments if "/" in name)


WORKFLOWS = {
    path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]
    for path in (ROOT / ".github/workflows").glob("*.yml")
}
COMMANDS = [
    (name, step["run"])
    for jobs in WORKFLOWS.values()
    for name, job in jobs.items()
    for step in job["steps"]
    if "run" in step
]


@pytest.mark.parametrize(("job", "command"), COMMANDS, ids=lambda text: text)
def test_a_workflow_runs_what_is_there(job, command):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^(\w+):", makefile, re.M)
    variables = re.findall(r"^(\w+) \?=", makefile, re.M)
    program, *arguments = shlex.split(command)
    if program == "make":
        target, *settings = arguments
        assert target in targets
        assert {setting.split("=")[0] for setting in settings} <= set(variables)
    for argument in arguments:
        assert (ROOT / argument).exists() or not re.search(r"\w/\w+\.(py|ipynb)$|^\.", argument)


def test_the_jobs_end_and_contributing_says_how_to_run_each_by_hand():
    for workflow in WORKFLOWS.values():
        for name, job in workflow.items():
            assert 30 <= job["timeout-minutes"] <= 180, name
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    by_hand = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", page, re.M))
    assert set(by_hand) == {name for name, _ in COMMANDS}
    for name, command in COMMANDS:
        if command.startswith(("make", "bash", "RGRBM")):
            assert f"`{command}`" in by_hand[name], name
    assert "make portability" in by_hand["portability"]
    assert re.search("make test CONSTRAINTS= .*make book CONSTRAINTS=", by_hand["newest"])


def test_the_weekly_workflow_takes_the_conda_route():
    workflow = yaml.safe_load((ROOT / ".github/workflows/weekly.yml").read_text(encoding="utf-8"))
    steps = [step.get("run", "") for step in workflow["jobs"]["conda"]["steps"]]
    for command in ADVICE["README.md"]:
        if command.startswith("conda env") or "--no-deps" in command:
            assert any(step.endswith(command) for step in steps)
    assert any("jupyter labextension list" in step for step in steps)


def test_the_weekly_workflow_runs_chapters_as_on_binder():
    workflow = yaml.safe_load((ROOT / ".github/workflows/weekly.yml").read_text(encoding="utf-8"))
    steps = [step.get("run", "") for step in workflow["jobs"]["binder"]["steps"]]
    assert "RGRBM_BINDER=1 .venv/bin/pytest tests/book/test_binder.py" in steps


def test_the_weekly_workflow_tries_mutants():
    workflow = yaml.safe_load((ROOT / ".github/workflows/weekly.yml").read_text(encoding="utf-8"))
    (command,) = [step["run"] for step in workflow["jobs"]["mutants"]["steps"] if "run" in step]
    assert command.startswith("make mutants")
    assert re.search("^mutants:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)


def test_the_citation_file_is_complete():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["cff-version"] == "1.2.0"
    assert {"message", "title", "authors", "type", "license"} <= set(citation)
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    assert citation["title"] == config["title"]


def test_every_file_that_the_readme_links_to_exists():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#:]+)\)", readme)
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_the_tables_of_literature_are_whole():
    page = (ROOT / "book/reference/literature.md").read_text(encoding="utf-8")
    tables = re.findall(r"```\{list-table\}\n(?::.*\n)+\n((?:.+\n)+)```", page)
    assert len(tables) == page.count("{list-table}") >= 7
    research = 0
    for table in tables:
        rows = [row.splitlines() for row in re.split(r"^\* - ", table, flags=re.M)[1:]]
        cells = [[row[0], *(line.removeprefix("  - ") for line in row[1:])] for row in rows]
        assert {len(row) for row in cells} == {len(cells[0])}
        assert all(len(cell.strip()) > 2 for row in cells for cell in row), "an empty cell"
        for first, *_ in cells[1:]:
            assert first.startswith("{cite:t}`")
            if cells[0][0] == "claim":
                research += 1
                assert re.match(r"\{cite:t\}`\w+` [ᵃᵇ]: .{40,}", first), "how was it read?"
    assert research >= 25


def test_every_key_that_is_cited_is_in_the_bibliography_once():
    bibliography = (ROOT / "book/references.bib").read_text(encoding="utf-8")
    keys = re.findall(r"^@\w+\{(\w+),$", bibliography, re.M)
    assert len(keys) == len(set(keys)) == bibliography.count("\n@") + 1
    pages = [*(ROOT / "book").rglob("*.md"), *(ROOT / "book").rglob("*.ipynb")]
    cited = {
        key.strip()
        for page in pages
        for keys_of_one in re.findall(r"\{cite:\w+\}`([^`]+)`", page.read_text(encoding="utf-8"))
        for key in keys_of_one.split(",")
    }
    assert len(cited) > 60
    assert cited <= set(keys), cited - set(keys)


def test_the_bibliography_can_be_read_and_each_entry_is_whole():
    database = pytest.importorskip("pybtex.database")
    entries = database.parse_file(str(ROOT / "book/references.bib")).entries
    assert len(entries) > 50
    for key, entry in entries.items():
        assert entry.persons, key
        assert {"title", "year"} <= set(entry.fields), key


def test_make_pages_runs_all_that_needs_a_built_book():
    pages = re.search(r"^pages:.*?\n\n", (ROOT / "Makefile").read_text("utf-8"), re.M | re.S)[0]
    for path in (ROOT / "tests/book").glob("test_*.py"):
        text = path.read_text(encoding="utf-8")
        needs = "RGRBM_BOOK" in text or re.search(r"^def \w+\(.*\bbook\b.*\):", text, re.M)
        assert (path.name in pages) == bool(needs) or path.name in (
            "test_pdf.py",
            Path(__file__).name,
        )
