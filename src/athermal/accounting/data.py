"""What a user brings to an account: numbers that were measured, states, and how far both are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from athermal import _validate
from athermal.accounting import series
from athermal.accounting import units as unit_table
from athermal.accounting.tables import is_table
from athermal.errors import StudyError
from athermal.maths.physical import STATE_TOLERANCE
from athermal.thermodynamics.ledger import Ledger

NUMBERS = ("heats", "work", "energies", "entropies", "system_entropy")
"""The numbers of a `Measured`."""


@dataclass(frozen=True, eq=False)
class StandardErrors:
    """One standard error of each number of a `Measured`, independent of all others but for the calibration.

    Parameters
    ----------
    heats, work, energies, entropies, system_entropy : as the values, optional
        A single number holds for all instants, but for the start of `heats` and `work`, which count from there.
    calibration : float
        The relative standard error of the one unit of energy in which all heats, the work and `energies` were measured: they are
        off together.

    Raises
    ------
    StudyError
        If the calibration is none of a measurement.

    Examples
    --------
    >>> at.accounting.StandardErrors(heats={"hot": 0.05, "cold": 0.02}, calibration=0.01).calibration
    0.01
    """

    heats: Any = None
    work: Any = None
    energies: Any = None
    entropies: Any = None
    system_entropy: Any = None
    calibration: float = 0.0

    def __post_init__(self) -> None:
        """Check the calibration."""
        with _validate.as_study():
            if _validate.not_negative(self.calibration, "calibration", "standard errors") >= 1.0:
                raise StudyError(
                    f"`calibration` of standard errors must be relative, 0.02 for 2 %, and below 1, but is {self.calibration:g}."
                )


@dataclass(frozen=True, eq=False)
class Measured:
    """Numbers at two or more instants, of an experiment or of another solver's run.

    Parameters
    ----------
    source : (instants,) array, or a table
        The times, rising; or a file (.csv, .tsv, .txt, .npz, .h5, .hdf5, .nc), a dict, a pandas data frame or an xarray data set
        of columns `time`, `work`, `heat[NAME]`, `energy[NAME]`, `entropy[NAME]`, `system_entropy`, all with `_error`, and
        `state[NAME]`, `system_state`, `hamiltonian[NAME]`. What else is given stands beside the table.
    heats : mapping of str to (instants,) array
        The energy that each reservoir has absorbed since the start (Q_j > 0: absorbed): only its differences count.
    work : (instants,) array, optional
        The work done on the machine since the start (W > 0: done on it). If left out it follows from the first law, which then
        checks nothing.
    energies, entropies : mapping of str to (instants,) array, optional
        U_i, couplings to reservoirs included, and S(rho_i) in nats, where they do not follow from states. A single number is
        constant: 0.0 for a machine that returns to its state. The energy of an only subsystem may be left out if `work` is
        given.
    system_entropy : (instants,) array, optional
        S(rho_S) of all subsystems together.
    errors : StandardErrors
    heat_sign : {"into reservoirs", "into machine"}
        Which way `heats` are positive; the ledger has Q_j > 0 for what a reservoir absorbs.
    per_interval : bool
        If heats and work are given interval by interval: (instants - 1,) arrays, or in a table the amount since the line before.
    memoryless : bool
        Whether the data are of baths without memory, as of a master equation: dSigma < 0 then breaks the second law.
    units : mapping, optional
        {"energy": "GHz", "temperature": "mK", "entropy": "bit"}, ...: results are in the unit of energy, and in nats.
    tolerance : float
        What fraction of its terms the first law may be missed by; five standard errors are added.

    Raises
    ------
    StudyError
        If times do not rise, numbers are not finite or not as many as the times, or an option is none.

    Examples
    --------
    >>> engine = at.accounting.Measured([0.0, 1.0], heats={"hot": [0.0, -1.0], "cold": [0.0, 0.6]}, work=[0.0, -0.4],
    ...                                 energies={"atom": 0.0}, entropies={"atom": 0.0})
    >>> at.account(engine, {"hot": 2.0, "cold": 1.0}).efficiency.item()
    0.4
    """

    source: Any
    heats: Any = None
    work: Any = None
    energies: Any = None
    entropies: Any = None
    system_entropy: Any = None
    errors: StandardErrors = StandardErrors()
    heat_sign: Literal["into reservoirs", "into machine"] = "into reservoirs"
    per_interval: bool = False
    memoryless: bool = False
    units: Mapping[str, str] | None = None
    tolerance: float = 1e-6

    def __post_init__(self) -> None:
        """Check the options, and the numbers beside times."""
        owner = "measured numbers"
        if isinstance(self.source, Ledger):
            raise StudyError(
                "An account is made of times and numbers, or of a table, but was given a ledger, which is one already."
            )
        if not isinstance(self.errors, StandardErrors):
            raise StudyError(f"`errors` of {owner} must be StandardErrors(...), but is {self.errors!r}.")
        if self.units is not None and not isinstance(self.units, Mapping):
            raise StudyError(
                f"`units` must be given by kind, as in {{'energy': 'GHz', 'temperature': 'mK'}}, but is {self.units!r}."
            )
        unit_table.known(self.units or {})
        with _validate.as_study():
            _validate.choice(self.heat_sign, "heat_sign", owner, ("into reservoirs", "into machine"))
            _validate.not_negative(self.tolerance, "tolerance", owner)
        for name in ("per_interval", "memoryless"):
            if not isinstance(getattr(self, name), (bool, np.bool_)):
                raise StudyError(f"`{name}` of {owner} must be True or False, but is {getattr(self, name)!r}.")
        if not is_table(self.source):
            self._check_numbers(len(series.instants(self.source)))

    def _check_numbers(self, n: int) -> None:
        for name in NUMBERS:
            values = getattr(self, name)
            entries = {f" of {key!r}": values[key] for key in values} if series.has_names(values) else {"": values}
            for whose, numbers in entries.items():
                if numbers is not None and name in ("heats", "work"):
                    series.amounts(numbers, f"The {name}{whose}", n, per_interval=self.per_interval)
                elif numbers is not None:
                    series.column(numbers, f"The {name}{whose}", n)


@dataclass(frozen=True, eq=False)
class States:
    """States of the subsystems at every instant, or what is known of them.

    A tuple of names as a key stands for these subsystems together, all of them in this order; their own states and C(S) follow.
    `()` is all of them in the order in which they are first named.

    Parameters
    ----------
    states : mapping of str to a list of states, optional
        Of each subsystem at every instant: a density matrix, a ket, a Qobj, or for Gaussian states the pair (mean, covariance)
        in the order (x_1..x_N, p_1..p_N), vacuum 1/2. Several samples in place of one state, a list or an array (samples, d,
        d), are complete estimates of it, drawn from its uncertainty: their mean is taken, and their scatter gives the error
        bars. Energies are those of the states as they are given, entropies those of the nearest physical states
        (`nearest_state`).
    populations : mapping of str to (instants, d) array, optional
        Of states without coherence: those of the levels of the subsystem's Hamiltonian, in the order of its diagonal if it is
        diagonal, else with rising energies.
    counts : mapping of str to (instants, d) array, optional
        In place of populations, how often each level was found: their frequencies are taken, with multinomial errors.
    hamiltonians : mapping, optional
        Of each subsystem: a matrix or Qobj, a list with one for each instant, or a function of time; or a list of the energies
        of its levels. The energy is U_i = Tr(rho_i H_i), or <r^T H_i r>/2 of Gaussian states; H_i is to hold what belongs to
        U_i. A key of two names is a coupling, shared half each (with joint states).
    errors : number, or mapping by the keys of `states` and `populations`, optional
        Of density matrices one standard error of the real and of the imaginary part of every element; or (d, d) errors of the
        elements (complex: of real and imaginary parts); or their (d^2, d^2) covariance <d rho_ab d rho_cd*>, in the order
        rho_11, rho_12, ...; or one of these for each instant. Of Gaussian states a pair, of the means and of the covariances. Of
        populations one number, (d,) or (instants, d) errors, or (instants, d, d) covariances. 0.0 says that they are exact, as
        those of a solver are.
    dimensions : mapping of str to int, optional
        Dimension (or number of modes) of each subsystem, for joint states that do not tell.
    tolerance : float
        By how much a density matrix may miss being one (trace, Hermiticity, negative eigenvalues); five standard errors of it
        are added. The default takes what solvers leave at QuTiP's default tolerances.

    Raises
    ------
    StudyError
        If the tolerance or the dimensions are none.

    Examples
    --------
    >>> qubit = at.accounting.States({"qubit": [np.diag([0.7, 0.3])] * 2}, hamiltonians={"qubit": [0.0, 1.0]})
    >>> at.account(at.accounting.Measured([0, 1], heats={"bath": [0, 0.1]}), {"bath": 1.0}, states=qubit).work.item()
    0.1
    """

    states: Any = None
    populations: Any = None
    counts: Any = None
    hamiltonians: Any = None
    errors: Any = None
    dimensions: Mapping[str, int] | None = None
    tolerance: float = STATE_TOLERANCE

    def __post_init__(self) -> None:
        """Check the options."""
        with _validate.as_study():
            _validate.not_negative(self.tolerance, "tolerance", "states")
        if self.dimensions is not None and not isinstance(self.dimensions, Mapping):
            raise StudyError(f"`dimensions` must be given by name, as in {{'qubit': 2}}, but is {self.dimensions!r}.")


@dataclass(frozen=True)
class Propagation:
    """How the errors of numbers and states become those of the columns of a ledger.

    Parameters
    ----------
    method : {"auto", "linear", "bootstrap"}
        By the derivatives of each column, or as the deviation of draws from the value. "auto" is linear unless states have
        errors, which only a bootstrap can take; draws then tell only the confidence of `athermal.accounting.above_carnot`.
        "linear" makes no draws: this confidence is that of a normal distribution. Errors of temperatures always propagate by
        derivatives.
    draws, seed : int
        Of the bootstrap.

    Raises
    ------
    StudyError
        If there is no such method, or numbers are out of range.

    Examples
    --------
    >>> at.accounting.Propagation("linear").method
    'linear'
    """

    method: Literal["auto", "linear", "bootstrap"] = "auto"
    draws: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the options."""
        owner = "a propagation of errors"
        with _validate.as_study():
            _validate.choice(self.method, "method", owner, ("auto", "linear", "bootstrap"))
            _validate.count(self.draws, "draws", owner, least=2)
            _validate.count(self.seed, "seed", owner, least=0)
