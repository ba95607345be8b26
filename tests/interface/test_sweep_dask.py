"""Sweeps on a real Dask cluster: a scheduler and two worker processes."""

import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import dask
import pytest
from distributed import Client, LocalCluster
from sweeper import dying
from threadpoolctl import threadpool_info

import athermal as at

OVER = {"T_hot": [1.5 + 0.125 * k for k in range(16)]}
PATIENCE = 60.0


@contextlib.contextmanager
def two_workers():
    """Two worker processes of one thread, whose BLAS would take two; Dask gives a task up when its worker dies."""
    with pytest.MonkeyPatch.context() as patch, dask.config.set({"distributed.scheduler.allowed-failures": 0}):
        for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
            patch.setenv(name, "2")
        with LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0", silence_logs=logging.CRITICAL
        ) as running:
            yield running


@pytest.fixture(scope="module")
def cluster():
    with two_workers() as running:
        yield running


@pytest.fixture
def client(cluster):
    with Client(cluster.scheduler_address, set_as_default=False) as made:
        yield made


@pytest.fixture
def mortal():
    """A client of a cluster whose workers may be killed."""
    with two_workers() as running, Client(running.scheduler_address, set_as_default=False) as made:
        yield made


@pytest.fixture(scope="module")
def whole():
    return at.sweep(at.library.two_oscillator, OVER | {"modes": [2]}, cycles=2, workers=1)


def test_a_cluster_gives_the_bits_of_one_process(cluster, client, whole, tmp_path):
    over = OVER | {"modes": [2]}
    for scheduler in (cluster.scheduler_address, client):
        result = at.sweep(at.library.two_oscillator, over, cycles=2, scheduler=scheduler)
        assert result.dataset.identical(whole.dataset)
    at.sweep(at.library.two_oscillator, over, cycles=2, scheduler=client, store=tmp_path / "store")
    assert at.load(tmp_path / "store").dataset.identical(whole.dataset)
    assert client.status == "running"  # it is the caller's


def test_points_run_on_one_thread_of_linear_algebra_in_the_workers(client):
    parent = os.getpid()

    def machine(T_hot):
        if os.getpid() != parent:
            counts = {entry["num_threads"] for entry in threadpool_info() if entry["user_api"] == "blas"}
            raise at.errors.MachineError(f"{sorted(counts)}")
        return at.library.two_oscillator(T_hot=T_hot, modes=2)

    def count():
        at.library.two_oscillator()  # loads the library
        return max(entry["num_threads"] for entry in threadpool_info() if entry["user_api"] == "blas")

    assert set(client.run(count).values()) == {2 if (os.cpu_count() or 1) > 1 else 1}
    result = at.sweep(machine, OVER, cycles=1, scheduler=client)
    assert {failure.error for failure in result.failures} == {"[1]"}
    assert len(result.failures) == len(result)


def test_a_worker_killed_in_the_middle_loses_nothing(mortal, tmp_path):
    result = at.sweep(dying(tmp_path, times=1), OVER, cycles=1, scheduler=mortal, store=tmp_path / "store")
    alone = at.sweep(dying(tmp_path, times=0), OVER, cycles=1, workers=1)
    assert result.failures == []
    # two functions are two sweeps, which the attribute `study` tells apart; all values are the same
    expected = alone.dataset.drop_attrs(deep=False)
    assert result.dataset.drop_attrs(deep=False).identical(expected)
    assert at.load(tmp_path / "store").dataset.drop_attrs(deep=False).identical(expected)
    assert (tmp_path / "log").read_text().split().count("2.0") == 2


def test_workers_killed_from_outside_lose_nothing(mortal, tmp_path):
    parent = os.getpid()

    def machine(T_hot):
        if os.getpid() != parent:
            with (tmp_path / "log").open("a") as log:
                log.write(f"{T_hot} {os.getpid()}\n")
            time.sleep(0.1)
        return at.library.two_oscillator(T_hot=T_hot, modes=2)

    def kill():
        log = tmp_path / "log"
        while not log.exists() or len(log.read_text().splitlines()) < 6:
            time.sleep(0.01)
        os.kill(int(log.read_text().splitlines()[-1].split()[1]), signal.SIGKILL)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    result = at.sweep(machine, OVER, cycles=1, scheduler=mortal, store=tmp_path / "store")
    killer.join()
    assert result.dataset.identical(at.sweep(machine, OVER, cycles=1, workers=1).dataset)
    assert at.load(tmp_path / "store").dataset.identical(result.dataset)
    assert len({line.split()[1] for line in (tmp_path / "log").read_text().splitlines()}) >= 2


