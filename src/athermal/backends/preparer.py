"""Initial states, from their descriptions: the layers are walked here, and a backend gives the formula of each kind."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, TypeVar

from athermal.errors import MachineError, StateError
from athermal.machine.initial import Charged, Gibbs, InitialState, ProductThermal
from athermal.machine.layout import Layout

State = TypeVar("State")
Start = Callable[[Any], State]
"""The formula of a state that starts from no other."""
Change = Callable[[Any, State], State]
"""The formula of a layer: what it makes of the state below."""
UNCORRELATED = 1e-10
"""Correlation coefficients up to this are rounding."""
FORWARDS_ONLY = (
    "it needs a run backwards in time, which takes every mode of the baths. Give these a number of modes, and use a backend that "
    "follows them: DensityMatrix(levels=...), or Dense() for oscillators."
)
"""Why nothing is charged by a backend that cannot run backwards."""


class Preparer(ABC, Generic[State]):
    """Turns the description of an initial state into a state of one backend, from its innermost layer outwards.

    Parameters
    ----------
    machine : Machine
    backend : str
        What error messages call the backend.
    cycle_backwards : callable, optional
        Takes a state one cycle back in time. Without it nothing is charged.

    Examples
    --------
    >>> from athermal.library import two_oscillator
    >>> class Words(Preparer[str]):
    ...     def starts(self):
    ...         return {ProductThermal: lambda initial: "thermal"}
    ...
    ...     def changes(self):
    ...         return {}
    >>> words = Words(two_oscillator(modes=5), "Words()", lambda state: state + ", a cycle back")
    >>> words.prepare(Charged(2))
    'thermal, a cycle back, a cycle back'
    """

    def __init__(self, machine: Layout, backend: str, cycle_backwards: Callable[[State], State] | None = None) -> None:
        self.machine = machine
        self.backend = backend
        self.cycle_backwards = cycle_backwards

    @abstractmethod
    def starts(self) -> Mapping[type[InitialState], Start[State]]:
        """Return the formula of every kind of state that starts from no other."""

    @abstractmethod
    def changes(self) -> Mapping[type[InitialState], Change[State]]:
        """Return the formula of every kind of layer, but for charging."""

    def reasons(self) -> Mapping[type[InitialState], str]:
        """Return, for kinds that have no formula, why not and what to use; in the words that follow a colon."""
        return {}

    def why_not(self, layer: InitialState) -> str:
        """Return why a layer cannot be prepared, and what to do about it; "" if it can."""
        kinds = [*self.starts(), *self.changes(), *([Charged] if self.cycle_backwards else [])]
        if isinstance(layer, tuple(kinds)):
            return ""
        known = ", ".join(kind.__name__ for kind in kinds)
        only_forwards = FORWARDS_ONLY if isinstance(layer, Charged) else ""
        reason = (
            _of(self.reasons(), layer) or only_forwards or f"it knows {known}. Start from one of these, or use another backend."
        )
        return f"{self.backend} cannot prepare the initial state {type(layer).__name__}: {reason}"

    def check(self, initial: InitialState) -> None:
        """Raise `MachineError` if a layer, the outermost first, cannot be prepared or names a part that is not there."""
        if initial.charged_cycles and self.machine.renewed_names:
            raise MachineError(
                f"A machine with renewed reservoirs ({', '.join(map(repr, self.machine.renewed_names))}) cannot be charged: a "
                "cycle that gives its units away cannot be run backwards. Leave Charged out and correlate the units, or let the "
                "reservoirs last."
            )
        for layer in reversed(initial.layers()):
            if message := self.why_not(layer):
                raise MachineError(message)
            for name in layer.named_parts:
                try:
                    self.machine.part(name)
                except MachineError as error:
                    raise MachineError(
                        f"The initial state {type(layer).__name__} names a part that is not there. {error}"
                    ) from None

    def walk(self, initial: InitialState) -> Iterator[State]:
        """Yield the state after each layer, from the innermost outwards."""
        self.check(initial)
        base, *layers = initial.layers()
        yield (state := _of(self.starts(), base)(base))
        for layer in layers:
            yield (state := self._changed(layer, state))

    def prepare(self, initial: InitialState) -> State:
        """Return the state that `initial` describes, or raise `MachineError` if this backend cannot hold it."""
        *_, state = self.walk(initial)
        return state

    def _changed(self, layer: InitialState, state: State) -> State:
        change: Change[State] | None = _of(self.changes(), layer)
        if change is not None:
            return change(layer, state)
        if self.cycle_backwards is not None and isinstance(layer, Charged):
            for _ in range(layer.cycles):
                state = self.cycle_backwards(state)
        return state


def correlated_with_renewed(initial: InitialState, renewed: str, lasting: str) -> StateError:
    """Return the error of a start that correlates a renewed reservoir with what lasts."""
    return StateError(
        f"The initial state {type(initial).__name__} must not correlate a renewed reservoir with a part that lasts, but "
        f"correlates {renewed!r} with {lasting!r}: fresh units would cut this in every cycle. Correlate renewed "
        f"reservoirs with one another only, or let {renewed!r} last."
    )


def thermal_blocks(machine: Layout, names: tuple[str, ...], initial: InitialState) -> list[tuple[tuple[str, ...], float]]:
    """Return which of some parts are in one joint Gibbs state each, and its temperature; none if the state is not thermal.

    Examples
    --------
    >>> from athermal.library import two_oscillator
    >>> thermal_blocks(two_oscillator(modes=5), ("hot", "cold", "hot bath"), Gibbs(0.5, parts=("hot", "hot bath")))
    [(('hot', 'hot bath'), 0.5), (('cold',), 1.0)]
    """
    joint: list[tuple[tuple[str, ...], float]] = []
    given: Mapping[str, float] = {}
    if isinstance(initial, Gibbs):
        joint = [(names if initial.parts is None else initial.parts, initial.temperature)]
    elif isinstance(initial, ProductThermal):
        given = initial.temperatures
    else:
        return []
    inside = {name for parts, _ in joint for name in parts}
    return [*joint, *(((n,), given.get(n, machine.start_temperature(n))) for n in names if n not in inside)]


def _of(table: Mapping[type[InitialState], Any], layer: InitialState) -> Any:
    """Return the entry of the nearest class of a layer, or None."""
    return next((table[kind] for kind in type(layer).__mro__ if kind in table), None)
