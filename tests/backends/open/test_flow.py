"""Flows: every integrator ends each stretch where it ends, and keeps the first law."""

from __future__ import annotations

import numpy as np
import pytest

import athermal as at
from athermal.backends.open.integrator import METHODS


def ramped():
    """A qubit that is pushed in ramps with a kink at either end, and whose contact is switched."""
    bath = at.ContinuumBath("bath", 0.3, at.densities.Ohmic(0.05, 5.0, cutoff_shape="drude"))
    contact = at.OperatorCoupling(("q", "bath"), ("sigmax", "position"), at.drives.Strokes((3.0, 3.0), (1.0, 0.3)))
    push = at.OperatorCoupling("q", "sigmax", at.drives.Strokes((1.0, 5.0), (0.5, 0.1), ramps=(0.4, 1.0), shape="linear"))
    return at.Machine([at.Qubit("q", 1.0)], [bath], [contact, push], period=6.0)


@pytest.mark.parametrize("method", METHODS)
def test_no_integrator_steps_past_the_end_of_a_stretch(method):
    """The first law is an identity of the equations: it is missed by what the integrator does where drives have a kink."""
    ledger = at.run(ramped(), backend=at.Lindblad(approach="local", method=method, tolerance=1e-8))
    # the errors of all steps, of 1e-8 each at most
    assert float(np.max(np.abs(ledger.residual_first_law))) < 1e-9
    assert ledger.violations() == []
