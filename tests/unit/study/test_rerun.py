"""Running a point again."""

import dataclasses

import numpy as np
import pytest

import athermal as at
from athermal.errors import StudyError
from athermal.study.record import decode


def engine(T_hot):
    return at.library.two_oscillator(T_hot=T_hot, modes=4)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("sweep") / "s"
    at.sweep("two_oscillator", {"T_hot": [1.5, 2.4, -1.0], "modes": [4]}, cycles=2, workers=1, store=path, initial=at.Charged(1))
    return path


def test_point_by_number_and_by_hash(store):
    sweep = at.load(store)
    for point in (1, "1", str(sweep.dataset["hash"].values[1, 0])[:8]):
        found = at.rerun(store, point)
        assert found.is_identical
        assert found.differences == {}
        assert found.ledger.cycles.identical(sweep.ledger(1).cycles)
        assert str(found) == "Point 1 (T_hot = 2.4, modes = 4)\nIdentical to the last bit."


def test_failure_is_reproduced(store):
    found = at.rerun(store, 2)
    assert found.is_identical
    assert "Fails alike: " in str(found)


def test_differences_are_found(tmp_path):
    store = tmp_path / "s"
    at.sweep("two_oscillator", {"T_hot": [1.5], "modes": [4]}, cycles=2, workers=1, store=store)
    path = store / "points" / "000000.nc"
    record = decode(path.read_bytes(), "here")
    shifted = dataclasses.replace(record.ledger, works=record.ledger.works + np.array([0.0, 1e-3]))
    path.write_bytes(dataclasses.replace(record, held=shifted).encode())
    found = at.rerun(store, 0)
    assert not found.is_identical
    assert found.differences["work"] == pytest.approx(1e-3, rel=1e-9)  # rounding of the sum
    assert "columns differ; the largest differences:" in str(found)
    assert found.differences["power"] == pytest.approx(1e-3 / engine(1.5).period, rel=1e-9)


def test_sweep_over_a_function(tmp_path):
    sweep = at.sweep(engine, {"T_hot": [1.5, 2.0]}, cycles=2, workers=1, store=tmp_path / "s")
    assert at.rerun(tmp_path / "s", 0).is_identical  # the machine is in the provenance
    assert at.rerun(tmp_path / "s", 0, machine=engine).is_identical
    assert at.rerun(sweep, 1, machine=engine).is_identical
    with pytest.warns(at.errors.AthermalWarning, match="is not the one that the sweep was made with"):
        found = at.rerun(sweep, 1, machine=lambda T_hot: engine(T_hot + 0.1))
    assert not found.is_identical
    assert any("content hash differs" in note for note in found.notes)


def test_function_must_be_given_where_its_machine_has_no_plain_form():
    def driven(strength):
        coupling = at.Exchange(("a", "hot"), at.drives.Function(lambda t: strength * np.cos(2 * np.pi * t / 3.0), 3.0))
        return at.Machine([at.Oscillator("a", 1.0)], [at.Bath("hot", 4.0 * strength, [1.0], [0.1])], [coupling], period=3.0)

    sweep = at.sweep(driven, {"strength": [0.5, -1.0]}, cycles=1, workers=1)
    with pytest.raises(at.errors.FileFormatError, match="does not hold its machine"):
        at.rerun(sweep, 0)
    with pytest.raises(StudyError, match="made by a Python function, 'driven', which is not stored. Give it as `machine`"):
        at.rerun(sweep, 1)
    assert at.rerun(sweep, 0, machine=driven).is_identical
    assert at.rerun(sweep, 1, machine=driven).is_identical


def test_saved_ledger(tmp_path):
    ledger = at.run(engine(2.0), cycles=2, samples_per_cycle=2)
    path = ledger.save(tmp_path / "engine.nc")
    assert at.rerun(path).is_identical
    with pytest.raises(StudyError, match="`point` must be left out, but is 3"):
        at.rerun(path, 3)


def test_other_versions_are_told(tmp_path):
    ledger = at.run(engine(2.0), cycles=1)
    versions = ledger.provenance["versions"] | {"numpy": "1.0"}
    path = dataclasses.replace(ledger, provenance=ledger.provenance | {"versions": versions}).save(tmp_path / "old.nc")
    assert f"Note: other versions: numpy 1.0 then, {np.__version__} now." in str(at.rerun(path))


@pytest.mark.parametrize(
    ("point", "message"),
    [
        (None, "Say which point to run again, `point` = 0 to 2"),
        (3, "`point` must be 0 to 2, or the first digits of a hash, but is 3"),
        ("abc", "or the first digits of a hash, but is 'abc'"),
        ("0123456789", "but is '0123456789'"),
        (-1, "but is -1"),
    ],
)
def test_points_that_are_not_there(store, point, message):
    with pytest.raises(StudyError, match=message):
        at.rerun(store, point)
