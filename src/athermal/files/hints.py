"""What is said of a file that is no machine file."""

from __future__ import annotations

import re
from pathlib import Path

_LONGEST_LINE = 100


def line_of(text: str, message: str) -> str:
    """Return the line of a file that a TOML error names, to be shown."""
    found = re.search(r"line (\d+)", message)
    lines = text.splitlines()
    if not found or not 0 < int(found[1]) <= len(lines):
        return ""
    line = lines[int(found[1]) - 1].strip()
    return f" That line is\n  {line if len(line) <= _LONGEST_LINE else line[:_LONGEST_LINE] + ' ...'}"


def result_hint(path: Path) -> str:
    """Say what a file of results is for that was taken for a machine file."""
    if path.suffix == ".nc":
        return f" It looks like a result: use `athermal show {path}`."
    is_table = path.suffix in (".csv", ".json", ".parquet", ".xlsx", ".tex")
    return (
        " It looks like a table for other programs; `athermal show` reads machine files (.toml) and results (.nc)."
        if is_table
        else ""
    )
