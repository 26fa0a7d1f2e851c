"""A study may ask for a second step: with a code to the address on file, earlier answers are shown again."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from btb_pro import clock
from btb_pro.models.message import Message
from btb_pro.models.response import StepCode
from btb_pro.services.step_codes import DIGITS, MOST_A_DAY, MOST_AN_HOUR, MOST_TRIES, code_for
from btb_pro.services.verification import verify
from btb_pro.study_file import PACKAGED_STUDY
from tests.integration.participant.steps import dump, fill_in, go_to, rebuilt, trail
from tests.support.engines import EngineName
from tests.support.mail import mail_server
from tests.support.outgoing import mailing, set_servers, texting, work
from tests.support.plain_browser import PlainBrowser
from tests.support.world import World, make_world

EMAIL, PHONE = "kari@hospital.example", "+47 400 00 042"


@pytest.fixture
def strict(tmp_path: Path, engine: EngineName) -> Iterator[World]:
    """A study with the second step, which may send by e-mail and SMS."""
    text = PACKAGED_STUDY.read_text(encoding="utf-8")
    world = make_world(
        tmp_path / "strict", study=text.replace("link_days", "second_step = true\nlink_days", 1)
    )
    texting(mailing(world, "smtp://127.0.0.1:1"), "sveve+http://bruker:hemmelig@127.0.0.1:1/send")
    yield world
    try:
        with world.reading() as session:
            verify(session)
    finally:
        world.close()


@pytest.fixture
def link(strict: World) -> str:
    """A link by which some answers were given."""
    link = strict.invite(strict.add(language="nb", email=EMAIL, phone=PHONE))
    browser = strict.started(link)
    fill_in(go_to(browser, strict, "bg_age"), {"bg_age": "47", "bg_gender": "2"}).press("later")
    return link


def codes(world: World) -> list[str]:
    """Every code that was queued, oldest first, as its message would tell it."""
    with world.reading() as session:
        messages = session.execute(
            select(Message).where(Message.kind == "code").order_by(Message.id)
        ).scalars()
        rows = [session.get_one(StepCode, int(message.subject_key)) for message in messages]
        return [code_for(world.runtime, row) for row in rows]


def back_again(world: World, link: str) -> PlainBrowser:
    """Another phone with the bare link."""
    return world.browser().open(link).press()


def shown_age(browser: PlainBrowser, world: World) -> list[str]:
    """What the page of questions shows as age."""
    return go_to(browser, world, "bg_age").value("bg_age")


def wrong_code(code: str) -> str:
    """As many digits that are not the code."""
    return f"{(int(code) + 1) % 10**DIGITS:0{DIGITS}}"


def test_without_the_step_a_link_that_is_opened_again_asks_for_no_code(world: World) -> None:
    link = world.invite(world.add(email=EMAIL))
    fill_in(go_to(world.started(link), world, "bg_age"), {"bg_age": "47"}).press("later")
    browser = back_again(world, link)
    assert browser.page == "parts"
    assert browser.open(f"{browser.address}code").page == "parts"
    assert shown_age(browser, world) == [""]


def test_the_first_visit_and_one_without_answers_ask_for_no_code(strict: World) -> None:
    link = strict.invite(strict.add(email=EMAIL))
    assert strict.started(link).page == back_again(strict, link).page == "parts"


def test_whoever_has_no_address_on_file_is_not_sent_round_in_circles(strict: World) -> None:
    link = strict.invite(strict.add())
    fill_in(go_to(strict.started(link), strict, "bg_age"), {"bg_age": "47"}).press("later")
    assert back_again(strict, link).page == "parts"


@pytest.mark.parametrize("channel", ["sms", "email"])
def test_the_code_brings_earlier_answers_back_to_view(strict: World, link: str, channel: str) -> None:
    browser = back_again(strict, link)
    assert (browser.page, browser.address.rpartition("/")[2]) == ("step", "code")
    assert "42" in browser.text
    assert "400" not in browser.text
    assert "kari" not in browser.html
    browser.press("send", channel)
    [code] = codes(strict)
    assert 10 ** len(code) >= 2**20, "guessing is harder than that of twenty bits"
    browser.fill("code", f" {code[:3]} {code[3:]} ").press()
    assert (browser.status, browser.page) == (200, "parts")
    assert "Nå ser du det du har svart før" in browser.text
    assert shown_age(browser, strict) == ["47"]
    review = browser.open(browser.address.rpartition("/page")[0] + "/review")
    assert "47" in review.text
    with strict.reading() as session:
        message = session.execute(select(Message)).scalar_one()
        assert (message.kind, message.channel, message.language, message.state) == (
            "code",
            channel,
            "nb",
            "queued",
        )
        verify(session)


def test_the_code_arrives_at_night_and_though_no_reminders_are_wanted(strict: World, link: str) -> None:
    strict.browser().open(f"{link}/stop").press()
    night = clock.now().astimezone(clock.OSLO).replace(hour=3)
    with mail_server() as server, clock.at(night + timedelta(days=1)):
        browser = back_again(mailing(strict, server.url), link).press("send", "email")
        [code] = codes(strict)
        [done] = work(strict)
        assert done.outcome is not None
        [message] = server.mailbox.to(EMAIL)
        assert code in str(message.get_content() if not message.is_multipart() else message)
        assert "List-Unsubscribe" not in message
        assert "/s/" not in str(message)
        assert browser.fill("code", code).press().page == "parts"


def test_a_code_that_is_too_old_or_followed_by_another_is_not_sent_any_more(strict: World, link: str) -> None:
    now = clock.now()
    with mail_server() as server:
        with clock.at(now):
            back_again(mailing(strict, server.url), link).press("send", "email")
        with clock.at(now + timedelta(minutes=10)):
            [done] = work(strict)
        assert (done.outcome, done.claim.reason) == (None, "code_gone")
        assert server.mailbox.received == []


def test_a_way_that_is_not_set_up_is_not_offered(strict: World, link: str) -> None:
    set_servers(strict, BTB_SMS_URL="")
    browser = back_again(strict, link)
    assert "42" not in browser.text
    assert browser.press().names() == ["code"]


def test_what_is_shown_again_and_left_as_it_is_is_not_stored_twice(strict: World, link: str) -> None:
    browser = back_again(strict, link).press()
    browser.fill("code", codes(strict)[0]).press()
    go_to(browser, strict, "bg_age").fill("bg_age", "48").press("later")
    assert [row.value for row in trail(strict, "bg_age")] == ["47", "48"]
    assert [row.value for row in trail(strict, "bg_gender")] == ["2"]


def test_whoever_goes_on_without_sees_what_is_answered_but_not_how(strict: World, link: str) -> None:
    browser = back_again(strict, link).press("without")
    assert browser.page == "parts"
    assert shown_age(browser, strict) == [""]
    assert "47" not in browser.open(browser.address.rpartition("/page")[0] + "/review").text
    parts = browser.open(browser.address.rpartition("/")[0] + "/")
    assert parts.link("Se hva jeg har svart før").endswith("/code")


def test_a_code_is_good_once_and_for_its_own_session_alone(strict: World, link: str) -> None:
    first, second = back_again(strict, link).press(), back_again(strict, link)
    [code] = codes(strict)
    handle = second.address.split("/")[2]
    second.send(f"/q/{handle}/code", [*second.values, ("code", code), ("next", "1")])
    assert second.status == 422
    assert shown_age(second, strict) == [""]
    typed = [*first.values, ("code", code), ("next", "1")]
    address = first.address
    assert first.fill("code", code).press().page == "parts"
    before = dump(strict)
    first.send(address, typed)
    assert dump(strict) == before


def test_a_code_of_another_participants_link_is_refused(strict: World, link: str) -> None:
    other = strict.invite(strict.add("BTB-002", email=EMAIL))
    fill_in(go_to(strict.started(other), strict, "bg_age"), {"bg_age": "33"}).press("later")
    mine, theirs = back_again(strict, link).press(), back_again(strict, other).press()
    mine_code, theirs_code = codes(strict)
    assert mine.fill("code", theirs_code).press().status == 422
    assert theirs.fill("code", theirs_code).press().page == "parts"
    assert mine.fill("code", mine_code).press().page == "parts"


def test_a_code_dies_after_ten_minutes(strict: World, link: str) -> None:
    now = clock.now()
    with clock.at(now):
        browser = back_again(strict, link).press()
    [code] = codes(strict)
    with clock.at(now + timedelta(minutes=10)):
        browser.fill("code", code).press()
        assert (browser.status, browser.names()) == (422, [])
        assert browser.press("send", "sms").names() == ["code"]


def test_the_sixth_try_is_none_even_with_the_right_code(strict: World, link: str) -> None:
    browser = back_again(strict, link).press()
    [code] = codes(strict)
    address, values = browser.address, [pair for pair in browser.values if pair[0] == "csrf_token"]
    for number in range(MOST_TRIES):
        browser.send(address, [*values, ("code", wrong_code(code)), ("next", "1")])
        assert browser.status == 422
        assert browser.names() == (["code"] if number < MOST_TRIES - 1 else [])
    browser.send(address, [*values, ("code", code), ("next", "1")])
    assert browser.status == 422
    assert shown_age(browser, strict) == [""]


def test_sending_is_limited_by_participant_and_the_page_says_from_when(strict: World, link: str) -> None:
    now = clock.now().replace(hour=10, minute=0, second=0, microsecond=0)
    for number in range(MOST_AN_HOUR):
        with clock.at(now + timedelta(minutes=number)):
            back_again(strict, link).press("send", "email")
    with clock.at(now + timedelta(minutes=10)):
        browser = back_again(strict, link)
        local = (now + timedelta(hours=1)).astimezone(clock.OSLO)
        assert f"{local:%H:%M}" in browser.text
        token = [pair for pair in browser.values if pair[0] == "csrf_token"]
        browser.send(browser.address, [*token, ("send", "email")])
        assert len(codes(strict)) == MOST_AN_HOUR
        assert browser.press("without").page == "parts"
    for number in range(2 * MOST_A_DAY):
        with clock.at(now + timedelta(hours=1, minutes=40 * number)):
            browser = back_again(strict, link)
            token = [pair for pair in browser.values if pair[0] == "csrf_token"]
            browser.send(browser.address, [*token, ("send", "email")])
    assert len(codes(strict)) == MOST_A_DAY


def test_pressing_twice_sends_one_code_and_a_new_code_ends_the_old_one(strict: World, link: str) -> None:
    now = clock.now()
    with clock.at(now):
        browser = back_again(strict, link)
        again = [*browser.values, ("send", "sms")]
        address = browser.address
        browser.send(address, again).send(address, again)
        assert len(codes(strict)) == 1
    with clock.at(now + timedelta(minutes=1)):
        browser.press("send", "sms")
        old, new = codes(strict)
        assert old != new
        assert browser.fill("code", old).press().status == 422
        assert browser.fill("code", new).press().page == "parts"


def test_the_code_lies_nowhere_in_the_database_and_outlives_a_new_key(strict: World, link: str) -> None:
    browser = back_again(strict, link).press()
    [code] = codes(strict)
    stored = [str(value) for rows in dump(strict).values() for row in rows for value in row]
    assert code not in stored
    old = strict.runtime.settings.secret_keys
    newer = rebuilt(strict, secret_keys=("n" * 40, *old))
    assert codes(newer) == [code]
    browser.client.application = newer.app
    assert browser.fill("code", code).press().page == "parts"


def test_the_page_speaks_both_languages_and_changes_between_them(strict: World, link: str) -> None:
    browser = back_again(strict, link)
    assert browser.heading == "Se hva du har svart før"
    browser.press("lang", "en")
    assert (browser.heading, browser.page) == ("See what you have answered before", "step")
    browser.press("send", "email")
    assert browser.names() == ["code"]
    assert browser.press().status == 422
    assert "Write the code" in browser.text


def test_a_stale_form_sends_nothing_and_says_so(strict: World, link: str) -> None:
    browser = back_again(strict, link)
    browser.send(browser.address, [("csrf_token", "stale"), ("send", "sms")])
    assert (browser.status, browser.page) == (200, "step")
    assert codes(strict) == []
