"""From TOML text to a machine, its initial state and how long to run it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ConfigDict

from athermal import _validate
from athermal._validate import count, positive, suggest
from athermal.backends.base import Backend
from athermal.backends.choice import Auto, choose
from athermal.backends.named import read_backend
from athermal.engine import Progress, run
from athermal.engine.certified import checked_accuracy
from athermal.errors import FileFormatError, MachineError, RunError, RunInterrupted
from athermal.files.document import Overrides, changed, naming, read_document, tables_of
from athermal.files.library import build_library_machine, library_functions
from athermal.files.overrides import parse_override
from athermal.machine.initial import AnyInitialState, InitialState
from athermal.machine.machine import Machine
from athermal.machine.observable import Observable, as_kept, as_observable, check_observables
from athermal.machine.spec import from_spec, to_spec
from athermal.thermodynamics.ledger import Ledger


@dataclass(frozen=True)
class MachineFile:
    """What a machine file says: a machine, where it starts, and how long it runs.

    Parameters
    ----------
    machine : Machine
    initial : InitialState
    cycles, samples_per_cycle : int
    backend : Backend
    accuracy : float or None
        Of a machine with baths of modes="auto"; the default of `athermal.run` if None.
    name : str
        A word for file names: the stem of the file, or the name of the library machine.
    title : str
    source : str
        Where it was read from, overrides included.
    observables : dict of str to Observable
    keep_states : tuple of tuples of str, or bool
        As for `athermal.run`.

    Examples
    --------
    >>> machine_file = library_machine_file("two_oscillator", {"modes": 12, "run.cycles": 2})
    >>> machine_file.run().n_cycles
    2
    """

    machine: Machine
    initial: InitialState
    cycles: int
    samples_per_cycle: int
    backend: Backend
    name: str
    title: str = ""
    source: str = ""
    accuracy: float | None = None
    observables: dict[str, Any] = field(default_factory=dict)
    keep_states: Any = False

    def run(self, *, progress: Progress = None) -> Ledger:
        """Run it and return the ledger; errors and warnings are those of `athermal.run`."""
        try:
            ledger = run(
                self.machine,
                self.cycles,
                self.initial,
                backend=self.backend,
                samples_per_cycle=self.samples_per_cycle,
                accuracy=self.accuracy,
                progress=progress,
                observables=self.observables,
                keep_states=self.keep_states,
            )
        except (RunError, RunInterrupted) as error:
            error.ledger = None if error.ledger is None else self._titled(error.ledger)
            raise
        return self._titled(ledger)

    def _titled(self, ledger: Ledger) -> Ledger:
        """Return a ledger with the title of its file."""
        return dataclasses.replace(ledger, provenance={**ledger.provenance, "title": self.title}) if self.title else ledger


@dataclass(frozen=True)
class _Run:
    """The [run] table."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    cycles: int = 10
    samples_per_cycle: int = 1
    tolerance: float | None = None
    accuracy: float | None = None
    backend: Any = None
    keep_states: bool | str | tuple[str | tuple[str, ...], ...] = False

    def __post_init__(self) -> None:
        owner = "the [run] table"
        if self.backend is not None:
            object.__setattr__(self, "backend", read_backend(self.backend, "the table [run.backend]"))
        count(self.cycles, "cycles", owner)
        count(self.samples_per_cycle, "samples_per_cycle", owner)
        if self.accuracy is not None:
            checked_accuracy(self.accuracy, owner)
        if self.tolerance is not None:
            positive(self.tolerance, "tolerance", owner)
            if self.backend is not None:
                raise MachineError(f"`tolerance` of {owner} must be left out when it has a `backend`: put it there.")

    def backend_for(self, machine: Machine) -> Backend:
        """Return the backend to run a machine with."""
        if isinstance(self.backend, Backend):
            return self.backend
        choice = choose(machine)
        if self.tolerance is None:
            return choice.backend
        if choice.must_settle:
            raise MachineError(
                '`tolerance` of the [run] table must be left out for a machine with modes = "auto": `accuracy` sets how exact it '
                "is. To change the propagators give a [run.backend] with a `tolerance`."
            )
        if not hasattr(choice.backend, "tolerance"):
            raise MachineError(
                f"`tolerance` of the [run] table must be left out for a machine of {machine.family.words}: "
                f"{type(choice.backend).__name__}() has none. Its own options belong into [run.backend]."
            )
        return dataclasses.replace(choice.backend, tolerance=self.tolerance)  # type: ignore[type-var]


