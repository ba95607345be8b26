"""Tables of measured or simulated numbers: what their columns are, and in which units."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from athermal._validate import suggest
from athermal.accounting import units as unit_table
from athermal.accounting.sources import columns_of
from athermal.errors import FileFormatError, StudyError

_COLUMN = re.compile(
    r"^(?P<kind>[a-z_]+?)(\[(?P<name>[^\]]+)\])?(\[(?P<level>\d+)\])?(?P<error>_error)?(\s*\((?P<unit>[^)]*)\))?$"
)
# What a column holds: the kind of its unit, and whether it belongs to a named part.
_KINDS = {
    "time": ("time", False),
    "work": ("energy", False),
    "heat": ("energy", True),
    "energy": ("energy", True),
    "entropy": ("entropy", True),
    "system_entropy": ("entropy", False),
    "population": ("", True),
    "counts": ("", True),
    "state": ("", True),
    "system_state": ("", False),
    "hamiltonian": ("energy", True),
}
_GRAMMAR = (
    "time, work, heat[RESERVOIR], energy[SUBSYSTEM], entropy[SUBSYSTEM], system_entropy, population[SUBSYSTEM][LEVEL], each but "
    "time also with _error at its end, and counts[SUBSYSTEM][LEVEL]; other than in text files also state[SUBSYSTEM] and "
    "system_state, with _error too, and hamiltonian[SUBSYSTEM]"
)
_MATRICES = ("state", "system_state", "hamiltonian")
_BY_LEVEL = ("population", "counts")


@dataclass
class Table:
    """Columns as fields of `Measured`, `StandardErrors` and `States`, and the units that they are in."""

    times: Any = None
    numbers: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, Any] = field(default_factory=dict)
    states: dict[str, Any] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)


def is_table(source: Any) -> bool:
    """Tell whether a source of numbers is a table, not the times."""
    return isinstance(source, (str, Path)) or (hasattr(source, "keys") and hasattr(source, "__getitem__"))


def read_table(source: Any, units: Mapping[str, str]) -> Table:
    """Return a table's columns, energies in one unit and entropies in the one asked for; an error names file and column."""
    where = f"{source}" if isinstance(source, (str, Path)) else "`source`"
    columns = columns_of(source)
    parsed = [_parsed(name, values, unit, where) for name, (values, unit) in columns.items()]
    if not any(kind == "time" for kind, *_ in parsed):
        raise FileFormatError(f"{where} must have the column time, but has {', '.join(columns)}. Columns are {_GRAMMAR}.")
    titles: dict[tuple[str, _Name, bool], str] = {}
    for kind, name, is_error, _, _, title in parsed:
        if (first := titles.setdefault((kind, name, is_error), title)) != title:
            raise FileFormatError(f"{where} must have each column once, but {first!r} and {title!r} are the same one.")
    table = Table()
    factors = {kind: _common(parsed, kind, units, table, where) for kind in ("energy", "entropy", "time")}
    for kind, name, is_error, values, unit, title in parsed:
        family = _KINDS[kind][0]
        scale = factors[family](unit, title) if family else 1.0
        if kind not in _MATRICES:
            entry: Any = scale * _as_numbers(values, title, where)
        else:
            entry = values if scale == 1.0 else [scale * one for one in values] if isinstance(values, list) else scale * values
        if kind == "time":
            table.times = entry
            continue
        noun, column = _FIELDS[kind, is_error]
        fields: dict[str, Any] = getattr(table, noun)
        if isinstance(name, tuple):
            fields.setdefault(column, {}).setdefault(name[0], {})[name[1]] = (entry, title)
        elif name is None and noun != "states":
            fields[column] = entry
        else:
            fields.setdefault(column, {})[() if name is None else name] = entry
    for column in ("populations", "counts", "errors"):
        for name, entry in table.states.get(column, {}).items():
            table.states[column][name] = _by_level(entry, where) if isinstance(entry, dict) else entry
    return table


def _by_level(columns: dict[int, tuple[Any, str]], where: str) -> Any:
    """Return the columns of the levels 0, 1, ... as one array (instants, levels)."""
    lacking = [level for level in range(max(columns) + 1) if level not in columns]
    if lacking:
        title = next(iter(columns.values()))[1]
        raise FileFormatError(
            f"{where} must have a column for every level from 0, but beside {title!r} lacks level {lacking[0]}."
        )
    return np.stack([columns[level][0] for level in range(len(columns))], axis=-1)


