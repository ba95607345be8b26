"""Floquet exponents: how fast a driven machine with continuous baths settles, or whether it grows without bound."""

from __future__ import annotations

import math

import numpy as np

from athermal._types import ComplexArray
from athermal.errors import ConvergenceError, InstabilityError
from athermal.limit.problem import Problem, pose
from athermal.limit.solve import System, carried_over, first_guess, next_number, truncate
from athermal.limit.sudden import StrokeSystem, coarse_zeros, has_exact_strokes, located, stroke_system
from athermal.machine.machine import Machine
from athermal.maths.resonances import Resonance, resonances, unstable_zeros

_TOLERANCE = 1e-9
_MOST_HARMONICS = 60
# Frequencies with a smaller imaginary part than this, relative to the Hamiltonian, are not damped at all.
_UNDAMPED = 1e-12


def floquet_exponents(machine: Machine) -> ComplexArray:
    """Return the Floquet exponents of the amplitudes of a damped, periodically driven linear machine.

    The mean amplitudes move as sum_k e^{lambda_k t} times a periodic function (and, with baths of finite bandwidth, tails that
    fall off by powers of time). lambda = -i z where det D(z) = 0, D the harmonic-balance matrix Z(z + m nu) - h - C chi C^dag
    with the baths' self-energy continued below the real axis through their bands. That no zero is missed above the axis, where
    e^{lambda t} grows, is certified by Nyquist's criterion: the turns of det D(w) along the real axis.

    Parameters
    ----------
    machine : Machine
        Of oscillators, with reservoirs that are all `ContinuumBath`; the number of modes does not matter.

    Returns
    -------
    (k,) complex array
        Largest real part first: positive, the machine is unstable; zero, part of it is not damped. The energy of an amplitude
        changes at twice the real part. Imaginary parts of a driven machine lie within half a drive frequency of zero.

    Raises
    ------
    MachineError
        If the machine is not of this kind.
    ConvergenceError
        If the exponents do not converge with the number of harmonics, or do not account for an instability.

    References
    ----------
    H. Nyquist, Bell Syst. Tech. J. 11, 126 (1932). P. Haenggi, in "Quantum Transport and Dissipation" (Wiley, 1998), ch. 5.

    Examples
    --------
    >>> import athermal as at
    >>> density = at.densities.Ohmic(friction=0.2, cutoff=10.0, cutoff_shape="drude")
    >>> bath = at.ContinuumBath("bath", 1.0, density, modes=20, rule="tan")
    >>> machine = at.Machine([at.Oscillator("a", 1.0)], [bath], [at.Position(("a", "bath"))], period=1.0)
    >>> np.round(at.limit.floquet_exponents(machine).real, 3)
    array([-0.101, -0.101])
    """
    problem = pose(machine, "the Floquet exponents")
    if not has_exact_strokes(problem):
        system, zeros = settled_zeros(problem)
        return as_exponents(zeros, system)
    coarse, guesses = coarse_zeros(problem)
    strokes = stroke_system(problem, 1)
    exact = located(strokes, coarse, guesses)
    _certify(coarse, exact)
    return as_exponents(exact, strokes)


def settled_zeros(problem: Problem) -> tuple[System, list[Resonance]]:
    """Return the zeros of a truncation at which they have converged, none above the axis missing."""
    n = first_guess(problem)
    system = truncate(problem, n)
    zeros = resonances(system.balance)
    scale = float(np.max(np.abs(system.balance.form)))
    while n and not system.is_closed:
        n = next_number(n)
        finer = truncate(problem, n)
        moved = carried_over(zeros, finer)
        shift = max((abs(a.frequency - b.frequency) for a, b in zip(zeros, moved, strict=True)), default=0.0)
        system, zeros = finer, moved
        if shift <= _TOLERANCE * scale:
            break
        if n > _MOST_HARMONICS:
            raise ConvergenceError(
                f"The Floquet exponents must converge to {_TOLERANCE:.0e}, but with {n} harmonics still change by "
                f"{shift / scale:.1e}. Give the strokes of the drive smooth `ramps`."
            )
    _certify(system, zeros)
    return system, zeros


