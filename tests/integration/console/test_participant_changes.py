"""Changing a participant at the console: what is saved, what follows for links and messages, who is told."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from btb_pro import clock
from btb_pro.models.base import AuditEvent
from btb_pro.models.message import Message
from btb_pro.models.participant import Contact, Invitation, Participant, Visit
from btb_pro.roles import Role
from btb_pro.services.audit import Tag, step
from btb_pro.services.outbox import queue_message
from btb_pro.services.participant_record import kept_contacts
from btb_pro.services.verification import verify
from tests.support.plain_browser import PlainBrowser
from tests.support.staff import signed_in
from tests.support.world import COMMAND, World

PAGE = "/console/participants/BTB-001"
OLD, NEW = "kari@hospital.example", "kari.ny@hospital.example"


def coordinator(world: World, *sites: str, language: str = "en") -> PlainBrowser:
    """A coordinator of Oslo, or of the hospitals named."""
    return signed_in(world, Role.COORDINATOR, *(sites or ("oslo",)), language=language)


def contacts(world: World) -> dict[str, str]:
    """The addresses on file in clear."""
    with world.reading() as session:
        found = session.execute(select(Participant)).scalar_one()
        return {one.kind: one.text for one in kept_contacts(session, world.runtime, found, shown=True)}


def send(world: World, channel: str = "email", state: str = "sent") -> None:
    """Note that the newest link went out by a channel, or waits to."""
    with world.writing() as session, step(session, COMMAND, Tag.INVITATION_ISSUE) as event:
        link = session.execute(select(Invitation).order_by(Invitation.id.desc()).limit(1)).scalar_one()
        message = queue_message(
            session,
            event,
            kind="invitation",
            channel=channel,
            language="nb",
            once_key=f"invitation/{link.id}/{channel}/test",
            due_at=event.at,
            invitation_id=link.id,
        )
        message.state = state
        message.sent_at = event.at if state == "sent" else None


def messages(world: World) -> list[tuple[int | None, str, str, str, str]]:
    """Link, channel, state, reason and language of every message, oldest first."""
    with world.reading() as session:
        rows = session.execute(select(Message).order_by(Message.id)).scalars()
        return [(one.invitation_id, one.channel, one.state, one.reason, one.language) for one in rows]


def links(world: World) -> list[str | None]:
    """How each link ended, oldest first."""
    with world.reading() as session:
        return list(session.execute(select(Invitation.end_reason).order_by(Invitation.id)).scalars())


def number_of_events(world: World) -> int:
    """How long the audit trail is, but for what was refused."""
    query = select(AuditEvent.seq).where(AuditEvent.tag != "staff:refuse_access")
    with world.reading() as session:
        return len(session.execute(query).all())


def test_language_and_addresses_are_changed_and_the_trail_holds_no_address(world: World) -> None:
    world.add(email=OLD)
    world.invite()
    page = coordinator(world).open(f"{PAGE}/change")
    assert OLD not in page.html
    page.fill("language", "en").fill("phone", "40612345").press()
    assert page.address == PAGE
    assert "Saved." in page.text
    assert contacts(world) == {"email": OLD, "phone": "+4740612345"}
    with world.reading() as session:
        assert session.execute(select(Participant.language)).scalar_one() == "en"
        assert session.execute(select(Invitation.language)).scalar_one() == "en"
        told = "".join(session.execute(select(AuditEvent.changes)).scalars())
        verify(session)
    assert OLD not in told
    assert "40612345" not in told
    assert links(world) == [None]


def test_a_new_address_kills_the_link_that_went_to_the_old_one_and_sends_one_to_the_new(world: World) -> None:
    world.add(email=OLD, language="nb")
    old_link = world.invite()
    send(world)
    page = coordinator(world).open(f"{PAGE}/change").fill("email", NEW).press()
    assert "a new one goes to the new address" in page.text
    assert contacts(world) == {"email": NEW}
    assert links(world) == ["replaced", None]
    assert messages(world) == [(1, "email", "sent", "", "nb"), (2, "email", "queued", "", "nb")]
    assert "newer link" in world.browser("en").open(f"{old_link}?lang=en").text


def test_a_link_that_waits_in_the_queue_goes_to_the_new_address_as_it_is(world: World) -> None:
    world.add(email=OLD)
    world.invite()
    send(world, state="queued")
    coordinator(world).open(f"{PAGE}/change").fill("email", NEW).press()
    assert links(world) == [None]
    assert [one[2] for one in messages(world)] == ["queued"]


def test_a_link_that_only_ever_went_to_the_phone_outlives_a_new_mail_address(world: World) -> None:
    world.add(email=OLD, phone="40612345")
    world.invite()
    send(world, channel="sms")
    coordinator(world).open(f"{PAGE}/change").fill("email", NEW).press()
    assert links(world) == [None]


def test_a_link_handed_out_in_a_way_nobody_noted_dies_and_the_page_says_that_nobody_has_the_new_one(
    world: World,
) -> None:
    world.add(email=OLD)
    world.invite()
    page = coordinator(world).open(f"{PAGE}/change").fill("email", NEW).press()
    assert links(world) == ["replaced", None]
    assert messages(world) == []
    assert "nobody has it yet" in page.text


def test_an_address_taken_off_the_file_ends_its_links_and_what_waits_for_it(world: World) -> None:
    world.add(email=OLD)
    world.invite()
    send(world)
    page = coordinator(world).open(f"{PAGE}/change").fill("no_email", "y").press()
    assert page.address == PAGE
    assert contacts(world) == {}
    assert links(world) == ["revoked"]


def test_an_expired_link_of_the_old_address_does_not_wake_when_its_visit_is_moved(world: World) -> None:
    world.add(email=OLD, day0=(clock.today() - timedelta(days=10)).isoformat())
    with clock.at(clock.now() - timedelta(days=12)):
        link = world.invite()
    page = coordinator(world).open(f"{PAGE}/change").fill("email", NEW).press()
    assert "Send a new one" not in page.text
    page.open(f"{PAGE}/visits/baseline").fill("day", clock.today().isoformat())
    page.press("step", "look").press("step", "save")
    assert links(world) == ["revoked"]
    assert world.browser().client.get(link).status_code == 410


def test_the_same_address_again_changes_nothing(world: World) -> None:
    world.add(email=OLD, phone="40612345")
    world.invite()
    send(world)
    before = links(world), contacts(world)
    coordinator(world).open(f"{PAGE}/change").fill("email", OLD).fill("phone", "+47 406 12 345").press()
    assert (links(world), contacts(world)) == before


def test_a_bounce_is_forgotten_with_the_address_that_bounced(world: World) -> None:
    world.add(email=OLD)
    with world.writing() as session:
        session.execute(select(Contact)).scalar_one().failed_at = clock.now()
    page = coordinator(world).open(PAGE)
    assert "Messages come back" in page.text
    page.open(f"{PAGE}/change").fill("email", NEW).press()
    assert "Messages come back" not in page.text


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [
        ("phone", "+46 70 123 45 67", "another country"),
        ("phone", "12", "no such phone number"),
        ("phone", "=40612345", "no phone number"),
        ("email", "kari@hospital.example\nBcc: all@hospital.example", "line break"),
        ("email", "=cmd@hospital.example", "Write one e-mail address"),
        ("email", "to@a.example, tre@b.example", "Write one e-mail address"),
    ],
)
def test_a_bad_address_is_told_in_a_sentence_and_stays_typed(
    world: World, field: str, typed: str, told: str
) -> None:
    world.add(email=OLD)
    page = coordinator(world).open(f"{PAGE}/change").fill(field, typed).press()
    assert page.status == 422
    assert told in page.text
    assert contacts(world) == {"email": OLD}
    assert page.inputs(field)[0].get("aria-invalid") == "true"
    assert page.inputs(field)[0].get("value") == typed


def test_the_second_of_two_who_change_at_once_is_shown_what_changed_and_keeps_the_text(world: World) -> None:
    world.add(email=OLD, language="nb")
    first = coordinator(world, "oslo").open(f"{PAGE}/change")
    second = coordinator(world, "oslo", "bergen").open(f"{PAGE}/change")
    first.fill("language", "en").fill("phone", "40612345").press()
    second.fill("email", NEW).press()
    assert second.status == 409
    for words in ("Changed meanwhile", "Norsk", "English", "coordinator-oslo@hospital.example", "not shown"):
        assert words in second.text
    assert "40612345" not in second.html
    assert contacts(world)["email"] == OLD
    assert second.value("email") == [NEW]
    second.press()
    assert second.address == PAGE
    assert contacts(world)["email"] == NEW
    with world.reading() as session:
        # The second one chose no language, so the first one's stands.
        assert session.execute(select(Participant.language)).scalar_one() == "en"


def test_the_second_of_two_who_chose_the_same_field_decides_once_the_first_was_shown(world: World) -> None:
    world.add(language="nb")
    first = coordinator(world, "oslo").open(f"{PAGE}/change")
    second = coordinator(world, "oslo", "bergen").open(f"{PAGE}/change")
    first.fill("language", "en").press()
    second.fill("language", "").press()
    assert second.status == 409
    second.press()
    with world.reading() as session:
        assert session.execute(select(Participant.language)).scalar_one() is None


def test_a_look_an_answer_or_a_link_is_no_change_that_anybody_is_told_of(world: World) -> None:
    world.add(email=OLD)
    page = coordinator(world).open(f"{PAGE}/change")
    coordinator(world, "oslo", "bergen").open(PAGE)
    world.started(world.invite())
    assert page.fill("email", NEW).press().address == PAGE


@pytest.mark.parametrize("page", ["change", "day0", "visits/baseline", "withdraw", "erase-contact"])
def test_a_stale_form_saves_nothing_and_keeps_what_was_typed(world: World, page: str) -> None:
    world.add(email=OLD)
    before = number_of_events(world)
    browser = coordinator(world).open(f"{PAGE}/{page}")
    events = number_of_events(world)
    typed = {"email": NEW, "reason": "moved", "day0": "2026-01-01", "day": "2026-01-01", "step": "save"}
    browser.send(f"{PAGE}/{page}", [("csrf_token", "stale"), *typed.items()])
    assert "Nothing was saved yet" in browser.text
    assert number_of_events(world) == events > before


@pytest.mark.parametrize("page", ["", "/change", "/day0", "/visits/baseline", "/withdraw", "/erase-contact"])
def test_another_hospitals_participant_is_not_found_by_any_form(world: World, page: str) -> None:
    world.add("BER-001", site="bergen", email=OLD)
    world.add()
    browser = coordinator(world).open(f"{PAGE}/change")
    token = browser.value("csrf_token")[0]
    before = number_of_events(world)
    sent = {
        "csrf_token": token,
        "seen": "999999",
        "step": "save",
        "email": NEW,
        "day0": "2026-01-31",
        "day": "2026-01-31",
        "reason": "moved",
    }
    response = browser.client.post(f"/console/participants/BER-001{page}", data=sent)
    assert response.status_code == 404
    assert number_of_events(world) == before


def test_a_withdrawal_kills_links_calls_off_messages_keeps_answers_and_erases_if_asked(world: World) -> None:
    world.add(email=OLD)
    link = world.invite()
    send(world, state="queued")
    page = coordinator(world).open(f"{PAGE}/withdraw")
    assert "nothing about health" in page.text
    page.fill("reason", "moved abroad").fill("erases", "y").press()
    assert page.address == PAGE
    assert "Left the study" in page.text
    assert links(world) == ["withdrawn"]
    assert [one[2:4] for one in messages(world)] == [("cancelled", "withdrawn")]
    assert contacts(world) == {}
    assert world.browser().client.get(link).status_code == 410
    page.open(f"{PAGE}/change").fill("email", NEW).press()
    assert page.status == 409
    assert contacts(world) == {}


@pytest.mark.parametrize(
    ("reason", "told"),
    [("", "Write a reason"), ("ring 406 12 345", "name nobody"), ("kari@hospital.example", "name nobody")],
)
def test_a_reason_that_names_somebody_or_none_at_all_is_refused(world: World, reason: str, told: str) -> None:
    world.add()
    page = coordinator(world).open(f"{PAGE}/withdraw").fill("reason", reason).press()
    assert page.status == 422
    assert told in page.text


def test_erased_addresses_leave_no_byte_behind_and_a_hash_as_proof(world: World) -> None:
    world.add(email=OLD, phone="40612345")
    with world.reading() as session:
        rows = session.execute(select(Contact)).scalars().all()
        hidden = [row.sealed for row in rows] + [row.salt.encode() for row in rows]
    # A server's files are not ours to look into; the embedded database's are.
    has_files = world.runtime.database.engine.dialect.name == "sqlite"
    files = list(world.folder.glob("btb.db*"))
    assert all(any(part in file.read_bytes() for file in files) for part in hidden) == has_files
    page = coordinator(world).open(f"{PAGE}/erase-contact").press()
    assert "erased" in page.text
    for file in world.folder.glob("btb.db*"):
        for part in (*hidden, OLD.encode(), b"40612345"):
            assert part not in file.read_bytes(), file.name
    with world.reading() as session:
        verify(session)
        newest = select(AuditEvent).where(AuditEvent.tag == "participant:erase_contact")
        erased = session.execute(newest).scalar_one().changes
        added = session.execute(select(AuditEvent).where(AuditEvent.tag == "participant:add"))
        before = added.scalar_one().changes
    proofs = [part.split('"')[0] for part in erased.split('"old":"')[1:]]
    assert len(proofs) == 2
    assert all(proof in before for proof in proofs)


def test_a_changed_address_leaves_no_byte_of_the_old_one(world: World) -> None:
    world.add(email=OLD)
    with world.reading() as session:
        sealed = session.execute(select(Contact.sealed)).scalar_one()
    coordinator(world).open(f"{PAGE}/change").fill("email", NEW).press()
    assert not any(sealed in file.read_bytes() for file in world.folder.glob("btb.db*"))


def test_day0_is_shown_first_with_every_old_and_new_day_then_saved(world: World) -> None:
    world.add(day0="2026-11-20")
    page = coordinator(world).open(f"{PAGE}/day0").fill("day0", "2026-11-27").press("step", "look")
    assert "Nothing is saved yet" in page.text
    assert "20 Nov 2026" in page.text
    assert "27 Nov 2026" in page.text
    with world.reading() as session:
        assert session.execute(select(Participant.day0)).scalar_one() == date(2026, 11, 20)
    page.press("step", "save")
    assert page.address == PAGE
    with world.reading() as session:
        assert session.execute(select(Participant.day0)).scalar_one() == date(2026, 11, 27)
        day14 = session.execute(select(Visit).where(Visit.code == "day14")).scalar_one()
        assert day14.planned_on == date(2026, 12, 11)


def test_a_colleagues_move_in_between_stops_the_confirmation(world: World) -> None:
    world.add(day0="2026-11-20")
    first = coordinator(world, "oslo").open(f"{PAGE}/day0").fill("day0", "2026-11-27").press("step", "look")
    second = coordinator(world, "oslo", "bergen").open(f"{PAGE}/visits/day14")
    second.fill("day", "2026-12-05").press("step", "look").press("step", "save")
    first.press("step", "save")
    assert first.status == 409
    assert "5 Dec 2026" in first.text
    with world.reading() as session:
        assert session.execute(select(Participant.day0)).scalar_one() == date(2026, 11, 20)
    first.press("step", "look")
    assert "set by hand" in first.text
    first.press("step", "save")
    with world.reading() as session:
        days = {visit.code: visit.planned_on for visit in session.execute(select(Visit)).scalars()}
    assert days["day14"] == date(2026, 12, 5)
    assert days["day42"] == date(2027, 1, 8)


def test_an_expired_link_works_again_when_its_visit_is_moved(world: World) -> None:
    world.add(day0=(clock.today() - timedelta(days=10)).isoformat())
    with clock.at(clock.now() - timedelta(days=12)):
        link = world.invite()
    assert world.browser().client.get(link).status_code == 410
    page = coordinator(world).open(f"{PAGE}/visits/baseline").fill("day", clock.today().isoformat())
    page.press("step", "look").press("step", "save")
    assert page.address == PAGE
    assert world.browser().open(link).page == "start"


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"day": "2026-09-01"}, "would come before the participant was included, on 9 Oct 2026"),
        ({"day": "1926-11-20"}, "Look at the year"),
        ({"day": "soon"}, "Write the day as"),
        ({"day": "2026-11-21", "hour": "25:00"}, "no such hour"),
    ],
)
def test_a_bad_day_is_told_in_a_sentence(world: World, fields: dict[str, str], told: str) -> None:
    world.add(day0="2026-11-20")
    page = coordinator(world).open(f"{PAGE}/visits/baseline")
    for name, value in fields.items():
        page.fill(name, value)
    page.press("step", "look")
    assert page.status == 422
    assert told in page.text


def test_a_visit_that_the_study_does_not_have_is_not_found(world: World) -> None:
    world.add()
    browser = coordinator(world)
    assert browser.client.get(f"{PAGE}/visits/day999").status_code == 404
