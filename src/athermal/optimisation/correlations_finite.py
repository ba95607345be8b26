"""Correlations of finite parts: the density matrices with given marginals."""

from __future__ import annotations

import itertools
import math
from functools import reduce

import numpy as np
import scipy.linalg

from athermal._types import FloatArray, Matrix
from athermal.backends.finite.density_matrix import DensityMatrixSolver
from athermal.backends.finite.state import FactorState
from athermal.machine.initial import GivenState, InitialState, ProductThermal
from athermal.machine.operator import as_operator
from athermal.machine.parts import FiniteReservoir
from athermal.maths import density
from athermal.maths.spans import MatrixSpan
from athermal.maths.tensor import embed, partial_trace, reduced
from athermal.optimisation.space import CorrelationSpace, check_size, rounding

# Two parts of dimension 6, or a whole of dimension 32 or 36: what a step of the solver does in a second or so.
_MOST = 1500
# Populations that count as none. Correlations reach at most their root.
_EMPTY = 1e-24


class FiniteCorrelations(CorrelationSpace):
    """The density matrices with the marginals of `initial`, in which the parts outside `among` are uncorrelated.

    With rho_p = M_p M_p^dag and M the product of the M_p, the state is M (1 + F(x)) M^dag. The F_i are products of one Hermitian
    matrix for each part: the identity, or one whose mean in rho_p is zero, the latter for two parts at least, so that no marginal
    moves.
    """

    def __init__(self, solver: DensityMatrixSolver, initial: InitialState, among: tuple[str, ...], cycles: int) -> None:
        self.solver, self.hamiltonian, self.among = solver, solver.hamiltonian, among
        names, dimensions = self.hamiltonian.names, self.hamiltonian.dimensions
        factor = solver.prepare(initial).factor
        self.roots = {name: _root(reduced(factor, dimensions, [k])) for k, name in enumerate(names)}
        ranks = tuple(self.roots[name].shape[1] for name in names)
        own = [self.roots[name].shape[1] for name in among]
        check_size(math.prod(own) ** 2 - 1 - sum(rank**2 - 1 for rank in own), _MOST, among, "smaller ones")
        self.rest = initial if isinstance(initial, ProductThermal) else self._given_rest()
        matrices, self.reach = _products([np.sum(np.abs(self.roots[name]) ** 2, axis=0) for name in among])
        self.span = MatrixSpan(matrices)
        whole = reduce(np.kron, [self.roots[name] for name in names]).astype(complex)
        end = solver.cycle_map().apply(FactorState.at_start(whole, self.hamiltonian.n_integrals), cycles)
        keep = [names.index(name) for name in among]
        energies, slopes = [], []
        for energy in self._energy_operators():
            before, after = (state.conj().T @ (energy @ state) for state in (whole, end.factor))
            energies.append([float(np.real(np.trace(form))) for form in (before, after)])
            slopes.append(self.span.adjoint(partial_trace(after - before, ranks, keep)))
        self.slopes = np.array(slopes)
        self.offsets, self.resolution = np.diff(energies, axis=1)[:, 0], rounding(np.array(energies)[:, 1])

    def _energy_operators(self) -> list[Matrix]:
        """Return U_i and H_j at the start of a cycle, as sparse matrices of the whole."""
        found = []
        for k in range(len(self.hamiltonian.subsystems)):
            terms = self.hamiltonian.subsystem_energy_terms(k, 0.0)
            total = 0.0 * self.hamiltonian.static
            for parts, local in terms.items():
                total = total + embed(local, self.hamiltonian.positions(parts), self.hamiltonian.dimensions)
            found.append(total)
        return [*found, *(self.hamiltonian.diagonal((name,)) for name in self.hamiltonian.reservoir_energies)]

    def _own_basis(self, name: str) -> Matrix:
        """Return the root of a part's state in the part's own basis."""
        part, root = self.solver.machine.part(name), self.roots[name]
        if not isinstance(part, FiniteReservoir):
            return root
        turn = np.asarray(part.adjoint_basis(np.eye(part.dimension)))
        return np.asarray(turn.conj().T @ root)

    def _given_rest(self) -> InitialState:
        """Return the product of the marginals of the parts outside `among`."""
        start: InitialState = ProductThermal()
        for name in self.hamiltonian.names:
            if name not in self.among:
                start = GivenState(_state(self._own_basis(name), np.eye(self.roots[name].shape[1])), (name,), start)
        return start

    def initial(self, x: FloatArray) -> GivenState:
        """Return the state of the whole."""
        root = reduce(np.kron, [self._own_basis(name) for name in self.among])
        return GivenState(_state(root, np.eye(self.span.size) + self.span.matrix(x)), self.among, self.rest)

    def prepared(self, initial: InitialState) -> FactorState:
        """Return a state of the whole."""
        return self.solver.prepare(initial)

    def entropy(self, state: FactorState, parts: tuple[str, ...]) -> float:
        """Return the entropy of some parts."""
        return density.entropy(reduced(state.factor, self.hamiltonian.dimensions, self.hamiltonian.positions(parts)))

    def ergotropy(self, state: FactorState) -> float:
        """Return the most work that a cyclic unitary draws from the whole."""
        whole = state.factor @ state.factor.conj().T
        return density.ergotropy(whole, self.hamiltonian.whole.at(0.0).toarray())


