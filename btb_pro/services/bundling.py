"""Taking out a bundle: one zip file with data in several formats, and a receipt beside it."""

import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from btb_pro import clock
from btb_pro.exports.dataset import Dataset
from btb_pro.exports.files import WrittenFile, write_file, write_zip
from btb_pro.exports.folder import new_folder, publish_file
from btb_pro.exports.formats import FORMATS, ExportFormat
from btb_pro.exports.manifest import MANIFEST, manifest_bytes
from btb_pro.exports.mapping import mapping_target
from btb_pro.exports.proof import receipt_bytes, receipt_path
from btb_pro.services.audit import APP_VERSION, Context
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

BUNDLE = "bundle"
"""What the record of exports calls it."""
MAPPING = "mapping.toml"


@dataclass(frozen=True, slots=True)
class _Packed:
    """A bundle that lies ready under a temporary name."""

    zip_file: Path
    rows: dict[str, int]
    manifest_sha256: str


def take_bundle(
    runtime: Runtime,
    context: Context,
    out: Path,
    order: ExportOrder,
    formats: Sequence[ExportFormat] = (),
) -> ExportSummary:
    """Write a zip file with the CSV tables, further formats and a manifest, and a receipt beside it.

    A mapping file goes in, and is used by the formats that it is for.

    Raises:
        ExportRefused: as for `take_export`; or a file of that name is there.
        MappingRefused, CannotBeWritten: as for `take_export`.
    """
    plans = _plans(runtime, order, formats)
    out = Path(os.path.realpath(out))
    if out.exists() or receipt_path(out).exists():
        raise ExportRefused(f"{out} or its receipt is there already: name a new file.")
    try:
        # A folder of another name than the file, in the same place; it is never published.
        with (
            new_folder(out.with_name(f"{out.name}.making")) as folder,
            dataset_of(runtime, plans[0]) as dataset,
        ):
            packed = _pack(dataset, folder.path, plans, order.mapping)
            return _publish(runtime, context, out, plans[0], dataset, packed)
    except OSError as error:
        raise ExportRefused(
            f"The bundle cannot be written to {out} ({error.strerror or error}): nothing was left there. "
            "Name a file in a place that can be written and has room."
        ) from error


def _plans(runtime: Runtime, order: ExportOrder, formats: Sequence[ExportFormat]) -> list[ExportPlan]:
    wanted = list(dict.fromkeys((ExportFormat.CSV, *formats)))
    target = None if order.mapping is None else mapping_target(order.mapping)
    are_for = [one for one in wanted if FORMATS[one].takes_mapping and FORMATS[one].target is target]
    if target is not None and not are_for:
        raise ExportRefused(
            f"The mapping is for {target.value}, and nothing in the bundle is: add that format."
        )
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
    manifest = manifest_bytes(dataset, BUNDLE, files, options, APP_VERSION)
    write_file(folder / MANIFEST, manifest)
    entries = [(name, folder / name) for name in (MANIFEST, *(file.name for file in files))]
    zip_file = folder / "zip"
    write_zip(zip_file, entries, dataset.cutoff.at)
    return _Packed(zip_file, {file.name: file.rows for file in files}, sha256(manifest).hexdigest())


def _publish(
    runtime: Runtime, context: Context, out: Path, plan: ExportPlan, dataset: Dataset, packed: _Packed
) -> ExportSummary:
    """Files first, then the record, as for every export."""
    seq = dataset.cutoff.seq
    with runtime.database.writing() as session, ExitStack() as undo:
        number = record_run(session, context, plan, BUNDLE, seq, packed.manifest_sha256)
        receipt = receipt_bytes(
            packed.zip_file, out.name, number, context.actor.name, clock.now(), packed.manifest_sha256, seq
        )
        write_file(receipt_path(out), receipt)
        undo.callback(receipt_path(out).unlink)
        publish_file(packed.zip_file, out)
        undo.callback(out.unlink)
        session.commit()
        undo.pop_all()
    return ExportSummary(
        number=number,
        folder=out,
        cutoff_seq=seq,
        cutoff_at=dataset.cutoff.at,
        rows=packed.rows,
        manifest_sha256=packed.manifest_sha256,
        since=plan.since,
    )
