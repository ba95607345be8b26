"""Energies, entropies and further columns of a state of finite parts, given as a factor of its density matrix."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from athermal._types import ComplexArray, FloatArray, IntArray, Matrix
from athermal.machine.tensor_hamiltonian import TensorHamiltonian
from athermal.maths import density
from athermal.maths.tensor import partial_trace, populations, reduced, reduced_spectrum, split
from athermal.thermodynamics.snapshot import Snapshot

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

    def subsystem_energies(self, factor: ComplexArray, time: float) -> FloatArray:
        """Return U_i in each column, shape (subsystems, columns); their sums are the energies of the state."""
        total = np.zeros((len(self.system), factor.shape[1]))
        views: dict[tuple[str, ...], Matrix] = {}
        for i in self.system:
            for parts, local in self.hamiltonian.subsystem_energy_terms(i, time).items():
                if parts not in views:
                    views = {parts: split(factor, self.hamiltonian.dimensions, self.hamiltonian.positions(parts))}
                rows = views[parts]
                each = np.real(np.einsum("ij,ij->j", rows.conj(), local @ rows))
                total[i] += each.reshape(-1, factor.shape[1]).sum(axis=0)
        return total

    def reservoir_energies(self, factor: ComplexArray) -> FloatArray:
        """Return E_j in each column, shape (reservoirs, columns)."""
        weights = factor.real**2 + factor.imag**2
        shaped = weights.reshape(*self.hamiltonian.dimensions, -1)
        rows = []
        for position, energies in zip(self.reservoirs, self.hamiltonian.reservoir_energies.values(), strict=True):
            others = tuple(k for k in range(len(self.hamiltonian.dimensions)) if k != position)
            rows.append(energies @ shaped.sum(axis=others))
        return np.array(rows)

    def system_density(self, factor: ComplexArray) -> ComplexArray:
        """Return the density matrix of the subsystems together."""
        return reduced(factor, self.hamiltonian.dimensions, self.system)

    def top_level_population(self, factor: ComplexArray) -> float:
        """Return the largest population of the highest level that is kept of any truncated oscillator; NaN without one."""
        found = [float("nan")]
        weights = populations(factor).reshape(self.hamiltonian.dimensions)
        for name, levels in self.hamiltonian.truncated.items():
            position = self.hamiltonian.names.index(name)
            own = weights.sum(axis=tuple(k for k in range(weights.ndim) if k != position)).reshape(levels)
            found.extend(float(np.take(own, -1, axis=k).sum()) for k in range(len(levels)))
        return float(np.nanmax(found)) if len(found) > 1 else found[0]

    # --- of the subsystems' state --------------------------------------------------------------------------------------

    def subsystem_entropies(self, rho: ComplexArray) -> FloatArray:
        """Return S(rho_i) from the density matrix of the subsystems together."""
        return np.array([density.entropy(self.part_of_system(rho, k)) for k in self.system])

    def entropy_of_system(self, rho: ComplexArray) -> float:
        """Return S(rho_S) from the density matrix of the subsystems together."""
        return density.entropy(rho)

    def part_of_system(self, rho: ComplexArray, index: int) -> ComplexArray:
        """Return the density matrix of one subsystem."""
        return partial_trace(rho, self.hamiltonian.dimensions[: len(self.system)], [index])

    def system_extras(self, rho: ComplexArray, time: float) -> dict[str, FloatArray]:
        """Return the further columns that need the state of the subsystems only."""
        names = self.hamiltonian.subsystems
        extras: dict[str, FloatArray] = {}
        if len(rho) <= _LARGEST_SYSTEM:
            extras["ergotropy"] = np.asarray(density.ergotropy(rho, self.hamiltonian.own(names, time).toarray()))
        extras["subsystem_ergotropy"] = np.array(
            [
                density.ergotropy(self.part_of_system(rho, k), self.hamiltonian.own((name,), time).toarray())
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
        turned, labels = self._in_energy_bases(factor, time)
        weights = populations(turned).reshape(self.hamiltonian.dimensions)

        def coherence(positions: Sequence[int]) -> float:
            return self._dephased_entropy(turned, weights, labels, positions) - entropies(tuple(positions))

        everything, system, reservoirs = [*self.system, *self.reservoirs], self.system, self.reservoirs
        each = {k: coherence([k]) for k in everything}
        together = {"S": each[system[0]] if len(system) == 1 else coherence(system)}
        together["R"] = each[reservoirs[0]] if len(reservoirs) == 1 else coherence(reservoirs)
        return {
            "mutual_information_coherence": np.asarray(coherence(everything) - together["S"] - together["R"]),
            "system_correlation_coherence": np.asarray(together["S"] - sum(each[k] for k in system)),
            "reservoir_correlation_coherence": np.asarray(together["R"] - sum(each[k] for k in reservoirs)),
        }

    def _in_energy_bases(self, factor: ComplexArray, time: float) -> tuple[ComplexArray, list[IntArray]]:
        """Return the factor with each subsystem in the eigenbasis of its H_i(t), and an energy label of each part's states."""
        sizes, labels = self.hamiltonian.dimensions, []
        shaped = factor.reshape(*sizes, -1)
        for k, name in enumerate(self.hamiltonian.names):
            if name in self.hamiltonian.reservoir_energies:
                energies = self.hamiltonian.reservoir_energies[name]
                order = np.argsort(energies, kind="stable")
                label = np.empty(sizes[k], dtype=np.intp)
                label[order] = density.eigenspaces(energies[order])
                labels.append(label)
                continue
            own = self.hamiltonian.own((name,), time).toarray()
            energies, vectors = np.linalg.eigh(own)
            labels.append(density.eigenspaces(energies))
            if np.any(np.abs(own - np.diag(np.diagonal(own))) > 0.0):
                shaped = np.moveaxis(np.tensordot(vectors.conj().T, shaped, axes=(1, k)), 0, k)
            else:  # already its own eigenbasis: only the labels need its order
                order = np.argsort(np.real(np.diagonal(own)), kind="stable")
                label = np.empty(sizes[k], dtype=np.intp)
                label[order] = density.eigenspaces(np.real(np.diagonal(own))[order])
                labels[-1] = label
        return np.ascontiguousarray(shaped).reshape(factor.shape), labels

    def _dephased_entropy(
        self, factor: ComplexArray, weights: FloatArray, labels: list[IntArray], positions: Sequence[int]
    ) -> float:
        """Return the entropy of some parts after each has lost its coherence between different energies."""
        sizes = self.hamiltonian.dimensions
        label = np.zeros(1, dtype=np.intp)
        for k in positions:
            label = (label[:, None] * (int(labels[k].max()) + 1) + labels[k]).ravel()
        others = tuple(k for k in range(len(sizes)) if k not in positions)
        diagonal = weights.sum(axis=others).transpose(np.argsort(np.argsort(positions))).ravel()
        order = np.argsort(label, kind="stable")
        groups = np.split(order, np.flatnonzero(np.diff(label[order])) + 1)
        single = np.array([group[0] for group in groups if len(group) == 1], dtype=np.intp)
        spectra = [diagonal[single]]
        if len(single) < len(groups):
            rows = split(factor, sizes, positions)
            for group in groups:
                if len(group) > 1:
                    block = rows[group]
                    gram = block @ block.conj().T if len(block) <= block.shape[1] else block.conj().T @ block
                    spectra.append(np.linalg.eigvalsh(gram))
        return density.spectrum_entropy(np.concatenate(spectra))

    def snapshot(self, factor: ComplexArray, counts: FloatArray, time: float, *, with_coherence: bool) -> Snapshot:
        """Return everything about a state given by all its columns, which must be orthogonal."""
        rho = self.system_density(factor)
        entropy = self.entropies(factor, rho)
        extras = {"counts": np.sum(counts, axis=1)} if len(counts) else {}
        extras |= self.system_extras(rho, time)
        if self.hamiltonian.truncated:
            extras["top_level_population"] = np.asarray(self.top_level_population(factor))
        if with_coherence:
            extras |= self.coherences(factor, time, entropy)
        return Snapshot(
            np.asarray(time),
            self.subsystem_energies(factor, time).sum(axis=1),
            self.reservoir_energies(factor).sum(axis=1),
            np.array([entropy((k,)) for k in self.system]),
            np.array([entropy((k,)) for k in self.reservoirs]),
            np.asarray(entropy(tuple(self.system))),
            np.asarray(entropy(tuple(self.reservoirs))),
            np.asarray(entropy((*self.system, *self.reservoirs))),
            extras,
        )
