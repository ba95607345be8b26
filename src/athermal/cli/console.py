"""What goes to standard error and into the log: warnings, errors, progress; and the exit status that follows."""

from __future__ import annotations

import contextlib
import functools
import inspect
import json
import logging
import os
import shlex
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from athermal._lazy import LazyModule
from athermal.errors import AthermalError, AthermalWarning, RunError, StoreError

if TYPE_CHECKING:
    from athermal.engine import progress
else:
    progress = LazyModule("athermal.engine.progress")

BAD_INPUT, UNFINISHED = 2, 1
# What the exit status of a command is that a signal has stopped: 128 + its number.
_STOPPED = 128

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no notes; results, warnings and errors only.")]
Log = Annotated[
    Path | None,
    typer.Option("--log", metavar="FILE", help="Add warnings, errors and progress, with the time of each, to this file."),
]

_logger = logging.getLogger("athermal.cli")
_logger.propagate = False


@dataclass
class _Session:
    """How a command talks, and what has stopped it."""

    is_quiet: bool = False
    is_logged: bool = False
    stopped_by: int = int(signal.SIGINT)


_session = _Session()


def talking(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options --quiet and --log."""
    signature = inspect.signature(function, eval_str=True)

    @functools.wraps(function)
    def command(*, quiet: bool, log: Path | None, **arguments: Any) -> None:
        with _logged(log):
            _session.is_quiet = quiet
            try:
                function(**arguments)
            finally:
                _session.is_quiet = False

    more = [
        inspect.Parameter("quiet", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=Quiet),
        inspect.Parameter("log", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Log),
    ]
    whole = signature.replace(parameters=[*signature.parameters.values(), *more])
    command.__signature__ = whole  # type: ignore[attr-defined]
    command.__annotations__ = {name: entry.annotation for name, entry in whole.parameters.items()} | {"return": None}
    return command


@contextlib.contextmanager
def _logged(path: Path | None) -> Iterator[None]:
    """Write what is told into a file too, between the command line and how it ended."""
    if path is None:
        yield
        return
    try:
        handler = logging.FileHandler(path, encoding="utf-8")
    except OSError as error:
        say(f"The log {path} cannot be written to: {error.strerror or error}. Choose a file in a folder that exists.", "Error")
        raise typer.Exit(BAD_INPUT) from None
    handler.setFormatter(logging.Formatter("%(asctime)s  %(message)s"))
    _logger.addHandler(handler)
    _logger.setLevel(logging.INFO)
    _session.is_logged, started, status = True, time.monotonic(), 1
    _logger.info("athermal %s: %s", version("athermal"), shlex.join(sys.argv[1:]))
    try:
        yield
        status = 0
    except typer.Exit as end:
        status = end.exit_code
        raise
    finally:
        _logger.info("Exit status %d after %.1f s.", status, time.monotonic() - started)
        _session.is_logged = False
        _logger.removeHandler(handler)
        handler.close()


def say(message: str, label: str = "") -> None:
    """Print one message to standard error, unwrapped, so that it can be copied and searched; a note only if not quiet."""
    if _session.is_logged:
        _logger.info("%s", f"{label}: {message}" if label else message)
    if _session.is_quiet and not label:
        return
    if not (sys.stderr is not None and sys.stderr.isatty()):
        typer.echo(f"{label}: {message}" if label else message, err=True)
        return
    from rich.console import Console  # noqa: PLC0415  plain text needs none of it
    from rich.text import Text  # noqa: PLC0415

    console = Console(stderr=True, soft_wrap=True)
    style = {"Error": "bold red", "Warning": "bold yellow"}.get(label, "")
    console.print(Text.assemble((f"{label}: ", style), message) if label else Text(message))


def wants_progress() -> bool:
    """Tell whether the command shows how far it is."""
    return not _session.is_quiet


@contextlib.contextmanager
def telling(unit: str) -> Iterator[progress.Tell]:
    """Show progress: a bar on a terminal, a line now and then elsewhere, and in the log."""
    with progress.telling(not _session.is_quiet, unit, lines=_line_writer()) as tell:
        yield tell


@contextlib.contextmanager
def telling_cycles(samples_per_cycle: int) -> Iterator[Callable[[int, int], None]]:
    """Show the progress of a run; yield what the run is to call."""
    with progress.telling_cycles(not _session.is_quiet, samples_per_cycle, lines=_line_writer()) as advance:
        yield advance


def _line_writer() -> Callable[[str], None] | None:
    """Return where lines of progress go, beside a bar or in place of it; None if nowhere."""
    if _session.is_logged and (_session.is_quiet or progress.somebody_looks()):
        return functools.partial(_logger.info, "%s")
    return None if _session.is_quiet or progress.somebody_looks() else say


def interrupted() -> int:
    """Return the exit status of a command that was stopped: 130 by Ctrl-C, 143 by SIGTERM."""
    return _STOPPED + _session.stopped_by


def heed_signals() -> None:
    """Let SIGTERM, which schedulers send before they kill, and a lost terminal do as Ctrl-C does: what is finished is kept."""
    _session.stopped_by = int(signal.SIGINT)
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:  # not so under nohup
            signal.signal(number, _stop)


def _stop(number: int, _frame: Any) -> None:
    if _session.stopped_by == signal.SIGINT:  # a second one must not stop what the first one saves
        _session.stopped_by = number
        raise KeyboardInterrupt


class UntilClosed:
    """Standard output that falls silent when its reader has seen enough, as `head` has."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except BrokenPipeError:
            self._fall_silent()
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except BrokenPipeError:
            self._fall_silent()

    def _fall_silent(self) -> None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)


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
        _fail(error, "Interrupted.", interrupted(), as_json=as_json)


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


def stdout_console() -> Any:
    """Return the console for results; in a file or pipe its output is plain."""
    from rich.console import Console  # noqa: PLC0415  a command that prints no table needs none of it

    return Console(file=sys.stdout, highlight=False)
