"""The limit cycle of any machine whose baths forget."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from athermal import _validate
from athermal.backends.choice import AnyBackend, as_backend
from athermal.engine.run import warn_of
from athermal.engine.watching import Wanted
from athermal.errors import MachineError
from athermal.limit.cycle import LimitCycle
from athermal.limit.fixed_cycle import fixed_cycle
from athermal.limit.harmonic import harmonic_cycle
from athermal.machine.machine import Machine

_OWNER = "a limit cycle"


def limit_cycle(
    machine: Machine,
    backend: AnyBackend | None = None,
    *,
    accuracy: float = 1e-8,
    max_harmonics: int = 60,
    max_nodes: int = 200_000,
    samples_per_cycle: int = 1,
    observables: Mapping[str, Any] | None = None,
    keep_states: Any = False,
) -> LimitCycle:
    """Find the cycle that a machine between continuous baths settles to, without waiting for it.

    Oscillators, if no backend is given, at any coupling strength: for each frequency w of each bath the few driven modes obey a
    Floquet-Langevin equation, solved by harmonic balance,

        sum_m' D_mm'(w) y_m' = C_m0 sqrt(G(w)),   D = Z(w + m nu) - h - sum_j C_j chi_j(w + m nu) C_j^dag,

    and work, heats and covariances are integrals of |y|^2 coth(w/2T_j) over w. The densities are the continuum (`modes` and
    `rule` of a bath are not used, `low` and `high` are); product start in the infinite past.

    With a backend for continuous baths, and of finite subsystems: the fixed point v = M v of the map M of one cycle, Tr rho = 1,
    and the ledger of one cycle from there. Where nothing is driven it is the null vector of the generator; else it is found from
    the map of a cycle, by its matrix or in a Krylov space.

    Parameters
    ----------
    machine : Machine
        Every reservoir a `ContinuumBath`; oscillators without a backend are coupled to them by `Exchange`, `TwoModeSqueezing`
        or `Position`.
    backend : Backend or "auto", optional
        `Lindblad`, `BlochRedfield`, `FloquetMarkov` or `HEOM`. If left out, of finite subsystems `HEOM()`.
    accuracy : float
        Without a backend: largest error of the covariances, relative to the largest variance, and of work and heats, relative to
        the largest heat (or to 1e-4 of all energy that goes to and fro, if larger). With one: by how much one more cycle may
        change the state, relative to itself.
    max_harmonics : int
        Of oscillators without a backend: harmonics of the drive beyond which it is refused. Not used where all that is driven is
        constant between jumps, and the bands end (or fall off exponentially): such strokes are taken exactly. Other sudden
        strokes converge slowly: about 1e-2 is reached with 60, and the heats are then known a hundred times better.
    max_nodes : int
        Of the same: evaluations of the integrand beyond which it is refused.
    samples_per_cycle, observables, keep_states
        With a backend: of the ledger, as for `run`.

    Returns
    -------
    LimitCycle
        A `HarmonicCycle` without a backend, of oscillators; else a `FixedCycle`.

    Raises
    ------
    MachineError
        If the machine is not of this kind; if a subsystem is joined to no reservoir; if there are many fixed points, with what is
        conserved.
    InstabilityError
        If it is parametrically unstable: the message names the Floquet exponent.
    ConvergenceError
        If the accuracy cannot be met, or part of a subsystem is in a bound state that nothing damps.

    References
    ----------
    S. Kohler, J. Lehmann, P. Haenggi, Phys. Rep. 406, 379 (2005) (Floquet scattering). N. Freitas, J. P. Paz, Phys. Rev. E 95,
    012146 (2017) (driven linear networks). H. Grabert, U. Weiss, P. Talkner, Z. Phys. B 55, 87 (1984) (the undriven case).

    Examples
    --------
    >>> import athermal as at
    >>> density = at.densities.Ohmic(friction=1.0, cutoff=10.0, cutoff_shape="drude")
    >>> bath = at.ContinuumBath("bath", 0.2, density, modes=20, rule="tan")
    >>> cycle = at.limit_cycle(at.Machine([at.Oscillator("a", 1.0)], [bath], [at.Position(("a", "bath"))], period=1.0))
    >>> np.round(np.diag(cycle.covariance()), 8)  # Grabert, Weiss, Talkner
    array([0.44012107, 1.06371353])

    Two qubits that carry heat from bath to bath, by a master equation.

    >>> drude = at.densities.Ohmic(friction=0.04, cutoff=6.0, cutoff_shape="drude")
    >>> machine = at.Machine(
    ...     [at.Qubit("left", 2.0), at.Qubit("right", 1.0)],
    ...     [at.ContinuumBath("hot", 1.2, drude), at.ContinuumBath("cold", 1.0, drude)],
    ...     [
    ...         at.Exchange(("left", "right"), 0.3),
    ...         at.OperatorCoupling(("left", "hot"), ("sigmax", "position")),
    ...         at.OperatorCoupling(("right", "cold"), ("sigmax", "position")),
    ...     ],
    ...     period=40.0,
    ... )
    >>> cycle = at.limit_cycle(machine, at.BlochRedfield())
    >>> round(cycle.heat["cold"], 4), bool(cycle.errors["change"] < 1e-10)
    (0.0552, True)
    """
    if not isinstance(machine, Machine):
        raise MachineError(f"`machine` of {_OWNER} must be a Machine, but is {_validate.shown(machine)}.")
    accuracy = _validate.fraction(accuracy, "accuracy", _OWNER, least=1e-13)
    max_harmonics = _validate.count(max_harmonics, "max_harmonics", _OWNER, most=10_000)
    max_nodes = _validate.count(max_nodes, "max_nodes", _OWNER, most=10**8)
    samples = _validate.count(samples_per_cycle, "samples_per_cycle", _OWNER, most=10**6)
    wanted = Wanted.of(observables, keep_states, machine)
    if as_backend(backend, _OWNER) is None and machine.oscillators:
        if samples > 1 or wanted != Wanted():
            raise MachineError(
                "`samples_per_cycle`, `observables` and `keep_states` of a limit cycle of oscillators must be left out without a "
                "`backend`: its covariances are known at any time, `cycle.covariance(phase)`."
            )
        return harmonic_cycle(machine, accuracy, max_harmonics, max_nodes)
    cycle = fixed_cycle(machine, backend, accuracy, samples, wanted)
    warn_of(cycle.ledger)
    return cycle
