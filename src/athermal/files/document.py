"""The tables of a machine file: read, changed, and checked before anything is made of them."""

from __future__ import annotations

import contextlib
import copy
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from athermal import _validate
from athermal._validate import suggest
from athermal.errors import FileFormatError, MachineError, StateError
from athermal.files.hints import line_of, result_hint
from athermal.files.overrides import SECTIONS, apply_override, parse_override
from athermal.files.tables import with_tables

Overrides = Mapping[str, Any] | Sequence[str]


def read_document(path: Path) -> dict[str, Any]:
    """Return the tables of a machine file as they stand there, or raise `FileFormatError`; see `read_machine_file`."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise FileFormatError(f"There is no machine file {path}.") from None
    except UnicodeDecodeError:
        raise FileFormatError(f"{path} is not a text file, as a machine file must be.{result_hint(path)}") from None
    except OSError as error:
        raise FileFormatError(f"The machine file {path} cannot be read: {error.strerror or error}.") from error
    document = tables_of(text, str(path))
    with naming(str(path)):
        return dict(with_tables(document, path.parent))


def tables_of(text: str, source: str) -> dict[str, Any]:
    """Return the tables of a text in TOML, or raise `FileFormatError`; `source` stands for the file."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FileFormatError(
            f"{source} is not valid TOML: {error}.{result_hint(Path(source)) or line_of(text, str(error))}"
        ) from None


def changed(document: dict[str, Any], overrides: Overrides, source: str) -> tuple[dict[str, Any], str]:
    """Return the tables of a file with changes made, checked as far as they can be without making the machine."""
    pairs = (
        list(copy.deepcopy(dict(overrides)).items())
        if isinstance(overrides, Mapping)
        else [parse_override(text) for text in overrides]
    )
    document = copy.deepcopy(document)
    changes = ", ".join(f"{key}={value}" for key, value in pairs)
    source = f"{source} with {changes}" if changes else source
    with naming(source):
        for key, value in pairs:
            apply_override(document, key, value)
        _check_plain(document, "")
        _check_sections(document)
        document = with_tables(document, Path())
    return document, source


@contextlib.contextmanager
def naming(source: str) -> Iterator[None]:
    """Put the name of the file before what is wrong with it."""
    try:
        yield
    except (MachineError, StateError, FileFormatError) as error:
        raise type(error)(f"{source}: {error}") from error.__cause__


def _check_plain(value: Any, place: str) -> None:
    """Raise `FileFormatError` if a document holds a date or time, which nothing here can be."""
    if isinstance(value, dict):
        for key, entry in value.items():
            _check_plain(entry, f"{place}.{key}" if place else str(key))
    elif isinstance(value, list):
        for k, entry in enumerate(value):
            _check_plain(entry, f"{place}.{k}")
    elif value is not None and not isinstance(value, (str, int, float, bool)):
        raise FileFormatError(f"`{place}` must be text, a number, true or false, a list or a table, but is {value}.")


def _check_sections(document: dict[str, Any]) -> None:
    for key in document:
        if key not in SECTIONS:
            raise FileFormatError(
                f"Unknown key {key!r} at the top of the file.{suggest(key, SECTIONS)} Known keys: {', '.join(SECTIONS)}."
            )
    if not isinstance(document.get("title", ""), str):
        raise FileFormatError(f"`title` of the file must be text in quotes, but is {_validate.shown(document['title'])}.")
    for key in ("run", "machine", "initial", "observables"):
        if not isinstance(document.get(key, {}), dict):
            raise FileFormatError(
                f"`{key}` of the file must be a table, written [{key}], but is {_validate.shown(document[key])}."
            )
    if "machine" not in document:
        raise FileFormatError('The file lacks the table [machine]. Write one, as in\n  [machine]\n  library = "two_oscillator"')
