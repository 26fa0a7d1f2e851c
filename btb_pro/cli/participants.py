"""btb-pro participant: who takes part."""

from collections.abc import Sequence
from pathlib import Path

import click

from btb_pro.cli.common import Command, Refused, changing, open_instance
from btb_pro.cli.tables import aligned
from btb_pro.i18n import LANGUAGES
from btb_pro.services.listing import ListedParticipant, list_participants
from btb_pro.services.participant_checks import NewParticipant
from btb_pro.services.participant_import import (
    ImportRow,
    check_import,
    import_participants,
    read_participants,
)
from btb_pro.services.participant_tables import LARGEST_FILE, ImportRefused
from btb_pro.services.participants import add_participant, withdraw_participant

_NOT_SAID = "-"


@click.group("participant")
def participant() -> None:
    """Adds, imports, changes, lists and withdraws participants.

    \b
    Example:
      btb-pro participant list
    """


@participant.command("add", cls=Command)
@click.argument("study_number", metavar="ID")
@click.option("--site", required=True, help="Code of the site, as the study file has it.")
@click.option("--day0", default="", metavar="DATE", help="The day that all visits count from, as 2026-01-31.")
@click.option("--language", type=click.Choice(LANGUAGES), help="Else the phone's own language decides.")
@click.option("--email", default="", help="Kept sealed, apart from the answers.")
@click.option("--phone", default="", help="Eight Norwegian digits, or a number that begins with +.")
def add(study_number: str, site: str, day0: str, language: str | None, email: str, phone: str) -> None:
    """Adds a participant with all visits of the study.

    \b
    Example:
      btb-pro participant add 1-001 --site oslo --day0 2026-01-31 --language nb --email name@hospital.example
    """
    new = NewParticipant(study_number, site, language or "", email, phone, day0)
    with changing() as change:
        added = add_participant(change.session, change.context, change.runtime, new).study_number
    click.echo(f"Added {added}.")


@participant.command("import", cls=Command)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Says what would happen, row by row, and changes nothing.")
def import_file(file: Path, dry_run: bool) -> None:
    """Adds the participants of a CSV file or an .xlsx workbook: all of them, or none.

    CSV is UTF-8 or Windows-1252, with commas or semicolons. The first line names the columns, in any order:
    id,site,language,email,phone,day0. Only id and site must be filled in. At most 2000 rows.

    \b
    Example:
      btb-pro participant import participants.csv --dry-run
    """
    try:
        rows = read_participants(_content(file))
        if dry_run:
            with open_instance() as runtime, runtime.database.reading() as session:
                check_import(session, runtime, rows)
            _tell_dry_run(rows)
            return
        with changing() as change:
            import_participants(change.session, change.context, change.runtime, rows)
    except ImportRefused as error:
        faults = [f"{file}:{fault.line}: {fault.message}" for fault in error.faults]
        raise Refused("\n".join([*faults, "Nothing was imported."])) from error
    click.echo(f"Imported {_counted(rows)}.")


@participant.command("list", cls=Command)
def list_all() -> None:
    """Lists the participants and how far each visit has come, without contact details.

    \b
    Example:
      btb-pro participant list
    """
    with open_instance() as runtime, runtime.database.reading() as session:
        listed = list_participants(session, runtime.study)
        visits = [visit.code for visit in runtime.study.visits if visit.parts]
    if not listed:
        click.echo("There are no participants yet: see btb-pro participant add --help.", err=True)
        return
    for line in _table(listed, visits):
        click.echo(line)


@participant.command("withdraw", cls=Command)
@click.argument("study_number", metavar="ID")
@click.option("--reason", required=True, help="Kept in the audit trail; name nobody.")
@click.option("--erase-contact", "erases", is_flag=True, help="Erases e-mail address and phone number too.")
def withdraw(study_number: str, reason: str, erases: bool) -> None:
    """Withdraws a participant: every link dies at once, no message goes out, the answers stay.

    \b
    Example:
      btb-pro participant withdraw 1-001 --reason "moved abroad"
    """
    with changing(forgets=erases) as change:
        number = withdraw_participant(
            change.session, change.context, study_number, reason, erases_contacts=erases
        ).study_number
    click.echo(f"Withdrew {number}.")


def _content(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(LARGEST_FILE + 1)
    except OSError as error:
        raise Refused(f"{file} cannot be read ({error.strerror}): name a file that can.") from error


def _tell_dry_run(rows: Sequence[ImportRow]) -> None:
    for row in rows:
        new = row.new
        told = [f"site {new.site}", new.language or "no language"]
        told.append(f"day 0 {new.day0}" if new.day0 else "no day 0")
        told += [kind for kind, text in (("e-mail", new.email), ("phone", new.phone)) if text]
        click.echo(f"line {row.line}: would add {new.study_number} ({', '.join(told)})")
    click.echo(f"Would import {_counted(rows)}. Nothing was changed.")


def _counted(rows: Sequence[ImportRow]) -> str:
    return f"{len(rows)} participant{'' if len(rows) == 1 else 's'}"


def _table(listed: Sequence[ListedParticipant], visits: Sequence[str]) -> list[str]:
    rows = [["id", "site", "language", "day0", *visits]]
    for one in listed:
        day0 = one.day0.isoformat() if one.day0 else _NOT_SAID
        states = [one.visits[code].value if code in one.visits else _NOT_SAID for code in visits]
        rows.append([one.study_number, one.site, one.language or _NOT_SAID, day0, *states])
    return aligned(rows)
