"""Sweeps: points per second of two workers against one, and what storage and scheduling cost per point."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import athermal as at
from athermal.study.subject import Subject, as_subject
from athermal.study.task import Task, execute


def seconds_of_sweep(over: dict[str, list[Any]], workers: int, *, has_store: bool) -> float:
    """Return the wall time of a sweep of two oscillators, for all but the start of its workers."""
    times: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "store" if has_store else None
        at.sweep(
            at.library.two_oscillator,
            over,
            cycles=2,
            workers=workers,
            store=store,
            progress=lambda *_: times.append(time.perf_counter()),
        )
    # The first workers' points come while others start: leave them out.
    first = 2 * workers
    return (times[-1] - times[first]) * (len(times) - 1) / (len(times) - 1 - first)


def seconds_by_hand(over: dict[str, list[Any]]) -> float:
    """Return the wall time of the same runs one by one, with `athermal.run` and nothing else."""
    started = time.perf_counter()
    for T_hot in over["T_hot"]:
        at.run(at.library.two_oscillator(T_hot=T_hot, modes=over["modes"][0]), cycles=2)
    return time.perf_counter() - started


def speedup(modes: int = 100, points: int = 40, repeats: int = 3) -> float:
    """Return how many times faster two workers are than one: the best of some repeats each."""
    over = {"modes": [modes], "T_hot": [1.5 + k / points for k in range(points)]}
    one, two = (min(seconds_of_sweep(over, workers, has_store=True) for _ in range(repeats)) for workers in (1, 2))
    rates = f"{points / one:.2f} points/s on one worker, {points / two:.2f} on two"
    print(f"points of {one / points:.3f} s: {rates}, {one / two:.2f} times as many")
    return one / two


def overhead(points: int = 200, repeats: int = 3) -> float:
    """Return what a point costs in seconds beyond its run, in one process with a store."""
    over = {"modes": [6], "T_hot": [1.5 + k / points for k in range(points)]}
    seconds_by_hand(over)
    bare = min(seconds_by_hand(over) for _ in range(repeats)) / points
    kept = min(seconds_of_sweep(over, 1, has_store=True) for _ in range(repeats)) / points
    print(
        f"overhead of a point: {1e3 * (kept - bare):.1f} ms in one process with a store (its run alone takes {1e3 * bare:.1f} ms)"
    )
    pooled = min(seconds_of_sweep(over, 2, has_store=True) for _ in range(repeats)) / points
    print(
        f"the same points on two workers with a store: {1e3 * pooled:.1f} ms each, {kept / pooled:.2f} times faster than on one"
    )
    _where_it_goes(as_subject(at.library.two_oscillator, cycles=2))
    return kept - bare


def _where_it_goes(subject: Subject, count: int = 50) -> None:
    """Print the parts of the overhead."""
    task = Task(0, {"modes": 6, "T_hot": 2.0}, 0)
    plan = subject.plan(task.point, task.seed)
    content = execute(subject, "a sweep", task)
    from athermal.study.record import decode  # noqa: PLC0415  with what it is timed beside
    from athermal.study.store import _write  # noqa: PLC0415
    from athermal.study.task import content_hash  # noqa: PLC0415

    record = decode(content, "it")
    with tempfile.TemporaryDirectory() as folder:
        parts = {
            "make the machine": lambda: subject.plan(task.point, task.seed),
            "hash it": lambda: content_hash(plan, subject, task),
            "encode the record": record.encode,
            "decode it": lambda: decode(content, "it"),
            "write it": lambda: _write(Path(folder) / "point", content),
        }
        for name, part in parts.items():
            started = time.perf_counter()
            for _ in range(count):
                part()
            print(f"    {name:20s} {1e3 * (time.perf_counter() - started) / count:6.2f} ms")


def main() -> None:
    """Print both."""
    overhead()
    speedup()


if __name__ == "__main__":
    main()
