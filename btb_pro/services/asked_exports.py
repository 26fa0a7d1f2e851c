"""An export as somebody asks for it in the console, kept as JSON with its job."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

BUNDLE = "bundle"
"""What the record of exports calls one zip file with data in several formats."""


@dataclass(frozen=True, slots=True)
class AskedExport:
    """What is asked for, in types that JSON has."""

    format: str
    """An `ExportFormat`, or `BUNDLE`."""
    formats: tuple[str, ...] = ()
    """Of a bundle, beside the CSV tables that every bundle has."""
    visits: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    until: str | None = None
    """An event's number or an instant; the console asks for a number, so that what was looked at is taken."""
    submitted_only: bool = False
    language: str | None = None
    mapping: str | None = None
    mapping_name: str = ""
    """What the mapping file was called, for people."""
    again: int | None = None
    """The export that this is to equal, byte by byte."""

    @property
    def mapping_sha256(self) -> str | None:
        """Of the mapping file, as the record of exports names it."""
        return None if self.mapping is None else sha256(self.mapping.encode()).hexdigest()

    def as_json(self) -> Mapping[str, Any]:
        """What `of_json` reads."""
        return asdict(self)

    @classmethod
    def of_json(cls, kept: Mapping[str, Any]) -> "AskedExport":
        """What `as_json` gave."""
        lists = {name: tuple(kept[name]) for name in ("formats", "visits", "sites")}
        return cls(**{**kept, **lists})


def fits_sites(asked_sites: Collection[str], own: frozenset[str] | None) -> bool:
    """Whether somebody who works for some hospitals (None: all) may have what is of those (empty: all)."""
    return own is None or (bool(asked_sites) and own.issuperset(asked_sites))
