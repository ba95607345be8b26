import copy
import dataclasses
import pickle

import h5py
import numpy as np
import pytest
import xarray as xr

import athermal as at
from athermal.thermodynamics import laws, schema
from athermal.thermodynamics.conduct import Conduct
from athermal.thermodynamics.snapshot import ALWAYS, Reference, Snapshot


@pytest.fixture(scope="module")
def ledger():
    machine = at.library.two_oscillator(modes=4, T_hot=2.4, squeezing=0.01)
    correlated = at.CorrelatedMarginals([at.Correlation(("hot", "cold"), phase=np.pi / 2)], strength=0.9)
    with pytest.warns(at.errors.RecurrenceWarning):
        return at.run(machine, cycles=4, initial=correlated, samples_per_cycle=3)


def by_hand(n, **changes):
    """Return a ledger of snapshots made up so that every law holds: one subsystem, one reservoir at T = 1, ln Z = 0."""
    time = np.arange(n + 1.0)
    u, e = 5.0 - time, (20.0 + 0.5 * time)[:, None]
    zero = np.zeros(n + 1)
    # S_S = 1, S_R = E - D, D = 1 + time/4, S_SR = S_S + S_R - I with dI = dQ - dD = 1/4 per cycle
    s_r = e[:, 0] - 1.0 - 0.25 * time
    fields = {
        "time": time,
        "subsystem_energies": u[:, None],
        "reservoir_energies": e,
        "subsystem_entropies": (zero + 1.0)[:, None],
        "reservoir_entropies": s_r[:, None],
        "system_entropy": zero + 1.0,
        "reservoirs_entropy": s_r,
        "total_entropy": zero + 1.0 + s_r[0],
    }
    snapshots = Snapshot(**{**fields, **changes.pop("snapshots", {})})
    reference = Reference(("a",), ("r",), np.array([1.0]), np.array([0.0]), 1.0)
    return at.Ledger(snapshots, changes.pop("works", np.full(n, -0.5)), reference, **changes)


# --- columns --------------------------------------------------------------------------------------------------------------


def test_columns_and_their_dimensions(ledger):
    dims = {name: ledger.cycles[name].dims for name in ledger.cycles}
    per_reservoir = dict.fromkeys(("heat", "athermality", "athermality_change"), ("reservoir",))
    per_subsystem = dict.fromkeys(("energy_change", "entropy_change", "free_energy_change"), ("subsystem",))
    per_resource = dict.fromkeys(("work_by_resource", "refrigeration_by_resource"), ("resource",))
    extras = {name: column.dims for name, column in schema.COLUMNS.items() if column.extra}
    expected = per_reservoir | per_subsystem | per_resource | extras
    for name, found in dims.items():
        assert found == ("cycle", *expected.get(name, ())), name
    assert set(schema.of_intervals()) - set(extras) <= set(dims)
    assert ledger.cycles.cycle.values.tolist() == [1, 2, 3, 4]
    assert ledger.cycles.reservoir.values.tolist() == ["hot bath", "cold bath"]
    assert ledger.cycles.subsystem.values.tolist() == ["hot", "cold"]
    assert ledger.cycles.resource.values.tolist() == list(laws.resource_names(ledger.reference))
    for name in ledger.cycles:
        assert ledger.cycles[name].attrs["long_name"]
        assert "units" in ledger.cycles[name].attrs


def test_every_column_is_an_attribute(ledger):
    assert ledger.work.identical(ledger.cycles.work)
    assert ledger.heat.sel(reservoir="hot bath", cycle=2).item() == ledger.cycles.heat.values[1, 0]
    assert "mutual_information" in dir(ledger)
    assert "cycles" in dir(ledger)


def test_an_unknown_column_suggests_the_nearest(ledger):
    with pytest.raises(AttributeError, match="A ledger has no column 'eficiency'. Did you mean 'efficiency'"):
        _ = ledger.eficiency
    assert not hasattr(ledger, "_private")
    assert not hasattr(ledger, "zzz")


def test_columns_are_the_laws(ledger):
    """A few of them, from the instants, in words."""
    instants, cycles = ledger.instants, ledger.cycles
    ends = instants.isel(instant=[3, 6, 9, 12])
    starts = instants.isel(instant=[0, 3, 6, 9])
    heat = ends.reservoir_energy.values - starts.reservoir_energy.values
    assert np.array_equal(cycles.heat.values, heat)
    assert np.array_equal(cycles.work_output.values, -cycles.work.values)
    assert np.allclose(cycles.power.values, -cycles.work.values / (2 * np.pi), rtol=1e-14)  # rounding of the instants
    assert np.array_equal(cycles.sigma_total.values, ends.sigma_total.values)
    assert np.allclose(cycles.sigma_change.values * 1.0, cycles.entropic_work.values, rtol=1e-15)  # T_min = 1
    assert np.array_equal(cycles.carnot_efficiency.values, np.full(4, 1.0 - 1.0 / 2.4))
    total = cycles.work_by_resource.sum("resource").values
    assert np.allclose(total, cycles.work.values, rtol=0.0, atol=1e-10)  # the laws themselves
    share = cycles.thermal_share.values + cycles.entropic_share.values
    assert np.allclose(share, 1.0, rtol=0.0, atol=1e-9)  # the laws, divided by the work
    assert cycles["mode"].values[0] == "engine"
    assert cycles.is_athermal.values[0]