def count_growing(system: System) -> tuple[float, float]:
    """Return Nyquist's count of zeros above the axis, and how high above it they were counted."""
    height = 1e-9 * float(np.max(np.abs(system.balance.form)))
    breaks = [edge for bath in system.problem.baths for edge in (bath.low, bath.high) if math.isfinite(edge)]
    return unstable_zeros(system.balance, height, breaks) / (2 * system.balance.n + 1), height


def _certify(system: System, zeros: list[Resonance]) -> None:
    """Raise `ConvergenceError` if Nyquist counts zeros above the axis that were not found."""
    count, height = count_growing(system)
    known = sum(zero.frequency.imag > height for zero in zeros)
    # A zero on the axis itself, a bound state, turns the phase by anything up to a whole turn.
    known += sum(abs(zero.frequency.imag) <= height for zero in zeros)
    # Zeros of the last harmonics are distorted by the truncation: some of each class may be missing.
    if (count > 0.3 and not known) or count > known + 0.7:
        raise ConvergenceError(
            f"The machine has about {round(count)} growing Floquet exponents, but only {known} of them could be located. Weaken "
            "the drive, or run the machine to see it grow."
        )


def as_exponents(zeros: list[Resonance], system: System | StrokeSystem) -> ComplexArray:
    """Return lambda = -i z, imaginary parts folded into one zone of the drive's frequency."""
    nu = system.balance.nu
    z = np.array([zero.frequency for zero in zeros], dtype=complex)
    if system.balance.n:
        z = z - nu * np.round(z.real / nu)
    return np.asarray(-1j * z)


def check_stable(zeros: list[Resonance], system: System | StrokeSystem) -> None:
    """Raise `InstabilityError` or `ConvergenceError` if a zero grows or is not damped."""
    scale = float(np.max(np.abs(system.balance.form)))
    period = system.problem.machine.period
    for zero in zeros:
        rate = zero.frequency.imag
        if rate > _UNDAMPED * scale:
            kind = "is parametrically unstable" if system.balance.n else "is unstable: its Hamiltonian is not bounded below"
            weaker = "Weaken the drive, move it away from resonance, or damp it more."
            remedy = weaker if system.balance.n else "Weaken the couplings."
            raise InstabilityError(
                f"The machine {kind}, and has no limit cycle: every Floquet exponent must have a negative real part, but one is "
                f"{rate:.6g} + {-zero.frequency.real:.6g}i per unit time, growth by e^{rate * period:.6g} per cycle. {remedy}"
            )
        if rate > -_UNDAMPED * scale and _is_heavy(zero, system):
            name = system.problem.machine.subsystem_names[system.largest(zero)]
            raise_undamped(name, f"it oscillates for ever at frequency {abs(zero.frequency.real):.6g}")


def raise_undamped(name: str, what: str) -> None:
    """Raise the error of a machine part of which never forgets."""
    raise ConvergenceError(
        f"A machine with a limit cycle must be damped in all its parts, but subsystem {name!r} is not: {what}, where no bath "
        "that it meets has spectral weight (a bound state). Its limit cycle depends on its initial state. Widen the bands, or "
        "weaken the coupling to a narrow one."
    )


def _is_heavy(zero: Resonance, system: System | StrokeSystem) -> bool:
    """Tell whether an undamped zero holds a visible part of the subsystems: 1/|v^dag D'(z) v| for a vector of length one."""
    step = 1e-7 * float(np.max(np.abs(system.balance.form)))
    ahead, behind = system.balance.matrix(np.array([zero.frequency + step, zero.frequency - step]))
    slope = zero.vector.conj() @ ((ahead - behind) / (2.0 * step)) @ zero.vector
    return bool(abs(slope) < 1e3)
