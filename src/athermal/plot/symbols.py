"""How parameters and columns are named on axes."""

from __future__ import annotations

from athermal.plot import design
from athermal.thermodynamics import schema
from athermal.thermodynamics.column import Column

_GREEK = ("alpha", "beta", "gamma", "delta", "epsilon", "kappa", "lambda", "mu", "nu", "omega", "phi", "sigma", "tau", "theta")


def parameter_label(name: str) -> str:
    r"""Return the label of a parameter: the field's symbol where its name spells one.

    Examples
    --------
    >>> parameter_label("T_hot"), parameter_label("omega"), parameter_label("initial.strength")
    ('$T_\\mathrm{hot}$', '$\\omega$', 'initial.strength')
    """
    head, _, tail = name.rpartition(".")
    stem, _, below = tail.partition("_")
    if stem not in {*_GREEK, "T"} or (below and not below.isalnum()):
        return design.plain(name)
    symbol = stem if stem == "T" else f"\\{stem}"
    symbol = f"${symbol}_\\mathrm{{{below}}}$" if below else f"${symbol}$"
    return symbol if head in {"", "machine"} else f"{symbol} of {design.plain(head)}"


def column_label(name: str, *, with_unit: bool = True) -> str:
    r"""Return the label of a column, a chosen reservoir, subsystem or resource with it.

    Examples
    --------
    >>> column_label("power"), column_label("heat[hot bath]")
    ('power $-W/\\tau$', 'heat $Q$, hot bath')
    """
    bare, _, label = name.partition("[")
    column = schema.COLUMNS.get(bare)
    text = bare.replace("_", " ") if column is None else _of_axis(column, with_unit=with_unit)
    return f"{text}, {design.plain(label.removesuffix(']'))}" if label else text


def _of_axis(column: Column, *, with_unit: bool) -> str:
    """Return the word and the symbol of a column, "d" for a change as all figures have it; without both its long name."""
    unit = " (nat)" if with_unit and column.unit == "nat" else ""
    if not column.symbol:
        return column.word or column.meaning(is_interval=column.is_of_intervals)
    symbol = column.symbol.replace("_{%}", "").replace(r"\Delta", r"\mathrm{d}").replace(r"\min", r"\mathrm{min}")
    return f"{column.word} ${symbol}${unit}".strip()