def test_works_of_samples_add_up_to_those_of_cycles(ledger):
    assert np.allclose(ledger.work.values, ledger.works.reshape(4, 3).sum(axis=1), rtol=1e-15)
    assert np.allclose(ledger.cumulative.work.values, np.cumsum(ledger.work.values), rtol=1e-14)  # rounding of sums
    assert np.allclose(ledger.samples.work.values, np.cumsum(ledger.works), rtol=1e-15)


@pytest.mark.parametrize(
    "name", ["heat", "energy_change", "entropy_change", "sigma_total_change", "entropic_work", "athermality_change"]
)
def test_cumulative_columns_are_sums(ledger, name):
    sums = np.cumsum(ledger.cycles[name].values, axis=0)
    assert np.allclose(ledger.cumulative[name].values, sums, rtol=0.0, atol=1e-12)  # rounding of sums of differences


def test_cumulative_efficiency_is_of_the_sums(ledger):
    total = ledger.cumulative.isel(cycle=-1)
    intake = -np.minimum(ledger.heat.sum("cycle").values, 0).sum() - np.minimum(ledger.energy_change.sum("cycle").values, 0).sum()
    assert total.efficiency.item() == pytest.approx(-ledger.work.sum().item() / intake, rel=1e-11)  # rounding of sums


def test_samples_meet_the_cumulative_ledger_at_cycle_ends(ledger):
    at_ends = ledger.samples.isel(instant=[2, 5, 8, 11])
    for name in ("work", "heat", "sigma_total", "efficiency", "gamma"):
        assert np.allclose(at_ends[name].values, ledger.cumulative[name].values, rtol=1e-12)  # sums in another order
    assert np.allclose(at_ends.time.values, 2 * np.pi * np.arange(1, 5), rtol=1e-15)
    assert ledger.instants.time.values[0] == 0.0
    assert ledger.instants.sizes["instant"] == 13


def test_a_ledger_by_hand():
    made = by_hand(3)
    assert made.n_cycles == 3
    assert made.status == "complete"
    assert made.carnot_efficiency == 0.0
    assert made.violations() == []
    assert made.efficiency.values.tolist() == [0.5] * 3  # W = -0.5, Q = 0.5, dU = -1
    assert np.all(np.isnan(made.gamma.values))
    assert made.mode.values.tolist() == ["discharge"] * 3
    assert made.mutual_information_change.values.tolist() == [0.25] * 3
    assert made.paid_by.values.tolist() == ["F[a]"] * 3


def test_an_unfinished_cycle_is_not_counted():
    made = by_hand(5, samples_per_cycle=2)
    assert made.n_cycles == 2
    assert made.work.values.tolist() == [-1.0, -1.0]
    assert made.samples.sizes["instant"] == 5


# --- unknowns ----------------------------------------------------------------------------------------------------------------


def test_a_ledger_without_the_states_of_the_reservoirs():
    known = by_hand(2)
    nan = np.full(3, np.nan)
    unknown = {"reservoir_entropies": nan[:, None], "reservoirs_entropy": nan, "total_entropy": nan}
    made = by_hand(2, snapshots=unknown)
    for name in ("mutual_information", "athermality", "sigma_total"):
        assert np.all(np.isnan(made.cycles[name].values)), name
    assert made.reservoir_correlation.values.tolist() == [0.0, 0.0]  # a single reservoir has nothing to be correlated with
    for name in ("sigma_total_change", "entropic_work", "efficiency", "system_correlation", "work"):
        assert np.allclose(made.cycles[name].values, known.cycles[name].values, rtol=0.0, atol=1e-13), name  # another sum
    assert made.violations() == []
    assert made.paid_by.values.tolist() == ["unknown", "unknown"]  # I(S,R) or D may have given more than F[a]
    assert "unknown" in str(made)
    assert "nan" not in str(made)


# --- violations ---------------------------------------------------------------------------------------------------------------


def test_a_falsified_work_is_reported_and_by_how_much():
    works = np.full(3, -0.5)
    works[1] += 1e-6
    made = by_hand(3, works=works)
    violations = made.violations()
    assert len(violations) == 2  # (S1) and (S18): the reservoir only gains, so (S19) has no second form
    assert all(sentence.startswith("Cycle 2: ") for sentence in violations)
    assert violations[0].startswith("Cycle 2: W - (sum Q_j + sum dU_i)  (S1) is 1.000e-06, where ")
    assert made.is_violated.values.tolist() == [False, True, False]
    assert "VIOLATED" in str(made)
    assert "(!)" in str(made)


