"""A machine as a harmonic-balance problem: baths replaced by what they answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from athermal import _validate
from athermal._types import ComplexArray, FloatArray
from athermal.errors import MachineError
from athermal.limit.joined import check_joined
from athermal.machine.continuum import Continuum, continuum
from athermal.machine.coupling import QuadraticForm
from athermal.machine.hamiltonian import Hamiltonian
from athermal.machine.initial import ProductThermal
from athermal.machine.machine import Machine
from athermal.machine.parts import Bath, ContinuumBath, Oscillator
from athermal.maths.harmonics import Drives, amplitudes, fourier_coefficients, fourier_rule
from athermal.maths.symplectic import mode_indices


@dataclass(frozen=True)
class Problem:
    """The few driven modes of a machine, and its continuous baths.

    Each bath stands in the Hamiltonian as one mode of unit coupling and of the bath's own softness, integral G(w)/w dw: so
    counter-terms, and whether the whole is bounded below, are those of the continuum.
    """

    machine: Machine
    reduced: Machine
    baths: tuple[Continuum, ...]

    @property
    def n_modes(self) -> int:
        """The number of subsystems."""
        return len(self.machine.subsystems)

    @property
    def hamiltonian(self) -> Hamiltonian:
        """That of the machine with each bath as one mode."""
        return Hamiltonian.of(self.reduced)

    @cached_property
    def transform(self) -> ComplexArray:
        """U of r = U y."""
        return amplitudes(self.n_modes)

    @cached_property
    def jumps(self) -> FloatArray:
        """The times in a period at which a coupling or a frequency jumps: there harmonics fall off only as powers of 1/m."""
        hamiltonian = self.hamiltonian
        times = np.array(hamiltonian.breakpoints)
        if not len(times):
            return times
        steps = hamiltonian.coupling(times)[0] - hamiltonian.coupling(times, "left")[0]
        return np.asarray(times[np.any(steps != 0.0, axis=(1, 2))])

    def drives(self, n_harmonics: int) -> Drives:
        """Return the Fourier coefficients of all that is driven, up to twice the number of harmonics that are kept."""
        hamiltonian, period = self.hamiltonian, self.machine.period
        reach = 2 * n_harmonics
        times, weights = fourier_rule(period, hamiltonian.breakpoints, reach)
        values = fourier_coefficients(hamiltonian.coupling(times)[0], times, weights, period, reach)
        rates = fourier_coefficients(hamiltonian.slope(times)[0], times, weights, period, reach)
        if hamiltonian.breakpoints:
            jumps = np.array(hamiltonian.breakpoints)
            steps = hamiltonian.coupling(jumps)[0] - hamiltonian.coupling(jumps, "left")[0]
            rates = rates + fourier_coefficients(steps, jumps, np.full(len(jumps), 1.0 / period), period, reach)
        form, contacts = self.in_amplitudes(values)
        form_rate, contact_rates = self.in_amplitudes(rates)
        return Drives(form, contacts, form_rate, contact_rates)

    def forces_at(self, times: FloatArray) -> ComplexArray:
        """Return the forces (T, 2N) on the amplitudes."""
        values = self.hamiltonian.coupling(times)[1]
        return np.asarray(values @ self._system_rows().T @ self.transform.conj())

    def in_amplitudes(self, forms: FloatArray | ComplexArray) -> tuple[ComplexArray, tuple[ComplexArray, ...]]:
        """Return U^dag h U and U^dag C_j U_1 of forms (..., d, d) of the touched quadratures."""
        system, left = self._system_rows(), self.transform.conj().T
        blocks = []
        for name in self.machine.reservoir_names:
            rows = self._rows(name)
            blocks.append(left @ (system @ forms @ rows.T) @ amplitudes(1))
        return left @ (system @ forms @ system.T) @ self.transform, tuple(blocks)

    def _system_rows(self) -> FloatArray:
        hamiltonian = self.hamiltonian
        return hamiltonian.basis[mode_indices(np.arange(self.n_modes), hamiltonian.n_modes)]

    def _rows(self, name: str) -> FloatArray:
        hamiltonian = self.hamiltonian
        return hamiltonian.basis[mode_indices(hamiltonian.part_modes[name], hamiltonian.n_modes)]


def pose(machine: Machine, owner: str) -> Problem:
    """Return the problem of a machine, or raise `MachineError` if it has no limit cycle that can be found here."""
    if not isinstance(machine, Machine):
        raise MachineError(f"`machine` of {owner} must be a Machine, but is {_validate.shown(machine)}.")
    if other := [part for part in machine.subsystems if not isinstance(part, Oscillator)]:
        raise MachineError(
            f"`machine` of {owner} must be of oscillators, but {other[0].name!r} is a {type(other[0]).__name__}. Run it for many "
            "cycles instead."
        )
    baths = []
    for reservoir in machine.reservoirs:
        if not isinstance(reservoir, ContinuumBath):
            raise MachineError(
                f"Every reservoir of a machine with a limit cycle must be a ContinuumBath, but {reservoir.name!r} is a "
                f"{type(reservoir).__name__}: a finite reservoir never forgets. Give its spectral density, or run the machine."
            )
        baths.append(continuum(reservoir))
    _check_couplings(machine)
    check_joined(machine)
    proxies = [Bath(bath.name, bath.temperature, (1.0 / bath.softness,), (1.0,)) for bath in baths]
    reduced = replace(machine, reservoirs=tuple(proxies), initial=ProductThermal())
    return Problem(machine, reduced, tuple(baths))


def _check_couplings(machine: Machine) -> None:
    for coupling in machine.couplings:
        among = [name for name in coupling.between if name in machine.reservoir_names]
        if not among:
            continue
        if isinstance(coupling, QuadraticForm):
            raise MachineError(
                f"{coupling.owner} must be an Exchange, TwoModeSqueezing or Position coupling for a limit cycle: a matrix names "
                f"single modes of {among[0]!r}, and a continuum has none."
            )
        if getattr(coupling, "site", None) is not None or getattr(coupling, "weights", None) is not None:
            raise MachineError(
                f"`site` and `weights` of {coupling.owner} must be left out for a limit cycle: they name single modes of "
                f"{among[0]!r}, and a continuum has none. Put them into its spectral density."
            )
