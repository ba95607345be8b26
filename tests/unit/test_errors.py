import pytest

import athermal as at


def test_the_tree():
    for error in (at.MachineError, at.StateError, at.FileFormatError):
        assert issubclass(error, at.AthermalError)
        assert issubclass(error, ValueError)
    for error in (at.ConvergenceError, at.InstabilityError):
        assert issubclass(error, at.RunError)
        assert issubclass(error, RuntimeError)
    assert issubclass(at.RunError, at.AthermalError)
    assert issubclass(at.RunInterrupted, KeyboardInterrupt)
    assert not issubclass(at.RunInterrupted, Exception)
    for warning in (at.RecurrenceWarning, at.ResidualWarning):
        assert issubclass(warning, at.AthermalWarning)
        assert issubclass(warning, UserWarning)


@pytest.mark.parametrize("kind", [at.RunError, at.InstabilityError, at.RunInterrupted])
def test_a_run_error_carries_its_ledger(kind):
    assert kind("it stopped").ledger is None
    error = kind("it stopped", "a ledger")
    assert error.ledger == "a ledger"
    assert str(error) == "it stopped"
