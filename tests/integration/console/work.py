"""Things that wait for a person, made for tests."""

from datetime import datetime, timedelta

from sqlalchemy import select

from btb_pro import clock
from btb_pro.models.correction import PaperEntry
from btb_pro.models.message import Message
from btb_pro.models.participant import Invitation, Participant, Visit
from btb_pro.models.response import SafetyAlert
from btb_pro.services.audit import Tag, step
from tests.integration.participant.steps import session_address
from tests.support.world import COMMAND, World

NOON = datetime.fromisoformat("2026-11-25T11:00:00+00:00")
"""A Wednesday."""


def person(world: World, number: str, days: int = 30, site: str = "oslo", language: str = "nb") -> str:
    """A participant whose day 0 lies so many days ahead."""
    day0 = clock.today() + timedelta(days=days)
    return world.add(number, site, language, day0=day0.isoformat())


def visit_of(world: World, number: str, code: str = "baseline") -> int:
    """The row's id."""
    with world.reading() as session:
        wanted = (
            select(Visit.id).join(Participant).where(Participant.study_number == number, Visit.code == code)
        )
        return session.execute(wanted).scalar_one()


def message(world: World, number: str, state: str, reason: str = "", kind: str = "invitation") -> int:
    """A message that carried the participant's newest link; the number."""
    visit = visit_of(world, number)
    with world.writing() as session, step(session, COMMAND, Tag.INVITATION_ISSUE) as event:
        newest = select(Invitation.id).where(Invitation.visit_id == visit).order_by(Invitation.id.desc())
        row = Message(
            kind=kind, channel="email", language="nb", once_key=f"{kind}/{number}/{event.seq}",
            invitation_id=session.execute(newest).scalars().first(), due_at=event.at, state=state,
            claimed_at=event.at, attempts=1, reason=reason, event_seq=event.seq,
            sent_at=event.at if state == "sent" else None,
        )  # fmt: skip
        session.add(row)
        session.flush()
        event.change("message", row.once_key, "state", None, state)
        return row.id


def alert(world: World, number: str, rule: str = "needs_call") -> int:
    """A safety rule that came true; the number."""
    visit = visit_of(world, number)
    with world.writing() as session, step(session, COMMAND, Tag.ANSWER_SAVE) as event:
        row = SafetyAlert(visit_id=visit, rule=rule, raised_at=event.at, event_seq=event.seq)
        session.add(row)
        session.flush()
        event.change("safety_alert", f"{row.id}", "is_raised", None, "true")
        return row.id


def failed_safety_message(world: World, about: int) -> None:
    """The message of an alert, which could not be sent."""
    with world.writing() as session, step(session, COMMAND, Tag.ANSWER_SAVE) as event:
        row = Message(
            kind="safety", channel="sms", language="nb", once_key=f"safety/{about}", due_at=event.at,
            subject_key=str(about), state="failed", attempts=5, reason="", event_seq=event.seq,
        )  # fmt: skip
        session.add(row)
        event.change("message", row.once_key, "state", None, "failed")


def paper(world: World, number: str, first_by: str = "other@hospital.example") -> None:
    """Paper that was typed in once."""
    visit = visit_of(world, number)
    with world.writing() as session, step(session, COMMAND, Tag.ANSWER_SAVE) as event:
        row = PaperEntry(
            visit_id=visit, mode="paper", language="nb", paper_on=clock.today(), opened_at=event.at,
            first_by=first_by, first_done_at=event.at, event_seq=event.seq,
        )  # fmt: skip
        session.add(row)
        event.change("paper_entry", number, "first_by", None, first_by)


def start(world: World, number: str) -> str:
    """Answer the first question of the baseline visit; the address of the session."""
    browser = world.started(world.invite(number))
    browser.open(f"{session_address(browser)}/page/1")
    name = browser.names()[0]
    value = browser.inputs(name)[0].get("value") or "50"
    browser.fill(name, value).press()
    return session_address(browser)


def submit(world: World, number: str) -> None:
    """Answer one question and send the visit in."""
    browser = world.browser()
    link = world.invite(number)
    browser.open(link).press()
    assert browser.open(f"{session_address(browser)}/review").press().page == "receipt"
