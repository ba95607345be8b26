"""Initial states, as descriptions: a backend turns them into the state of the whole.

Each wraps or replaces another, so they combine: `Charged(cycles=3, start=Squeezed("hot", r=0.5))`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import ConfigDict, Field

from athermal import _validate
from athermal.errors import MachineError
from athermal.machine.correlation import Correlation
from athermal.machine.operator import AnyState, as_state
from athermal.maths.moments import physical_moments
from athermal.maths.physical import Physical, physical_state, physical_vector

# The largest |r| of a squeezed state: the squeezed variance is e^(-4 r) of the other, and 1/eps is e^36.
_STRONGEST = 9


class InitialState:
    """Base of the descriptions of initial states.

    One that changes another state, a layer on top of it, holds it as its `start`.

    Examples
    --------
    >>> Charged(3, Squeezed("hot", r=0.5)).charged_cycles
    3
    """

    __pydantic_config__ = ConfigDict(extra="forbid")
    start: InitialState | None = None

    def layers(self) -> tuple[InitialState, ...]:
        """Return the state at the bottom and what changes it, layer by layer; this one is the last.

        Examples
        --------
        >>> [type(layer).__name__ for layer in Charged(3, Squeezed("hot", r=0.5)).layers()]
        ['ProductThermal', 'Squeezed', 'Charged']
        """
        found: list[InitialState] = [self]
        while found[-1].start is not None:
            found.append(found[-1].start)
        return tuple(reversed(found))

    @property
    def charged_cycles(self) -> int:
        """How many cycles are run backwards to make it, in all its layers."""
        return sum(layer.cycles for layer in self.layers() if isinstance(layer, Charged))

    def uncharged(self) -> tuple[InitialState, int]:
        """Return the state below all charging that comes last, and for how many cycles it is charged.

        Examples
        --------
        >>> Charged(2, Charged(1)).uncharged()
        (ProductThermal(temperatures={}), 3)
        """
        below: InitialState = self
        cycles = 0
        while isinstance(below, Charged):
            cycles += below.cycles
            below = below.start
        return below, cycles

    @property
    def named_parts(self) -> tuple[str, ...]:
        """The parts that this layer names."""
        return ()

    def pinned_to(self, baths: Collection[str]) -> str:
        """Return what of this layer depends on which modes stand for some baths; "" for nothing."""
        return ""

    def remarks(self) -> tuple[str, ...]:
        """Return what was mended of the numbers that it holds, and of those that it starts from."""
        return () if self.start is None else self.start.remarks()


@dataclass(frozen=True)
class ProductThermal(InitialState):
    """Every part in its own thermal state, nothing correlated: the textbook start.

    Reservoirs are at their reference temperatures. A subsystem is in the Gibbs state of its own Hamiltonian at time zero,
    at the temperature given here, else at that of the reservoir it is coupled to (the coldest, if several; if none, the coldest
    that it reaches through other subsystems, else the machine's coldest).

    Parameters
    ----------
    temperatures : mapping of str to float, optional
        Temperatures of subsystems, and of reservoirs that do not start at their reference temperature. At zero a part is in its
        ground state, all states of a degenerate level alike.

    Examples
    --------
    >>> ProductThermal({"hot": 2.0}).temperatures
    {'hot': 2.0}
    """

    temperatures: dict[str, float] = field(default_factory=dict, hash=False)
    kind: Literal["product_thermal"] = field(default="product_thermal", repr=False)

    def __post_init__(self) -> None:
        checked = {
            name: _validate.not_negative(value, f"temperatures[{name!r}]", "a product thermal state")
            for name, value in _validate.table(self.temperatures, "temperatures", "a product thermal state", "number").items()
        }
        object.__setattr__(self, "temperatures", checked)

    @property
    def named_parts(self) -> tuple[str, ...]:
        return tuple(sorted(self.temperatures))


@dataclass(frozen=True)
class Gibbs(InitialState):
    """The Gibbs state of the coupled Hamiltonian at time zero, of the whole or of some parts.

    Parameters
    ----------
    temperature : float
    parts : sequence of str, optional
        The parts that are in one joint Gibbs state, exp(-H_parts/T)/Z with all terms among them; the others are in their
        product thermal state. All parts if left out.

    Examples
    --------
    >>> Gibbs(1.0, parts=("a", "hot")).parts
    ('a', 'hot')
    """

    temperature: float
    parts: tuple[str, ...] | None = None
    kind: Literal["gibbs"] = field(default="gibbs", repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "temperature", _validate.not_negative(self.temperature, "temperature", "a Gibbs state"))
        if self.parts is not None:
            object.__setattr__(self, "parts", _validate.names(self.parts, "parts", "a Gibbs state", "list the names of parts"))

    @property
    def named_parts(self) -> tuple[str, ...]:
        return self.parts or ()


@dataclass(frozen=True)
class Charged(InitialState):
    """The state that `cycles` forward cycles turn into `start`: the machine is run backwards from `start`.

    The forward cycles then give back the stored correlations (dSigma < 0 if `start` is a product of thermal states).

    Examples
    --------
    >>> Charged(cycles=3).start
    ProductThermal(temperatures={})
    """

    cycles: int
    start: AnyInitialState = field(default_factory=ProductThermal)
    kind: Literal["charged"] = field(default="charged", repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "cycles", _validate.count(self.cycles, "cycles", "a charged state", least=0))
        _check_start(self.start, "a charged state")


@dataclass(frozen=True)
class CorrelatedMarginals(InitialState):
    """Correlations between parts whose own states stay as they are in `start`.

    Off-diagonal blocks of the given patterns are added to the covariance of `start`, `strength` times as large as the
    uncertainty relation sigma + i Omega/2 >= 0 allows (the largest size is found in closed form). Of finite parts, the state
    becomes rho^{1/2} (1 + c Y) rho^{1/2} with Y the sum of the patterns' operators and c `strength` times as large as
    1 + c Y >= 0 allows. One factor c is common to all correlations, and to all pairs of modes="paired": the pair that has the
    least room decides it (modes near their ground states have little; `weights` can give each pair its own size).

    Parameters
    ----------
    correlations : sequence of Correlation
    strength : float
        From 0 (none) to 1 (the largest physical correlation).
    start : initial state

    Examples
    --------
    >>> CorrelatedMarginals([Correlation(("hot", "cold"))], strength=0.99).strength
    0.99
    """

    correlations: tuple[Correlation, ...]
    strength: float = 1.0
    start: AnyInitialState = field(default_factory=ProductThermal)
    kind: Literal["correlated_marginals"] = field(default="correlated_marginals", repr=False)

    def __post_init__(self) -> None:
        owner = "a state with correlated marginals"
        correlations = _validate.entries(self.correlations, "correlations", owner, "be a list of correlations")
        if not correlations or not all(isinstance(entry, Correlation) for entry in correlations):
            raise MachineError(
                f"`correlations` of {owner} must hold at least one Correlation, but is {_validate.shown(self.correlations)}."
            )
        object.__setattr__(self, "correlations", correlations)
        strength = _validate.not_negative(self.strength, "strength", owner)
        if strength > 1.0:
            raise MachineError(
                f"`strength` of {owner} must be at most 1, but is {strength}: beyond the largest physical correlation the "
                "covariance violates sigma + i Omega/2 >= 0."
            )
        object.__setattr__(self, "strength", strength)
        _check_start(self.start, owner)

    @property
    def named_parts(self) -> tuple[str, ...]:
        return tuple(name for entry in self.correlations for name in entry.between)

    def pinned_to(self, baths: Collection[str]) -> str:
        pinned = next((e.between for e in self.correlations if e.is_pinned and set(baths) & set(e.between)), None)
        return "" if pinned is None else f"The correlation between {' and '.join(map(repr, pinned))}"


@dataclass(frozen=True)
class Squeezed(InitialState):
    """`start` with every mode of one part squeezed: x shrinks by e^-r, p grows by e^r (normal modes of a reservoir).

    `phase` turns the squeezed quadrature by phase/2. A squeezed thermal reservoir is athermal: its D_j is not zero.

    Examples
    --------
    >>> Squeezed("hot", r=0.5).part
    'hot'
    """

    part: str
    r: float
    phase: float = 0.0
    start: AnyInitialState = field(default_factory=ProductThermal)
    kind: Literal["squeezed"] = field(default="squeezed", repr=False)

    def __post_init__(self) -> None:
        owner = "a squeezed state"
        _validate.identifier(self.part, "part", owner)
        for name in ("r", "phase"):
            object.__setattr__(self, name, _validate.real(getattr(self, name), name, owner))
        if abs(self.r) > _STRONGEST:
            raise MachineError(
                f"`r` of {owner} must lie between -{_STRONGEST} and {_STRONGEST}, but is {self.r:g}: beyond, e^(4 r) is "
                "more than double precision holds beside one, and the uncertainty relation could not be kept."
            )
        _check_start(self.start, owner)

    @property
    def named_parts(self) -> tuple[str, ...]:
        return (self.part,)


@dataclass(frozen=True)
class Displaced(InitialState):
    """`start` with the mean of one part moved by (x, p), for each of its modes (sites of a reservoir).

    Parameters
    ----------
    part : str
    x, p : float or sequence of float
        One number for every mode, or one for each.

    Examples
    --------
    >>> Displaced("hot", x=1.0).p
    0.0
    """

    part: str
    x: float | tuple[float, ...] = 0.0
    p: float | tuple[float, ...] = 0.0
    start: AnyInitialState = field(default_factory=ProductThermal)
    kind: Literal["displaced"] = field(default="displaced", repr=False)

    def __post_init__(self) -> None:
        owner = "a displaced state"
        _validate.identifier(self.part, "part", owner)
        for name in ("x", "p"):
            value = getattr(self, name)
            scalar = not isinstance(value, Iterable)
            object.__setattr__(self, name, _validate.real(value, name, owner) if scalar else _validate.reals(value, name, owner))
        _check_start(self.start, owner)

    @property
    def named_parts(self) -> tuple[str, ...]:
        return (self.part,)

    def pinned_to(self, baths: Collection[str]) -> str:
        return f"A displaced state of reservoir {self.part!r}" if self.part in baths else ""


@dataclass(frozen=True)
class GaussianMoments(InitialState):
    """Your own mean and covariance of the whole.

    Ordering: r = (x_1..x_N, p_1..p_N), the subsystems in the machine's order, then the sites of each reservoir.
    sigma = <{r, r}>/2 - <r><r>, vacuum 1/2. An unphysical covariance is refused when the state is prepared; one that misses by no
    more than a solver's error (1e-6 of its size) is taken as the nearest in its own normal modes, and the run's remarks say so.

    Examples
    --------
    >>> GaussianMoments(0.5 * np.eye(4)).mean is None
    True
    """

    covariance: tuple[tuple[float, ...], ...]
    mean: tuple[float, ...] | None = None
    kind: Literal["gaussian_moments"] = field(default="gaussian_moments", repr=False)

    def __post_init__(self) -> None:
        owner = "a state of given moments"
        object.__setattr__(self, "covariance", _validate.matrix(self.covariance, "covariance", owner))
        if self.mean is not None:
            object.__setattr__(self, "mean", _validate.reals(self.mean, "mean", owner))

    def pinned_to(self, baths: Collection[str]) -> str:
        return "The moments"

    def remarks(self) -> tuple[str, ...]:
        said = physical_moments(np.array(self.covariance), "The given covariance").said("The given covariance")
        return (said,) if said else ()


@dataclass(frozen=True)
class GivenState(InitialState):
    """Your own density matrix, or state vector, of a machine of finite parts or of some of its parts.

    Parameters
    ----------
    state : Qobj, (d, d) matrix or (d,) vector
        In the tensor product of the parts in the order of `parts`, each in its own basis (sites of a bath in order, the last
        one fastest, as in `numpy.kron` and `qutip.tensor`). What misses being a state by no more than solvers leave at QuTiP's
        default tolerances (1e-6 in each element) is taken as the nearest one, and the run's remarks say so; any other is refused
        when it is prepared. One of more than 50,000 entries is not written into results.
    parts : sequence of str, optional
        The parts it is the state of; the others, uncorrelated with them, are as in `start`. All parts if left out.
    start : initial state

    Examples
    --------
    >>> import qutip
    >>> GivenState(qutip.bell_state("00"), parts=("a", "b")).state.dimension
    4
    """

    state: AnyState
    parts: tuple[str, ...] | None = None
    start: AnyInitialState = field(default_factory=ProductThermal)
    kind: Literal["given_state"] = field(default="given_state", repr=False)

    def __post_init__(self) -> None:
        owner = "a given state"
        object.__setattr__(self, "state", as_state(self.state, owner))
        if self.parts is not None:
            object.__setattr__(self, "parts", _validate.names(self.parts, "parts", owner, "list the names of different parts"))
        _check_start(self.start, owner)

    @property
    def named_parts(self) -> tuple[str, ...]:
        return self.parts or ()

    def remarks(self) -> tuple[str, ...]:
        said = self.physical().said(self._what)
        return (*super().remarks(), *([said] if said else []))

    def physical(self) -> Physical:
        """Return the density matrix or vector that is taken for it, or raise `StateError`."""
        matrix = np.asarray(self.state.matrix.toarray(), dtype=complex)
        return physical_vector(matrix, self._what) if self.state.is_vector else physical_state(matrix, self._what)

    @property
    def _what(self) -> str:
        return "The given state vector" if self.state.is_vector else "The given state"


if TYPE_CHECKING:
    AnyInitialState = InitialState
else:  # what a file may hold, told apart by its `kind`
    AnyInitialState = Annotated[
        ProductThermal | Gibbs | Charged | CorrelatedMarginals | Squeezed | Displaced | GaussianMoments | GivenState,
        Field(discriminator="kind"),
    ]


def _check_start(start: Any, owner: str) -> None:
    if not isinstance(start, InitialState):
        raise MachineError(
            f"`start` of {owner} must be an initial state such as ProductThermal(), but is {_validate.shown(start)}."
        )
