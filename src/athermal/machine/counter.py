"""Counters: time integrals of observables that a run keeps beside its ledger."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import ConfigDict

from athermal import _validate
from athermal.errors import MachineError
from athermal.machine.coupling import OperatorCoupling


@dataclass(frozen=True)
class Counter:
    """A quantity that adds up in time: N(t) = integral_0^t <sum_a s_a(t') A_a> dt', for machines of finite parts.

    A current as the observable counts what has passed; the time derivative of a term counts the work that its drive did.

    Parameters
    ----------
    name : str
        The label of its column in `ledger.counts`.
    terms : sequence of OperatorCoupling
        The observable, written like terms of a Hamiltonian (of which they are no part).

    Examples
    --------
    >>> Counter("excitations", [OperatorCoupling(("a",), ("sigmaz",), 0.5)]).name
    'excitations'
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    name: str
    terms: tuple[OperatorCoupling, ...]

    def __post_init__(self) -> None:
        _validate.identifier(self.name, "name", "a counter")
        owner, given = f"counter {self.name!r}", self.terms
        is_one, rule = isinstance(given, OperatorCoupling), "hold at least one OperatorCoupling"
        terms = (given,) if is_one else _validate.entries(given, "terms", owner, rule)
        if not terms or not all(isinstance(term, OperatorCoupling) for term in terms):
            raise MachineError(
                f"`terms` of counter {self.name!r} must hold at least one OperatorCoupling, but is {_validate.shown(self.terms)}."
            )
        object.__setattr__(self, "terms", terms)
