"""`athermal sweep` and `athermal rerun`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import typer

from athermal.cli import outputs
from athermal.cli.console import UNFINISHED, interrupted, say, telling, wants_progress, warnings_as_lines
from athermal.cli.sources import tables_of
from athermal.errors import StudyError, StudyInterrupted
from athermal.files.overrides import apply_override
from athermal.narrative.sweeps import highlights
from athermal.study import Grid, Sample, Sweep, rerun, sweep
from athermal.study.design import Design, read_table, read_value, spaced
from athermal.study.execution import n_processors
from athermal.study.selection import interval
from athermal.study.store import Store, is_store
from athermal.study.subject import Document
from athermal.study.sweep import MAX_POINTS, check_size, duration, seconds_for_one, study_of
from athermal.study.tables import document
from athermal.thermodynamics.export import plain

_HASH_DIGITS = 6
# From so many points on a command says how long it will take, for the price of one point.
_LONG = 100


@dataclass(frozen=True)
class Points:
    """Which points a command asks for.

    Parameters
    ----------
    over : sequence of str
        "T_hot=1.1:3:40", "T_hot=1.1:3:40:log", "damping=exchange,position", or ranges "T_hot=1.1:3" of a sample.
    sample : int or None
        How many points are drawn.
    is_random : bool
    table : Path or None
    seed : int
    """

    over: Sequence[str]
    sample: int | None
    is_random: bool
    table: Path | None
    seed: int

    def design(self) -> Design:
        """Return the points."""
        if self.table is not None:
            if self.over or self.sample is not None:
                raise StudyError("--table holds the points; --over and --sample do not go with it.")
            return read_table(self.table)
        if not self.over:
            raise StudyError("Say what to vary: --over T_hot=1.1:3:40, or --table FILE.csv.")
        pairs = [_split(text) for text in self.over]
        for name, _ in pairs:
            if [key for key, _ in pairs].count(name) > 1:
                raise StudyError(f"--over {name} is given more than once. Give all its values at once.")
        if self.sample is not None:
            method: Literal["quasi_random", "random"] = "random" if self.is_random else "quasi_random"
            return Sample({name: _range(name, text) for name, text in pairs}, self.sample, method, self.seed)
        if self.is_random:
            raise StudyError("--random goes with --sample N, the number of points to draw.")
        return Grid({name: tuple(_values(name, text)) for name, text in pairs})


def run(
    source: str,
    changes: Sequence[str],
    points: Points,
    settings: dict[str, int | float | None],
    options: dict[str, Any],
    out: Path | None,
    *,
    as_json: bool,
) -> int:
    """Run a sweep, keep it, print its summary, and return the exit status."""
    tables, name = tables_of(source, changes)
    for key, value in settings.items():
        if value is not None:
            apply_override(tables, f"run.{key}", value)
    subject, design = Document(tables, name), points.design()
    options = options | {"max_points": options["max_points"] or MAX_POINTS}
    check_size(subject, design, points.seed, options["max_points"], options["workers"] or n_processors())
    fingerprint = study_of(subject, design, points.seed)["fingerprint"]
    store = (
        outputs.folder_of(out, " A table is made of it with `athermal export FOLDER --to csv`.")
        if out is not None
        else Path("results") / f"{name}-sweep-{fingerprint[:_HASH_DIGITS]}"
    )
    status = 0
    say(_announcement(subject, design, points.seed, store, fingerprint))
    with warnings_as_lines():
        try:
            with telling("point") as tell:
                result = sweep(subject, design, store=store, seed=points.seed, progress=tell, **options)
        except StudyInterrupted as error:
            say(str(error), "Error")
            result, status = error.result, interrupted()
    written = {} if status else _keep(result, store)
    if as_json:
        typer.echo(json.dumps(describe_sweep(result, written), indent=2, allow_nan=False))
    else:
        typer.echo("\n".join([*sweep_lines(result), *(f"{what}: {path}" for what, path in written.items())]))
    return status or (0 if any(record.held for record in result.records.values()) else UNFINISHED)


def run_again(store: Path, point: str | None, *, as_json: bool) -> int:
    """Run a point of a sweep again, print the comparison, and return the exit status: 0 if it is identical."""
    with warnings_as_lines():
        found = rerun(store, point, progress=wants_progress())
    if as_json:
        facts = {"title": found.title, "is_identical": found.is_identical, "differences": found.differences}
        typer.echo(json.dumps(plain({**facts, "error": found.error, "notes": list(found.notes)}), indent=2, allow_nan=False))
    else:
        typer.echo(str(found))
    return 0 if found.is_identical else UNFINISHED


def _announcement(subject: Document, design: Design, seed: int, store: Path, fingerprint: str) -> str:
    """Say what is going to be run, what of it is there already, and how long the rest will take if that is long."""
    words = f"{len(design):,} point{'' if len(design) == 1 else 's'} of {' x '.join(design.names)}"
    held = Store.open(store) if is_store(store) else None
    finished = len(held.finished() & set(range(len(design)))) if held is not None and held.fingerprint == fingerprint else 0
    left = len(design) - finished
    if finished:
        words += f", {finished:,} of them finished and {f'{left:,}' if left else 'none'} left"
    if left >= _LONG:
        each = seconds_for_one(subject, design, seed)
        words += f", one in about {duration(each)}: {duration(each * left)} on one worker"
    if not left:
        return f"{words}. They are in {store}."
    return f"{words}. They are kept in {store} as they come; the same command goes on from what is there."


def sweep_lines(result: Sweep) -> list[str]:
    """Return a sweep in words: how many points were finished, why others were not, and where it does best."""
    return [str(result), *_highlights(result)]


def describe_sweep(result: Sweep, written: dict[str, str]) -> dict[str, Any]:
    """Return a sweep as JSON-ready data: a summary, and every point with the columns of its ledger."""
    failures = [
        {"point": f.point, "parameters": f.parameters, "status": f.status, "error": f"{f.error_type}: {f.error}"}
        for f in result.failures
    ]
    whole = document(result)
    counts = {"points": len(result), "complete": sum(record.status == "complete" for record in result.records.values())}
    head = {"parameters": whole["parameters"], **counts, "missing": result.n_missing, "failures": failures}
    found: dict[str, Any] = plain(
        {
            **head,
            "store": str(result.path),
            "highlights": _highlights(result),
            "outputs": written,
            "results": whole["points"],
            "units": whole["units"],
        }
    )
    return found


def _keep(result: Sweep, store: Path) -> dict[str, str]:
    return {"Data set": str(result.save(store / "sweep.nc"))}


def _highlights(result: Sweep) -> list[str]:
    """Return where the machine does best, and where it beats Carnot, before any of its baths recurs."""
    data = result.dataset
    if "efficiency" not in data:
        return []
    cycles, whole = (interval(data, name)[0] for name in ("efficiency", "cumulative_efficiency"))
    return highlights(cycles, whole, result.design.point)


_MOST_VALUES = 1_000_000


def _split(text: str) -> tuple[str, str]:
    name, equals, values = text.partition("=")
    if not equals or not name.strip() or not values.strip():
        raise StudyError(f"--over must be written NAME=LOW:HIGH:COUNT or NAME=VALUE,VALUE, but is {text!r}.")
    return name.strip(), values.strip()


def _values(name: str, text: str) -> list[Any]:
    """Return the values that "1.1:3:40", "0.01:1:5:log" or "a,b,c" stands for."""
    if ":" not in text:
        return [read_value(word) for word in text.split(",")]
    words = text.split(":")
    rule = f"--over {name} must be LOW:HIGH:COUNT, LOW:HIGH:COUNT:log or VALUE,VALUE, but is {text!r}."
    if len(words) not in (3, 4) or (len(words) == 4 and words[3] != "log"):
        hint = " Two numbers make a range, which goes with --sample N." if len(words) == 2 else ""
        raise StudyError(rule + hint)
    low, high, count = (read_value(word) for word in words[:3])
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise StudyError(f"{rule} COUNT must be a whole number of at least 1.")
    if count > _MOST_VALUES:
        raise StudyError(f"{rule} COUNT must be at most {_MOST_VALUES:,}: every value is a point, or many, to be run.")
    if not all(isinstance(end, (int, float)) and not isinstance(end, bool) and np.isfinite(end) for end in (low, high)):
        raise StudyError(f"{rule} LOW and HIGH must be numbers.")
    is_logarithmic = len(words) == 4
    if is_logarithmic and min(low, high) <= 0:
        raise StudyError(f"{rule} On a logarithmic scale LOW and HIGH must be positive.")
    return spaced(low, high, count, is_logarithmic=is_logarithmic)


def _range(name: str, text: str) -> tuple[Any, Any]:
    words = [read_value(word) for word in text.split(":")]
    if len(words) != 2:
        raise StudyError(f"--over {name} of a sample must be a range LOW:HIGH, but is {text!r}.")
    return words[0], words[1]
