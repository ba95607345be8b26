"""A slow, plain path from a machine of finite parts to its work and heat: dense matrices of the whole, one for each term.

Everything is in the user's basis: subsystems first, then the reservoirs, a bath site by site. The dynamics is one ordinary
differential equation for the density matrix, the work and the counters together, solved by SciPy between the breakpoints.
Independent of `athermal.maths` and of `athermal.machine.tensor_hamiltonian`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import qutip
import scipy.integrate

import athermal as at
from athermal.machine.drive import breakpoints_within


def at_time(drive, t, side="right"):
    return complex(np.asarray(drive.value(np.array([t]), side))[0])


def rate_of(drive, t):
    return complex(np.asarray(drive.derivative(np.array([t])))[0])


@dataclass(frozen=True)
class HandTerm:
    """f(t) K, f(t) K + h.c. or f(t)^2 K; `owner` maps subsystems to their share of its energy."""

    parts: tuple
    drive: object
    matrix: np.ndarray
    owner: dict
    law: str = "plain"

    def at(self, t, side="right"):
        f = at_time(self.drive, t, side)
        return self._sum(f**2 if self.law == "squared" else f)

    def slope(self, t):
        f, rate = at_time(self.drive, t), rate_of(self.drive, t)
        return self._sum(2.0 * f * rate if self.law == "squared" else rate)

    def _sum(self, amount):
        product = amount * self.matrix
        return product + product.conj().T if self.law == "plus conjugate" else product


def oscillator(levels):
    """Return the operators of an oscillator cut to some levels: products are made before the cut."""
    a = qutip.destroy(levels + 4)
    x, p = (a + a.dag()) / np.sqrt(2.0), (a - a.dag()) / (1j * np.sqrt(2.0))
    known = {
        "destroy": a,
        "create": a.dag(),
        "num": a.dag() * a,
        "position": x,
        "momentum": p,
        "identity": qutip.qeye(levels + 4),
    }
    known |= {"position_squared": x * x, "momentum_squared": p * p}
    return {name: operator.full()[:levels, :levels] for name, operator in known.items()}


def spin():
    known = {"sigmax": qutip.sigmax(), "sigmay": qutip.sigmay(), "sigmaz": qutip.sigmaz(), "identity": qutip.qeye(2)}
    known |= {"sigmap": qutip.basis(2, 0) * qutip.basis(2, 1).dag(), "sigmam": qutip.basis(2, 1) * qutip.basis(2, 0).dag()}
    return {name: operator.full() for name, operator in known.items()}


def transition(name, size):
    j, k = (int(digit) for digit in name.strip("|<>").split("><"))
    return (qutip.basis(size, j) * qutip.basis(size, k).dag()).full()


class OperatorsByHand:
    """The Hamiltonian of a machine, term by term, on the whole."""

    def __init__(self, machine):
        self.machine = machine
        self.factors = [(part.name, site) for part in machine.parts for site in range(self.sites(part))]
        self.sizes = [self.site_size(machine.part(name)) for name, _ in self.factors]
        self.reservoir_matrices = {r.name: self._reservoir(r) for r in machine.reservoirs}
        self.terms = [t for s in machine.subsystems for t in self._subsystem(s)]
        self.terms += [t for c in machine.couplings for t in self._coupling(c)]
        self.counters = [[t for c in counter.terms for t in self._coupling(c)] for counter in machine.counters]

    # --- operators of the whole ------------------------------------------------------------------------------------------

    @staticmethod
    def sites(part):
        if isinstance(part, at.SpinBath):
            return len(part.spin_frequencies)
        return len(part.mode_frequencies) if isinstance(part, at.TruncatedBath) else 1

    @staticmethod
    def site_size(part):
        if isinstance(part, (at.Qubit, at.SpinBath)):
            return 2
        return part.levels if isinstance(part, (at.TruncatedOscillator, at.TruncatedBath)) else part.hamiltonian.dimension

    def known(self, part):
        """The standard operators of a part, or of a site of a bath."""
        if isinstance(part, (at.Qubit, at.SpinBath)):
            return spin()
        if isinstance(part, (at.TruncatedOscillator, at.TruncatedBath)):
            return oscillator(part.levels)
        return {"identity": np.eye(part.hamiltonian.dimension)}

    def place(self, matrix, name, site=None):
        """Return an operator of one part, or of one site, on the whole."""
        own = [k for k, factor in enumerate(self.factors) if factor[0] == name and site in (None, factor[1])]
        before, after = math.prod(self.sizes[: own[0]]), math.prod(self.sizes[own[-1] + 1 :])
        return np.kron(np.kron(np.eye(before), matrix), np.eye(after))

    def operator(self, operator, name, coupling):
        """Return an operator of a part as a coupling sees it."""
        part = self.machine.part(name)
        if not isinstance(operator, str):
            return self.place(operator.matrix.toarray(), name)
        size = self.site_size(part)
        matrix = transition(operator, size) if operator.startswith("|") else self.known(part)[operator]
        if not isinstance(part, (at.SpinBath, at.TruncatedBath)):
            return self.place(matrix, name)
        weights = part.spin_couplings if isinstance(part, at.SpinBath) else part.mode_couplings
        weights = (1.0,) * self.sites(part) if weights is None else weights
        weights = weights if coupling.weights is None else coupling.weights
        if coupling.site is not None:
            return self.place(matrix, name, coupling.site)
        return sum(g * self.place(matrix, name, k) for k, g in enumerate(weights))

    # --- terms -----------------------------------------------------------------------------------------------------------

    def _reservoir(self, part):
        if isinstance(part, at.FiniteBath):
            return self.operator(part.hamiltonian, part.name, None)
        if isinstance(part, at.SpinBath):
            return sum(w * self.place(0.5 * spin()["sigmaz"], part.name, k) for k, w in enumerate(part.spin_frequencies))
        quanta = np.diag(np.arange(part.levels) + 0.5)
        return sum(w * self.place(quanta, part.name, k) for k, w in enumerate(part.mode_frequencies))

    def _subsystem(self, part):
        parts, owner, known = (part.name,), {part.name: 1.0}, self.known(part)
        if isinstance(part, at.Qubit):
            return [HandTerm(parts, part.frequency, self.place(0.5 * known["sigmaz"], part.name), owner)]
        if isinstance(part, at.Qudit):
            return [HandTerm(parts, at.drives.Constant(1.0), self.operator(part.hamiltonian, part.name, None), owner)]
        if part.law == "number":
            return [HandTerm(parts, part.frequency, self.place(known["num"] + 0.5 * known["identity"], part.name), owner)]
        w0 = part.reference_frequency or at_time(part.frequency, 0.0).real
        xx, pp = (self.place(0.5 * known[f"{key}_squared"], part.name) for key in ("position", "momentum"))
        return [HandTerm(parts, part.frequency, xx / w0, owner, "squared"), HandTerm(parts, at.drives.Constant(w0), pp, owner)]

    def _coupling(self, c):
        inside = [name for name in c.between if name in self.machine.subsystem_names]
        owner = {inside[0]: 1.0} if len(inside) == 1 else dict(zip(c.between, c.share, strict=True))
        law = "plus conjugate"
        if isinstance(c, at.OperatorCoupling):
            names, law = c.operators, "plus conjugate" if c.plus_conjugate else "plain"
        elif isinstance(c, at.Position):
            names, law = ("position", "position"), "plain"
        else:
            lower = ["sigmam" if isinstance(self.machine.part(n), (at.Qubit, at.SpinBath)) else "destroy" for n in c.between]
            raised = {"sigmam": "sigmap", "destroy": "create"}
            names = (lower[0], raised[lower[1]] if isinstance(c, at.Exchange) else lower[1])
        product = np.eye(math.prod(self.sizes))
        for name, operator in zip(c.between, names, strict=True):
            product = product @ self.operator(operator, name, c)
        terms = [HandTerm(c.between, c.strength, product, owner, law)]
        if isinstance(c, at.Position) and len(inside) == 1 and c.counter_term is not False:
            bath = next(self.machine.part(n) for n in c.between if n not in inside)
            softness = sum(g * g / (2.0 * w) for g, w in zip(bath.mode_couplings, bath.mode_frequencies, strict=True))
            square = self.operator("position_squared", inside[0], c)
            terms.append(HandTerm(c.between, c.strength, softness * square, owner, "squared"))
        return terms

    # --- the whole -------------------------------------------------------------------------------------------------------

    def hamiltonian(self, t, side="right"):
        return sum(self.reservoir_matrices.values()) + sum(term.at(t, side) for term in self.terms)

    def own(self, names, t):
        """Return the sum of all terms among some parts, as a matrix on these."""
        inside = [term.at(t) for term in self.terms if set(term.parts) <= set(names)]
        inside += [self.reservoir_matrices[name] for name in names if name in self.reservoir_matrices]
        size = math.prod(size for size, (name, _) in zip(self.sizes, self.factors, strict=True) if name in names)
        return self.reduce(sum(inside), names) * size / math.prod(self.sizes)

    def reduce(self, matrix, names):
        """Return the partial trace that leaves some parts."""
        kept = [k for k, (name, _) in enumerate(self.factors) if name in names]
        return qutip.Qobj(matrix, dims=[self.sizes, self.sizes]).ptrace(kept).full()

    def coupled(self, bath):
        """Return the terms that couple a bath, or all."""
        return [term for term in self.terms if bath is None or bath in term.parts]

    def breakpoints(self):
        marks = {0.0}
        for term in [*self.terms, *(t for group in self.counters for t in group)]:
            marks.update(breakpoints_within(term.drive, self.machine.period))
        return sorted(marks)

    def evolve(self, rho, counts, start, stop):
        """Return state, counts, work and the works on each bath's couplings at `stop` > `start`.

        Jumps in (start, stop] count.
        """
        d, n = len(rho), rho.size
        groups = [self.coupled(bath) for bath in (None, *self.machine.reservoir_names)]
        last = n + len(groups)
        members = np.array([[any(term is own for own in group) for term in self.terms] for group in groups], dtype=float)

        def rate(t, y):
            state = y[:n].reshape(d, d)
            h = self.hamiltonian(t)
            works = members @ np.array([expectation(term.slope(t), state) for term in self.terms])
            observed = [expectation(sum(term.at(t) for term in group), state) for group in self.counters]
            return np.concatenate([(-1j * (h @ state - state @ h)).ravel(), works, observed])

        period = self.machine.period
        marks = [m + k * period for k in range(int(stop // period) + 2) for m in self.breakpoints()]
        inside = [m for m in marks if start + 1e-9 < m < stop - 1e-9]
        y = np.concatenate([rho.ravel(), np.zeros(len(groups)), counts]).astype(complex)
        for low, high in zip([start, *inside], [*inside, stop], strict=True):
            # the ends themselves belong to other stretches
            edge = 1e-13 * (high - low)
            solution = scipy.integrate.solve_ivp(rate, (low + edge, high - edge), y, method="DOP853", rtol=1e-12, atol=1e-13)
            y = solution.y[:, -1]
            if any(abs(high - m) < 1e-9 for m in marks):
                state = y[:n].reshape(d, d)
                for k, group in enumerate(groups):
                    y[n + k] += sum(expectation(term.at(high) - term.at(high, "left"), state) for term in group)
        return y[:n].reshape(d, d), y[last:].real, float(y[n].real), y[n + 1 : last].real


def expectation(operator, state):
    return float(np.sum(operator.T * state).real)
