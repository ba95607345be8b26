"""The machines of oscillators on which invariances are tried, and a stranger to stand beside them."""

from __future__ import annotations

import dataclasses

import athermal as at
from athermal.testing.harmonic import cases


def _started(machine: at.Machine, name: str, initial: at.states.InitialState | None = None) -> at.Machine:
    return dataclasses.replace(machine, name=name, initial=at.ProductThermal() if initial is None else initial)


def _with_streams() -> at.Machine:
    """Return two oscillators, each between a stream, one of them detuned, that change at the edge of cycles."""
    strokes = at.drives.Strokes
    return at.Machine(
        [at.Oscillator("one", strokes((1.0, 1.0), (0.9, 1.2))), at.Oscillator("two", 0.7)],
        [at.Bath("first", 1.1, (0.9,), renewed=True), at.Bath("second", 0.5, (0.8, 1.0), (0.2, 0.1), renewed=True)],
        [
            at.Exchange(("one", "first"), strokes((1.0, 1.0), (0.4, 0.0))),
            at.Position(("two", "second"), 0.4),
            at.Exchange(("one", "two"), strokes((1.0, 1.0), (0.0, 0.3))),
        ],
        2.0,
    )


MACHINES = (
    _started(_with_streams(), "streams of oscillators"),
    _started(cases.rotating_engine(), "rotating engine", at.Charged(2)),
    _started(cases.quenched_oscillator(), "quenched oscillator"),
    _started(cases.ramps_and_functions(), "ramps and functions"),
    _started(cases.forced_and_coupled(), "forced and coupled"),
)


def stranger(period: float) -> at.Machine:
    """Return a small machine of this period, whose parts are called "lone"."""
    return at.Machine(
        [at.Oscillator("lone", 1.1)],
        [at.Bath("lone bath", 0.6, (1.0, 1.2), (0.2, 0.1))],
        [at.Exchange(("lone", "lone bath"), 0.7)],
        period,
    )
