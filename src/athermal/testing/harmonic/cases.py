"""The Gaussian machines of the conformance suite, with `ByHand` as their slow path."""

from __future__ import annotations

import itertools
from functools import cached_property

import numpy as np

import athermal as at
from athermal.testing.case import Case
from athermal.testing.harmonic.by_hand import ByHand, omega
from athermal.thermodynamics.snapshot import Snapshot

TAU = 2.0 * np.pi


class HarmonicCase(Case):
    """A machine of oscillators, started correlated, displaced and squeezed. States by hand are (mean, covariance, switching)."""

    @cached_property
    def by_hand(self):
        return ByHand(self.machine)

    @cached_property
    def start(self):
        """A thermal product, stirred by a weak random quadratic Hamiltonian."""
        rng = np.random.default_rng(sum(map(ord, self.name)))
        n = self.by_hand.n
        stir = np.zeros((2 * n, 2 * n))
        for _ in range(3):
            k = 0.1 * rng.normal(size=(2 * n, 2 * n))
            stir += 0.5 * (k + k.T) / np.sqrt(n)
        generator = 0.25 * omega(n) @ stir
        # Cayley transform: symplectic for any stir
        u = np.linalg.solve(np.eye(2 * n) - generator, np.eye(2 * n) + generator)
        covariance = u @ self.by_hand.thermal(1.3) @ u.T
        return 0.3 * rng.normal(size=2 * n), 0.5 * (covariance + covariance.T), np.zeros(len(self.machine.reservoirs))

    @property
    def initial(self):
        mean, covariance, _ = self.start
        return at.GaussianMoments(covariance, mean)

    def evolve(self, state, start, stop):
        mean, covariance, work, switching = self.by_hand.evolve(*state[:2], start, stop)
        return (mean, covariance, state[2] + switching), work

    def look(self, state, time):
        mean, covariance, switching = state
        hand, systems, baths = self.by_hand, self.machine.subsystem_names, self.machine.reservoir_names
        return Snapshot(
            np.asarray(time),
            hand.subsystem_energies(mean, covariance, time),
            hand.reservoir_energies(mean, covariance),
            np.array([hand.entropy(covariance, [name]) for name in systems]),
            np.array([hand.entropy(covariance, [name]) for name in baths]),
            np.asarray(hand.entropy(covariance, systems)),
            np.asarray(hand.entropy(covariance, baths)),
            np.asarray(hand.entropy(covariance, (*systems, *baths))),
            {
                "interaction_energy": np.array([hand.energy(name, mean, covariance, time) for name in baths]),
                "switching_work": switching,
                "subsystem_ergotropy": np.array([self._ergotropy([name], mean, covariance, time) for name in systems]),
                "gaussian_ergotropy": np.asarray(self._ergotropy(systems, mean, covariance, time)),
                **({"logarithmic_negativity": np.array(self._negativities(covariance))} if len(systems) > 1 else {}),
            },
        )

    def _rows(self, names):
        modes = [k for name in names for k in self.by_hand.modes[name]]
        return modes + [self.by_hand.n + k for k in modes]

    def _ergotropy(self, names, mean, covariance, time):
        rows, form, force = self._rows(names), 0.0, 0.0
        hand = self.by_hand
        terms = [t for part in self.machine.subsystems if part.name in names for t in hand._oscillator(part)]
        terms += [t for c in self.machine.couplings if set(c.between) <= set(names) for t in hand._coupling(c)]
        for term in terms:
            f = term.factor(time)
            here, pull = (f * term.form).real, (f * term.force).real
            form, force = form + here[np.ix_(rows, rows)], force + pull[rows]
        if np.linalg.eigvalsh(form)[0] <= 0.0:
            return np.nan
        moved, own = mean[rows] + np.linalg.solve(form, force), covariance[np.ix_(rows, rows)]
        least = _symplectic(form)[::-1] @ _symplectic(own)
        return 0.5 * np.sum(form * own) + 0.5 * moved @ form @ moved - least

    def _negativities(self, covariance):
        found = []
        for pair in itertools.combinations(self.machine.subsystem_names, 2):
            rows, flip = self._rows(pair), np.diag([1.0, 1.0, 1.0, -1.0])
            values = _symplectic(flip @ covariance[np.ix_(rows, rows)] @ flip)
            found.append(np.sum(np.maximum(0.0, -np.log(2.0 * values))))
        return found

    def log_partition(self, reservoir):
        """ln Z = -sum ln(2 sinh(w/2T)), the w being the positive eigenvalues of i Omega h."""
        modes = self.by_hand.modes[reservoir]
        rows = modes + [self.by_hand.n + k for k in modes]
        h = self.by_hand.reservoir_forms[reservoir][np.ix_(rows, rows)]
        w = np.linalg.eigvals(1j * omega(len(modes)) @ h).real
        return -np.sum(np.log(2.0 * np.sinh(w[w > 0.0] / (2.0 * self.machine.part(reservoir).temperature))))


