"""btb-pro participant change, move and erase-contact."""

from collections.abc import Sequence

import click

from btb_pro import clock
from btb_pro.cli.common import Command, Refused, changing
from btb_pro.cli.participants import participant
from btb_pro.i18n import LANGUAGES
from btb_pro.services.contact_changes import EndedLink
from btb_pro.services.known_participants import find_participant
from btb_pro.services.moving import VisitDay, move_visit, set_day0
from btb_pro.services.participant_changes import Wish, change_participant, erase_contact
from btb_pro.services.participant_checks import DayRefused, read_day
from btb_pro.services.participant_faults import told
from btb_pro.services.visit_plan import MoveFault, MoveRefused, PlannedVisit, Stays

__all__ = ["participant"]
"""The group with these commands on it."""

_WHY_NOT = {
    MoveFault.VISIT_UNKNOWN: "{visit!r} is no visit of this study.",
    MoveFault.SUBMITTED: "{visit} was sent in: it cannot be moved any more.",
    MoveFault.WITHDRAWN: "The participant is withdrawn: nothing was changed.",
    MoveFault.BEFORE_INCLUSION: "{visit} would come before the participant was included, on {day}.",
    MoveFault.NO_DAY: "There is no day 0 to count from: name the day, --on 2026-01-31.",
    MoveFault.HOUR_ILLEGAL: "There is no such hour on {day}: write it as 09:30.",
}


@participant.command("change", cls=Command)
@click.argument("study_number", metavar="ID")
@click.option(
    "--language", type=click.Choice(LANGUAGES), help="Of links and messages, those that are out too."
)
@click.option("--email", help="A new address; an empty one takes it off the file.")
@click.option("--phone", help="A new number; an empty one takes it off the file.")
@click.option("--day0", metavar="DATE", help="All visits that may still move count from it.")
def change(
    study_number: str, language: str | None, email: str | None, phone: str | None, day0: str | None
) -> None:
    """Changes a participant. A new address ends the links that went to the old one.

    \b
    Example:
      btb-pro participant change 1-001 --phone 40612345
    """
    contacts = {kind: text for kind, text in (("email", email), ("phone", phone)) if text is not None}
    if language is None and day0 is None and not contacts:
        raise click.UsageError("Nothing to change: name --language, --email, --phone or --day0.")
    plan: list[PlannedVisit] = []
    with changing(forgets=bool(contacts)) as doing:
        found = find_participant(doing.session, study_number)
        wish = Wish(language, contacts)
        ended = change_participant(doing.session, doing.context, doing.runtime, found, wish)
        if day0 is not None:
            try:
                plan = set_day0(doing.session, doing.context, doing.runtime, found, read_day(day0))
            except DayRefused as error:
                raise Refused(told(error.fault)) from error
            except MoveRefused as error:
                raise Refused(_why_not(error)) from error
        moved = [line for one in plan for line in _told(one)]
    click.echo(f"Changed {study_number.strip()}.")
    _tell_ended(ended)
    for line in moved:
        click.echo(line)


@participant.command("move", cls=Command)
@click.argument("study_number", metavar="ID")
@click.argument("visit", metavar="VISIT")
@click.option("--on", "day", metavar="DATE", help="The day; without it, the one counted from day 0.")
@click.option("--at", "hour", default="", metavar="HH:MM", help="The appointment, Norwegian time.")
def move(study_number: str, visit: str, day: str | None, hour: str) -> None:
    """Moves one visit; its window and the link that is out move along.

    A day that was set by hand, and one with an appointment, stays when day 0 changes.

    \b
    Example:
      btb-pro participant move 1-001 day14 --on 2026-02-16 --at 09:30
    """
    with changing() as doing:
        found = find_participant(doing.session, study_number)
        try:
            wished = VisitDay(read_day(day) if day else None, hour)
            moved = move_visit(doing.session, doing.context, doing.runtime, found, visit, wished)
        except DayRefused as error:
            raise Refused(told(error.fault)) from error
        except MoveRefused as error:
            raise Refused(_why_not(error)) from error
        lines = _told(moved)
    for line in lines or [f"{visit} stays where it is."]:
        click.echo(line)


@participant.command("erase-contact", cls=Command)
@click.argument("study_number", metavar="ID")
def erase(study_number: str) -> None:
    """Erases a participant's e-mail address and phone number for good; the audit trail keeps the proof.

    \b
    Example:
      btb-pro participant erase-contact 1-001
    """
    with changing(forgets=True) as doing:
        count = erase_contact(doing.session, doing.context, find_participant(doing.session, study_number))
    click.echo(f"Erased {count} address{'' if count == 1 else 'es'} of {study_number.strip()}.")


def _why_not(error: MoveRefused) -> str:
    return _WHY_NOT[error.fault].format(visit=error.visit, day=error.day)


def _told(one: PlannedVisit) -> list[str]:
    if one.stays is not None and one.stays is not Stays.SAME_DAY:
        return [f"{one.code} stays where it is ({one.stays.value})."]
    if one.new == one.old or one.new.opens_at is None or one.new.closes_at is None:
        return []
    opens_on = one.new.opens_at.astimezone(clock.OSLO).date()
    return [
        f"{one.code}: {one.old.planned_on or '-'} -> {one.new.planned_on}, "
        f"open from {opens_on} to {clock.last_day(one.new.closes_at)}"
    ]


def _tell_ended(ended: Sequence[EndedLink]) -> None:
    for one in ended:
        what = "a new one goes to the new address" if one.is_queued else "nobody has a new one"
        click.echo(f"{one.visit}: the old link is dead, {what}.")
