"""`athermal optimise`: search for the parameters at which a machine does best."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import typer

from athermal.cli import outputs
from athermal.cli.console import interrupted, say, telling, warnings_as_lines
from athermal.cli.sources import tables_of
from athermal.errors import FileFormatError, StudyError, StudyInterrupted
from athermal.files.overrides import apply_override
from athermal.optimisation import Global, Local, Objective, Optimum, Optuna
from athermal.optimisation.evaluation import Problem
from athermal.optimisation.methods import Method
from athermal.optimisation.search import problem_of, report_to, search
from athermal.study.design import read_value
from athermal.study.subject import Document
from athermal.thermodynamics import netcdf
from athermal.thermodynamics.export import plain

METHODS: dict[str, type[Method] | None] = {"auto": None, "local": Local, "global": Global, "optuna": Optuna}


@dataclass(frozen=True)
class Request:
    """What a command asks to be optimised.

    Parameters
    ----------
    over : sequence of str
        "T_hot=1.1:3", "modes=10:40", "baths=ring,star".
    maximise, minimise : sequence of str
        Columns of the ledger; "efficiency" is maximised if both are empty.
    subject_to : sequence of str
        "work_output>=0.1".
    of_last_cycle : bool
        Whether all columns are those of the last cycle, not of the whole run.
    method : {"auto", "local", "global", "optuna"}
    seed : int
    max_evaluations : int or None
    """

    over: Sequence[str]
    maximise: Sequence[str] = ()
    minimise: Sequence[str] = ()
    subject_to: Sequence[str] = ()
    of_last_cycle: bool = False
    method: str = "auto"
    seed: int = 0
    max_evaluations: int | None = None
    settings: dict[str, Any] = field(default_factory=dict)

    def problem(self, subject: Document) -> Problem:
        """Return what is asked, of a machine file."""
        if not self.over:
            raise StudyError("Say what to vary: --over T_hot=1.1:3.")
        columns = [*self.maximise, *self.minimise] or ["efficiency"]
        wanted = [True] * (len(columns) - len(self.minimise)) + [False] * len(self.minimise)
        bounds: dict[str, Any] = {}
        for text in self.over:
            name, values = _bounds(text)
            if name in bounds:
                raise StudyError(f"--over {name} is given more than once.")
            bounds[name] = values
        return problem_of(subject, [self._objective(c) for c in columns], bounds, self._constraints(), wanted, self.seed)

    def _objective(self, column: str) -> Objective:
        span: Literal["whole run", "last cycle"] = "last cycle" if self.of_last_cycle else "whole run"
        return Objective(column.strip(), span)

    def _constraints(self) -> dict[Objective, tuple[float | None, float | None]]:
        found: dict[Objective, tuple[float | None, float | None]] = {}
        for text in self.subject_to:
            match = re.fullmatch(r"\s*([^<>=]+?)\s*(>=|<=)\s*([^<>=]+)", text)
            if match is None:
                raise StudyError(f'--subject-to must be written "COLUMN>=NUMBER" or "COLUMN<=NUMBER", but is {text!r}.')
            column, sign, number = self._objective(match[1]), match[2], read_value(match[3])
            low, high = found.get(column, (None, None))
            if (low if sign == ">=" else high) is not None:
                raise StudyError(f"--subject-to {match[1]}{sign}... is given more than once.")
            found[column] = (number, high) if sign == ">=" else (low, number)
        return found


def run(source: str, changes: Sequence[str], request: Request, out: Path | None, *, force: bool, as_json: bool) -> int:
    """Search, print what was found, keep it, and return the exit status."""
    tables, name = tables_of(source, changes)
    for key, value in request.settings.items():
        if value is not None:
            apply_override(tables, f"run.{key}", value)
    problem = request.problem(Document(tables, name))
    paths = {} if out is None else _files(outputs.folder_of(out), name, problem)
    outputs.prepare(paths.values(), force=force)
    kind, status = METHODS[request.method], 0
    with warnings_as_lines():
        try:
            with telling("run") as tell:
                found = search(problem, None if kind is None else kind(), request.max_evaluations, report_to(tell, problem))
        except StudyInterrupted as error:
            if error.result is None:
                raise
            found, status = error.result, interrupted()
            say(f"Interrupted after {found.n_evaluations} points. The best so far is kept.", "Error")
    written = _keep(found, paths)
    if as_json:
        typer.echo(json.dumps(plain(describe(found, written)), indent=2, allow_nan=False))
    else:
        typer.echo("\n".join([str(found), *_carnot(found), *(f"{what.capitalize()}: {path}" for what, path in written.items())]))
    return status


def describe(found: Optimum, written: dict[str, str]) -> dict[str, Any]:
    """Return an optimum as plain data."""
    solutions = [
        {
            "parameters": entry.parameters,
            "values": entry.values,
            "constraints": entry.constraints,
            "on_bounds": entry.on_bounds,
            "carnot_efficiency": entry.ledger.carnot_efficiency,
            "warnings": list(entry.warnings),
        }
        for entry in found.solutions
    ]
    counts = {"n_evaluations": found.n_evaluations}
    counts |= {
        f"n_{word}": sum(entry.status == word for entry in found.evaluations) for word in ("infeasible", "undefined", "failed")
    }
    return {**found.describe(), **counts, "solutions": solutions, "outputs": written}


def _bounds(text: str) -> tuple[str, Any]:
    """Return the name and the bounds or choices that "T_hot=1.1:3" or "baths=ring,star" stands for."""
    name, equals, values = (part.strip() for part in text.partition("="))
    words = values.split(":") if ":" in values else values.split(",")
    if not equals or not name or len(words) < 2 or (":" in values and len(words) != 2):
        raise StudyError(f"--over must be written NAME=LOW:HIGH or NAME=VALUE,VALUE, but is {text!r}.")
    entries = [read_value(word) for word in words]
    if ":" not in values and len(entries) == 2 and all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in entries):
        raise StudyError(f"--over {name} has two numbers; write them as bounds, {words[0]}:{words[1]}.")
    return name, entries


def _files(folder: Path, name: str, problem: Problem) -> dict[str, Path]:
    endings = {"ledger": "best.nc", "history": "history.nc", "table": "history.csv"}
    if len(problem.objectives) > 1:
        endings["front"] = "front.csv"
    return {what: folder / f"{name}_{ending}" for what, ending in endings.items()}


def _keep(found: Optimum, paths: dict[str, Path]) -> dict[str, str]:
    """Write the ledger of the best point, and the tables of all points and of the front."""
    if not paths:
        return {}
    found.ledger.save(paths["ledger"])
    netcdf.write(found.history, paths["history"], "The history")
    try:
        found.history.to_dataframe().to_csv(paths["table"])
        if "front" in paths:
            found.front.to_dataframe().to_csv(paths["front"])
    except OSError as error:
        raise FileFormatError(
            f"Results cannot be written to {paths['table'].parent} (--out): {error.strerror or error}. Choose another."
        ) from error
    return {what: str(path) for what, path in paths.items()}


def _carnot(found: Optimum) -> list[str]:
    if len(found.problem.objectives) > 1 or not any("efficiency" in label for label in found.values):
        return []
    return [f"  Carnot efficiency there: {found.ledger.carnot_efficiency:.4f}."]
