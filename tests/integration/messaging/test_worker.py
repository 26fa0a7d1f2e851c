"""The worker: what it sends, what it does not, and what it notes."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import select

from btb_pro import clock
from btb_pro.models.base import AuditEvent
from btb_pro.models.message import Message
from btb_pro.models.participant import Contact
from btb_pro.services.audit import Tag, step
from btb_pro.services.contact_changes import erase_contacts
from btb_pro.services.handing_over import NothingToSendBy, require_servers
from btb_pro.services.invitations import InvitationRefused
from btb_pro.services.known_participants import find_participant
from btb_pro.services.moving import set_day0
from btb_pro.services.requests import report_not_me, stop_messages
from btb_pro.services.sending import MOST_A_DAY, PAUSES, STALE, Taken, claim_next, note_outcome
from btb_pro.services.sessions import look_up
from btb_pro.services.verification import verify
from btb_pro.services.worker import Worker
from btb_pro.states import WhyRefused
from tests.support.mail import MailServerHere, broken_server, mail_server
from tests.support.outgoing import (
    NOON,
    link_in,
    mailing,
    message_of,
    send_invitation,
    set_servers,
    states,
    work,
)
from tests.support.world import COMMAND, World


@pytest.fixture
def at_noon() -> Iterator[None]:
    with clock.at(NOON):
        yield


@pytest.fixture
def mail(world: World, at_noon: None) -> Iterator[MailServerHere]:
    """A mail server, and a world that sends by it; day 0 is a week from noon."""
    with mail_server() as server:
        mailing(world, server.url)
        yield server


def add(world: World, number: str = "BTB-001", **more: str) -> str:
    more.setdefault("email", f"{number.lower()}@example.org")
    more.setdefault("day0", (NOON.date() + timedelta(days=7)).isoformat())
    return world.add(number, language=more.pop("language", "nb"), **more)


def test_the_link_in_the_received_email_leads_to_the_questions(world: World, mail: MailServerHere) -> None:
    send_invitation(world, add(world))
    (done,) = work(world)
    assert done.outcome is not None
    (message,) = mail.mailbox.to("btb-001@example.org")
    assert message["Subject"] == "TEST: Spørsmål til deg fra Oslo universitetssykehus"
    assert message["List-Unsubscribe"] == f"<http://localhost{link_in(message)}/stop>"
    browser = world.browser().open(link_in(message)).press()
    assert browser.page == "parts"
    assert browser.press().page == "items"
    stored = message_of(world, done.claim.message_id)
    assert (stored.state, stored.provider_id) == ("sent", message["Message-ID"])
    with world.reading() as session:
        verify(session)


def test_an_english_reader_gets_english(world: World, mail: MailServerHere) -> None:
    send_invitation(world, add(world, language="en"))
    work(world)
    (message,) = mail.mailbox.to("btb-001@example.org")
    assert message["Subject"] == "TEST: Questions for you from Oslo University Hospital"


def test_nothing_is_sent_twice_however_often_it_is_asked_for(world: World, mail: MailServerHere) -> None:
    number = add(world)
    first = send_invitation(world, number)
    assert send_invitation(world, number) == first
    work(world)
    assert send_invitation(world, number) == first
    assert work(world) == []
    again = send_invitation(world, number, after=first)
    assert send_invitation(world, number, after=first) == again != first
    work(world)
    assert len(mail.mailbox.received) == 2


def test_a_replaced_link_goes_out_once_for_a_double_press(world: World, mail: MailServerHere) -> None:
    number = add(world)
    first = send_invitation(world, number)
    work(world)
    second = send_invitation(world, number, replace=True, after=first)
    assert send_invitation(world, number, replace=True, after=first) == second
    work(world)
    old, new = (link_in(message) for message in mail.mailbox.to("btb-001@example.org"))
    assert world.browser().open(old).status == 410
    assert world.browser().open(new).page == "start"


def _withdraw(world: World, number: str, link: str) -> None:
    world.withdraw(number)


def _revoke(world: World, number: str, link: str) -> None:
    world.revoke(number)


def _replace(world: World, number: str, link: str) -> None:
    world.invite(number, replace=True)


def _submit(world: World, number: str, link: str) -> None:
    browser = world.browser().open(link).press()
    browser.open(f"{browser.address}review").press()
    assert browser.page == "receipt"


def _stop(world: World, number: str, link: str) -> None:
    with world.writing() as session:
        opened = look_up(session, world.runtime.links.public_id(link.removeprefix("/s/")))
        assert opened is not None
        stop_messages(session, COMMAND, opened)


def _not_me(world: World, number: str, link: str) -> None:
    with world.writing() as session:
        opened = look_up(session, world.runtime.links.public_id(link.removeprefix("/s/")))
        assert opened is not None
        report_not_me(session, COMMAND, opened)


def _erase(world: World, number: str, link: str) -> None:
    with world.writing() as session:
        participant = find_participant(session, number)
        with step(session, COMMAND, Tag.PARTICIPANT_CHANGE, study_number=number) as event:
            erase_contacts(session, event, participant)


def _fail(world: World, number: str, link: str) -> None:
    with world.writing() as session, step(session, COMMAND, Tag.PARTICIPANT_CHANGE) as event:
        session.query(Contact).one().failed_at = event.at
        event.change("contact", f"{number}/email", "failed_at", None, clock.utc_text(event.at))


@pytest.mark.parametrize(
    ("happens", "reason"),
    [
        (_withdraw, "withdrawn"), (_revoke, "revoked"), (_replace, "replaced"), (_submit, "submitted"),
        (_stop, "stopped"), (_not_me, "revoked"), (_erase, "contact_erased"), (_fail, "contact_failed"),
    ],
)  # fmt: skip
def test_what_happened_after_the_queueing_calls_the_message_off(
    world: World, mail: MailServerHere, happens: object, reason: str
) -> None:
    number = add(world)
    link = world.invite(number)
    message = send_invitation(world, number)
    assert callable(happens)
    happens(world, number, link)
    assert [done.outcome for done in work(world)] in ([None], [])
    assert mail.mailbox.received == []
    stored = message_of(world, message)
    assert (stored.state, stored.reason) == ("cancelled", reason)
    assert mail.mailbox.received == []


def test_an_expired_link_is_not_sent(world: World, mail: MailServerHere) -> None:
    message = send_invitation(world, add(world))
    with clock.at(NOON + timedelta(days=11)):
        work(world)
    assert message_of(world, message).reason == "expired"


def test_a_link_that_is_not_open_yet_goes_out_when_it_opens(world: World, mail: MailServerHere) -> None:
    number = add(world, day0=(NOON.date() + timedelta(days=30)).isoformat())
    send_invitation(world, number)
    assert work(world) == []
    # The window opens at midnight, in the quiet hours.
    with clock.at(NOON.replace(hour=1) + timedelta(days=16)):
        assert work(world) == []
    with clock.at(NOON.replace(hour=8) + timedelta(days=16)):
        assert len(work(world)) == 1


def test_quiet_hours_hold_messages_back_until_the_morning(world: World, mail: MailServerHere) -> None:
    send_invitation(world, add(world))
    for hour in (20, 23):
        with clock.at(NOON.replace(hour=hour)):
            assert work(world) == []
    with clock.at(NOON.replace(hour=7, minute=59) + timedelta(days=1)):
        assert work(world) == []
    with clock.at(NOON.replace(hour=8) + timedelta(days=1)):
        assert len(work(world)) == 1


def test_nobody_gets_more_than_a_few_messages_a_day(world: World, mail: MailServerHere) -> None:
    number = add(world)
    last = 0
    for _ in range(MOST_A_DAY + 2):
        last = send_invitation(world, number, after=last)
    work(world)
    assert len(mail.mailbox.received) == MOST_A_DAY
    with clock.at(NOON.replace(hour=8) + timedelta(days=1)):
        work(world)
    assert len(mail.mailbox.received) == MOST_A_DAY + 2


def test_a_server_that_is_busy_is_tried_again_with_growing_pauses_and_then_a_person_is_asked(
    world: World, mail: MailServerHere
) -> None:
    mail.mailbox.answers["btb-001@example.org"] = "451 4.3.0 not now"
    message = send_invitation(world, add(world))
    at, tries = NOON, 0
    for _ in range(14 * 24 * 4):
        with clock.at(at):
            tries += len(work(world))
        if message_of(world, message).state != "queued":
            break
        at += timedelta(minutes=15)
    stored = message_of(world, message)
    assert (stored.state, stored.reason) == ("failed", "server_busy")
    assert tries == stored.attempts + 1 == len(PAUSES) + 1
    assert list(PAUSES) == sorted(PAUSES)
    assert mail.mailbox.received == []


def test_a_full_mailbox_is_told_as_bounced_and_the_address_stays_in_use(
    world: World, mail: MailServerHere
) -> None:
    mail.mailbox.answers["btb-001@example.org"] = "552 5.2.2 full"
    number = add(world)
    message = send_invitation(world, number)
    work(world)
    stored = message_of(world, message)
    assert (stored.state, stored.reason) == ("bounced", "mailbox_full")
    send_invitation(world, number, after=message)


def test_an_address_that_does_not_exist_gets_nothing_more(world: World, mail: MailServerHere) -> None:
    mail.mailbox.answers["btb-001@example.org"] = "550 5.1.1 unknown"
    number = add(world)
    message = send_invitation(world, number)
    work(world)
    assert message_of(world, message).reason == "unknown_address"
    with pytest.raises(InvitationRefused) as refused:
        send_invitation(world, number, after=message)
    assert refused.value.why is WhyRefused.CONTACT_FAILED


def test_a_server_that_dies_after_the_text_leaves_it_to_a_person(world: World, at_noon: None) -> None:
    hello, ok = b"220 x\r\n", b"250 OK\r\n"
    with broken_server([hello, ok, ok, ok, b"354 go\r\n"]) as port:
        mailing(world, f"smtp://127.0.0.1:{port}")
        message = send_invitation(world, add(world))
        work(world)
    stored = message_of(world, message)
    assert (stored.state, stored.sent_at) == ("unknown", None)
    with clock.at(NOON + timedelta(days=1)):
        assert work(world) == []


def test_a_claim_whose_worker_died_is_left_to_a_person_and_sent_by_nobody(
    world: World, mail: MailServerHere
) -> None:
    message = send_invitation(world, add(world))
    with world.writing() as session:
        assert claim_next(session, COMMAND, world.runtime, "dead").taken is Taken.CLAIMED
    assert work(world) == []
    with clock.at(NOON + STALE + timedelta(seconds=1)):
        assert work(world) == []
    stored = message_of(world, message)
    assert (stored.state, stored.reason) == ("unknown", "worker_died")
    assert mail.mailbox.received == []


def test_a_worker_that_was_only_slow_may_still_say_what_became_of_it(
    world: World, mail: MailServerHere
) -> None:
    message = send_invitation(world, add(world))
    slow = Worker(world.runtime, require_servers(world.runtime))
    rounds = slow.round()
    mail.mailbox.on_taken = lambda: _overtake(world)
    assert next(rounds).outcome is not None
    assert message_of(world, message).state == "sent"


def _overtake(world: World) -> None:
    with clock.at(NOON + STALE + timedelta(seconds=1)):
        assert work(world) == []
    assert states(world) == ["unknown"]


def test_an_outcome_is_noted_once_and_by_its_worker_alone(world: World, mail: MailServerHere) -> None:
    message = send_invitation(world, add(world))
    (done,) = work(world)
    assert done.outcome is not None
    with world.reading() as session:
        before = session.execute(select(AuditEvent.seq)).scalars().all()
    for name in ("somebody else", str(message_of(world, message).claimed_by)):
        with world.writing() as session:
            note_outcome(session, COMMAND, done.claim, name, done.outcome)
    with world.reading() as session:
        assert session.execute(select(AuditEvent.seq)).scalars().all() == before


def test_a_channel_without_a_server_is_refused_when_it_is_asked_for(world: World, at_noon: None) -> None:
    number = add(world, phone="41234567")
    for channel in ("email", "sms"):
        with pytest.raises(InvitationRefused) as refused:
            send_invitation(world, number, channel=channel)
        assert refused.value.why is WhyRefused.CHANNEL_OFF


def test_without_any_server_the_worker_does_not_start(world: World) -> None:
    with pytest.raises(NothingToSendBy, match="BTB_SMTP_URL or BTB_SMS_URL"):
        require_servers(world.runtime)


@pytest.mark.parametrize(
    "settings",
    [
        {"BTB_SMTP_URL": "smtps://mail.hospital.example", "BTB_MAIL_FROM": "post@sykehus.example"},
        {"BTB_SMS_URL": "sveve+https://u:p@sveve.no/SMS/SendMessage", "BTB_SMS_FROM": "Sykehuset"},
    ],
)
def test_a_test_study_writes_to_nobody_outside_this_machine(world: World, settings: dict[str, str]) -> None:
    set_servers(world, **settings)
    with pytest.raises(NothingToSendBy, match="this is a test"):
        require_servers(world.runtime)


def test_reminders_go_out_on_their_days_by_the_channel_of_the_invitation(
    world: World, mail: MailServerHere
) -> None:
    number = add(world, day0="2026-03-20")
    send_invitation(world, number)
    work(world)
    subjects = []
    for day in range(11, 25):
        with clock.at(NOON.replace(day=day)):
            for _ in range(2):
                work(world)
        got = mail.mailbox.to("btb-001@example.org")[1:]
        subjects.append((day, len(got)))
    # Seven and two days before the visit, and no more.
    assert [day for (day, n), (_, before) in zip(subjects[1:], subjects, strict=False) if n > before] == [
        13,
        18,
    ]
    assert "En påminnelse" in str(mail.mailbox.to("btb-001@example.org")[1]["Subject"])


@pytest.mark.parametrize(
    ("changed_on", "hour"),
    [(date(2026, 3, 29), datetime(2026, 3, 29, 6, tzinfo=UTC)),
     (date(2026, 10, 25), datetime(2026, 10, 25, 7, tzinfo=UTC))],
)  # fmt: skip
def test_on_the_days_when_the_clocks_change_a_reminder_goes_out_once_at_eight_by_the_wall(
    world: World, mail: MailServerHere, changed_on: date, hour: datetime
) -> None:
    with clock.at(datetime.combine(changed_on - timedelta(days=5), time(12), clock.OSLO)):
        number = add(world, day0=(changed_on + timedelta(days=2)).isoformat())
        send_invitation(world, number)
        work(world)
    midnight = datetime.combine(changed_on, time(), clock.OSLO).astimezone(UTC)
    sent_at = []
    for half_hours in range(48):
        at = midnight + timedelta(minutes=30 * half_hours)
        with clock.at(at):
            sent_at += [at for done in work(world) if done.claim.kind == "reminder"]
    assert sent_at == [hour]


def test_whoever_answered_or_was_invited_after_the_day_gets_no_reminder(
    world: World, mail: MailServerHere
) -> None:
    add(world, "BTB-001", day0="2026-03-20")
    add(world, "BTB-002", day0="2026-03-20")
    link = world.invite("BTB-001")
    send_invitation(world, "BTB-001")
    work(world)
    _submit(world, "BTB-001", link)
    with clock.at(NOON.replace(day=13)):
        send_invitation(world, "BTB-002")
        work(world)
    with clock.at(NOON.replace(day=14)):
        work(world)
    assert len(mail.mailbox.to("btb-001@example.org")) == 1
    assert len(mail.mailbox.to("btb-002@example.org")) == 1


def test_a_half_answered_visit_is_reminded_of_and_is_not_begun_anew(
    world: World, mail: MailServerHere
) -> None:
    number = add(world, day0="2026-03-20")
    link = world.invite(number)
    send_invitation(world, number)
    work(world)
    world.browser().open(link).press().press().press()
    with clock.at(NOON.replace(day=13)):
        work(world)
    _, reminder = mail.mailbox.to("btb-001@example.org")
    assert link_in(reminder) == link


def test_the_study_file_may_cap_reminders_and_let_the_worker_invite(
    world: World, mail: MailServerHere
) -> None:
    path = world.folder / "study.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(f"reminders_at_most = 1\ninvites_by_itself = true\n{text}", encoding="utf-8")
    set_servers(world)
    add(world, "BTB-001", day0="2026-03-20")
    add(world, "BTB-002", day0="2026-03-20", email="", phone="41234567")
    add(world, "BTB-003", day0="2026-05-20")
    assert len(work(world)) == 1
    for day in (13, 18):
        with clock.at(NOON.replace(day=day)):
            work(world)
    assert len(mail.mailbox.to("btb-001@example.org")) == 2
    assert len(mail.mailbox.received) == 2
    world.revoke("BTB-001")
    with clock.at(NOON.replace(day=19)):
        assert work(world) == []


def test_no_address_and_no_link_stands_in_the_trail_or_with_the_message(
    world: World, mail: MailServerHere
) -> None:
    number = add(world)
    link = world.invite(number)
    send_invitation(world, number)
    work(world)
    with world.reading() as session:
        told = "".join(session.execute(select(AuditEvent.changes)).scalars())
        rows = [str(vars(row)) for row in session.execute(select(Message)).scalars()]
    for text in (told, *rows):
        assert "@example.org" not in text
        assert link.removeprefix("/s/") not in text


def test_a_queued_link_follows_a_visit_that_moves_later_or_earlier(
    world: World, mail: MailServerHere
) -> None:
    number = send_invitation(world, add(world, day0=(NOON.date() + timedelta(days=40)).isoformat()))
    opened = message_of(world, number).due_at
    _move_day0(world, 60)
    assert message_of(world, number).due_at == opened + timedelta(days=20)
    _move_day0(world, 8)
    assert message_of(world, number).due_at == clock.now()
    assert len(work(world)) == 1


def test_a_link_that_is_not_open_yet_waits_for_its_day_whatever_the_queue_says(
    world: World, mail: MailServerHere
) -> None:
    number = send_invitation(world, add(world, day0=(NOON.date() + timedelta(days=40)).isoformat()))
    opens_at = message_of(world, number).due_at
    with world.writing() as session, step(session, COMMAND, Tag.MESSAGE_QUEUE):
        session.get_one(Message, number).due_at = clock.now()
    assert work(world) == []
    assert message_of(world, number).due_at == opens_at


def test_a_link_whose_visit_moved_into_the_past_is_not_sent(world: World, mail: MailServerHere) -> None:
    send_invitation(world, add(world, day0=(NOON.date() + timedelta(days=40)).isoformat()))
    _move_day0(world, -40)
    work(world)
    assert states(world) == ["cancelled"]


def _move_day0(world: World, days: int) -> None:
    """Count the visits from a day so many days from noon."""
    with world.writing() as session:
        found = find_participant(session, "BTB-001")
        set_day0(session, COMMAND, world.runtime, found, NOON.date() + timedelta(days=days))
