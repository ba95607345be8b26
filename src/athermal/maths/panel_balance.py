"""Solve the Floquet-Langevin problem of `maths.panels` for incoming quanta of given frequencies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import lu_factor, lu_solve
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from athermal._types import ComplexArray, FloatArray, IntArray
from athermal.maths.panels import Memory, Panels


@dataclass(frozen=True)
class StrokeFlow:
    """What one source does at each frequency w = v + m nu, times e^{ivt}.

    `waves` (K, strokes, rows) and `contact_waves` (K, strokes, signs) are the factors of e^{-im nu t}, `series` (K, rows, size)
    and `contact_series` (K, signs, size) Legendre coefficients; work, heats and `gross` per unit time.
    """

    waves: ComplexArray
    series: ComplexArray
    contact_waves: tuple[ComplexArray, ...]
    contact_series: tuple[ComplexArray, ...]
    work: FloatArray
    heats: FloatArray
    gross: FloatArray


@dataclass(frozen=True)
class Reached:
    """The amplitudes that the quanta of one source reach: rows of y, and for each bath the signs of its contact."""

    rows: IntArray
    signs: tuple[IntArray, ...]


class StrokeBalance:
    """The problem on panels, each of which belongs to one stroke of constant h (2N, 2N) and C_j (2N, 2)."""

    def __init__(
        self,
        panels: Panels,
        strokes: IntArray,
        forms: ComplexArray,
        contacts: Sequence[ComplexArray],
        memories: Sequence[Memory],
        fast: float,
    ) -> None:
        self.panels, self.strokes, self.forms, self.contacts = panels, strokes, forms, tuple(contacts)
        self.memories, self.fast = tuple(memories), fast
        n = forms.shape[1] // 2
        self.sign = np.repeat([1.0, -1.0], n)
        self.of_entry = np.repeat(strokes, panels.order)
        self.first = np.array([int(np.argmax(strokes == s)) for s in range(len(forms))])
        self.jumps = panels.edges[self.first]

    def reached(self, bath: int) -> Reached:
        """Return what the incoming quanta of a bath reach."""
        size = self.forms.shape[1]
        blocks = [np.max(np.abs(block), axis=0) for block in (self.forms, *self.contacts)]
        links = np.concatenate(blocks, axis=1)
        square = np.zeros((links.shape[1], links.shape[1]))
        square[:size] = links > 1e-14 * np.max(links)
        _, labels = connected_components(csr_array(square), directed=False)
        label = labels[size + 2 * bath]
        signs = tuple(np.flatnonzero(labels[size + 2 * j : size + 2 * j + 2] == label) for j in range(len(self.contacts)))
        return Reached(np.flatnonzero(labels[:size] == label), signs)

    @cached_property
    def everything(self) -> Reached:
        """All rows and signs."""
        return Reached(np.arange(self.forms.shape[1]), tuple(np.arange(2) for _ in self.contacts))

    @property
    def form(self) -> ComplexArray:
        """The Hamiltonian of each stroke."""
        return self.forms

    @property
    def n(self) -> int:
        """Whether anything is driven: frequencies are known up to multiples of `nu`."""
        return int(len(self.forms) > 1)

    @property
    def nu(self) -> float:
        """The frequency of the drive."""
        return self.panels.nu

    def matrix(self, z: ComplexArray) -> ComplexArray:
        """Return D(z), shape (K, d, d), for |Re z| up to about nu/2."""
        return np.stack([self.at(v, self.everything).operator for v in z])

    def at(self, v: complex, reached: Reached) -> Zone:
        """Return the operator at one Floquet frequency, for any source."""
        return Zone(self, v, reached)


class Zone:
    """The operator on the rows of y that are reached, at one Floquet frequency."""

    def __init__(self, balance: StrokeBalance, v: complex, reached: Reached) -> None:
        self.balance, self.v, self.reached = balance, v, reached
        self.sign = balance.sign[reached.rows]
        self.forms = balance.forms[:, reached.rows[:, None], reached.rows]
        self.contacts = [c[:, reached.rows][:, :, s] for c, s in zip(balance.contacts, reached.signs, strict=True)]

    @cached_property
    def memories(self) -> list[list[ComplexArray]]:
        """M of each contact and sign."""
        v, pairs = self.v, zip(self.balance.memories, self.reached.signs, strict=True)
        return [[bath.matrix(v) if sign == 0 else bath.matrix(-np.conj(v)).conj() for sign in signs] for bath, signs in pairs]

    @cached_property
    def operator(self) -> ComplexArray:
        """D(v), (rows x size) squared."""
        rows, size, of = len(self.sign), self.balance.panels.size, self.balance.of_entry
        result = np.zeros((rows, size, rows, size), dtype=complex)
        diagonal = np.arange(size)
        for a in range(rows):
            result[a, :, a, :] += 1j * self.sign[a] * self.balance.panels.rate
            result[a, diagonal, a, diagonal] += self.sign[a] * self.v
            for b in range(rows):
                result[a, diagonal, b, diagonal] -= self.forms[of, a, b]
        for contact, memories in zip(self.contacts, self.memories, strict=True):
            for c, memory in enumerate(memories):
                for a in range(rows):
                    for b in range(rows):
                        left, right = contact[of, a, c], contact[of, b, c].conj()
                        if np.any(left) and np.any(right):
                            result[a, :, b, :] -= left[:, None] * memory * right
        return result.reshape(rows * size, rows * size)

    @cached_property
    def factors(self) -> tuple[ComplexArray, IntArray]:
        """The LU factors of the operator."""
        lu, pivots = lu_factor(self.operator, check_finite=False)
        return np.asarray(lu), np.asarray(pivots)

    def respond(self, bath: int, m: IntArray, amplitude: FloatArray) -> StrokeFlow:
        """Solve for incoming quanta of a bath at v + m nu, of amplitude sqrt(G)."""
        solution = _Solution(self, bath, m, amplitude)
        return solution.flow(solution.right_side())

    def follow(self, forces: ComplexArray) -> StrokeFlow:
        """Solve at v = 0 for periodic forces in Legendre coefficients, (rows, size)."""
        return _Solution(self, 0, np.zeros(1, dtype=int), np.zeros(1)).flow(forces[None])


class _Solution:
    def __init__(self, zone: Zone, bath: int, m: IntArray, amplitude: FloatArray) -> None:
        self.zone, self.b, self.bath, self.a, self.reached = zone, zone.balance, bath, amplitude, zone.reached
        self.m, self.v = m, float(np.real(zone.v))
        self.w = self.v + self.b.panels.nu * m
        self.sign, self.forms, self.contacts = zone.sign, zone.forms, zone.contacts
        self.chi = [
            np.stack([self._chi(j, sign) for sign in signs], axis=1) if len(signs) else np.zeros((len(m), 0))
            for j, signs in enumerate(self.reached.signs)
        ]

    def _chi(self, bath: int, sign: int) -> ComplexArray:
        response = self.b.memories[bath].response
        return response(self.w.astype(complex)) if sign == 0 else response(-self.w.astype(complex)).conj()

    @cached_property
    def source(self) -> ComplexArray:
        """C of the incoming quanta, (strokes, rows)."""
        return np.asarray(self.b.contacts[self.bath][:, self.reached.rows, 0])

    @cached_property
    def waves(self) -> ComplexArray:
        """The stationary response A of each stroke, (K, strokes, rows), where w is fast."""
        result = np.zeros((len(self.w), *self.source.shape), dtype=complex)
        quick = self.w > self.b.fast
        if not np.any(quick):
            return result
        matrix = self.w[quick, None, None, None] * np.diag(self.sign) - self.forms
        for contact, chi in zip(self.contacts, self.chi, strict=True):
            matrix = matrix - np.einsum("sac,kc,sbc->ksab", contact, chi[quick], contact.conj())
        right = self.source * self.a[quick, None, None]
        result[quick] = np.linalg.solve(matrix, right[..., None])[..., 0]
        return result

    def _felt_waves(self, bath: int) -> ComplexArray:
        return np.asarray(np.einsum("ksa,sac->ksc", self.waves, self.contacts[bath].conj()))

    @cached_property
    def turn(self) -> ComplexArray:
        """e^{-im nu t_J}, (K, J)."""
        return np.asarray(np.exp(-1j * self.b.panels.nu * self.m[:, None] * self.b.jumps))

    @cached_property
    def histories(self) -> list[ComplexArray]:
        """What each contact remembers of the waves of earlier strokes, (K, signs, size)."""
        result = []
        quick = self.w > self.b.fast
        for j, signs in enumerate(self.reached.signs):
            total = np.zeros((len(self.w), len(signs), self.b.panels.size), dtype=complex)
            felt = self._felt_waves(j)
            ended = (np.roll(felt, 1, axis=1) - felt) * self.turn[:, :, None]
            if np.any(quick) and np.any(ended):
                for n, sign in enumerate(signs):
                    memory, m, strength = self.b.memories[j], self.m[quick], ended[quick, :, n]
                    if sign == 0:
                        total[quick, n] = memory.history(self.v, m, strength)
                    else:
                        total[quick, n] = memory.history(-self.v, -m, strength.conj()).conj()
            mean = np.einsum("ksc,s->kc", felt, self._lengths) / self.b.panels.period
            change = self.chi[j][:, None, :] * (felt - mean[:, None, :])
            total -= change[:, self.b.of_entry].transpose(0, 2, 1) * self._wave[:, None, :]
            result.append(total)
        return result

    @cached_property
    def _wave(self) -> ComplexArray:
        """e^{-im nu t} in Legendre coefficients, (K, size)."""
        return self.b.panels.transform(-self.m).T

    def right_side(self) -> ComplexArray:
        panels, of = self.b.panels, self.b.of_entry
        result = np.zeros((len(self.w), len(self.sign), panels.size), dtype=complex)
        slow = self.w <= self.b.fast
        if np.any(slow):
            result[slow] = self.source[of].T * self._wave[slow, None, :] * self.a[slow, None, None]
        steps = (self.waves - np.roll(self.waves, 1, axis=1)) * self.turn[:, :, None]
        left = panels.ends[0]
        # the jump meets each test function at the start of its panel
        for s, panel in enumerate(self.b.first):
            part = slice(panel * panels.order, (panel + 1) * panels.order)
            result[:, :, part] -= (1j * self.sign * steps[:, s])[:, :, None] * left[panel]
        for contact, history in zip(self.contacts, self.histories, strict=True):
            result += _mixed(contact[of].transpose(1, 2, 0), history)
        return result

    def flow(self, right: ComplexArray) -> StrokeFlow:
        series = lu_solve(self.zone.factors, right.reshape(len(self.w), -1).T, check_finite=False).T.reshape(right.shape)
        of = self.b.of_entry
        felt, contact_series, contact_waves = [], [], []
        for j, contact in enumerate(self.contacts):
            mine = _mixed(contact[of].conj().transpose(2, 1, 0), series)
            remembered = [mine[:, c] @ memory.T for c, memory in enumerate(self.zone.memories[j])]
            felt.append(mine)
            contact_series.append(np.stack(remembered, axis=1) + self.histories[j] if remembered else mine)
            wave = self.chi[j][:, None, :] * self._felt_waves(j)
            if j == self.bath:
                wave[:, :, list(self.reached.signs[j]).index(0)] += self.a[:, None]
            contact_waves.append(wave)
        work = self._work(series, contact_series, contact_waves)
        heats = np.stack([self._heat(j, felt[j], contact_series[j], contact_waves[j]) for j in range(len(felt))], axis=1)
        gross = 2.0 * np.abs(self._taken(felt[self.bath])) + np.sum(np.abs(heats), axis=1)
        return StrokeFlow(self.waves, series, tuple(contact_waves), tuple(contact_series), work, heats, gross)

    def _limits(self, series: ComplexArray, waves: ComplexArray, side: str) -> ComplexArray:
        """Return values (K, panels, q) just before or after the start of each panel."""
        panels, shift = self.b.panels, int(side == "before")
        blocks = series.reshape(*series.shape[:2], len(panels.lengths), panels.order)
        ends = np.roll(panels.ends[side == "before"], shift, axis=0)
        turn = np.exp(-1j * panels.nu * self.m[:, None] * panels.edges[:-1])
        slow = np.sum(np.roll(blocks, shift, axis=2) * ends, axis=3).transpose(0, 2, 1)
        return np.asarray(slow + np.roll(waves[:, self.b.strokes], shift, axis=1) * turn[:, :, None])

    def _work(self, series: ComplexArray, contact_series: list[ComplexArray], contact_waves: list[ComplexArray]) -> FloatArray:
        of = self.b.strokes
        y, forms = self._limits(series, self.waves, "before"), self.forms[of]
        total = 0.5 * np.einsum("ksa,sab,ksb->k", y.conj(), forms - np.roll(forms, 1, axis=0), y)
        for contact, own, wave in zip(self.contacts, contact_series, contact_waves, strict=True):
            c, strength = self._limits(own, wave, "before"), contact[of]
            total += np.einsum("ksa,sac,ksc->k", y.conj(), strength - np.roll(strength, 1, axis=0), c)
        return np.asarray(total.real / self.b.panels.period)

    def _heat(self, bath: int, felt: ComplexArray, own: ComplexArray, wave: ComplexArray) -> FloatArray:
        """Return -Re <f* c'>, integrated by parts: jumps of f, and f' between them."""
        panels, of = self.b.panels, self.b.of_entry
        k, signs = len(self.w), felt.shape[1]
        if not signs:
            return np.zeros(k)
        f_wave = self._felt_waves(bath)
        jump = self._limits(felt, f_wave, "after") - self._limits(felt, f_wave, "before")
        total = np.sum(jump.conj() * self._limits(own, wave, "before"), axis=(1, 2))
        blocks = felt.reshape(k, signs, len(panels.lengths), panels.order)
        slope = np.matmul(panels.slope, blocks[..., None])[..., 0].reshape(felt.shape) - 1j * self.v * felt
        turned = self._wave[:, None, :]
        rate = -1j * self.w[:, None, None] * f_wave[:, of].transpose(0, 2, 1)
        total += np.sum((slope + rate * turned).conj() * own, axis=(1, 2))
        total += np.sum(slope.conj() * turned * wave[:, of].transpose(0, 2, 1), axis=(1, 2))
        inner = np.sum((-1j * self.w[:, None, None] * f_wave).conj() * wave, axis=2)
        total += inner @ self._lengths
        return np.asarray(total.real / panels.period)

    @cached_property
    def _lengths(self) -> FloatArray:
        return np.asarray(np.bincount(self.b.strokes, weights=self.b.panels.lengths), dtype=float)

    def _taken(self, felt: ComplexArray) -> FloatArray:
        index = list(self.reached.signs[self.bath]).index(0)
        panels = self.b.panels
        amount = np.sum(self._wave.conj() * felt[:, index], axis=1) + self._felt_waves(self.bath)[:, :, index] @ self._lengths
        return np.asarray(self.w * (amount.conj() * self.a).imag / panels.period)


def _mixed(weights: ComplexArray, series: ComplexArray) -> ComplexArray:
    """Return sum_a weights (c, a, size) series (K, a, size)."""
    result = np.zeros((len(series), len(weights), series.shape[2]), dtype=complex)
    for c, row in enumerate(weights):
        for a, weight in enumerate(row):
            if np.any(weight):
                result[:, c] += weight * series[:, a]
    return result
