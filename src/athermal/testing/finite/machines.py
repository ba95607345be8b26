"""The machines of finite parts on which invariances are tried, and a stranger to stand beside them."""

from __future__ import annotations

import dataclasses

import athermal as at
from athermal.testing.finite import cases


def _started(machine: at.Machine, name: str, initial: at.states.InitialState | None = None) -> at.Machine:
    return dataclasses.replace(machine, name=name, initial=at.ProductThermal() if initial is None else initial)


def _with_streams() -> at.Machine:
    """Return two qubits, each between a stream, one of them detuned, that change at the edge of cycles."""
    strokes = at.drives.Strokes
    return at.Machine(
        [at.Qubit("one", strokes((1.0, 1.0), (0.9, 1.2))), at.Qubit("two", 0.7)],
        [at.SpinBath("first", 1.1, (0.9,), renewed=True), at.SpinBath("second", 0.5, (0.8,), renewed=True)],
        [
            at.Exchange(("one", "first"), strokes((1.0, 1.0), (0.7, 0.0))),
            at.OperatorCoupling(("two", "second"), ("sigmax", "sigmax"), 0.4),
            at.Exchange(("one", "two"), strokes((1.0, 1.0), (0.0, 0.8))),
        ],
        2.0,
    )


MACHINES = (
    _started(_with_streams(), "streams of qubits"),
    _started(cases.spin_engine(), "spin engine", at.Charged(2)),
    _started(cases.quenched_qubit(), "quenched qubit"),
    _started(cases.breathing_trap(), "breathing trap"),
)


def stranger(period: float) -> at.Machine:
    """Return a small machine of this period, whose parts are called "lone"."""
    return at.Machine(
        [at.Qubit("lone", 1.1)],
        [at.SpinBath("lone bath", 0.6, (1.0,), (0.2,))],
        [at.Exchange(("lone", "lone bath"), 0.7)],
        period,
    )
