"""The work of one point: make its run, run it, and pack the outcome. It is what worker processes are sent."""

from __future__ import annotations

import hashlib
import json
import threading
import time
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from athermal.engine.threads import blas_threads
from athermal.errors import AthermalError, AthermalWarning, RunError, StudyError
from athermal.files import MachineFile
from athermal.machine.initial import AnyInitialState
from athermal.machine.spec import to_spec
from athermal.study.design import Point
from athermal.study.record import Record
from athermal.study.subject import Subject

# Warnings are caught, and threads counted, for the whole process: one point at a time in each.
_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True)
class Task:
    """One point to be run.

    Parameters
    ----------
    index : int
    point : dict
    seed : int
    """

    index: int
    point: Point
    seed: int

    def __str__(self) -> str:
        """Return the point in words."""
        return f"point {self.index} ({', '.join(f'{name} = {value}' for name, value in self.point.items())})"


def execute(subject: Subject, study: str, task: Task, threads: int = 1) -> bytes:
    """Run one point on `threads` threads of linear algebra, and return its record as bytes.

    What athermal refuses or cannot finish is recorded with its error. Any other exception is a programming error, of the
    machine function or of athermal, and is raised.
    """
    with _ONE_AT_A_TIME, blas_threads(threads), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", AthermalWarning)
        started = time.perf_counter()
        outcome = _outcome(subject, task)
        outcome["seconds"] = time.perf_counter() - started
    told = _of_threads(outcome.get("held"), threads)
    for entry in caught:
        if issubclass(entry.category, AthermalWarning):
            told.append(f"{entry.category.__name__}: {entry.message}")
        else:
            warnings.warn_explicit(entry.message, entry.category, entry.filename, entry.lineno)
    return Record(task.index, study, task.seed, warnings=tuple(dict.fromkeys(told)), **outcome).encode()


def _of_threads(ledger: Any, threads: int) -> list[str]:
    """Say it if a run was on more threads than it should: then something else in its process holds a limit of its own."""
    used = 1 if ledger is None else int(ledger.provenance["blas_threads"])
    if used <= threads:
        return []
    return [f"AthermalWarning: The run was on {used} threads of linear algebra, not {threads}; its last bits may differ."]


def _outcome(subject: Subject, task: Task) -> dict[str, Any]:
    content = ""
    try:
        plan = subject.plan(task.point, task.seed)
        content = content_hash(plan, subject, task)
        return {"status": "complete", "held": plan.run(progress=False), "content_hash": content}
    except RunError as error:
        status = "failed" if error.ledger is None else "incomplete"
        return {"status": status, "held": error.ledger, **_reason(error), "content_hash": content}
    except StudyError:  # what is asked is wrong, not what is there at this point
        raise
    except (AthermalError, MemoryError) as error:
        return {"status": "failed", **_reason(error), "content_hash": content}


def _reason(error: Exception) -> dict[str, str]:
    return {"error_type": type(error).__name__, "error": str(error) or type(error).__name__}


def content_hash(plan: MachineFile, subject: Subject, task: Task) -> str:
    """Return the SHA-256 of everything that decides the run of a point.

    What has no plain form (Python functions, huge matrices) is told by the subject and the parameters.
    """
    content: dict[str, Any] = {
        "machine": to_spec(plan.machine),
        "initial": to_spec(plan.initial, AnyInitialState),
        "backend": to_spec(plan.backend),
        "cycles": plan.cycles,
        "samples_per_cycle": plan.samples_per_cycle,
        "accuracy": plan.accuracy,
        **({"observables": {name: to_spec(entry) for name, entry in plan.observables.items()}} if plan.observables else {}),
        **({"keep_states": plan.keep_states} if plan.keep_states else {}),
    }
    if content["machine"] is None or content["initial"] is None:
        content |= {"subject": subject.describe(), "point": repr(sorted(task.point.items())), "seed": task.seed}
    return digest(content)


def digest(content: Any) -> str:
    """Return the SHA-256 of plain data.

    Examples
    --------
    >>> digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    True
    """
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def seed_of(seed: int, index: int) -> int:
    """Return the seed of a point, independent of all others and of the order in which points are run.

    Examples
    --------
    >>> seed_of(0, 3) == seed_of(0, 3), seed_of(0, 3) == seed_of(0, 4)
    (True, False)
    """
    return int(np.random.SeedSequence([seed, index]).generate_state(1)[0])
