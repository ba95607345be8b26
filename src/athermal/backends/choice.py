"""The one choice of a backend: what None and "auto" mean, and whether modes must be chosen for the run."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from athermal import _validate
from athermal._lazy import LazyModule
from athermal.backends.base import Backend, Solver
from athermal.backends.preparer import FORWARDS_ONLY
from athermal.errors import MachineError
from athermal.machine.hamiltonian import Hamiltonian
from athermal.machine.initial import GaussianMoments, Gibbs, InitialState
from athermal.machine.machine import Machine
from athermal.machine.settle import to_be_chosen

if TYPE_CHECKING:
    from athermal.backends import finite, gaussian
    from athermal.backends import open as continuous
else:  # a run imports the backend that it is run with, and no other
    finite, gaussian, continuous = (LazyModule(f"athermal.backends.{family}") for family in ("finite", "gaussian", "open"))

# Up to here the dense backend takes fractions of a second a cycle, and there is nothing to gain. Above, star was faster in
# every case measured, the covariance of each bath formed in every cycle included (600 modes: 0.12 s a cycle against 0.16 s, and
# 0.8 s for the first; 2000 modes: 4 s against 6 s, and 22 s for the first).
_SMALL = 200
# Beyond this a matrix of the whole takes 128 MB and its eigenvalues minutes.
_LARGE = 2000
# Directions that a bath changes in beyond bandwidth x time / 2 pi: the tails of prolate spheroidal functions at 1e-13.
_TAIL = 16


@dataclass(frozen=True)
class Auto(Backend):
    """Whatever suits the machine and the length of the run, as `choose` says.

    Examples
    --------
    >>> from athermal.library import two_oscillator
    >>> type(Auto().bind(two_oscillator(modes=5))).__name__
    'DenseSolver'
    """

    takes_chosen_modes: ClassVar[bool] = True
    kind: Literal["auto"] = field(default="auto", repr=False)

    def why_not(self, machine: Machine) -> str:
        return ""

    def bind(self, machine: Machine) -> Solver[Any]:
        """Return the solver of the backend chosen for one cycle."""
        return choose(machine, self).backend.bind(machine)


AnyBackend = Backend | Literal["auto"]
"""What a caller may name: a backend, or "auto" for what suits the machine and the length of the run."""


@dataclass(frozen=True)
class Choice:
    """How a machine is run.

    Parameters
    ----------
    backend : Backend
        `Auto()` where the modes of baths must be chosen first, on which it depends.
    why : str
        If the choice was left to the software and depends on more than the family of the machine.
    follows_modes : bool
        Whether it follows modes of the baths; else it takes continua as they are, and has tolerances of its own.
    must_settle : bool
        Whether modes of the baths must be chosen for the run, and certified by refining them.
    """

    backend: Backend
    why: str = ""
    follows_modes: bool = True
    must_settle: bool = False


def choose(
    machine: Machine,
    backend: AnyBackend | None = None,
    *,
    cycles: int = 1,
    initial: InitialState | None = None,
    owner: str = "a run",
) -> Choice:
    """Return how a machine is run: with the backend that was named, or with one chosen for it.

    Parameters
    ----------
    machine : Machine
    backend : Backend, "auto" or None
        None is `Dense()` for oscillators (`Star()` beyond 2000 modes), `DensityMatrix()` for finite parts, `HEOM()` for finite
        subsystems between continuous baths. "auto" looks at the length of the run as well.
    cycles : int
    initial : InitialState, optional
        The machine's own if left out.
    owner : str
        What messages call that which is run.

    Raises
    ------
    MachineError
        If it is no backend, or one with which the modes of the machine's baths cannot be chosen or the start not be prepared.

    Examples
    --------
    >>> from athermal.library import two_oscillator
    >>> choose(two_oscillator(modes=5), "auto").why
    'dense: 12 modes are few, and every column is known'
    """
    initial = machine.initial if initial is None else initial
    named, why = as_backend(backend, owner), ""
    if named is None or isinstance(named, Auto):
        named, why = _RULES[machine.family.name](machine, None if named is None else cycles, initial)
    if initial.charged_cycles and not named.can_run_backwards:
        raise MachineError(f"{type(named).__name__}() cannot prepare the initial state Charged: {FORWARDS_ONLY}")
    must_settle = not named.takes_continua and bool(to_be_chosen(machine))
    if must_settle and not named.takes_chosen_modes:
        raise MachineError(
            f'`backend` of {owner} with modes="auto" must be {machine.family.backends} or "auto", but is {named!r}: its '
            "own errors, such as the cut of its levels, are not certified. Give the baths a number of modes."
        )
    return Choice(named, why, not named.takes_continua, must_settle)


def as_backend(backend: Any, owner: str = "a run") -> Backend | None:
    """Return a backend as an object, `Auto()` for "auto"; None if it is left out; or raise `MachineError` if it is none."""
    if backend is None or isinstance(backend, Backend):
        return backend
    if isinstance(backend, str) and backend == "auto":
        return Auto()
    raise MachineError(f'`backend` of {owner} must be a backend such as Dense(), or "auto", but is {_validate.shown(backend)}.')


# --- what suits a family; without a number of cycles what is usual ---------------------------------------------------------


def _harmonic(machine: Machine, cycles: int | None, initial: InitialState) -> tuple[Backend, str]:
    if to_be_chosen(machine):
        return Auto(), ""
    n_modes, star = machine.n_modes, gaussian.Star()
    if cycles is None:
        return gaussian.Dense() if n_modes <= _LARGE else star, ""
    if n_modes <= _SMALL or not machine.reservoirs:
        size = f"{n_modes} modes are few" if n_modes <= _SMALL else "there are no baths"
        return gaussian.Dense(), f"dense: {size}, and every column is known"
    start = initial.layers()[0]
    if isinstance(start, GaussianMoments) or (isinstance(start, Gibbs) and _is_wide(start, machine, star)):
        kind = type(start).__name__
        return gaussian.Dense(), f"dense: the start ({kind}) correlates more modes than the star backend can hold"
    reach = expected_rank(machine, machine.period)
    if n_modes <= _LARGE and all(2 * reach > bath.n_modes for bath in machine.harmonic_baths):
        return gaussian.Dense(), f"dense: within one cycle the contacts reach most of the {n_modes} modes"
    rank = expected_rank(machine, max(cycles, initial.charged_cycles) * machine.period)
    if len(machine.reservoirs) == 1 or all(_is_known(bath.n_modes, rank, star) for bath in machine.harmonic_baths):
        return star, f"star: of {n_modes} modes it follows only those that the contacts reach, and every column is known"
    if n_modes <= _LARGE:
        return gaussian.Dense(), f"dense: the run is too long for the star backend to know C(R) and D_j of {n_modes} modes"
    return star, f"star: {n_modes} modes are too many for the dense backend; C(R) and D_j are known for the first cycles only"


def _finite(_machine: Machine, cycles: int | None, _initial: InitialState) -> tuple[Backend, str]:
    return finite.DensityMatrix(), "" if cycles is None else "density matrix: the machine has finite parts"


def _open(_machine: Machine, cycles: int | None, _initial: InitialState) -> tuple[Backend, str]:
    why = "HEOM: finite subsystems between continuous baths, at any coupling strength"
    return continuous.HEOM(), "" if cycles is None else why


_RULES: dict[str, Callable[[Machine, int | None, InitialState], tuple[Backend, str]]] = {
    "harmonic": _harmonic,
    "finite": _finite,
    "open": _open,
}


def expected_rank(machine: Machine, duration: float) -> int:
    """Return in about how many complex directions a bath changes: bandwidth x time / 2 pi and a tail.

    Examples
    --------
    >>> from athermal.library import two_oscillator
    >>> expected_rank(two_oscillator(modes=5), 0.0)
    16
    """
    bandwidth = max(float(np.ptp(bath.frequencies)) for bath in machine.harmonic_baths)
    return math.ceil(bandwidth * duration / (2.0 * math.pi)) + _TAIL


def _is_known(n_modes: int, rank: int, star: gaussian.Star) -> bool:
    """Tell whether the star backend knows the entropy of a bath that has changed in so many directions."""
    return n_modes <= max(star.entropy_modes, star.block_modes) or rank <= min(star.max_rank, n_modes // 2)


def _is_wide(start: Gibbs, machine: Machine, star: gaussian.Star) -> bool:
    names = (*machine.subsystem_names, *machine.reservoir_names) if start.parts is None else start.parts
    return sum(len(Hamiltonian.of(machine).part_modes.get(name, ())) for name in names) > star.block_modes
