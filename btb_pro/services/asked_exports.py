"""An export as somebody asks for it in the console: kept with its job, found sound, and made."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from btb_pro.exports.dataset import Dataset
from btb_pro.exports.formats import FORMATS, ExportFormat
from btb_pro.exports.proof import receipt_path
from btb_pro.exports.watched import Watch
from btb_pro.services.audit import Context
from btb_pro.services.bundling import BUNDLE, Noted, plan_bundle, take_bundle, take_zip
from btb_pro.services.exporting import ExportOrder, ExportPlan, dataset_of, plan_export
from btb_pro.services.runtime import Runtime

__all__ = [
    "BUNDLE",
    "AskedExport",
    "fits_sites",
    "make_file",
    "opened",
    "passes_of",
    "plan_of",
    "receipt_path",
]


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
    def order(self) -> ExportOrder:
        """In the words of the export."""
        return ExportOrder(
            visits=self.visits,
            sites=self.sites,
            until=self.until,
            submitted_only=self.submitted_only,
            language=self.language,
            mapping=None if self.mapping is None else self.mapping.encode(),
        )

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


def plan_of(runtime: Runtime, asked: AskedExport) -> ExportPlan:
    """Find an order sound, of all its formats; the plan of the first.

    Raises:
        ExportRefused, MappingRefused: as `take_export` does.
    """
    if asked.format == BUNDLE:
        return plan_bundle(runtime, asked.order, _formats(asked))[0]
    return plan_export(runtime, ExportFormat(asked.format), asked.order)


@contextmanager
def opened(runtime: Runtime, plan: ExportPlan) -> Iterator[Dataset]:
    """What a plan would take out, to look at. Raises as `dataset_of` does."""
    with dataset_of(runtime, plan) as dataset:
        yield dataset


def passes_of(asked: AskedExport) -> int:
    """How often the data set is read through."""
    if asked.format != BUNDLE:
        return FORMATS[ExportFormat(asked.format)].passes
    wanted = dict.fromkeys((ExportFormat.CSV, *_formats(asked)))
    return sum(FORMATS[one].passes for one in wanted)


def fits_sites(asked_sites: Collection[str], own: frozenset[str] | None) -> bool:
    """Whether somebody who works for some hospitals (None: all) may have what is of those (empty: all)."""
    return own is None or (bool(asked_sites) and own.issuperset(asked_sites))


def make_file(
    runtime: Runtime, context: Context, asked: AskedExport, out: Path, *, watch: Watch, noted: Noted
) -> None:
    """Make the one file that is asked for. Raises as `take_bundle` does, and what `watch` raises."""
    if asked.format == BUNDLE:
        take_bundle(runtime, context, out, asked.order, _formats(asked), watch=watch, noted=noted)
    else:
        file_format = ExportFormat(asked.format)
        take_zip(runtime, context, out, asked.order, file_format, watch=watch, noted=noted)


def _formats(asked: AskedExport) -> Sequence[ExportFormat]:
    return [ExportFormat(one) for one in asked.formats]
