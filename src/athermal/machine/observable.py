"""Observables that a run reads at every instant, by the parts that they act on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import scipy.sparse
from pydantic import ConfigDict

from athermal import _validate
from athermal.errors import MachineError
from athermal.machine.layout import Layout
from athermal.machine.operator import AnyOperator, as_operator, is_qobj
from athermal.machine.parts import FiniteReservoir, FiniteSubsystem

_FACTOR = re.compile(r"^(?P<part>.+)\.(?P<operator>[^.@]+?)(?:@(?P<site>\d+))?$")
_FORMS = (
    'an Observable, text such as "cavity.num" or "a.sigmaz*b.sigmaz", a pair (part, operator), or an operator of all subsystems'
)


@dataclass(frozen=True)
class Observable:
    """A Hermitian operator of one part, or a product over several, whose mean a run keeps: <O_1 O_2 ...>.

    Parameters
    ----------
    parts : str or sequence of str
        Subsystems, and reservoirs where the backend follows them. None: all subsystems together, of a single operator.
    operators : operator or sequence of operators
        One for each part, or a single matrix on all of them together, in their order. Of finite parts the name of a standard
        operator ("sigmaz", "num", "|1><1|"), a matrix or a QuTiP operator. Of oscillators treated as Gaussian "num" (a^dag a),
        "position", "momentum", "position_squared", "momentum_squared", or the symmetric matrix M of r^T M r/2,
        r = (x_1..x_n, p_1..p_n); a product over at most two of them. A name means the sum over all sites of a reservoir,
        whatever their couplings.
    site : int, optional
        The site of the reservoir, instead of their sum.

    Examples
    --------
    >>> import athermal as at
    >>> engine = at.library.two_qubit_swap()
    >>> ledger = at.run(engine, 2, observables={"zz": at.Observable(("hot", "cold"), ("sigmaz", "sigmaz"))})
    >>> ledger.zz.dims
    ('cycle',)
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    parts: tuple[str, ...]
    operators: tuple[AnyOperator, ...]
    site: int | None = None

    def __post_init__(self) -> None:
        owner = "an observable"
        given: Any = (self.parts,) if isinstance(self.parts, str) else self.parts
        parts = tuple(given) if isinstance(given, (list, tuple)) else (None,)
        if not all(isinstance(name, str) for name in parts):
            raise MachineError(f"`parts` of {owner} must be the name of a part or a list of names, but is {self.parts!r}.")
        if repeated := [name for name in parts if parts.count(name) > 1]:
            raise MachineError(f"`parts` of {owner} must not repeat a part, but names {repeated[0]!r} {len(repeated)} times.")
        object.__setattr__(self, "parts", parts)
        several = isinstance(self.operators, (list, tuple)) and not _is_matrix(self.operators)
        each = tuple(self.operators) if several else (self.operators,)
        operators = tuple(as_operator(entry, "operators", owner) for entry in each)
        if len(operators) not in {1, max(1, len(parts))} or (isinstance(operators[0], str) and len(operators) != len(parts)):
            raise MachineError(
                f"`operators` of {owner} must give one for each of its {len(parts)} parts, or one matrix on all of them, but "
                f"gives {len(operators)}."
            )
        object.__setattr__(self, "operators", operators)
        if self.site is not None:
            _validate.count(self.site, "site", owner, least=0)

    @property
    def is_product(self) -> bool:
        """Whether there is an operator for each part; else one on all of them together."""
        return len(self.operators) == len(self.parts)


def as_observable(value: Any, name: str) -> Observable:
    """Return an observable from the forms in which it may be given, or raise `MachineError`.

    Examples
    --------
    >>> as_observable("a.sigmaz*b.num@3", "n").parts
    ('a', 'b')
    """
    if isinstance(value, Observable):
        return value
    try:
        if isinstance(value, str):
            return _from_text(value)
        if is_qobj(value) or scipy.sparse.issparse(value) or _is_matrix(value):
            return Observable((), (value,))
        if isinstance(value, (tuple, list)) and len(value) == 2:
            return Observable(*value)
    except MachineError as error:
        raise MachineError(f"Observable {name!r}: {error}") from None
    raise MachineError(f"Observable {name!r} must be {_FORMS}, but is {value!r}.")


def as_observables(given: Any) -> tuple[tuple[str, Observable], ...]:
    """Return named observables, or raise `MachineError`."""
    if given is None:
        return ()
    if not isinstance(given, Mapping):
        raise MachineError(f"`observables` must be a mapping of names to observables, but is {given!r}.")
    return tuple(
        (_validate.identifier(name, "name", "an observable"), as_observable(value, name)) for name, value in given.items()
    )


