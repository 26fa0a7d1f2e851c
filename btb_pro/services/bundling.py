"""Taking out one zip file: of one format, or a bundle of several, with a receipt beside it."""

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.exports.dataset import Dataset
from btb_pro.exports.files import WrittenFile, write_file, write_zip
from btb_pro.exports.folder import new_folder, publish_file
from btb_pro.exports.formats import FORMATS, ExportFormat
from btb_pro.exports.manifest import manifest_bytes
from btb_pro.exports.mapping import mapping_target
from btb_pro.exports.proof import MANIFEST, receipt_bytes, receipt_path
from btb_pro.exports.watched import Watch
from btb_pro.exports.writing import WriteOptions
from btb_pro.services.asked_exports import BUNDLE
from btb_pro.services.audit import APP_VERSION, Context
from btb_pro.services.cut_offs import MappingForNothing
from btb_pro.services.exporting import (
    ExportOrder,
    ExportPlan,
    ExportRefused,
    ExportSummary,
    dataset_of,
    plan_export,
    record_run,
)
from btb_pro.services.runtime import Runtime

MAPPING = "mapping.toml"


Noted = Callable[[Session, ExportSummary], None]
"""Notes in the same transaction what an export became part of; it may still refuse."""


@dataclass(frozen=True, slots=True)
class _Packed:
    """A bundle that lies ready under a temporary name."""

    zip_file: Path
    rows: dict[str, int]
    manifest: bytes


def take_bundle(
    runtime: Runtime,
    context: Context,
    out: Path,
    order: ExportOrder,
    formats: Sequence[ExportFormat] = (),
    *,
    watch: Watch | None = None,
    noted: Noted | None = None,
) -> ExportSummary:
    """Write a zip file with the CSV tables, further formats and a manifest, and a receipt beside it.

    A mapping file goes in, and is used by the formats that it is for.

    Raises:
        ExportRefused: as for `take_export`; or a file of that name is there.
        MappingRefused, CannotBeWritten: as for `take_export`.
    """
    plans = plan_bundle(runtime, order, formats)
    return _take(runtime, context, out, order.mapping, plans, watch, noted, is_bundle=True)


def take_zip(
    runtime: Runtime,
    context: Context,
    out: Path,
    order: ExportOrder,
    file_format: ExportFormat,
    *,
    watch: Watch | None = None,
    noted: Noted | None = None,
) -> ExportSummary:
    """Write the files of one format and their manifest as one zip file, and a receipt beside it.

    Raises:
        ExportRefused, MappingRefused, CannotBeWritten: as for `take_bundle`.
    """
    plan = plan_export(runtime, file_format, order)
    return _take(runtime, context, out, None, [plan], watch, noted, is_bundle=False)


def _take(
    runtime: Runtime,
    context: Context,
    out: Path,
    mapping: bytes | None,
    plans: Sequence[ExportPlan],
    watch: Watch | None,
    noted: Noted | None,
    *,
    is_bundle: bool,
) -> ExportSummary:
    out = Path(os.path.realpath(out))
    if out.exists() or receipt_path(out).exists():
        raise ExportRefused(f"{out} or its receipt is there already: name a new file.")
    try:
        # A folder of another name than the file, in the same place; it is never published.
        with (
            new_folder(out.with_name(f"{out.name}.making")) as folder,
            dataset_of(runtime, plans[0], watch) as dataset,
        ):
            pack = _pack if is_bundle else _pack_one
            packed = pack(dataset, folder.path, plans, mapping)
            return _publish(runtime, context, out, plans, dataset, packed, noted, is_bundle=is_bundle)
    except OSError as error:
        raise ExportRefused(
            f"The export cannot be written to {out} ({error.strerror or error}): nothing was left there. "
            "Name a file in a place that can be written and has room."
        ) from error


def plan_bundle(
    runtime: Runtime, order: ExportOrder, formats: Sequence[ExportFormat]
) -> Sequence[ExportPlan]:
    """Read an order for a bundle: a plan for each format. Raises as `take_bundle` does."""
    wanted = list(dict.fromkeys((ExportFormat.CSV, *formats)))
    target = None if order.mapping is None else mapping_target(order.mapping)
    are_for = [one for one in wanted if FORMATS[one].takes_mapping and FORMATS[one].target is target]
    if target is not None and not are_for:
        raise MappingForNothing(target.value)
    return [
        plan_export(runtime, one, order if one in are_for else replace(order, mapping=None)) for one in wanted
    ]


def _pack(dataset: Dataset, folder: Path, plans: Sequence[ExportPlan], mapping: bytes | None) -> _Packed:
    files: list[WrittenFile] = []
    for plan in plans:
        part = folder / plan.file_format.value
        part.mkdir(mode=0o700)
        for file in FORMATS[plan.file_format].write(dataset, part, plan.options):
            files.append(replace(file, name=f"{part.name}/{file.name}"))
    if mapping is not None:
        files.append(write_file(folder / MAPPING, mapping))
    options = replace(plans[0].options, names=replace(plans[0].options.names, source=mapping))
    return _zip(dataset, folder, BUNDLE, files, options)


def _pack_one(dataset: Dataset, folder: Path, plans: Sequence[ExportPlan], _mapping: bytes | None) -> _Packed:
    (plan,) = plans
    files = FORMATS[plan.file_format].write(dataset, folder, plan.options)
    return _zip(dataset, folder, plan.file_format.value, files, plan.options)


def _zip(
    dataset: Dataset, folder: Path, name: str, files: Sequence[WrittenFile], options: WriteOptions
) -> _Packed:
    manifest = manifest_bytes(dataset, name, files, options, APP_VERSION)
    write_file(folder / MANIFEST, manifest)
    entries = [(name, folder / name) for name in (MANIFEST, *(file.name for file in files))]
    zip_file = folder / "zip"
    write_zip(zip_file, entries, dataset.cutoff.at)
    return _Packed(zip_file, {file.name: file.rows for file in files}, manifest)


def _publish(
    runtime: Runtime,
    context: Context,
    out: Path,
    plans: Sequence[ExportPlan],
    dataset: Dataset,
    packed: _Packed,
    noted: Noted | None,
    *,
    is_bundle: bool,
) -> ExportSummary:
    """Files first, then the record, as for every export."""
    seq, manifest_sha256 = dataset.cutoff.seq, sha256(packed.manifest).hexdigest()
    name = BUNDLE if is_bundle else plans[0].file_format.value
    more = {"formats": [plan.file_format.value for plan in plans]} if is_bundle else None
    with runtime.database.writing() as session, ExitStack() as undo:
        number = record_run(session, context, plans[0], name, seq, manifest_sha256, packed.manifest, more)
        receipt = receipt_bytes(
            packed.zip_file, out.name, number, context.actor.name, clock.now(), manifest_sha256, seq
        )
        write_file(receipt_path(out), receipt)
        undo.callback(receipt_path(out).unlink)
        publish_file(packed.zip_file, out)
        undo.callback(out.unlink)
        summary = ExportSummary(
            number=number,
            folder=out,
            cutoff_seq=seq,
            cutoff_at=dataset.cutoff.at,
            rows=packed.rows,
            manifest_sha256=manifest_sha256,
            since=plans[0].since,
        )
        if noted is not None:
            noted(session, summary)
        session.commit()
        undo.pop_all()
    return summary
