"""Sweeps that are killed, interrupted, or run twice at once: nothing is lost, and nothing that was finished is run again."""

import importlib.util
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from sweeper import dying
from threadpoolctl import threadpool_info

import athermal as at

SWEEPER = Path(__file__).with_name("sweeper.py")
PATIENCE = 60.0  # seconds; for what takes one, on a machine that does much else


@pytest.fixture(scope="module")
def sweeper():
    """The module that the processes run."""
    spec = importlib.util.spec_from_file_location("sweeper", SWEEPER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def whole(sweeper, tmp_path_factory):
    """The same sweep, never interrupted, in one process and without a store."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SWEEPER_LOG", str(tmp_path_factory.mktemp("whole") / "log"))
        patch.setenv("SWEEPER_DELAY", "0")
        return at.sweep(sweeper.machine, sweeper.OVER, cycles=1, workers=1)


class Session:
    """One process of the sweep, in a process group of its own."""

    def __init__(self, folder, workers):
        self.store, self.log = folder / "store", folder / "log"
        self.log.touch()
        self.before = finished(self.store)
        self.offset = self.log.stat().st_size
        self.process = subprocess.Popen(
            [sys.executable, str(SWEEPER), str(self.store), str(self.log), str(workers)],
            start_new_session=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def executed(self):
        """The points that were run since the session began, as they are logged."""
        return self.log.read_text()[self.offset :].splitlines()

    def wait_for(self, count):
        until(lambda: len(self.executed()) >= count or self.process.poll() is not None)

    def kill(self, number=signal.SIGKILL, *, group):
        (os.killpg if group else os.kill)(self.process.pid, number)

    def end(self):
        """Wait for the end, of workers too, and return the exit status."""
        out, err = self.process.communicate(timeout=PATIENCE)
        self.text = out + err
        until(lambda: not self.left_over())
        for semaphore in Path("/dev/shm").glob(f"sem.loky-{self.process.pid}-*"):  # noqa: S108  loky's own cleaner was killed too
            semaphore.unlink(missing_ok=True)
        return self.process.returncode

    def left_over(self):
        alive = [p for p in psutil.process_iter(["status"]) if p.info["status"] != psutil.STATUS_ZOMBIE]
        return [p.pid for p in alive if session_of(p.pid) == self.process.pid]


def session_of(pid):
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None


def until(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "this takes too long"
        time.sleep(0.005)


def finished(store):
    return set((store / "points").glob("*.nc"))


def check_store(store, whole):
    kept = at.load(store)
    assert kept.is_complete
    assert kept.dataset.identical(whole.dataset)  # to the last bit
    assert sorted(p.name for p in store.iterdir()) == ["claims", "points", "study.json"]
    assert sorted(p.name for p in (store / "points").iterdir()) == [f"{k:06d}.nc" for k in range(len(whole))]


def points_of(files, whole):
    """The parameters of finished points, as they are logged."""
    return {" ".join(map(repr, whole.design.point(int(file.stem)).values())) for file in files}


@pytest.mark.slow
def test_a_sweep_that_is_killed_many_times_is_complete_equal_and_repeats_nothing(tmp_path, whole):
    moments, kills = np.random.default_rng(20251), 0
    for trial in range(12):
        session = Session(tmp_path, workers=2 if trial % 3 == 2 else 1)
        if trial in (2, 4):  # while it starts
            time.sleep(moments.uniform(0.0, 1.2))
        else:
            session.wait_for(moments.integers(1, 5))
            time.sleep(moments.uniform(0.0, 0.05))
        session.kill(signal.SIGTERM if trial == 7 else signal.SIGKILL, group=moments.random() < 0.5)
        code = session.end()
        assert code in (0, -signal.SIGKILL, -signal.SIGTERM), session.text
        assert not points_of(session.before, whole) & set(session.executed())
        kills += code != 0
    last = Session(tmp_path, workers=2)
    assert last.end() == 0, last.text
    assert not points_of(last.before, whole) & set(last.executed())
    assert kills >= 10
    check_store(last.store, whole)


def test_two_processes_on_one_store_share_the_work(tmp_path, whole):
    sessions = [Session(tmp_path, workers=1), Session(tmp_path, workers=2)]
    assert [session.end() for session in sessions] == [0, 0], [session.text for session in sessions]
    executed = sessions[0].executed()
    assert len(executed) == len(set(executed)) == len(whole)
    check_store(sessions[0].store, whole)


def test_the_points_of_a_killed_process_are_run_by_the_one_beside_it(tmp_path, whole):
    sessions = [Session(tmp_path, workers=2), Session(tmp_path, workers=1)]
    sessions[0].wait_for(8)
    sessions[0].kill(group=False)
    assert [session.end() for session in sessions] == [-signal.SIGKILL, 0], [session.text for session in sessions]
    executed = sessions[1].executed()
    # What was under way or queued at the kill, at most twice the workers, is run again; so may be what orphans began after it.
    assert len(executed) - len(set(executed)) <= 2 * 2
    check_store(sessions[1].store, whole)


@pytest.mark.parametrize("workers", [pytest.param(1, marks=pytest.mark.slow), 2])
def test_an_interrupt_keeps_what_is_finished(tmp_path, whole, workers):
    session = Session(tmp_path, workers=workers)
    session.wait_for(7)
    session.kill(signal.SIGINT, group=True)  # as a terminal does on Ctrl-C
    assert session.end() == 4, session.text
    assert "The sweep was interrupted: " in session.text
    assert "of 48 points are finished in" in session.text
    assert "Traceback" not in session.text
    held = finished(session.store)
    assert held
    again = Session(tmp_path, workers=1)
    assert again.end() == 0, again.text
    assert not points_of(held, whole) & set(again.executed())
    check_store(again.store, whole)


OVER = {"T_hot": [1.5, 1.75, 2.0, 2.25, 2.5, 2.75, 3.0, 3.25]}


def test_a_worker_that_is_killed_loses_nothing(tmp_path):
    result = at.sweep(dying(tmp_path, times=1), OVER, cycles=1, workers=2, store=tmp_path / "store")
    assert result.failures == []
    alone = at.sweep(dying(tmp_path, times=0), OVER, cycles=1, workers=1)
    # two functions are two sweeps, which the attribute `study` tells apart; all values are the same
    expected = alone.dataset.drop_attrs(deep=False)
    assert result.dataset.drop_attrs(deep=False).identical(expected)
    assert at.load(tmp_path / "store").dataset.drop_attrs(deep=False).identical(expected)


@pytest.mark.slow
def test_a_point_that_always_kills_its_worker_is_recorded(tmp_path):
    result = at.sweep(dying(tmp_path, times=100), OVER, cycles=1, workers=2, store=tmp_path / "store")
    (failure,) = result.failures
    assert (failure.point, failure.status, failure.error_type) == (2, "failed", "WorkerDied")
    assert failure.error == "Its worker process died (killed, or out of memory) each of the 3 times that it was run alone."
    assert list(result.status.values) == ["complete"] * 2 + ["failed"] + ["complete"] * 5
    assert (tmp_path / "log").read_text().split().count("2.0") == 4
    assert at.load(tmp_path / "store").dataset.identical(result.dataset)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_programming_error_stops_the_sweep_and_keeps_what_is_finished(tmp_path, workers):
    def machine(T_hot):
        if T_hot == 3.25:
            raise ZeroDivisionError("a mistake")
        return at.library.two_oscillator(T_hot=T_hot, modes=2)

    with pytest.raises(ZeroDivisionError, match="a mistake") as caught:
        at.sweep(machine, OVER, cycles=1, workers=workers, store=tmp_path / "store")
    assert caught.value.__notes__ == ["This happened at point 7 (T_hot = 3.25)."]
    kept = at.load(tmp_path / "store")
    assert len(kept.records) >= (7 if workers == 1 else 4)
    assert set(kept.dataset.status.values.tolist()) == {"complete", "missing"}


class Unreadable:
    """What can be sent to a worker but not be received there."""

    def __call__(self, T_hot):
        return at.library.two_oscillator(T_hot=T_hot, modes=2)

    def __reduce__(self):
        return (int, ("not a number",))


def test_a_function_that_workers_cannot_read_is_no_death():
    with pytest.raises(Exception, match="un-serialize") as caught:
        at.sweep(Unreadable(), OVER, cycles=1, workers=2)
    assert any("This happened at point" in note for note in caught.value.__notes__)


def test_workers_run_on_one_thread_of_linear_algebra(monkeypatch):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "2")
    parent = os.getpid()

    def machine(T_hot):
        if os.getpid() != parent:
            counts = {entry["num_threads"] for entry in threadpool_info() if entry["user_api"] == "blas"}
            raise at.errors.MachineError(f"{sorted(counts)} {os.environ['OPENBLAS_NUM_THREADS']}")
        return at.library.two_oscillator(T_hot=T_hot, modes=2)

    result = at.sweep(machine, OVER, cycles=1, workers=2)
    assert {failure.error for failure in result.failures} == {"[1] 1"}
    assert len(result.failures) == len(result)
