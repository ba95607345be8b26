"""Processor time from the start of an interpreter to a first result."""

from __future__ import annotations

import resource
import subprocess
import sys

CASES = (
    ("nothing", "pass"),
    ("import numpy", "import numpy"),
    ("athermal --version", "import sys; sys.argv = ['athermal', '--version']; from athermal.cli import main; main()"),
    ("athermal --help", "import sys; sys.argv = ['athermal', '--help']; from athermal.cli import main; main()"),
    ("import athermal", "import athermal"),
    ("... and a machine of oscillators", "import athermal as at; at.library.two_oscillator(modes=20)"),
    ("... and its first cycle", "import athermal as at; at.run(at.library.two_oscillator(modes=20), cycles=1)"),
    ("... and a machine of qubits", "import athermal as at; at.library.two_qubit_swap()"),
    ("... and its first cycle", "import athermal as at; at.run(at.library.two_qubit_swap(), cycles=1)"),
    ("... and the figures", "import athermal as at; at.plot"),
)


def seconds(code: str, repeats: int = 3) -> float:
    """Return the least processor time of a fresh interpreter that runs some code."""
    times = []
    for _ in range(repeats):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, stdout=subprocess.DEVNULL)  # noqa: S603  the cases above
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(times)


def main() -> None:
    """Print the time of each."""
    for name, code in CASES:
        print(f"{name:52s} {seconds(code):9.2f}", flush=True)


if __name__ == "__main__":
    main()
