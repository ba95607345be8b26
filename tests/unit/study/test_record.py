"""Points as bytes."""

import numpy as np
import pytest
import xarray as xr

import athermal as at
from athermal.errors import FileFormatError
from athermal.study.record import Record, decode


def sampled_ledger():
    machine = at.library.spin_star(spins=2)
    return at.run(machine, cycles=2, samples_per_cycle=2, backend=at.StateVectors(samples=3, max_columns=1))


def certified_ledger():
    return at.run(at.library.two_oscillator(modes="auto"), cycles=2, accuracy=1e-3)


def counted_ledger():
    return at.run(at.library.molecular_motor(), cycles=1)


@pytest.mark.parametrize("make", [sampled_ledger, certified_ledger, counted_ledger])
def test_ledger_comes_back_to_the_last_bit(make):
    ledger = make()
    record = Record(3, "study", 7, "hash", "complete", ledger, warnings=("W: told",), seconds=0.5)
    again = decode(record.encode(), "point 3")
    assert again.ledger.cycles.identical(ledger.cycles)
    assert again.ledger.cumulative.identical(ledger.cumulative)
    assert again.ledger.samples.identical(ledger.samples)
    assert again.ledger.errors.identical(ledger.errors)
    assert again.ledger.provenance == ledger.provenance
    assert (again.point, again.study, again.seed, again.content_hash, again.status) == (3, "study", 7, "hash", "complete")
    assert (again.warnings, again.seconds, again.error) == (("W: told",), 0.5, "")


def test_failure_comes_back():
    record = Record(0, "study", 2**32 - 1, "", "failed", error_type="MachineError", error="`T` must be positive, ≥ 0.")
    assert decode(record.encode(), "here") == record


def test_any_damage_is_noticed():
    content = Record(0, "study", 1, "", "complete", at.run(at.library.two_qubit_swap(), cycles=1)).encode()
    rng = np.random.default_rng(0)
    for _ in range(60):
        place = int(rng.integers(len(content)))
        damaged = bytearray(content)
        damaged[place] ^= 1 << int(rng.integers(8))
        try:
            decode(bytes(damaged), "here")
        except FileFormatError:
            continue
        # What may change unnoticed is padding, which is no content: everything read is covered by the checksum.
        assert decode(bytes(damaged), "here").ledger.cycles.identical(decode(content, "here").ledger.cycles)
    for length in (0, 1, 10, len(content) // 2, len(content) - 1):
        with pytest.raises(FileFormatError, match="^here "):
            decode(content[:length], "here")


def test_other_files_are_named(monkeypatch):
    foreign = bytes(xr.Dataset({"x": ("a", [1.0])}).to_netcdf(engine="scipy"))
    with pytest.raises(FileFormatError, match="here is cut off, damaged or not a point of a sweep"):
        decode(foreign, "here")
    with monkeypatch.context() as later:
        later.setattr("athermal.study.record.FORMAT_VERSION", 99)
        content = Record(0, "s", 1, "", "failed", error="x").encode()
    with pytest.raises(FileFormatError, match="has format version 99; this version reads 2"):
        decode(content, "here")


def test_data_that_lack_a_piece_are_refused():
    data = at.run(at.library.two_qubit_swap(), cycles=1).to_dataset()
    with pytest.raises(FileFormatError, match="lack a part of a ledger"):
        at.Ledger.from_dataset(data.drop_vars("works"))
