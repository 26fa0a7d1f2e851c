"""btb-pro export: files for the trial's database."""

from pathlib import Path

import click

from btb_pro.cli.common import Command, command_context, open_instance
from btb_pro.services.exporting import take_csv_export
from btb_pro.services.studies import record_study


@click.group("export")
def export() -> None:
    """Takes out what was answered.

    \b
    Example:
      btb-pro export csv --out export-2026-01-31
    """


@export.command("csv", cls=Command)
@click.option("--out", required=True, metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("--visit", "visits", multiple=True, metavar="VISIT", help="Only this visit; may be repeated.")
@click.option("--site", "sites", multiple=True, metavar="SITE", help="Only this site; may be repeated.")
@click.option(
    "--until", metavar="TIME|SEQ", help="As it stood then: an instant with its offset, or an event."
)
@click.option("--submitted-only", is_flag=True, help="Leaves out what was begun but not sent in.")
def export_csv(
    out: Path, visits: tuple[str, ...], sites: tuple[str, ...], until: str | None, submitted_only: bool
) -> None:
    """Writes wide.csv, long.csv, history.csv, scores.csv, codebook.csv and manifest.json into a folder.

    \b
    Example:
      btb-pro export csv --out export-2026-01-31 --visit baseline --submitted-only
    """
    with open_instance() as runtime:
        context = command_context(runtime)
        with runtime.database.writing() as session:
            record_study(session, context, runtime.study)
            session.commit()
        summary = take_csv_export(
            runtime,
            context,
            out,
            visits=visits,
            sites=sites,
            until=until,
            submitted_only=submitted_only,
        )
    click.echo(f"{summary}")
