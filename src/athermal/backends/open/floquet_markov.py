"""The Floquet-Markov master equation of a periodically driven machine between continuous baths."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import ClassVar, Literal

import numpy as np

from athermal import _validate
from athermal._types import ComplexArray, FloatArray
from athermal.backends.finite.memory import GIB, Held, check_memory
from athermal.backends.open.backend import OpenBackend
from athermal.backends.open.floquet_rates import FloquetRates
from athermal.backends.open.integrator import Integrator
from athermal.backends.open.master_equation import MarkovianSolver
from athermal.backends.open.solver import TELLS, OpenState
from athermal.machine.machine import Machine
from athermal.machine.open_system import OpenSystem
from athermal.machine.parts.finite import check_levels
from athermal.maths.block_exponential import BlockExponential, Blocks
from athermal.maths.driven_sum import DrivenSum
from athermal.maths.superoperator import stacked, unstacked
from athermal.maths.unitary import driven_map, taylor_steps
from athermal.thermodynamics.tells import Tells

Heat = Literal["quanta", "dissipator"]
HEATS = ("quanta", "dissipator")
# Superoperators of the size of the whole that are held at once, for each bath.
_MATRICES = 6
# Relaxation in the stretch of one Gauss rule, in units of its largest rate.
_RELAXATION = 4.0
# The secular approximation is called into question from here on.
_DOUBTFUL = 0.2
_WITHOUT_JUMPS = (
    "Heat and work are those of the energy of the moment, without the work that the drive does in the jumps: the baths receive "
    'the column `bath_quanta`. The default `heat = "quanta"` has both.'
)
# Gauss rules and exponentials are exact to rounding.
_EXACT = Integrator("vern9", 1e-12)


@dataclass(frozen=True)
class Stretch:
    """A part of the period as a linear map, the same in every cycle.

    Parameters
    ----------
    first, last : (d, d) array
        The frame's basis at its ends, in columns.
    generator : BlockExponential
    exponential : list of arrays
        e^{L t} over the stretch.
    sums : (s, d^2) array
        Rows: what each sum grows by, from the state at the start of the stretch in its frame.
    """

    first: ComplexArray
    last: ComplexArray
    generator: BlockExponential
    exponential: Blocks
    sums: ComplexArray

    def run(
        self, vector: ComplexArray, sums: FloatArray, start: float, stop: float, integrator: Integrator
    ) -> tuple[ComplexArray, FloatArray]:
        """Return the state and the sums at the end."""
        inside = stacked(self.first.conj().T @ unstacked(vector) @ self.first)
        after = unstacked(self.generator.columns(self.exponential, inside))
        return stacked(self.last @ after @ self.last.conj().T), sums + np.real(self.sums @ inside)

    def size(self) -> float:
        """Return how many bytes it takes."""
        return float(sum(block.nbytes for block in self.exponential) + self.sums.nbytes + 2 * self.last.nbytes)


class FloquetMarkovSolver(MarkovianSolver):
    """The master equation in the frame that turns with the Floquet modes, where its generator is constant.

    The state is held in the laboratory frame. Each stretch of the period is one exponential of the generator, and the sums are
    integrals over it by Gauss rules that resolve H(t), the same in every cycle.
    """

    def __init__(self, system: OpenSystem, options: FloquetMarkov) -> None:
        super().__init__(system, _EXACT, "FloquetMarkov()")
        self.heat = options.heat
        self.rates = FloquetRates(system, options.harmonics, options.tolerance, options.grouping, options.owner)
        self._stretches: Held[Stretch] = Held(Stretch.size, options.max_memory * GIB)
        self._frames: dict[float, ComplexArray] = {0.0: self.rates.modes.start}

    @property
    def remedy(self) -> str:
        return (
            super().remedy if self.heat == "quanta" else 'Use heat="quanta", which has the work that the drive does in the jumps.'
        )

    @cached_property
    def generator(self) -> BlockExponential:
        """L in the frame."""
        return BlockExponential(self.rates.generator)

    def flow(self, start: float, stop: float) -> Stretch:
        phase, key = self.system.phase_of(start, stop)
        return self._stretches.get(key, lambda: self._stretch(phase, phase + stop - start))

    def _frame(self, phase: float) -> ComplexArray:
        """Return U(t) F e^{i delta t}, the frame's basis, at a phase of the period."""
        key = round(phase / self.machine.period, 10)
        if key not in self._frames:
            edges, _ = self.system.edges(0.0, phase)
            basis = self.rates.modes.start
            for low, high in itertools.pairwise(edges):
                basis = driven_map(self.hamiltonian.whole, (), low, high)[0] @ basis
            self._frames[key] = basis * np.exp(1j * self.rates.shift * phase)
        return self._frames[key]

    def _stretch(self, start: float, stop: float) -> Stretch:
        first = basis = self._frame(start)
        sums = np.zeros((self.n_sums, self.system.dimension**2), dtype=complex)
        parts: list[tuple[Blocks, ComplexArray]] = []
        n_pieces = max(1, int(np.ceil(self.rates.fastest * (stop - start) / _RELAXATION)))
        pieces = np.linspace(start, stop, n_pieces + 1)
        for low, high in itertools.pairwise(pieces):
            found, basis = self._rows(basis, low, high)
            parts.extend(found)
        for step, rows in reversed(parts):
            sums = rows + self.generator.rows(sums, step)
        if stop < self.machine.period:
            self._frames[round(stop / self.machine.period, 10)] = basis
        return Stretch(first, basis, self.generator, self.generator.at(stop - start), sums)

    def _rows(self, basis: ComplexArray, start: float, stop: float) -> tuple[list[tuple[Blocks, ComplexArray]], ComplexArray]:
        """Return e^{Lt} of each step with the rows of its sums, and the basis at the end."""
        hamiltonian, shift = self.hamiltonian, self.rates.shift
        nodes: list[Blocks] = []
        found: list[tuple[Blocks, ComplexArray]] = []
        (slope,) = hamiltonian.slopes(start, stop)
        resolved = (hamiltonian.whole,) if slope is None else (hamiltonian.whole, slope)
        steps = taylor_steps(hamiltonian.whole, basis, start, stop, resolved)
        before, end = start, basis
        for times, weights, inside, after in steps:
            duration = float(np.sum(weights))
            if not nodes:  # steps are equally long
                nodes, whole = [self.generator.at(time - before) for time in times], self.generator.at(duration)
            turned = np.exp(1j * np.outer(times - start, shift))
            rows = np.zeros((self.n_sums, self.system.dimension**2), dtype=complex)
            for weight, at, time, states in zip(weights, nodes, times, inside * turned[:, None, :], strict=True):
                rows += weight * self.generator.rows(self._currents(time, states, slope), at)
            before += duration
            end = after * np.exp(1j * shift * (before - start))
            found.append((whole, rows))
        return found, end

    def _currents(self, time: float, basis: ComplexArray, slope: DrivenSum | None) -> ComplexArray:
        """Return the rows of what each sum grows by per unit time: work, heats, nothing for the contacts, quanta."""
        energy = (basis.conj().T @ (self.hamiltonian.whole.at(time) @ basis)).ravel()
        power = np.zeros_like(energy) if slope is None else (basis.conj().T @ (slope.at(time) @ basis)).ravel()
        heats = np.array([-(dissipator.T @ energy) for dissipator in self.rates.dissipators]).reshape(-1, len(energy))
        quanta = self.rates.quanta
        if self.heat == "quanta":  # what a bath receives beyond what the subsystems lose, the drive gives in the jump
            power, heats = power + np.sum(quanta - heats, axis=0), quanta
        return np.concatenate([power[None, :], heats, np.zeros_like(heats), quanta])

    def accuracy(self, state: OpenState) -> dict[str, float]:
        return {
            "harmonics": float(self.rates.harmonics),
            "left_out": self.rates.left_out,
            "neglected": self.rates.neglected,
            "lowest_eigenvalue": state.lowest_eigenvalue,
        }

    def remarks(self, state: OpenState) -> tuple[str, ...]:
        found = list(super().remarks(state))
        if self.heat == "dissipator":
            found.append(_WITHOUT_JUMPS)
        if self.rates.neglected > _DOUBTFUL:
            found.append(
                f"The secular approximation of {self.name} neglects terms that turn only {1.0 / self.rates.neglected:.2g} times "
                "as fast as they act. Weaken the coupling to the baths, or raise `grouping` to take close frequencies as one."
            )
        return tuple(found)


