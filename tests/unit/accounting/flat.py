"""An account of all its fields in one row, so that tests can change one at a time."""

import athermal as at
from athermal.accounting import Measured, Propagation, StandardErrors, States

_ERRORS = {
    "heat_errors": "heats",
    "work_error": "work",
    "energy_errors": "energies",
    "entropy_errors": "entropies",
    "system_entropy_error": "system_entropy",
    "calibration_error": "calibration",
}
_STATES = {name: name for name in ("states", "populations", "counts", "hamiltonians", "dimensions")} | {
    "state_errors": "errors",
    "population_errors": "errors",
    "state_tolerance": "tolerance",
}


def account(source, *, temperatures, period=None, samples_per_cycle=None, **fields):
    """The account of these fields; `system_states` are those of all subsystems together."""

    def taken(names):
        return {field: fields.pop(name) for name, field in names.items() if name in fields}

    errors, states = taken(_ERRORS), taken(_STATES)
    if "system_states" in fields:
        states["states"] = {(): fields.pop("system_states")}
    propagation = Propagation(**taken({name: name for name in ("method", "draws", "seed")}))
    measured = Measured(source, errors=StandardErrors(**errors), **fields)
    return at.account(
        measured,
        temperatures,
        states=States(**states),
        period=period,
        samples_per_cycle=samples_per_cycle,
        propagation=propagation,
    )
