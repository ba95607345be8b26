import athermal as at
from backends import finite_cases
from backends.conformance import Conformance


class TestStateVectors(Conformance):
    """State vectors of all columns of a full-rank start; what is sampled is tested with the backend itself."""

    backend = at.StateVectors(max_columns=4096)
    cases = finite_cases.CASES
    # As for the density matrix: rounding is all there is, and the ODE solver's work.
    propagation = 1e-11
    charging = 1e-11
    preparation = 1e-11
    slow_path = 3e-9
