"""From subsystem states, heats and temperatures to a ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from athermal import _validate
from athermal.accounting import series
from athermal.accounting import units as unit_table
from athermal.accounting.facts import asked, conduct_of, errors_of, sign_remedy
from athermal.accounting.inputs import numbers_of, readings_of, subsystems_of, temperatures_of
from athermal.accounting.tables import is_table, read_table
from athermal.engine.single import versions
from athermal.errors import StudyError
from athermal.maths.physical import STATE_TOLERANCE
from athermal.thermodynamics.conduct import Conduct
from athermal.thermodynamics.ledger import Ledger
from athermal.thermodynamics.snapshot import Reference


def account(
    source: Any,
    *,
    temperatures: Mapping[str, Any],
    heats: Mapping[str, Any] | None = None,
    work: Any = None,
    states: Any = None,
    system_states: Any = None,
    populations: Any = None,
    counts: Any = None,
    hamiltonians: Any = None,
    dimensions: Mapping[str, int] | None = None,
    energies: Any = None,
    entropies: Any = None,
    system_entropy: Any = None,
    state_errors: Any = None,
    system_state_errors: Any = None,
    population_errors: Any = None,
    heat_errors: Any = None,
    work_error: Any = None,
    energy_errors: Any = None,
    entropy_errors: Any = None,
    system_entropy_error: Any = None,
    calibration_error: float = 0.0,
    heat_sign: Literal["into reservoirs", "into machine"] = "into reservoirs",
    memoryless: bool = False,
    per_interval: bool = False,
    period: float | None = None,
    samples_per_cycle: int | None = None,
    units: Mapping[str, str] | None = None,
    method: Literal["auto", "linear", "bootstrap"] = "auto",
    draws: int = 1000,
    seed: int = 0,
    tolerance: float = 1e-6,
    state_tolerance: float = STATE_TOLERANCE,
) -> Ledger:
    """Return the ledger of an experiment, or of another solver's run, from its states and heats.

    The second law (S10) read from the left, sum_i dS_i + sum_j Q_j/T_j = dSigma, needs no state of a reservoir (M. Aguilar,
    E. Lutz, Science Advances 11, eadw8462 (2025)): dSigma, dsigma, the mode, the split of the work and the efficiency are
    exact. I(S,R), C(R) of two reservoirs or more, and D_j cannot be known from such numbers, and are NaN. C(S) is known where
    the joint state of the subsystems, or its entropy, is. Of one subsystem it is zero.

    Parameters
    ----------
    source : (instants,) array, or a table
        The times, two or more, rising; or a file (.csv, .tsv, .txt, .npz, .h5, .hdf5, .nc), a dict, a pandas data frame or an
        xarray data set of columns `time`, `work`, `heat[NAME]`, `energy[NAME]`, `entropy[NAME]`, `system_entropy`, all with
        `_error`, and `state[NAME]`, `system_state`, `hamiltonian[NAME]`.
    temperatures : mapping
        T_j of every reservoir by name, or a pair (T_j, its standard error). Zero for a vacuum: dSigma is then infinite, with its
        reason, where it takes heat.
    heats : mapping of str to (instants,) array
        The energy that each reservoir has absorbed since the start (Q_j > 0: absorbed): only its differences count.
    work : (instants,) array, optional
        The work done on the machine since the start (W > 0: done on it). If left out it follows from the first law, which then
        checks nothing.
    states : mapping of str to a list of states, optional
        Of each subsystem at every instant: a density matrix, a ket, a Qobj, or for Gaussian states the pair (mean, covariance)
        in the order (x_1..x_N, p_1..p_N), vacuum 1/2. Several samples in place of one state, a list or an array (samples, d,
        d), are complete estimates of it, drawn from its uncertainty: their mean is taken, and their scatter gives the error
        bars. Energies are those of the states as they are given, entropies those of the nearest physical states
        (`nearest_state`).
    system_states : list of states, optional
        Of all subsystems together, in the order of their names; their own states and C(S) follow.
    populations : mapping of str to (instants, d) array, optional
        Of states without coherence: those of the levels of the subsystem's Hamiltonian, in the order of its diagonal if it is
        diagonal, else with rising energies. A tuple of all names as the key: of all subsystems together, in their basis.
    counts : mapping of str to (instants, d) array, optional
        In place of populations, how often each level was found: their frequencies are taken, with multinomial errors.
    hamiltonians : mapping, optional
        Of each subsystem: a matrix or Qobj, a list with one for each instant, or a function of time; or a list of the energies
        of its levels. The energy is U_i = Tr(rho_i H_i), or <r^T H_i r>/2 of Gaussian states; H_i is to hold what belongs to
        U_i. A key of two names is a coupling, shared half each (with `system_states`).
    dimensions : mapping of str to int, optional
        Dimension (or number of modes) of each subsystem, for `system_states` that do not tell.
    energies, entropies : mapping of str to (instants,) array, optional
        U_i, couplings to reservoirs included, and S(rho_i) in nats, where they do not follow from states. A single number is
        constant: 0.0 for a machine that returns to its state. The energy of an only subsystem may be left out if `work` is
        given.
    system_entropy : (instants,) array, optional
        S(rho_S) of all subsystems together.
    state_errors, system_state_errors : optional
        Of density matrices, by name: one standard error of the real and of the imaginary part of every element; or (d, d)
        errors of the elements (complex: of real and imaginary parts); or their (d^2, d^2) covariance <d rho_ab d rho_cd*>, in
        the order rho_11, rho_12, ...; or one of these for each instant. Of Gaussian states a pair, of the means and of the
        covariances. 0.0 says that states are exact, as those of a solver are.
    population_errors : optional
        By name: one number, (d,) or (instants, d) errors, or (instants, d, d) covariances.
    heat_errors, work_error, energy_errors, entropy_errors, system_entropy_error : as the values, optional
        One standard error of each, independent of all others; a single number holds for all but the start of `heats` and `work`.
    calibration_error : float
        The relative standard error of the one unit of energy in which all heats, the work and `energies` were measured: they are
        off together.
    heat_sign : {"into reservoirs", "into machine"}
        Which way `heats` are positive; the ledger has Q_j > 0 for what a reservoir absorbs.
    memoryless : bool
        Whether the data are of baths without memory, as of a master equation: dSigma < 0 then breaks the second law.
    per_interval : bool
        If heats and work are given interval by interval: (instants - 1,) arrays, or in a table the amount since the line before.
    period : float, optional
        Length of a cycle; every interval is a cycle if both this and the next are left out.
    samples_per_cycle : int, optional
        Intervals in a cycle.
    units : mapping, optional
        {"energy": "GHz", "temperature": "mK", "entropy": "bit"}, ...: results are in the unit of energy, and in nats.
    method : {"auto", "linear", "bootstrap"}
        How errors propagate: by the derivatives of each column, or as the deviation of draws from the value. "auto" is linear
        unless states have errors, which only a bootstrap can take; draws then tell only the confidence of
        `athermal.above_carnot`. "linear" makes no draws: this confidence is that of a normal distribution. Errors of
        temperatures always propagate by derivatives.
    draws, seed : int
        Of the bootstrap.
    tolerance : float
        What fraction of its terms the first law may be missed by; five standard errors are added.
    state_tolerance : float
        By how much a density matrix may miss being one (trace, Hermiticity, negative eigenvalues); five standard errors of it
        are added. The default takes what solvers leave at QuTiP's default tolerances.

    Returns
    -------
    Ledger
        As from `run`, with `provenance["source"] == "account"`. `ledger.unchecked` tells which laws check nothing, and why.

    Raises
    ------
    StudyError
        If numbers or options are missing, not finite, out of range, or do not fit together.
    StateError
        If a state or an entropy is none, with where and by how much.
    FileFormatError
        If a table cannot be read.

    Examples
    --------
    >>> import athermal as at
    >>> ledger = at.account([0.0, 1.0], temperatures={"hot": 2.0, "cold": 1.0},
    ...                     heats={"hot": [0.0, -1.0], "cold": [0.0, 0.6]}, work=[0.0, -0.4],
    ...                     states={"qubit": [np.diag([0.7, 0.3])] * 2}, hamiltonians={"qubit": np.diag([0.0, 1.0])})
    >>> print(ledger.mode.item(), round(ledger.efficiency.item(), 3), round(ledger.sigma_total_change.item(), 3))
    engine 0.4 0.1
    >>> ledger.mutual_information_change.item()
    nan
    """
    given: dict[str, Any] = {
        "heats": heats,
        "work": work,
        "states": states,
        "system_states": system_states,
        "populations": populations,
        "counts": counts,
        "hamiltonians": hamiltonians,
        "energies": energies,
        "entropies": entropies,
        "system_entropy": system_entropy,
        "state_errors": state_errors,
        "system_state_errors": system_state_errors,
        "population_errors": population_errors,
        "heat_errors": heat_errors,
        "work_error": work_error,
        "energy_errors": energy_errors,
        "entropy_errors": entropy_errors,
        "system_entropy_error": system_entropy_error,
    }
    given = {name: value for name, value in given.items() if value is not None}
    with _validate.as_study():
        options = _Options(
            per_interval,
            period,
            samples_per_cycle,
            method,
            draws,
            seed,
            tolerance,
            state_tolerance,
            calibration_error,
            heat_sign,
            memoryless,
        )
        return _ledger(_gathered(source, given, units), temperatures, dimensions, options)


@dataclass(frozen=True)
class _Options:
    """How an account is made."""

    per_interval: bool
    period: float | None
    samples_per_cycle: int | None
    method: str
    draws: int
    seed: int
    tolerance: float
    state_tolerance: float
    calibration_error: float
    heat_sign: str
    memoryless: bool

    def __post_init__(self) -> None:
        owner = "an account"
        _validate.choice(self.method, "method", owner, ("auto", "linear", "bootstrap"))
        _validate.count(self.draws, "draws", owner, least=2)
        _validate.count(self.seed, "seed", owner, least=0)
        _validate.not_negative(self.tolerance, "tolerance", owner)
        _validate.not_negative(self.state_tolerance, "state_tolerance", owner)
        _validate.choice(self.heat_sign, "heat_sign", owner, ("into reservoirs", "into machine"))
        if not isinstance(self.memoryless, (bool, np.bool_)):
            raise StudyError(f"`memoryless` of {owner} must be True or False, but is {self.memoryless!r}.")
        if _validate.not_negative(self.calibration_error, "calibration_error", owner) >= 1.0:
            raise StudyError(
                f"`calibration_error` of {owner} must be relative, 0.02 for 2 %, and below 1, but is {self.calibration_error:g}."
            )
        if self.period is not None:
            _validate.positive(self.period, "period", owner)
        if self.samples_per_cycle is not None:
            _validate.count(self.samples_per_cycle, "samples_per_cycle", owner)


@dataclass(frozen=True)
class _Gathered:
    """All that was given, under the names of the arguments, with its units; `table` is the path of the table, if there is one."""

    given: dict[str, Any]
    units: dict[str, str]
    table: str | None


def _gathered(source: Any, given: dict[str, Any], units: Any) -> _Gathered:
    if isinstance(source, Ledger):
        raise StudyError("An account is made of times and numbers, or of a table, but was given a ledger, which is one already.")
    if units is not None and not isinstance(units, Mapping):
        raise StudyError(f"`units` must be given by kind, as in {{'energy': 'GHz', 'temperature': 'mK'}}, but is {units!r}.")
    # a pandas or xarray data set of named columns does as a dict does
    given = {name: {key: value[key] for key in value} if _has_names(value) else value for name, value in given.items()}
    found = unit_table.known(units or {})
    if not is_table(source):
        return _Gathered({"times": source} | given, unit_table.checked(found), None)
    table = read_table(source, found)
    if twice := [name for name in given if name in table.arguments]:
        raise StudyError(f"`{twice[0]}` must be given once, but is in the table and beside it.")
    path = str(source) if isinstance(source, (str, Path)) else None
    return _Gathered(table.arguments | given, unit_table.checked(found | table.units), path)


def _has_names(value: Any) -> bool:
    return hasattr(value, "keys") and hasattr(value, "__getitem__")


def _ledger(data: _Gathered, temperatures: Mapping[str, Any], dimensions: Mapping[str, int] | None, options: _Options) -> Ledger:
    given, scale = data.given, unit_table.factor("entropy", data.units.get("entropy", "nat"))
    references = temperatures_of(temperatures, data.units)
    times = series.instants(given["times"])
    step = series.samples_in_cycle(times, options.period, options.samples_per_cycle)
    readings = readings_of(given, subsystems_of(given, dimensions), dimensions, times, options.state_tolerance, scale)
    numbers = numbers_of(
        given,
        times,
        tuple(references),
        readings,
        scale,
        per_interval=options.per_interval,
        heat_sign=-1.0 if options.heat_sign == "into machine" else 1.0,
        calibration_error=options.calibration_error,
    )
    n_cycles = (len(times) - 1) // step
    values, errors = np.array(list(references.values())).T
    reference = Reference(
        readings.names,
        tuple(references),
        values,
        np.full(len(references), np.nan),
        float(times[n_cycles * step] - times[0]) / n_cycles,
        temperature_errors=errors if np.any(errors) else None,
    )
    replicates, uncertainty, how = errors_of(numbers, reference, options.method, options.draws, options.seed)
    provenance = {"source": "account", "versions": dict(versions()), "table": data.table, "inputs": sorted(data.given)} | how
    conduct = Conduct(
        residual_tolerance=options.tolerance,
        units=data.units,
        without_errors=tuple(numbers.without_errors) if how else (),
    )
    if options.memoryless:
        conduct = replace(conduct, memoryless="these data", remedy=sign_remedy(options.heat_sign))
    conduct = conduct_of(numbers, readings, (step, len(times) - 1), conduct)
    central = numbers.central()
    made = Ledger(*central, reference, step, provenance, replicates, None, uncertainty, conduct=conduct)
    return asked(made, readings, options.heat_sign)
