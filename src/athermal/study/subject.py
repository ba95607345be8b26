"""What a sweep varies: a machine file, a machine of the library, a machine, or a function that returns one."""

from __future__ import annotations

import functools
import hashlib
import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from athermal._validate import as_study, suggest
from athermal.backends.choice import AnyBackend, as_backend
from athermal.errors import StudyError
from athermal.files import MachineFile, build_machine_file, plan_of, read_document
from athermal.files.library import is_machine_file, library_functions
from athermal.machine.initial import AnyInitialState, InitialState
from athermal.machine.machine import Machine
from athermal.machine.observable import as_observables
from athermal.machine.spec import to_spec
from athermal.study.design import Point, as_plain

Tables = dict[str, Any]
"""Tables of a machine file."""


class Subject(ABC):
    """What is varied; it makes the run of a point."""

    @property
    @abstractmethod
    def name(self) -> str:
        """A word for file names."""

    @abstractmethod
    def plan(self, point: Point, seed: int) -> MachineFile:
        """Return the run of one point, or raise the error of what cannot exist there."""

    @abstractmethod
    def describe(self) -> Tables:
        """Return the subject as plain data; two with the same data make the same runs."""


@dataclass(frozen=True)
class Document(Subject):
    """The tables of a machine file; parameters are dotted paths into them.

    Parameters
    ----------
    tables : dict
    name : str

    Examples
    --------
    >>> subject = Document({"machine": {"library": "otto", "modes": 20}}, "otto")
    >>> subject.plan({"modes": 10, "run.cycles": 3}, seed=0).cycles
    3
    """

    tables: Tables
    name: str = "machine"

    def plan(self, point: Point, seed: int) -> MachineFile:
        changes = {key: as_plain(value, key) for key, value in point.items()}
        return build_machine_file(self.tables, changes, name=self.name, source=self.name)

    def describe(self) -> Tables:
        return {"kind": "document", "name": self.name, "tables": self.tables}


@dataclass(frozen=True)
class FunctionOfParameters(Subject):
    """A Python function that returns a machine.

    Parameters are the function's arguments, and paths into the initial state ("initial.strength") and the run ("run.cycles").
    An argument called `seed` that is not varied is given the seed of the point.

    Parameters
    ----------
    function : callable
    settings : dict
        The tables [run] and [initial] that go with the machine.

    Examples
    --------
    >>> from athermal.library import otto
    >>> FunctionOfParameters(lambda n: otto(modes=n)).plan({"n": 10}, seed=0).machine.n_modes
    21
    """

    function: Callable[..., Machine]
    settings: Tables = field(default_factory=dict)

    @property
    def name(self) -> str:
        word = getattr(self._innermost()[0], "__name__", "machine")
        return word if word.isidentifier() else "machine"

    def plan(self, point: Point, seed: int) -> MachineFile:
        known, takes_any = self._arguments()
        own = {key: value for key, value in point.items() if key in known or (takes_any and "." not in key)}
        changes = {key: as_plain(value, key) for key, value in point.items() if key not in own}
        for key in changes:
            if key != "initial" and key.split(".")[0] not in ("initial", "run"):
                raise StudyError(
                    f"The machine function {self.name!r} has no parameter {key!r}.{suggest(key, known)} It has "
                    f"{', '.join(known) or 'none'}; what begins with initial. or run. belongs to the initial state or the run."
                )
        if "seed" in known and "seed" not in point:
            own["seed"] = seed
        machine = self.function(**own)
        if not isinstance(machine, Machine):
            raise StudyError(f"The machine function {self.name!r} must return a Machine, but returned {machine!r}.")
        return plan_of(machine, self.settings, changes)

    def describe(self) -> Tables:
        function, bound = self._innermost()
        try:
            text = inspect.getsource(function)
        except (OSError, TypeError):  # typed in at a prompt
            code = getattr(function, "__code__", None)
            constants = [entry for entry in getattr(code, "co_consts", ()) if not hasattr(entry, "co_code")]
            text = repr((getattr(code, "co_code", b""), constants, getattr(code, "co_names", ())))
        source = hashlib.sha256(text.encode()).hexdigest()
        return {"kind": "function", "name": self.name, "source": source, "bound": bound, "settings": self.settings}

    def _arguments(self) -> tuple[list[str], bool]:
        """Return the arguments that can be given by name, and whether any other can."""
        entries = inspect.signature(self.function).parameters.values()
        by_name = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
        return [entry.name for entry in entries if entry.kind in by_name], any(
            entry.kind is inspect.Parameter.VAR_KEYWORD for entry in entries
        )

    def _innermost(self) -> tuple[Any, dict[str, str]]:
        """Return the function below all `functools.partial`, and what these and its closure bind to names."""
        function: Any = self.function
        bound: dict[str, str] = {}
        while isinstance(function, functools.partial):
            bound |= {str(k): repr(value) for k, value in enumerate(function.args)}
            bound |= {key: repr(value) for key, value in function.keywords.items()}
            function = function.func
        cells = zip(
            getattr(getattr(function, "__code__", None), "co_freevars", ()),
            getattr(function, "__closure__", None) or (),
            strict=True,
        )
        bound |= {name: repr(cell.cell_contents) for name, cell in cells if _is_plain(cell.cell_contents)}
        return function, bound


