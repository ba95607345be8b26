"""Run a finished point again, or a saved ledger, and compare."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
import string
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from athermal import _validate
from athermal.comparison.storage import comparison_tree
from athermal.engine.progress import Progress
from athermal.engine.threads import blas_threads
from athermal.errors import AthermalError, AthermalWarning, RunError, StudyError
from athermal.files import MachineFile, machine_file_of, plan_from
from athermal.study.record import Record
from athermal.study.result import Sweep
from athermal.study.saved import load
from athermal.study.subject import Document, FunctionOfParameters, Subject, Varied, as_subject
from athermal.study.sweep import study_of
from athermal.study.task import Task, content_hash
from athermal.thermodynamics.ledger import Ledger

_SHORTEST_HASH = 6


@dataclass(frozen=True)
class Rerun:
    """A run made again.

    Parameters
    ----------
    title : str
        What was run again.
    ledger : Ledger or None
        The new one; None if the run fails.
    recorded : Ledger or None
        The old one.
    differences : dict of str to float
        Largest absolute difference of each column of `cycles` that differs.
    is_identical : bool
        Whether every energy, entropy and work is the same to the last bit; of a point that failed, whether it fails alike.
    error : str
        Why the new run failed or stopped.
    notes : tuple of str
        Why it may differ: other versions, another machine.

    Examples
    --------
    >>> import athermal as at
    >>> path = at.run(at.library.two_qubit_swap(), cycles=2).save("swap.nc")
    >>> found = at.rerun("swap.nc")
    >>> found.is_identical, found.differences
    (True, {})
    """

    title: str
    ledger: Ledger | None
    recorded: Ledger | None
    differences: dict[str, float]
    is_identical: bool
    error: str = ""
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the verdict in words."""
        lines = [self.title]
        if self.is_identical:
            lines.append(f"Fails alike: {self.error}" if self.error else "Identical to the last bit.")
        elif not self.differences and (self.ledger is None or self.recorded is None):
            lines.append(
                f"Only {'the recorded run' if self.ledger is None else 'the new run'} has a ledger. {self.error}".rstrip()
            )
        elif self.differences:
            worst = sorted(self.differences.items(), key=lambda pair: -pair[1])
            lines.append(f"{len(worst)} columns differ; the largest differences:")
            lines += [f"  {name:32} {size:.2e}" for name, size in worst[:8]]
        else:
            lines.append("The columns agree; energies or entropies of single parts differ in their last bits.")
        return "\n".join([*lines, *self.notes])


def rerun(
    store: str | Path | Sweep, point: int | str | None = None, *, machine: Varied | None = None, progress: Progress = None
) -> Rerun:
    """Run one point of a sweep again, or a saved ledger, and compare with what was recorded.

    Parameters
    ----------
    store : path or Sweep
        The folder of a sweep, or a ledger file, which has no points.
    point : int or str
        The point by its position, or by the first six or more digits of its hash.
    machine : callable, optional
        The machine function of a sweep over one. Without it, the machine is taken from the point's provenance, which cannot
        hold Python functions and huge matrices.
    progress : callable or bool, optional
        As of `athermal.run`.

    Returns
    -------
    Rerun

    Raises
    ------
    StudyError
        If there is no such point, or what makes its machine is not at hand.
    StoreError, FileFormatError
        If the folder or file cannot be read.

    Examples
    --------
    >>> import athermal as at
    >>> swaps = at.sweep("two_qubit_swap", {"T_hot": [1.5, 3.0]}, cycles=2, workers=1)
    >>> at.rerun(swaps, 1).is_identical
    True
    """
    if not isinstance(store, Sweep) and _validate.file_path(store).is_file():
        if point is not None:
            raise StudyError(f"`point` must be left out, but is {point!r}: {store} is a single ledger.")
        if (tree := comparison_tree(Path(store))) is not None:
            return _of_comparison(tree, Path(store), progress)
        saved = load(store)
        return _compared(str(store), machine_file_of(saved, Path(store).stem, str(store)), saved, "", (), progress)
    sweep = store if isinstance(store, Sweep) else load(store)
    record = _record(sweep, point)
    task = Task(record.point, sweep.design.point(record.point), record.seed)
    recorded = record.ledger
    title = f"{str(task)[0].upper()}{str(task)[1:]}"
    if sweep.study["subject"]["kind"] == "function" and machine is None:
        if recorded is None:
            raise StudyError(
                f"{title} failed, and its machine is made by a Python function, {sweep.study['subject']['name']!r}, which is not "
                "stored. Give it as `machine`."
            )
        return _compared(title, machine_file_of(recorded, "machine", title), recorded, record.error, (), progress)
    subject = _subject(sweep, machine)
    try:
        plan = subject.plan(task.point, task.seed)
    except StudyError:
        raise
    except AthermalError as error:
        return Rerun(title, None, recorded, {}, record.error == str(error), str(error))
    notes: tuple[str, ...] = ()
    if record.content_hash and content_hash(plan, subject, task) != record.content_hash:
        notes = ("Note: the machine, its start or its settings are not what they were: the content hash differs.",)
    return _compared(title, plan, recorded, record.error, notes, progress)


