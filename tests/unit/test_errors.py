import pytest

import athermal as at


def test_the_tree():
    for error in (at.errors.MachineError, at.errors.StateError, at.errors.FileFormatError):
        assert issubclass(error, at.errors.AthermalError)
        assert issubclass(error, ValueError)
    for error in (at.errors.ConvergenceError, at.errors.InstabilityError):
        assert issubclass(error, at.errors.RunError)
        assert issubclass(error, RuntimeError)
    assert issubclass(at.errors.RunError, at.errors.AthermalError)
    assert issubclass(at.errors.RunInterrupted, KeyboardInterrupt)
    assert not issubclass(at.errors.RunInterrupted, Exception)
    for warning in (at.errors.RecurrenceWarning, at.errors.ResidualWarning):
        assert issubclass(warning, at.errors.AthermalWarning)
        assert issubclass(warning, UserWarning)


@pytest.mark.parametrize("kind", [at.errors.RunError, at.errors.InstabilityError, at.errors.RunInterrupted])
def test_a_run_error_carries_its_ledger(kind):
    assert kind("it stopped").ledger is None
    error = kind("it stopped", "a ledger")
    assert error.ledger == "a ledger"
    assert str(error) == "it stopped"
