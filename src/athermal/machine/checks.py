"""What the couplings and counters of a machine of any family must obey: checked when it is made."""

from __future__ import annotations

from typing import Any

from athermal.errors import MachineError
from athermal.machine.counter import Counter
from athermal.machine.coupling import Displacement, QuadraticForm
from athermal.machine.drive import check_period
from athermal.machine.layout import Layout


def check_coupling(machine: Layout, coupling: Any) -> None:
    """Raise `MachineError` if a coupling names parts that it must not, or its drives do not fit the period."""
    _check_names_and_drives(machine, coupling)
    among = [part_name for part_name in coupling.between if part_name in machine.reservoir_names]
    if len(among) == 2:
        raise MachineError(
            f"`between` of {coupling.owner} must not name two reservoirs: their interaction energy would belong to no "
            "part of the ledger. Let them meet through a subsystem, or make one of them a subsystem."
        )
    if among and len(coupling.between) == 1:
        what = {Displacement: "displacement", QuadraticForm: "quadratic form"}.get(type(coupling), "term")
        remedy = next(bath.general for bath in machine.reservoirs if bath.name == among[0])
        raise MachineError(
            f"A {what} on reservoir {among[0]!r} is refused: the Hamiltonian of a reservoir must be constant and its own. "
            f"Put static terms into the reservoir ({remedy}), or make the driven mode a subsystem."
        )
    if not among and any(getattr(coupling, key, None) is not None for key in ("site", "weights", "amplitude_frequency")):
        raise MachineError(
            f"`site`, `weights` and `amplitude_frequency` of {coupling.owner} must be left out: neither part is a reservoir."
        )


def check_counter(machine: Layout, counter: Counter) -> None:
    """Raise `MachineError` if a term of a counter names parts that are not there, or its drives do not fit the period.

    A counter is no part of the Hamiltonian: it may watch a reservoir, or two.
    """
    for term in counter.terms:
        try:
            _check_names_and_drives(machine, term)
        except MachineError as error:
            raise MachineError(f"Counter {counter.name!r}: {error}") from None


def _check_names_and_drives(machine: Layout, coupling: Any) -> None:
    for part_name in coupling.between:
        machine.part(part_name)
    for what, drive in coupling.drives:
        check_period(drive, machine.period, what, coupling.owner)
