"""The machines between continuous baths on which invariances are tried, and a stranger to stand beside them."""

from __future__ import annotations

import math

import athermal as at

_DRUDE = at.densities.Ohmic(friction=0.05, cutoff=5.0, cutoff_shape="drude")


def _position(subsystem: str, bath: str, strength: at.drives.Drive | float = 1.0) -> at.OperatorCoupling:
    return at.OperatorCoupling((subsystem, bath), ("sigmax", "position"), strength)


def _baths(t_hot: float, t_cold: float) -> list[at.ContinuumBath]:
    return [at.ContinuumBath("hot", t_hot, _DRUDE), at.ContinuumBath("cold", t_cold, _DRUDE)]


def strokes() -> at.Machine:
    """Return sudden and smooth strokes of one of two coupled qubits that meet a bath each."""
    frequency = at.drives.Strokes((2.0, 3.0), (1.0, 1.6), ramps=(0.0, 1.0))
    return at.Machine(
        [at.Qubit("a", frequency), at.Qubit("b", 0.8)],
        _baths(2.0, 0.5),
        [at.Exchange(("a", "b"), 0.2), _position("a", "hot"), _position("b", "cold", at.drives.Strokes((2.5, 2.5), (0.0, 1.5)))],
        period=5.0,
        name="strokes",
    )


def wave() -> at.Machine:
    """Return a driven qubit with two baths."""
    push = at.OperatorCoupling("q", "sigmax", at.drives.Harmonic(0.3, frequency=2.0))
    return at.Machine(
        [at.Qubit("q", 1.0)],
        _baths(1.0, 0.2),
        [_position("q", "hot"), _position("q", "cold"), push],
        period=math.pi,
        name="wave",
    )


def one_contact() -> at.Machine:
    """Return a qubit whose frequency is driven, and a bath that remembers."""
    return at.Machine(
        [at.Qubit("q", 1.0 + at.drives.Harmonic(0.3, frequency=2.0))],
        [at.ContinuumBath("hot", 1.0, at.densities.Ohmic(friction=0.05, cutoff=2.0, cutoff_shape="drude"))],
        [_position("q", "hot")],
        period=math.pi,
        name="one contact",
    )


MACHINES = (wave(),)


def stranger(period: float) -> at.Machine:
    """Return a small machine of this period, whose parts are called "lone"."""
    return at.Machine(
        [at.Qubit("lone", 1.1)],
        [at.ContinuumBath("lone bath", 0.6, _DRUDE)],
        [_position("lone", "lone bath")],
        period,
    )
