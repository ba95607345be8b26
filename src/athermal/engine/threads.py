"""How many threads the linear algebra library runs on."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import cache

from threadpoolctl import ThreadpoolController


@cache
def _controller() -> ThreadpoolController:
    """Return the controller of the libraries that NumPy and SciPy have loaded; looking for them takes milliseconds."""
    return ThreadpoolController().select(user_api="blas")


@contextlib.contextmanager
def blas_threads(count: int | None) -> Iterator[int]:
    """Run on at most `count` threads of the linear algebra library, or on as many as there are if None; yield how many.

    The last bits of a product or a factorisation depend on this number, and so does the last bit of a ledger.

    Examples
    --------
    >>> with blas_threads(1) as threads:
    ...     threads
    1
    """
    with _controller().limit(limits=count):
        yield max((entry["num_threads"] for entry in _controller().info()), default=1)
