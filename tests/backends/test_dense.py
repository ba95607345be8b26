import athermal as at
from backends.conformance import Conformance


class TestDense(Conformance):
    backend = at.Dense()
