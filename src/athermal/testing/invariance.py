"""What no choice of words may change: units, the order of parts, their names, a stranger beside, an earlier run."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import pytest
import xarray as xr

import athermal as at
from athermal.testing.checks import Checks
from athermal.testing.held import held_machines, stranger
from athermal.testing.kernels import run_with_oldest
from athermal.testing.transformed import renamed, reordered, rescaled, side_by_side, without_contacts
from athermal.thermodynamics import schema
from athermal.thermodynamics.ledger import Ledger
from athermal.thermodynamics.snapshot import ALWAYS

CYCLES = 2
# Quotients of energies magnify what energies are off by: those of these machines are some thousandths of the largest one.
_MAGNIFIED = 1e4


class Invariance(Checks):
    """No choice of words changes a ledger. A subclass sets `backend`.

    Attributes
    ----------
    backend : Backend
    machines : iterable of Machine, optional
        Machines whose starts hold no list of parts; if left out, all small machines of the package that the backend can hold.
    scales : sequence of float
        By what energies and temperatures are multiplied, and times divided.
    rounding : float
        By how much a number may differ, in units of the largest energy of the run or in nats.
    """

    machines: ClassVar[Iterable[at.Machine] | None] = None
    scales = (1e-9, 1e9)
    rounding = 1e-10

    def parameters(self) -> Mapping[str, Sequence[Any]]:
        machines = held_machines(self.backend) if self.machines is None else self.machines
        return {**super().parameters(), "machine": list(machines), "s": self.scales}

    def run(self, machine: at.Machine) -> Ledger:
        """Return the ledger of two cycles."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", at.errors.RecurrenceWarning)
            warnings.simplefilter("ignore", at.errors.TruncationWarning)
            return at.run(machine, CYCLES, backend=self.backend)

    def test_units(self, machine, s):
        """Energies and temperatures times s, times over s: energies times s, and all that has no unit the same."""
        one, two = self.run(machine), self.run(rescaled(machine, s))
        assert_same(one, two, self.rounding, energy=s)

    def test_order(self, machine):
        assert_same(self.run(machine), self.run(reordered(machine)), self.rounding)

    def test_names(self, machine):
        names = {name: f"{chr(ord('z') - k)} {name}" for k, name in enumerate(part.name for part in machine.parts)}
        assert_same(self.run(machine), self.run(renamed(machine, names)), self.rounding, names=names)

    def test_kernel(self, tmp_path):
        """The kernel of the linear algebra library, whose rounding differs: one machine, for a process of its own takes seconds."""
        machine = self.parameters()["machine"][0]
        assert_same(self.run(machine), run_with_oldest(machine, CYCLES, self.backend, tmp_path), self.rounding)

    def test_a_stranger_adds(self, machine):
        """Two machines that do not touch, run as one: the columns of both add up."""
        stranger = dataclasses.replace(self.stranger(machine.period), initial=machine.initial)
        one, two = self.run(machine), self.run(stranger)
        both = self.run(side_by_side(machine, stranger))
        scale = energy_scale(both)
        for name in ("work", "sigma_total_change", "mutual_information", "system_correlation"):
            found, wanted = both.cycles[name].values, one.cycles[name].values + two.cycles[name].values
            assert np.allclose(found, wanted, rtol=0.0, atol=self.rounding * max(scale, 1.0), equal_nan=True), name
        for name in ("heat", "energy_change", "athermality"):
            found = both.cycles[name].values
            wanted = np.concatenate([one.cycles[name].values, two.cycles[name].values], axis=-1)
            assert np.allclose(found, wanted, rtol=0.0, atol=self.rounding * max(scale, 1.0), equal_nan=True), name

    def stranger(self, period: float) -> at.Machine:
        """Return a small machine of this period and of the backend's family."""
        return stranger(self.backend, period)

    def test_without_contacts_nothing_moves(self, machine):
        ledger = self.run(without_contacts(machine))
        assert np.all(np.abs(ledger.heat.values) <= self.rounding * energy_scale(ledger))
        known = ledger.cycles["mutual_information"].values
        assert np.all(np.isnan(known) | (np.abs(known) <= 10.0 * self.rounding))

    def test_a_second_state_leaves_the_first_alone(self, machine):
        """A solver holds no state of a run."""
        solver = self.backend.bind(machine)
        first = solver.prepare(machine.initial)
        before = solver.snapshot(first, 0.0)
        other = solver.prepare(
            at.ProductThermal(dict.fromkeys(machine.subsystem_names, 2.0 * float(np.max(machine.temperatures))))
        )
        other, _ = solver.advance(other, 0.0, 0.7 * machine.period)
        solver.snapshot(other, 0.7 * machine.period)
        after = solver.snapshot(first, 0.0)
        for name in ALWAYS:
            assert np.array_equal(getattr(before, name), getattr(after, name), equal_nan=True), name
        one, work = solver.advance(first, 0.0, machine.period)
        two, again = self.backend.bind(machine).advance(first, 0.0, machine.period)
        assert work == pytest.approx(again, rel=0.0, abs=self.rounding * max(1.0, abs(again)))
        one, two = solver.snapshot(one, machine.period), solver.snapshot(two, machine.period)
        for name in ALWAYS:
            wanted = getattr(two, name)
            allowed = self.rounding * float(np.max(np.abs(wanted[np.isfinite(wanted)]), initial=0.0))
            assert np.allclose(getattr(one, name), wanted, rtol=0.0, atol=allowed, equal_nan=True)


