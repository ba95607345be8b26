"""What goes to standard error: warnings, errors, progress; and the exit status that follows."""

from __future__ import annotations

import contextlib
import json
import sys
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TextIO

import typer
from rich.console import Console
from rich.text import Text

from athermal.errors import AthermalError, AthermalWarning, RunError, StoreError

if TYPE_CHECKING:
    from athermal.engine import Progress as ProgressCallback

BAD_INPUT, UNFINISHED, INTERRUPTED = 2, 1, 130


def say(message: str, label: str = "") -> None:
    """Print one message to standard error, unwrapped, so that it can be copied and searched."""
    console = Console(stderr=True, soft_wrap=True)
    style = {"Error": "bold red", "Warning": "bold yellow"}.get(label, "")
    console.print(Text.assemble((f"{label}: ", style), message) if label else Text(message))


@contextlib.contextmanager
def reporting(*, as_json: bool = False) -> Iterator[None]:
    """Turn the errors a user can make or meet into one message and an exit status, without a traceback."""
    try:
        yield
    except AthermalError as error:
        _fail(error, str(error), UNFINISHED if isinstance(error, (RunError, StoreError)) else BAD_INPUT, as_json=as_json)
    except MemoryError as error:
        message = f"There is not enough memory for this machine: {error}. Use fewer modes, or fewer or smaller parts."
        _fail(error, message, UNFINISHED, as_json=as_json)
    except KeyboardInterrupt as error:
        _fail(error, "Interrupted.", INTERRUPTED, as_json=as_json)


def _fail(error: BaseException, message: str, status: int, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"error": {"type": type(error).__name__, "message": message}}, indent=2))
    say(message, "Error")
    raise typer.Exit(status) from None


@contextlib.contextmanager
def warnings_as_lines() -> Iterator[list[str]]:
    """Print athermal's warnings as one line each when they are given, and collect them."""
    collected: list[str] = []
    ordinary = warnings.showwarning

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if not issubclass(category, AthermalWarning):
            ordinary(message, category, filename, lineno, file, line)
            return
        collected.append(str(message))
        say(str(message), "Warning")

    with warnings.catch_warnings():
        warnings.simplefilter("always", AthermalWarning)
        warnings.showwarning = show
        yield collected


@contextlib.contextmanager
def progress_bar(cycles: int, samples_per_cycle: int) -> Iterator[ProgressCallback | None]:
    """Show the progress of a run on standard error if that is a terminal; yield what the run is to call."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415  takes time, --help should not

    from athermal.study.progress import Rate  # noqa: PLC0415  as above

    columns: tuple[Any, ...] = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("cycle {task.fields[done]}/{task.total:.0f}"),
        Rate("cycle"),
        TextColumn("time left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("preparing", total=cycles, done=0)

        def advance(finished: int, total: int) -> None:
            whole = (total - 1) // samples_per_cycle  # more than `cycles` if baths are refined
            done = whole if finished == total else (finished - 1) / samples_per_cycle
            bar.update(task, description="running", total=whole, completed=done, done=int(done))

        yield advance


def stdout_console() -> Console:
    """Return the console for results; in a file or pipe its output is plain."""
    return Console(file=sys.stdout, highlight=False)
