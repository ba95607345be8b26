"""Machines of the literature: functions that return a `Machine`, each with its source."""

from athermal.library.correlated_qubits import correlated_qubits
from athermal.library.correlated_stream import correlated_stream
from athermal.library.heat_reversal import heat_reversal
from athermal.library.molecular_motor import molecular_motor
from athermal.library.otto import otto
from athermal.library.single_atom import single_atom
from athermal.library.spin_star import spin_star
from athermal.library.three_oscillators import three_oscillators
from athermal.library.two_oscillator import two_oscillator
from athermal.library.two_qubit_swap import two_qubit_swap
from athermal.library.two_stroke import two_stroke

__all__ = [
    "correlated_qubits",
    "correlated_stream",
    "heat_reversal",
    "molecular_motor",
    "otto",
    "single_atom",
    "spin_star",
    "three_oscillators",
    "two_oscillator",
    "two_qubit_swap",
    "two_stroke",
]
