"""`athermal plot`, and the picture that a run leaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from athermal.errors import FileFormatError
from athermal.files import machine_file_of
from athermal.floquet import LimitCycle, limit_cycle
from athermal.thermodynamics.ledger import Ledger, load

_DOTS_PER_INCH = 200


# The figures that can show where late cycles tend to.
WITH_LIMIT = ("efficiency", "flows")


def draw(result: Path, kind: str, out: Path | None, *, with_limit: bool = False) -> Path:
    """Draw a figure of a saved ledger, with the limit cycle if asked for, and return the path of the picture."""
    if with_limit and kind not in WITH_LIMIT:
        raise FileFormatError(f"--limit goes with --kind {' or '.join(WITH_LIMIT)}, but the figure is {kind}.")
    if result.suffix == ".toml":
        raise FileFormatError(f"{result} is a machine file, not a result. Run it first: athermal run {result} --out results")
    ledger = load(result)
    ending = "" if kind == "summary" else f"_{kind.replace('-', '_')}"
    limit = limit_cycle(machine_file_of(ledger, result.stem, str(result)).machine) if with_limit else None
    return save_figure(ledger, kind, out or result.with_name(f"{result.stem}{ending}.png"), limit)


def save_figure(ledger: Ledger, kind: str, path: Path, limit: LimitCycle | None = None) -> Path:
    """Draw a figure of a ledger and write it to a file, whose ending chooses the format."""
    import matplotlib as mpl  # noqa: PLC0415  takes time to import, and --help should not

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    from athermal import plot  # noqa: PLC0415

    more = {} if limit is None else {"limit": limit}
    drawn: Any = getattr(plot, kind.replace("-", "_"))(ledger, **more)
    figure = drawn if kind == "summary" else drawn.figure
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
