"""The machines of finite parts of the conformance suite, with `OperatorsByHand` as their slow path."""

from __future__ import annotations

import math
from functools import cached_property

import numpy as np
import qutip
from scipy.special import xlogy

import athermal as at
from athermal.testing.case import Case
from athermal.testing.finite.by_hand import OperatorsByHand, expectation
from athermal.thermodynamics.snapshot import Snapshot

TAU = 2.0 * np.pi


class FiniteCase(Case):
    """A machine of finite parts, started from a random correlated state of full rank. States by hand are (rho, counts, switching)."""

    @cached_property
    def by_hand(self):
        return OperatorsByHand(self.machine)

    @cached_property
    def start(self):
        """A mixture of thermal baths with a random pure state of the subsystems, and of a random state of all: of full rank."""
        rng = np.random.default_rng(sum(map(ord, self.name)))
        hand, d = self.by_hand, math.prod(self.by_hand.sizes)
        baths = np.ones((1, 1))
        for bath in self.machine.reservoirs:
            energies, vectors = np.linalg.eigh(hand.own([bath.name], 0.0))
            weights = np.exp(-(energies - energies[0]) / bath.temperature)
            baths = np.kron(baths, (vectors * weights / weights.sum()) @ vectors.conj().T)
        pure = rng.normal(size=d // len(baths)) + 1j * rng.normal(size=d // len(baths))
        mix = rng.normal(size=(d, d)) + 1j * rng.normal(size=(d, d))
        mix = mix @ mix.conj().T
        product = np.kron(np.outer(pure, pure.conj()), baths) / np.linalg.norm(pure) ** 2
        return (
            0.7 * product + 0.3 * mix / np.trace(mix).real,
            np.zeros(len(self.machine.counters)),
            np.zeros(len(self.machine.reservoirs)),
        )

    @property
    def initial(self):
        return at.GivenState(self.start[0])

    def evolve(self, state, start, stop):
        rho, counts, work, switching = self.by_hand.evolve(*state[:2], start, stop)
        return (rho, counts, state[2] + switching), work

    def log_partition(self, reservoir):
        hand = self.by_hand
        energies = np.linalg.eigvalsh(hand.own([reservoir], 0.0))
        return np.log(np.sum(np.exp(-energies / self.machine.part(reservoir).temperature)))

    def look(self, state, time):
        rho, counts, switching = state
        hand, systems, baths = self.by_hand, self.machine.subsystem_names, self.machine.reservoir_names
        energies = dict.fromkeys(systems, 0.0)
        for term in hand.terms:
            for name, share in term.owner.items():
                energies[name] += share * expectation(term.at(time), rho)
        return Snapshot(
            np.asarray(time),
            np.array([energies[name] for name in systems]),
            np.array([expectation(hand.reservoir_matrices[name], rho) for name in baths]),
            np.array([entropy(hand.reduce(rho, [name])) for name in systems]),
            np.array([entropy(hand.reduce(rho, [name])) for name in baths]),
            np.asarray(entropy(hand.reduce(rho, systems))),
            np.asarray(entropy(hand.reduce(rho, baths))),
            np.asarray(entropy(rho)),
            {
                "interaction_energy": np.array([sum(expectation(t.at(time), rho) for t in hand.coupled(name)) for name in baths]),
                "switching_work": switching,
            }
            | self._extras(rho, counts, time),
        )

    def _extras(self, rho, counts, time):
        hand, systems, baths = self.by_hand, self.machine.subsystem_names, self.machine.reservoir_names
        extras = {"counts": counts} if len(counts) else {}
        extras["ergotropy"] = ergotropy(hand.reduce(rho, systems), hand.own(systems, time))
        each = [ergotropy(hand.reduce(rho, [name]), hand.own([name], time)) for name in systems]
        extras["subsystem_ergotropy"] = np.array(each)
        if len(systems) == 2:
            sizes = hand.sizes[:2]
            pair = qutip.Qobj(hand.reduce(rho, systems), dims=[sizes, sizes])
            extras["negativity"] = -sum(e for e in qutip.partial_transpose(pair, [0, 1]).eigenenergies() if e < 0.0)
            if sizes == [2, 2]:
                extras["concurrence"] = qutip.concurrence(pair)
        tops = []
        for k, (name, _) in enumerate(hand.factors):
            if isinstance(self.machine.part(name), (at.TruncatedOscillator, at.TruncatedBath)):
                one = qutip.Qobj(rho, dims=[hand.sizes, hand.sizes]).ptrace(k).full()
                tops.append(one[-1, -1].real)
        if tops:
            extras["top_level_population"] = max(tops)
        dephased = self._dephased(rho, time)
        split = {"mutual_information": [systems, baths], "system_correlation": [[s] for s in systems]}
        split["reservoir_correlation"] = [[b] for b in baths]
        for name, groups in split.items():
            together = [part for group in groups for part in group]
            one, two = (
                sum(entropy(hand.reduce(r, g)) for g in groups) - entropy(hand.reduce(r, together)) for r in (rho, dephased)
            )
            extras[f"{name}_coherence"] = one - two
        return {name: np.asarray(value) for name, value in extras.items()}

    def _dephased(self, rho, time):
        """Return the state after every part has been measured in its own energy, the result forgotten."""
        for part in self.machine.parts:
            energies, vectors = np.linalg.eigh(self.by_hand.own([part.name], time))
            size, total = len(energies), 0.0
            before = math.prod(len(self.by_hand.own([p.name], time)) for p in self._before(part))
            after = len(rho) // before // size
            for energy in np.unique(np.round(energies, 8)):
                kept = vectors[:, np.abs(energies - energy) < 1e-7]
                projector = np.kron(np.kron(np.eye(before), kept @ kept.conj().T), np.eye(after))
                total = total + projector @ rho @ projector
            rho = total
        return rho

    def _before(self, part):
        return self.machine.parts[: self.machine.parts.index(part)]


def entropy(rho):
    values = np.linalg.eigvalsh(rho)
    return float(-np.sum(xlogy(values, np.maximum(values, 0.0))))


def ergotropy(rho, hamiltonian):
    return expectation(hamiltonian, rho) - float(np.sort(np.linalg.eigvalsh(rho))[::-1] @ np.linalg.eigvalsh(hamiltonian))


def spin_engine():
    return at.Machine(
        subsystems=[at.Qubit("a", 2.0), at.Qubit("b", 1.0)],
        reservoirs=[at.SpinBath("hot", 1.5, (1.9, 2.2), (0.3, 0.2)), at.SpinBath("cold", 0.6, (1.0,))],
        couplings=[
            at.Exchange(("a", "hot")),
            at.Exchange(("cold", "b"), 0.25),
            at.Exchange(("a", "b"), at.drives.Rotating(0.4, 1.0, 0.3), share=(0.3, 0.7)),
            at.TwoModeSqueezing(("b", "a"), at.drives.Rotating(0.1, 3.0)),
        ],
        period=TAU,
        counters=[
            at.Counter(
                "quanta", [at.OperatorCoupling(("a", "b"), ("sigmam", "sigmap"), at.drives.Rotating(0.4, 1.0, 1.9), True)]
            ),
            at.Counter("excited", [at.OperatorCoupling(("a",), "sigmaz", 0.5), at.OperatorCoupling(("a",), "identity", 0.5)]),
        ],
    )


def quenched_qubit():
    return at.Machine(
        subsystems=[at.Qubit("a", at.drives.Strokes((2.0, 3.0), (1.0, -1.6)))],
        reservoirs=[at.SpinBath("hot", 2.0, (1.0, 1.3), (0.4, 0.3)), at.SpinBath("cold", 0.5, (1.4,), (0.2,))],
        couplings=[
            at.OperatorCoupling(("a", "hot"), ("sigmax", "sigmay"), at.drives.Strokes((1.0, 4.0), (0.3, 0.0)), site=1),
            at.OperatorCoupling(("hot", "a"), ("sigmap", "|1><0|"), 0.2, plus_conjugate=True, weights=(1.0, -0.5)),
            at.Exchange(("a", "cold"), at.drives.Strokes((2.0, 3.0), (0.0, 1.5))),
            at.OperatorCoupling("a", "sigmax", at.drives.Strokes((1.0, 4.0), (0.4, -0.2))),
        ],
        period=5.0,
        counters=[at.Counter("in time", [at.OperatorCoupling("a", "sigmay", at.drives.Strokes((1.5, 3.5), (1.0, 0.5)))])],
    )


def interacting_bath():
    rng = np.random.default_rng(5)

    def hermitian(*sizes):
        size = math.prod(sizes)
        m = rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size))
        return qutip.Qobj(0.5 * (m + m.conj().T) / np.sqrt(size), dims=[list(sizes)] * 2)

    spins = hermitian(2, 2)
    return at.Machine(
        subsystems=[at.Qudit("maser", qutip.Qobj(np.diag([0.0, 1.0, 2.5])) + 0.2 * hermitian(3)), at.Qubit("b", 0.8)],
        reservoirs=[at.FiniteBath("web", 0.9, hermitian(4)), at.SpinBath("plain", 1.4, (1.0, 0.7))],
        couplings=[
            at.OperatorCoupling(("maser", "web"), (hermitian(3), hermitian(4)), at.drives.Harmonic(0.5, 1.0, 0.4)),
            at.OperatorCoupling(("plain", "b"), (spins, "sigmax"), 0.3),
            at.OperatorCoupling(("b", "plain"), ("sigmaz", "sigmaz"), at.drives.Harmonic(0.2, 2.0)),
            at.OperatorCoupling(
                "maser", qutip.Qobj(rng.normal(size=(3, 3))), at.drives.Rotating(0.3, 2.0, 0.5), plus_conjugate=True
            ),
            at.OperatorCoupling(("b", "maser"), ("sigmam", "|2><0|"), at.drives.Rotating(0.3, -1.0), True, share=(0.8, 0.2)),
            at.OperatorCoupling(("maser", "b"), ("|1><1|", hermitian(2)), 0.3, share=(-0.5, 1.5)),
        ],
        period=TAU,
    )


