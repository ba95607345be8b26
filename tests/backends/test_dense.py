import athermal as at
from backends import gaussian_cases
from backends.conformance import Conformance


class TestDense(Conformance):
    backend = at.Dense()
    cases = gaussian_cases.CASES
