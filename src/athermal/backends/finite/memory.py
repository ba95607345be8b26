"""How much memory a run needs, told before any of it is taken, and caches that keep within it."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from athermal.errors import MachineError
from athermal.machine.machine import Machine
from athermal.machine.parts import FiniteBath

GIB = 2.0**30
# Matrices of the size of a bath by its Hamiltonian that its diagonalisation holds at once.
_BATH_MATRICES = 4

Value = TypeVar("Value")


def check_memory(what: str, dimension: int, bytes_each: float, power: int, max_memory: float, remedy: str) -> None:
    """Raise `MachineError` if `bytes_each` times dimension^power, however large, is more than `max_memory` GiB."""
    size = math.log10(dimension)
    needed = math.log10(bytes_each) + power * size - math.log10(GIB)
    if needed > math.log10(max_memory):
        told = f"{10.0**needed:.3g}" if needed < 12.0 else f"1e{needed:.0f}"
        raise MachineError(
            f"{what} has dimension {dimension if size < 15.0 else f'1e{size:.0f}'} and would need about {told} GiB, but "
            f"`max_memory` of the backend is {max_memory:g} GiB. {remedy}, or raise `max_memory` if there is that much."
        )


def check_baths(machine: Machine, max_memory: float) -> None:
    """Raise `MachineError` if a bath by its Hamiltonian is too large to be diagonalised."""
    for bath in machine.reservoirs:
        if isinstance(bath, FiniteBath) and not bath.is_diagonal:
            what = f"The Hamiltonian of reservoir {bath.name!r}"
            check_memory(what, bath.dimension, 16.0 * _BATH_MATRICES, 2, max_memory, "Use a smaller bath")


class Held(Generic[Value]):
    """What was worked out, the latest of it up to a number of bytes; the rest is worked out again when it is asked for."""

    def __init__(self, size: Callable[[Value], float], most: float) -> None:
        self._size = size
        self._most = most
        self._values: OrderedDict[Hashable, Value] = OrderedDict()
        self._total = 0.0

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """Return the value of a key, made if it is not held."""
        if key in self._values:
            self._values.move_to_end(key)
            return self._values[key]
        value = make()
        self._values[key] = value
        self._total += self._size(value)
        while len(self._values) > 1 and self._total > self._most:
            _, dropped = self._values.popitem(last=False)
            self._total -= self._size(dropped)
        return value
