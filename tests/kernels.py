"""Run the numerical tests under several kernels of the linear algebra library: `python tests/kernels.py [KERNEL ...]`.

OpenBLAS, which NumPy and SciPy bring along, has kernels for many processors and takes the one for the processor at hand; they round
differently. What is right under one of them only is right by luck.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parent
# From the oldest instructions to the newest.
KERNELS = ("Prescott", "Nehalem", "Sandybridge", "Haswell", "Zen", "SkylakeX", "Cooperlake", "Sapphirerapids")
NUMERICAL = (
    "unit/maths",
    "unit/machine",
    "unit/backends",
    "unit/engine",
    "unit/limit",
    "unit/optimisation",
    "backends",
    "property",
    "physics",
)

_PROBE = """
import numpy as np, scipy.linalg, threadpoolctl
matrix = np.random.default_rng(1).normal(size=(64, 64))
scipy.linalg.eigh(matrix @ matrix.T)
print(*sorted({entry.get("architecture", "none") for entry in threadpoolctl.threadpool_info() if entry["user_api"] == "blas"}))
"""


def environment(kernel: str) -> dict[str, str]:
    """Return the environment of a process that computes with a kernel."""
    path = os.pathsep.join(filter(None, [str(TESTS), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "OPENBLAS_CORETYPE": kernel, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": path}


def architecture(kernel: str) -> str | None:
    """Return what the library says that it computes with when told to take a kernel; None if this processor cannot run it."""
    command = [sys.executable, "-c", _PROBE]
    found = subprocess.run(command, env=environment(kernel), capture_output=True, text=True, check=False)
    return found.stdout.strip() if found.returncode == 0 else None


def distinct(kernels: tuple[str, ...]) -> tuple[dict[str, str], list[str]]:
    """Return the kernels that this processor can run, each with its architecture and none twice, and why the others are left out."""
    found: dict[str, str] = {}
    left_out = []
    for kernel in kernels:
        name = architecture(kernel)
        twin = next((other for other, known in found.items() if known == name), None)
        if name is None:
            left_out.append(f"{kernel}: this processor cannot run it")
        elif twin is not None:
            left_out.append(f"{kernel}: the library takes the same as for {twin} ({name})")
        else:
            found[kernel] = name
    return found, left_out


def main(arguments: list[str]) -> int:
    """Run the tests under each kernel; return how many kernels failed."""
    kernels, left_out = distinct(tuple(arguments) or KERNELS)
    outcomes = {}
    for kernel, name in kernels.items():
        print(f"== {kernel} ({name})", flush=True)
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-n",
            "auto",
            "--dist",
            "loadfile",
            "--no-loadscope-reorder",
            *(str(TESTS / k) for k in NUMERICAL),
        ]
        outcomes[kernel] = subprocess.run(command, env=environment(kernel), cwd=TESTS.parent, check=False).returncode
    print("The numerical tests under each kernel:")
    for kernel, code in outcomes.items():
        print(f"  {kernel} ({kernels[kernel]}): {'passed' if code == 0 else 'FAILED'}")
    for line in left_out:
        print(f"  skipped: {line}")
    return sum(code != 0 for code in outcomes.values())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
