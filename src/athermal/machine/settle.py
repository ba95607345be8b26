"""From continuous baths to modes: as many as a run of some length and accuracy needs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from athermal._types import FloatArray
from athermal.errors import ConvergenceError, MachineError
from athermal.machine.continuum import check_origin
from athermal.machine.coupling import Coupling
from athermal.machine.densities import SpectralDensity
from athermal.machine.layout import AnyLayout, Layout
from athermal.machine.parts import Bath, ContinuumBath, HarmonicReservoir
from athermal.maths.quadrature import windowed_rule

MOST_MODES = 20_000
"""The most modes that a bath with modes="auto" is given."""

MOST_REACHED = 1_000
"""The most of them that one cycle may reach: the propagator of a cycle acts among these."""

# Beyond this, densities are not known to double precision.
_FINEST_FIT = 1e-12
# Where the density's own check of a machine looks, when no run has been asked for yet.
_COARSE = 1e-3


@dataclass(frozen=True)
class Resolution:
    """How finely continuous baths are resolved.

    Parameters
    ----------
    tail : float
        The fraction of integral G(w)/w dw that may lie beyond the cut-off of a density without an upper end.
    quadrature : float
        Relative error of the integrals over what lies below, for all times of the run.
    degree : int
        The highest of the polynomials that stand for the density on a panel.
    margin : float
        How far above the highest resonance of the machine the cut-off must at least be.
    extra : int
        Modes that every panel of the density has beyond what these ask for: each refinement must add some everywhere, or the
        error of a panel where it does not is seen by neither of two runs.
    """

    tail: float
    quadrature: float
    degree: int = 32
    margin: float = 1.25
    extra: int = 0

    @classmethod
    def for_accuracy(cls, accuracy: float) -> Resolution:
        """Return what an accuracy of the columns asks for at first."""
        return cls(tail=accuracy, quadrature=3.0 * accuracy)

    def finer_cut(self, factor: float) -> Resolution:
        """Return the same with a higher cut-off: errors go with what lies beyond it.

        They oscillate with the frequency of the cut, so that those of two cuts differ in phase: more is taken than the factor.
        """
        return replace(self, tail=max(self.tail / factor**1.5, 1e-15), margin=self.margin * (1.2 if factor > 1.0 else 1.0))

    def finer_modes(self) -> Resolution:
        """Return the same with more modes, elsewhere."""
        quadrature = max(0.1 * self.quadrature, 1e-15)
        return replace(self, quadrature=quadrature, degree=self.degree + 8, extra=self.extra + 1)


@dataclass(frozen=True)
class Settled:
    """What a bath with modes="auto" became.

    Parameters
    ----------
    name : str
    frequencies : (n,) array
    low, high : float
        The band that is kept.
    tail : float
        The fraction of integral G(w)/w dw beyond it.
    """

    name: str
    frequencies: FloatArray
    low: float
    high: float
    tail: float

    @property
    def n_modes(self) -> int:
        """The number of modes."""
        return len(self.frequencies)


def to_be_chosen(machine: Layout) -> frozenset[str]:
    """Return the names of the baths with modes="auto", whose modes the run chooses."""
    return frozenset(bath.name for bath in machine.reservoirs if isinstance(bath, ContinuumBath) and bath.is_auto)


def settled(machine: AnyLayout, duration: float, resolution: Resolution) -> tuple[AnyLayout, tuple[Settled, ...]]:
    """Return the machine with explicit modes for its baths with modes="auto", and what these are.

    Parameters
    ----------
    machine : Machine
    duration : float
        How long the baths must stand for continua.
    resolution : Resolution

    Raises
    ------
    ConvergenceError
        If a bath would need more than `MOST_MODES` modes.
    """
    parts: list[HarmonicReservoir] = []
    facts = []
    resonance = _highest_resonance(machine)
    for bath in machine.harmonic_baths:
        if isinstance(bath, ContinuumBath) and bath.is_auto:
            explicit, fact = _settled_bath(bath, (duration, machine.period), resonance, resolution)
            parts.append(explicit)
            facts.append(fact)
        else:
            parts.append(bath)
    return replace(machine, reservoirs=tuple(parts)), tuple(facts)


def check_auto(machine: Layout) -> None:
    """Raise `MachineError` if the machine could not exist with explicit modes either."""
    names = to_be_chosen(machine)
    for coupling in machine.couplings:
        _check_contact(coupling, names)
    settled(machine, 0.0, Resolution.for_accuracy(_COARSE))


def _check_contact(coupling: Coupling, names: frozenset[str]) -> None:
    for what in ("site", "weights"):
        if getattr(coupling, what, None) is not None and (hit := names & set(coupling.between)):
            raise MachineError(
                f"`{what}` of the coupling to reservoir {min(hit)!r} must be left out: its modes are chosen when it is run "
                '(modes = "auto"), and couple as its spectral density says.'
            )


def _settled_bath(
    bath: ContinuumBath, times: tuple[float, float], resonance: float, resolution: Resolution
) -> tuple[Bath, Settled]:
    density = bath.spectral_density
    low, high = bath.band
    check_origin(bath, low, high)
    tail = 0.0
    if math.isinf(high):
        high, tail = max(density.end_of(resolution.tail), resolution.margin * resonance), resolution.tail
    if not math.isfinite(high):
        raise MachineError(
            f"`spectral_density` of reservoir {bath.name!r} must tell where it ends: its `end_of` gives {high}. Override it, or "
            "cut the density with `high`."
        )
    duration, period = times
    _check_size(bath, high - low, high, duration, period)
    fit = max(0.1 * resolution.quadrature, _FINEST_FIT)
    # Measured: columns are off by some 0.03 of the square of the error of the rule.
    rule = math.sqrt(resolution.quadrature)
    functions = _functions(bath)
    marks, degree = density.landmarks, resolution.degree
    try:
        nodes, weights = windowed_rule(
            functions, low, high, duration, fit=fit, tolerance=rule, degree=degree, landmarks=marks, extra=resolution.extra
        )
    except ConvergenceError as error:
        raise ConvergenceError(
            f"`spectral_density` of reservoir {bath.name!r} cannot be discretised. {error} Or give a number of `modes`."
        ) from None
    if len(nodes) > MOST_MODES:
        raise ConvergenceError(
            f"`spectral_density` of reservoir {bath.name!r} must be resolved by at most {MOST_MODES} modes, but takes "
            f"{len(nodes)}: it has too much structure. Smooth it, or give a number of `modes`."
        )
    squared = density.squared_coupling(nodes) * weights
    kept = squared > 0.0
    if not np.any(kept):
        raise MachineError(f"`spectral_density` of reservoir {bath.name!r} must not vanish everywhere.")
    explicit = Bath(bath.name, bath.temperature, tuple(nodes[kept].tolist()), tuple(np.sqrt(squared[kept]).tolist()))
    return explicit, Settled(bath.name, nodes[kept], low, high, tail)


def _highest_resonance(machine: Layout) -> float:
    """Return the highest frequency at which baths exchange quanta: of an oscillator, and the fastest drive on top.

    Sudden strokes and functions have no highest frequency: they count with their own period. What is resonant with a bath must
    lie below its cut-off, or no refinement of the cut-off shows it.
    """
    times = np.linspace(0.0, machine.period, 65)
    own = max(float(np.max(np.abs(part.drive.value(times)))) for part in machine.oscillators)
    drives = [drive for coupling in machine.couplings for _, drive in coupling.drives]
    drives += [part.drive for part in machine.oscillators]
    fastest = [sum(2.0 * math.pi / leaf.own_period for leaf in drive.leaves() if leaf.own_period) for drive in drives]
    return own + max(fastest, default=0.0)


def _functions(bath: ContinuumBath) -> Callable[[FloatArray], FloatArray]:
    """Return what is integrated: the density, its thermal noise G coth(w/2T), and G/w, which tells its power at zero."""

    def both(w: FloatArray) -> FloatArray:
        squared = bath.spectral_density.squared_coupling(w)
        return np.stack([squared, squared * bath.noise(w), squared / w])

    return both


def _check_size(bath: ContinuumBath, width: float, high: float, duration: float, period: float) -> None:
    """Raise `ConvergenceError` before a run that no backend can finish: Nyquist's rate tells how many modes it needs."""
    modes, reached = (width * time / (2.0 * math.pi) for time in (duration, min(duration, period)))
    if modes > MOST_MODES or reached > MOST_REACHED:
        raise ConvergenceError(
            f"Reservoir {bath.name!r} must be resolved by at most {MOST_MODES} modes, {MOST_REACHED} of them for one cycle, but "
            f"up to w = {high:.4g} needs some {modes:.2g}, {reached:.2g} of them for one cycle. {_remedy(bath.spectral_density)}"
        )


def _remedy(density: SpectralDensity) -> str:
    if getattr(density, "cutoff_shape", "") == "drude":
        return (
            "A Drude cut-off falls off too slowly for a run: ask for less accuracy (some per cent can be had), cut it with "
            "`high`, use an exponential cut-off, or find the `limit_cycle`, which takes the whole tail."
        )
    return "Run fewer cycles, cut the density with `high`, or give a number of `modes`."
