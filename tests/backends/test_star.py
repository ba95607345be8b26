import athermal as at
from backends import gaussian_cases
from backends.conformance import Conformance


class TestStar(Conformance):
    """Small machines: the starts of the suite, of correlated moments of all modes, fit in one block."""

    backend = at.Star()
    cases = (*gaussian_cases.CASES, *gaussian_cases.PRODUCTS)
