"""Which initial states a backend for continuous baths can hold: those that neither correlate nor change the baths."""

from __future__ import annotations

from collections.abc import Sequence

from athermal.errors import MachineError
from athermal.machine.initial import (
    Charged,
    CorrelatedMarginals,
    Displaced,
    Gibbs,
    GivenState,
    InitialState,
    ProductThermal,
    Squeezed,
)

# What a reader can do who wants another state of a bath.
_FOLLOWED = "Take a backend that follows the modes of the bath, DensityMatrix(levels=...) or, for oscillators, Dense()"


def check_start(initial: InitialState, backend: str, subsystems: Sequence[str], baths: Sequence[str]) -> None:
    """Raise `MachineError` for a start that a backend for continuous baths cannot hold.

    Parameters
    ----------
    initial : InitialState
        With all the states that it starts from.
    backend : str
        What error messages call it.
    subsystems, baths : sequences of str
    """
    start: InitialState | None = initial
    while start is not None:
        if message := _refusal(start, backend, subsystems, baths):
            raise MachineError(message)
        start = getattr(start, "start", None)


def _refusal(start: InitialState, backend: str, subsystems: Sequence[str], baths: Sequence[str]) -> str:
    """Return why a state cannot be held, or nothing."""
    if isinstance(start, Charged):
        return (
            f"A Charged state needs a run backwards in time, but the baths of {backend} are infinite. Use a backend that follows "
            "every mode, such as Dense() or DensityMatrix(levels=...)."
        )
    if isinstance(start, Gibbs) and (start.parts is None or set(start.parts) & set(baths)):
        return (
            f"A Gibbs state for {backend} must be of subsystems only: it knows no correlations with the baths. Name `parts`, for "
            f"instance {list(subsystems)}, or use a backend that follows every mode."
        )
    bath = next((name for name in _named(start) if name in baths), None)
    if bath is None:
        return ""
    if isinstance(start, ProductThermal):
        return (
            f"`temperatures` of a product thermal state must not name reservoir {bath!r}: a continuum of {backend} is at its "
            "reference temperature. Change the temperature of the reservoir."
        )
    if isinstance(start, GivenState):
        return (
            f"`parts` of a given state must be subsystems for {backend}, but names reservoir {bath!r}: a continuum has no "
            "density matrix. Leave it out."
        )
    what = "correlate" if isinstance(start, CorrelatedMarginals) else "change the state of"
    return (
        f"The initial state {type(start).__name__} must not {what} reservoir {bath!r}: it is a continuum of {backend}, which "
        f"follows no modes of it and always has it at its reference temperature. {_FOLLOWED}, or name subsystems only."
    )


def _named(start: InitialState) -> tuple[str, ...]:
    """Return the parts that a state names."""
    if isinstance(start, ProductThermal):
        return tuple(sorted(start.temperatures))
    if isinstance(start, GivenState):
        return start.parts or ()
    if isinstance(start, (Squeezed, Displaced)):
        return (start.part,)
    if isinstance(start, CorrelatedMarginals):
        return tuple(name for entry in start.correlations for name in entry.between)
    return ()
