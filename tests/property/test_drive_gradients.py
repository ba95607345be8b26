"""Whatever machine, start and drive is drawn, the gradient is that of its runs."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from unit.optimisation.drives import difference, outcome

import athermal as at
from athermal.testing.finite.strategies import finite_runs
from athermal.testing.harmonic.strategies import runs

FEW = settings(max_examples=8)


def free_drives(draw, machine):
    """Return one or two free drives of a machine, and parameters near which they are harmless."""
    targets = [name for name in machine.subsystem_names if hasattr(machine.part(name), "frequency")]
    targets += [k for k, coupling in enumerate(machine.couplings) if len(coupling.drives) == 1 and not coupling.drive.is_complex]
    chosen = draw(st.lists(st.sampled_from(targets), min_size=1, max_size=2, unique=True)) if targets else []
    assume(chosen)
    free, parameters = {}, []
    for target in chosen:
        drive = machine.part(target).frequency if isinstance(target, str) else machine.couplings[target].drive
        strokes = [leaf for leaf in drive.leaves() if isinstance(leaf, at.drives.Strokes)]
        if len(strokes) == 1:
            free[target] = at.search.StrokeValues((0.01, 5.0))
            parameters += [abs(value) + 0.05 for value in strokes[0].values]
        else:
            free[target] = at.search.FourierSeries(draw(st.integers(1, 2)), (0.01, 5.0))
            middle = 1.3 if isinstance(target, str) else 0.08
            size = 2 * free[target].harmonics
            parameters += [middle, *(0.1 * middle * draw(st.integers(-10, 10)) / 10 for _ in range(size))]
    return free, np.array(parameters)


def check(machine, initial, free, parameters, cycles):
    def run(point):
        return outcome(at.search.with_drive(machine, free, point), cycles, initial, "work_output")

    value, gradient = at.search.drive_gradient(machine, free, cycles, initial=initial, parameters=parameters)
    direction = np.random.default_rng(1).normal(size=len(parameters))
    scale = max(1.0, abs(value), float(np.max(np.abs(gradient))))
    assert value == pytest.approx(run(parameters), abs=1e-10 * scale)
    # Order-four differences at a step of 1e-3: rounding of energies of order ten over it, and their own error.
    assert direction @ gradient == pytest.approx(difference(run, parameters, direction), rel=1e-6, abs=2e-9 * scale)


@pytest.mark.filterwarnings("ignore::athermal.errors.RecurrenceWarning")  # baths of a few modes
@FEW
@given(st.data(), st.integers(1, 2))
def test_of_random_machines_of_oscillators(data, cycles):
    machine, initial = data.draw(runs())
    free, parameters = free_drives(data.draw, machine)
    check(machine, initial, free, parameters, cycles)


@settings(max_examples=3)  # runs of finite machines cost more
@given(st.data(), st.integers(1, 2))
def test_of_random_machines_of_finite_parts(data, cycles):
    machine, initial = data.draw(finite_runs())
    free, parameters = free_drives(data.draw, machine)
    try:
        check(machine, initial, free, parameters, cycles)
    except at.errors.StudyError as error:
        if "depends on the free drives" not in str(error):  # what is not differentiated is refused
            raise