def _record(sweep: Sweep, point: int | str | None) -> Record:
    if point is None:
        raise StudyError(f"Say which point to run again, `point` = 0 to {len(sweep) - 1}.")
    index = int(point) if str(point).isdecimal() and int(point) < len(sweep) else None
    if index is None:
        text = str(point).lower()
        is_hash = len(text) >= _SHORTEST_HASH and set(text) <= set(string.hexdigits)
        found = [k for k, record in sweep.records.items() if is_hash and record.content_hash.startswith(text)]
        if len(found) != 1:
            raise StudyError(
                f"`point` must be 0 to {len(sweep) - 1}, or the first digits of a hash, but is {point!r}"
                f"{f', which fits points {found}' if found else ''}."
            )
        index = found[0]
    if index not in sweep.records:
        raise StudyError(f"Point {index} has not been run. Run the sweep to its end first.")
    return sweep.records[index]


def _subject(sweep: Sweep, machine: Any) -> Subject:
    data = sweep.study["subject"]
    if data["kind"] == "document":
        return Document(data["tables"], data["name"])
    subject = as_subject(machine)
    if isinstance(subject, FunctionOfParameters):
        subject = FunctionOfParameters(machine, data["settings"])
    if study_of(subject, sweep.design, int(sweep.study["seed"]))["fingerprint"] != sweep.study["fingerprint"]:
        warnings.warn(
            f"The function given is not the one that the sweep was made with ({data['name']!r}), or its text has changed.",
            AthermalWarning,
            stacklevel=3,
        )
    return subject


def _compared(
    title: str, plan: MachineFile, recorded: Ledger | None, recorded_error: str, notes: tuple[str, ...], progress: Progress
) -> Rerun:
    if recorded is not None and recorded.status.startswith("interrupted"):  # by a person, not by what it computes
        plan = dataclasses.replace(plan, cycles=recorded.n_cycles)
    threads = 1 if recorded is None else recorded.provenance.get("blas_threads")
    error = ""
    with blas_threads(threads):
        try:
            ledger: Ledger | None = plan.run(progress=progress)
        except RunError as failure:
            ledger, error = failure.ledger, str(failure)
        except AthermalError as failure:
            ledger, error = None, str(failure)
    if ledger is None or recorded is None:
        alike = ledger is None and recorded is None and error == recorded_error
        return Rerun(title, ledger, recorded, {}, alike, error, notes)
    return Rerun(
        title,
        ledger,
        recorded,
        _differences(ledger, recorded),
        _is_identical(ledger, recorded),
        error,
        (*notes, *_versions(recorded.provenance.get("versions", {}))),
    )


def _of_comparison(tree: xr.DataTree, path: Path, progress: Progress) -> Rerun:
    """Run every backend of a saved comparison again, and compare the columns."""
    recorded = tree["/cycles"].to_dataset()
    made, stopped, held = {}, json.loads(tree.attrs["stopped"]), json.loads(tree.attrs["provenance"])
    for name, provenance in held.items():
        plan = plan_from(provenance, int(tree.attrs.get("samples_per_cycle", 1)), path.stem, str(path))
        try:
            made[name] = plan.run(progress=progress)
        except RunError as error:
            if error.ledger is None or name not in stopped:
                raise
            made[name] = error.ledger
    found = {
        f"{name}: {column}": gap
        for name, ledger in made.items()
        for column, gap in _gaps(ledger.cycles, recorded.sel(backend=name).isel(cycle=slice(ledger.n_cycles))).items()
    }
    return Rerun(str(path), None, None, found, not found, notes=_versions(held[tree.attrs["reference"]].get("versions", {})))


def _is_identical(a: Ledger, b: Ledger) -> bool:
    one, other = (ledger.to_dataset().drop_attrs() for ledger in (a, b))
    return bool(one.identical(other))


def _differences(a: Ledger, b: Ledger) -> dict[str, float]:
    return _gaps(a.cycles, b.cycles)


def _gaps(a: xr.Dataset, b: xr.Dataset) -> dict[str, float]:
    """Return the largest difference of each column that differs; infinite where only one of two values is known."""
    found = {}
    for name, column in a.data_vars.items():
        if column.dtype.kind != "f" or name not in b or column.shape != b[name].shape:
            continue
        x, y = column.values, b[name].values
        same = (x == y) | (np.isnan(x) & np.isnan(y))
        if not np.all(same):
            gap = np.abs(x[~same] - y[~same])
            found[str(name)] = float(np.max(np.where(np.isnan(gap), np.inf, gap)))
    return found


def _versions(held: Mapping[str, str]) -> tuple[str, ...]:
    other = [
        f"{name} {version} then, {now} now"
        for name, version in held.items()
        if name != "python" and (now := importlib.metadata.version(name)) != version
    ]
    return (f"Note: other versions: {'; '.join(other)}.",) if other else ()