def _state(root: Matrix, inner: Matrix) -> object:
    """Return root inner root^dag as an operator of trace one."""
    matrix = root @ inner @ root.conj().T
    matrix = 0.5 * (matrix + matrix.conj().T)
    return as_operator(matrix / np.real(np.trace(matrix)), "state", "the best correlations")


def _root(state: Matrix) -> Matrix:
    """Return M with rho = M M^dag and orthogonal columns, without the empty levels."""
    if np.any(state != np.diag(np.diagonal(state))):
        return density.root_factor(state)[0]
    populations = np.real(np.diagonal(state))
    kept = np.flatnonzero(populations > _EMPTY)
    return np.asarray(np.eye(len(state))[:, kept] * np.sqrt(populations[kept]))


def _products(populations: list[FloatArray]) -> tuple[Matrix, FloatArray]:
    """Return the F_i, and how large |x_i| can be in a state.

    x_i = Tr(D_i X) with the dual products D_i, and |X_IJ| <= sqrt(X_II X_JJ), X_II <= 1/max_p p_I since marginals are kept.
    """
    local = [_local_basis(p) for p in populations]
    grid = np.stack(np.meshgrid(*populations, indexing="ij"))
    largest = np.sqrt(1.0 / np.max(grid, axis=0).ravel())
    matrices, reach = [], []
    for choice in itertools.product(*(range(len(basis)) for basis, _ in local)):
        if sum(k > 0 for k in choice) < 2:
            continue
        matrices.append(reduce(np.kron, [basis[k] for (basis, _), k in zip(local, choice, strict=True)]))
        dual = reduce(np.kron, [np.abs(duals[k]) for (_, duals), k in zip(local, choice, strict=True)])
        reach.append(float(largest @ dual @ largest))
    return np.array(matrices), np.array(reach)


def _local_basis(populations: FloatArray) -> tuple[list[Matrix], list[Matrix]]:
    """Return the identity and a basis of the Hermitian matrices of mean zero, and the dual basis.

    Diagonal ones diag(b), p . b = 0, are orthonormal. The dual of diag(b) is diag(b - (sum b) p), that of the identity diag(p).
    """
    size = len(populations)
    basis, duals = [np.eye(size, dtype=complex)], [np.diag(populations).astype(complex)]
    for diagonal in scipy.linalg.null_space(populations[None, :]).T:
        basis.append(np.diag(diagonal).astype(complex))
        duals.append(np.diag(diagonal - np.sum(diagonal) * populations).astype(complex))
    for k, m in itertools.combinations(range(size), 2):
        for phase in (1.0, 1j):
            matrix = np.zeros((size, size), dtype=complex)
            matrix[k, m], matrix[m, k] = phase, np.conj(phase)
            basis.append(matrix)
            duals.append(0.5 * matrix)
    return basis, duals
