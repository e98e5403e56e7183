"""Break the library in small ways, one at a time, and see whether a test fails: `make mutants`.

cosmic-ray makes the mutants. They are tried in copies of the working tree, each in a process forked
from one that has the large imports behind it: first on the tests named after the mutant's file;
should it survive them, on those of the door, and on the slow ones. Who survives must stand in
tests/survivors.toml, with a reason; who stands there must survive.
"""

import argparse
import ast
import difflib
import itertools
import json
import multiprocessing
import os
import queue
import random
import shutil
import sys
import tempfile
import time
import tomllib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
SURVIVORS = "tests/survivors.toml"
LEAST_KILLED = 0.9  # of the mutants of each door
DOORS = ["ising", "transfer_matrix", "tensor", "decimation", "sampler", "inverse"]
DOORS += ["diagnostics", "quantum", "dynamics", "entropy", "rbm", "networks"]
LEFT_OUT = ["rbm/_training_kernels.py"]  # every mutant would be compiled, for half a minute
if find_spec("torch") is None:  # its tests are skipped
    LEFT_OUT += ["networks/torch_rbm.py"]
OF_ALL_DOORS = ["tests/unit/test_properties.py", "tests/unit/test_signatures.py"]
COMPARISONS = "Lt_LtE Lt_Gt LtE_Lt LtE_GtE Gt_GtE Gt_Lt GtE_Gt GtE_LtE Eq_NotEq NotEq_Eq Is_IsNot"
PRODUCTS = "Add_Sub Sub_Add Mul_Div Div_Mul FloorDiv_Mul Mod_Mul Pow_Mul"
BITWISE = "RShift_LShift LShift_RShift BitOr_BitAnd BitAnd_BitOr BitXor_BitAnd"
OPERATORS = [  # of cosmic-ray, each as core/...
    *["NumberReplacer", "AddNot", "ReplaceAndWithOr", "ReplaceOrWithAnd"],
    *["ReplaceTrueWithFalse", "ReplaceFalseWithTrue", "ZeroIterationForLoop"],
    *["ReplaceBreakWithContinue", "ReplaceContinueWithBreak"],
    *[f"ReplaceUnaryOperator_Delete_{name}" for name in ["USub", "Invert", "Not"]],
    *[f"ReplaceComparisonOperator_{pair}" for pair in f"{COMPARISONS} IsNot_Is".split()],
    *[f"ReplaceBinaryOperator_{pair}" for pair in f"{PRODUCTS} {BITWISE}".split()],
]
IMPORTS = ["numpy", "scipy.special", "scipy.stats", "numba", "pytest", "hypothesis", "tqdm"]


class Mutant(NamedTuple):
    """One change of one file."""

    file: str
    line: str
    mutated: str
    code: str


def files_of(names):
    """Return the files to mutate: of the doors or files named, or all."""
    files = []
    for name in names or DOORS:
        path = ROOT / ("rgrbm" if "/" not in name else "") / name
        single = path.with_suffix(".py").is_file()  # a door of one file, or a file by its name
        files += [path.with_suffix(".py")] if single else sorted(path.glob("*.py"))
    files = [str(path.relative_to(ROOT)) for path in files if path.name != "__init__.py"]
    return [file for file in files if file in names or file.removeprefix("rgrbm/") not in LEFT_OUT]


def mutants_of(file):
    """List the mutants of a file that are other programs than it, and than each other."""
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator

    source = (ROOT / file).read_text()
    seen = {ast.dump(ast.parse(source))}
    found = []
    for name in OPERATORS:
        for occurrence in itertools.count():
            code = mutate_code(source, get_operator(f"core/{name}")(), occurrence)
            if code is None:
                break
            try:
                tree = ast.dump(ast.parse(code))
            except SyntaxError:  # the star of f(*arguments) is taken for a product
                continue
            if tree not in seen:
                seen.add(tree)
                found.append(Mutant(file, *_difference(source, code), code))
    return found


def _difference(source, code):
    lines = difflib.ndiff(source.splitlines(), code.splitlines())
    changed = {line[0]: " ".join(line[2:].split()) for line in reversed(list(lines))}
    return changed.get("-", ""), changed.get("+", "")


def tests_of(file):
    """Return the tests to try one after the other: fast ones of a file, of its door, slow ones."""
    path = Path(file)
    door = path.parent.name
    single = door == "rgrbm"  # a door of one file
    folder = Path("tests/unit") / (f"test_{path.stem}.py" if single else door)
    named = sorted((ROOT / folder).glob(f"test_{path.stem.lstrip('_')}*.py"))
    named = [str(test.relative_to(ROOT)) for test in named] or [str(folder)]
    statistical = [name for name in [f"tests/statistical/{door}"] if (ROOT / name).exists()]
    return [
        [*named, file, "-m", "not slow"],
        [str(folder), *OF_ALL_DOORS, "-m", "not slow"],
        [*named, *statistical],
    ]