def _is_plain(value: Any) -> bool:
    """Return whether the `repr` of a value tells all of it, and always the same."""
    return isinstance(value, (int, float, complex, str, bool, type(None), tuple)) and " at 0x" not in repr(value)


Varied = Machine | Callable[..., Machine] | str | Path | Subject
"""What a user may hand in: a machine, a function that returns one, a machine file, or the name of a library machine."""


def as_subject(
    varied: Varied,
    *,
    cycles: int | None = None,
    initial: InitialState | None = None,
    backend: AnyBackend | None = None,
    samples_per_cycle: int | None = None,
    accuracy: float | None = None,
    observables: Mapping[str, Any] | None = None,
    keep_states: Any = None,
) -> Subject:
    """Return what a caller wants to vary, with the settings that take the place of the file's.

    Raises
    ------
    StudyError
        If it is none of a machine, a function that returns one, a machine file and a library machine's name.
    FileFormatError
        If there is no such file or library machine.
    """
    settings = _settings(cycles, initial, backend, samples_per_cycle, accuracy) | _watched(observables)
    if keep_states is not None:
        settings["run"] = settings.get("run", {}) | {"keep_states": _as_lists(keep_states)}
    if isinstance(varied, Subject):
        return varied
    if isinstance(varied, Machine):
        data = to_spec(varied)
        if data is None:
            raise StudyError(
                f"The machine {varied.name!r} holds a Python function or a huge matrix, so its parts have no names to be varied "
                "by. Give the function that makes it."
            )
        start = {"initial": data.pop("initial")}
        return Document(_merged({"machine": data, **start}, settings), varied.name)
    names = {function: name for name, function in library_functions().items()}
    if isinstance(varied, str) and not is_machine_file(varied):
        return Document(_merged({"machine": {"library": varied}}, settings), varied)
    if isinstance(varied, (str, Path)):
        return Document(_merged(read_document(Path(varied)), settings), Path(varied).stem)
    if callable(varied):
        if varied in names:
            return Document(_merged({"machine": {"library": names[varied]}}, settings), names[varied])
        return FunctionOfParameters(varied, settings)
    raise StudyError(
        "What a sweep varies must be a machine, a function that returns one, a machine file, or the name of a library machine, "
        f"but is {varied!r}."
    )


def _settings(
    cycles: int | None,
    initial: InitialState | None,
    backend: AnyBackend | None,
    samples_per_cycle: int | None,
    accuracy: float | None,
) -> Tables:
    """Return arguments of `run` as the tables [run] and [initial]."""
    with as_study():
        kind = as_backend(backend, "a sweep")
    given = {
        "cycles": cycles,
        "samples_per_cycle": samples_per_cycle,
        "accuracy": accuracy,
        "backend": None if kind is None else to_spec(kind),
    }
    tables: Tables = {"run": {key: value for key, value in given.items() if value is not None}}
    if initial is not None:
        if not isinstance(initial, InitialState):
            raise StudyError(f"`initial` must be an initial state such as ProductThermal(), but is {initial!r}.")
        tables["initial"] = to_spec(initial, AnyInitialState)
        if tables["initial"] is None:
            raise StudyError(
                "`initial` holds a matrix too large to be stored with every point. Let the machine function return a machine "
                "that has it as its own `initial`."
            )
    return {name: table for name, table in tables.items() if table}


def _watched(observables: Mapping[str, Any] | None) -> Tables:
    """Return observables as the table [observables]."""
    if observables is None:
        return {}
    with as_study():
        entries = {name: to_spec(observable) for name, observable in as_observables(observables)}
    if large := [name for name, entry in entries.items() if entry is None]:
        raise StudyError(
            f"Observable {large[0]!r} is a matrix too large to be stored with every point. Write it as a product of operators of "
            "single parts."
        )
    return {"observables": entries}


def _as_lists(entries: Any) -> Any:
    """Return (nested) tuples as lists, as a file has them."""
    return [_as_lists(entry) for entry in entries] if isinstance(entries, (list, tuple)) else entries


def _merged(tables: Tables, settings: Tables) -> Tables:
    """Return the tables of a file with settings in place of its own."""
    merged = dict(tables)
    if "run" in settings:
        merged["run"] = {**tables.get("run", {}), **settings["run"]}
    if "observables" in settings:
        merged["observables"] = settings["observables"]
    if "initial" in settings:
        merged["initial"] = settings["initial"]
        if isinstance(tables.get("machine"), Mapping):
            merged["machine"] = {key: value for key, value in tables["machine"].items() if key != "initial"}
    return merged
