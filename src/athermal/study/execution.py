"""Where the points of a sweep are run: in this process, in a local pool of processes, or on a Dask cluster.

Each gets tasks one by one and yields the outcomes as they come; no more tasks are taken than keep the workers busy.
"""

from __future__ import annotations

import contextlib
import importlib
import math
import os
import signal
import threading
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import loky

from athermal.errors import StudyError
from athermal.study.task import Task

Work = Callable[[Task], bytes]

# How often a point is tried whose worker process dies.
_TRIES = 3
_CONNECT_SECONDS = 10.0
_COUNT_SECONDS = 5.0


@dataclass(frozen=True)
class Outcome:
    """What came of a task: the bytes of its record, or why its worker died each time."""

    task: Task
    content: bytes | None
    death: str = ""


class Executor(ABC):
    """A place to run tasks."""

    @property
    @abstractmethod
    def n_workers(self) -> int:
        """How many points run at the same time."""

    @abstractmethod
    def run(self, work: Work, tasks: Iterable[Task]) -> Iterator[Outcome]:
        """Run tasks and yield the outcomes as they come. An exception of `work` is raised with the task in its notes."""

    def __enter__(self) -> Self:
        """Get ready."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Stop, without waiting for what is running."""
        self.stop()

    @abstractmethod
    def stop(self) -> None:
        """Give up what is running."""


class Here(Executor):
    """The process that asks."""

    @property
    def n_workers(self) -> int:
        return 1

    def stop(self) -> None:
        pass

    def run(self, work: Work, tasks: Iterable[Task]) -> Iterator[Outcome]:
        for task in tasks:
            with _noting(task):
                content = work(task)
            yield Outcome(task, content)


class _Pooled(Executor):
    """What a local pool and a cluster share: some tasks more than workers are under way at any time.

    When a worker dies, whatever it might have been running is tried again alone, so that the guilty task is known.
    """

    def run(self, work: Work, tasks: Iterable[Task]) -> Iterator[Outcome]:
        waiting = iter(tasks)
        running: dict[Any, Task] = {}
        while True:
            while len(running) < 2 * self.n_workers and (task := next(waiting, None)) is not None:
                running[self.submit(work, task)] = task
            if not running:
                return
            suspects: list[Task] = []
            for future in self.wait(running):
                task = running.pop(future)
                if self.death(future):
                    suspects += [task, *running.values()]
                    self.start_again(running)
                    running.clear()
                    break
                yield Outcome(task, self._content(future, task))
            for task in suspects:
                yield self._alone(work, task)

    def _alone(self, work: Work, task: Task) -> Outcome:
        death = ""
        for _ in range(_TRIES):
            future = self.submit(work, task)
            self.wait([future])
            death = self.death(future)
            if not death:
                return Outcome(task, self._content(future, task))
            self.start_again([])
        return Outcome(task, None, f"{death} It was tried {_TRIES} times alone.")

    def _content(self, future: Any, task: Task) -> bytes:
        with _noting(task):
            return self.result(future)

    @abstractmethod
    def submit(self, work: Work, task: Task) -> Any:
        """Hand a task to a worker and return its future."""

    @abstractmethod
    def wait(self, futures: Iterable[Any]) -> list[Any]:
        """Return the futures that are done; wait until there is one."""

    @abstractmethod
    def result(self, future: Any) -> bytes:
        """Return the result of a future that is done, or raise its exception."""

    @abstractmethod
    def death(self, future: Any) -> str:
        """Return how the worker of a future that is done died, or "" if it did not."""

    @abstractmethod
    def start_again(self, futures: Iterable[Any]) -> None:
        """Give up the futures that are under way and get ready for new ones."""


