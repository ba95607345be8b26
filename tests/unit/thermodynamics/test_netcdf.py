"""Files that are whole, damaged, or written by others: read, or refused with a reason, and never waited for."""

import numpy as np
import pytest
import xarray as xr

import athermal as at
from athermal.thermodynamics import netcdf

_SEAL = netcdf._SEAL_LENGTH


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The bytes of a ledger's file."""
    machine = at.library.two_qubit_swap()
    return at.run(machine, cycles=2).save(tmp_path_factory.mktemp("whole") / "swap.nc").read_bytes()


def damaged(content, kind, rng):
    """Return bytes as a bad disk or a broken copy leaves them."""
    spoiled = bytearray(content)
    if kind == "cut off":
        return spoiled[: rng.integers(0, len(content))]
    if kind == "bits flipped":
        for place in rng.integers(0, len(content), size=8):
            spoiled[place] ^= 1 << rng.integers(0, 8)
        return spoiled
    size = int(rng.integers(16, 4096))
    start = int(rng.integers(0, len(content) - _SEAL - size))  # what reaches the seal itself is tried below
    spoiled[start : start + size] = bytes(size)
    return spoiled


@pytest.mark.parametrize("kind", ["zeroed", "bits flipped"])
def test_no_damage_hangs_the_reader(whole, tmp_path, kind):
    path = tmp_path / "swap.nc"
    for seed in range(50):
        content = damaged(whole[:-_SEAL], kind, np.random.default_rng(seed)) + whole[-_SEAL:]
        if content == whole:
            continue
        path.write_bytes(content)
        with pytest.raises(at.errors.FileFormatError, match=r"swap\.nc is damaged: .* checksum at its end\. Run again"):
            at.load(path)


def test_a_file_that_hdf5_does_not_come_to_an_end_with(whole, tmp_path, monkeypatch):
    monkeypatch.setattr(netcdf, "_TRY", "while True: pass")
    monkeypatch.setattr(netcdf, "_PATIENCE", 0.2)
    path = tmp_path / "swap.nc"
    path.write_bytes(whole[:-_SEAL])
    with pytest.raises(at.errors.FileFormatError, match=r"swap\.nc is damaged: HDF5 did not come to an end with it"):
        at.load(path)


def test_files_without_a_seal_are_read(whole, tmp_path):
    """As older versions, and other programs that copy a file, write them."""
    path = tmp_path / "swap.nc"
    path.write_bytes(whole)
    expected = at.load(path)
    path.write_bytes(whole[:-_SEAL])
    assert at.load(path).cycles.identical(expected.cycles)


def test_numbers_that_change_without_a_seal_are_seen(whole, tmp_path):
    path = tmp_path / "swap.nc"
    path.write_bytes(whole)
    work = at.load(path).works[0].tobytes()
    assert whole.count(work) >= 1
    path.write_bytes(whole[:-_SEAL].replace(work, np.float64(7.0).tobytes()))
    with pytest.raises(at.errors.FileFormatError, match="its numbers do not match the checksum of its content"):
        at.load(path)


def test_other_programs_read_what_is_sealed(whole, tmp_path):
    (tmp_path / "swap.nc").write_bytes(whole)
    with xr.open_dataset(tmp_path / "swap.nc", engine="h5netcdf", group="cycles") as cycles:
        assert cycles.sizes["cycle"] == 2


def test_damaged_tables_of_others_are_named(tmp_path):
    times = np.linspace(0.0, 1.0, 3)
    data = xr.Dataset({"time": ("row", times), "heat[hot]": ("row", -times), "heat[cold]": ("row", times)})
    data.to_netcdf(tmp_path / "data.nc", engine="h5netcdf")
    content = (tmp_path / "data.nc").read_bytes()
    (tmp_path / "data.nc").write_bytes(content[: len(content) // 2])
    with pytest.raises(at.errors.FileFormatError, match=r"data\.nc cannot be read .* Make it anew"):
        at.account(tmp_path / "data.nc", temperatures={"hot": 2.0, "cold": 1.0})
