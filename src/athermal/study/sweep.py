"""Run a machine at many points of its parameters."""

from __future__ import annotations

import dataclasses
import functools
import importlib.metadata
import math
import platform
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from athermal import _validate
from athermal._validate import as_study
from athermal.backends.choice import AnyBackend
from athermal.engine.progress import Progress, Tell, telling
from athermal.errors import AthermalError, FileFormatError, StoreError, StudyError, StudyInterrupted
from athermal.machine.initial import InitialState
from athermal.study.design import Design, Sample, as_design
from athermal.study.execution import Executor, executor_of, n_processors, noting
from athermal.study.record import Record, decode
from athermal.study.result import Sweep
from athermal.study.store import FORMAT, FORMAT_VERSION, Store
from athermal.study.subject import Subject, Varied, as_subject
from athermal.study.task import Task, content_hash, digest, execute, seed_of

MAX_POINTS = 100_000
# How many points are looked at for one whose machine can be made, before a sweep is refused.
_LOOKED_AT = 2_000
_WARM_UP_SECONDS = 5.0
_POLL_SECONDS = 0.2


def sweep(
    machine: Varied,
    over: Design | Mapping[str, Sequence[Any]] | Sequence[Mapping[str, Any]],
    *,
    cycles: int | None = None,
    initial: InitialState | None = None,
    backend: AnyBackend | None = None,
    samples_per_cycle: int | None = None,
    accuracy: float | None = None,
    observables: Mapping[str, Any] | None = None,
    keep_states: Any = None,
    store: str | Path | None = None,
    workers: int | None = None,
    scheduler: Any = None,
    seed: int = 0,
    max_points: int = MAX_POINTS,
    progress: Progress = None,
) -> Sweep:
    """Run a machine at many points of its parameters, and return one labelled data set.

    Parameters
    ----------
    machine : callable, str, Path or Machine
        A function that returns a machine, as those of `athermal.library`; a machine file; the name of a library machine; or a
        machine, whose parts are varied by dotted paths ("machine.reservoirs.hot.temperature").
    over : mapping, sequence or Design
        A grid {"T_hot": [1.5, 2.0], "coupling": [...]}, every combination of the values; a table [{"T_hot": 1.5}, ...] or a
        data frame; or a `Sample` within ranges. Parameters are the function's arguments, paths into the machine file, and
        paths into the initial state and the run ("initial.strength", "run.cycles").
    cycles, initial, backend, samples_per_cycle, accuracy
        As in `athermal.run`, in place of the file's. 10 cycles if neither says.
    observables, keep_states
        As in `athermal.run`, in place of the file's: means in the column `observables` of the data set, by the label
        `observable`; states with the ledger of each point, `ledger(point).states`.
    store : path, optional
        A folder to keep finished points in as they come. A sweep that was stopped, however hard, goes on from there when it is
        called again; several processes may work on one folder.
    workers : int, optional
        Processes on this machine, each with one thread of linear algebra; as many as there are processors if left out.
    scheduler : str or distributed.Client, optional
        A Dask cluster to run on instead: the address of its scheduler, or a client.
    seed : int
        Each point has a seed of its own made from it, which a machine function with an argument `seed` is given.
    max_points : int
        More points than this are refused, with an estimate of the time.
    progress : bool or callable, optional
        If left out, a bar with the rate and the time left, on a terminal or in a notebook, once it has lasted for a while.
        True: from the start, and lines on standard error elsewhere. False: nothing. A function is called as
        progress(finished, total), with numbers of points.

    Returns
    -------
    Sweep

    Raises
    ------
    StudyError
        If a parameter is unknown, there are no or too many points, or the scheduler cannot be reached.
    StoreError
        If the folder holds another sweep, is damaged or cannot be written to.
    StudyInterrupted
        On Ctrl-C; `.result` holds the finished points.

    Notes
    -----
    What athermal refuses or cannot finish at a point (a `MachineError`, `StateError` or `RunError`) is recorded there, and the
    sweep goes on. Any other exception is a programming error and stops it; the finished points stay in the store.

    Points are run on one thread of linear algebra each. A machine of up to 256 modes (or dimension 512) gives the very bits of
    `athermal.run`, which runs it on one thread too; a larger one those of a run on one thread.

    Examples
    --------
    >>> import athermal as at
    >>> engines = at.sweep(at.library.two_qubit_swap, {"T_hot": [1.5, 2.0, 3.0], "swap_angle": [0.5, 1.0]}, cycles=1, workers=1)
    >>> engines.work_output.sel(swap_angle=1.0, cycle=1).dims
    ('T_hot',)
    """
    design = as_design(over)
    with as_study():
        workers = min(n_processors() if workers is None else _validate.count(workers, "workers", "a sweep"), len(design))
        seed = _validate.count(seed, "seed", "a sweep", least=0)
        max_points = _validate.count(max_points, "max_points", "a sweep")
    subject = as_subject(
        machine,
        cycles=cycles,
        initial=initial,
        backend=backend,
        samples_per_cycle=samples_per_cycle,
        accuracy=accuracy,
        observables=observables,
        keep_states=keep_states,
    )
    check_size(subject, design, seed, max_points, workers)
    study = study_of(subject, design, seed)
    _first_possible(subject, design, seed)
    held = None if store is None else Store.create(_validate.file_path(store), study)
    with executor_of(workers, scheduler) as executor, telling(progress, "point") as tell:
        return _Job(subject, design, seed, study, held, tell).run(executor)


