"""A certified copy: all data of one hospital with its audit trail, for the hospital's own investigator.

A zip file of pages for people and JSON for machines, written in a stream with one participant in memory at a
time. The last file names every other one with its SHA-256. Taking one is an audit event, and what it holds is
everything up to that event.
"""

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import groupby
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.exports.copy_page import index_page, participant_page
from btb_pro.exports.proof import MANIFEST, canonical_manifest
from btb_pro.exports.records import CutOff, VisitRecord
from btb_pro.models.base import AuditEvent
from btb_pro.services.audit import APP_VERSION, Context, Tag, step
from btb_pro.services.copied_records import Content, CopiedRecords
from btb_pro.services.runtime import Runtime

SUMS = "SHA256SUMS"


@dataclass(frozen=True, slots=True)
class CopyOrder:
    """Which copy is taken: of which hospital, in which language, by whom, up to which event."""

    site: str
    language: str
    taken_by: str
    cutoff: CutOff

    @property
    def name(self) -> str:
        """What the file is called."""
        return f"certified-copy-{self.site}-{self.cutoff.seq}.zip"


def order_copy(session: Session, context: Context, site: str, language: str) -> CopyOrder:
    """Record that a copy is taken, and fix what it holds; the caller commits, then streams `copy_chunks`."""
    with step(session, context, Tag.COPY_TAKE) as event:
        event.change("copy", site, "language", None, language)
        event.change("copy", site, "cutoff_seq", None, f"{event.seq}")
    written = session.get_one(AuditEvent, event.seq)
    cutoff = CutOff(written.seq, written.at, written.hash)
    return CopyOrder(site, language, context.actor.name, cutoff)


def copy_chunks(runtime: Runtime, order: CopyOrder) -> Iterator[bytes]:
    """The zip file's bytes, piece by piece."""
    sink = _Sink()
    hashes: dict[str, str] = {}
    with ZipFile(sink, "w", ZIP_DEFLATED) as archive:
        for name, content in _files(runtime, order):
            hashes[name] = sha256(content).hexdigest()
            _add(archive, name, content, order.cutoff.at)
            yield sink.take()
        manifest = canonical_manifest(_head(runtime, order) | {"files": _listed(hashes)})
        _add(archive, MANIFEST, manifest, order.cutoff.at)
    yield sink.take()


def _listed(hashes: Mapping[str, str]) -> dict[str, dict[str, str]]:
    return {name: {"sha256": digest} for name, digest in hashes.items()}


def _add(archive: ZipFile, name: str, content: bytes, at: datetime) -> None:
    entry = ZipInfo(name, at.timetuple()[:6])
    entry.compress_type = ZIP_DEFLATED
    entry.external_attr = 0o600 << 16
    archive.writestr(entry, content)


class _Sink(io.RawIOBase):
    """What the zip file is written into: it keeps what nobody has taken yet."""

    def __init__(self) -> None:
        super().__init__()
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._held += data
        return len(data)

    def take(self) -> bytes:
        """What was written since the last time."""
        held, self._held = bytes(self._held), bytearray()
        return held


def _head(runtime: Runtime, order: CopyOrder) -> Content:
    study = runtime.study
    return {
        "kind": "certified copy",
        "study": {"code": study.code, "version": study.version, "sha256": study.sha256},
        "site": order.site,
        "created_at": clock.utc_text(order.cutoff.at),
        "created_by": order.taken_by,
        "app_version": APP_VERSION,
        "cutoff": {
            "seq": order.cutoff.seq,
            "at": clock.utc_text(order.cutoff.at),
            "hash": order.cutoff.hash,
        },
    }


def _files(runtime: Runtime, order: CopyOrder) -> Iterator[tuple[str, bytes]]:
    sums: list[str] = []
    for name, content in _pages(runtime, order):
        sums.append(f"{sha256(content).hexdigest()}  {name}\n")
        yield name, content
    yield SUMS, "".join(sums).encode()


def _pages(runtime: Runtime, order: CopyOrder) -> Iterator[tuple[str, bytes]]:
    """The first page, then a page and its JSON for each participant, by study number."""
    with runtime.database.reading() as session:
        reader = CopiedRecords(session, runtime, order.site, order.language, order.cutoff)
        people = reader.people()
        names = [
            (person.study_number, f"participants/{place:05}-{person.study_number}")
            for place, person in enumerate(people, start=1)
        ]
        yield "index.html", index_page(_about(runtime, order), names, order.language)
        begun = groupby(reader.dataset.visits(), key=lambda visit: visit.participant)
        waiting = next(begun, None)
        for person, (number, name) in zip(people, names, strict=True):
            of_person: list[VisitRecord] = []
            if waiting is not None and waiting[0] == number:
                of_person = list(waiting[1])
                waiting = next(begun, None)
            content = reader.participant(person, of_person)
            yield f"{name}.html", participant_page(content, order.language)
            yield f"{name}.json", (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()


def _about(runtime: Runtime, order: CopyOrder) -> Content:
    study = runtime.study
    return {
        "study": study.name[order.language],
        "study_version": study.version,
        "site": study.site(order.site).name,
        "created_at": clock.utc_text(order.cutoff.at),
        "created_by": order.taken_by,
        "app_version": APP_VERSION,
        "cutoff": order.cutoff.seq,
        "hash": order.cutoff.hash,
    }
