"""Exact thermodynamics of quantum machines whose parts are correlated.

Describe a machine, run it exactly (bath included), and read the complete ledger of each cycle: work, heat, every entropic
resource, efficiency against Carnot, the mode it runs in, and which resource paid.

>>> import athermal as at
>>> ledger = at.run(at.library.two_oscillator(modes=12), cycles=2)
>>> ledger.work.dims
('cycle',)
"""

from pathlib import Path
from typing import Any

from athermal._lazy import attach

# What comes from where stands in the stub file beside this one; each name is imported when it is first used.
_imported, __dir__, __all__ = attach(__name__, Path(__file__).with_suffix(".pyi"))


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415  takes as long as all the rest

        return version("athermal")
    return _imported(name)