def energy_scale(ledger: Ledger) -> float:
    """Return the largest energy of a run."""
    return max(
        float(np.max(np.abs(ledger.instants[name].values), initial=0.0)) for name in ("subsystem_energy", "reservoir_energy")
    ) or float(np.max(np.abs(ledger.cycles.heat.values)))


def assert_same(
    one: Ledger, two: Ledger, rounding: float, *, energy: float = 1.0, names: Mapping[str, str] | None = None
) -> None:
    """Compare all columns; energies of the second are `energy` times those of the first, its parts perhaps named by `names`."""
    names = names or {}
    scale = max(energy_scale(one), 1e-300)
    for kind in ("cycles", "cumulative"):
        first, second = getattr(one, kind), getattr(two, kind)
        assert set(first.data_vars) == set(second.data_vars)
        for name, column in first.data_vars.items():
            if not schema.checks(str(name)):
                _assert_column(column, _aligned(column, second[name], names), rounding, scale, energy, names)


def _aligned(column: xr.DataArray, other: xr.DataArray, names: Mapping[str, str]) -> xr.DataArray:
    """Return the other column with its parts in the order of the first."""
    wanted = {
        str(dim): [_renamed(str(entry), names) for entry in column[dim].values]
        for dim in column.dims
        if dim in ("subsystem", "reservoir", "resource", "counter")
    }
    return other.sel(wanted)


def _renamed(entry: str, names: Mapping[str, str]) -> str:
    kind, opening, inside = entry.partition("[")
    return f"{kind}[{names.get(inside[:-1], inside[:-1])}]" if opening else names.get(entry, entry)


def _assert_column(
    column: xr.DataArray, other: xr.DataArray, rounding: float, scale: float, energy: float, names: Mapping[str, str]
) -> None:
    if column.dtype.kind != "f":
        wanted = [_renamed(str(value), names) for value in column.values.ravel()]
        assert wanted == [str(value) for value in other.values.ravel()], column.name
        return
    unit = str(column.attrs["units"])
    factor = {"energy": energy, "energy/time": energy**2}.get(unit, 1.0)
    allowed = rounding * {"energy": scale, "energy/time": scale**2, "1": _MAGNIFIED}.get(unit, max(1.0, _largest(column)))
    found = other.values / factor
    magnified = np.abs(column.values) if unit == "1" else 0.0
    # np.fmax: what is unknown must be unknown in both
    same = np.isclose(found, column.values, rtol=0.0, atol=allowed * np.fmax(1.0, magnified), equal_nan=True)
    assert np.all(same), f"{column.name}: {column.values} and {found}"


def _largest(column: xr.DataArray) -> float:
    values = np.abs(column.values[np.isfinite(column.values)])
    return float(np.max(values, initial=0.0))
