"""The mean motion under periodic forces: their exact linear response, harmonic by harmonic.

With D of `maths.harmonics` at z = 0, D y = f. The harmonics that count are those of the forces, not those of the quanta's
balance: where nothing else is driven D joins no two of them. Per unit time
W = sum_m Re y^dag_m (h'/2 y + f' + sum_j C'_j c_j)_m and Q_j = -sum_m m nu Im (C_j^dag y)^*_m c_jm, a prime being -i l nu.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import splu

from athermal._types import ComplexArray, FloatArray, IntArray
from athermal.errors import ConvergenceError
from athermal.limit.forces import Forces
from athermal.limit.problem import Problem
from athermal.maths.harmonics import ANSWER_ROUNDING, ROUNDING, amplitudes, significant_harmonic

_FEWEST, _MOST = 16, 8192
# Drives of finite reach join few harmonics; where harmonics fall off as powers all are joined, and fewer can be kept.
_LONGEST_REACH, _MOST_JOINED = 64, 128
# Net energies may be this much smaller than what goes to and fro before rounding, not the accuracy, limits them.
NET = 1e-4
_N_PHASES = 16


@dataclass(frozen=True)
class MeanErrors:
    """Estimated absolute errors of work and heats per unit time, and of the first moments."""

    work: float = 0.0
    heats: float = 0.0
    mean: float = 0.0


@dataclass(frozen=True)
class HarmonicMean:
    """Amplitudes (2n + 1, 2N), contact amplitudes (2n + 1, 2), work and heats per unit time, and what went to and fro."""

    problem: Problem
    harmonics: IntArray
    y: ComplexArray
    contacts: tuple[ComplexArray, ...]
    work: float
    heats: FloatArray
    gross: float
    kinks: _Kinks | None
    errors: MeanErrors = field(default_factory=MeanErrors)

    def _waves(self, phase: float) -> ComplexArray:
        return np.asarray(np.exp(-2j * np.pi / self.problem.machine.period * phase * self.harmonics))

    def at(self, phase: float) -> FloatArray:
        """Return <r> at one time in the cycle."""
        waves = self._waves(phase)
        amplitude = waves @ self.y if self.kinks is None else waves @ (self.y - self._of_kinks) + self.kinks.at(phase)
        return np.asarray((self.problem.transform @ amplitude).real)

    @cached_property
    def _of_kinks(self) -> ComplexArray:
        return np.zeros_like(self.y) if self.kinks is None else self.kinks.harmonics(self.harmonics)

    def contact_at(self, bath: int, phase: float) -> FloatArray:
        """Return <X_j>, <P_j> of a bath's contact."""
        return np.asarray((amplitudes(1) @ (self._waves(phase) @ self.contacts[bath])).real)


@dataclass(frozen=True)
class _Kinks:
    """A periodic function whose first and second derivatives jump as those of y do, in closed form: what is left is smooth.

    i Z [y'] = [f], i Z [y''] = h [y'] + [f']. A unit jump of the k-th derivative is -T^k B_{k+1}(t/T)/(k + 1)!, B Bernoulli's
    polynomials, with harmonics (-1/(i m nu))^{k+1} e^{i m nu t_J}/T.
    """

    period: float
    times: FloatArray
    first: ComplexArray
    second: ComplexArray

    def harmonics(self, m: IntArray) -> ComplexArray:
        nu = 2.0 * np.pi / self.period
        step = np.where(m == 0, 0.0, -1.0 / (1j * nu * np.where(m == 0, 1, m)))[:, None]
        waves = np.exp(1j * nu * m[:, None] * self.times) / self.period
        return np.asarray(step**2 * (waves @ self.first) + step**3 * (waves @ self.second))

    def at(self, phase: float) -> ComplexArray:
        x = np.mod((phase - self.times) / self.period, 1.0)
        quadratic, cubic = x * x - x + 1.0 / 6.0, x * (x - 0.5) * (x - 1.0)
        return np.asarray(-self.period * (quadratic / 2.0) @ self.first - self.period**2 * (cubic / 6.0) @ self.second)


