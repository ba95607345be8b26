"""Couplings and forces: the terms of the Hamiltonian beyond the parts' own.

A coupling acts on two subsystems, or on one subsystem and one reservoir, through the contact operator of the reservoir:
B = sum_k g_k b_k with the reservoir's own couplings g_k, one site, or weights of your own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import ConfigDict, Field

from athermal import _validate
from athermal.errors import MachineError
from athermal.machine.drive import AnyDrive, Drive, as_drive
from athermal.machine.operator import AnyOperator, MatrixOperator, as_operator

_HALF = (0.5, 0.5)


class Coupling:
    """Base of the couplings between two parts."""

    __pydantic_config__ = ConfigDict(extra="forbid")
    between: tuple[str, ...]
    strength: AnyDrive | float
    share: tuple[float, float]

    @property
    def owner(self) -> str:
        """What error messages call it."""
        kind = type(self).__name__.removesuffix("Coupling")
        return f"{kind} coupling between {' and '.join(repr(name) for name in self.between)}"

    @property
    def drive(self) -> Drive:
        """The strength as a drive."""
        return as_drive(self.strength, "strength", self.owner)

    @property
    def drives(self) -> tuple[tuple[str, Drive], ...]:
        """The drives it holds, with the names of their fields."""
        return (("strength", self.drive),)


def _check_pair(coupling: Any, *, real: bool) -> None:
    between = _names(coupling)
    object.__setattr__(coupling, "between", between)
    if len(between) != 2 or between[0] == between[1]:
        raise MachineError(
            f"`between` of {_article(coupling)} must name two different parts, but is {list(between)}: a term that couples "
            "three parts, or one part to itself, has no place in the energy bookkeeping of the laws. Write it as pair terms."
        )
    object.__setattr__(coupling, "strength", as_drive(coupling.strength, "strength", coupling.owner, real=real))
    _check_share(coupling)
    if coupling.site is not None:
        object.__setattr__(coupling, "site", _validate.count(coupling.site, "site", coupling.owner, least=0))
    if coupling.weights is not None:
        object.__setattr__(coupling, "weights", _validate.reals(coupling.weights, "weights", coupling.owner))


def _names(coupling: Any) -> tuple[str, ...]:
    """Return the parts that a coupling says it is between, in order."""
    rule = "name the parts it couples"
    between = _validate.entries(coupling.between, "between", _article(coupling), rule)
    if not all(isinstance(name, str) for name in between):
        raise MachineError(f"`between` of {_article(coupling)} must {rule}, but is {_validate.shown(coupling.between)}.")
    return between


def _check_amplitude(coupling: Any) -> None:
    if coupling.amplitude_frequency is not None:
        frequency = _validate.positive(coupling.amplitude_frequency, "amplitude_frequency", coupling.owner)
        object.__setattr__(coupling, "amplitude_frequency", frequency)


def _check_share(coupling: Any) -> None:
    share = _validate.reals(coupling.share, "share", coupling.owner, length=2)
    if abs(sum(share) - 1.0) > 1e-12:
        raise MachineError(f"`share` of {coupling.owner} must add up to 1, but is {list(share)}.")
    object.__setattr__(coupling, "share", share)


def _article(coupling: Any) -> str:
    kind = type(coupling).__name__.removesuffix("Coupling")
    return f"{'an' if kind[0] in 'AEIOU' else 'a'} {kind} coupling"


@dataclass(frozen=True)
class Exchange(Coupling):
    """Exchange of excitations: H = g(t) a B^dag + h.c., for a real g: g(t) (a B^dag + a^dag B).

    Parameters
    ----------
    between : (str, str)
        The part of a, the part of B: two subsystems, or a subsystem and a reservoir in either order.
    strength : float or Drive
        g(t), which may be complex (`Rotating`).
    site, weights : optional
        The contact of a reservoir, if not its own couplings g_k: one site, or weights over its sites.
    amplitude_frequency : float, optional
        The frequency w at which the amplitude of a subsystem in contact with a reservoir is taken,
        a = (x sqrt(w/w0) + i p sqrt(w0/w))/sqrt 2, if not its reference frequency w0: that of the stroke in which they meet, for
        an oscillator whose driven frequency enters by the law "potential".
    share : (float, float)
        How the energy of a term between two subsystems is shared between them; half each unless you say otherwise.

    Examples
    --------
    >>> Exchange(("hot", "cold"), strength=0.15).between
    ('hot', 'cold')
    """

    between: tuple[str, ...]
    strength: AnyDrive | float = 1.0
    site: int | None = None
    weights: tuple[float, ...] | None = None
    amplitude_frequency: float | None = None
    share: tuple[float, float] = _HALF
    kind: Literal["exchange"] = field(default="exchange", repr=False)

    def __post_init__(self) -> None:
        _check_pair(self, real=False)
        _check_amplitude(self)


@dataclass(frozen=True)
class TwoModeSqueezing(Coupling):
    """Pair creation: H = g(t) a B + h.c., for a real g: g(t) (a B + a^dag B^dag).

    Parameters as in `Exchange`.

    Examples
    --------
    >>> TwoModeSqueezing(("hot", "cold"), strength=0.01).strength
    Constant(constant=0.01)
    """

    between: tuple[str, ...]
    strength: AnyDrive | float = 1.0
    site: int | None = None
    weights: tuple[float, ...] | None = None
    amplitude_frequency: float | None = None
    share: tuple[float, float] = _HALF
    kind: Literal["two_mode_squeezing"] = field(default="two_mode_squeezing", repr=False)

    def __post_init__(self) -> None:
        _check_pair(self, real=False)
        _check_amplitude(self)


@dataclass(frozen=True)
class Position(Coupling):
    """Position coupling: H = s(t) x X, with X = sum_k g_k x_k at a reservoir (the Caldeira-Leggett coupling).

    Parameters
    ----------
    between, site, weights, share
        As in `Exchange`.
    strength : float or Drive
        s(t), real.
    counter_term : bool, optional
        Add the counter-term s(t)^2 x^2 sum_k g_k^2/(2 w_k) that keeps the whole bounded below. For coupled bath modes it is
        s^2 x^2 g^T (h^-1)_xx g / 2, the x block of the inverse of their whole form. It belongs to H_ij. Used for a reservoir
        unless you say False; refused between two subsystems, which have none.

    Examples
    --------
    >>> Position(("a", "hot"), strength=0.3).uses_counter_term(has_reservoir=True)
    True
    """

    between: tuple[str, ...]
    strength: AnyDrive | float = 1.0
    site: int | None = None
    weights: tuple[float, ...] | None = None
    counter_term: bool | None = None
    share: tuple[float, float] = _HALF
    kind: Literal["position"] = field(default="position", repr=False)

    def __post_init__(self) -> None:
        _check_pair(self, real=True)
        if not (self.counter_term is None or isinstance(self.counter_term, bool)):
            raise MachineError(
                f"`counter_term` of {self.owner} must be true or false, but is {_validate.shown(self.counter_term)}."
            )

    def uses_counter_term(self, *, has_reservoir: bool) -> bool:
        """Tell whether the counter-term is part of the coupling."""
        return has_reservoir if self.counter_term is None else self.counter_term


@dataclass(frozen=True)
class QuadraticForm(Coupling):
    """Any quadratic term: H = s(t) r_1^T M r_2 between two parts, or s(t) r^T M r / 2 on one subsystem.

    Parameters
    ----------
    between : (str,) or (str, str)
        One subsystem, two subsystems, or a subsystem and a reservoir.
    matrix : (2 n_1, 2 n_2) matrix
        In the quadratures (x.., p..) of each part (a reservoir's: of its sites); symmetric (2, 2) for one subsystem.
    strength : float or Drive
        s(t), real.
    share : (float, float)
        As in `Exchange`.

    Examples
    --------
    >>> QuadraticForm(("a",), [[1.0, 0.0], [0.0, -1.0]], strength=0.1).matrix
    ((1.0, 0.0), (0.0, -1.0))
    """

    between: tuple[str, ...]
    matrix: tuple[tuple[float, ...], ...]
    strength: AnyDrive | float = 1.0
    share: tuple[float, float] = _HALF
    kind: Literal["quadratic_form"] = field(default="quadratic_form", repr=False)

    def __post_init__(self) -> None:
        between = (self.between,) if isinstance(self.between, str) else _names(self)
        object.__setattr__(self, "between", between)
        if len(between) not in (1, 2) or len(set(between)) != len(between):
            raise MachineError(
                f"`between` of a QuadraticForm coupling must name one subsystem or two different parts, but is {list(between)}: "
                "a term that couples three parts has no place in the energy bookkeeping of the laws. Write it as pair terms."
            )
        object.__setattr__(self, "matrix", _validate.matrix(self.matrix, "matrix", self.owner))
        object.__setattr__(self, "strength", as_drive(self.strength, "strength", self.owner, real=True))
        _check_share(self)
        if len(between) == 1:
            array = np.array(self.matrix)
            if array.shape != (2, 2) or array[0, 1] != array[1, 0]:
                raise MachineError(f"`matrix` of {self.owner} must be a symmetric 2 x 2 matrix, but is {self.matrix}.")


@dataclass(frozen=True)
class Displacement(Coupling):
    """A force on one subsystem: H = x_force(t) x + p_force(t) p.

    Examples
    --------
    >>> Displacement("a", x_force=0.1).between
    ('a',)
    """

    on: str
    x_force: AnyDrive | float = 0.0
    p_force: AnyDrive | float = 0.0
    kind: Literal["displacement"] = field(default="displacement", repr=False)

    def __post_init__(self) -> None:
        _validate.identifier(self.on, "on", "a displacement")
        owner = f"a displacement of {self.on!r}"
        for name in ("x_force", "p_force"):
            object.__setattr__(self, name, as_drive(getattr(self, name), name, owner, real=True))

    @property
    def between(self) -> tuple[str, ...]:  # type: ignore[override]
        """The subsystem it acts on."""
        return (self.on,)

    @property
    def owner(self) -> str:
        """What error messages call it."""
        return f"displacement of {self.on!r}"

    @property
    def drives(self) -> tuple[tuple[str, Drive], ...]:
        """The drives it holds, with the names of their fields."""
        return tuple((name, as_drive(getattr(self, name), name, self.owner)) for name in ("x_force", "p_force"))


@dataclass(frozen=True)
class OperatorCoupling(Coupling):
    """A product of operators: H = s(t) A (x) B between two parts, or s(t) A on one subsystem; for finite parts.

    Parameters
    ----------
    between : (str,) or (str, str)
        One subsystem, two subsystems, or a subsystem and a reservoir.
    operators : sequence of str, Qobj or matrix
        One for each part: the name of a standard operator of the part ("sigmax", "destroy", "|0><1|", ...), a QuTiP operator,
        or a matrix. By name, a reservoir of sites enters as sum_k g_k O_k, or O_k at one `site`, or with `weights`.
    strength : float or Drive
        s(t): real, or complex (`Rotating`) with `plus_conjugate`.
    plus_conjugate : bool
        Add the Hermitian conjugate: H = s(t) A (x) B + h.c. Needed unless all operators are Hermitian.
    site, weights, share
        As in `Exchange`.

    Raises
    ------
    MachineError
        When the machine is made, if an operator does not fit its part or the term is not Hermitian.

    Examples
    --------
    >>> OperatorCoupling(("atom", "hot"), operators=("sigmax", "sigmax"), strength=0.1).operators
    ('sigmax', 'sigmax')
    """

    between: tuple[str, ...]
    operators: tuple[AnyOperator, ...]
    strength: AnyDrive | float = 1.0
    plus_conjugate: bool = False
    site: int | None = None
    weights: tuple[float, ...] | None = None
    share: tuple[float, float] = _HALF
    kind: Literal["operator"] = field(default="operator", repr=False)

    def __post_init__(self) -> None:
        between = (self.between,) if isinstance(self.between, str) else _names(self)
        object.__setattr__(self, "between", between)
        if not isinstance(self.plus_conjugate, bool):
            raise MachineError(
                f"`plus_conjugate` of {self.owner} must be true or false, but is {_validate.shown(self.plus_conjugate)}."
            )
        if len(between) == 1:
            object.__setattr__(self, "strength", as_drive(self.strength, "strength", self.owner, real=not self.plus_conjugate))
            _check_share(self)
        else:
            _check_pair(self, real=not self.plus_conjugate)
        given = self.operators
        is_single = isinstance(given, (str, MatrixOperator)) or hasattr(given, "full") or getattr(given, "ndim", 0) == 2
        operators = tuple(given) if isinstance(given, (tuple, list)) and not is_single else (given,)
        if len(operators) != len(between):
            raise MachineError(
                f"`operators` of {self.owner} must hold one operator for each of its {len(between)} parts, but holds "
                f"{len(operators)}."
            )
        named = tuple(as_operator(entry, f"operators[{k}]", self.owner) for k, entry in enumerate(operators))
        object.__setattr__(self, "operators", named)


if TYPE_CHECKING:
    AnyCoupling = Coupling
else:  # what a file may hold, told apart by its `kind`
    AnyCoupling = Annotated[
        Exchange | TwoModeSqueezing | Position | QuadraticForm | Displacement | OperatorCoupling, Field(discriminator="kind")
    ]
