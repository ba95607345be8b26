"""How parameters and columns are named on axes."""

from __future__ import annotations

from athermal.plot import design
from athermal.thermodynamics.columns import LONG_NAMES

_GREEK = ("alpha", "beta", "gamma", "delta", "epsilon", "kappa", "lambda", "mu", "nu", "omega", "phi", "sigma", "tau", "theta")

_SYMBOLS = {
    "efficiency": r"efficiency $\eta$",
    "power": r"power $-W/\tau$",
    "work": "work $W$",
    "work_output": "work output $-W$",
    "heat": "heat $Q$",
    "sigma_change": r"$\mathrm{d}\sigma$ (nat)",
    "sigma_total_change": r"$\mathrm{d}\Sigma$ (nat)",
    "entropic_work": r"$T_\mathrm{min}\,\mathrm{d}\sigma$",
    "entropic_share": r"entropic share $T_\mathrm{min}\mathrm{d}\sigma/W$",
    "thermal_share": r"thermal share $\Sigma_j\,\eta_j Q_j/W$",
    "coefficient_of_performance": r"coefficient of performance",
    "mutual_information": "$I(S,R)$ (nat)",
    "system_correlation": "$C(S)$ (nat)",
    "reservoir_correlation": "$C(R)$ (nat)",
    "heat_intake": r"heat intake $Q_\mathrm{in}$",
}


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


def column_label(name: str) -> str:
    r"""Return the label of a column, a chosen reservoir, subsystem or resource with it.

    Examples
    --------
    >>> column_label("power"), column_label("heat[hot bath]")
    ('power $-W/\\tau$', 'heat $Q$, hot bath')
    """
    bare, _, label = name.partition("[")
    text = _SYMBOLS.get(bare) or LONG_NAMES.get(bare, (bare.replace("_", " "), ""))[0]
    return f"{text}, {design.plain(label.removesuffix(']'))}" if label else text
