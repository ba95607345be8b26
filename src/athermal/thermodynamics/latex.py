"""Tables for LaTeX, with the field's symbols and the rules of the package booktabs."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from athermal._numbers import number
from athermal._validate import suggest
from athermal.errors import StudyError
from athermal.thermodynamics import schema
from athermal.thermodynamics.table import column_of, is_of_words

if TYPE_CHECKING:
    import pandas as pd

_NATURAL = ("", "1", "energy", "time", "energy/time", "temperature")  # units that a reader knows without being told
_ESCAPES = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
_WORDS = re.compile(r"[A-Za-z]")


def table(frame: pd.DataFrame, columns: Sequence[str] | None = None, *, digits: int = 5) -> str:
    """Return columns of a table as a LaTeX tabular; a column X_error becomes the standard error of X.

    Raises
    ------
    StudyError
        If there is no such column.
    """
    names = [name for name in frame.columns if not name.endswith("_error")] if columns is None else list(columns)
    if isinstance(columns, str):
        raise StudyError(f"`columns` of a table must be a list of names, but is {columns!r}.")
    for name in names:
        if name not in frame.columns:
            raise StudyError(
                f"There is no column {name!r} in the table.{suggest(str(name), frame.columns)} It has {', '.join(frame.columns)}."
            )
    units = frame.attrs.get("units", {})
    header = [symbol(name) + ("" if units.get(name, "") in _NATURAL else f" ({escaped(units[name])})") for name in names]
    cells = [_column(frame, name, digits) for name in names]
    kinds = "".join("r" if frame[name].dtype.kind in "iuf" else "l" for name in names)
    return _tabular(kinds, header, [list(row) for row in zip(*cells, strict=True)])


def printed(rows: Sequence[Sequence[str]]) -> str:
    """Return the rows of a printed ledger, a header first, as a LaTeX tabular."""
    kinds = "".join("l" if is_of_words(title) else "r" for title in rows[0])
    return _tabular(kinds, [_header(title) for title in rows[0]], [[_cell(cell) for cell in row] for row in rows[1:]])


def symbol(name: str) -> str:
    r"""Return the symbol of a column in a LaTeX text; its name where it has none.

    Examples
    --------
    >>> symbol("heat[hot bath]"), symbol("mutual_information_change"), symbol("paid_by")
    ('$Q_{\\mathrm{hot~bath}}$', '$\\Delta I(S,R)$', 'paid by')
    """
    bare, _, part = name.partition("[")
    known = "t" if bare == "time" else schema.COLUMNS[bare].symbol if bare in schema.COLUMNS else ""
    if not known or (bool(part) != ("%" in known)):
        return escaped(name.replace("_", " "))
    return f"${known.replace('%', _part(part.removesuffix(']')))}$"


def escaped(text: str) -> str:
    r"""Return a text with the signs escaped that LaTeX gives a meaning.

    Examples
    --------
    >>> print(escaped("50% of T_hot & more"))
    50\% of T\_hot \& more
    """
    return "".join(_ESCAPES.get(sign, f"\\{sign}" if sign in "&%$#_{}" else sign) for sign in text)


def _part(name: str) -> str:
    return rf"\mathrm{{{escaped(name).replace(' ', '~')}}}"


def _header(title: str) -> str:
    bare, _, unit = title.removesuffix("]").partition(" [")
    column, part = column_of(bare)
    if column is None or column.heading is None or not column.symbol:
        return escaped(title)
    known = column.symbol.replace("_{%}", "") if column.heading.is_total else column.symbol.replace("%", _part(part))
    sign = "-" if column.heading.sign < 0.0 else ""
    return f"${sign}{known}$" + (f" ({escaped(unit)})" if unit else "")


def _column(frame: pd.DataFrame, name: str, digits: int) -> list[str]:
    values = frame[name].tolist()
    if frame[name].dtype.kind != "f":
        return [escaped(str(value)) for value in values]
    errors = frame[f"{name}_error"].tolist() if f"{name}_error" in frame.columns else [None] * len(values)
    scale = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    return [_cell(number(value, error, scale=scale, digits=digits)) for value, error in zip(values, errors, strict=True)]


def _cell(text: str) -> str:
    r"""Return the text of a cell, numbers as mathematics: "0.50±0.01" becomes $0.50 \pm 0.01$."""
    if text == "-":
        return "--"
    found = re.fullmatch(r"(.*?)( \(!\))?", text)
    bare = found[1] if found else text
    if _WORDS.search(bare.replace("inf", "").replace("e", "")) or not re.search(r"\d|inf", bare):
        return escaped(text)
    power = re.fullmatch(r"(.*)e([-+]?\d+)", bare)
    mantissa = (power[1] if power else bare).replace("±", r" \pm ").replace("inf", r"\infty")
    return f"${mantissa}" + (rf" \times 10^{{{int(power[2])}}}$" if power else "$")


def _tabular(kinds: str, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = [rf"\begin{{tabular}}{{{kinds}}}", r"\toprule", " & ".join(header) + r" \\", r"\midrule"]
    lines += [" & ".join(row) + r" \\" for row in rows]
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])
