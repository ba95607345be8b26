"""Observables of oscillators treated as Gaussian: polynomials of second degree in the quadratures of their parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse

from athermal._types import FloatArray
from athermal.errors import MachineError
from athermal.machine.drive import Constant
from athermal.machine.hamiltonian import Hamiltonian, Term
from athermal.machine.observable import Observable
from athermal.machine.operator import MatrixOperator, asymmetry
from athermal.machine.parts import HarmonicReservoir
from athermal.machine.truncation import truncated_term
from athermal.maths.symplectic import mode_indices

NAMES = ("num", "position", "momentum", "position_squared", "momentum_squared")


@dataclass(frozen=True)
class Polynomial:
    """r^T form r/2 + force . r + constant, in the quadratures r = (x_1..x_n, p_1..p_n) of some sites of a part.

    Parameters
    ----------
    part : str
    sites : tuple of int
    form : (2n, 2n) sparse matrix
    force : (2n,) array
    constant : float
    """

    part: str
    sites: tuple[int, ...]
    form: Any
    force: FloatArray
    constant: float

    def mean(self, mean: FloatArray, covariance: FloatArray) -> float:
        """Return its mean in a Gaussian state of these quadratures."""
        quadratic = 0.5 * float(self.form.multiply(covariance).sum()) + 0.5 * float(mean @ (self.form @ mean))
        return quadratic + float(self.force @ mean) + self.constant


def rows_of(hamiltonian: Hamiltonian, part: str, sites: Sequence[int]) -> Any:
    """Return the sparse rows (2n, 2N) of the x's and then the p's of some sites of a part, in the quadratures of the whole."""
    modes, held = hamiltonian.part_modes[part], hamiltonian.machine.part(part)
    count, total = len(modes), 2 * hamiltonian.n_modes
    chosen = np.array([*sites, *(count + k for k in sites)], dtype=np.intp)
    unit = np.zeros((2 * count, len(chosen)))
    unit[chosen, np.arange(len(chosen))] = 1.0
    local = held.to_normal_modes(unit) if isinstance(held, HarmonicReservoir) else unit
    entries = scipy.sparse.coo_array(local.T)
    columns = mode_indices(modes, hamiltonian.n_modes)[entries.col]
    return scipy.sparse.csr_array((entries.data, (entries.row, columns)), shape=(len(chosen), total))


def sites_of(hamiltonian: Hamiltonian, part: str) -> tuple[int, ...]:
    """Return all sites of a part."""
    return tuple(range(len(hamiltonian.part_modes[part])))


def polynomials(observable: Observable, hamiltonian: Hamiltonian) -> tuple[Polynomial, ...]:
    """Return the factors of an observable, one or two of different parts."""
    parts = observable.parts or hamiltonian.machine.subsystem_names
    if len(parts) > 2:
        raise MachineError(
            f"An observable of oscillators treated as Gaussian must be of one part or two, but is of {len(parts)}. "
            "Run DensityMatrix(levels=...), or keep the state and work it out."
        )
    if len(observable.operators) != len(parts):
        raise MachineError("An observable of several oscillators treated as Gaussian must give an operator for each of them.")
    return tuple(_polynomial(hamiltonian, p, o, observable.site) for p, o in zip(parts, observable.operators, strict=True))


def _polynomial(hamiltonian: Hamiltonian, part: str, operator: str | MatrixOperator, site: int | None) -> Polynomial:
    everything, is_bath = sites_of(hamiltonian, part), part in hamiltonian.machine.reservoir_names
    sites = everything if site is None or not is_bath else (site,)
    if not set(sites) <= set(everything):
        raise MachineError(f"`site` of an observable must be below the {len(everything)} sites of {part!r}, but is {site}.")
    n, none = len(sites), np.zeros(2 * len(sites))
    empty = scipy.sparse.csr_array((2 * n, 2 * n))
    if isinstance(operator, MatrixOperator):
        matrix = operator.matrix
        if matrix.shape != (2 * n, 2 * n) or np.iscomplexobj(matrix) or asymmetry(matrix) > 1e-12:
            raise MachineError(
                f"An observable of {part!r}, which is treated as Gaussian, must be one of {', '.join(NAMES)} or the symmetric "
                f"{2 * n} x {2 * n} matrix M of r^T M r/2, but is {operator!r}."
            )
        return Polynomial(part, sites, matrix, none, 0.0)
    xs, ps = np.repeat([1.0, 0.0], n), np.repeat([0.0, 1.0], n)
    known = {
        "num": Polynomial(part, sites, scipy.sparse.diags_array(xs + ps).tocsr(), none, -0.5 * n),
        "position": Polynomial(part, sites, empty, xs, 0.0),
        "momentum": Polynomial(part, sites, empty, ps, 0.0),
        "position_squared": Polynomial(part, sites, scipy.sparse.diags_array(2.0 * xs).tocsr(), none, 0.0),
        "momentum_squared": Polynomial(part, sites, scipy.sparse.diags_array(2.0 * ps).tocsr(), none, 0.0),
    }
    if operator not in known:
        raise MachineError(
            f"An observable of {part!r}, which is treated as Gaussian, must be one of {', '.join(NAMES)} or a matrix, but is "
            f"{operator!r}."
        )
    return known[operator]


def mean_of(factors: Sequence[Polynomial], mean: FloatArray, covariance: FloatArray) -> float:
    """Return <A> or <A B> in a Gaussian state; A and B act on different parts, so that they commute.

    <A B> = <A><B> + tr(F_a s F_b s^T)/2 + (F_a m_a + f_a)^T s (F_b m_b + f_b), s the covariance between the parts (Isserlis).
    """
    if len(factors) == 1:
        return factors[0].mean(mean, covariance)
    a, b = factors
    n = 2 * len(a.sites)
    m_a, m_b, between = mean[:n], mean[n:], covariance[:n, n:]
    apart = a.mean(m_a, covariance[:n, :n]) * b.mean(m_b, covariance[n:, n:])
    shared = 0.5 * float(np.sum((a.form @ between) * (b.form @ between.T).T))
    return apart + shared + float((a.form @ m_a + a.force) @ between @ (b.form @ m_b + b.force))


def truncated_operator(observable: Observable, hamiltonian: Hamiltonian, levels: int) -> tuple[tuple[str, ...], Any]:
    """Return the parts of an observable of oscillators, each cut to some levels, and its sparse matrix on them."""
    total, parts = scipy.sparse.csr_array([[1.0]]), []
    for factor in polynomials(observable, hamiltonian):
        rows = rows_of(hamiltonian, factor.part, factor.sites).toarray()
        term = Term((factor.part,), Constant(1.0), rows.T, factor.form.toarray(), factor.force, (1.0,))
        local = truncated_term(hamiltonian, term, levels).local
        local = local + factor.constant * scipy.sparse.eye_array(local.shape[0])
        total = scipy.sparse.csr_array(scipy.sparse.kron(total, local))
        parts.append(factor.part)
    return tuple(parts), total
