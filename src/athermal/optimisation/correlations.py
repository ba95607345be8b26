"""The best initial correlations of a machine, with a certificate that there are none better."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from athermal import _validate
from athermal._validate import as_study
from athermal.backends.base import Backend, Solver
from athermal.backends.choice import Auto, as_backend, choose
from athermal.backends.finite import DensityMatrix
from athermal.backends.gaussian import Dense
from athermal.engine.progress import Progress, Tell, telling
from athermal.engine.run import run
from athermal.errors import ConvergenceError, StudyError, StudyInterrupted
from athermal.machine.initial import InitialState, ProductThermal
from athermal.machine.machine import Machine
from athermal.optimisation.correlations_finite import FiniteCorrelations
from athermal.optimisation.correlations_gaussian import GaussianCorrelations
from athermal.optimisation.extremes import Extreme, Note, best_efficiency, best_work, efficiency_of
from athermal.optimisation.space import CorrelationSpace
from athermal.thermodynamics.ledger import Ledger

_OWNER = "the best correlations"
Objective = Literal["work_output", "efficiency"]
# What knows the state of the whole of each family, and what correlations are there.
_WHOLE: dict[str, Callable[[], Backend]] = {"harmonic": Dense, "finite": DensityMatrix}
_SPACES: dict[type[Backend], Callable[..., CorrelationSpace]] = {Dense: GaussianCorrelations, DensityMatrix: FiniteCorrelations}


@dataclass(frozen=True, eq=False)
class BestCorrelations:
    """The best initial correlations, and what they are worth.

    Attributes
    ----------
    machine : Machine
    cycles : int
    objective : str
    among : tuple of str
        The parts that may be correlated.
    initial : InitialState
        The start, to be run from: `at.run(machine, cycles, initial=best.initial)`.
    value : float
        What it gives: the work output of the cycles together, or their efficiency.
    bound : float
        No state with these marginals gives more: a dual bound, certified to rounding.
    uncorrelated : float
        What the product of the marginals gives; NaN if its efficiency is undefined.
    ledger : Ledger
        The run from the best start.
    ergotropy : float
        The most work that any cyclic drive of the whole could draw from that start (of oscillators: any drive by a quadratic
        Hamiltonian), infinite if the Hamiltonian at time zero is not bounded below.
    mutual_information : dict
        I of each pair of parts among `among` in that start, in nats.
    n_free : int
        The number of free real parameters that were optimised.

    Examples
    --------
    >>> import athermal as at
    >>> best = at.best_correlations(at.library.two_qubit_swap(), among=("hot", "cold"))
    >>> best.bound >= best.value > best.uncorrelated
    True
    """

    machine: Machine
    cycles: int
    objective: str
    among: tuple[str, ...]
    initial: InitialState
    value: float
    bound: float
    uncorrelated: float
    ledger: Ledger
    ergotropy: float
    mutual_information: dict[tuple[str, str], float]
    n_free: int

    @property
    def gap(self) -> float:
        """How much better the best could be at most: bound - value."""
        return self.bound - self.value

    def __str__(self) -> str:
        """Return a short report."""
        what = self.objective.replace("_", " ")
        span = "the first cycle" if self.cycles == 1 else f"the first {self.cycles} cycles"
        total = self.ledger.cumulative.isel(cycle=-1)
        pairs = sorted(self.mutual_information.items(), key=lambda entry: -entry[1])
        work, efficiency = float(total.work_output), float(total.efficiency)
        other = f"efficiency {efficiency:.6g}" if self.objective == "work_output" else f"work output {work:.8g}"
        lines = [
            f"The best correlations among {', '.join(map(repr, self.among))} for the {what} of {span}.",
            f"  {what} {self.value:.8g}; no correlations with these marginals give more than {self.bound:.8g}",
            f"  without correlations {self.uncorrelated:.8g}",
            f"  {other} (Carnot efficiency {self.machine.carnot_efficiency:.6g})",
            f"  ergotropy of the start {self.ergotropy:.8g}",
            *(f"  I({a}, {b}) {value:.6g} nat" for (a, b), value in pairs),
        ]
        return "\n".join(lines)


def best_correlations(
    machine: Machine,
    cycles: int = 1,
    *,
    objective: Objective = "work_output",
    among: Sequence[str] | None = None,
    initial: InitialState | None = None,
    work_output_at_least: float | None = None,
    accuracy: float = 1e-8,
    backend: Backend | None = None,
    progress: Progress = None,
) -> BestCorrelations:
    """Find the initial correlations that give the most work, or the highest efficiency, with a proof that none are better.

    The state of every part stays as it is in `initial`; what is free is how the parts are correlated. Work is linear in the
    state, so that the most work is a semidefinite problem: of oscillators, in the off-diagonal blocks of the covariance,

    -W = max over sigma of -tr(M sigma)/2,   sigma + i Omega/2 >= 0,   sigma_pp fixed for each part p,

    where r^T M r/2 is the work operator of the cycles. Since W depends on second moments only, this is the most that any state,
    Gaussian or not, of these marginal moments gives. Of finite parts it is the maximum of -Tr(M rho) over density matrices with
    fixed marginals. For any quadratic form Y that is a sum over the parts with M + Y >= 0,

    tr(M sigma)/2 >= sum_k d_k(M + Y)/2 - tr(Y sigma)/2,

    d_k the symplectic eigenvalues (of finite parts Tr(M rho) >= lambda_min(M + Y) - Tr(Y rho)): the right side is known from the
    marginals, and the best Y closes the gap. Such a bound, which does not depend on how the best was found, is worked out with
    it. The efficiency -W/(Q_in + dU_in) is a linear function over a convex one: its maximum follows from problems
    max -W - c (Q_in + dU_in) of the same kind (Dinkelbach), and its bound from the dual of the last. An efficiency of 1, the most
    that the first law allows, is within reach if correlations can make all parts give energy at once.

    Parameters
    ----------
    machine : Machine
        With explicit modes in all baths.
    cycles : int
        From how many cycles, counted from the start, the work or the efficiency (`ledger.cumulative`) is taken.
    objective : {"work_output", "efficiency"}
    among : sequence of str, optional
        The subsystems and reservoirs that may be correlated, each reservoir as a whole; all parts if left out. The cost grows
        with the cube of the number of free parameters, of which there may be 5000 for oscillators (4 for each two modes of
        different parts) and 1500 for finite parts (two of dimension d have (d^2 - 1)^2).
    initial : InitialState, optional
        Whose marginals are kept, its correlations dropped; `ProductThermal()` if left out.
    work_output_at_least : float, optional
        A limit that the work output must meet while the efficiency is maximised.
    accuracy : float
        The largest gap between the bound and the value, relative to the value or, for work, to what correlations add to it if
        that is larger; the rounding of energies apart.
    backend : Dense or DensityMatrix, optional
        `Dense()` for oscillators treated as Gaussian and `DensityMatrix()` for finite parts if left out.
    progress : bool or callable, optional
        If left out, a bar with the rate and the time left, on a terminal or in a notebook, once it has lasted for a while.
        True: from the start, and lines on standard error elsewhere. False: nothing. A function is called as
        progress(finished, total), after each step of the solver; the total is an estimate.

    Returns
    -------
    BestCorrelations

    Raises
    ------
    StudyError
        If no correlations are possible or there are too many to choose from; if none makes the machine do work (its efficiency
        is then undefined or negative), or not as much as `work_output_at_least`.
    ConvergenceError
        If rounding keeps the gap above the accuracy.
    MachineError, StateError
        As `run`.
    StudyInterrupted
        On Ctrl-C; `.result` holds the best so far, whose bound may lie far above its value; None if there is none yet.

    References
    ----------
    R. Simon, N. Mukunda, B. Dutta, Phys. Rev. A 49, 1567 (1994): sigma + i Omega/2 >= 0. M. Perarnau-Llobet et al., Phys. Rev. X
    5, 041011 (2015): work from the correlations of locally thermal qubits. W. Dinkelbach, Manage. Sci. 13, 492 (1967).

    Examples
    --------
    >>> machine = at.library.two_oscillator(T_hot=2.4, squeezing=0.01, modes=12)
    >>> best = at.best_correlations(machine, among=("hot", "cold"))
    >>> print(round(best.uncorrelated, 5), "->", round(best.value, 5), "<=", round(best.bound, 5))
    0.06742 -> 0.5735 <= 0.5735
    >>> ledger = at.run(machine, cycles=4, initial=best.initial)
    >>> bool(abs(ledger.work_output[0] - best.value) < 1e-9)
    True
    """
    machine, solver, backend = _checked_machine(machine, backend)
    with as_study():
        cycles = _validate.count(cycles, "cycles", _OWNER)
        _validate.choice(objective, "objective", _OWNER, ("work_output", "efficiency"))
        accuracy = _validate.positive(accuracy, "accuracy", _OWNER)
        least = None if work_output_at_least is None else _validate.real(work_output_at_least, "work_output_at_least", _OWNER)
        names = _checked_parts(machine, among)
    start = ProductThermal() if initial is None else initial
    if not isinstance(start, InitialState):
        raise StudyError(f"`initial` of {_OWNER} must be an initial state such as ProductThermal(), but is {initial!r}.")
    space: CorrelationSpace = _SPACES[type(backend)](solver, start, names, cycles)
    find, steps = best_work if objective == "work_output" else best_efficiency, _Steps(objective)
    try:
        with telling(progress, "step") as tell:
            extreme = find(space, least, accuracy, steps.noting(tell))
            tell(1, 1)
    except KeyboardInterrupt:
        best = steps.best and _result(machine, cycles, objective, names, space, steps.best, backend)
        held = "`.result` holds the best so far" if best else "there is no result yet"
        raise StudyInterrupted(f"The search for {_OWNER} was interrupted after {steps.count} steps; {held}.", best) from None
    _check_gap(extreme, objective)
    return _result(machine, cycles, objective, names, space, extreme, backend)


def _result(
    machine: Machine,
    cycles: int,
    objective: Objective,
    among: tuple[str, ...],
    space: CorrelationSpace,
    extreme: Extreme,
    backend: Backend,
) -> BestCorrelations:
    """Run the machine from the best start and put together what there is to know of it."""
    initial = space.initial(extreme.point)
    state = space.prepared(initial)
    single = {name: space.entropy(state, (name,)) for name in among}
    shared = {(a, b): single[a] + single[b] - space.entropy(state, (a, b)) for a, b in itertools.combinations(among, 2)}
    origin = np.zeros_like(extreme.point)
    alone = -float(np.sum(space.offsets)) if objective == "work_output" else efficiency_of(space, origin)
    return BestCorrelations(
        machine,
        cycles,
        objective,
        among,
        initial,
        extreme.value,
        extreme.bound,
        alone,
        run(machine, cycles, initial, backend=backend),
        space.ergotropy(state),
        shared,
        len(space.span),
    )


def _checked_machine(machine: Any, backend: Any) -> tuple[Machine, Solver[Any], Backend]:
    """Return the machine and a solver that knows the state of the whole."""
    if not isinstance(machine, Machine):
        raise StudyError(f"`machine` of {_OWNER} must be a Machine, but is {machine!r}.")
    if machine.renewed_names:
        raise StudyError(
            f"{_OWNER.capitalize()} need reservoirs that last, but {machine.renewed_names[0]!r} is renewed. Sweep or optimise "
            "the strength of a CorrelatedMarginals of its units instead."
        )
    if choose(machine).must_settle:
        raise StudyError(
            f'{_OWNER.capitalize()} need baths of explicit modes, but one has modes="auto". Give it a number of modes.'
        )
    with as_study():
        chosen = as_backend(backend, _OWNER)
    if chosen is None or isinstance(chosen, Auto):
        chosen = _WHOLE.get(machine.family.name, lambda: choose(machine).backend)()
    if type(chosen) not in _SPACES:
        raise StudyError(
            f"`backend` of {_OWNER} must be Dense() or DensityMatrix(), which know the state of the whole, but is {chosen!r}. "
            "Finite subsystems between baths with a number of modes can be run with DensityMatrix(levels=...)."
        )
    return machine, chosen.bind(machine), chosen


def _checked_parts(machine: Machine, among: Any) -> tuple[str, ...]:
    """Return the names of the parts that may be correlated, in the machine's order."""
    every = (*machine.subsystem_names, *machine.reservoir_names)
    if among is None:
        return every
    if isinstance(among, str) or not isinstance(among, Sequence) or not all(isinstance(name, str) for name in among):
        raise StudyError(f"`among` of {_OWNER} must list the names of parts, but is {among!r}.")
    for name in among:
        machine.part(name)
    if len(set(among)) < 2 or len(set(among)) != len(among):
        raise StudyError(f"`among` of {_OWNER} must list at least two different parts, but is {among!r}.")
    return tuple(name for name in every if name in among)


def _check_gap(extreme: Extreme, objective: str) -> None:
    gap = extreme.bound - extreme.value
    if gap > extreme.allowed:
        raise ConvergenceError(
            f"The {objective.replace('_', ' ')} of {_OWNER} must be known to {extreme.allowed:.1e} by its `accuracy`, but "
            f"between the best found, {extreme.value:.10g}, and the bound {extreme.bound:.10g} there is a gap of {gap:.1e}, "
            "which rounding keeps open. Ask for a larger `accuracy`."
        )


@dataclass
class _Steps:
    """How many steps a search has made, and the best that it has met."""

    objective: Objective
    count: int = 0
    best: Extreme | None = None

    def noting(self, tell: Tell) -> Note:
        """Return what the search is to call after every step."""
        expected = 16 if self.objective == "work_output" else 64

        def note(now: Extreme | None) -> None:
            self.count += 1
            if now is not None and (self.best is None or now.value >= self.best.value):
                self.best = now
            tell(self.count, max(expected, self.count + 1))

        return note