def at_rest(problem: Problem) -> HarmonicMean:
    """Return the mean motion without forces."""
    none, m = np.zeros((1, 2 * problem.n_modes), dtype=complex), np.zeros(1, dtype=int)
    contacts = tuple(np.zeros((1, 2), dtype=complex) for _ in problem.baths)
    return HarmonicMean(problem, m, none, contacts, 0.0, np.zeros(len(problem.baths)), 0.0, None)


def driven_mean(forces: Forces, accuracy: float) -> HarmonicMean:
    """Return the mean motion, with as many harmonics as an accuracy needs.

    Raises
    ------
    ConvergenceError
        If the accuracy is not met with the most harmonics that are tried, or a force meets what nothing damps.
    """
    problem = forces.problem
    response = _Response(problem)
    highest = forces.highest_harmonic(0.01 * accuracy)
    if highest > response.most:
        raise ConvergenceError(
            f"The forces must have no harmonic above {response.most} of the period, but theirs reach up to {highest}. "
            "Smooth them, or choose a shorter period."
        )
    n = min(max(_FEWEST, highest + 4 * response.reach), response.most // 2)
    coarse = response.mean(forces, n)
    phases = problem.machine.period * (np.arange(_N_PHASES) + 0.382) / _N_PHASES
    phases = np.concatenate([phases, forces.panels.edges[:-1][:_N_PHASES] % problem.machine.period])
    while True:
        n *= 2
        fine = response.mean(forces, n)
        a, b = (np.array([one.at(float(t)) for t in phases]) for one in (coarse, fine))
        change = MeanErrors(
            abs(coarse.work - fine.work), float(np.max(np.abs(coarse.heats - fine.heats))), float(np.max(np.abs(a - b)))
        )
        energies = accuracy * max(float(np.max(np.abs(fine.heats))), NET * fine.gross)
        missed = max(change.work, change.heats) / energies if energies else 0.0
        missed = max(missed, change.mean / (accuracy * float(np.max(np.abs(b)))))
        if missed <= 0.3:
            shaken = response.mean(forces, n, shaken=True)
            rounding = (abs(shaken.work - fine.work), float(np.max(np.abs(shaken.heats - fine.heats))))
            moved = float(np.max(np.abs([shaken.at(float(t)) - fine.at(float(t)) for t in phases])))
            errors = MeanErrors(change.work + rounding[0], change.heats + rounding[1], change.mean + moved)
            return replace(fine, errors=errors)
        if n >= response.most:
            raise ConvergenceError(
                f"The mean motion under the forces must converge to `accuracy` = {accuracy:.1e}, but with {n} harmonics still "
                f"misses it {missed:.1e} times. Smooth the forces or the strokes, or ask for an `accuracy` of "
                f"{3.0 * missed * accuracy:.0e}."
            )
        coarse = fine


class _Response:
    """The linear response to forces: Fourier coefficients of h and of the C_j, l = -reach..reach."""

    def __init__(self, problem: Problem) -> None:
        self.problem, self.nu = problem, 2.0 * np.pi / problem.machine.period
        self.sign = np.repeat([1.0, -1.0], problem.n_modes)
        drives = problem.drives(_LONGEST_REACH)
        self.reach = max(significant_harmonic(c) for c in (drives.form, *drives.contacts))
        # harmonics that fall off as powers: strokes and ramps, which join all
        self.is_joined = self.reach > _LONGEST_REACH
        if self.is_joined:
            drives, self.reach = problem.drives(_MOST_JOINED), 2 * _MOST_JOINED
        self.most = _MOST_JOINED if self.is_joined else _MOST
        self.form, *self.contacts = (_trimmed(c, self.reach) for c in (drives.form, *drives.contacts))

    def mean(self, forces: Forces, n: int, *, shaken: bool = False) -> HarmonicMean:
        """Return the mean motion on harmonics -n..n; `shaken` by as much as rounding may move it."""
        m = np.arange(-n, n + 1)
        form, contacts, memories = self._blocks(m)
        turning = sp.diags_array((self.nu * m[:, None] * self.sign).ravel())
        memory = [c @ sp.diags_array(chi) @ c.conj().T for c, chi in zip(contacts, memories, strict=True)]
        f = forces.harmonics(m).ravel()
        try:
            factors = splu(sp.csc_array(turning - form - sum(memory)))
            y = factors.solve(f)
            if shaken:
                felt = ROUNDING * sum(abs(part) @ np.abs(y) for part in (turning, form))
                felt = felt + ANSWER_ROUNDING * sum(abs(part) @ np.abs(y) for part in memory)
                y = y + factors.solve(felt * np.exp(2j * np.pi * np.random.default_rng(0).random(len(y))))
        except RuntimeError:
            y = np.full(len(f), np.nan)
        if not np.all(np.isfinite(y)):
            raise ConvergenceError(
                "The forces must meet a response that is finite, but one of their harmonics is resonant with a motion that no "
                "bath damps. Change the period, or widen the bands."
            )
        return self._moved(m, y, f, (form, contacts, memories), forces)

    def _blocks(self, m: IntArray) -> tuple[Any, list[Any], list[ComplexArray]]:
        """Return the convolutions with h and with each C_j, and the diagonals of chi_j."""
        z, mirrored = (np.asarray(sign * self.nu * m, dtype=complex) for sign in (1, -1))  # both just above the axis
        chi = [np.stack([bath.self_energy(z), bath.self_energy(mirrored).conj()], axis=1).ravel() for bath in self.problem.baths]
        return _convolution(self.form, len(m)), [_convolution(c, len(m)) for c in self.contacts], chi

    def _moved(self, m: IntArray, y: ComplexArray, f: ComplexArray, blocks: Any, forces: Forces) -> HarmonicMean:
        form, contacts, memories = blocks
        # the harmonics of a product's rate: -i (l - l') nu of each drive, as a commutator with -i m nu
        slow = -1j * self.nu * np.repeat(m, len(self.sign))
        slow_contact = -1j * self.nu * np.repeat(m, 2)
        moving = form @ y
        work = 0.5 * _real(y, slow * moving - form @ (slow * y)) + _real(y, slow * f)
        gross, heats, amplitudes_of = self.nu * float(np.sum(np.abs(y * f) * (1.0 + np.abs(slow) / self.nu))), [], []
        for contact, chi in zip(contacts, memories, strict=True):
            felt = contact.conj().T @ y
            c = chi * felt
            work += _real(y, slow * (contact @ c) - contact @ (slow_contact * c))
            taken = (slow_contact * c).conj() * felt
            heats.append(-float(np.sum(taken.real)))
            gross += float(np.sum(np.abs(taken)))
            amplitudes_of.append(c.reshape(-1, 2))
        kinks = None if self.is_joined else self._kinks(forces)
        y = y.reshape(len(m), -1)
        return HarmonicMean(self.problem, m, y, tuple(amplitudes_of), work, np.array(heats), gross, kinks)

    def _kinks(self, forces: Forces) -> _Kinks:
        steps, bends = forces.jumps
        times = forces.panels.edges[:-1]
        waves = np.exp(-1j * self.nu * times[:, None] * np.arange(-self.reach, self.reach + 1))
        forms = np.tensordot(waves, self.form, axes=1)
        first = -1j * self.sign * steps
        second = -1j * self.sign * (np.einsum("jab,jb->ja", forms, first) + bends)
        return _Kinks(self.problem.machine.period, times, first, second)


def _trimmed(coefficients: ComplexArray, reach: int) -> ComplexArray:
    middle = len(coefficients) // 2
    return coefficients[middle - reach : middle + reach + 1]


def _convolution(coefficients: ComplexArray, size: int) -> Any:
    """Return the sparse matrix of a convolution on `size` harmonics."""
    reach, largest = len(coefficients) // 2, float(np.max(np.abs(coefficients), initial=0.0))
    total = sp.csr_array((size * coefficients.shape[1], size * coefficients.shape[2]), dtype=complex)
    for k, block in enumerate(coefficients):
        kept = np.where(np.abs(block) > 1e-15 * largest, block, 0.0)
        if np.any(kept) and abs(k - reach) < size:
            total = total + sp.kron(sp.eye_array(size, k=reach - k), kept, format="csr")
    return total


def _real(left: ComplexArray, right: ComplexArray) -> float:
    return float(np.real(np.vdot(left, right)))
