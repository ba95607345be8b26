"""Backends by name, those of other packages included."""

import pytest

import athermal as at
from athermal.backends.named import kinds, read_backend
from athermal.files import parse_machine_file

COARSE = """
from dataclasses import dataclass, field
from typing import Literal

import athermal as at
from athermal.backends.base import Backend

@dataclass(frozen=True)
class Coarse(Backend):
    families = ("harmonic",)
    panels: int = 3
    kind: Literal["coarse"] = field(default="coarse", repr=False)

    def bind(self, machine):
        self.refuse_unfit(machine)
        return at.Dense(tolerance=1e-6).bind(machine)

class NoBackend:
    pass
"""
POINTS = """[athermal.backends]
coarse = coarse_backend:Coarse
other = coarse_backend:NoBackend
gone = coarse_backend:Gone
dense = coarse_backend:Coarse
"""
FILE = '[machine]\nlibrary = "two_oscillator"\nmodes = 3\n[run]\ncycles = 1\n[run.backend]\n'


@pytest.fixture
def _installed(tmp_path, monkeypatch):
    (tmp_path / "coarse_backend.py").write_text(COARSE)
    info = tmp_path / "coarse_backend-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: coarse-backend\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(POINTS)
    monkeypatch.syspath_prepend(tmp_path)


def test_all_of_this_package_are_named():
    for kind in kinds():
        assert read_backend({"kind": kind}, "a test").kind == kind


@pytest.mark.usefixtures("_installed")
def test_one_of_another_package_runs_from_a_file_and_is_run_again():
    plan = parse_machine_file(FILE + 'kind = "coarse"\npanels = 5')
    assert plan.backend.panels == 5
    ledger = plan.run()
    assert ledger.provenance["backend"] == {"panels": 5, "kind": "coarse"}
    assert at.files.machine_file_of(ledger, "again", "again.nc").backend == plan.backend
    assert read_backend({"kind": "dense"}, "a test") == at.Dense()  # its own names stay


@pytest.mark.usefixtures("_installed")
@pytest.mark.parametrize(
    ("table", "message"),
    [
        (
            'kind = "coarze"',
            r"Unknown kind 'coarze' in the table \[run.backend\]. Did you mean 'coarse'\? It must be one of .*coarse",
        ),
        ('kind = "coarse"\npanels = "x"', r"`panels` of the table \[run.backend\] must be a whole number"),
        ('kind = "coarse"\npannels = 2', r"Unknown key 'pannels' in the table \[run.backend\]. Did you mean 'panels'"),
        ('kind = "other"', "'other', coarse_backend:NoBackend by entry point, must be a dataclass and a subclass of Backend"),
        ('kind = "gone"', "'gone', coarse_backend:Gone by entry point, cannot be imported"),
        ("panels = 2", r"`kind` is missing in the table \[run.backend\]"),
    ],
)
def test_what_is_wrong_with_a_table(table, message):
    with pytest.raises((at.errors.MachineError, at.errors.FileFormatError), match=message):
        parse_machine_file(FILE + table)


@pytest.mark.usefixtures("_installed")
def test_it_says_which_machines_it_holds():
    with pytest.raises(
        at.errors.MachineError, match="The Coarse backend holds machines of oscillators, but this one is of finite parts"
    ):
        at.run(at.library.two_qubit_swap(), backend=read_backend({"kind": "coarse"}, "a test"))
