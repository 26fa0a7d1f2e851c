"""btb-pro letter: a participant's link on paper."""

from pathlib import Path

import click

from btb_pro.cli.common import Command, Refused, changing
from btb_pro.exports.letters import cards_pdf, letters_pdf
from btb_pro.services.letters import print_letter


@click.command("letter", cls=Command)
@click.argument("study_number", metavar="ID")
@click.argument("visit", metavar="VISIT")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The PDF to write."
)
@click.option("--card", is_flag=True, help="A card of the size A6 instead of a letter.")
@click.option("--both", is_flag=True, help="In all of the study's languages, not the participant's alone.")
def letter(study_number: str, visit: str, out: Path, card: bool, both: bool) -> None:
    """Writes a letter with a visit's link as PDF: a QR code, and a code to type. It counts as sent.

    \b
    Example:
      btb-pro letter 1-001 baseline --out letter.pdf
    """
    with changing() as change:
        made = print_letter(
            change.session, change.context, change.runtime, study_number, visit, all_languages=both
        )
        # Before the commit: a letter that cannot be written was not sent.
        try:
            out.write_bytes(cards_pdf([made]) if card else letters_pdf([made]))
        except OSError as error:
            raise Refused(f"{out} cannot be written: {error.strerror}. Nothing was noted as sent.") from error
    click.echo(f"Wrote {out}.", err=True)