def _symplectic(matrix):
    return np.sort(np.abs(np.linalg.eigvals(1j * omega(len(matrix) // 2) @ matrix)))[::2]


class ProductCase(HarmonicCase):
    """A machine whose parts start uncorrelated, one of them squeezed and one displaced."""

    @cached_property
    def start(self):
        hand, n = self.by_hand, self.by_hand.n
        first, last = self.machine.subsystem_names[0], self.machine.subsystem_names[-1]
        k, moved = hand.modes[first][0], hand.modes[last][0]
        squeeze, mean = np.eye(2 * n), np.zeros(2 * n)
        squeeze[k, k], squeeze[n + k, n + k] = np.exp(-0.3), np.exp(0.3)
        mean[moved], mean[n + moved] = 0.7, -0.4
        return mean, squeeze @ hand.thermal(1.3) @ squeeze.T, np.zeros(len(self.machine.reservoirs))

    @property
    def initial(self):
        names = (*self.machine.subsystem_names, *self.machine.reservoir_names)
        squeezed = at.Squeezed(names[0], 0.3, start=at.ProductThermal(dict.fromkeys(names, 1.3)))
        return at.Displaced(self.machine.subsystem_names[-1], 0.7, -0.4, start=squeezed)


def rotating_engine():
    return at.Machine(
        subsystems=[at.Oscillator("a", 2.0), at.Oscillator("b", 1.0)],
        reservoirs=[
            at.ContinuumBath("hot", 1.5, at.densities.FlatBand(0.2, 1.4, 2.6), modes=3),
            at.Bath("cold", 1.0, (0.8, 1.1), (0.15, 0.1)),
        ],
        couplings=[
            at.Exchange(("a", "hot")),
            at.Exchange(("cold", "b")),
            at.Exchange(("a", "b"), at.drives.Rotating(0.15, 1.0, 0.3), share=(0.3, 0.7)),
            at.TwoModeSqueezing(("a", "b"), at.drives.Rotating(0.05, 3.0)),
        ],
        period=TAU,
    )


def quenched_oscillator():
    return at.Machine(
        subsystems=[at.Oscillator("a", at.drives.Strokes((2.0, 3.0), (1.0, 1.6)))],
        reservoirs=[at.Ring("ring", 1.2, 4, 1.1, 0.2), at.Bath("hot", 2.0, (1.5, 1.7), (0.2, 0.1))],
        couplings=[
            at.Position(("a", "ring"), at.drives.Strokes((1.0, 4.0), (0.3, 0.0)), site=2),
            at.Position(("hot", "a"), at.drives.Strokes((2.0, 3.0), (0.0, 0.8)), counter_term=True),
            at.Displacement("a", x_force=at.drives.Strokes((1.0, 4.0), (0.4, -0.2))),
        ],
        period=5.0,
    )


def forced_and_coupled():
    form = np.diag([1.0, 1.4, 0.9, 1.2])
    form[0, 3] = form[3, 0] = 0.2
    form[0, 1] = form[1, 0] = 0.1
    rng = np.random.default_rng(3)
    return at.Machine(
        subsystems=[at.Oscillator("a", 1.0 + 0.3 * at.drives.Harmonic(1.0, 1.0, 0.2)), at.Oscillator("b", 1.3)],
        reservoirs=[at.parts.CoupledBath("mesh", 0.9, form, (0.3, 0.1)), at.Bath("plain", 1.4, (1.0,), (0.2,))],
        couplings=[
            at.QuadraticForm(("mesh", "a"), 0.1 * rng.normal(size=(4, 2)), at.drives.Harmonic(1.0, 2.0, 0.4)),
            at.QuadraticForm(("a",), [[0.1, 0.05], [0.05, -0.1]], at.drives.Harmonic(1.0, 1.0)),
            at.QuadraticForm(("a", "b"), 0.1 * rng.normal(size=(2, 2)), 0.5),
            at.Displacement("a", x_force=at.drives.Harmonic(0.4, 1.0), p_force=0.2),
            at.Position(("b", "plain"), 0.5 + 0.3 * at.drives.Harmonic(1.0, 1.0)),
            at.Exchange(("b", "mesh"), 0.4),
        ],
        period=TAU,
    )


def ramps_and_functions():
    def pulse(t):
        return 0.2 * np.exp(np.cos(t * TAU / 6.0)) - 0.1

    return at.Machine(
        subsystems=[
            at.Oscillator("a", at.drives.Strokes((3.0, 3.0), (1.0, 1.8), ramps=(1.0, 0.5), shape="quintic")),
            at.Oscillator("b", at.drives.Strokes((2.0, 4.0), (0.9, 1.2), ramps=(0.0, 1.5)), law="number"),
        ],
        reservoirs=[at.Chain("chain", 0.8, 3, 1.0, 0.15), at.Bath("hot", 2.5, (1.2, 1.9))],
        couplings=[
            at.Exchange(
                ("a", "hot"),
                at.drives.Strokes((1.5, 1.5), (0.15, 0.0), ramps=0.4, shape="linear"),
                weights=(1.0, -0.5),
                amplitude_frequency=1.8,
            ),
            at.Exchange(("chain", "b"), at.drives.Function(pulse, period=6.0), site=0),
            at.Position(
                ("a", "b"), 0.1 * at.drives.Strokes((3.0, 3.0), (0.0, 1.0)) * at.drives.Harmonic(1.0, TAU / 3.0), share=(0.9, 0.1)
            ),
        ],
        period=6.0,
    )


def static():
    return at.Machine(
        subsystems=[at.Oscillator("a", 1.0, reference_frequency=1.4)],
        reservoirs=[at.Bath("bath", 0.7, (0.9, 1.2, 1.0), (0.2, 0.1, 0.05))],
        couplings=[at.Position(("a", "bath")), at.Displacement("a", x_force=0.5)],
        period=3.0,
    )


CASES = [
    HarmonicCase("rotating engine", rotating_engine()),
    HarmonicCase("quenched oscillator", quenched_oscillator()),
    HarmonicCase("forced and coupled", forced_and_coupled()),
    HarmonicCase("ramps and functions", ramps_and_functions()),
    HarmonicCase("static", static()),
]

# Without forces on the parts, whose Gibbs states would be displaced.
PRODUCTS = [
    ProductCase("rotating engine from a product", rotating_engine()),
    ProductCase("ramps and functions from a product", ramps_and_functions()),
]
