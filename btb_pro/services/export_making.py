"""Making what was asked for in the console: found sound, looked at, and written as one file."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from btb_pro.exports.dataset import Dataset
from btb_pro.exports.formats import FORMATS, ExportFormat
from btb_pro.exports.watched import Watch
from btb_pro.services.asked_exports import BUNDLE, AskedExport
from btb_pro.services.audit import Context
from btb_pro.services.bundling import Noted, plan_bundle, take_bundle, take_zip
from btb_pro.services.exporting import ExportOrder, ExportPlan, dataset_of, plan_export
from btb_pro.services.runtime import Runtime


def takes_mapping(name: str) -> bool:
    """Whether a format, or a bundle, may go by the other side's names."""
    return name == BUNDLE or FORMATS[ExportFormat(name)].takes_mapping


def plan_of(runtime: Runtime, asked: AskedExport) -> ExportPlan:
    """Find an order sound, of all its formats; the plan of the first.

    Raises:
        ExportRefused, MappingRefused: as `take_export` does.
    """
    if asked.format == BUNDLE:
        return plan_bundle(runtime, _order(asked), _formats(asked))[0]
    return plan_export(runtime, ExportFormat(asked.format), _order(asked))


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


def make_file(
    runtime: Runtime, context: Context, asked: AskedExport, out: Path, *, watch: Watch, noted: Noted
) -> None:
    """Make the one file that is asked for. Raises as `take_bundle` does, and what `watch` raises."""
    if asked.format == BUNDLE:
        take_bundle(runtime, context, out, _order(asked), _formats(asked), watch=watch, noted=noted)
    else:
        file_format = ExportFormat(asked.format)
        take_zip(runtime, context, out, _order(asked), file_format, watch=watch, noted=noted)


def _formats(asked: AskedExport) -> Sequence[ExportFormat]:
    return [ExportFormat(one) for one in asked.formats]


def _order(asked: AskedExport) -> ExportOrder:
    return ExportOrder(
        visits=asked.visits,
        sites=asked.sites,
        until=asked.until,
        submitted_only=asked.submitted_only,
        language=asked.language,
        mapping=None if asked.mapping is None else asked.mapping.encode(),
    )
