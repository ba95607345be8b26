"""The map of a window of a driven star, its work and its heats, by collocation among the effective modes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from athermal._types import ComplexArray, FloatArray, IntArray
from athermal.maths.propagate import (
    QuadraticFunctional,
    WorkIntegral,
    Works,
    add_works,
    added,
    gauss_legendre_tableau,
    joined,
)
from athermal.maths.star import Window, slices_of
from athermal.maths.symplectic import apply_form

_NODES = 24
# Superconvergence at the ends leaves (e 30 / 8 / 24)^48, some 1e-19, of the work and of the map; the next refinement checks it.
_PHASE_PER_PANEL = 30.0

Coupling = Callable[[FloatArray], tuple[FloatArray, FloatArray]]


@dataclass(frozen=True)
class Stretch:
    """r -> r + Omega E (G E^T r + h) so far, and the works done so far as functionals of E^T r at the window's start."""

    gradient: FloatArray
    kick: FloatArray
    works: Works = ()

    @classmethod
    def nothing(cls, size: int) -> Stretch:
        """Return the map of an empty stretch."""
        return cls(np.zeros((size, size)), np.zeros(size))


class _Piece:
    """Where some of the q's sit: among which effective modes, and their rows (x and p parts), one for each time and q."""

    def __init__(self, columns: IntArray, own: slice, seen: ComplexArray) -> None:
        flat = seen.reshape(seen.shape[0] * seen.shape[1], seen.shape[2])
        self.columns, self.own = columns, own
        self.x, self.p = np.ascontiguousarray(flat.real), np.ascontiguousarray(flat.imag)


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
        t -> (V, v) of shapes (T, d, d) and (T, d), and their derivatives, with a leading axis by groups of terms whose works are
        told apart.
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

    def evolve(self, start: float, stop: float, panels: int, before: Stretch, probes: FloatArray | None = None) -> Stretch:
        """Continue the map to `stop` by Gauss-Legendre collocation on equal panels; cf. `DrivenHamiltonian.evolve`.

        With `probes` Z, of shape (2n, k), only G Z, h and the works of this stretch as functionals of z, E^T r = Z z, are
        followed, at a cost linear in k.
        """
        gradient = before.gradient if probes is None else before.gradient @ probes
        state = np.concatenate([gradient, before.kick[:, None]], axis=1)
        width = state.shape[1] - 1
        works: list[WorkIntegral] = []
        duration = (stop - start) / panels
        nodes, matrix, weights = gauss_legendre_tableau(_NODES)
        scale = (duration * weights)[:, None, None]
        kernel = self._kernel(start + duration * nodes, duration * matrix)
        n_rows, d = _NODES * kernel.shape[1], kernel.shape[1]
        for panel in range(panels):
            times = start + duration * (panel + nodes)
            v, f = self.coupling(times)
            pieces = self._pieces(times)
            response = np.einsum("mdle,lef->mdlf", kernel, v).reshape(n_rows, n_rows)
            known = self._read(pieces, state, d)
            self._add_present(known, pieces, probes)
            known[:, :, -1] += np.einsum("mdle,le->md", kernel, f)
            q = np.linalg.solve(np.eye(n_rows) - response, known.reshape(n_rows, -1)).reshape(_NODES, d, width + 1)
            gradient = v @ q
            gradient[:, :, -1] += f
            self._write(pieces, scale * gradient, state)
            add_works(works, width, q, duration * weights, self.slope(times))
        done = tuple(work.functional for work in works)
        if probes is None:  # all count from the start of the window
            done = added(before.works, done)
        return Stretch(state[:, :-1], state[:, -1], done)

    def _kernel(self, times: FloatArray, matrix: FloatArray) -> FloatArray:
        """Return K_m^T Omega K_l a_ml, shape (m, d, l, d): it depends on the differences of the times only."""
        contacts = self.contacts(times)
        rows = np.moveaxis(contacts, 2, 1).reshape(-1, contacts.shape[1])
        product = (rows @ apply_form(rows.T)).reshape(len(times), -1, len(times), contacts.shape[2])
        return np.asarray(product * matrix[:, None, :, None])

    def _pieces(self, times: FloatArray) -> list[_Piece]:
        """Return K^T by the parts that each q touches: q's, effective modes and their (T, d, rho) complex rows."""
        s = self.n_system
        system = np.concatenate([np.eye(s), 1j * np.eye(s)])
        pieces = [_Piece(np.arange(2 * s), slice(0, s), np.repeat(system[None], len(times), axis=0))]
        for window, columns, own in zip(self.windows, self.columns, slices_of(s, [w.rank for w in self.windows]), strict=True):
            pieces.append(_Piece(columns, own, np.swapaxes(window.contact_at(times - self.start), 1, 2)))
        return pieces

    def _read(self, pieces: list[_Piece], state: FloatArray, d: int) -> FloatArray:
        """Return K^T Omega state, shape (T, d, k)."""
        n = self.n_modes
        result = np.zeros((_NODES, d, state.shape[1]))
        for piece in pieces:
            seen = piece.x @ state[_moved(piece.own, n)] - piece.p @ state[piece.own]
            result[:, piece.columns] = seen.reshape(_NODES, len(piece.columns), state.shape[1])
        return result

    def _add_present(self, known: FloatArray, pieces: list[_Piece], probes: FloatArray | None) -> None:
        """Add K^T, or K^T Z, in place."""
        n = self.n_modes
        for piece in pieces:
            own, moved = piece.own, _moved(piece.own, n)
            shape = (_NODES, len(piece.columns))
            if probes is None:
                known[:, piece.columns, own] += piece.x.reshape(*shape, own.stop - own.start)
                known[:, piece.columns, moved] += piece.p.reshape(*shape, own.stop - own.start)
            else:
                seen = piece.x @ probes[own] + piece.p @ probes[moved]
                known[:, piece.columns, :-1] += seen.reshape(*shape, probes.shape[1])

    def _write(self, pieces: list[_Piece], values: FloatArray, state: FloatArray) -> None:
        """Add the sum of K values over the times to the state, in place."""
        n = self.n_modes
        for piece in pieces:
            flat = values[:, piece.columns].reshape(len(piece.x), state.shape[1])
            state[piece.own] += piece.x.T @ flat
            state[_moved(piece.own, n)] += piece.p.T @ flat

    def jump(self, time: float, jumps: Works, before: Stretch) -> Stretch:
        """Add to the works the jumps of <H> at a time, as functionals of the q's."""
        return replace(before, works=joined(before.works, jumps, *self.quadratures(time, before)))

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


def _moved(own: slice, by: int) -> slice:
    return slice(own.start + by, own.stop + by)


def _real_form(matrix: ComplexArray) -> FloatArray:
    return np.block([[matrix.real, -matrix.imag], [matrix.imag, matrix.real]])
