"""btb-pro participant redact and btb-pro correction redact."""

import click

from btb_pro.cli.common import Command, changing, open_instance
from btb_pro.cli.participant_changes import participant
from btb_pro.services.redaction import (
    FoundTexts,
    find_answer_texts,
    redact_answer_text,
    redact_correction_texts,
)

__all__ = ["correction", "participant"]
"""The groups with these commands on them."""

_LARGEST_NUMBER = 2**31 - 1
_REASON = "Why; kept in the audit trail for good. Name nobody."
_ELSEWHERE = "Exports, copies and backups that were taken before still hold the text: delete or replace them."


@participant.command("redact", cls=Command)
@click.argument("study_number", metavar="ID")
@click.argument("visit", metavar="VISIT")
@click.argument("field", metavar="FIELD")
@click.option("--reason", required=True, help=_REASON)
@click.option("--dry-run", is_flag=True, help="Only counts what would be taken out.")
def redact_answer(study_number: str, visit: str, field: str, reason: str, dry_run: bool) -> None:
    """Takes the words of a free-text answer out for good; the trail keeps who, when, why and the proof.

    Earlier and late answers of the field at that visit go too, and corrections and requests that tell the
    same words.

    \b
    Example:
      btb-pro participant redact 1-001 baseline pain_worse_other --reason "named a relative"
    """
    if dry_run:
        with open_instance() as runtime, runtime.database.reading() as session:
            lines = _told(find_answer_texts(session, runtime, study_number, visit, field))
        click.echo(f"Would take out the text of {field} at {visit} of {study_number.strip()}: {lines}.")
        return
    with changing(forgets=True) as doing:
        found = redact_answer_text(
            doing.session, doing.context, doing.runtime, study_number, visit, field, reason
        )
        lines = _told(found)
    click.echo(f"Took out the text of {field} at {visit} of {study_number.strip()}: {lines}.")
    click.echo(_ELSEWHERE)


@click.group("correction")
def correction() -> None:
    """Takes the free texts of corrections out for good. They are asked for and decided in the console.

    \b
    Example:
      btb-pro correction redact 3 --reason "named a relative"
    """


@correction.command("redact", cls=Command)
@click.argument("number", type=click.IntRange(1, _LARGEST_NUMBER))
@click.option("--reason", required=True, help=_REASON)
def redact_correction(number: int, reason: str) -> None:
    """Takes the texts of a decided correction out for good; the trail keeps who, when, why and the proof.

    A coded value stays, and so does the answer that was corrected.

    \b
    Example:
      btb-pro correction redact 3 --reason "named a relative"
    """
    with changing(forgets=True) as doing:
        redact_correction_texts(doing.session, doing.context, doing.runtime, number, reason)
    click.echo(f"Took out the texts of correction {number}.")
    click.echo(_ELSEWHERE)


def _told(found: FoundTexts) -> str:
    return ", ".join(f"{count} {what}" for what, count in found.counts.items() if count)
