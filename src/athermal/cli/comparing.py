"""`athermal compare`: one machine, several backends."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from athermal.backends.base import Backend
from athermal.backends.named import read_backend
from athermal.cli import outputs, pictures
from athermal.cli.console import UNFINISHED, interrupted, say, telling_cycles
from athermal.cli.sources import resolve
from athermal.comparison import BackendComparison, compare_backends
from athermal.errors import MachineError, StudyError, StudyInterrupted
from athermal.files import MachineFile
from athermal.files.overrides import parse_override
from athermal.thermodynamics.export import columns_by_name, plain

# A comma that is not within brackets.
_COMMA = re.compile(r",(?![^\[{]*[\]}])")


def run(
    source: str,
    changes: Sequence[str],
    backends: str,
    settings: dict[str, int | float | None],
    options: dict[str, Any],
    out: Path | None,
    *,
    force: bool,
    as_json: bool,
) -> int:
    """Compare backends on what a command names, print and save the result, and return the exit status."""
    chosen = read_backends(backends)
    plan = resolve(source, changes)
    plan = dataclasses.replace(plan, **{key: value for key, value in settings.items() if value is not None})  # type: ignore[arg-type]
    files = {} if out is None else _files(outputs.folder_of(out), plan.name)
    outputs.prepare(files.values(), force=force)
    status, message = 0, ""
    try:
        found = _compare(plan, chosen, options)
    except StudyInterrupted as error:
        if error.result is None:
            raise
        found, status, message = error.result, interrupted(), "Interrupted."
    if found.stopped:
        status, message = status or UNFINISHED, f"{message} Not finished: {', '.join(found.stopped)}.".strip()
    kept = _keep(found, files)
    if as_json:
        typer.echo(json.dumps(_document(plan, found, kept), indent=2, allow_nan=False))
    else:
        lines = [*([plan.title] if plan.title else []), str(found)]
        typer.echo("\n".join(lines + [f"{what.capitalize()}: {path}" for what, path in kept.items()]))
    if message:
        say(message, "Error")
    return status


def _compare(plan: MachineFile, chosen: dict[str, Backend], options: dict[str, Any]) -> BackendComparison:
    with telling_cycles(plan.samples_per_cycle) as progress:
        return compare_backends(
            plan.machine,
            chosen,
            plan.cycles,
            plan.initial,
            samples_per_cycle=plan.samples_per_cycle,
            accuracy=plan.accuracy,
            progress=progress,
            **options,
        )


def read_backends(text: str) -> dict[str, Backend]:
    """Return the backends of "dense,density_matrix:levels=4,coherence=false" by name.

    The options of a backend follow its kind and a colon. As no kind has an equals sign, commas may separate them too. A backend
    is named by its kind, or by all of its text where there are several of a kind.

    Raises
    ------
    MachineError, StudyError
        If a kind or an option is unknown, or a backend is given twice.

    Examples
    --------
    >>> list(read_backends("dense,density_matrix:levels=3,density_matrix:levels=4"))
    ['dense', 'density_matrix:levels=3', 'density_matrix:levels=4']
    """
    texts: list[str] = []
    for piece in map(str.strip, _COMMA.split(text)):
        is_option = "=" in piece and ":" not in piece.partition("=")[0]
        if is_option and texts:
            texts[-1] += f",{piece}"
        else:
            texts.append(piece)
    kinds = [entry.partition(":")[0].strip() for entry in texts]
    found: dict[str, Backend] = {}
    for kind, entry in zip(kinds, texts, strict=True):
        name = kind if kinds.count(kind) == 1 else entry
        if name in found:
            raise StudyError(f"--backends must name {name!r} once, but does so twice.")
        found[name] = _backend(kind, entry.partition(":")[2])
    return found


def _backend(kind: str, options: str) -> Backend:
    if not kind or "=" in kind:
        raise StudyError(f"--backends must be written KIND,KIND:OPTION=VALUE, but holds {kind!r} in place of a kind.")
    table = dict(map(parse_override, _COMMA.split(options))) if options.strip() else {}
    try:
        return read_backend({"kind": kind, **table}, "--backends")
    except MachineError as error:
        raise type(error)(f"{kind} of --backends: {error}" if table else str(error)) from None


def _files(folder: Path, name: str) -> dict[str, Path]:
    return {
        what: folder / f"{name}_backends{ending}"
        for what, ending in (("comparison", ".nc"), ("table", ".csv"), ("figure", ".png"))
    }


def _keep(found: BackendComparison, files: Mapping[str, Path]) -> dict[str, str]:
    """Write a comparison and its picture, and return their paths."""
    kept = {what: str(found.save(path)) for what, path in files.items() if what != "figure"}
    if "figure" in files and found.others:
        kept["figure"] = str(pictures.save_comparison(found, files["figure"]))
    return kept


def _document(plan: MachineFile, found: BackendComparison, kept: dict[str, str]) -> dict[str, Any]:
    largest = {
        name: {
            str(column): {field: values.sel(column=column).item() for field, values in data.data_vars.items()}
            for column in data["column"].values
        }
        for name in found.others
        for data in (found.largest.sel(backend=name),)
    }
    document: dict[str, Any] = plain(
        {
            "name": plan.name,
            "title": plan.title,
            "source": plan.source,
            "reference": found.reference,
            "runtimes": dict(found.runtimes),
            "largest": largest,
            "differences": {name: columns_by_name(found.differences.sel(backend=name)) for name in found.others},
            "refused": dict(found.refused),
            "stopped": dict(found.stopped),
            "warnings": {name: list(told) for name, told in found.warnings.items()},
            "outputs": kept,
        }
    )
    return document