def anharmonic_trap():
    def pulse(t):
        return 0.2 * np.exp(np.cos(t * TAU / 6.0)) + 0.7

    kerr = qutip.num(4) ** 2 - qutip.num(4)
    return at.Machine(
        subsystems=[
            at.TruncatedOscillator("trap", at.drives.Function(pulse, period=6.0), 4, reference_frequency=1.1),
            at.TruncatedOscillator("b", 1.0 + 0.3 * at.drives.Harmonic(1.0, TAU / 6.0, 0.2), 3, law="number"),
        ],
        reservoirs=[at.TruncatedBath("bath", 0.5, (0.9, 1.3), (0.3, 0.2), levels=2)],
        couplings=[
            at.Position(("trap", "bath"), at.drives.Strokes((3.0, 3.0), (0.4, 1.0), ramps=(1.0, 0.5), shape="quintic")),
            at.OperatorCoupling("trap", kerr, 0.1),
            at.Position(("trap", "b"), 0.2, share=(0.9, 0.1)),
            at.Exchange(("b", "bath"), at.drives.Strokes((2.0, 4.0), (0.3, 0.0), ramps=0.4, shape="linear"), site=1),
            at.OperatorCoupling(("b", "bath"), ("momentum", "num"), 0.1, weights=(0.5, 1.0)),
        ],
        period=6.0,
    )


