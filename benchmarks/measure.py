"""Wall time and peak memory of a call."""

from __future__ import annotations

import multiprocessing
import resource
import time
from collections.abc import Callable
from typing import Any


def measured(function: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[Any, float, float]:
    """Return the result of a call in a fresh process, its wall time in seconds and its peak memory in GiB."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_call, (function, arguments))


def _call(function: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[Any, float, float]:
    start = time.perf_counter()
    result = function(*arguments)
    elapsed = time.perf_counter() - start
    return result, elapsed, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
