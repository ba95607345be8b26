"""The command line: `athermal run`, `list`, `show`, `plot`."""

from athermal.cli.app import app, main

__all__ = ["app", "main"]
