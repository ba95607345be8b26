"""`athermal plot`, and the picture that a run leaves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from athermal.cli.limit import of_plan
from athermal.comparison import BackendComparison, DefinitionComparison
from athermal.errors import FileFormatError
from athermal.files import machine_file_of
from athermal.limit import LimitCycle
from athermal.study import load
from athermal.study.design import read_value
from athermal.thermodynamics.ledger import Ledger

_DOTS_PER_INCH = 200


# The figures that can show where late cycles tend to.
WITH_LIMIT = ("efficiency", "flows")

# The figures of a sweep, and the choices that each has.
_OF_A_SWEEP = {
    "heat-map": ("column", "x", "y", "cycle"),
    "mode-map": ("x", "y", "cycle"),
    "pareto": ("x", "y", "cycle"),
    "lasting": (),
}


def draw(result: Path, kind: str, out: Path | None, *, with_limit: bool = False, style: str = "screen") -> Path:
    """Draw a figure of a saved ledger, with the limit cycle if asked for, and return the path of the picture."""
    if with_limit and kind not in WITH_LIMIT:
        raise FileFormatError(f"--limit goes with --kind {' or '.join(WITH_LIMIT)}, but the figure is {kind}.")
    if kind in _OF_A_SWEEP:
        raise FileFormatError(f"The figure {kind} is of a sweep; RESULT must then be its folder, but is {result}.")
    if result.suffix == ".toml":
        raise FileFormatError(f"{result} is a machine file, not a result. Run it first: athermal run {result} --out results")
    ledger: Ledger = load(result)
    ending = "" if kind == "summary" else f"_{kind.replace('-', '_')}"
    limit = of_plan(machine_file_of(ledger, result.stem, str(result))) if with_limit else None
    return save_figure(ledger, kind, out or result.with_name(f"{result.stem}{ending}.png"), limit, style=style)


def draw_sweep(
    folder: Path, kind: str, out: Path | None, choices: dict[str, Any], fixed: Sequence[str], *, style: str = "screen"
) -> Path:
    """Draw a figure of a sweep, and return the path of the picture."""
    if kind not in _OF_A_SWEEP:
        raise FileFormatError(f"{folder} is a sweep; its figures are {', '.join(_OF_A_SWEEP)}, not {kind}.")
    for name, value in choices.items():
        if value is not None and name not in _OF_A_SWEEP[kind]:
            raise FileFormatError(f"--{name} does not go with --kind {kind}.")
    given = {name: value for name, value in choices.items() if value is not None}
    if fixed:
        given["at"] = dict(map(_fixed, fixed))
    sweep = load(folder)
    name = "_".join([kind.replace("-", "_"), *([given["column"]] if "column" in given else [])])
    return _saved(lambda plot: plot.SWEEP_FIGURES[kind](sweep, **given).figure, out or folder / f"{name}.png", style)


def _fixed(text: str) -> tuple[str, Any]:
    """Return the parameter and the value of "T_hot=2"."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise FileFormatError(f"--at must be written KEY=VALUE, as in T_hot=2, but is {text!r}.")
    return name.strip(), read_value(value)


def check_of_a_sweep(choices: dict[str, Any], fixed: Sequence[str] | None) -> None:
    """Raise `FileFormatError` if something was chosen that only figures of sweeps have."""
    chosen = [name for name, value in choices.items() if value is not None] + (["at"] if fixed else [])
    if chosen:
        raise FileFormatError(f"--{chosen[0]} goes with the figures of a sweep; RESULT must then be its folder.")


def save_figure(ledger: Ledger, kind: str, path: Path, limit: LimitCycle | None = None, *, style: str = "screen") -> Path:
    """Draw a figure of a ledger and write it to a file, whose ending chooses the format."""
    more = {} if limit is None else {"limit": limit}

    def drawn(plot: Any) -> Any:
        figure = getattr(plot, kind.replace("-", "_"))(ledger, **more)
        return figure if kind == "summary" else figure.figure

    return _saved(drawn, path, style)


def save_comparison(comparison: BackendComparison, path: Path) -> Path:
    """Draw how far backends are apart and write it to a file."""
    return _saved(lambda plot: plot.backends(comparison).figure, path)


def save_definitions(comparison: DefinitionComparison, path: Path, cycle: int | None) -> Path:
    """Draw the definitions of work and heat on one run and write the figure to a file."""
    return _saved(lambda plot: plot.definitions(comparison, cycle=cycle)[0].figure, path)


def _saved(draw: Callable[[Any], Any], path: Path, style: str = "screen") -> Path:
    """Draw a figure with `athermal.plot` and write it to a file."""
    import matplotlib as mpl  # noqa: PLC0415  takes time to import, and --help should not

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    from athermal import plot  # noqa: PLC0415

    with plot.style(style):
        figure = draw(plot)
    try:
        known = figure.canvas.get_supported_filetypes()
        if path.suffix.lstrip(".").lower() not in known:
            raise FileFormatError(
                f"The picture {path} must end in .png, .pdf, .svg or another format of matplotlib, but ends in {path.suffix!r}."
            )
        figure.savefig(path, dpi=_DOTS_PER_INCH)
    except OSError as error:
        raise FileFormatError(
            f"The picture could not be written to {path}: {error.strerror or error}. Choose a folder that exists and "
            "can be written to."
        ) from error
    finally:
        plt.close(figure)
    return path
