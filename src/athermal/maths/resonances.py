"""Zeros of a matrix D(z) that depends on complex frequency: the exponents of a damped, driven, linear machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from athermal._types import ComplexArray
from athermal.maths.harmonics import HarmonicBalance

_MOST_STEPS = 60
_CONVERGED = 1e-12
_TINY = float(np.finfo(float).tiny)


@dataclass(frozen=True)
class Resonance:
    """D(frequency) vector = 0; e^{-i frequency t} grows if its imaginary part is positive."""

    frequency: complex
    vector: ComplexArray
    residual: float


def guesses(balance: HarmonicBalance) -> list[tuple[complex, ComplexArray]]:
    """Return approximate frequencies and vectors, several of each class modulo the drive's frequency.

    From the bare Hamiltonian, from the baths relaxed around it (their response at zero frequency), and from their response
    frozen at each frequency so found.
    """
    found = _eigenpairs(balance, balance.form) + _eigenpairs(balance, balance.form + _memory(balance, 0.0).real)
    frozen: list[float] = []
    for z, _ in list(found):
        folded = abs(z.real - balance.nu * round(z.real / balance.nu)) if balance.n else z.real
        if all(abs(folded - other) > 1e-3 * abs(balance.nu) for other in frozen):
            frozen.append(folded)
            found.extend(_eigenpairs(balance, balance.form + _memory(balance, z.real)))
    return found


def _memory(balance: HarmonicBalance, frequency: float) -> ComplexArray:
    """Return C chi C^dag with the response at one real frequency and its harmonics."""
    total = np.zeros_like(balance.form)
    for j, contact in enumerate(balance.contacts):
        chi = balance.susceptibility(j, np.array([frequency + 0j]), np.arange(contact.shape[1]))[0]
        total += (contact * chi) @ contact.conj().T
    return total


def _eigenpairs(balance: HarmonicBalance, form: ComplexArray) -> list[tuple[complex, ComplexArray]]:
    """Return the eigenvalues of Z form - m nu whose vectors are centred on the middle harmonics."""
    values, vectors = np.linalg.eig(balance.sign[:, None] * form - np.diag(balance.nu * balance.row_harmonic))
    weights = np.abs(vectors) ** 2
    centre = np.abs(balance.row_harmonic @ weights / np.sum(weights, axis=0))
    order = np.argsort(np.round(centre, 6) + 1e-6 * np.abs(values) / max(float(np.max(np.abs(values))), _TINY), kind="stable")
    chosen = order[centre[order] < 1.0][: 3 * 2 * balance.n_modes]
    return [(complex(values[k]), vectors[:, k]) for k in chosen]


def refine(
    matrix: Callable[[ComplexArray], ComplexArray], start: complex, vector: ComplexArray, scale: float
) -> Resonance | None:
    """Return the zero of D near a guess by two-sided Rayleigh-functional iteration, or None if there is none.

    H. Schwetlick, K. Schreiber, Linear Algebra Appl. 436, 3991 (2012): cubic convergence for a simple zero.
    """
    z, right, left = start - 1e-6j * scale, vector, vector
    step = 1e-5 * scale
    for _ in range(_MOST_STEPS):
        here, ahead, behind = matrix(np.array([z, z + step, z - step]))
        slope = (ahead - behind) / (2.0 * step)
        try:
            right = np.linalg.solve(here, slope @ right)
            left = np.linalg.solve(here.conj().T, slope.conj().T @ left)
        except np.linalg.LinAlgError:
            break
        if not (np.all(np.isfinite(right)) and np.all(np.isfinite(left))):
            break
        right, left = right / np.linalg.norm(right), left / np.linalg.norm(left)
        down = left.conj() @ slope @ right
        move = left.conj() @ here @ right / down if down else np.inf
        if not np.isfinite(move):
            return None
        if abs(move) > 0.3 * scale:
            move *= 0.3 * scale / abs(move)
        z = complex(z - move)
        if abs(move) <= _CONVERGED * scale:
            break
    residual = float(np.linalg.norm(matrix(np.array([z]))[0] @ right)) / scale
    return Resonance(z, right, residual) if residual < 1e-8 else None


def resonances(balance: HarmonicBalance) -> list[Resonance]:
    """Return the distinct zeros reached from the undamped problem, slowest decay (or fastest growth) first."""
    scale = max(float(np.max(np.abs(balance.form))), _TINY)
    found: list[Resonance] = []
    for start, vector in guesses(balance):
        resonance = refine(balance.matrix, start, vector, scale)
        if resonance is None:
            continue
        if _is_new(resonance, found, balance, scale):
            found.append(resonance)
    return sorted(found, key=lambda r: (-r.frequency.imag, abs(r.frequency.real)))


def _is_new(a: Resonance, found: list[Resonance], balance: HarmonicBalance, scale: float) -> bool:
    """Tell whether a zero is none of those found, up to a whole number of the drive's frequencies, nor of their span."""
    vector = a.vector / np.linalg.norm(a.vector)
    known = []
    for other in found:
        shift = round((a.frequency - other.frequency).real / balance.nu) if balance.n else 0
        if abs(a.frequency - other.frequency - shift * balance.nu) <= 1e-7 * scale:
            known.append(_shifted(other.vector, -2 * shift * balance.n_modes))
    if not known:
        return True
    span, _ = np.linalg.qr(np.stack(known, axis=1))
    return bool(np.linalg.norm(vector - span @ (span.conj().T @ vector)) > 0.3)


