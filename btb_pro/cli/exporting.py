"""btb-pro export: files for the trial's database."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from btb_pro.cli.common import Command, command_context, open_instance
from btb_pro.exports.formats import ExportFormat
from btb_pro.services.audit import Context
from btb_pro.services.bundling import take_bundle
from btb_pro.services.exporting import ExportOrder, take_export
from btb_pro.services.runtime import Runtime
from btb_pro.services.studies import record_study

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_OPTIONS = (
    click.option(
        "--visit", "visits", multiple=True, metavar="VISIT", help="Only this visit; may be repeated."
    ),
    click.option("--site", "sites", multiple=True, metavar="SITE", help="Only this site; may be repeated."),
    click.option(
        "--until", metavar="TIME|SEQ", help="As it stood then: an instant with its offset, or an event."
    ),
    click.option("--since", type=int, metavar="N", help="Only what came or changed since export number N."),
    click.option("--submitted-only", is_flag=True, help="Leaves out what was begun but not sent in."),
    click.option("--language", metavar="nb|en", help="The language of labels and code book."),
    click.option("--mapping", type=FILE, metavar="FILE", help="The other side's names: btb-pro mapping."),
)


@click.group("export")
def export() -> None:
    """Takes out what was answered.

    \b
    Example:
      btb-pro export csv --out export-2026-01-31
      btb-pro export redcap --out for-redcap --mapping redcap.toml
    """


def ordering(command: Any) -> Any:
    """The options that say what is asked for, for a command that takes something out."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def read_order(asked: dict[str, Any]) -> ExportOrder:
    """The options that were given, as an order."""
    mapping: Path | None = asked.pop("mapping")
    return ExportOrder(**asked, mapping=None if mapping is None else mapping.read_bytes())


def take(file_format: ExportFormat, out: Path, asked: dict[str, Any]) -> None:
    """Take an export as asked and tell what was taken."""
    order = read_order(asked)
    with _taking() as (runtime, context):
        click.echo(f"{take_export(runtime, context, file_format, out, order)}")


@contextmanager
def _taking() -> Iterator[tuple[Runtime, Context]]:
    with open_instance() as runtime:
        context = command_context(runtime)
        with runtime.database.writing() as session:
            record_study(session, context, runtime.study)
            session.commit()
        yield runtime, context


_OUT = click.option("--out", required=True, metavar="DIR", type=click.Path(file_okay=False, path_type=Path))


@export.command("csv", cls=Command)
@_OUT
@click.option("--excel", is_flag=True, help="Semicolons and decimal commas, as Norwegian Excel opens them.")
@ordering
def export_csv(out: Path, excel: bool, **asked: Any) -> None:
    """Writes visits, responses, wide, long, history, scores, score_history, corrections, late_saves and
    codebook as .csv, and read_in.R.

    \b
    Example:
      btb-pro export csv --out export-2026-01-31 --visit baseline --submitted-only
    """
    take(ExportFormat.CSV_EXCEL if excel else ExportFormat.CSV, out, asked)


@export.command("odm", cls=Command)
@_OUT
@click.option("--transactional", is_flag=True, help="Every stored answer with its AuditRecord.")
@ordering
def export_odm(out: Path, transactional: bool, **asked: Any) -> None:
    """Writes odm.xml: CDISC ODM 1.3.2, metadata and data in one.

    \b
    Example:
      btb-pro export odm --out for-viedoc --mapping oids.toml
    """
    take(ExportFormat.ODM_TRANSACTIONAL if transactional else ExportFormat.ODM, out, asked)


def _add_command(file_format: ExportFormat, about: str, example: str) -> None:
    words = f"{about}\n\n\b\nExample:\n  btb-pro export {file_format.value} {example}"

    @export.command(file_format.value, cls=Command, help=words)
    @_OUT
    @ordering
    def export_it(out: Path, **asked: Any) -> None:
        take(file_format, out, asked)


for _format, _about, _example in (
    (ExportFormat.XLSX, "Writes an Excel workbook with the same tables, a sheet each.", "--out for-excel"),
    (
        ExportFormat.REDCAP,
        "Writes records.csv, data_dictionary.csv, events.csv, event_instruments.csv and corrections.csv.",
        "--out for-redcap --mapping redcap.toml",
    ),
    (
        ExportFormat.FHIR,
        "Writes bundle.json: FHIR R4 Questionnaires and QuestionnaireResponses in one Bundle.",
        "--out for-fhir",
    ),
    (
        ExportFormat.SPSS,
        "Writes wide.sav with labels and missing values; needs btb-pro[statistics].",
        "--out for-spss --language nb",
    ),
    (
        ExportFormat.STATA,
        "Writes wide.dta with labels and missing values; needs btb-pro[statistics].",
        "--out for-stata --language en",
    ),
):
    _add_command(_format, _about, _example)


@export.command("bundle", cls=Command)
@click.option("--out", required=True, metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--with",
    "formats",
    multiple=True,
    type=click.Choice([one.value for one in ExportFormat]),
    help="A further format; may be repeated.",
)
@ordering
def export_bundle(out: Path, formats: tuple[str, ...], **asked: Any) -> None:
    """Writes one zip file with the CSV tables, further formats, the mapping and a manifest; a receipt beside.

    \b
    Example:
      btb-pro export bundle --out export-2026-01-31.zip --with odm --with xlsx
    """
    order = read_order(asked)
    with _taking() as (runtime, context):
        click.echo(f"{take_bundle(runtime, context, out, order, [ExportFormat(one) for one in formats])}")
