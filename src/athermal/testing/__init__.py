"""The tests that every backend must pass, for backends of your own: five lines in a test module.

>>> from athermal.testing import Suite
>>> import athermal as at
>>> class TestMine(Suite):
...     backend = at.Dense()

pytest then runs every check over every small machine that the backend can hold (machines it refuses are left out): `Conformance`,
a comparison with a slow independent path, term by term, `Invariance`, what no choice of units, order or names may change, and
`Telling`: the columns that the backend declares are those that it knows.
`athermal.testing.harmonic.strategies` and `athermal.testing.finite.strategies` draw random machines and initial states for
Hypothesis.

It needs pytest, and the strategies need Hypothesis: ``pip install "athermal[testing]"``.
"""

import pytest

for _name in ("conformance", "invariance", "telling"):
    pytest.register_assert_rewrite(f"{__name__}.{_name}")

from athermal.testing.case import Case  # noqa: E402  after pytest knows which assertions to explain
from athermal.testing.conformance import Conformance  # noqa: E402
from athermal.testing.invariance import Invariance  # noqa: E402
from athermal.testing.suite import Suite  # noqa: E402
from athermal.testing.telling import Telling  # noqa: E402

__all__ = ["Case", "Conformance", "Invariance", "Suite", "Telling"]
