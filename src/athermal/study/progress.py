"""How far a study is, with its rate and the time left."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.text import Text


class Tell(Protocol):
    """What a study calls."""

    def __call__(self, finished: int, total: int, found: str = "") -> None:
        """Tell how many of how many are finished, and in a few words what was found."""


Progress = Callable[[int, int], None] | bool
"""What a caller may ask for: a function of its own, a bar, or nothing."""


class Rate(ProgressColumn):
    """Units per second, or seconds per unit when that is the larger number, as a column of a progress bar."""

    def __init__(self, unit: str) -> None:
        super().__init__()
        self._unit = unit

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        if not speed:
            return Text("")
        return Text(f"{speed:.1f} {self._unit}s/s" if speed >= 1.0 else f"{1.0 / speed:.1f} s/{self._unit}")


@contextlib.contextmanager
def telling(progress: Progress, unit: str) -> Iterator[Tell]:
    """Yield what a study is to call: the caller's own function, or a bar on standard error (a terminal's or a notebook's)."""
    console = Console(stderr=True)
    if not isinstance(progress, bool):
        yield lambda finished, total, found="": progress(finished, total)  # noqa: ARG005  a caller hears numbers only
    elif not progress or not (console.is_terminal or console.is_jupyter):
        yield _silent
    else:
        columns: tuple[ProgressColumn, ...] = (
            TextColumn(f"{unit} {{task.completed:.0f}}/{{task.total:.0f}}"),
            BarColumn(),
            Rate(unit),
            TextColumn("time left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[found]}"),
        )
        with Bar(*columns, console=console, transient=True, speed_estimate_period=300.0) as bar:
            task = bar.add_task("", total=0.0, start=False, found="")

            def tell(finished: int, total: int, found: str = "") -> None:
                if not bar.tasks[0].started:  # what a store already holds says nothing about the rate
                    bar.reset(task, total=total, completed=finished)
                bar.update(task, total=total, completed=finished, found=found)

            yield tell


def _silent(finished: int, total: int, found: str = "") -> None:
    """Tell nobody."""
