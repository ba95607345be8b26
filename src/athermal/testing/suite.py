"""All that a backend must do, in one class."""

from athermal.testing.conformance import Conformance
from athermal.testing.invariance import Invariance
from athermal.testing.telling import Telling


class Suite(Conformance, Invariance, Telling):
    """Conformance, invariance and what is told, together. A subclass sets `backend`; perhaps tolerances, `cases` and `machines`.

    Examples
    --------
    >>> import athermal as at
    >>> class TestMine(Suite):
    ...     backend = at.DensityMatrix()
    >>> [case.name for case in TestMine().parameters()["case"]][:2]
    ['spin engine', 'quenched qubit']
    """
