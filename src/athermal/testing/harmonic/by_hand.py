"""A slow, plain path from a machine of oscillators to its work and heat, independent of `athermal.machine.hamiltonian`.

Works in the user's coordinates r = (x_1..x_N, p_1..p_N), subsystems first, then the sites of each reservoir. Every term is
written through amplitudes a = (x + i p)/sqrt 2 as complex linear forms; the dynamics is one ordinary differential equation
for mean, covariance and work together, solved by SciPy between the breakpoints.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import scipy.integrate
import scipy.linalg

import athermal as at
from athermal.machine.drive import breakpoints_within


@dataclass(frozen=True)
class HandTerm:
    """Re f(t) [r^T K r/2 + k.r] for complex K, k and f; `owner` maps subsystems to their share of its energy.

    `bath` names the reservoir of a coupling to one.
    """

    drive: object
    form: np.ndarray
    force: np.ndarray
    owner: dict
    squared: bool = False
    bath: str = ""

    def factor(self, t, side="right"):
        value = complex(np.asarray(self.drive.value(np.array([t]), side))[0])
        return value**2 if self.squared else value

    def slope(self, t):
        value = complex(np.asarray(self.drive.value(np.array([t])))[0])
        rate = complex(np.asarray(self.drive.derivative(np.array([t])))[0])
        return 2.0 * value * rate if self.squared else rate


def omega(n_modes):
    one, zero = np.eye(n_modes), np.zeros((n_modes, n_modes))
    return np.block([[zero, one], [-one, zero]])


class ByHand:
    """The Hamiltonian of a machine, term by term."""

    def __init__(self, machine):
        self.machine = machine
        self.modes = {}
        first = 0
        for part in machine.parts:
            size = 1 if isinstance(part, at.Oscillator) else part.n_modes
            self.modes[part.name] = list(range(first, first + size))
            first += size
        self.n = first
        self.reservoir_forms = {r.name: self._reservoir_form(r) for r in machine.reservoirs}
        self.terms = [t for o in machine.subsystems for t in self._oscillator(o)]
        self.terms += [t for c in machine.couplings for t in self._coupling(c)]

    # --- linear forms ---------------------------------------------------------------------------------------------------

    def x(self, k):
        return np.eye(2 * self.n)[k]

    def p(self, k):
        return np.eye(2 * self.n)[self.n + k]

    def a(self, k):
        return (self.x(k) + 1j * self.p(k)) / np.sqrt(2.0)

    def amplitude(self, k, coupling):
        """Return a mode's amplitude in a coupling, for an oscillator perhaps at another frequency than its reference."""
        part = next((o for o in self.machine.subsystems if self.modes[o.name] == [k]), None)
        if part is None or coupling.amplitude_frequency is None:
            return self.a(k)
        ratio = coupling.amplitude_frequency / self.reference(part)
        return (self.x(k) * np.sqrt(ratio) + 1j * self.p(k) / np.sqrt(ratio)) / np.sqrt(2.0)

    @staticmethod
    def product(u, v):
        """Return K with r^T K r/2 = the symmetrised product of the linear forms u.r and v.r."""
        return np.outer(u, v) + np.outer(v, u)

    def contact(self, name, site=None, weights=None):
        """Return [(g_k, mode)] of a part's contact operator."""
        part, modes = self.machine.part(name), self.modes[name]
        if isinstance(part, at.Oscillator):
            return [(1.0, modes[0])]
        if site is not None:
            return [(1.0, modes[site])]
        if weights is None:
            if isinstance(part, at.Bath):
                weights = [1.0] * len(modes) if part.mode_couplings is None else part.mode_couplings
            elif isinstance(part, at.ContinuumBath):
                weights = at.densities.discretise(part.spectral_density, part.modes, part.rule, low=part.low, high=part.high)[1]
            else:
                weights = part.site_couplings
        return list(zip(weights, modes, strict=True))

    # --- terms ------------------------------------------------------------------------------------------------------------

    def _reservoir_form(self, part):
        modes, full = self.modes[part.name], np.zeros((2 * self.n, 2 * self.n))
        if isinstance(part, at.parts.CoupledBath):
            rows = modes + [self.n + k for k in modes]
            full[np.ix_(rows, rows)] = np.array(part.form)
            return full
        if isinstance(part, at.Bath):
            frequencies = part.mode_frequencies
        elif isinstance(part, at.ContinuumBath):
            frequencies = at.densities.discretise(part.spectral_density, part.modes, part.rule, low=part.low, high=part.high)[0]
        else:
            frequencies = [part.frequency] * part.sites
            links = list(itertools.pairwise(modes))
            if isinstance(part, at.Ring):
                links.append((modes[-1], modes[0]))
            for k, l in links:
                full += part.hopping * self.product(self.x(k), self.x(l))
        for w, k in zip(frequencies, modes, strict=True):
            full += w * (np.outer(self.x(k), self.x(k)) + np.outer(self.p(k), self.p(k)))
        return full

    def _oscillator(self, part):
        k, none = self.modes[part.name][0], np.zeros(2 * self.n)
        xx, pp = np.outer(self.x(k), self.x(k)), np.outer(self.p(k), self.p(k))
        owner = {part.name: 1.0}
        if part.law == "number":
            return [HandTerm(part.frequency, xx + pp, none, owner)]
        w0 = self.reference(part)
        return [HandTerm(part.frequency, xx / w0, none, owner, squared=True), HandTerm(at.drives.Constant(w0), pp, none, owner)]

    @staticmethod
    def reference(part):
        return part.reference_frequency or float(part.frequency.value(np.array([0.0]))[0])

    def _coupling(self, c):
        none = np.zeros(2 * self.n)
        if isinstance(c, at.Displacement):
            k, zero = self.modes[c.on][0], np.zeros((2 * self.n, 2 * self.n))
            owner = {c.on: 1.0}
            return [HandTerm(c.x_force, zero, self.x(k), owner), HandTerm(c.p_force, zero, self.p(k), owner)]
        subsystems = self.machine.subsystem_names
        inside = [name for name in c.between if name in subsystems]
        bath = next((name for name in c.between if name not in subsystems), "")
        owner = {inside[0]: 1.0} if len(inside) == 1 else dict(zip(c.between, c.share, strict=True))
        if isinstance(c, at.QuadraticForm):
            rows = [self.modes[name] + [self.n + k for k in self.modes[name]] for name in c.between]
            full, matrix = np.zeros((2 * self.n, 2 * self.n)), np.array(c.matrix)
            if len(rows) == 1:
                full[np.ix_(rows[0], rows[0])] = matrix
            else:
                full[np.ix_(rows[0], rows[1])] = matrix
                full[np.ix_(rows[1], rows[0])] = matrix.T
            return [HandTerm(c.strength, full, none, owner, bath=bath)]
        first, second = (self.contact(n, c.site, c.weights) for n in c.between)
        if isinstance(c, at.Position):
            form = sum(g * h * self.product(self.x(k), self.x(l)) for g, k in first for h, l in second)
            terms = [HandTerm(c.strength, form, none, owner, bath=bath)]
            if len(inside) == 1 and c.counter_term is not False:
                terms.append(self._counter_term(c, inside[0], owner))
            return terms
        daggered = isinstance(c, at.Exchange)
        form = 0.0
        for g, k in first:
            for h, l in second:
                a, b = self.amplitude(k, c), self.amplitude(l, c)
                b = b.conj() if daggered else b
                form = form + 2.0 * g * h * self.product(a, b)  # g a b^dag + h.c. = Re(2 g a b^dag)
        return [HandTerm(c.strength, form, none, owner, bath=bath)]

    def _counter_term(self, c, subsystem, owner):
        """s^2 x^2 g^T h^-1 g / 2, what the reservoir gives back when it relaxes around a fixed x."""
        reservoir = next(n for n in c.between if n != subsystem)
        modes = self.modes[reservoir]
        rows = modes + [self.n + k for k in modes]
        h = self.reservoir_forms[reservoir][np.ix_(rows, rows)]
        g = np.zeros(2 * len(modes))
        for weight, k in self.contact(reservoir, c.site, c.weights):
            g[k - modes[0]] += weight
        x = self.x(self.modes[subsystem][0])
        softness = float(g @ np.linalg.solve(h, g))
        return HandTerm(c.strength, softness * np.outer(x, x), np.zeros(2 * self.n), owner, squared=True, bath=reservoir)

    # --- the whole ----------------------------------------------------------------------------------------------------------

    def hamiltonian(self, t, side="right"):
        form = sum(self.reservoir_forms.values()) + sum((term.factor(t, side) * term.form).real for term in self.terms)
        return form, sum((term.factor(t, side) * term.force).real for term in self.terms)

    def slope(self, t):
        """Return dh/dt."""
        form = sum((term.slope(t) * term.form).real for term in self.terms)
        return form, sum((term.slope(t) * term.force).real for term in self.terms)

    def breakpoints(self):
        period, marks = self.machine.period, {0.0}
        for term in self.terms:
            marks.update(breakpoints_within(term.drive, period))
        return sorted(marks)

    def thermal(self, temperature):
        """Return the covariance of the product of the parts' Gibbs states at one temperature and time zero."""
        covariance = np.zeros((2 * self.n, 2 * self.n))
        for name, modes in self.modes.items():
            rows = modes + [self.n + k for k in modes]
            form = self.reservoir_forms.get(name)
            if form is None:
                form = sum(
                    (t.factor(0.0) * t.form).real for t in self.terms if set(t.owner) == {name} and not self._is_contact(t, rows)
                )
            covariance[np.ix_(rows, rows)] = gibbs(form[np.ix_(rows, rows)], temperature)
        return covariance

    def _is_contact(self, term, rows):
        outside = np.delete(np.arange(2 * self.n), rows)
        return bool(np.any(term.form[outside]))

    # --- evolution ------------------------------------------------------------------------------------------------------

    def evolve(self, mean, covariance, start, stop):
        """Return mean, covariance, work and the works on each bath's couplings at `stop` > `start`.

        Jumps in (start, stop] count.
        """
        n, form = 2 * self.n, omega(self.n)
        groups = (None, *self.machine.reservoir_names)

        forms, forces = (np.array([getattr(term, name) for term in self.terms]) for name in ("form", "force"))
        baths = sum(self.reservoir_forms.values())
        members = np.array([[group in (None, term.bath) for term in self.terms] for group in groups], dtype=float)

        def rate(t, y):
            m, sigma = y[:n], y[n : n + n * n].reshape(n, n)
            factors, slopes = (np.array([getattr(term, name)(t) for term in self.terms]) for name in ("factor", "slope"))
            h = baths + np.tensordot(factors, forms, 1).real
            flow = form @ h @ sigma
            second = sigma + np.outer(m, m)
            power = (slopes * (0.5 * np.tensordot(forms, second, 2) + forces @ m)).real
            return np.concatenate([form @ (h @ m + (factors @ forces).real), (flow + flow.T).ravel(), members @ power])

        period = self.machine.period
        marks = [m + k * period for k in range(int(stop // period) + 2) for m in self.breakpoints()]
        inside = [m for m in marks if start + 1e-9 < m < stop - 1e-9]
        y = np.concatenate([mean, covariance.ravel(), np.zeros(len(groups))])
        for low, high in zip([start, *inside], [*inside, stop], strict=True):
            # the ends themselves belong to other stretches
            edge = 1e-13 * (high - low)
            solution = scipy.integrate.solve_ivp(rate, (low + edge, high - edge), y, method="DOP853", rtol=1e-11, atol=1e-12)
            y = solution.y[:, -1]
            if any(abs(high - m) < 1e-9 for m in marks):
                m, sigma = y[:n], y[n : n + n * n].reshape(n, n)
                energies = [[self.energy(g, m, sigma, high, side) for g in groups] for side in ("right", "left")]
                y[n + n * n :] += np.subtract(*energies)
        return y[:n], y[n : n + n * n].reshape(n, n), y[n + n * n], y[n + n * n + 1 :]

    def energy(self, bath, mean, covariance, t, side="right"):
        """Return the energy of all terms, or of the couplings to one bath."""
        terms, second = [term for term in self.terms if bath in (None, term.bath)], covariance + np.outer(mean, mean)
        f = [term.factor(t, side) for term in terms]
        return sum(
            0.5 * np.sum((a * term.form).real * second) + (a * term.force).real @ mean for a, term in zip(f, terms, strict=True)
        )

    # --- what a snapshot says ---------------------------------------------------------------------------------------------

    def subsystem_energies(self, mean, covariance, t):
        second = covariance + np.outer(mean, mean)
        energies = dict.fromkeys(self.machine.subsystem_names, 0.0)
        for term in self.terms:
            f = term.factor(t)
            value = 0.5 * np.sum((f * term.form).real * second) + (f * term.force).real @ mean
            for name, share in term.owner.items():
                energies[name] += share * value
        return np.array([energies[name] for name in self.machine.subsystem_names])

    def reservoir_energies(self, mean, covariance):
        second = covariance + np.outer(mean, mean)
        return np.array([0.5 * np.sum(self.reservoir_forms[n] * second) for n in self.machine.reservoir_names])

    def entropy(self, covariance, names):
        modes = [k for name in names for k in self.modes[name]]
        rows = modes + [self.n + k for k in modes]
        nu = np.linalg.eigvals(1j * omega(len(modes)) @ covariance[np.ix_(rows, rows)]).real
        nu = nu[nu > 0.0]
        return float(np.sum((nu + 0.5) * np.log(nu + 0.5) - (nu - 0.5) * np.log(nu - 0.5)))


def gibbs(form, temperature):
    """Return the covariance coth(i Omega h / 2T) i Omega / 2 by matrix functions."""
    generator = 1j * omega(len(form) // 2) @ form / temperature
    values, vectors = np.linalg.eig(generator)
    coth = vectors @ np.diag(1.0 / np.tanh(values / 2.0)) @ np.linalg.inv(vectors)
    return (coth @ (0.5j * omega(len(form) // 2))).real
