"""One machine looked at in several ways, side by side."""

from athermal.comparison.backend_result import BackendComparison
from athermal.comparison.backends import compare_backends

__all__ = ["BackendComparison", "compare_backends"]