@dataclass(frozen=True)
class FloquetMarkov(OpenBackend):
    """The master equation of weak coupling for a periodic drive of any strength: jumps between Floquet modes.

    With the Floquet modes |phi_a(t)> and quasi-energies eps_a of H_S(t), and Omega = 2 pi/tau, the contact of bath j acts as
    <phi_a(t)|f_j(t) X_j|phi_b(t)> = sum_k X_jkab e^{i k Omega t}, and

        drho/dt = -i [H_S(t), rho] + sum_j D_j(t) rho,
        D_j(t) rho = sum_w S_j(w) (X_j(w, t) rho X_j(w, t)^dag - {X_j(w, t)^dag X_j(w, t), rho}/2),
        X_j(w, t) = sum of X_jkab e^{i k Omega t} |phi_a(t)><phi_b(t)| over eps_b - eps_a - k Omega = w,

    with S_j as for `Lindblad`. M. Grifoni and P. Hanggi, Phys. Rep. 304, 229 (1998), section 9. For a constant machine it is
    `Lindblad(approach="global")`. Secular: rates are averages over many periods, so a contact that is off for a part of the
    period relaxes the machine in that part too. Lamb shifts and counter-terms, which cancel to this order, are left out.

    A jump gives bath j a quantum w and takes another energy, a change of <H_S(t)>, from the machine: the drive does the rest,
    even where the machine's state does not change over a cycle. The heat is the energy of these quanta (column `bath_quanta`),

        dB_j/dt = sum_w S_j(w) w Tr(X_j(w, t)^dag X_j(w, t) rho),
        dW/dt = <dH_S/dt> + sum_j (Tr(H_S D_j(t) rho) + dB_j/dt),

    as K. Szczygielski, D. Gelbwaser-Klimovsky and R. Alicki, Phys. Rev. E 87, 012120 (2013), and always obeys
    dS(rho_S) + sum_j B_j/T_j >= 0: G. B. Cuetara, A. Engel and M. Esposito, New J. Phys. 17, 055002 (2015). Heat by the
    dissipator with the energy of the moment, -Tr(H_S(t) D_j(t) rho), with W = integral of <dH_S/dt>, leaves the work in the jumps
    out. Work and the sum of the heats then vanish in every limit cycle without coherences, and the second law may break.

    Parameters
    ----------
    heat : {"quanta", "dissipator"}
        What goes into the ledger.
    levels : int, optional
        For oscillators treated as Gaussian: the levels to which each is cut.
    harmonics : int, optional
        Fourier components k = -K..K that are kept; if left out, doubled until `tolerance` is met.
    tolerance : float
        What the other components may add to the rates, relative to the fastest. A contact that is switched suddenly has many.
    grouping : float
        Transitions whose frequencies differ by no more count as one, in units of the widest spread of the levels of H_S over the
        period: raise it above the rates for close levels.
    max_memory : float
        GiB that a run may need, by an estimate made before anything is allocated.

    Examples
    --------
    >>> FloquetMarkov(harmonics=8).harmonics
    8
    """

    tells: ClassVar[Tells] = replace(TELLS, extras=TELLS.extras | {"second_law_deficit", "bath_quanta"})

    heat: Heat = "quanta"
    levels: int | None = None
    harmonics: int | None = None
    tolerance: float = 1e-8
    grouping: float = 1e-9
    max_memory: float = 8.0
    kind: Literal["floquet_markov"] = field(default="floquet_markov", repr=False)

    def __post_init__(self) -> None:
        _validate.choice(self.heat, "heat", self.owner, HEATS)
        if self.levels is not None:
            check_levels(self.levels, self.owner)
        if self.harmonics is not None:
            _validate.count(self.harmonics, "harmonics", self.owner, least=0)
        _validate.fraction(self.tolerance, "tolerance", self.owner, most=1e-3)
        _validate.not_negative(self.grouping, "grouping", self.owner)
        _validate.positive(self.max_memory, "max_memory", self.owner)

    def bind(self, machine: Machine) -> FloquetMarkovSolver:
        """Return a solver for this machine, or raise `MachineError` if the backend cannot hold it."""
        system = self.system(machine)
        what, remedy = "A master equation of this machine", "Use fewer levels or parts"
        check_memory(what, system.dimension, 16.0 * _MATRICES * max(1, len(system.contacts)), 4, self.max_memory, remedy)
        return FloquetMarkovSolver(system, self)
