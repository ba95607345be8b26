"""The main jobs."""

from __future__ import annotations

import warnings

import athermal as at


def two_oscillator(modes: int, cycles: int) -> str:
    """Run the two-oscillator engine with both drive tones and return what its ledger says of its accuracy."""
    return _accuracy(at.run(at.library.two_oscillator(T_hot=2.4, modes=modes, squeezing=0.01), cycles=cycles))


def otto(modes: int, cycles: int) -> str:
    """Run the ring Otto engine and return what its ledger says of its accuracy."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", at.errors.RecurrenceWarning)  # the excitation's return round the ring belongs to this job
        return _accuracy(at.run(at.library.otto(modes=modes), cycles=cycles))


def _accuracy(ledger: at.Ledger) -> str:
    worst = float(abs(ledger.residual_first_law / ledger.work).max())
    return f"first law missed by {worst:.0e} of W; {len(ledger.violations())} violations"