def as_kept(given: Any, machine: Layout) -> tuple[tuple[str, ...], ...]:
    """Return the groups of parts whose states are kept: all subsystems (True), none (False), or those listed.

    An entry of a list is a part, or a tuple of parts whose joint state is kept.
    """
    if given is None or given is False:
        return ()
    if given is True:
        return (machine.subsystem_names,)
    entries = (given,) if isinstance(given, str) else given
    if not isinstance(entries, (list, tuple)):
        raise MachineError(f"`keep_states` must be true, false, or a list of parts or of groups of parts, but is {given!r}.")
    groups = tuple(
        (entry,) if isinstance(entry, str) else tuple(entry) if isinstance(entry, (list, tuple)) else () for entry in entries
    )
    for group, entry in zip(groups, entries, strict=True):
        if not group or not all(isinstance(name, str) for name in group) or len(set(group)) != len(group):
            raise MachineError(f"`keep_states` must list parts, or groups of different parts, but holds {entry!r}.")
        for name in group:
            machine.part(name)
    return groups


def check_observables(observables: tuple[tuple[str, Observable], ...], machine: Layout) -> None:
    """Raise `MachineError` if an observable names a part that is not there, or a site of none."""
    for label, observable in observables:
        for name in observable.parts:
            try:
                machine.part(name)
            except MachineError as error:
                raise MachineError(f"Observable {label!r}: {error}") from None
        if observable.site is not None and not set(observable.parts) & set(machine.reservoir_names):
            raise MachineError(f"`site` of observable {label!r} must be left out: none of its parts is a reservoir.")


def finite_operator(observable: Observable, machine: Layout) -> tuple[tuple[str, ...], Any]:
    """Return the parts of an observable of finite parts, and its sparse matrix on them, reservoirs in their energy basis."""
    parts = observable.parts or machine.subsystem_names
    held = [machine.part(name) for name in parts]
    if observable.is_product:
        local = scipy.sparse.csr_array([[1.0]])
        for part, operator in zip(held, observable.operators, strict=True):
            local = scipy.sparse.csr_array(scipy.sparse.kron(local, _operator_of(part, operator, observable.site)))
        return parts, local
    (operator,) = observable.operators
    sizes = [part.dimension for part in held]  # type: ignore[union-attr]
    if isinstance(operator, str) or operator.dimension != _product(sizes):
        raise MachineError(
            f"The operator of {', '.join(map(repr, parts))} together must be a matrix of dimension {_product(sizes)}, but is "
            f"{operator!r}."
        )
    matrix = operator.matrix
    for k, part in enumerate(held):
        if isinstance(part, FiniteReservoir):
            before, after = (scipy.sparse.eye_array(_product(group)) for group in (sizes[:k], sizes[k + 1 :]))
            turn = scipy.sparse.csr_array(part.adjoint_basis(scipy.sparse.eye_array(sizes[k], format="csr")))
            whole = scipy.sparse.csr_array(scipy.sparse.kron(scipy.sparse.kron(before, turn), after))
            matrix = whole @ matrix @ whole.conj().T
    return parts, scipy.sparse.csr_array(matrix)


def _operator_of(part: Any, operator: AnyOperator, site: int | None) -> Any:
    if isinstance(part, FiniteSubsystem):
        return part.operator(operator)
    owner, n_sites = "an observable", getattr(part, "n_sites", 0)
    ones = (1.0,) * n_sites if n_sites and site is None and isinstance(operator, str) else None
    return part.operator(operator, site, ones, owner)


def _product(sizes: Iterable[int]) -> int:
    total = 1
    for size in sizes:
        total *= size
    return total


def _is_matrix(value: Any) -> bool:
    """Tell whether a value is an array, or rows of numbers."""
    if hasattr(value, "ndim"):
        return True
    rows = isinstance(value, (list, tuple)) and bool(value) and all(isinstance(row, (list, tuple)) for row in value)
    return rows and all(isinstance(entry, (int, float, complex)) for row in value for entry in row)


def _from_text(text: str) -> Observable:
    parts, operators, sites = [], [], []
    for factor in text.split("*"):
        found = _FACTOR.match(factor.strip())
        if found is None:
            raise MachineError(
                f'an observable in text must read PART.OPERATOR, as "cavity.num", PART.OPERATOR@SITE, or products with *, '
                f"but is {text!r}."
            )
        parts.append(found["part"])
        operators.append(found["operator"])
        sites += [int(found["site"])] if found["site"] else []
    if len(sites) > 1:
        raise MachineError(f"an observable may name one site, but {text!r} names {len(sites)}.")
    return Observable(tuple(parts), tuple(operators), sites[0] if sites else None)