def test_a_point_that_always_kills_its_worker_is_recorded(mortal, tmp_path):
    result = at.sweep(dying(tmp_path, times=100), OVER, cycles=1, scheduler=mortal, store=tmp_path / "store")
    (failure,) = result.failures
    assert (failure.point, failure.status, failure.error_type) == (4, "failed", "WorkerDied")
    assert failure.error.startswith("Its worker died each time that it was run (Attempted to run task ")
    assert list(result.status.values) == ["complete"] * 4 + ["failed"] + ["complete"] * 11
    assert at.load(tmp_path / "store").dataset.identical(result.dataset)


def test_a_programming_error_on_a_cluster_is_raised(client, tmp_path):
    def machine(T_hot):
        if T_hot == OVER["T_hot"][5]:
            raise ZeroDivisionError("a mistake")
        return at.library.two_oscillator(T_hot=T_hot, modes=2)

    with pytest.raises(ZeroDivisionError, match="a mistake") as caught:
        at.sweep(machine, OVER, cycles=1, scheduler=client, store=tmp_path / "store")
    assert "This happened at point 5 (T_hot = 2.125)." in caught.value.__notes__
    assert set(at.load(tmp_path / "store").dataset.status.values) == {"complete", "missing"}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize(
    "address",
    [
        "tcp://127.0.0.1:{port}",
        "127.0.0.1:{port}",
        "tcp://no-such-host.invalid:8786",
        "tcp://127.0.0.1",
        "carrier-pigeon://roof:1",
        "",
    ],
)
def test_an_unreachable_scheduler_says_so(address, tmp_path, monkeypatch):
    monkeypatch.setattr("athermal.study.execution._CONNECT_SECONDS", 2.0)  # 10 otherwise
    address = address.format(port=free_port())
    with pytest.raises(
        at.errors.StudyError, match=r"The scheduler at .* cannot be reached \(.+\)\. Start one with `dask scheduler`"
    ):
        at.sweep(at.library.heat_reversal, {"T_hot": [1.0]}, cycles=1, scheduler=address, store=tmp_path / "store")


def test_what_is_no_scheduler_says_so(cluster):
    with pytest.raises(at.errors.StudyError, match="`scheduler` must be the address of a Dask scheduler.* but is 5"):
        at.sweep(at.library.heat_reversal, {"T_hot": [1.0]}, cycles=1, scheduler=5)
    with Client(cluster.scheduler_address, set_as_default=False) as closed:
        pass
    with pytest.raises(at.errors.StudyError, match="must be running, and not asynchronous, but is closed"):
        at.sweep(at.library.heat_reversal, {"T_hot": [1.0]}, cycles=1, scheduler=closed)


def dask_process(*words):
    return subprocess.Popen(
        [sys.executable, "-m", "dask", *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )


def test_a_scheduler_that_is_lost_keeps_what_is_finished(tmp_path):
    parent, address = os.getpid(), f"tcp://127.0.0.1:{free_port()}"

    def machine(T_hot):
        if os.getpid() != parent:
            with (tmp_path / "log").open("a") as log:
                log.write(f"{T_hot}\n")
            time.sleep(0.1)
        return at.library.two_oscillator(T_hot=T_hot, modes=2)

    def kill(finished, total):
        if finished == 5:
            scheduler.kill()

    scheduler = dask_process("scheduler", "--host", address, "--dashboard-address", "127.0.0.1:0")
    worker = dask_process("worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--death-timeout", "5")
    try:
        with Client(address, timeout=PATIENCE, set_as_default=False) as ready:
            ready.wait_for_workers(1, timeout=PATIENCE)
        with pytest.raises(
            at.errors.StudyError, match="The connection to the Dask scheduler was lost.* give the same command again"
        ):
            at.sweep(machine, OVER, cycles=1, scheduler=address, store=tmp_path / "store", progress=kill)
    finally:
        for process in (scheduler, worker):
            process.kill()
            process.wait()
    finished = at.load(tmp_path / "store").records
    assert len(finished) >= 5
    (tmp_path / "log").unlink()
    result = at.sweep(machine, OVER, cycles=1, workers=2, store=tmp_path / "store")
    assert len((tmp_path / "log").read_text().splitlines()) == len(OVER["T_hot"]) - len(finished)
    assert result.dataset.identical(at.sweep(machine, OVER, cycles=1, workers=1).dataset)


def test_a_cluster_without_workers_is_waited_for_with_a_warning(tmp_path):
    address = f"tcp://127.0.0.1:{free_port()}"
    processes = [dask_process("scheduler", "--host", address, "--dashboard-address", "127.0.0.1:0")]

    def begin():
        processes.append(dask_process("worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard"))

    later = threading.Timer(6.0, begin)
    later.start()
    try:
        with pytest.warns(at.errors.AthermalWarning, match="The Dask cluster has no workers now; the sweep waits for some"):
            result = at.sweep(at.library.heat_reversal, {"T_hot": [1.0, 2.0]}, cycles=1, scheduler=address)
        assert result.is_complete
    finally:
        later.join()
        for process in processes:
            process.kill()
            process.wait()
