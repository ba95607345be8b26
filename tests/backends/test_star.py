import athermal as at
from athermal.testing import Conformance
from athermal.testing.harmonic import cases as harmonic_cases


class TestStar(Conformance):
    """Small machines: the starts of the suite, of correlated moments of all modes, fit in one block."""

    backend = at.Star()
    cases = (*harmonic_cases.CASES, *harmonic_cases.PRODUCTS)
