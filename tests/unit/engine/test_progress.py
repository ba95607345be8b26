"""Who is told how far something is: the caller, a terminal, a log, or nobody."""

import contextlib
import io
import sys

import pytest

import athermal as at
from athermal.engine import progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def machine():
    return at.library.two_qubit_swap()


def told(monkeypatch, choice, stream, machine):
    """Return what a run writes to standard error."""
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(progress, "_BETWEEN_LINES", 0.0)
    at.run(machine, 3, progress=choice)
    return stream.getvalue()


@pytest.mark.parametrize("choice", [None, False])
def test_pipes_hear_nothing_unasked(monkeypatch, machine, choice):
    assert told(monkeypatch, choice, io.StringIO(), machine) == ""


def test_lines_where_they_are_asked_for(monkeypatch, machine):
    lines = told(monkeypatch, True, io.StringIO(), machine).splitlines()
    assert [line.partition(",")[0] for line in lines] == ["cycle 0/3", "cycle 1/3", "cycle 2/3", "cycle 3/3"]


def test_a_bar_on_a_terminal_for_what_lasts(monkeypatch, machine):
    assert told(monkeypatch, None, Terminal(), machine) == ""  # over before it would be shown
    assert told(monkeypatch, False, Terminal(), machine) == ""
    assert "time left" in told(monkeypatch, True, Terminal(), machine)


def test_a_bar_appears_when_the_work_has_lasted_for_a_while(monkeypatch):
    monkeypatch.setattr(sys, "stderr", stream := Terminal())
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(progress, "_LASTS", 0.01)
    with progress.telling(None, "point") as tell:
        tell(1, 7, "the best so far")
        for _ in range(500):  # five seconds at most
            if "point 1/7" in stream.getvalue():
                break
            progress.time.sleep(0.01)
    assert "point 1/7" in stream.getvalue()
    assert "the best so far" in stream.getvalue()


def test_what_runs_within_something_that_has_a_bar_shows_none(monkeypatch, machine):
    monkeypatch.setattr(progress, "_BETWEEN_LINES", 0.0)
    monkeypatch.setattr(sys, "stderr", stream := io.StringIO())
    with progress.telling(True, "point") as tell:
        at.run(machine, 2, progress=True)
        tell(1, 2)
    assert [line[:9] for line in stream.getvalue().splitlines()] == ["point 1/2"]
    assert not progress._is_shown.is_set()


def test_a_function_hears_the_numbers(machine):
    heard = []
    at.run(machine, 2, progress=lambda finished, total: heard.append((finished, total)))
    assert heard == [(1, 3), (2, 3), (3, 3)]


def test_an_exception_takes_the_bar_away(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    with contextlib.suppress(KeyboardInterrupt), progress.telling(True, "point"):
        raise KeyboardInterrupt
    assert not progress._is_shown.is_set()


def test_nonsense_is_refused(machine):
    with pytest.raises(at.errors.StudyError, match="`progress` must be true, false or a function of two numbers, but is 3"):
        at.run(machine, 1, progress=3)