@pytest.mark.parametrize(
    ("name", "law"),
    [
        ("reservoir_energies", "(S1)"),
        ("subsystem_energies", "(S1)"),
        ("total_entropy", "(S14)"),
    ],
)
def test_a_falsified_snapshot_is_reported(ledger, name, law):
    values = getattr(ledger.snapshots, name).copy()
    values[6] += 1e-6
    made = at.Ledger(dataclasses.replace(ledger.snapshots, **{name: values}), ledger.works, ledger.reference, 3)
    assert any(law in sentence and sentence.startswith("Cycle 2") for sentence in made.violations())
    assert made.is_violated.values[1]
    assert ledger.violations() == []


def test_a_nan_is_a_violation_and_not_a_pass():
    works = np.full(2, -0.5)
    works[0] = np.nan
    made = by_hand(2, works=works)
    assert made.is_violated.values.tolist() == [True, False]
    assert made.violations()[0].startswith("Cycle 1: ")


def test_violations_and_the_column_agree_where_a_tolerance_is_zero():
    """Nothing at all happens to a ledger of zeros: residual 0, tolerance 0, no violation."""
    zero = np.zeros((3, 1))
    empty = {
        "subsystem_energies": zero,
        "reservoir_energies": zero,
        "subsystem_entropies": zero,
        "reservoir_entropies": zero,
        "system_entropy": zero[:, 0],
        "reservoirs_entropy": zero[:, 0],
        "total_entropy": zero[:, 0],
    }
    made = by_hand(2, snapshots=empty, works=np.zeros(2))
    assert not np.any(made.is_violated.values)
    assert made.violations() == []


# --- files ----------------------------------------------------------------------------------------------------------------------


def test_round_trip_is_bit_for_bit(ledger, tmp_path):
    path = ledger.save(tmp_path / "engine.nc")
    back = at.load(str(path))
    for name in ALWAYS:
        one, two = getattr(ledger.snapshots, name), getattr(back.snapshots, name)
        assert one.tobytes() == two.tobytes(), name
    assert back.works.tobytes() == ledger.works.tobytes()
    assert back.reference.temperatures.tobytes() == ledger.reference.temperatures.tobytes()
    assert back.reference.log_partitions.tobytes() == ledger.reference.log_partitions.tobytes()
    assert back.reference.ground_energies.tobytes() == ledger.reference.ground_energies.tobytes()
    assert back.reference.chemical_potentials.tobytes() == ledger.reference.chemical_potentials.tobytes()
    without = {"temperatures": 0, "log_partitions": 0, "ground_energies": 0, "chemical_potentials": 0}
    assert dataclasses.replace(back.reference, **without) == dataclasses.replace(ledger.reference, **without)
    assert back.samples_per_cycle == 3
    assert back.provenance == ledger.provenance
    assert back.cycles.identical(ledger.cycles)
    assert str(back) == str(ledger)
    assert [entry.name for entry in tmp_path.iterdir()] == ["engine.nc"]


def test_the_file_holds_the_columns_for_other_programs(ledger, tmp_path):
    path = ledger.save(tmp_path / "engine.nc")
    with xr.open_datatree(path, engine="h5netcdf") as tree:
        assert np.array_equal(tree["cycles"]["efficiency"].values, ledger.efficiency.values, equal_nan=True)
        assert np.array_equal(tree["cumulative"]["work"].values, ledger.cumulative.work.values)
        assert "hbar" in tree.attrs["conventions"]


def test_unknowns_survive_the_file(tmp_path):
    nan = np.full(3, np.nan)
    made = by_hand(2, snapshots={"reservoir_entropies": nan[:, None], "reservoirs_entropy": nan, "total_entropy": nan})
    back = at.load(made.save(tmp_path / "unknown.nc"))
    assert np.all(np.isnan(back.mutual_information.values))
    assert back.cycles.identical(made.cycles)


def test_saving_over_a_ledger_replaces_it(ledger, tmp_path):
    path = tmp_path / "engine.nc"
    by_hand(2).save(path)
    ledger.save(path)
    assert at.load(path).n_cycles == 4


def test_no_folder_to_save_in(ledger, tmp_path):
    with pytest.raises(at.errors.FileFormatError, match="could not be written to .*Choose a folder that exists"):
        ledger.save(tmp_path / "nowhere" / "engine.nc")


def test_a_missing_file(tmp_path):
    with pytest.raises(at.errors.FileFormatError, match="There is no result file .*engine.nc"):
        at.load(tmp_path / "engine.nc")


