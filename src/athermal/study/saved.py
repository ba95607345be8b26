"""Saved results of any kind, read again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from athermal import _validate
from athermal.study.design import design_of
from athermal.study.result import Sweep
from athermal.study.store import Store
from athermal.thermodynamics import ledger


def load(path: str | Path) -> Any:
    """Read a saved result: the file of a ledger, or the folder of a sweep, finished or not.

    Parameters
    ----------
    path : str or Path
        What `Ledger.save` wrote, or the `store` of a sweep. Files that people write are read by `read_machine_file`.

    Returns
    -------
    Ledger or Sweep

    Raises
    ------
    FileFormatError
        If there is no such file, or it is truncated, no ledger, or of another format version; or if a point of a sweep is
        damaged, which running the sweep again mends.
    StoreError
        If there is no such folder, or it is no sweep, or damaged, or of another version.

    Examples
    --------
    >>> import athermal as at
    >>> _ = at.run(at.library.two_qubit_swap(), cycles=2).save("swap.nc")
    >>> at.load("swap.nc")
    <Ledger: 2 cycles of subsystems ['hot', 'cold'], reservoirs ['hot bath', 'cold bath'], complete>
    >>> _ = at.sweep(at.library.two_qubit_swap, {"T_hot": [1.5, 3.0]}, cycles=2, workers=1, store="swaps")
    >>> at.load("swaps")
    <Sweep: 2 of 2 points of T_hot>
    """
    place = _validate.file_path(path)
    is_folder = place.is_dir() or not (place.suffix or place.exists())
    return _sweep(place) if is_folder else ledger.load(place)


def _sweep(path: Path) -> Sweep:
    store = Store.open(path)
    records = {point: record for point in sorted(store.finished()) if (record := store.read(point)) is not None}
    return Sweep(design_of(store.study["design"]), records, store.study, store.path)
