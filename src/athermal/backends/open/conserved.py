"""What a machine between baths conserves, and what it is called."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import scipy.sparse

from athermal._types import ComplexArray, FloatArray
from athermal.machine.drive import Drive
from athermal.machine.open_system import OpenSystem
from athermal.maths.superoperator import commutator, dense, stacked, unstacked
from athermal.maths.tensor import embed

# The dimension of the subsystems up to which conserved operators are looked for, and how little one may change.
_LARGEST, _CONSERVED = 40, 1e-10
# How far a conserved operator may be from one that has a name; the most parts whose sums have names; how many are named.
_SAME, _MOST_PARTS, _NAMED = 1e-5, 6, 3


def commutant(operators: Sequence[ComplexArray]) -> list[ComplexArray]:
    """Return operators that span all that commutes with the given ones and their adjoints, the identity among them.

    Nothing beyond the dimension up to which they are looked for.

    Examples
    --------
    >>> len(commutant([np.diag([1.0, -1.0])])), len(commutant([np.diag([1.0, -1.0]), np.ones((2, 2))]))
    (2, 1)
    """
    dimension = len(operators[0])
    if dimension > _LARGEST:
        return []
    total = np.zeros((dimension**2, dimension**2), dtype=complex)
    for operator in operators:
        if size := float(np.linalg.norm(operator, 2)):
            turn = commutator(scipy.sparse.csr_array(operator / size)).toarray()
            total += turn.conj().T @ turn
    values, vectors = np.linalg.eigh(total)
    return [unstacked(vector) for vector in vectors.T[values < _CONSERVED]]


def of_system(system: OpenSystem) -> list[ComplexArray]:
    """Return operators that span what commutes with H_S and all contacts, at all times."""
    groups: dict[Drive | None, ComplexArray] = {}
    at = np.zeros(1)
    for drive, whole in system.inside:
        fixed = drive.is_always_constant
        amount = float(np.real(drive.value(at)[0])) if fixed else 1.0
        key = None if fixed else drive
        groups[key] = groups.get(key, np.zeros((system.dimension,) * 2, dtype=complex)) + amount * dense(whole)
    contacts = [
        dense(c.operator) for c in system.contacts if not c.drive.is_always_constant or np.real(c.drive.value(at)[0]) != 0.0
    ]
    return commutant([*groups.values(), *contacts])


def named(space: Sequence[ComplexArray], system: OpenSystem) -> str:
    """Return what conserved operators are called: energies, excitations, parities, exchanges of parts; or what they leave."""
    basis, _ = np.linalg.qr(np.array([stacked(operator) for operator in space]).T)

    def is_in(operator: ComplexArray) -> bool:
        vector = stacked(operator - np.trace(operator) / len(operator) * np.eye(len(operator)))
        size = float(np.linalg.norm(vector))
        return size > 0.0 and float(np.linalg.norm(vector - basis @ (basis.conj().T @ vector))) <= _SAME * size

    whole = {name for name in system.hamiltonian.subsystems if all(is_in(operator) for operator in _random(system, name))}
    found = [f"everything about {name!r}" for name in sorted(whole)]
    found += [label for label, operator, parts in _candidates(system) if not whole & set(parts) and is_in(operator)]
    if found:
        return ", ".join(found[:_NAMED])
    return _blocks(space)


def _random(system: OpenSystem, name: str) -> Iterator[ComplexArray]:
    """Yield two Hermitian operators of one part that share nothing."""
    (size,), rng = system.hamiltonian.sizes((name,)), np.random.default_rng(0)
    for _ in range(2):
        matrix = rng.standard_normal((size, size)) + 1j * rng.standard_normal((size, size))
        yield dense(system.embedded(scipy.sparse.csr_array(matrix + matrix.conj().T), name))


def _candidates(system: OpenSystem) -> Iterator[tuple[str, ComplexArray, tuple[str, ...]]]:
    """Yield operators that are often conserved, with what they are called and their parts."""
    names = system.hamiltonian.subsystems
    for name in names:
        yield f"the energy of {name!r}", dense(_of_all(system, system.hamiltonian.own((name,)), (name,))), (name,)
    numbers = {name: np.diagonal(dense(system.embedded(np.diag(_levels(system, name)), name))).real for name in names}
    for count in range(1, min(len(names), _MOST_PARTS) + 1):
        for parts in itertools.combinations(names, count):
            together = np.sum([numbers[name] for name in parts], axis=0)
            listed = " and ".join(map(repr, parts)) + (" together" if count > 1 else "")
            if count > 1:
                yield f"the excitations of {listed}", np.diag(together).astype(complex), parts
            yield f"the parity of {listed}", np.diag((-1.0) ** together).astype(complex), parts
    for one, two in itertools.combinations(names, 2):
        if system.hamiltonian.sizes((one,)) == system.hamiltonian.sizes((two,)):
            yield f"the symmetry under an exchange of {one!r} and {two!r}", _swap(system, one, two), (one, two)
    yield "the energy of the subsystems", dense(system.hamiltonian.own(names)), names


def _of_all(system: OpenSystem, local: Any, parts: tuple[str, ...]) -> Any:
    return embed(scipy.sparse.csr_array(local), system.hamiltonian.positions(parts), system.hamiltonian.dimensions)


def _levels(system: OpenSystem, name: str) -> FloatArray:
    """Return the number of each basis state of a part, counted from its lowest energy."""
    energies = np.diagonal(dense(system.hamiltonian.own((name,)))).real
    levels = np.empty(len(energies))
    levels[np.argsort(energies, kind="stable")] = np.arange(len(energies))
    return levels


def _swap(system: OpenSystem, one: str, two: str) -> ComplexArray:
    """Return the operator that exchanges two parts."""
    shape, places = system.hamiltonian.dimensions, system.hamiltonian.positions((one, two))
    states = np.arange(system.dimension).reshape(shape)
    return np.asarray(np.eye(system.dimension)[states.swapaxes(*places).ravel()], dtype=complex)


def _blocks(space: Sequence[ComplexArray]) -> str:
    """Return into what blocks the states fall: the eigenspaces of a conserved operator without symmetries of its own."""
    rng = np.random.default_rng(0)
    total = sum((rng.standard_normal() * a + rng.standard_normal() * 1j * a for a in space), start=np.zeros_like(space[0]))
    values = np.linalg.eigvalsh(total + total.conj().T)
    apart = np.flatnonzero(np.diff(values) > _SAME * max(float(np.ptp(values)), 1e-300)) + 1
    sizes = [len(block) for block in np.split(values, apart)]
    return f"the projectors on blocks of {', '.join(map(str, sizes))} states"
