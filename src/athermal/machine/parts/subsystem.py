"""What every subsystem is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from pydantic import ConfigDict

from athermal._types import FloatArray
from athermal.machine.drive import Drive


class Subsystem(ABC):
    """A subsystem of a machine. Kinds that are parts of machines say of which families these may be."""

    __pydantic_config__ = ConfigDict(extra="forbid")
    families: ClassVar[tuple[str, ...]] = ()
    """The names of the families of machines that it may be a part of."""
    with_levels: ClassVar[str] = ""
    """The kind of a finite part that it may be written as, with a number of levels."""
    name: str

    @property
    @abstractmethod
    def drives(self) -> tuple[tuple[str, Drive], ...]:
        """The drives it holds, with the names of their fields."""

    @abstractmethod
    def transitions(self, times: FloatArray) -> FloatArray:
        """Return the distinct frequencies that it takes at some times: its own, or those between its levels."""

    @property
    def owner(self) -> str:
        """What error messages call it."""
        return f"{type(self).__name__} {self.name!r}"
