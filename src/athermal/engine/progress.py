"""How far a run or a study is, with its rate and the time left: a bar where somebody looks, lines where they are asked for."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from athermal import _validate
from athermal.errors import StudyError


class Tell(Protocol):
    """What a study calls."""

    def __call__(self, finished: float, total: float, found: str = "") -> None:
        """Tell how many of how many are finished, and in a few words what was found."""


Progress = Callable[[int, int], None] | bool | None
"""What a caller may ask for: a function of its own; a bar (True); nothing (False); a bar for what lasts (None)."""

# What is over sooner shows no bar, unless one was asked for.
_LASTS = 1.5
_BETWEEN_LINES = 10.0
# How fast it goes is taken from so many seconds back.
_RATE_PERIOD = 300.0

_is_shown = threading.Event()  # what runs within something that has a bar shows none of its own


@contextlib.contextmanager
def telling(progress: Progress, unit: str, *, lines: Callable[[str], None] | None = None) -> Iterator[Tell]:
    """Yield what a study is to call as it goes on.

    Parameters
    ----------
    progress : callable, bool or None
        A function hears the numbers. None: a bar on a terminal or in a notebook, once it has lasted for 1.5 s. True: a bar from
        the start; where there is neither, a line on standard error every 10 s.
    unit : str
        What is counted.
    lines : callable, optional
        Also given a line every 10 s.

    Examples
    --------
    >>> seen = []
    >>> with telling(lambda finished, total: seen.append((finished, total)), "point") as tell:
    ...     tell(1, 2, "found")
    >>> seen
    [(1, 2)]
    """
    if progress is not None and not isinstance(progress, bool) and not callable(progress):
        raise StudyError(f"`progress` must be true, false or a function of two numbers, but is {_validate.shown(progress)}.")
    if callable(progress):
        function = progress
        yield lambda finished, total, found="": function(int(finished), int(total))  # noqa: ARG005
        return
    tellers: list[Tell] = []
    if lines is not None:
        tellers.append(_Lines(lines, unit))
    is_outermost = progress is not False and not _is_shown.is_set()
    bar = _Bar(unit, 0.0 if progress else _LASTS) if is_outermost and somebody_looks() else None
    if bar is not None:
        tellers.append(bar)
    elif is_outermost and progress and lines is None:
        tellers.append(_Lines(_to_standard_error, unit))

    def tell(finished: float, total: float, found: str = "") -> None:
        for teller in tellers:
            teller(finished, total, found)

    if is_outermost:
        _is_shown.set()
    try:
        yield tell
    finally:
        if is_outermost:
            _is_shown.clear()
        if bar is not None:
            bar.close()


@contextlib.contextmanager
def telling_cycles(
    progress: Progress, samples_per_cycle: int, *, lines: Callable[[str], None] | None = None
) -> Iterator[Callable[[int, int], None]]:
    """Yield what a run is to call with the number of sampled instants, the preparation included as one; see `telling`."""
    if callable(progress):
        yield progress
        return
    with telling(progress, "cycle", lines=lines) as tell:

        def advance(finished: int, total: int) -> None:
            whole = (total - 1) // samples_per_cycle  # more than were asked for if baths are refined
            tell(whole if finished == total else (finished - 1) / samples_per_cycle, whole)

        yield advance


def somebody_looks() -> bool:
    """Tell whether standard error is a terminal, or a notebook shows it."""
    if (shell := sys.modules.get("IPython")) is not None and type(shell.get_ipython()).__name__ == "ZMQInteractiveShell":
        return True
    return sys.stderr is not None and sys.stderr.isatty()


class _Lines:
    """A line at intervals."""

    def __init__(self, write: Callable[[str], None], unit: str) -> None:
        self._write, self._unit = write, unit
        self._start: tuple[float, float] | None = None
        self._last = time.monotonic()

    def __call__(self, finished: float, total: float, found: str = "") -> None:
        now = time.monotonic()
        if self._start is None:  # what a store already holds says nothing about the rate
            self._start = now, finished
        if now - self._last < _BETWEEN_LINES:
            return
        self._last = now
        began, first = self._start
        rate = (finished - first) / (now - began) if now > began else 0.0
        left = f", {(total - finished) / rate:.0f} s left" if rate > 0.0 else ""
        self._write(f"{self._unit} {int(finished)}/{int(total)}, {now - began:.0f} s{left}{f', {found}' if found else ''}")


class _Bar:
    """A bar on standard error, or in a notebook, that appears when the work has lasted for some time."""

    def __init__(self, unit: str, delay: float) -> None:
        self._unit = unit
        self._bar: Any = None
        self._is_closed = False
        self._latest = (0.0, 0.0, "")
        self._lock = threading.RLock()
        self._timer = threading.Timer(delay, self._show)
        self._timer.daemon = True
        if delay:
            self._timer.start()
        else:
            self._show()

    def _show(self) -> None:
        from rich.console import Console  # noqa: PLC0415  most runs show no bar
        from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        unit = self._unit

        class Count(ProgressColumn):
            def render(self, task: Task) -> Text:
                return Text(f"{unit} {int(task.completed)}/{int(task.total or 0)}" if task.total else "preparing")

        class Rate(ProgressColumn):
            """Units per second, or seconds per unit when that is the larger number."""

            def render(self, task: Task) -> Text:
                speed = task.finished_speed or task.speed
                if not speed:
                    return Text("")
                return Text(f"{speed:.1f} {unit}s/s" if speed >= 1.0 else f"{1.0 / speed:.1f} s/{unit}")

        with self._lock:
            if self._is_closed:
                return
            columns = (Count(), BarColumn(), Rate(), TextColumn("time left"), TimeRemainingColumn())
            self._bar = Progress(
                *columns,
                TextColumn("{task.fields[found]}"),
                console=Console(stderr=True),
                transient=True,
                speed_estimate_period=_RATE_PERIOD,
            )
            self._task = self._bar.add_task("", total=None, start=False, found="")
            self._bar.start()
            self._draw()

    def __call__(self, finished: float, total: float, found: str = "") -> None:
        with self._lock:
            self._latest = finished, total, found
            if self._bar is not None:
                self._draw()

    def _draw(self) -> None:
        finished, total, found = self._latest
        if not total:
            return
        if not self._bar.tasks[0].started:  # what a store already holds says nothing about the rate
            self._bar.reset(self._task, total=total, completed=finished)
        self._bar.update(self._task, total=total, completed=finished, found=found)

    def close(self) -> None:
        """Take the bar away."""
        self._timer.cancel()
        with self._lock:
            self._is_closed = True
            if self._bar is not None:
                self._bar.stop()


def _to_standard_error(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201  the caller asked for it