def read_machine_file(path: str | Path, overrides: Overrides = ()) -> MachineFile:
    r"""Read a machine file. The format is described in `athermal.files`.

    Parameters
    ----------
    path : str or Path
    overrides : mapping of str to value, or sequence of "path=value"
        Changes to the file's content before it is used, by dotted path from its top: {"machine.T_hot": 2.0,
        "initial.strength": 0.5, "machine.reservoirs.hot.temperature": 3.0}.

    Returns
    -------
    MachineFile

    Raises
    ------
    FileFormatError
        If the file cannot be read, is not TOML, has unknown or missing tables, or an override leads nowhere.
    MachineError, StateError
        If it describes a machine or state that cannot exist.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "engine.toml"
    >>> _ = path.write_text('[machine]\nlibrary = "two_oscillator"\nmodes = 12')
    >>> read_machine_file(path, {"run.cycles": 3}).cycles
    3
    """
    path = _validate.file_path(path)
    return build_machine_file(read_document(path), overrides, name=path.stem, source=str(path))


def parse_machine_file(
    text: str, overrides: Overrides = (), *, name: str = "machine", source: str = "the machine file"
) -> MachineFile:
    r"""Return what the text of a machine file says; `name` and `source` stand for the file's. See `read_machine_file`.

    Examples
    --------
    >>> parse_machine_file('[machine]\nlibrary = "otto"\nmodes = 20').machine.n_modes
    41
    """
    return build_machine_file(tables_of(text, source), overrides, name=name, source=source)


def library_machine_file(name: str, overrides: Overrides = ()) -> MachineFile:
    """Return a machine of the library as if a file named it and nothing else. See `read_machine_file`.

    Examples
    --------
    >>> library_machine_file("otto", ["modes=20"]).name
    'otto'
    """
    return build_machine_file({"machine": {"library": name}}, overrides, name=name, source=name)


def machine_file_of(ledger: Ledger, name: str, source: str) -> MachineFile:
    """Return the run that a ledger is of, from its provenance.

    Raises
    ------
    FileFormatError
        If a part of it has no plain form, as Python functions have none.

    Examples
    --------
    >>> ledger = library_machine_file("two_oscillator", {"modes": 12, "run.cycles": 2}).run()
    >>> machine_file_of(ledger, "engine", "engine.nc").cycles
    2
    """
    return plan_from(ledger.provenance, ledger.samples_per_cycle, name, source)


def plan_from(held: Mapping[str, Any], samples_per_cycle: int, name: str, source: str) -> MachineFile:
    """Return the run that a provenance tells of; see `machine_file_of`.

    Examples
    --------
    >>> ledger = library_machine_file("two_oscillator", {"modes": 12, "run.cycles": 2}).run()
    >>> plan_from(ledger.provenance, 1, "engine", "engine.nc").machine.n_modes
    26
    """
    observables = held.get("observables", {})
    if held.get("source") == "account":
        raise FileFormatError(f"{source} is an account of data, which knows no machine: it cannot be run, audited or continued.")
    for part in ("machine", "initial", "backend"):
        if held.get(part) is None:
            raise FileFormatError(
                f"{source} does not hold its {part}: what holds a Python function or a huge matrix has no plain form. Run it "
                "again from Python."
            )
    if lost := [entry for entry, spec in observables.items() if spec is None]:
        raise FileFormatError(f"{source} does not hold its observable {lost[0]!r}, a huge matrix. Run it again from Python.")
    machine: Machine = from_spec(Machine, held["machine"], "the machine")
    return MachineFile(
        machine=machine,
        initial=from_spec(AnyInitialState, held["initial"], "the initial state"),
        cycles=int(held["cycles"]),
        samples_per_cycle=samples_per_cycle,
        backend=Auto() if held.get("backend_choice") else read_backend(held["backend"], "the backend"),
        name=name,
        title=str(held.get("title", "")),
        source=source,
        accuracy=held.get("accuracy_asked"),
        observables={entry: from_spec(Observable, spec, f"observable {entry!r}") for entry, spec in observables.items()},
        keep_states=tuple(map(tuple, held.get("keep_states", ()))),
    )


