"""How the terms of a Hamiltonian depend on one simple drive that some of them hold."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from athermal._types import FloatArray
from athermal.machine.drive import Component, Drive, Product, Side, Sum
from athermal.machine.terms import DrivenTerms


def holds(drive: Drive, leaf: Drive) -> bool:
    """Tell whether a drive is made of `leaf` (this very object)."""
    if drive is leaf:
        return True
    if isinstance(drive, Component):
        return holds(drive.drive, leaf)
    return isinstance(drive, (Sum, Product)) and any(holds(member, leaf) for member in drive.members)


def slope(drive: Drive, leaf: Drive, times: FloatArray, side: Side = "right") -> Any:
    """Return the derivative of a drive with respect to the value of a leaf in it, at an array of times.

    Examples
    --------
    >>> from athermal.machine.drive import Constant
    >>> f = Constant(3.0)
    >>> slope(Product((f, f, Constant(0.5))), f, np.zeros(1))
    array([3.])
    """
    if drive is leaf:
        return np.ones(len(times))
    if not holds(drive, leaf):
        return np.zeros(len(times))
    if isinstance(drive, Component):
        inner = slope(drive.drive, leaf, times, side)
        return np.real(inner) if drive.part == "real" else np.imag(inner)
    members = drive.members if isinstance(drive, (Sum, Product)) else ()
    if isinstance(drive, Sum):
        return np.sum([slope(member, leaf, times, side) for member in members], axis=0)
    values = [member.value(times, side) for member in members]
    inner = np.zeros(len(times), dtype=np.result_type(*values))
    for k, member in enumerate(members):
        others = np.prod([value for j, value in enumerate(values) if j != k], axis=0)
        inner = inner + slope(member, leaf, times, side) * others
    return inner


@dataclass(frozen=True)
class Response:
    """dJ = sum_a [integral c_a(t) ds_a(t) dt + boundary_a ds_a(0)] for changes ds_a of the strengths of some terms.

    Parameters
    ----------
    terms : tuple of int
        Which terms of the Hamiltonian.
    times, weights : (T,) array
        The nodes of the integral, phases within the cycle, and the weights.
    rates : (T, terms) array
        c_a.
    boundary : (terms,) array
    """

    terms: tuple[int, ...]
    times: FloatArray
    weights: FloatArray
    rates: FloatArray
    boundary: FloatArray


def active_terms(hamiltonian: DrivenTerms[Any], leaves: Sequence[Drive], n_terms: int | None = None) -> tuple[int, ...]:
    """Return which terms hold one of some leaves."""
    return tuple(a for a, term in enumerate(hamiltonian.terms[:n_terms]) if any(holds(term.drive, leaf) for leaf in leaves))


def stretches(hamiltonian: DrivenTerms[Any], knots: Sequence[float]) -> list[tuple[float, float]]:
    """Return the stretches of a cycle between the breakpoints of its drives and some more knots."""
    marks, _ = hamiltonian.edges(0.0, hamiltonian.period)
    edges = list(marks)
    for knot in sorted(knots):
        if min(abs(knot - edge) for edge in edges) > 1e-11 * hamiltonian.period:
            edges.append(knot)
    edges.sort()
    return list(itertools.pairwise(edges))