_Name = str | tuple[str, int] | None
"""What a column belongs to: a part, a level of a part, or the whole."""

_FIELDS = {
    ("work", False): ("numbers", "work"),
    ("heat", False): ("numbers", "heats"),
    ("energy", False): ("numbers", "energies"),
    ("entropy", False): ("numbers", "entropies"),
    ("system_entropy", False): ("numbers", "system_entropy"),
    ("work", True): ("errors", "work"),
    ("heat", True): ("errors", "heats"),
    ("energy", True): ("errors", "energies"),
    ("entropy", True): ("errors", "entropies"),
    ("system_entropy", True): ("errors", "system_entropy"),
    ("state", False): ("states", "states"),
    ("system_state", False): ("states", "states"),
    ("population", False): ("states", "populations"),
    ("counts", False): ("states", "counts"),
    ("hamiltonian", False): ("states", "hamiltonians"),
    ("state", True): ("states", "errors"),
    ("system_state", True): ("states", "errors"),
    ("population", True): ("states", "errors"),
}
"""Which field of which noun a column is, and that of its errors; `system_state` is under the key () of all subsystems."""


def _parsed(title: str, values: Any, unit: str, where: str) -> tuple[str, _Name, bool, Any, str, str]:
    found = _COLUMN.match(title.strip())
    kind = found["kind"] if found else ""
    if kind == "temperature":
        raise FileFormatError(f"{where} has a column {title!r}, but temperatures are constants: give them as `temperatures`.")
    if found is None or kind not in _KINDS or (kind, bool(found["error"])) not in {("time", False), *_FIELDS}:
        word = re.split(r"[\[( ]", title.strip())[0].removesuffix("_error")
        raise FileFormatError(
            f"{where} has a column {title!r}, which is none that is known.{suggest(word, _KINDS)} Columns are {_GRAMMAR}."
        )
    if _KINDS[kind][1] != (found["name"] is not None):
        rule = f"name its part, as in {kind}[NAME]" if _KINDS[kind][1] else "name no part"
        raise FileFormatError(f"The column {title!r} of {where} must {rule}.")
    if found["level"] is not None:
        if kind not in _BY_LEVEL:
            raise FileFormatError(f"The column {title!r} of {where} must name no level, for {kind} is of the whole part.")
        return kind, (found["name"], int(found["level"])), bool(found["error"]), values, found["unit"] or unit, title
    return kind, found["name"], bool(found["error"]), values, found["unit"] or unit, title


def _common(parsed: list[Any], family: str, units: Mapping[str, str], table: Table, where: str) -> Any:
    """Return the function that gives by what a column of a unit is multiplied; note the unit that all then have."""
    own = [(title, unit) for kind, _, _, _, unit, title in parsed if _KINDS[kind][0] == family]
    named, common = next(((title, unit) for title, unit in own if unit), ("", ""))
    common = units.get(family, common)
    if common and family in ("energy", "time"):
        table.units[family] = common
    target = units.get("entropy", "nat") if family == "entropy" else common
    into = unit_table.factor(family, target, repr(named) if named else family) if target else 1.0

    def scale(unit: str, title: str) -> float:
        unit = unit or units.get(family, "")
        if not unit and common:
            raise StudyError(
                f"Units of {where} do not match: {named!r} is in {common}, and {title!r} has none. Give every column its unit, "
                f"or none and one for all (units={{{family!r}: {common!r}}})."
            )
        return unit_table.factor(family, unit, repr(title)) / into if unit else 1.0

    return scale


def _as_numbers(values: Any, title: str, where: str) -> Any:
    if isinstance(values, list):
        missing = [k + 1 for k, text in enumerate(values) if not str(text).strip()]
        if missing:
            raise FileFormatError(
                f"{where} must have a number in every line, but the column {title!r} has none in line {missing[0]} of the data"
                f"{f' and {len(missing) - 1} more' if len(missing) > 1 else ''}."
            )
        if comma := next((text for text in values if isinstance(text, str) and "," in text), None):
            raise FileFormatError(f"The column {title!r} of {where} must hold numbers with a decimal point, but holds {comma!r}.")
    if np.ma.is_masked(values) or np.iscomplexobj(values):
        return values  # its own check says what is wrong
    try:
        return np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise FileFormatError(f"The column {title!r} of {where} must hold numbers, but {error}.") from error
