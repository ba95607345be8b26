"""Where the points of a sweep are run: in this process, in a local pool of processes, or on a Dask cluster.

Each gets tasks one by one and yields the outcomes as they come; no more tasks are taken than keep the workers busy.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import threading
import time
import uuid
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Future, wait
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from athermal.errors import AthermalWarning, StudyError
from athermal.study.task import Task

Work = Callable[[Task], bytes]

_CONNECT_SECONDS = 10.0
# How often a cluster is asked for its workers.
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
            with noting(task):
                content = work(task)
            yield Outcome(task, content)


class _Pooled(Executor):
    """What a local pool and a cluster share: some tasks more than workers are under way at any time.

    When workers die, no more tasks are handed out until all that are under way have ended. Whatever a dead worker might have been
    running is then tried again alone, so that the guilty task is known.
    """

    tries: int
    """How often a task is tried alone."""

    def run(self, work: Work, tasks: Iterable[Task]) -> Iterator[Outcome]:
        waiting = iter(tasks)
        running: dict[Any, Task] = {}
        suspects: list[Task] = []
        while True:
            while not suspects and len(running) < 2 * self.n_workers and (task := next(waiting, None)) is not None:
                running[self.submit(work, task)] = task
            for future in self.wait(running) if running else ():
                task = running.pop(future)
                if self.death(future):
                    suspects.append(task)
                else:
                    yield Outcome(task, self._content(future, task))
            if not running:
                if not suspects:
                    return
                for task in suspects:
                    yield self._alone(work, task)
                suspects = []

    def _alone(self, work: Work, task: Task) -> Outcome:
        death = ""
        for _ in range(self.tries):
            future = self.submit(work, task)
            self.wait([future])
            death = self.death(future)
            if not death:
                return Outcome(task, self._content(future, task))
        return Outcome(task, None, death)

    def _content(self, future: Any, task: Task) -> bytes:
        with noting(task):
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


class Pool(_Pooled):
    """A pool of processes on this machine, each with one thread of linear algebra.

    Parameters
    ----------
    workers : int
    """

    tries = 3

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._pool: Any = None

    @property
    def n_workers(self) -> int:
        return self._workers

    def submit(self, work: Work, task: Task) -> Future[bytes]:
        if self._pool is None:
            self._pool = _pool_of(self._workers)
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
        from loky.process_executor import TerminatedWorkerError  # noqa: PLC0415  as above

        if not isinstance(future.exception(), TerminatedWorkerError):
            return ""
        self.stop()  # the whole pool is broken; the next task starts another
        return f"Its worker process died (killed, or out of memory) each of the {self.tries} times that it was run alone."

    def stop(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, kill_workers=True)
            self._pool = None


def _pool_of(workers: int) -> Any:
    import loky  # noqa: PLC0415  takes time to import, and only a pool needs it

    surroundings = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    surroundings["LOKY_MAX_MEMORY_LEAK_SIZE"] = "1e15"  # a worker that has run a large machine is no reason to start another
    return loky.ProcessPoolExecutor(workers, initializer=_begin, initargs=(os.getpid(),), env=surroundings)


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

    tries = 1  # the scheduler itself tries several times

    def __init__(self, scheduler: Any) -> None:
        self._distributed = _distributed()
        self._is_own = isinstance(scheduler, str)
        self._client = self._connected(scheduler) if self._is_own else self._checked(scheduler)
        self._n_workers = 1
        self._counted = 0.0
        self._futures: set[Any] = set()
        self._count()

    def _connected(self, address: str) -> Any:
        client = self._distributed.Client.__new__(self._distributed.Client)
        try:
            if not address.strip():  # Dask would start a cluster of its own
                raise ValueError("the address is empty")  # noqa: TRY301
            client.__init__(address, timeout=_CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            # Left to the garbage collector, it would be closed at any time, and where another client is just starting that
            # never ends: both wait for one lock. A client that has no loop yet has nothing to be closed.
            with contextlib.suppress(AttributeError):
                client.close()
            raise StudyError(
                f"The scheduler at {address} cannot be reached ({error or type(error).__name__}). Start one with "
                "`dask scheduler`, and give the address that it prints, as tcp://HOST:8786."
            ) from error
        return client

    def _checked(self, client: Any) -> Any:
        if not isinstance(client, self._distributed.Client):
            raise StudyError(
                '`scheduler` must be the address of a Dask scheduler, as "tcp://HOST:8786", or a distributed.Client, '
                f"but is {client!r}."
            )
        if client.asynchronous or client.status != "running":
            state = "asynchronous" if client.asynchronous else client.status
            raise StudyError(f"The Dask client of a sweep must be running, and not asynchronous, but is {state}. Make a new one.")
        return client

    @property
    def n_workers(self) -> int:
        if time.monotonic() - self._counted > _COUNT_SECONDS:
            self._count()
        return max(self._n_workers, 1)

    def _count(self) -> None:
        """Ask how many threads the workers have; warn once each time that there are none."""
        with self._connection():
            count = sum(self._client.nthreads().values())
        self._counted = time.monotonic()
        if not count and self._n_workers:
            warnings.warn(
                "The Dask cluster has no workers now; the sweep waits for some. Start them with "
                "`dask worker ADDRESS --nthreads 1`.",
                AthermalWarning,
                stacklevel=2,
            )
        self._n_workers = count

    @contextlib.contextmanager
    def _connection(self) -> Iterator[None]:
        """Say what it means when the scheduler has gone."""
        try:
            if self._client.status != "running":
                raise ConnectionError(f"the client is {self._client.status}")
            yield
        except (OSError, CancelledError) as error:
            raise StudyError(
                "The connection to the Dask scheduler was lost, or its tasks were cancelled. What is finished is kept; give the "
                "same command again when the scheduler is back, or without it to go on with a local pool."
            ) from error

    def submit(self, work: Work, task: Task) -> Any:
        with self._connection():
            future = self._client.submit(work, task, pure=False, key=f"athermal-{task.index}-{uuid.uuid4().hex}")
        self._futures.add(future)
        return future

    def wait(self, futures: Iterable[Any]) -> list[Any]:
        futures = list(futures)
        while True:
            with self._connection(), contextlib.suppress(self._distributed.TimeoutError), self._client.as_current():
                done = list(self._distributed.wait(futures, timeout=_COUNT_SECONDS, return_when="FIRST_COMPLETED").done)
                self._futures.difference_update(done)
                return done
            self._count()

    def result(self, future: Any) -> bytes:
        content: bytes = future.result()
        return content

    def death(self, future: Any) -> str:
        with self._connection():
            error = future.exception()
        return (
            f"Its worker died each time that it was run ({error})." if isinstance(error, self._distributed.KilledWorker) else ""
        )

    def stop(self) -> None:
        if self._client.status == "running" and self._futures:
            with contextlib.suppress(OSError, CancelledError):
                self._client.cancel(list(self._futures))
        if self._is_own:
            self._client.close()


def _distributed() -> Any:
    try:
        return importlib.import_module("distributed")
    except ImportError:
        raise StudyError('A sweep on a cluster needs Dask: pip install "athermal[cluster]".') from None


def n_processors() -> int:
    """Return how many processors this process may use."""
    import loky  # noqa: PLC0415  as above

    return int(loky.cpu_count())


def executor_of(workers: int, scheduler: Any) -> Executor:
    """Return where to run: on a cluster if there is a scheduler, else in a pool, or here if one worker is enough."""
    if scheduler is not None:
        return Cluster(scheduler)
    return Here() if workers == 1 else Pool(workers)


@contextlib.contextmanager
def noting(task: Task) -> Iterator[None]:
    """Note on an exception which point it came from."""
    try:
        yield
    except Exception as error:
        error.add_note(f"This happened at {task}.")
        raise
