"""One machine, several backends: differences are those of the ledgers, and what is unknown is not a difference of zero."""

import csv
import json
from dataclasses import dataclass

import numpy as np
import pytest
import xarray as xr

import athermal as at
from athermal.backends.base import Backend
from athermal.comparison.columns import extent

CUT = at.DensityMatrix(levels=2)


@pytest.fixture(scope="module")
def machine():
    return at.library.two_oscillator(modes=2)


@pytest.fixture(scope="module")
def found(machine):
    blind = at.Star(max_rank=0, entropy_modes=0, block_modes=1)  # never knows C(R) and D_j
    backends = {"dense": at.Dense(), "star": at.Star(), "cut": CUT, "vectors": at.StateVectors(), "blind": blind}
    return at.compare_backends(machine, backends, cycles=2, repeats=2)


@dataclass(frozen=True)
class Ends(Backend):
    """Dense, but ends in the second cycle."""

    how: str

    def bind(self, machine):
        solver = at.Dense().bind(machine)
        advance = solver.advance

        def end(state, start, stop):
            if start > 0.0:
                raise KeyboardInterrupt if self.how == "Ctrl-C" else at.errors.InstabilityError(self.how)
            return advance(state, start, stop)

        solver.advance = end
        return solver


def test_differences_are_those_of_ledgers_subtracted_by_hand(machine, found):
    by_hand = {"dense": at.Dense(), "cut": CUT}
    with pytest.warns(at.errors.AthermalWarning):
        ledgers = {name: at.run(machine, cycles=2, backend=backend) for name, backend in by_hand.items()}
    for column in ("work", "heat", "energy_change", "entropy_change", "mutual_information", "athermality", "work_by_resource"):
        change = ledgers["cut"].cycles[column].values - ledgers["dense"].cycles[column].values
        # the same runs on one thread: the same bits
        np.testing.assert_array_equal(found.differences[column].sel(backend="cut").values, change)
        assert found.largest.difference.sel(backend="cut", column=column) == np.max(np.abs(change))
    # Two exact backends; docs/validation.md asks 1e-10.
    assert float(found.largest.difference.sel(backend="star", column=["work", "heat", "athermality"]).max()) < 1e-10
    assert set(found.cycles) >= {name for name in ledgers["dense"].cycles if ledgers["dense"].cycles[name].dtype.kind == "f"} - {
        f"{kind}_{law}" for kind in ("residual", "tolerance") for law in ("first_law", "second_law", "work_split", "efficiency")
    }


def test_relative_is_to_the_terms_of_the_law(found):
    table = found.ledgers["dense"].cycles
    terms = np.abs(table.work) + np.abs(table.heat).sum("reservoir") + np.abs(table.energy_change).sum("subsystem")
    heat = found.largest.sel(backend="cut", column="heat")
    assert float(heat.relative) == pytest.approx(float(heat.difference) / float(terms.max()), rel=1e-14)


def test_what_only_one_knows_is_unknown(found):
    assert np.isnan(found.differences.reservoir_correlation.sel(backend="blind")).all()
    lost = found.largest.sel(backend="blind", column="athermality")
    assert np.isnan(lost.difference)
    assert (int(lost.compared), int(lost.unknown)) == (0, 4)  # two baths, two cycles
    # only the cut machine has levels
    assert int(found.largest.unknown.sel(backend="cut", column="top_level_population")) == 2
    row = next(line for line in str(found).splitlines() if line.startswith("reservoir_correlation"))
    assert row.split()[-1] == "unknown"
    assert "unknown: one of the two does not know it." in str(found)


def test_a_backend_that_refuses_is_listed(machine, found):
    assert set(found.refused) == {"vectors"}
    assert "Refused  vectors: The state-vector backend holds machines of finite parts" in str(found)
    assert found.others == ["star", "cut", "blind"]
    with pytest.raises(at.errors.MachineError, match="The reference of the comparison, 'vectors', cannot be run"):
        at.compare_backends(machine, {"dense": at.Dense(), "vectors": at.StateVectors()}, reference="vectors")


def test_warnings_are_kept_by_backend(found):
    assert set(found.warnings) == {"dense", "star", "cut", "blind"}
    assert all(told[0].startswith("RecurrenceWarning: The run lasts 12.5664") for told in found.warnings.values())
    assert found.warnings["cut"][-1].startswith("TruncationWarning")
    assert len(found.warnings["cut"]) == 3  # not told again by the second of two runs


def test_the_table_ends_with_the_runtimes(found):
    lines = str(found).split("\n\n")[0].splitlines()
    assert lines[0].split()[-4:] == ["(reference)", "star", "cut", "blind"]
    assert lines[-1].startswith("runtime (s)")
    assert [float(word) for word in lines[-1].split()[2:]] == pytest.approx(
        [found.runtimes[name] for name in ("dense", "star", "cut", "blind")],
        rel=1e-2,  # three digits
    )
    assert any(line.startswith("heat[hot bath]") for line in lines)