def _run_pytest(folder, arguments, log):
    """Run pytest in a copy of the tree; the exit status of this process is pytest's."""
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.chdir(folder)
    sys.path.insert(0, folder)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # they take longer to load than most tests
    import hypothesis
    import pytest

    phases = [hypothesis.Phase.explicit, hypothesis.Phase.generate]  # a failure is not made short
    hypothesis.settings.register_profile("mutants", phases=phases, database=None)
    hypothesis.settings.load_profile("mutants")
    options = "--doctest-modules --import-mode=importlib --strict-markers -x -q"
    options = ["-o", f"addopts={options}", "-p", "no:cacheprovider", f"--basetemp={folder}/tmp"]
    os._exit(pytest.main([*options, *arguments]))


class Copies:
    """Copies of the working tree, one for each worker, in which mutants are tried."""

    def __init__(self, folder, n_workers):
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(["__main__", *IMPORTS])
        self.free = queue.Queue()
        skip = shutil.ignore_patterns("__pycache__", "_build")
        for number in range(n_workers):
            copy = Path(folder) / str(number)
            for part in ["rgrbm", "tests"]:
                shutil.copytree(ROOT / part, copy / part, ignore=skip)
            shutil.copy(ROOT / "pyproject.toml", copy)
            self.free.put(copy)

    def passes(self, file, code, arguments, limit=None):
        """Tell whether the tests pass with `code` in the place of `file`."""
        copy = self.free.get()
        target, log = copy / file, copy / "log"
        original = target.read_text()
        shutil.rmtree(target.parent / "__pycache__", ignore_errors=True)  # made in the same second
        target.write_text(code)
        try:
            arguments = (str(copy), arguments, str(log))
            process = self.context.Process(target=_run_pytest, args=arguments)
            process.start()
            process.join(limit)
            if process.is_alive():
                process.kill()
                process.join()
            if limit is None and process.exitcode:
                sys.exit(f"The tests of {file} fail without a mutation:\n{log.read_text()}")
            return process.exitcode == 0
        finally:
            target.write_text(original)
            self.free.put(copy)


def survivors(file, mutants, copies, n_workers, n_stages):
    """Try mutants; print and return those that no test tells from the library."""
    source = (ROOT / file).read_text()
    stages = []
    for tests in tests_of(file)[:n_stages]:
        begin = time.monotonic()
        copies.passes(file, source, tests)
        stages.append((tests, 60 + 5 * (time.monotonic() - begin)))

    def survives(mutant):
        return all(copies.passes(file, mutant.code, *stage) for stage in stages)

    found = []
    begin = time.monotonic()
    with ThreadPoolExecutor(n_workers) as pool:
        results = zip(mutants, pool.map(survives, mutants), strict=True)
        for number, (mutant, survived) in enumerate(results, start=1):
            if survived:
                found.append(mutant)
                print(f"\r{file}: {mutant.line}\n  survives as {mutant.mutated}", flush=True)
            seconds = time.monotonic() - begin
            print(
                f"\r{file}: {number} of {len(mutants)}, {len(found)} alive, {seconds:.0f} s",
                end="", file=sys.stderr, flush=True,
            )  # fmt: skip
    print(file=sys.stderr)
    return found


def listed():
    """Return the reasons of tests/survivors.toml, by file, line and mutated line."""
    entries = tomllib.loads((ROOT / SURVIVORS).read_text())["survivor"]
    return {
        (entry["file"], entry["line"], mutated): entry["reason"]
        for entry in entries
        for mutated in entry["mutated"]
    }


def main():
    """Try mutants, and compare the survivors with the list."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="doors, or files; all, if left out")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument(
        "--sample", type=int, help="try so many of each file only: others every week"
    )
    parser.add_argument("--stages", type=int, default=3, help="1: only the tests of the file")
    arguments = parser.parse_args()
    os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", RGRBM_THREADS="1")
    known, complaints = listed(), []
    tried, alive = Counter(), Counter()
    with tempfile.TemporaryDirectory() as folder:
        copies = Copies(folder, arguments.workers)
        for file in files_of(arguments.names):
            mutants = mutants_of(file)
            if arguments.sample and arguments.sample < len(mutants):
                mutants = random.Random(time.strftime("%G %V")).sample(mutants, arguments.sample)
            found = survivors(file, mutants, copies, arguments.workers, arguments.stages)
            door = Path(file).parent.name
            tried[door] += len(mutants)
            alive[door] += len(found)
            print(f"{file}: {len(mutants) - len(found)} of {len(mutants)} killed", flush=True)
            survived = {mutant[:3] for mutant in found}
            complaints += [("not listed", *key) for key in sorted(survived - set(known))]
            killed = {mutant[:3] for mutant in mutants} - survived
            if not arguments.sample:  # then those that are no mutants any more count, too
                killed |= {key for key in known if key[0] == file} - survived
            complaints += [("listed, but killed", *key) for key in sorted(killed & set(known))]
    for what, file, line, mutated in complaints:
        print(f"\n# {what}\n[[survivor]]\nfile = {json.dumps(file)}\nline = {json.dumps(line)}")
        print(f"mutated = [{json.dumps(mutated)}]")
    for door in tried:
        share = 1 - alive[door] / tried[door]
        print(f"{door}: {share:.1%} of {tried[door]} killed")
        complaints += [door] * (share < LEAST_KILLED)
    return bool(complaints)


if __name__ == "__main__":
    sys.exit(main())
