"""Energies, entropies and further columns of a state of finite parts, given as a factor of its density matrix."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from athermal._types import ComplexArray, FloatArray, IntArray, Matrix
from athermal.machine.tensor_hamiltonian import TensorHamiltonian
from athermal.maths import density
from athermal.maths.tensor import partial_trace, populations, reduced, reduced_spectrum, split
from athermal.thermodynamics.snapshot import Snapshot
from athermal.thermodynamics.tells import Tells

# Matrices of the subsystems together, and of a part's blocks, up to which further columns are worth their cost.
_LARGEST_SYSTEM = 512
_LARGEST_SPECTRUM = 8192


class Observer:
    """What there is to see of the states of one machine."""

    def __init__(self, hamiltonian: TensorHamiltonian) -> None:
        self.hamiltonian = hamiltonian
        self.system = list(range(len(hamiltonian.subsystems)))
        self.reservoirs = list(range(len(self.system), len(hamiltonian.names)))

    # --- linear in the state -------------------------------------------------------------------------------------------

    def energies(self, factor: ComplexArray, time: float) -> tuple[FloatArray, FloatArray]:
        """Return U_i and V_j in each column, shapes (subsystems, columns) and (reservoirs, columns).

        Their sums over the columns are the energies of the state.
        """
        couplings, rest = self.hamiltonian.energy_terms(time)
        names, baths = self.hamiltonian.subsystems, self.hamiltonian.reservoirs
        own, interactions = (np.zeros((len(group), factor.shape[1])) for group in (names, baths))
        views: dict[tuple[str, ...], Matrix] = {}
        for i, terms in enumerate(rest):
            for parts, local in terms.items():
                if parts not in views:
                    views = {parts: split(factor, self.hamiltonian.dimensions, self.hamiltonian.positions(parts))}
                own[i] += _expectation(local, views[parts], factor.shape[1])
        for parts, local in couplings.items():
            rows = split(factor, self.hamiltonian.dimensions, self.hamiltonian.positions(parts))
            energy = _expectation(local, rows, factor.shape[1])
            own[next(names.index(name) for name in parts if name in names)] += energy
            interactions[next(baths.index(name) for name in parts if name in baths)] += energy
        return own, interactions

    def reservoir_energies(self, factor: ComplexArray) -> FloatArray:
        """Return E_j in each column, shape (reservoirs, columns)."""
        weights = factor.real**2 + factor.imag**2
        shaped = weights.reshape(*self.hamiltonian.dimensions, -1)
        rows = []
        for position, energies in zip(self.reservoirs, self.hamiltonian.reservoir_energies.values(), strict=True):
            others = tuple(k for k in range(len(self.hamiltonian.dimensions)) if k != position)
            rows.append(energies @ shaped.sum(axis=others))
        return np.array(rows).reshape(len(self.reservoirs), factor.shape[1])

    def system_density(self, factor: ComplexArray) -> ComplexArray:
        """Return the density matrix of the subsystems together."""
        return reduced(factor, self.hamiltonian.dimensions, self.system)

    def top_level_population(self, factor: ComplexArray) -> float:
        """Return the largest population of the highest level that is kept of any truncated oscillator; NaN without one."""
        return self.highest_level(populations(factor))

    def highest_level(self, weights: FloatArray) -> float:
        """Return the same from the populations of the product basis."""
        found, weights = [float("nan")], weights.reshape(self.hamiltonian.dimensions)
        for name, levels in self.hamiltonian.truncated.items():
            position = self.hamiltonian.names.index(name)
            own = weights.sum(axis=tuple(k for k in range(weights.ndim) if k != position)).reshape(levels)
            found.extend(float(np.take(own, -1, axis=k).sum()) for k in range(len(levels)))
        return float(np.nanmax(found)) if len(found) > 1 else found[0]

    # --- of the subsystems' state --------------------------------------------------------------------------------------

    def subsystem_entropies(self, rho: ComplexArray) -> FloatArray:
        """Return S(rho_i) from the density matrix of the subsystems together."""
        return np.array([density.entropy(self.part_of_system(rho, k)) for k in self.system])

    def part_of_system(self, rho: ComplexArray, index: int) -> ComplexArray:
        """Return the density matrix of one subsystem."""
        return partial_trace(rho, self.hamiltonian.dimensions[: len(self.system)], [index])

    def system_extras(self, rho: ComplexArray, time: float) -> dict[str, FloatArray]:
        """Return the further columns that need the state of the subsystems only."""
        names = self.hamiltonian.subsystems
        extras: dict[str, FloatArray] = {}
        if len(rho) <= _LARGEST_SYSTEM:
            extras["ergotropy"] = np.asarray(
                density.ergotropy(rho, self.hamiltonian.own(names, time, self.hamiltonian.side).toarray())
            )
        extras["subsystem_ergotropy"] = np.array(
            [
                density.ergotropy(
                    self.part_of_system(rho, k), self.hamiltonian.own((name,), time, self.hamiltonian.side).toarray()
                )
                for k, name in enumerate(names)
            ]
        )
        if len(names) == 2 and len(rho) <= _LARGEST_SYSTEM:
            sizes = (self.hamiltonian.dimensions[0], self.hamiltonian.dimensions[1])
            extras["negativity"] = np.asarray(density.negativity(rho, sizes))
            if sizes == (2, 2):
                extras["concurrence"] = np.asarray(density.concurrence(rho))
        return extras

    # --- of the whole, given exactly -----------------------------------------------------------------------------------

    def entropies(self, factor: ComplexArray, rho: ComplexArray) -> Callable[[tuple[int, ...]], float]:
        """Return the function that gives the entropy of any set of parts met in a ledger, each worked out once.

        `factor` has all columns of the state, orthogonal; `rho` is the density matrix of the subsystems together. An entropy that
        would take too large a matrix is NaN.
        """
        sizes, known = self.hamiltonian.dimensions, {}
        everything, system, reservoirs = (*self.system, *self.reservoirs), tuple(self.system), tuple(self.reservoirs)
        n_system, n_reservoirs = len(rho), int(np.prod([sizes[k] for k in reservoirs]))
        # The reservoirs' states follow from their joint one, unless the state is pure enough for the other side to be smaller.
        is_joint = n_reservoirs <= min(_LARGEST_SPECTRUM, n_system * factor.shape[1])
        joint = reduced(factor, sizes, reservoirs) if is_joint else None

        def found(positions: tuple[int, ...]) -> float:
            if positions == everything:  # the columns are orthogonal: their weights are the spectrum
                return density.spectrum_entropy(np.sum(factor.real**2 + factor.imag**2, axis=0))
            if set(positions) <= set(system):
                return density.entropy(partial_trace(rho, [sizes[k] for k in system], positions))
            if joint is not None and set(positions) <= set(reservoirs):
                kept = [reservoirs.index(k) for k in positions]
                return density.entropy(partial_trace(joint, [sizes[k] for k in reservoirs], kept))
            size = int(np.prod([sizes[k] for k in positions]))
            if min(size, factor.size // size) > _LARGEST_SPECTRUM:
                return float("nan")
            return density.spectrum_entropy(reduced_spectrum(factor, sizes, positions))

        def entropy(positions: tuple[int, ...]) -> float:
            if positions not in known:
                known[positions] = found(positions)
            return known[positions]

        return entropy

    def coherences(
        self, factor: ComplexArray, time: float, entropies: Callable[[tuple[int, ...]], float]
    ) -> dict[str, FloatArray]:
        """Return how much of I, C(S) and C(R) is coherence between energies of the parts.

        With Delta the dephasing of every part between its energies, a set X of parts has the relative entropy of coherence
        C_r(X) = S(Delta rho_X) - S(rho_X), and I = I(Delta rho) + [C_r(SR) - C_r(S) - C_r(R)].
        """
        seen = _Dephased(self.hamiltonian, self.hamiltonian.names, factor, time)

        def coherence(positions: Sequence[int]) -> float:
            return seen.entropy(positions) - entropies(tuple(positions))

        everything, system, reservoirs = [*self.system, *self.reservoirs], self.system, self.reservoirs
        each = {k: coherence([k]) for k in everything}
        together = {"S": each[system[0]] if len(system) == 1 else coherence(system)}
        together["R"] = each[reservoirs[0]] if len(reservoirs) == 1 else coherence(reservoirs)
        return {
            "mutual_information_coherence": np.asarray(coherence(everything) - together["S"] - together["R"]),
            "system_correlation_coherence": np.asarray(together["S"] - sum(each[k] for k in system)),
            "reservoir_correlation_coherence": np.asarray(together["R"] - sum(each[k] for k in reservoirs)),
        }

    def system_coherence(self, rho: ComplexArray, time: float) -> dict[str, FloatArray]:
        """Return the same as far as the density matrix of the subsystems tells it."""
        factor, _ = density.root_factor(rho)
        seen = _Dephased(self.hamiltonian, self.hamiltonian.subsystems, factor, time)
        together = seen.entropy(self.system) - density.entropy(rho)
        each = [seen.entropy([k]) - density.entropy(self.part_of_system(rho, k)) for k in self.system]
        return UNKNOWN_COHERENCE | {"system_correlation_coherence": np.asarray(together - sum(each))}

    def integrated(self, integrals: FloatArray) -> dict[str, FloatArray]:
        """Return the columns that are counted since the start, from what was integrated up to now."""
        last = 1 + len(self.reservoirs)
        found = {"switching_work": integrals[1:last]}
        return found | ({"counts": integrals[last:]} if len(integrals) > last else {})

    def snapshot(
        self,
        factor: ComplexArray,
        integrals: FloatArray,
        time: float,
        *,
        with_coherence: bool | None,
        renewed: Sequence[str] = (),
    ) -> Snapshot:
        """Return everything about a state given by all its columns, which must be orthogonal, and their integrals.

        Without coherence the columns that need that of the reservoirs are unknown; with None there are no such columns.
        """
        rho = self.system_density(factor)
        entropy = self.entropies(factor, rho)
        energies, interactions = self.energies(factor, time)
        extras = {"interaction_energy": interactions.sum(axis=1)} | self.integrated(np.sum(integrals, axis=1))
        extras |= self.system_extras(rho, time)
        if self.hamiltonian.truncated:
            extras["top_level_population"] = np.asarray(self.top_level_population(factor))
        if renewed:
            extras["renewed_entropy"] = np.asarray(entropy(tuple(self.hamiltonian.positions(renewed))))
        if with_coherence is not None:
            extras |= self.coherences(factor, time, entropy) if with_coherence else self.system_coherence(rho, time)
        return Snapshot(
            np.asarray(time),
            energies.sum(axis=1),
            self.reservoir_energies(factor).sum(axis=1),
            np.array([entropy((k,)) for k in self.system]),
            np.array([entropy((k,)) for k in self.reservoirs]),
            np.asarray(entropy(tuple(self.system))),
            np.asarray(entropy(tuple(self.reservoirs))),
            np.asarray(entropy((*self.system, *self.reservoirs))),
            extras,
        )


def _expectation(local: Any, rows: ComplexArray, columns: int) -> FloatArray:
    """Return the expectation value in each column of a local operator, from the state split by its parts."""
    each = np.real(np.einsum("ij,ij->j", rows.conj(), local @ rows))
    return np.asarray(each.reshape(-1, columns).sum(axis=0))


OF_SYSTEM = frozenset({"observables", "ergotropy", "subsystem_ergotropy", "negativity", "concurrence", "top_level_population"})
"""What the state of finite subsystems tells, where they have it."""

UNKNOWN_COHERENCE: dict[str, FloatArray] = {
    name: np.asarray(np.nan)
    for name in ("mutual_information_coherence", "system_correlation_coherence", "reservoir_correlation_coherence")
}


class _Dephased:
    """A state of some parts, given by a factor, when each part has lost its coherence between its energies."""

    def __init__(self, hamiltonian: TensorHamiltonian, names: Sequence[str], factor: ComplexArray, time: float) -> None:
        self.sizes = hamiltonian.sizes(names)
        self.labels: list[IntArray] = []
        shaped = factor.reshape(*self.sizes, -1)
        for k, name in enumerate(names):
            if name in hamiltonian.reservoir_energies:
                energies, vectors = hamiltonian.reservoir_energies[name], None
            else:
                own = hamiltonian.own((name,), time, hamiltonian.side).toarray()
                energies, vectors = np.real(np.diagonal(own)), None
                if np.any(own != np.diag(np.diagonal(own))):
                    energies, vectors = np.linalg.eigh(own)
            if vectors is not None:
                shaped = np.moveaxis(np.tensordot(vectors.conj().T, shaped, axes=(1, k)), 0, k)
            order = np.argsort(energies, kind="stable")
            label = np.empty(self.sizes[k], dtype=np.intp)
            label[order] = density.eigenspaces(energies[order])
            self.labels.append(label)
        self.factor = np.ascontiguousarray(shaped).reshape(factor.shape)
        self.weights = populations(self.factor).reshape(self.sizes)

    def entropy(self, positions: Sequence[int]) -> float:
        """Return the entropy of some of the parts, listed in their order."""
        label = np.zeros(1, dtype=np.intp)
        for k in positions:
            label = (label[:, None] * (int(self.labels[k].max()) + 1) + self.labels[k]).ravel()
        diagonal = self.weights.sum(axis=tuple(k for k in range(len(self.sizes)) if k not in positions)).ravel()
        order = np.argsort(label, kind="stable")
        groups = np.split(order, np.flatnonzero(np.diff(label[order])) + 1)
        single = np.array([group[0] for group in groups if len(group) == 1], dtype=np.intp)
        spectra = [diagonal[single]]
        if len(single) < len(groups):
            rows = split(self.factor, self.sizes, positions)
            for group in groups:
                if len(group) > 1:
                    block = rows[group]
                    gram = block @ block.conj().T if len(block) <= block.shape[1] else block.conj().T @ block
                    spectra.append(np.linalg.eigvalsh(gram))
        return density.spectrum_entropy(np.concatenate(spectra))


TELLS = Tells(extras=OF_SYSTEM | UNKNOWN_COHERENCE.keys() | {"counts", "interaction_energy", "switching_work"})
"""What solvers of the whole tell."""
