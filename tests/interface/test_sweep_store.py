"""The folder of a sweep: what is damaged is found, named and run again; what cannot be written says so and loses nothing."""

import errno
import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import athermal as at
from athermal.files import machine_file_of
from athermal.study.record import decode
from athermal.study.store import Store

OVER = {"T_hot": [1.0, 1.5, 2.0, 2.5]}


def swept(store, **changes):
    return at.sweep(at.library.heat_reversal, **{"over": OVER, "cycles": 1, "workers": 1, "store": store, **changes})


@pytest.fixture
def store(tmp_path):
    swept(tmp_path / "store")
    return tmp_path / "store"


@pytest.fixture(scope="module")
def whole():
    return swept(None)


def point(store, number):
    return store / "points" / f"{number:06d}.nc"


def times(store):
    return {file.name: file.stat().st_mtime_ns for file in (store / "points").iterdir()}


def flipped(content):
    place = len(content) // 2
    return content[:place] + bytes([content[place] ^ 16]) + content[place + 1 :]


DAMAGES = {
    "empty": lambda content: b"",
    "cut off": lambda content: content[: len(content) // 2],
    "one byte short": lambda content: content[:-1],
    "one byte long": lambda content: content + b"\0",
    "one bit turned": flipped,
    "zeros": lambda content: bytes(len(content)),
    "something else": lambda content: b"CDF\x01 is how a netCDF file begins, but this is none",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_point_is_named_and_run_again(store, whole, damage):
    point(store, 2).write_bytes(DAMAGES[damage](point(store, 2).read_bytes()))
    before = times(store)
    with pytest.raises(at.errors.FileFormatError, match=r"points/000002\.nc is cut off, damaged or not a point of a sweep"):
        at.load(store)
    assert swept(store).dataset.identical(whole.dataset)
    assert at.load(store).dataset.identical(whole.dataset)
    after = times(store)
    assert {name for name in after if after[name] != before[name]} == {"000002.nc"}


def test_every_bit_of_a_point_counts(store):
    content, dice = point(store, 1).read_bytes(), np.random.default_rng(7)
    assert decode(content, "it").point == 1
    for place, byte in enumerate(content):
        with pytest.raises(at.errors.FileFormatError, match=r"^it is cut off"):
            decode(content[:place] + bytes([byte ^ (1 << int(dice.integers(8)))]) + content[place + 1 :], "it")


@pytest.mark.parametrize("source", ["another point", "another sweep"])
def test_a_foreign_point_is_named_and_run_again(store, whole, tmp_path, source):
    if source == "another sweep":
        swept(tmp_path / "other", seed=5)
    shutil.copy(point(store, 3) if source == "another point" else point(tmp_path / "other", 1), point(store, 1))
    with pytest.raises(at.errors.FileFormatError, match=r"000001\.nc holds point (3 of this|1 of another) sweep"):
        at.load(store)
    assert swept(store).dataset.identical(whole.dataset)
    assert at.load(store).dataset.identical(whole.dataset)


def test_other_programs_can_read_a_point(store):
    with xr.open_dataset(point(store, 0), engine="scipy") as data:
        assert data.attrs["format"] == "athermal point"
        assert len(data.attrs["checksum"]) == 64


def test_leftovers_are_removed_unless_their_process_lives(store, whole):
    gone = [store / "study.json.0f.part", store / "points" / "000001.nc.0f.part", store / "points" / "probe.0f.part"]
    kept = store / "points" / "000003.nc.0f.part"
    for path in [*gone, kept]:
        path.write_bytes(b"half")
    claim = "import sys; from pathlib import Path; from athermal.study.store import Store\n"
    claim += "store = Store.open(Path(sys.argv[1])); print(store.claim(3), flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", claim, str(store)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "True\n"
        assert swept(store).dataset.identical(whole.dataset)
        assert kept.exists()
        other.kill()
    assert not any(path.exists() for path in gone)
    swept(store)
    assert not kept.exists()


def test_a_folder_that_is_no_sweep_says_so(tmp_path):
    with pytest.raises(at.errors.StoreError, match=r"There is no sweep in .*nowhere: the folder does not exist\."):
        at.load(tmp_path / "nowhere")
    (tmp_path / "other").mkdir()
    with pytest.raises(at.errors.StoreError, match=r"The folder .*other is not a sweep: it has no study\.json\."):
        at.load(tmp_path / "other")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"words"', "{}", '{"format": "athermal sweep"}', "\xff\xfe"])
def test_a_damaged_study_is_told_and_its_points_are_kept(store, whole, text):
    (store / "study.json").write_bytes(text.encode("latin-1"))
    before = times(store)
    for opened in (lambda: at.load(store), lambda: swept(store)):
        with pytest.raises(
            at.errors.StoreError, match=r"The sweep in .* is damaged: study\.json cannot be read .* once this one is removed"
        ):
            opened()
    (store / "study.json").unlink()
    assert swept(store).dataset.identical(whole.dataset)
    assert times(store) == before


def test_a_store_of_another_version_of_the_format_says_which_athermal_reads_it(store):
    study = json.loads((store / "study.json").read_text())
    (store / "study.json").write_text(json.dumps({**study, "format_version": 99, "versions": {"athermal": "7.0"}}))
    for opened in (lambda: at.load(store), lambda: swept(store)):
        with pytest.raises(
            at.errors.StoreError, match=r"version 99, and this athermal reads 'athermal sweep', version 1\. Use .*\(7\.0\)"
        ):
            opened()


def test_a_store_begun_with_another_version_of_a_library_warns(store, whole):
    study = json.loads((store / "study.json").read_text())
    study["versions"]["numpy"] = "1.0"
    (store / "study.json").write_text(json.dumps(study))
    point(store, 0).unlink()
    with pytest.warns(at.errors.VersionWarning, match=r"was begun with numpy 1\.0"):
        assert swept(store).dataset.identical(whole.dataset)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"over": {"T_hot": [1.0, 1.5]}}, r"its points are T_hot \(4 values, 1.0 to 2.5\), not T_hot \(2 values"),
        ({"seed": 3}, "its seed is 0, not 3"),
        ({"cycles": 2}, "its run.cycles is 1, not 2"),
    ],
)
def test_another_sweep_is_refused_and_the_difference_told(store, changes, words):
    before = times(store)
    with pytest.raises(at.errors.StoreError, match=rf"holds another sweep: {words}.*\. Choose another folder, or remove it\."):
        swept(store, **changes)
    assert times(store) == before


