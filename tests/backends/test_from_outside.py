"""A backend of another package: the suite tries it in five lines, and its entry point makes it known to files and commands."""

import sys
from pathlib import Path

import pytest

import athermal as at
from athermal.backends.named import read_backend
from athermal.testing import Suite

OUTSIDE = str(Path(__file__).parent.parent / "outside")
sys.path.append(OUTSIDE)  # where an installed package would be

from athermal_steps import Steps  # noqa: E402


class TestSteps(Suite):
    backend = Steps()


def test_the_suite_tries_the_machines_that_it_can_hold():
    parameters = TestSteps().parameters()
    assert [case.name for case in parameters["case"]] == ["quenched oscillator", "static"]
    assert [machine.name for machine in parameters["machine"]] == ["quenched oscillator"]


def test_what_it_cannot_hold_is_refused_with_its_own_reason():
    with pytest.raises(at.errors.MachineError, match="constant between sudden strokes"):
        at.run(at.library.two_oscillator(modes=3), backend=Steps())


def test_files_know_it_by_its_entry_point():
    assert read_backend({"kind": "steps"}, "a test") == Steps()
