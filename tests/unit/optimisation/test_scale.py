"""The best does not depend on the unit of energy: energies and temperatures times s, times over s."""

import functools

import numpy as np
import pytest

import athermal as at

pytestmark = pytest.mark.filterwarnings("ignore::athermal.errors.RecurrenceWarning")  # a few modes, on purpose
SCALES = [1e-9, 1e9]


def oscillators(s=1.0, turning=0.0):
    """An engine if its exchange turns: amplitudes of baths and strengths of exchange are energies."""
    exchange = at.drives.Rotating(0.1 * s, turning * s) if turning else at.drives.Constant(0.1 * s)
    return at.Machine(
        [at.Oscillator("a", at.drives.Constant(2.0 * s)), at.Oscillator("b", s)],
        [
            at.Bath("hot", 2.4 * s, s * np.array([1.7, 2.0, 2.3]), s * np.array([0.2, 0.15, 0.2])),
            at.Bath("cold", s, s * np.array([0.7, 1.0, 1.3]), s * np.array([0.2, 0.15, 0.2])),
        ],
        [at.Exchange(("a", "hot")), at.Exchange(("b", "cold")), at.Exchange(("a", "b"), exchange)],
        2.0 * np.pi / s,
    )


def qubits(s=1.0, gap=1.0):
    return at.Machine(
        [at.Qubit("a", at.drives.Strokes((2.0 / s, 3.0 / s), (s, 2.0 * s))), at.Qubit("b", gap * s)],
        [at.SpinBath("hot", 2.0 * s, [0.9 * s], [0.2 * s]), at.SpinBath("cold", 0.5 * s, [1.1 * s], [0.2 * s])],
        [at.Exchange(("a", "hot")), at.Exchange(("b", "cold")), at.Exchange(("a", "b"), 0.3 * s)],
        5.0 / s,
    )


@pytest.mark.parametrize("s", SCALES)
@pytest.mark.parametrize(
    ("make", "target", "form", "bounds", "objective"),
    [
        (qubits, "a", at.search.StrokeValues, (0.5, 3.0), "work_output"),
        (oscillators, ("a", "b"), lambda bounds: at.search.FourierSeries(1, bounds), (-0.3, 0.2), "efficiency"),
        (qubits, ("a", "b"), lambda bounds: at.search.FourierSeries(1, bounds), (-0.3, 0.3), "power"),
    ],
)
def test_the_best_drive(make, target, form, bounds, objective, s):
    def best(s):
        free = {target: form(tuple(s * end for end in bounds))}
        return at.best_drive(make(s), free, objective=objective, starts=1, max_evaluations=8)

    here, there = best(1.0), best(s)
    unit = {"work_output": s, "efficiency": 1.0, "power": s**2}[objective]
    assert there.status == here.status
    assert there.n_evaluations == here.n_evaluations
    # what the rounding of a dozen steps comes to
    assert there.value == pytest.approx(here.value * unit, rel=1e-6)
    np.testing.assert_allclose(there.parameters, s * here.parameters, rtol=1e-4, atol=1e-4 * s)


@pytest.mark.parametrize("s", SCALES)
@pytest.mark.parametrize("objective", ["work_output", "efficiency"])
@pytest.mark.parametrize(
    ("make", "among"), [(functools.partial(oscillators, turning=1.0), ("hot", "cold")), (qubits, ("a", "b"))]
)
def test_the_best_correlations(make, among, objective, s):
    here, there = (at.best_correlations(make(unit), among=among, objective=objective) for unit in (1.0, s))
    unit = s if objective == "work_output" else 1.0
    # the stated tolerance of both
    assert there.value == pytest.approx(here.value * unit, rel=1e-7)
    assert there.bound == pytest.approx(here.bound * unit, rel=1e-7)
    assert there.ergotropy == pytest.approx(here.ergotropy * s, rel=1e-5)  # of two states that give the same to the tolerance


@pytest.mark.parametrize("s", SCALES)
@pytest.mark.parametrize(
    ("objective", "subject_to"),
    [("work_output", None), ("work_output", {"heat[cold]": (0.0, None)}), ("efficiency", {"power": (0.0, None)})],
)
def test_the_best_parameters(objective, subject_to, s):
    def best(s):
        def machine(gap):
            return qubits(s, gap)

        method = at.search.Local(starts=1, tolerance=1e-3)
        return at.optimise(
            machine, objective, over={"gap": (0.5, 2.0)}, subject_to=subject_to, cycles=1, method=method, progress=False
        )

    here, there = best(1.0), best(s)
    assert there.status == here.status
    assert there.parameters["gap"] == pytest.approx(here.parameters["gap"], rel=1e-3)  # the tolerance of both
    assert there.value == pytest.approx(here.value * (s if objective == "work_output" else 1.0), rel=1e-4)  # near its top


def test_a_bound_of_zero_is_met_relative_to_what_is_exchanged():
    ledger = at.run(qubits(1e-9), cycles=1)
    size = at.search.Objective("work").size(ledger)
    row = ledger.cumulative.isel(cycle=-1)
    assert size == pytest.approx(float(abs(row.work) + abs(row.heat).sum() + abs(row.energy_change).sum()), rel=1e-12)
    assert at.search.Objective("power").size(ledger) == pytest.approx(size / 5e9, rel=1e-12)
    assert at.search.Objective("efficiency").size(ledger) == at.search.Objective("sigma_change").size(ledger) == 1.0