def study_of(subject: Subject, design: Design, seed: int) -> dict[str, Any]:
    """Return what a sweep is, as plain data; `fingerprint` tells it from others."""
    content = {"format": FORMAT, "format_version": FORMAT_VERSION, "subject": subject.describe(), "design": design.describe()}
    content["seed"] = seed
    packages = ("athermal", "numpy", "scipy", "xarray")
    versions = {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in packages}}
    return {**content, "fingerprint": digest(content), "versions": versions}


@dataclass
class _Job:
    """A sweep under way."""

    subject: Subject
    design: Design
    seed: int
    study: dict[str, Any]
    store: Store | None
    tell: Tell
    records: dict[int, Record] = field(default_factory=dict)
    _elsewhere: list[int] = field(default_factory=list)

    def run(self, executor: Executor) -> Sweep:
        """Run what is not there yet, and return all."""
        work = functools.partial(execute, self.subject, self.study["fingerprint"])
        try:
            self._take_up()
            pending = [k for k in range(len(self.design)) if k not in self.records]
            while pending:
                for outcome in executor.run(work, self._claimed(pending)):
                    self._keep(outcome.task, outcome.content, outcome.death)
                pending = self._waited_for()
        except KeyboardInterrupt:
            self._read_new()  # a point may have been written without having been noted
            where = f" in {self.store.path}; the same command goes on from there" if self.store else "; `.result` holds them"
            message = f"The sweep was interrupted: {len(self.records)} of {len(self.design)} points are finished{where}."
            raise StudyInterrupted(message, self._result()) from None
        finally:
            if self.store is not None:
                self.store.close()
        return self._result()

    def _result(self) -> Sweep:
        return Sweep(self.design, self.records, self.study, None if self.store is None else self.store.path)

    def _take_up(self) -> None:
        """Read what a store already holds; a damaged point is run again."""
        if self.store is not None:
            self._read_new()
            self._check_unchanged(self.store.path)
        self._tell()

    def _read_new(self) -> None:
        """Take the finished points of the store that are not held yet."""
        if self.store is not None:
            for point in sorted(self.store.finished() & set(range(len(self.design))) - set(self.records)):
                self._read(point)

    def _check_unchanged(self, path: Path) -> None:
        """Raise `StoreError` if the first finished point would now be another run: what makes the machine has changed."""
        for point, record in self.records.items():
            if record.content_hash:
                task = Task(point, self.design.point(point), record.seed)
                if _hash_now(self.subject, task) != record.content_hash:
                    raise StoreError(
                        f"The sweep in {path} was begun with another machine: {task} now gives a machine, state or settings that "
                        "differ from those of the finished points. Choose another folder, or restore what makes the machine."
                    )
                return

    def _read(self, point: int) -> bool:
        """Take a finished point from the store and say whether it is there; a damaged one is not, and is run again."""
        if self.store is None:
            return False
        try:
            record = self.store.read(point)
        except FileFormatError:
            return False
        if record is not None:
            self.records[point] = record
        return record is not None

    def _claimed(self, points: Sequence[int]) -> Iterator[Task]:
        """Yield the points that no other process has or has finished."""
        for point in points:
            if self.store is not None:
                if not self.store.claim(point):
                    self._elsewhere.append(point)
                    continue
                if self._read(point):  # another process has finished it meanwhile
                    self.store.release(point)
                    self._tell()
                    continue
            yield Task(point, self.design.point(point), seed_of(self.seed, point))

    def _keep(self, task: Task, content: bytes | None, death: str) -> None:
        if content is None:
            record = Record(task.index, self.study["fingerprint"], task.seed, "", "failed", error_type="WorkerDied", error=death)
            content = record.encode()
        if self.store is not None:
            self.store.write(task.index, content)
            self.store.release(task.index)
        self.records[task.index] = decode(content, str(task))
        self._tell()

    def _waited_for(self) -> list[int]:
        """Wait for the points that other processes run; return those that they gave up."""
        abandoned: list[int] = []
        while self._elsewhere and not abandoned and self.store is not None:
            still = [point for point in self._elsewhere if not self._read(point)]
            abandoned = [point for point in still if self.store.claim(point)]
            for point in abandoned:
                self.store.release(point)
            if len(still) < len(self._elsewhere):
                self._tell()
            self._elsewhere = [point for point in still if point not in abandoned]
            if self._elsewhere and not abandoned:
                time.sleep(_POLL_SECONDS)
        return abandoned

    def _tell(self) -> None:
        self.tell(len(self.records), len(self.design))