def build_machine_file(
    document: dict[str, Any], overrides: Overrides = (), *, name: str = "machine", source: str = "the machine file"
) -> MachineFile:
    """Return what the tables of a machine file say, changed by `overrides`. See `read_machine_file`.

    Examples
    --------
    >>> build_machine_file({"machine": {"library": "otto", "modes": 20}}, {"modes": 10}).machine.n_modes
    21
    """
    document, source = changed(document, overrides, source)
    with naming(source):
        machine = _machine(document, name)
        return _planned(machine, document, name, source)


def plan_of(machine: Machine, settings: dict[str, Any], overrides: Overrides = ()) -> MachineFile:
    """Return the run of a machine that is at hand, from the tables [run] and [initial] of a file, changed by `overrides`.

    Examples
    --------
    >>> from athermal.library import two_oscillator
    >>> plan_of(two_oscillator(modes=12), {"run": {"cycles": 2}, "initial": {"kind": "charged", "cycles": 1}}).cycles
    2
    """
    paths = list(overrides) if isinstance(overrides, Mapping) else [parse_override(text)[0] for text in overrides]
    document = {"machine": {}, **settings}
    if "initial" not in settings and any(path.startswith("initial.") for path in paths):
        document["initial"] = to_spec(machine.initial, AnyInitialState) or {}
    document, source = changed(document, overrides, machine.name)
    with naming(source):
        if "initial" in document:
            initial = from_spec(AnyInitialState, document["initial"], "the [initial] table")
            machine = dataclasses.replace(machine, initial=initial)
        return _planned(machine, document, machine.name, source)


def _planned(machine: Machine, document: dict[str, Any], name: str, source: str) -> MachineFile:
    """Return the run of a machine as the tables of a file say."""
    settings = _settings(document)
    return MachineFile(
        machine=machine,
        initial=machine.initial,
        cycles=settings.cycles,
        samples_per_cycle=settings.samples_per_cycle,
        backend=settings.backend_for(machine),
        name=name,
        title=document.get("title", ""),
        source=source,
        accuracy=settings.accuracy,
        observables=_observables(document, machine),
        keep_states=as_kept(settings.keep_states, machine),
    )


def _observables(document: dict[str, Any], machine: Machine) -> dict[str, Observable]:
    """Return the table [observables]: text, or tables of parts and operators."""
    found = {
        name: from_spec(Observable, entry, f"the table [observables.{name}]")
        if isinstance(entry, dict)
        else as_observable(entry, name)
        for name, entry in document.get("observables", {}).items()
    }
    check_observables(tuple(found.items()), machine)
    return found


def _settings(document: dict[str, Any]) -> _Run:
    try:
        settings: _Run = from_spec(_Run, document.get("run", {}), "the [run] table")
    except MachineError as error:
        raise FileFormatError(str(error)) from None
    return settings


def _machine(document: dict[str, Any], name: str) -> Machine:
    table = document["machine"]
    given = dict(table)
    if "initial" in document:
        if "initial" in table:
            raise FileFormatError("The initial state is given twice, in [initial] and in [machine]. Keep one of them.")
        from_spec(AnyInitialState, document["initial"], "the [initial] table")  # for a message that names its place
        given["initial"] = document["initial"]
    if "library" in table:
        return build_library_machine(given)
    if not {"subsystems", "reservoirs", "couplings", "period"} & set(table):
        names = ", ".join(f'"{entry}"' for entry in library_functions())
        raise FileFormatError(
            f"[machine] must name a machine of the library (library = one of {names}) or list its own parts "
            "([[machine.subsystems]], [[machine.reservoirs]], [[machine.couplings]] and a period), but does neither."
            f"{suggest(next(iter(table), ''), ['library', 'subsystems', 'reservoirs', 'couplings', 'period'])}"
        )
    closed: dict[str, Any] = {} if "reservoirs" in table else {"reservoirs": [], "couplings": []}
    machine: Machine = from_spec(Machine, {"name": name, **closed, **given}, "the machine")
    return machine
