"""Taking out one table, for whoever reads it over the line.

It is written to an unnamed file first, and recorded, and only then handed over: a reader who is slow holds no
transaction open, and what goes wrong is told before a byte has left. Memory is bounded whatever the size.
"""

import hashlib
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import IO

from btb_pro.exports.files import WrittenFile
from btb_pro.exports.format_names import Table, TableFormat
from btb_pro.exports.formats import ExportFormat
from btb_pro.exports.manifest import manifest_bytes
from btb_pro.exports.one_table import write_table
from btb_pro.services.audit import APP_VERSION, Context
from btb_pro.services.exporting import ExportOrder, dataset_of, plan_export, record_run
from btb_pro.services.runtime import Runtime


@dataclass(frozen=True, slots=True)
class TableOrder:
    """Which table is asked for, how it is written, and what of it."""

    table: Table
    style: TableFormat
    order: ExportOrder


@dataclass(frozen=True, slots=True)
class WrittenTable:
    """What a table came to."""

    rows: int
    """Without the header."""
    size: int
    """Bytes."""
    sha256: str
    manifest: bytes
    cutoff_seq: int
    cutoff_at: datetime

    @property
    def manifest_sha256(self) -> str:
        """Of the manifest's bytes."""
        return hashlib.sha256(self.manifest).hexdigest()


@dataclass(frozen=True, slots=True)
class TakenTable:
    """A table that was taken out: whoever gets it closes the file."""

    number: int
    """The export's."""
    written: WrittenTable
    file: IO[bytes]
    """At its beginning. It has no name on the disk and goes when it is closed."""


def take_table(runtime: Runtime, context: Context, wanted: TableOrder) -> TakenTable:
    """Write a table up to a cut-off, and record who took it.

    Raises:
        ExportRefused: as `take_export`.
        OSError: the instance's folder has no room.
    """
    with ExitStack() as undo:
        # Beside the database, since a folder for everybody's files is no place for answers.
        file = undo.enter_context(tempfile.TemporaryFile(dir=runtime.settings.instance))
        written = _write(runtime, wanted, file.write)
        plan = plan_export(runtime, ExportFormat.CSV, wanted.order)
        with runtime.database.writing() as session:
            name = f"{wanted.style.value}/{wanted.table.value}"
            number = record_run(session, context, plan, name, written.cutoff_seq, written.manifest_sha256)
            session.commit()
        file.seek(0)
        undo.pop_all()
    return TakenTable(number, written, file)


def manifest_of_table(runtime: Runtime, wanted: TableOrder) -> WrittenTable:
    """The manifest that a table up to a cut-off has. Nothing is taken out, so nothing is recorded.

    Raises:
        ExportRefused: as `take_export`.
    """
    return _write(runtime, wanted, lambda _: None)


def _write(runtime: Runtime, wanted: TableOrder, keep: Callable[[bytes], object]) -> WrittenTable:
    plan = plan_export(runtime, ExportFormat.CSV, wanted.order)
    digest = hashlib.sha256()
    size = 0

    def write(part: bytes) -> None:
        nonlocal size
        digest.update(part)
        size += len(part)
        keep(part)

    with dataset_of(runtime, plan) as dataset:
        rows = write_table(dataset, wanted.table, wanted.style, plan.options, write)
    file = WrittenFile(f"{wanted.table.value}.{wanted.style.value}", rows, digest.hexdigest())
    manifest = manifest_bytes(dataset, wanted.style.value, [file], plan.options, APP_VERSION)
    return WrittenTable(rows, size, file.sha256, manifest, dataset.cutoff.seq, dataset.cutoff.at)
