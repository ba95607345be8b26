"""Floquet modes of a periodic Hamiltonian, and the Fourier components of operators between them.

The solutions of the Schroedinger equation with H(t + tau) = H(t) are e^{-i eps_a t} |phi_a(t)> with periodic modes |phi_a(t)>.
G. Floquet, Ann. Sci. Ec. Norm. Super. 12, 47 (1883); J. H. Shirley, Phys. Rev. 138, B979 (1965).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.linalg

from athermal._types import ComplexArray, FloatArray
from athermal.maths.driven_sum import DrivenSum
from athermal.maths.unitary import driven_map, taylor_steps

# By how much the highest harmonic turns in a stretch, whose Gauss rule takes the modes' own turning besides.
_PHASE = 8.0


@dataclass(frozen=True)
class FloquetModes:
    """Quasi-energies and modes of a periodic Hamiltonian.

    Parameters
    ----------
    hamiltonian : DrivenSum
    edges : tuple of float
        0, the times inside the period at which the Hamiltonian is not smooth, and the period.
    quasi_energies : (d,) array
        eps_a, each in the zone of width Omega = 2 pi / tau around the mean energy of its mode.
    start : (d, d) array
        The modes at time zero, in columns.
    """

    hamiltonian: DrivenSum
    edges: tuple[float, ...]
    quasi_energies: FloatArray
    start: ComplexArray

    @classmethod
    def of(cls, hamiltonian: DrivenSum, edges: Sequence[float]) -> FloquetModes:
        """Diagonalise the propagator of one period, made stretch by stretch so that the Hamiltonian may jump between them.

        Examples
        --------
        >>> import scipy.sparse
        >>> z, x = (scipy.sparse.csr_array(np.array(m)) for m in ([[1.0, 0.0], [0.0, -1.0]], [[0.0, 1.0], [1.0, 0.0]]))
        >>> still = DrivenSum((z, x), lambda t: np.stack([0.0 * t + 0.3, 0.0 * t + 0.4], axis=-1))
        >>> np.sort(FloquetModes.of(still, (0.0, 1.0)).quasi_energies).round(12)
        array([-0.5,  0.5])
        """
        unitary = np.eye(hamiltonian.size, dtype=complex)
        energy = np.zeros_like(unitary)
        for low, high in itertools.pairwise(edges):
            step, (integral,) = driven_map(hamiltonian, (hamiltonian,), low, high)
            energy += unitary.conj().T @ integral @ unitary
            unitary = step @ unitary
        period = edges[-1]
        triangle, modes = scipy.linalg.schur(unitary, output="complex")  # orthonormal, degenerate or not
        turned = -np.angle(np.diagonal(triangle)) / period
        mean = np.real(np.einsum("ia,ij,ja->a", modes.conj(), energy, modes)) / period
        frequency = 2.0 * math.pi / period
        return cls(hamiltonian, tuple(edges), turned + frequency * np.round((mean - turned) / frequency), modes)

    @property
    def period(self) -> float:
        """The period tau."""
        return self.edges[-1]

    @property
    def frequency(self) -> float:
        """Omega = 2 pi / tau."""
        return 2.0 * math.pi / self.period

    def samples(self, edges: Sequence[float], harmonics: int) -> Iterator[tuple[FloatArray, FloatArray, ComplexArray]]:
        """Yield times, weights and modes (T, d, d) that resolve integrals over one period with so many harmonics.

        `edges` are those of the Hamiltonian and of whatever else the integrand holds.
        """
        states = self.start
        for low, high in itertools.pairwise(edges):
            n_pieces = math.ceil(max(harmonics, 1) * self.frequency * (high - low) / _PHASE)
            for begin, end in itertools.pairwise(np.linspace(low, high, n_pieces + 1)):
                for times, weights, inside, after in taylor_steps(self.hamiltonian, states, begin, end, (self.hamiltonian,)):
                    yield times, weights, inside * np.exp(1j * np.outer(times, self.quasi_energies))[:, None, :]
                    states = after


def fourier_components(
    modes: FloquetModes, operators: Sequence[DrivenSum], edges: Sequence[float], harmonics: int
) -> tuple[ComplexArray, FloatArray]:
    """Return X_k of <phi_a(t)|X(t)|phi_b(t)> = sum_k X_kab e^{i k Omega t}, and the mean over the period of sum_ab |X_ab(t)|^2.

    Shapes (operators, 2 K + 1, d, d), k from -K to K, and (operators,). By Parseval the mean is the sum of all |X_kab|^2, so
    what it has more is what the harmonics beyond K hold.
    """
    size, order = len(modes.start), np.arange(-harmonics, harmonics + 1)
    components = np.zeros((len(operators), len(order), size, size), dtype=complex)
    squares = np.zeros(len(operators))
    for times, weights, inside in modes.samples(edges, harmonics):
        share = weights / modes.period
        phases = np.exp(-1j * modes.frequency * np.outer(order, times)) * share
        for n, operator in enumerate(operators):
            images = np.stack([operator.at(time) @ states for time, states in zip(times, inside, strict=True)])
            elements = inside.conj().transpose(0, 2, 1) @ images
            components[n] += np.tensordot(phases, elements, axes=1)
            squares[n] += share @ np.sum(np.abs(elements) ** 2, axis=(1, 2))
    return components, squares