def breathing_trap():
    """The law "potential" without a reference frequency, the frequency jumping; a static pair of mixed kinds."""
    return at.Machine(
        subsystems=[at.TruncatedOscillator("trap", at.drives.Strokes((1.0, 2.0), (1.0, 1.7)), 5), at.Qubit("atom", 1.1)],
        reservoirs=[at.TruncatedBath("bath", 0.7, (1.2,), (0.3,), levels=3)],
        couplings=[
            at.Position(("bath", "trap"), 0.8),
            at.Exchange(("atom", "trap"), 0.2),
            at.Position(("trap", "bath"), at.drives.Strokes((2.0, 1.0), (0.1, -0.2)), counter_term=False, site=0),
        ],
        period=3.0,
    )


def static():
    return at.Machine(
        subsystems=[at.Qudit("three", [0.0, 0.7, 0.7])],
        reservoirs=[at.SpinBath("bath", 0.7, (0.9, 0.9, 1.2), (0.2, 0.1, 0.05))],
        couplings=[at.OperatorCoupling(("three", "bath"), ("|0><2|", "sigmap"), plus_conjugate=True)],
        period=3.0,
        counters=[at.Counter("dark", [at.OperatorCoupling("three", "|1><1|")])],
    )


CASES = [
    FiniteCase(make.__name__.replace("_", " "), make())
    for make in (spin_engine, quenched_qubit, interacting_bath, anharmonic_trap, breathing_trap, static)
]
