"""The columns that only some backends can tell: `Snapshot.extras`."""

from __future__ import annotations

from typing import Any

from athermal.thermodynamics.column import Column, Heading

_SUBSYSTEM, _RESERVOIR = ("subsystem",), ("reservoir",)
OF_PARTICLES = "machines whose reservoirs exchange particles have it"
"""Which runs have the columns of particles."""
OF_RENEWED = "machines with renewed reservoirs have it"
"""Which runs have the columns of fuel."""


def _told(name: str, long_name: str, unit: str, dims: tuple[str, ...] = (), **more: Any) -> tuple[Column, Column]:
    """Return what only some backends tell of an instant, and its change."""
    return (
        Column(name, long_name, unit, dims, lambda i: i.b.extras[name], lambda s, _: s.extras[name], extra=name, **more),
        Column(
            f"{name}_change",
            f"change of the {long_name}",
            unit,
            dims,
            lambda i: i.b.extras[name] - i.a.extras[name],
            extra=name,
            where=more.get("where", ""),
        ),
    )


def _counted(name: str, long_name: str, unit: str, dims: tuple[str, ...] = (), **more: Any) -> tuple[Column]:
    """Return what only some backends count from the start on: a column is what was added in the interval."""
    return (
        Column(
            name,
            long_name,
            unit,
            dims,
            lambda i: i.b.extras[name] - i.a.extras[name],
            lambda s, _: s.extras[name],
            extra=name,
            is_counted=True,
            **more,
        ),
    )


TOLD = (
    *_counted(
        "counts",
        "what each counter of the machine has counted",
        "",
        ("counter",),
        word="counts",
        is_compared=True,
        heading=Heading("%"),
    ),
    *_told(
        "particles",
        "number of particles N_j of reservoir j",
        "1",
        _RESERVOIR,
        symbol="N_{%}",
        word="particles",
        where=OF_PARTICLES,
    ),
    *_told("observables", "mean of each observable that was asked for", "", ("observable",), heading=Heading("%")),
    *_counted("bath_quanta", "energy of the quanta that reservoir j received", "energy", _RESERVOIR),
    *_counted(
        "second_law_deficit", "by how much strokes without memory fall short of dS(rho_S) + sum_j Q_j/T_j >= 0, added up", "nat"
    ),
    *_told(
        "renewed_entropy",
        "entropy S of the renewed reservoirs together",
        "nat",
        where=OF_RENEWED,
    ),
    *_counted(
        "fuel_delivered",
        "fuel that fresh units have brought since the start",
        "energy",
        where=OF_RENEWED,
    ),
    *_told("interaction_energy", "interaction energy V_j of reservoir j with the subsystems", "energy", _RESERVOIR),
    *_counted("switching_work", "work done by driving the coupling to reservoir j", "energy", _RESERVOIR),
    *_told(
        "ergotropy",
        "ergotropy of the subsystems together",
        "energy",
        where="finite subsystems of up to 512 states together have it; beyond, `subsystem_ergotropy` is that of each, and "
        "oscillators treated as Gaussian have `gaussian_ergotropy`",
    ),
    *_told("subsystem_ergotropy", "ergotropy of each subsystem", "energy", _SUBSYSTEM, where="runs of machines have it"),
    *_told(
        "gaussian_ergotropy",
        "work that Gaussian unitaries can draw from the subsystems together",
        "energy",
        where="oscillators treated as Gaussian have it; finite subsystems have `ergotropy`",
    ),
    *_told(
        "logarithmic_negativity",
        "logarithmic negativity of each pair of subsystems",
        "1",
        ("pair",),
        where="two and more oscillators treated as Gaussian have it; two finite subsystems have `negativity`",
    ),
    *_told("concurrence", "concurrence of the two qubits", "1", where="machines with two qubits as their subsystems have it"),
    *_told(
        "negativity",
        "negativity of the two subsystems",
        "1",
        where="two finite subsystems of up to 512 states together have it; oscillators treated as Gaussian have "
        "`logarithmic_negativity`",
    ),
    *_told("mutual_information_coherence", "part of I(S,R) that is coherence between energies", "nat"),
    *_told("system_correlation_coherence", "part of C(S) that is coherence between energies", "nat"),
    *_told("reservoir_correlation_coherence", "part of C(R) that is coherence between energies", "nat"),
    *_told("top_level_population", "largest population of the highest level kept of an oscillator", "1"),
    *_told("minimal_dissipation_energy", "energy Tr(K_S rho_S) of the minimal-dissipation Hamiltonian", "energy"),
    *_counted("minimal_dissipation_heat", "minimal-dissipation heat -int Tr(K_S d rho_S) into the reservoirs", "energy"),
)
"""What else a snapshot may hold: state functions, and what has been counted since the start."""
