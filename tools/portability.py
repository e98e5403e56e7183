"""Run a command as it runs on other processors.

Usage: python tools/portability.py [PROCESSOR ...] -- COMMAND [ARGUMENT ...]

The last digits of a result, and the warnings on the way, depend on the instructions that OpenBLAS,
NumPy, numba and the C library choose for a processor. Each can be told what to choose. By default
the command runs as all the processors below. One that this machine cannot play is reported; one
whose instructions are not chosen after all is a failure, because it would prove nothing. numba
keeps what it compiles for each processor apart, under the processor's name.
"""

import json
import os
import platform
import subprocess
import sys
import time
from typing import NamedTuple


class Processor(NamedTuple):
    """What it is called, by OpenBLAS and by LLVM (None: what the machine is), and what it has."""

    openblas: str
    llvm: str | None
    needs: tuple


PROCESSORS = {
    "nehalem": Processor("Nehalem", "generic", ("SSE42",)),
    "haswell": Processor("Haswell", "haswell", ("AVX2", "FMA3")),
    "skylakex": Processor("SkylakeX", None, ("AVX512_SKX",)),
}
PROBE = """
import json, numpy, scipy.linalg, threadpoolctl
from numba.core.registry import cpu_target
from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

print(json.dumps({
    "has": [name for name, there in __cpu_features__.items() if there],
    "dispatched": [name for name in __cpu_dispatch__ if __cpu_features__[name]],
    "llvm": cpu_target.target_context.codegen().magic_tuple()[1],
    "openblas": [pool.get("architecture") for pool in threadpoolctl.threadpool_info()
                 if pool["user_api"] == "blas"],
}))
"""


def probe(environ):
    """Ask the libraries, in an environment, what they have chosen."""
    command = [sys.executable, "-c", PROBE]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def disabled(name, dispatched):
    """Return what NumPy must not use, of the features that it could."""
    if name == "nehalem":
        return list(dispatched)
    beyond = [each for each in dispatched if each == "X86_V4" or each.startswith("AVX512")]
    return beyond if name == "haswell" else []


def environment(name, dispatched):
    """Return the variables that turn this machine into a processor."""
    processor = PROCESSORS[name]
    variables = {"OPENBLAS_CORETYPE": processor.openblas}
    if off := disabled(name, dispatched):
        variables["NPY_DISABLE_CPU_FEATURES"] = " ".join(off)
    if processor.llvm:
        variables |= {"NUMBA_CPU_NAME": processor.llvm, "NUMBA_CPU_FEATURES": ""}
    if name == "nehalem":  # or the C library's exp and its like would use FMA
        variables["GLIBC_TUNABLES"] = "glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4"
    return variables


def obstacle(name, has):
    """Return why this machine cannot play a processor, or nothing."""
    missing = [feature for feature in PROCESSORS[name].needs if feature not in has]
    return f"this {platform.machine()} has no {', '.join(missing)}" if missing else ""


def refusal(name, dispatched, chosen):
    """Return what the libraries have chosen otherwise than they were told, or nothing."""
    processor = PROCESSORS[name]
    if set(chosen["openblas"]) != {processor.openblas}:
        return f"the BLAS kernels are {chosen['openblas']}, not {processor.openblas}"
    if used := set(disabled(name, dispatched)) & set(chosen["dispatched"]):
        return f"NumPy uses {', '.join(sorted(used))}"
    if processor.llvm not in (None, chosen["llvm"]):
        return f"numba compiles for {chosen['llvm']}, not {processor.llvm}"
    return ""


def run(name, command, machine):
    """Run a command as a processor; return how it went."""
    if reason := obstacle(name, machine["has"]):
        return f"not run: {reason}"
    environ = os.environ | environment(name, machine["dispatched"])
    if reason := refusal(name, machine["dispatched"], probe(environ)):
        return f"FAILED: {reason}"
    print(f"==== {name}", flush=True)
    begin = time.perf_counter()
    failed = subprocess.run(command, env=environ).returncode
    return f"{'FAILED' if failed else 'passed'} in {time.perf_counter() - begin:.0f} s"


def main(arguments):
    """Run the command as each processor; return whether it passed as one, and failed as none."""
    end = arguments.index("--")
    names, command = arguments[:end] or list(PROCESSORS), arguments[end + 1 :]
    if unknown := set(names) - set(PROCESSORS):
        sys.exit(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(PROCESSORS)}")
    machine = probe(os.environ)
    reports = {name: run(name, command, machine) for name in names}
    for name, report in reports.items():
        print(f"{name:10s}{report}")
    words = {report.split()[0].rstrip(":") for report in reports.values()}
    return "passed" in words and "FAILED" not in words


if __name__ == "__main__":
    sys.exit(not main(sys.argv[1:]))
