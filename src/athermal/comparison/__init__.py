"""One run looked at in several ways, side by side."""

from athermal.comparison.definitions import DefinitionComparison, compare_definitions

__all__ = ["DefinitionComparison", "compare_definitions"]
