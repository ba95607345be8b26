import math
import re

import numpy as np
import pytest
import xarray as xr

import athermal as at
from athermal.engine import certified

TAU = 2.0 * math.pi


def machine():
    bath = at.ContinuumBath("bath", 0.7, at.densities.FlatBand(0.1, 0.5, 1.6), "auto")
    start = at.ProductThermal({"a": 2.0})
    return at.Machine([at.Oscillator("a", 1.0)], [bath], [at.Exchange(("a", "bath"))], TAU, start)


@pytest.fixture(scope="module")
def ledger():
    return at.run(machine(), 3, accuracy=1e-7)


@pytest.mark.parametrize("accuracy", [0.0, -1e-3, float("nan"), "tight"])
def test_accuracy_must_be_a_positive_number(accuracy):
    with pytest.raises(at.errors.MachineError, match="`accuracy` of a run must be"):
        at.run(machine(), 1, accuracy=accuracy)


def test_accuracy_beyond_double_precision_is_refused():
    with pytest.raises(at.errors.MachineError, match="at least 1e-11, the limit of double precision, but is 1e-14"):
        at.run(machine(), 1, accuracy=1e-14)


def test_given_modes_have_no_accuracy():
    with pytest.raises(at.errors.MachineError, match="must be left out, but is 1e-06: no reservoir has modes"):
        at.run(at.library.two_oscillator(modes=6), 1, accuracy=1e-6)
    assert not at.run(at.library.two_oscillator(modes=6), 1).errors


def test_the_ledger_says_what_was_asked_and_done(ledger):
    (fact,) = ledger.provenance["continuum"]
    assert ledger.provenance["accuracy_asked"] == 1e-7
    assert (fact["reservoir"], fact["low"], fact["high"], fact["beyond"]) == ("bath", 0.5, 1.6, 0.0)
    assert ledger.provenance["machine"]["reservoirs"][0]["modes"] == "auto"
    assert "Certified by refining the continuous baths" in str(ledger)
    for errors, columns in ((ledger.errors, ledger.cycles), (ledger.cumulative_errors, ledger.cumulative)):
        for name, values in errors.data_vars.items():
            # unknown where the column is, and nowhere else
            assert np.array_equal(np.isnan(values.values), np.isnan(columns[name].values)), name
            assert np.all(values.values[~np.isnan(values.values)] >= 0.0), name
            assert values.attrs["units"] == columns[name].attrs["units"]
        for name in ("heat", "energy_change", "entropy_change", "mutual_information_change"):
            assert np.max(errors[name].values) <= 1e-7 * 0.7 or errors[name].attrs["units"] == "nat"
    assert float(ledger.errors.carnot_efficiency.max()) == 0.0


def test_files_keep_errors(ledger, tmp_path):
    again = at.load(ledger.save(tmp_path / "run.nc"))
    xr.testing.assert_identical(again.errors, ledger.errors)
    xr.testing.assert_identical(again.cumulative_errors, ledger.cumulative_errors)
    assert np.array_equal(again.confidence.works, ledger.confidence.works)
    assert again.provenance == ledger.provenance


def test_progress_is_monotone_and_ends_at_the_total():
    seen = []
    at.run(machine(), 2, samples_per_cycle=2, accuracy=1e-6, progress=lambda done, total: seen.append((done, total)))
    done, total = np.array(seen).T
    assert np.all(np.diff(done) >= 0)
    assert done[-1] == total[-1]
    assert np.all(done <= total)


def test_an_interrupted_run_keeps_its_cycles_and_the_machine_as_given():
    def stop(done, total):
        # the second run, in its third cycle
        if done == 7 + 3:
            raise KeyboardInterrupt

    with pytest.raises(at.errors.RunInterrupted, match="holds all 6 cycles, which are not certified") as caught:
        at.run(machine(), 6, accuracy=1e-6, progress=stop)
    kept = caught.value.ledger
    assert kept.n_cycles == 6
    assert kept.provenance["machine"]["reservoirs"][0]["modes"] == "auto"
    assert kept.provenance["continuum"][0]["modes"] > 0
    assert not kept.errors  # nothing to compare with


def test_what_cannot_be_met_ends_with_the_ledger_so_far():
    """A counter-term left out and a density that ends at zero frequency: integral J/w diverges, and so does the answer."""
    drude = at.ContinuumBath("bath", 0.7, at.densities.Ohmic(0.1, 2.0, cutoff_shape="drude"), "auto")
    given = at.Machine([at.Oscillator("a", 1.0)], [drude], [at.Position(("a", "bath"))], TAU)
    with pytest.raises(at.errors.ConvergenceError, match="Drude cut-off falls off too slowly"):
        at.run(given, 4, accuracy=1e-7)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"accuracy": 1.0}, "`accuracy` of a run must be at most 0.1"),
        ({"backend": at.DensityMatrix(levels=2)}, "the cut of its levels, are not certified"),
        ({"initial": at.Displaced("hot bath", 1.0)}, "must not depend on the modes"),
        (
            {"initial": at.CorrelatedMarginals([at.Correlation(("hot", "hot bath"), site=3)], strength=0.5)},
            "The correlation between 'hot' and 'hot bath' must not depend on the modes",
        ),
        ({"initial": at.Charged(1, at.GaussianMoments(np.eye(6) / 2))}, "The moments must not depend on the modes"),
    ],
)
def test_what_cannot_be_certified_is_refused(arguments, words):
    with pytest.raises(at.errors.MachineError, match=re.escape(words)):
        at.run(at.library.two_oscillator(modes="auto"), 1, **arguments)


def test_too_much_structure_is_refused():
    density = at.densities.FunctionDensity(lambda w: 0.1 + 0.05 * np.sin(1e6 * w), 0.5, 2.0)
    bath = at.ContinuumBath("bath", 1.0, density, "auto")
    with pytest.raises(at.errors.ConvergenceError, match="too much structure"):
        at.run(at.Machine([at.Oscillator("a", 1.0)], [bath], [at.Exchange(("a", "bath"))], 1.0))


def test_an_accuracy_that_is_missed_says_so(monkeypatch):
    monkeypatch.setattr(certified, "_MOST_REFINEMENTS", 1)
    monkeypatch.setattr(at.Ledger, "largest_error", (1.0, "work in cycle 1"))
    with pytest.raises(at.errors.ConvergenceError, match="that of work in cycle 1 is 1.0e.00 after 1 refinements") as caught:
        at.run(at.library.two_oscillator(modes="auto"), 2)
    assert caught.value.ledger.n_cycles == 2
    assert caught.value.ledger.status == "the accuracy of 1.0e-06 was not met"


def test_an_interrupted_refinement_keeps_the_first_run():
    def stop(done, total):
        if done > total // 2:
            raise KeyboardInterrupt

    with pytest.raises(at.errors.RunInterrupted) as caught:
        at.run(at.library.two_oscillator(modes="auto"), 2, progress=stop)
    assert caught.value.ledger.n_cycles == 2
    assert caught.value.ledger.status == "interrupted before it was certified"
    assert not caught.value.ledger.errors
    assert caught.value.ledger.provenance["machine"]["reservoirs"][0]["modes"] == "auto"


def test_a_squeezed_continuum_is_no_matter_of_single_modes():
    ledger = at.run(at.library.two_oscillator(modes="auto"), 1, at.Squeezed("hot bath", 0.3), accuracy=1e-4)
    assert float(ledger.errors.heat.max()) < 1e-4
