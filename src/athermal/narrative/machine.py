"""Parts, couplings, drives and initial states in a line each."""

from __future__ import annotations

from typing import Any

from athermal.machine.coupling import Coupling, Displacement, OperatorCoupling, Position
from athermal.machine.drive import Constant, Drive, Function, Harmonic, Product, Rotating, Strokes, Sum
from athermal.machine.initial import AnyInitialState, InitialState
from athermal.machine.machine import Part
from athermal.machine.parts import (
    Bath,
    Chain,
    ContinuumBath,
    CoupledBath,
    FiniteReservoir,
    FiniteSubsystem,
    HarmonicReservoir,
    Oscillator,
    Qubit,
    Ring,
    SpinBath,
    Subsystem,
    TruncatedBath,
    TruncatedOscillator,
)
from athermal.machine.spec import to_spec

_LONGEST_LIST = 6


def drive_phrase(drive: Drive) -> str:
    """Return a drive as a formula or in words.

    Examples
    --------
    >>> drive_phrase(Harmonic(0.5, frequency=2.0))
    '0.5 cos(2 t)'
    """
    if isinstance(drive, Constant):
        return f"{drive.constant:g}"
    if isinstance(drive, Harmonic):
        return f"{drive.amplitude:g} cos({_angle(drive)})"
    if isinstance(drive, Rotating):
        angle = _angle(drive)
        return f"{drive.amplitude:g} exp(i {f'({angle})' if drive.phase else angle})"
    if isinstance(drive, Strokes):
        ramps = (
            f", {drive.shape} ramps of {_list(drive.ramps)}"
            if drive.ramps != (0.0,) * len(drive.values)
            else ", switched suddenly"
        )
        return f"strokes {_list(drive.values)} lasting {_list(drive.durations)}{ramps}"
    if isinstance(drive, Function):
        return f"a Python function of period {drive.period:g}"
    if isinstance(drive, Sum):
        return " + ".join(drive_phrase(term) for term in drive.terms)
    if isinstance(drive, Product):
        return " x ".join(f"({drive_phrase(f)})" if isinstance(f, (Sum, Strokes)) else drive_phrase(f) for f in drive.factors)
    return type(drive).__name__


def part_phrase(part: Part) -> str:
    """Return what a part is."""
    if isinstance(part, (Oscillator, TruncatedOscillator)):
        drive = part.drives[0][1]
        law = "" if drive.is_always_constant else f" (law {part.law!r})"
        levels = f", {part.levels} levels" if isinstance(part, TruncatedOscillator) else ""
        return f"oscillator, frequency {drive_phrase(drive)}{law}{levels}"
    if isinstance(part, Qubit):
        return f"qubit, frequency {drive_phrase(part.drives[0][1])}"
    if isinstance(part, FiniteSubsystem):
        return f"{type(part).__name__.lower()} of {part.dimension} states"
    if isinstance(part, Subsystem):
        return type(part).__name__.lower()
    if isinstance(part, FiniteReservoir):
        return f"{_kind_of_finite_bath(part)}, T = {part.temperature:g}, dimension {part.dimension}"
    if isinstance(part, ContinuumBath) and part.is_auto:
        density = _compact(to_spec(part.spectral_density)) or "a Python density"
        return f"star bath of {density}, T = {part.temperature:g}, as many modes as a run needs"
    if not isinstance(part, HarmonicReservoir):
        return f"{type(part).__name__}, T = {part.temperature:g}"
    span = f"{part.frequencies.min():.4g} to {part.frequencies.max():.4g}"
    modes = f"{part.n_modes} modes, {span}" if part.n_modes > 1 else f"one mode, {part.frequencies[0]:.6g}"
    return f"{_kind_of_bath(part)}, T = {part.temperature:g}, {modes}"


def _kind_of_finite_bath(part: FiniteReservoir) -> str:
    if isinstance(part, SpinBath):
        return f"bath of {part.n_sites} spins, frequencies {_list(part.spin_frequencies)}"
    if isinstance(part, TruncatedBath):
        return f"bath of {part.n_sites} oscillators of {part.levels} levels, frequencies {_list(part.mode_frequencies)}"
    return "bath by its Hamiltonian"


def _kind_of_bath(part: HarmonicReservoir) -> str:
    if isinstance(part, ContinuumBath):
        return f"star bath of {_compact(to_spec(part.spectral_density)) or 'a Python density'} by the rule {part.rule!r}"
    if isinstance(part, Chain):
        return f"{'ring' if isinstance(part, Ring) else 'chain'} with hopping {part.hopping:g}"
    return {Bath: "star bath", CoupledBath: "bath of coupled modes"}.get(type(part), type(part).__name__)


def coupling_phrase(coupling: Coupling) -> str:
    """Return what a coupling couples, how, and how strongly."""
    if isinstance(coupling, Displacement):
        return f"{coupling.on}: force {drive_phrase(coupling.drives[0][1])} on x, {drive_phrase(coupling.drives[1][1])} on p"
    kind = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in type(coupling).__name__).strip()
    if isinstance(coupling, OperatorCoupling):
        names = [operator if isinstance(operator, str) else "a matrix" for operator in coupling.operators]
        kind = f"{' x '.join(names)}{' + h.c.' if coupling.plus_conjugate else ''}"
    extra = f" at site {site}" if (site := getattr(coupling, "site", None)) is not None else ""
    if (amplitude := getattr(coupling, "amplitude_frequency", None)) is not None:
        extra += f", amplitude of frequency {amplitude:g}"
    if isinstance(coupling, Position) and coupling.counter_term is False:
        extra += ", no counter-term"
    return f"{' -- '.join(coupling.between)}: {kind}, strength {drive_phrase(coupling.drive)}{extra}"


def initial_phrase(initial: InitialState) -> str:
    """Return an initial state as its kind and arguments."""
    return _compact(to_spec(initial, AnyInitialState)) or type(initial).__name__


def _angle(drive: Harmonic | Rotating) -> str:
    frequency = "t" if drive.frequency == 1.0 else f"{drive.frequency:g} t"
    return f"{frequency} {'+' if drive.phase > 0.0 else '-'} {abs(drive.phase):g}" if drive.phase else frequency


def _list(values: Any) -> str:
    items = [f"{value:g}" for value in values] if isinstance(values, (tuple, list)) else [f"{values:g}"]
    return ", ".join(items[:_LONGEST_LIST]) + (f", ... ({len(items)})" if len(items) > _LONGEST_LIST else "")


def _compact(spec: Any) -> str:
    """Return plain data in the form kind(key = value, ...), without what is not set, long lists cut."""
    if isinstance(spec, dict):
        inside = ", ".join(f"{k} = {_compact(v)}" for k, v in spec.items() if k != "kind" and v is not None and v != {})
        return f"{spec['kind']}({inside})" if inside and "kind" in spec else spec.get("kind", f"{{{inside}}}")
    if isinstance(spec, list):
        shown = [_compact(entry) for entry in spec[:_LONGEST_LIST]]
        return f"[{', '.join(shown)}{', ...' if len(spec) > _LONGEST_LIST else ''}]"
    if isinstance(spec, float):
        return f"{spec:g}"
    return "" if spec is None else str(spec)