def _shifted(vector: ComplexArray, places: int) -> ComplexArray:
    """Return a vector moved along the harmonics: e^{-i(z + k nu)t} y_m is e^{-izt} y_(m - k)."""
    moved = np.zeros_like(vector)
    start, stop = max(0, places), min(len(moved), len(moved) + places)
    moved[start:stop] = vector[start - places : stop - places]
    return moved


def unstable_zeros(balance: HarmonicBalance, height: float, breaks: list[float]) -> float:
    """Return how many zeros of det D lie above Im z = height: those of one zone for each of the 2n + 1 harmonics.

    D is analytic above the axis and D -> Z z far out, so the phase of det D along a line counts the zeros above it
    (Nyquist). The phase is followed until neighbouring points differ by less than a quarter turn.
    """
    reach = 1e4 * (float(np.max(np.abs(balance.form))) + balance.nu * (balance.n + 1))
    t = np.linspace(-0.5 * np.pi, 0.5 * np.pi, 1001)[1:-1]
    core = float(np.max(np.abs(balance.form))) + balance.nu * (balance.n + 1)
    points = np.unique(np.concatenate([core * np.tan(t), breaks, [-reach, reach]]))
    points = points[np.abs(points) <= reach]
    phases = _phases(balance, points, height)
    for _ in range(40):
        turns = np.angle(np.exp(1j * np.diff(phases)))
        rough = np.flatnonzero(np.abs(turns) > 0.25 * np.pi)
        rough = rough[np.diff(points)[rough] > 1e-13 * core]
        if not len(rough):
            break
        middle = 0.5 * (points[rough] + points[rough + 1])
        new = _phases(balance, middle, height)
        order = np.argsort(np.concatenate([points, middle]))
        points, phases = np.concatenate([points, middle])[order], np.concatenate([phases, new])[order]
    total = float(np.sum(np.angle(np.exp(1j * np.diff(phases)))))
    return (total + np.pi * len(balance.sign)) / (2.0 * np.pi)


def _phases(balance: HarmonicBalance, points: ComplexArray, height: float) -> ComplexArray:
    result = []
    for part in np.array_split(points, max(1, len(points) * len(balance.sign) ** 2 // 2_000_000)):
        signs, _ = np.linalg.slogdet(balance.matrix(part + 1j * height))
        result.append(np.angle(signs))
    return np.concatenate(result)
