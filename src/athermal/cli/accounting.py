"""`athermal account`: the ledger of a table of numbers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from athermal.accounting import Measured, Propagation, StandardErrors, States, account
from athermal.cli import outputs
from athermal.cli.console import UNFINISHED, say, warnings_as_lines
from athermal.cli.documents import ledger_document
from athermal.cli.runs import keep, print_run
from athermal.errors import StudyError
from athermal.thermodynamics.ledger import Ledger
from athermal.thermodynamics.significance import above_carnot


@dataclass(frozen=True)
class Named:
    """The options of the form NAME=VALUE,..., as they were written."""

    temperatures: str
    units: str | None
    dimensions: str | None
    levels: str | None = None
    state_errors: str | None = None
    population_errors: str | None = None

    def by_reservoir(self) -> dict[str, float | tuple[float, float]]:
        """Return the temperatures, or raise `StudyError`."""
        reservoirs = _pairs(self.temperatures, "--temperatures", "hot=1.5,cold=1.0")
        return {name: _measured(text, f"temperature of {name!r}") for name, text in reservoirs.items()}

    def by_unit(self) -> dict[str, str]:
        """Return the units, or raise `StudyError`."""
        return _pairs(self.units, "--units", "energy=GHz,temperature=mK")

    def states(self, tolerance: float) -> States:
        """Return what is said of the states in the table, or raise `StudyError`."""
        sizes = _pairs(self.dimensions, "--dimensions", "qubit=2,oscillator=10")
        return States(
            hamiltonians=_levels(self.levels),
            errors=self._errors(),
            dimensions={name: int(_number(int, text, f"dimension of {name!r}")) for name, text in sizes.items()} or None,
            tolerance=tolerance,
        )

    def _errors(self) -> float | dict[str, float] | None:
        of_states = _errors(self.state_errors, "--state-errors")
        of_populations = _errors(self.population_errors, "--population-errors")
        if of_states is None or of_populations is None:
            return of_populations if of_states is None else of_states
        if not isinstance(of_states, dict) or not isinstance(of_populations, dict):
            raise StudyError(
                "--state-errors and --population-errors must name their subsystems, as in qubit=0.01, where both are given."
            )
        return of_states | of_populations


def run(table: Path, named: Named, options: dict[str, Any], out: Path | None, *, force: bool, as_json: bool) -> int:
    """Account for a table, print and save the ledger, and return the exit status."""
    temperatures, states = named.by_reservoir(), named.states(options["state_tolerance"])
    errors = StandardErrors(calibration=options["calibration_error"])
    reading = {name: options[name] for name in ("heat_sign", "per_interval", "memoryless", "tolerance")}
    measured = Measured(table, errors=errors, units=named.by_unit(), **reading)
    propagation = Propagation(options["method"], options["draws"], options["seed"])
    cycle = {name: options[name] for name in ("period", "samples_per_cycle")}
    files = {} if out is None else outputs.ledger_files(out, table.stem)
    outputs.prepare(files.values(), force=force)
    with warnings_as_lines():
        ledger = account(measured, temperatures, states=states, propagation=propagation, **cycle)
    kept = keep(ledger, files)
    missed = ledger.violations()
    if as_json:
        head = {"name": table.stem, "source": str(table), "period": ledger.reference.period}
        head |= {"carnot_efficiency": ledger.carnot_efficiency, "unchecked": ledger.unchecked}
        head |= {"questions": ledger.questions, "remarks": ledger.remarks}
        document = ledger_document(head | ({"above_carnot": _significance(ledger)} if ledger.has_standard_errors else {}), ledger)
        typer.echo(json.dumps(document | {"outputs": kept}, indent=2, allow_nan=False))
    else:
        print_run(ledger, kept, cycles=ledger.n_cycles, with_cumulative=False)
    if missed:
        say(f"The data miss the laws by more than their tolerance, {len(missed)} times. {missed[0]}", "Error")
    return UNFINISHED if missed else 0


def _significance(ledger: Ledger) -> dict[str, Any]:
    found = above_carnot(ledger)
    names = ("is_above", "is_significant", "confidence", "standard_errors")
    whole = {"level": found.level, "draws": found.draws, "reason": found.reason, "carnot_error": found.carnot_error}
    return whole | {name: getattr(found, name).tolist() for name in names}


def _pairs(text: str | None, option: str, example: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in text.split(",") if text is not None else ():
        name, sign, value = (piece.strip() for piece in entry.partition("="))
        if not (name and sign and value):
            raise StudyError(f"{option} must be of the form {example}, but has {entry!r}.")
        if name in found:
            raise StudyError(f"{option} must name {name!r} once, but does so twice.")
        found[name] = value
    return found


def _measured(text: str, what: str) -> float | tuple[float, float]:
    """Return a number, or a number and its error of "2.0+-0.1" or "2.0±0.1"."""
    value, sign, error = text.replace("+/-", "±").replace("+-", "±").partition("±")
    if not sign:
        return _number(float, text, what)
    return _number(float, value.strip(), what), _number(float, error.strip(), f"error of the {what}")


def _levels(text: str | None) -> dict[str, list[float]] | None:
    """Return the energies of the levels of each subsystem."""
    found = _pairs(text, "--levels", "qubit=0:5.1,resonator=0:6:12")
    return {
        name: [_number(float, one, f"level of {name!r}") for one in value.split(":")] for name, value in found.items()
    } or None


def _errors(text: str | None, option: str) -> float | dict[str, float] | None:
    """Return one number for all, or numbers by name."""
    if text is None:
        return None
    if "=" not in text:
        return _number(float, text, f"number of {option}")
    return {name: _number(float, value, f"error of {name!r}") for name, value in _pairs(text, option, "qubit=0.01").items()}


def _number(kind: type[int | float], text: str, what: str) -> float:
    try:
        return kind(text)
    except ValueError:
        raise StudyError(f"The {what} must be a {'whole ' if kind is int else ''}number, but is {text!r}.") from None