@pytest.mark.parametrize("keep", [0, 1, 100, 0.3, 0.7, 0.95])
def test_a_truncated_file(ledger, tmp_path, keep):
    path = ledger.save(tmp_path / "engine.nc")
    data = path.read_bytes()
    path.write_bytes(data[: keep if isinstance(keep, int) else int(keep * len(data))])
    with pytest.raises(at.errors.FileFormatError, match=r"engine.nc .*Run again to make it anew"):
        at.load(path)


def test_something_else_than_a_file_of_this_kind(tmp_path):
    path = tmp_path / "notes.nc"
    path.write_text("not a ledger")
    with pytest.raises(at.errors.FileFormatError, match="cannot be read as netCDF"):
        at.load(path)
    xr.Dataset({"x": ("t", [1.0, 2.0])}).to_netcdf(path, engine="h5netcdf")
    with pytest.raises(at.errors.FileFormatError, match="is a netCDF file, but not a ledger written by athermal"):
        at.load(path)


def test_another_version(ledger, tmp_path):
    path = ledger.save(tmp_path / "engine.nc")
    with h5py.File(path, "r+") as file:
        file.attrs["format_version"] = 99
    with pytest.raises(
        at.errors.FileFormatError, match="has ledger format version 99, and this version of athermal reads version 2"
    ):
        at.load(path)


@pytest.mark.parametrize("lost", ["content/works", "content/snapshots.total_entropy", "content"])
def test_a_file_that_lacks_a_part(ledger, tmp_path, lost):
    path = ledger.save(tmp_path / "engine.nc")
    with h5py.File(path, "r+") as file:
        del file[lost]
    with pytest.raises(at.errors.FileFormatError, match=r"engine.nc .*Run again to make it anew"):
        at.load(path)


@pytest.mark.parametrize("name", ["content", "provenance"])
def test_a_file_that_lacks_an_attribute(ledger, tmp_path, name):
    path = ledger.save(tmp_path / "engine.nc")
    with h5py.File(path, "r+") as file:
        del file.attrs[name]
    with pytest.raises(at.errors.FileFormatError, match=r"engine.nc lacks a part of a ledger.*Run again"):
        at.load(path)


# --- an object like any other ------------------------------------------------------------------------------------------------------


def test_it_can_be_copied_and_pickled(ledger):
    for twin in (copy.copy(ledger), copy.deepcopy(ledger), pickle.loads(pickle.dumps(ledger))):  # noqa: S301 (our own bytes)
        assert twin.cycles.identical(ledger.cycles)


def test_the_table_has_a_row_for_each_cycle(ledger):
    lines = str(ledger).splitlines()
    assert len(lines) == 5
    assert lines[0].split()[0] == "cycle"
    assert "athermal engine" in lines[1]
    assert f"{ledger.efficiency.values[0]:.4f}" in lines[1]
    assert "Carnot" in lines[0]


def test_how_it_ended_is_told():
    assert "Status: interrupted after 2 of 5 cycles" in str(by_hand(2, conduct=Conduct(status="interrupted after 2 of 5 cycles")))


# --- entropies that no state has ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "shift", "complaint"),
    [
        ("reservoirs_entropy", -30.0, "I(S,R) must not be negative"),
        ("subsystem_entropies", -30.0, "C(S) must not be negative"),
        ("reservoir_entropies", -30.0, "C(R) must not be negative"),
        ("reservoir_energies", -30.0, "D[hot bath] must not be negative"),
        ("system_entropy", 90.0, "S(SR) - |S(S) - S(R)| must not be negative"),
    ],
)
def test_an_impossible_entropy_is_reported(ledger, name, shift, complaint):
    values = getattr(ledger.snapshots, name) + shift
    made = at.Ledger(dataclasses.replace(ledger.snapshots, **{name: values}), ledger.works, ledger.reference, 3)
    assert any(complaint in sentence for sentence in made.violations())
    assert not any("must not be negative" in sentence for sentence in ledger.violations())


def test_no_work_has_no_payer_and_equal_temperatures_no_coefficient():
    machine = at.library.two_oscillator(1.0, 1.0, 2.0, 1.0, modes=4, coupling=0.0)
    idle = at.run(machine, cycles=1)
    assert idle.mode.values.tolist() == ["idle"]
    assert idle.paid_by.values.tolist() == ["none"]
    equal = at.run(at.library.two_oscillator(T_hot=1.0, T_cold=1.0, modes=4), cycles=1)
    assert np.all(np.isnan(equal.coefficient_of_performance))


def test_a_ledger_introduces_itself_in_a_line(ledger):
    assert repr(ledger) == "<Ledger: 4 cycles of subsystems ['hot', 'cold'], reservoirs ['hot bath', 'cold bath'], complete>"
    assert ledger == ledger  # noqa: PLR0124 - it used to compare arrays
    assert ledger != copy.copy(ledger)
