"""Modules and names that are imported when they are first used."""

from __future__ import annotations

import ast
import functools
import importlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any


def attach(package: str, stub: Path) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Return `__getattr__`, `__dir__` and `__all__` of a package whose names are imported when they are first used (PEP 562).

    Names of its namespaces, the modules of the package that the stub lists, are found at the top too; they are not listed there.

    Parameters
    ----------
    package : str
    stub : Path
        Its stub file, which says for readers and type checkers what comes from where: `from package.module import name`.
    """
    homes = {
        alias.asname or alias.name: (node.module or "", alias.name)
        for node in ast.parse(stub.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }

    def getattribute(name: str) -> Any:
        if name in homes:
            module, original = homes[name]
            if module == package:
                return importlib.import_module(f"{package}.{original}")
            found = getattr(importlib.import_module(module), original)
            setattr(sys.modules[package], name, found)
            return found
        if not name.startswith("_") and importlib.util.find_spec(f"{package}.{name}") is not None:
            return importlib.import_module(f"{package}.{name}")
        for space in (space for space, (module, _) in homes.items() if module == package):
            if name in _listed(f"{package}.{space}"):
                return getattr(importlib.import_module(f"{package}.{space}"), name)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    def directory() -> list[str]:
        held = vars(sys.modules[package])
        rooms = {name for name in held if f"{package}.{name}" in sys.modules}
        return sorted({*homes, *rooms, "__version__", *(name for name in held if name.startswith("__"))})

    return getattribute, directory, sorted(homes, key=_order)


@functools.cache
def _listed(module: str) -> frozenset[str]:
    """Return the names in the `__all__` of a module, without importing it."""
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        return frozenset()
    for node in ast.parse(Path(spec.origin).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and [getattr(target, "id", "") for target in node.targets] == ["__all__"]:
            return frozenset(ast.literal_eval(node.value)) if isinstance(node.value, ast.List) else frozenset()
    return frozenset()


def _order(name: str) -> tuple[int, str]:
    """Return the key of the order in which names are listed: constants, classes, functions."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2), name


class LazyModule(ModuleType):
    """A module that is imported when something in it is first used.

    >>> LazyModule("json").dumps([1])
    '[1]'
    """

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module(self.__name__), name)


if TYPE_CHECKING:
    import xarray as xr
else:  # pandas comes with it: a machine runs without them, and its ledger is read with them
    xr = LazyModule("xarray")
__all__ = ["LazyModule", "attach", "xr"]
