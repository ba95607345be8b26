import athermal as at
from backends import gaussian_cases
from backends.conformance import Conformance


class TestStar(Conformance):
    backend = at.Star()
    cases = gaussian_cases.CASES