def _hash_now(subject: Subject, task: Task) -> str:
    """Return the content hash that a point would have now; "" if its machine can no longer be made."""
    try:
        return content_hash(subject.plan(task.point, task.seed), subject, task)
    except StudyError:
        raise
    except AthermalError:
        return ""


def _first_possible(subject: Subject, design: Design, seed: int) -> int:
    """Return the first point whose machine can be made, of points all over the sweep; raise `StudyError` if there is none."""
    first: AthermalError | None = None
    for k in range(0, len(design), math.ceil(len(design) / _LOOKED_AT)):
        task = Task(k, design.point(k), seed_of(seed, k))
        try:
            with noting(task):
                subject.plan(task.point, task.seed)
        except StudyError:
            raise
        except AthermalError as error:
            first = first or error
        else:
            return k
    raise StudyError(f"None of the points of the sweep can be run. The first says: {first}") from first


def seconds_for_one(subject: Subject, design: Design, seed: int) -> float:
    """Return how long a point takes, by running one that can be run; raise `StudyError` if there is none."""
    first = _first_possible(subject, design, seed)
    for is_last in (False, True):
        started = time.perf_counter()
        execute(subject, "", Task(first, design.point(first), seed_of(seed, first)))
        seconds = time.perf_counter() - started
        if is_last or seconds > _WARM_UP_SECONDS:  # the first run of all also loads and prepares what all others use
            break
    return seconds


def check_size(subject: Subject, design: Design, seed: int, max_points: int, workers: int) -> None:
    """Raise `StudyError`, with an estimate of the time, if a sweep has more points than it may have."""
    if len(design) <= max_points:
        return
    # the first points of a sample are those of a smaller one; to draw all could fill the memory
    few = dataclasses.replace(design, points=_LOOKED_AT) if isinstance(design, Sample) else design
    each = seconds_for_one(subject, few, seed)
    raise StudyError(
        f"The sweep has {len(design):,} points, more than `max_points` = {max_points:,}. One takes {each:.2g} s, so all "
        f"would take about {duration(each * len(design) / workers)} on {workers} workers. Give fewer values, a Sample "
        "within ranges, or a larger `max_points`."
    )


def duration(seconds: float) -> str:
    """Return a time in words.

    Examples
    --------
    >>> duration(7.0), duration(5400.0), duration(2e6)
    ('7 s', '1.5 h', '23 days')
    """
    for unit, size in (("days", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 1.5 * size or (unit == "h" and seconds >= size):
            return f"{seconds / size:.2g} {unit}"
    return f"{seconds:.2g} s"
