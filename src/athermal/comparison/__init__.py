"""One machine or one run looked at in several ways, side by side."""

from athermal.comparison.backend_result import BackendComparison
from athermal.comparison.backends import compare_backends
from athermal.comparison.definitions import DefinitionComparison, compare_definitions

__all__ = ["BackendComparison", "DefinitionComparison", "compare_backends", "compare_definitions"]
