"""A run again in a process whose linear algebra library takes another kernel: `python -m athermal.testing.kernels GIVEN LEDGER`."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import warnings
from pathlib import Path

import cloudpickle

import athermal as at

OLDEST = "Prescott"
"""The kernel with the oldest instructions, which any processor of its family can run; it rounds differently."""


def run_with_oldest(machine: at.Machine, cycles: int, backend: at.backends.Backend, folder: Path) -> at.Ledger:
    """Return the ledger of a run in a process of its own, with the oldest kernel of OpenBLAS.

    Parameters
    ----------
    machine, cycles, backend
        As for `athermal.run`.
    folder : Path
        An empty one, where the process reads and writes.

    Examples
    --------
    >>> import athermal as at, tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     ledger = run_with_oldest(at.library.two_oscillator(modes=3), 1, at.Dense(), pathlib.Path(folder))
    >>> ledger.n_cycles
    1
    """
    given, made = folder / "given.pickle", folder / "ledger.nc"
    given.write_bytes(cloudpickle.dumps((machine, cycles, backend)))
    environment = {**os.environ, "OPENBLAS_CORETYPE": OLDEST, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-m", __name__, str(given), str(made)]
    subprocess.run(command, env=environment, check=True, capture_output=True)  # noqa: S603  our own command
    return at.load(made)


def main(given: str, made: str) -> None:
    """Run what a file holds, and save the ledger."""
    machine, cycles, backend = pickle.loads(Path(given).read_bytes())  # noqa: S301  what this module wrote
    warnings.simplefilter("ignore")
    at.run(machine, cycles, backend=backend).save(made)


if __name__ == "__main__":
    main(*sys.argv[1:])
