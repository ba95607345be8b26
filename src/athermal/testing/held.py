"""Which of the small machines of all families a backend can hold."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

import athermal as at
from athermal.machine.families import FAMILIES

if TYPE_CHECKING:
    from athermal.backends.base import Backend
    from athermal.testing.case import Case

_FAMILIES = tuple(family.name for family in FAMILIES)


def can_hold(backend: Backend, machine: at.Machine) -> bool:
    """Tell whether a backend takes a machine."""
    return not backend.why_not(machine)


@cache
def all_cases() -> tuple[Case, ...]:
    """Return the machines with a slow path beside them, of all families that have some."""
    names = [f"athermal.testing.{family}.cases" for family in _FAMILIES]
    modules = [importlib.import_module(name) for name in names if importlib.util.find_spec(name)]
    return tuple(case for module in modules for case in module.CASES)


@cache
def all_machines() -> tuple[at.Machine, ...]:
    """Return the machines of all families on which invariances are tried."""
    return tuple(machine for family in _FAMILIES for machine in _machines_of(family).MACHINES)


def held_cases(backend: Backend) -> Sequence[Case]:
    """Return the cases whose machine a backend can hold."""
    return [case for case in all_cases() if can_hold(backend, case.machine)]


def held_machines(backend: Backend) -> Sequence[at.Machine]:
    """Return the machines that a backend can hold."""
    return [machine for machine in all_machines() if can_hold(backend, machine)]


def stranger(backend: Backend, period: float) -> at.Machine:
    """Return a small machine of this period, of the backend's own family."""
    for family in _FAMILIES:
        machine: at.Machine = _machines_of(family).stranger(period)
        if can_hold(backend, machine):
            return machine
    raise at.errors.MachineError(f"{type(backend).__name__} holds none of the small machines. Give `stranger` of your own.")


def _machines_of(family: str):
    return importlib.import_module(f"athermal.testing.{family}.machines")