def test_a_file_in_place_of_the_folder(tmp_path):
    (tmp_path / "file").write_text("words")
    for path in (tmp_path / "file", tmp_path / "file" / "store"):
        with pytest.raises(
            at.errors.StoreError,
            match=r"The folder .*file.* of a sweep .* failed: (File exists|Not a directory)\. .* choose another",
        ):
            swept(path)
    assert (tmp_path / "file").read_text() == "words"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="a folder that even root cannot write to")
def test_a_folder_that_nobody_can_write_to():
    with pytest.raises(at.errors.StoreError, match=r"The folder /proc/self/store of a sweep must be .* choose another folder"):
        swept("/proc/self/store")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder(store, whole):
    point(store, 2).unlink()
    (store / "points").chmod(0o500)
    try:
        assert len(at.load(store).records) == 3
        with pytest.raises(at.errors.StoreError, match="Permission denied"):
            swept(store)
    finally:
        (store / "points").chmod(0o700)
    assert swept(store).dataset.identical(whole.dataset)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EIO])
def test_a_disk_that_fails_in_the_middle_loses_nothing(tmp_path, whole, monkeypatch, number):
    replace = Path.replace

    def failing(self, target):
        if target.name == "000002.nc":
            raise OSError(number, os.strerror(number))
        return replace(self, target)

    store = tmp_path / "store"
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", failing)
        with pytest.raises(
            at.errors.StoreError, match=rf"can be written to, but writing point 2 failed: {os.strerror(number)}\. What is fin"
        ):
            swept(store)
    assert sorted(times(store)) == ["000000.nc", "000001.nc"]  # and no temporary file
    assert len(at.load(store).records) == 2
    assert swept(store).dataset.identical(whole.dataset)


def test_a_disk_that_is_really_full(tmp_path):
    """The system itself refuses to write more than a few bytes to a file: a study fits, a point does not."""
    text = (
        "import resource, sys, athermal as at\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2500, resource.RLIM_INFINITY))\n"
        "try:\n"
        "    at.sweep(at.library.two_oscillator, {'T_hot': [2.0, 3.0]}, cycles=1, store=sys.argv[1], workers=2)\n"
        "except at.errors.StoreError as error:\n"
        "    print(error)\n"
    )
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    store = tmp_path / "store"
    told = subprocess.run([sys.executable, "-c", text, str(store)], capture_output=True, text=True, check=True, timeout=100)
    assert told.stdout.startswith(f"The folder {store} of a sweep must be"), told.stdout + told.stderr
    assert "but writing point" in told.stdout
    assert "make room there" in told.stdout
    assert not times(store)
    assert at.sweep(at.library.two_oscillator, {"T_hot": [2.0, 3.0]}, cycles=1, store=store, workers=1).is_complete


def test_a_function_that_has_changed_out_of_sight_is_refused(tmp_path):
    settings = {"modes": 2}

    def machine(T_hot):
        return at.library.two_oscillator(T_hot=T_hot, **settings)

    over = {"T_hot": [2.0, 3.0]}
    at.sweep(machine, over, cycles=1, workers=1, store=tmp_path / "store")
    point(tmp_path / "store", 1).unlink()
    settings["modes"] = 3
    with pytest.raises(at.errors.StoreError, match="was begun with another machine: point 0 .* Choose another folder"):
        at.sweep(machine, over, cycles=1, workers=1, store=tmp_path / "store")


@pytest.mark.filterwarnings("ignore::athermal.errors.RecurrenceWarning")  # two modes are few
def test_a_point_can_be_run_again_from_what_is_stored(tmp_path):
    result = at.sweep(
        at.library.two_oscillator,
        {"T_hot": [2.0, 3.0], "modes": [2]},
        cycles=2,
        backend=at.Dense(),
        workers=1,
        seed=9,
        store=tmp_path / "store",
    )
    study = json.loads((tmp_path / "store" / "study.json").read_text())
    assert study["seed"] == 9
    assert study["subject"]["tables"]["run"]["cycles"] == 2
    assert {"python", "athermal", "numpy", "scipy", "xarray"} <= set(study["versions"])
    kept = at.load(tmp_path / "store").ledger(1)
    again = machine_file_of(kept, "again", "the store").run()
    assert again.cycles.identical(kept.cycles)
    assert kept.cycles.identical(result.ledger(1).cycles)
    assert kept.provenance["backend"] == again.provenance["backend"]
    assert kept.provenance["machine"] == again.provenance["machine"]


def test_two_stores_of_one_folder_in_one_process_do_not_wait_for_each_other(store):
    first, second = Store.open(store), Store.open(store)
    try:
        assert first.claim(0)
        assert second.claim(0)  # locks are between processes
    finally:
        first.close()
        second.close()
