import athermal as at
from athermal.testing import Conformance


class TestDense(Conformance):
    backend = at.Dense()