def test_csv_and_netcdf_hold_the_numbers_to_the_last_bit(found, tmp_path):
    with found.save(tmp_path / "backends.csv").open(newline="") as stream:
        lines = list(csv.DictReader(stream))
    cold = [line for line in lines if (line["backend"], line["column"], line["part"]) == ("cut", "heat", "cold bath")]
    expected = found.differences.heat.sel(backend="cut", reservoir="cold bath").values
    np.testing.assert_array_equal([float(line["difference"]) for line in cold], expected)
    runtimes = {line["backend"]: float(line["value"]) for line in lines if line["column"] == "runtime"}
    assert runtimes == found.runtimes
    assert next(line["status"] for line in lines if line["backend"] == "vectors").startswith("refused: The state-vector")

    with xr.open_datatree(found.save(tmp_path / "backends.nc"), engine="h5netcdf") as tree:
        assert tree["/differences"].to_dataset().load().equals(found.differences)
        assert tree["/largest"].to_dataset().load().equals(found.largest)
        assert json.loads(tree.attrs["refused"]) == found.refused
    with pytest.raises(at.errors.FileFormatError, match=r"must end in \.nc, .*\.csv"):
        found.save(tmp_path / "backends.txt")


def test_stated_errors_judge_the_differences():
    machine = at.library.spin_star(spins=3)
    found = at.compare_backends(machine, [at.DensityMatrix(coherence=False), at.StateVectors(samples=8, seed=1)], cycles=2)
    stated, change = found.errors.heat.sel(backend="state_vectors"), np.abs(found.differences.heat.sel(backend="state_vectors"))
    assert float(stated.min()) > 0.0
    assert np.isnan(found.errors.heat.sel(backend="density_matrix")).all()
    # five standard errors, as for residuals; the seed is fixed
    assert bool((change <= 5.0 * stated).all())
    assert found.largest.verdict.sel(backend="state_vectors", column="heat").item() == "within"
    assert "within the errors that the ledgers state" in str(found)
    assert extent(np.array([1.0, 2.0]), np.array([1.0, 1.9]), np.array([0.05, 0.05])).verdict == "beyond"
    assert extent(np.array([1.0, 2.0]), np.array([1.0, 1.9]), np.array([0.05, np.nan])).verdict == "within"  # one is not judged


def test_a_run_that_stops_is_compared_as_far_as_it_came(machine):
    found = at.compare_backends(machine, [at.Dense(), Ends("The energies grow.")], cycles=3)
    assert found.stopped == {"Ends": "The energies grow."}
    assert found.ledgers["Ends"].n_cycles == 1
    assert found.differences.work.sel(backend="Ends").values[0] == 0.0
    assert np.isnan(found.differences.work.sel(backend="Ends").values[1:]).all()
    assert "Stopped  Ends: The energies grow." in str(found)
    assert next(line for line in str(found).splitlines() if line.startswith("work")).endswith("0 ?")


def test_ctrl_c_keeps_what_was_finished(machine):
    with pytest.raises(at.errors.StudyInterrupted, match="1 of 3 backends are finished") as caught:
        at.compare_backends(machine, [at.Dense(), Ends("Ctrl-C"), at.Star()], cycles=2)
    kept = caught.value.result
    assert list(kept.ledgers) == ["dense", "Ends"]
    assert kept.stopped == {
        "Ends": "interrupted after 1 of 2 cycles",
        "star": "not run, because the comparison was interrupted",
    }
    with pytest.raises(at.errors.StudyInterrupted) as caught:
        at.compare_backends(at.library.two_qubit_swap(), [at.DensityMatrix(), at.StateVectors()], progress=_interrupt)
    assert caught.value.result is None


def _interrupt(finished, total):
    raise KeyboardInterrupt


def test_progress_counts_all_runs():
    told = []
    backends = [at.DensityMatrix(), at.DensityMatrix(coherence=False)]
    found = at.compare_backends(at.library.two_qubit_swap(), backends, cycles=2, progress=lambda *state: told.append(state))
    assert list(found.ledgers) == ["density_matrix", "density_matrix 2"]
    assert told == [(1, 5), (2, 5), (3, 5), (3, 5), (4, 5), (5, 5)]


@pytest.mark.parametrize(
    ("backends", "options", "words"),
    [
        ([at.Dense()], {}, "must hold at least two, but holds 1"),
        ("dense", {}, "must be a list or a mapping of backends"),
        ([at.Dense(), "star"], {}, "must be a backend such as Dense"),
        ([at.Dense(), at.Star()], {"reference": "stra"}, "must be one of dense, star, but is 'stra'. Did you mean 'star'?"),
        ([at.Dense(), at.Star()], {"repeats": 0}, "`repeats` of a comparison must be a whole number of at least 1"),
        ([at.Dense(), at.Star()], {"cycles": 0}, "`cycles` of a comparison must be a whole number of at least 1"),
        ([at.Dense(), at.Star()], {"initial": "hot"}, "`initial` of a run must be an initial state"),
        ([at.Dense(), at.Star()], {"accuracy": 1e-6}, "`accuracy` of a run must be left out"),
    ],
)
def test_errors_name_what_is_wrong(machine, backends, options, words):
    with pytest.raises((at.errors.StudyError, at.errors.MachineError)) as caught:
        at.compare_backends(machine, backends, **options)
    assert words in str(caught.value)