class Pool(_Pooled):
    """A pool of processes on this machine, each with one thread of linear algebra.

    Parameters
    ----------
    workers : int
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._pool: Any = None

    @property
    def n_workers(self) -> int:
        return self._workers

    def submit(self, work: Work, task: Task) -> Future[bytes]:
        if self._pool is None:
            one = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
            self._pool = loky.ProcessPoolExecutor(self._workers, initializer=_begin, initargs=(os.getpid(),), env=one)
        try:
            future: Future[bytes] = self._pool.submit(work, task)
        except BrokenExecutor as error:  # a worker has died since
            future = Future()
            future.set_exception(error)
        return future

    def wait(self, futures: Iterable[Any]) -> list[Any]:
        return list(wait(futures, return_when=FIRST_COMPLETED).done)

    def result(self, future: Any) -> bytes:
        content: bytes = future.result()
        return content

    def death(self, future: Any) -> str:
        error = future.exception()
        return "Its worker process died (killed, or out of memory)." if isinstance(error, BrokenExecutor) else ""

    def start_again(self, futures: Iterable[Any]) -> None:
        self.stop()

    def stop(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, kill_workers=True)
            self._pool = None


def _begin(parent: int) -> None:
    """Leave Ctrl-C to the parent of this worker process, and end with it however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


class Cluster(_Pooled):
    """A Dask cluster that is already there.

    Parameters
    ----------
    scheduler : str or distributed.Client
        The address of its scheduler, as "tcp://10.0.0.1:8786", or a client of it.
    """

    def __init__(self, scheduler: Any) -> None:
        self._distributed = _distributed()
        self._is_own = isinstance(scheduler, str)
        self._client = self._connected(scheduler) if self._is_own else scheduler
        self._counted = (-math.inf, 1)
        self._futures: set[Any] = set()

    def _connected(self, address: str) -> Any:
        try:
            return self._distributed.Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            raise StudyError(
                f"The scheduler at {address} cannot be reached ({error or type(error).__name__}). Start one with "
                "`dask scheduler`, and give the address that it prints, as tcp://HOST:8786."
            ) from error

    @property
    def n_workers(self) -> int:
        when, count = self._counted
        if time.monotonic() - when > _COUNT_SECONDS:
            count = max(1, sum(self._client.nthreads().values()))
            self._counted = (time.monotonic(), count)
        return count

    def submit(self, work: Work, task: Task) -> Any:
        future = self._client.submit(work, task, pure=False, key=f"athermal-{task.index}-{uuid.uuid4().hex}")
        self._futures.add(future)
        return future

    def wait(self, futures: Iterable[Any]) -> list[Any]:
        done = self._distributed.wait(list(futures), return_when="FIRST_COMPLETED").done
        self._futures -= done
        return list(done)

    def result(self, future: Any) -> bytes:
        content: bytes = future.result()
        return content

    def death(self, future: Any) -> str:
        if future.status in ("cancelled", "lost"):
            raise StudyError(
                "The connection to the Dask scheduler was lost. What is finished is kept; give the same command again when it is "
                "back."
            )
        error = future.exception() if future.status == "error" else None
        return f"Its worker died ({error})." if isinstance(error, self._distributed.KilledWorker) else ""

    def start_again(self, futures: Iterable[Any]) -> None:
        self._client.cancel(list(futures))

    def stop(self) -> None:
        self._client.cancel(list(self._futures))
        if self._is_own:
            self._client.close()


def _distributed() -> Any:
    try:
        return importlib.import_module("distributed")
    except ImportError:
        raise StudyError('A sweep on a cluster needs Dask: pip install "athermal[cluster]".') from None


def executor_of(workers: int, scheduler: Any) -> Executor:
    """Return where to run: on a cluster if there is a scheduler, else in a pool, or here if one worker is enough."""
    if scheduler is not None:
        return Cluster(scheduler)
    return Here() if workers == 1 else Pool(workers)


@contextlib.contextmanager
def _noting(task: Task) -> Iterator[None]:
    """Note on an exception which point it came from."""
    try:
        yield
    except Exception as error:
        error.add_note(f"This happened at {task}.")
        raise
