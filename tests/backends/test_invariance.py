"""Invariances of the backends that hold the whole: Dense, Star, DensityMatrix and StateVectors."""

from __future__ import annotations

import dataclasses

import athermal as at
from backends import finite_cases, gaussian_cases
from backends.invariance import Invariance


def started(machine, name, initial=None):
    return dataclasses.replace(machine, name=name, initial=at.ProductThermal() if initial is None else initial)


class Gaussian(Invariance):
    machines = (
        started(gaussian_cases.rotating_engine(), "rotating engine", at.Charged(2)),
        started(gaussian_cases.quenched_oscillator(), "quenched oscillator"),
        started(gaussian_cases.ramps_and_functions(), "ramps and functions"),
        started(gaussian_cases.forced_and_coupled(), "forced and coupled"),
    )

    def stranger(self, machine):
        return at.Machine(
            [at.Oscillator("lone", 1.1)],
            [at.Bath("lone bath", 0.6, (1.0, 1.2), (0.2, 0.1))],
            [at.Exchange(("lone", "lone bath"), 0.7)],
            machine.period,
        )


class TestDense(Gaussian):
    backend = at.Dense()


class TestStar(Gaussian):
    backend = at.Star()


class Finite(Invariance):
    # energies of a few units and well-conditioned unitaries
    rounding = 1e-11
    machines = (
        started(finite_cases.spin_engine(), "spin engine", at.Charged(2)),
        started(finite_cases.quenched_qubit(), "quenched qubit"),
        started(finite_cases.breathing_trap(), "breathing trap"),
    )

    def stranger(self, machine):
        return at.Machine(
            [at.Qubit("lone", 1.1)],
            [at.SpinBath("lone bath", 0.6, (1.0,), (0.2,))],
            [at.Exchange(("lone", "lone bath"), 0.7)],
            machine.period,
        )


class TestDensityMatrix(Finite):
    backend = at.DensityMatrix()


class TestStateVectors(Finite):
    backend = at.StateVectors(max_columns=4096)
