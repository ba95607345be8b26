"""Where results are written: folders and files named by --out, made before a run, and nothing replaced unasked."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

from athermal.errors import FileFormatError
from athermal.thermodynamics.export import ENDINGS

PICTURES = (".png", ".pdf", ".svg")


def ledger_files(out: Path, name: str) -> dict[str, Path]:
    """Return what a command writes of a ledger: NAME.nc and NAME.png in a folder, or the one file that --out names.

    Examples
    --------
    >>> ledger_files(Path("no_such_folder"), "otto")["figure"].as_posix()
    'no_such_folder/otto.png'
    >>> ledger_files(Path("otto.csv"), "otto")
    {'ledger': PosixPath('otto.csv')}
    """
    ending = out.suffix.lower()
    if out.is_dir() or not _looks_like_a_file(out):
        return {"ledger": out / f"{name}.nc", "figure": out / f"{name}.png"}
    if ending in ENDINGS:
        return {"ledger": out}
    if ending in PICTURES:
        return {"figure": out}
    raise FileFormatError(
        f"--out must be a folder, or a file that ends in {', '.join((*ENDINGS, *PICTURES))}, but is {out}. If that is to be a "
        "folder, make it first."
    )


def folder_of(out: Path, more: str = "") -> Path:
    """Return the folder that --out names, or raise `FileFormatError` if it names a file."""
    if not out.is_dir() and _looks_like_a_file(out):
        raise FileFormatError(
            f"--out must be a folder here, but {out} looks like a file.{more} If it is to be a folder, make it first."
        )
    return out


def prepare(paths: Iterable[Path], *, force: bool) -> None:
    """Make the folders of results, and find out before a long run whether they can be written, and would replace something."""
    paths = list(paths)
    if not force and (held := next((path for path in paths if path.exists()), None)) is not None:
        raise FileFormatError(
            f"{held} exists already and would be replaced. Choose another --out, or give --force to replace it."
        )
    for folder in dict.fromkeys(path.parent for path in paths):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            raise FileFormatError(
                f"Results cannot be written to the folder {folder} (--out): {error.strerror or error}. Choose another."
            ) from error


def _looks_like_a_file(path: Path) -> bool:
    """Tell whether a name ends as those of files do: a dot and a few letters."""
    ending = path.suffix[1:]
    return 1 < len(ending) <= 7 and (ending.isalpha() or path.suffix.lower() in ENDINGS)
