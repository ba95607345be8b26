"""What the classes of checks share: a test that asks for a fixture of one of their parameters runs for each of its values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from athermal.backends.base import Backend


class Checks:
    """Checks of one backend."""

    backend: ClassVar[Backend]

    def parameters(self) -> Mapping[str, Sequence[Any]]:
        """Return the values of each parameter, by name."""
        return {}

    def pytest_generate_tests(self, metafunc: Any) -> None:
        """Run each test for every value of the parameters that it asks for."""
        asked = {name for name in ("case", "machine", "s") if name in metafunc.fixturenames}
        for name, values in (self.parameters() if asked else {}).items():
            if name in asked:
                metafunc.parametrize(name, values, ids=lambda value: getattr(value, "name", None))
