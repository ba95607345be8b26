"""The map of a window of a driven star, its work and its heats, by collocation among the effective modes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from athermal._types import ComplexArray, FloatArray, IntArray
from athermal.maths.propagate import QuadraticFunctional, gauss_legendre_tableau
from athermal.maths.star import Window, slices_of
from athermal.maths.symplectic import apply_form

_NODES = 24
_PHASE_PER_PANEL = 12.0

Coupling = Callable[[FloatArray], tuple[FloatArray, FloatArray]]


@dataclass(frozen=True)
class Stretch:
    """r -> r + Omega E (G E^T r + h) so far, and the work done so far as a functional of E^T r at the window's start."""

    gradient: FloatArray
    kick: FloatArray
    work: QuadraticFunctional

    @classmethod
    def nothing(cls, size: int) -> Stretch:
        """Return the map of an empty stretch."""
        return cls(np.zeros((size, size)), np.zeros(size), QuadraticFunctional.zero(size))


@dataclass(frozen=True)
class EffectiveStar:
    """A driven star seen through a window: few effective modes, H = q^T V(t) q / 2 + v(t) . q with q = K(t)^T E^T r.

    Parameters
    ----------
    windows : sequence of Window
    n_system : int
    columns : sequence of int arrays
        For each bath, which of the q's are its contacts; the q's 0 to 2 n_system - 1 are those of the system.
    start : float
        The absolute time at which the window opens.
    coupling, slope : callable
        t -> (V, v) of shapes (T, d, d) and (T, d), and their derivatives.
    """

    windows: tuple[Window, ...]
    n_system: int
    columns: tuple[IntArray, ...]
    start: float
    coupling: Coupling
    slope: Coupling

    @cached_property
    def n_modes(self) -> int:
        """The number of effective modes."""
        return self.n_system + sum(window.rank for window in self.windows)

    def contacts(self, times: FloatArray) -> FloatArray:
        """Return K at absolute times, shape (T, 2n, d)."""
        n, s = self.n_modes, self.n_system
        d = 2 * s + sum(len(columns) for columns in self.columns)
        contacts = np.zeros((len(times), 2 * n, d))
        index = np.arange(s)
        contacts[:, index, index] = contacts[:, n + index, s + index] = 1.0
        for window, columns, own in zip(self.windows, self.columns, slices_of(s, [w.rank for w in self.windows]), strict=True):
            seen = window.contact_at(times - self.start)
            contacts[:, own, columns] = seen.real
            contacts[:, n + own.start : n + own.stop, columns] = seen.imag
        return contacts

    def quadratures(self, time: float, before: Stretch) -> tuple[FloatArray, FloatArray]:
        """Return the rows and shifts of the q's at a time, as functionals of E^T r at the window's start."""
        rows = self.contacts(np.array([time]))[0].T
        turned = -apply_form(rows.T).T  # rows @ Omega
        return rows + turned @ before.gradient, turned @ before.kick

    def evolve(self, start: float, stop: float, panels: int, before: Stretch) -> Stretch:
        """Continue the map to `stop` by Gauss-Legendre collocation on equal panels; cf. `DrivenHamiltonian.evolve`."""
        size = 2 * self.n_modes
        state = np.concatenate([before.gradient, before.kick[:, None]], axis=1)
        form, linear, constant = np.zeros((size, size)), np.zeros(size), 0.0
        duration = (stop - start) / panels
        nodes, matrix, weights = gauss_legendre_tableau(_NODES)
        scale = (duration * weights)[:, None, None]
        kernel: FloatArray | None = None
        for panel in range(panels):
            times = start + duration * (panel + nodes)
            v, f = self.coupling(times)
            dv, df = self.slope(times)
            contacts = self.contacts(times)
            n_rows, d = _NODES * contacts.shape[2], contacts.shape[2]
            rows = np.moveaxis(contacts, 2, 1).reshape(n_rows, size)
            if kernel is None:  # K_m^T Omega K_l depends on the difference of the times only
                product = rows @ apply_form(rows.T)
                kernel = product.reshape(_NODES, d, _NODES, d) * (duration * matrix)[:, None, :, None]
            response = np.einsum("mdle,lef->mdlf", kernel, v).reshape(n_rows, n_rows)
            known = rows @ apply_form(state)
            known[:, :-1] += rows
            known[:, -1] += np.einsum("mdle,le->md", kernel, f).reshape(n_rows)
            q = np.linalg.solve(np.eye(n_rows) - response, known).reshape(_NODES, d, size + 1)
            gradient = np.einsum("mde,mex->mdx", v, q)
            gradient[:, :, -1] += f
            state = state + rows.T @ (scale * gradient).reshape(n_rows, size + 1)
            rates = (np.einsum("mde,mex->mdx", dv, q) * scale).reshape(n_rows, size + 1)
            force = (scale[:, :, 0] * df).reshape(n_rows)
            flat = q.reshape(n_rows, size + 1)
            form += flat[:, :-1].T @ rates[:, :-1]
            linear += flat[:, :-1].T @ (rates[:, -1] + force)
            constant += float(flat[:, -1] @ (0.5 * rates[:, -1] + force))
        work = QuadraticFunctional(0.5 * (form + form.T), linear, constant)
        return Stretch(state[:, :-1], state[:, -1], before.work + work)

    def jump(self, time: float, form: FloatArray, force: FloatArray, before: Stretch) -> Stretch:
        """Add to the work the jump of <q^T form q / 2 + force . q> at a time."""
        rows, shift = self.quadratures(time, before)
        own = QuadraticFunctional(form, force, 0.0).pulled_back(rows, shift)
        return Stretch(before.gradient, before.kick, before.work + own)

    def heats(self, whole: Stretch) -> list[QuadraticFunctional]:
        """Return the change of each bath's energy r^T w r / 2, as a functional of E^T r at the window's start.

        With r' = r + Omega E y, y = G E^T r + h:  dE = r^T w Omega E y + y^T (E^T w E) y / 2.
        """
        functionals = []
        n, gradient, kick = self.n_modes, whole.gradient, whole.kick
        for window, own in zip(self.windows, slices_of(self.n_system, [w.rank for w in self.windows]), strict=True):
            energy = _real_form(window.energy_form())
            index = np.concatenate([np.arange(own.start, own.stop), np.arange(own.start, own.stop) + n])
            y, y0 = gradient[index], kick[index]
            turned = energy @ apply_form(y)
            form = y.T @ energy @ y
            form[index] += turned
            form[:, index] += turned.T
            linear = y.T @ (energy @ y0)
            linear[index] += energy @ apply_form(y0)
            functionals.append(QuadraticFunctional(form, linear, 0.5 * float(y0 @ energy @ y0)))
        return functionals


def panels_needed(frequencies: Sequence[float], strength: float, duration: float) -> int:
    """Return the number of panels that resolves the fastest phase of a stretch."""
    phase = (2.0 * max(frequencies, default=0.0) + strength) * duration
    return max(1, int(np.ceil(phase / _PHASE_PER_PANEL)))


def _real_form(matrix: ComplexArray) -> FloatArray:
    return np.block([[matrix.real, -matrix.imag], [matrix.imag, matrix.real]])
