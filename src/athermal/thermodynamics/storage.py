"""Ledgers as netCDF files: what a ledger is made of, and beside it the tables that people and other programs read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from athermal._lazy import xr
from athermal.errors import FileFormatError
from athermal.thermodynamics import content, netcdf
from athermal.thermodynamics.labelled import Labelled

FORMAT = "athermal ledger"
FORMAT_VERSION = 2

_CONTENT = "/content"
_TOLD = ("content", "provenance")


def tree_of(ledger: Labelled) -> xr.DataTree:
    """Return a ledger as what stands in its netCDF file."""
    made_of = content.to_dataset(ledger)
    works = ledger.instants.assign(work=("interval", ledger.works, {"long_name": "work between consecutive instants"}))
    groups = {"/instants": works, "/cycles": ledger.cycles, "/cumulative": ledger.cumulative}
    if ledger.errors:
        groups |= {"/errors": ledger.errors, "/cumulative_errors": ledger.cumulative_errors}
    tree = xr.DataTree.from_dict({**groups, _CONTENT: made_of.drop_attrs()})
    tree.attrs = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        **made_of.attrs,
        "content_sha256": _digest(made_of, made_of.attrs),
        "conventions": "hbar = k_B = 1; entropies in nats; W > 0 is work done on the machine, Q_j > 0 is absorbed by reservoir j",
    }
    return tree


def load(path: Path) -> dict[str, Any]:
    """Read the fields of a ledger, or raise `FileFormatError` saying what is wrong with the file."""
    if not path.is_file():
        raise FileFormatError(f"There is no result file {path}.")
    tree, is_sealed = netcdf.read(path)
    if tree.attrs.get("format") != FORMAT:
        kind = str(tree.attrs.get("format", ""))
        held = f": it holds a {kind.removeprefix('athermal ')}" if kind.startswith("athermal ") else ""
        raise FileFormatError(f"{path} is a netCDF file, but not a ledger written by athermal{held}.")
    version = int(tree.attrs.get("format_version", -1))
    if version != FORMAT_VERSION:
        raise FileFormatError(
            f"{path} has ledger format version {version}, and this version of athermal reads version {FORMAT_VERSION}. Run it "
            "again from its machine file (the attribute `provenance` of the file holds it)."
        )
    try:
        told = {name: tree.attrs[name] for name in _TOLD}
        made_of = tree.children[_CONTENT.strip("/")].to_dataset(inherit=False).assign_attrs(told)
        if not is_sealed and tree.attrs["content_sha256"] != _digest(made_of, told):
            raise FileFormatError(
                f"{path} is damaged: its numbers do not match the checksum of its content. Run again to make it anew, or take a "
                "copy."
            )
        return content.from_dataset(made_of)
    except KeyError as error:
        raise FileFormatError(f"{path} lacks a part of a ledger ({error}). Run again to make it anew.") from error


def _digest(made_of: xr.Dataset, attributes: Mapping[str, Any]) -> str:
    return netcdf.content_digest({_CONTENT: made_of}, *(attributes[name] for name in _TOLD))
