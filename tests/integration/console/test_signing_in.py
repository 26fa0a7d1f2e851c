"""Signing in with password and code, and what stands in the way of whoever guesses."""

import json
from datetime import timedelta
from time import perf_counter

import pyotp
import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from btb_pro import clock
from btb_pro.models.base import AuditEvent
from btb_pro.models.staff import Staff
from btb_pro.services.audit import Tag
from btb_pro.services.second_factor import RECOVERY_CODES
from btb_pro.services.signing_in import PROVEN_FOR
from tests.support.plain_browser import PlainBrowser
from tests.support.staff import PASSWORD, add_second_factor, add_with_password, code_now, sign_in
from tests.support.world import World

EMAIL = "kari@hospital.example"


@pytest.fixture
def app(world: World) -> pyotp.TOTP:
    """An account with password and phone; what the phone shows."""
    return add_second_factor(world, add_with_password(world, email=EMAIL))


def events(world: World, tag: Tag) -> list[AuditEvent]:
    """What the trail holds of one kind."""
    with world.reading() as session:
        return list(session.execute(select(AuditEvent).where(AuditEvent.tag == tag.value)).scalars())


def give_code(browser: PlainBrowser, code: str) -> PlainBrowser:
    """Type a code."""
    return browser.fill("code", code).press()


def test_password_and_code_lead_to_the_page_wished_for(world: World, app: pyotp.TOTP) -> None:
    browser = world.browser().open("/console/account?x=1")
    sign_in(browser, " Kari@Hospital.Example ")
    assert browser.page == "console-code"
    give_code(browser, code_now(app))
    assert browser.address == "/console/account?x=1"
    assert len(events(world, Tag.STAFF_SIGN_IN)) == 2


def test_no_page_of_the_staff_opens_with_the_password_alone(world: World, app: pyotp.TOTP) -> None:
    browser = sign_in(world.browser(), EMAIL)
    for path in ("/console/", "/console/account", "/console/account/second-factor"):
        assert browser.open(path).page == "console-sign-in"
    assert browser.open("/console/sign-in/second-factor").page == "console-sign-in"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/console/",
        "//evil.example/console/",
        "/\\evil.example",
        "/console/../s/x",
        "/s/token",
        "/console/sign-out",
        "javascript:alert(1)",
        "/console/\n//evil.example",
    ],
)
def test_signing_in_leads_nowhere_but_into_the_console(world: World, elsewhere: str) -> None:
    email = add_with_password(world)
    add_second_factor(world, email)
    browser = world.browser()
    browser.client.get("/console/sign-in")
    browser.open("/console/sign-in")
    sent = [*browser.values, ("next", elsewhere)]
    browser.values = sent
    browser.fill("email", email).fill("password", PASSWORD).press()
    assert browser.address == "/console/sign-in/code"


def test_whoever_has_no_phone_set_up_yet_sets_it_up_before_anything_else(world: World) -> None:
    email = add_with_password(world)
    browser = sign_in(world.browser(), email)
    assert browser.page == "console-second-factor"
    secret = next("".join(one.itertext()) for one in browser.document.iter("dd")).replace(" ", "")
    phone = pyotp.TOTP(secret)
    give_code(browser, "000000")
    assert browser.status == 422
    assert secret in browser.text.replace(" ", "")
    give_code(browser, code_now(phone))
    assert browser.page == "console-recovery-codes"
    codes = ["".join(one.itertext()) for one in browser.document.iter("li") if "-" in (one.text or "")]
    assert len(set(codes)) == RECOVERY_CODES
    assert browser.open("/console/").page == "console-today"
    with world.reading() as session:
        sealed = session.query(Staff).filter_by(email=email).one().totp_sealed
    assert sealed is not None
    assert secret.encode() not in sealed


def test_a_code_counts_once(world: World, app: pyotp.TOTP) -> None:
    with clock.at(clock.now()):
        code = code_now(app)
        assert give_code(sign_in(world.browser(), EMAIL), code).page == "console-today"
        again = give_code(sign_in(world.browser(), EMAIL), code)
        assert (again.page, again.status) == ("console-code", 422)
        older = give_code(again, code_now(app, -1))
        assert older.status == 422
        assert give_code(older, code_now(app, 1)).page == "console-today"


@pytest.mark.parametrize(("steps", "is_taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_phones_clock_may_be_off_by_half_a_minute(
    world: World, app: pyotp.TOTP, steps: int, is_taken: bool
) -> None:
    with clock.at(clock.now()):
        browser = give_code(sign_in(world.browser(), EMAIL), code_now(app, steps))
    assert (browser.page == "console-today") is is_taken


def test_a_recovery_code_works_once_however_it_is_typed(world: World) -> None:
    email = add_with_password(world)
    browser = sign_in(world.browser(), email)
    secret = next("".join(one.itertext()) for one in browser.document.iter("dd")).replace(" ", "")
    give_code(browser, code_now(pyotp.TOTP(secret)))
    code = next(one.text or "" for one in browser.document.iter("li") if "-" in (one.text or ""))
    other = give_code(sign_in(world.browser(), email), f" {code.lower().replace('-', ' ')} ")
    assert other.page == "console-today"
    assert "9 gjenopprettingskoder" in other.open("/console/account").text
    assert give_code(sign_in(world.browser(), email), code).status == 422


def test_too_long_after_the_password_one_begins_anew(world: World, app: pyotp.TOTP) -> None:
    browser = sign_in(world.browser(), EMAIL)
    with clock.at(clock.now() + PROVEN_FOR):
        assert give_code(browser, code_now(app)).page == "console-sign-in"
        assert browser.status == 403


def test_a_changed_password_ends_the_way_to_the_code(world: World, app: pyotp.TOTP) -> None:
    browser = sign_in(world.browser(), EMAIL)
    with world.writing() as session:
        staff = session.query(Staff).filter_by(email=EMAIL).one()
        staff.password_hash = (staff.password_hash or "")[:-1] + "0"
    assert give_code(browser, code_now(app)).page == "console-sign-in"


def test_wrong_unknown_and_disabled_are_told_in_the_same_words(world: World, app: pyotp.TOTP) -> None:
    add_with_password(world, email="gone@hospital.example")
    with world.writing() as session:
        session.query(Staff).filter_by(email="gone@hospital.example").one().disabled_at = clock.now()
    told = set()
    for email, password in (
        (EMAIL, "wrong"),
        ("nobody@hospital.example", PASSWORD),
        ("gone@hospital.example", PASSWORD),
        ("nonsense", ""),
        ("", "x" * 5000),
    ):
        browser = sign_in(world.browser(), email, password)
        assert browser.status == 422
        told.add(browser.heading + browser.text)
    assert len(told) == 1


def test_an_unknown_account_takes_as_long_as_a_known_one(world: World, app: pyotp.TOTP) -> None:
    took: dict[str, list[float]] = {EMAIL: [], "nobody@hospital.example": []}
    at = clock.now()
    for turn in range(12):
        for email, times in took.items():
            with clock.at(at + timedelta(hours=turn)):
                browser = world.browser().open("/console/sign-in")
                browser.fill("email", email).fill("password", "not this one")
                begun = perf_counter()
                browser.press()
                times.append(perf_counter() - begun)
            assert browser.status == 422
    # The fastest of each: what else the machine does only ever adds.
    known, unknown = (min(times) for times in took.values())
    assert abs(known - unknown) < 0.35 * max(known, unknown)


def test_refused_tries_are_in_the_trail_without_what_was_typed(world: World, app: pyotp.TOTP) -> None:
    sign_in(world.browser(), EMAIL, "not-the-password")
    sign_in(world.browser(), "stranger@elsewhere.example", "not-the-password")
    give_code(sign_in(world.browser(), EMAIL), "123456")
    refused = events(world, Tag.STAFF_SIGN_IN_REFUSED)
    assert [one.actor for one in refused] == [EMAIL, "unknown", EMAIL]
    assert [json.loads(one.changes)[0]["new"] for one in refused] == [
        "refused: password",
        "refused: password",
        "refused: code",
    ]
    with world.reading() as session:
        whole = "".join(f"{one.changes}{one.actor}" for one in session.query(AuditEvent))
    for typed in ("stranger", "not-the-password", "123456"):
        assert typed not in whole


def wrong_tries(world: World, email: str, times: int, address: str = "192.0.2.1") -> PlainBrowser:
    """Guess as fast as the pauses allow, from one address."""
    browser = world.browser()
    browser.client.environ_base["REMOTE_ADDR"] = address
    for _ in range(times):
        browser = sign_in(browser, email, "wrong")
    return browser


def test_after_some_wrong_tries_a_pause_and_after_the_pause_the_right_password_works(
    world: World, app: pyotp.TOTP
) -> None:
    with clock.at(clock.now()):
        browser = wrong_tries(world, EMAIL, 10)
        assert browser.status == 429
        assert "Vent" in browser.text
        assert sign_in(browser, EMAIL).status == 429
    with clock.at(clock.now() + timedelta(minutes=16)):
        browser.client.environ_base["REMOTE_ADDR"] = "192.0.2.1"
        assert sign_in(browser, EMAIL).page == "console-code"
    paused = [one for one in events(world, Tag.STAFF_SIGN_IN_REFUSED) if "paused_until" in one.changes]
    assert paused


def test_an_unknown_account_is_paused_like_a_known_one(world: World, app: pyotp.TOTP) -> None:
    with clock.at(clock.now()):
        statuses = [
            [sign_in(browser, email, "wrong").status for _ in range(8)]
            for email, browser in (
                (EMAIL, wrong_tries(world, EMAIL, 0, "192.0.2.1")),
                ("nobody@hospital.example", wrong_tries(world, EMAIL, 0, "192.0.2.2")),
            )
            if browser.open("/console/sign-in")
        ]
    assert statuses[0] == statuses[1]
    assert 429 in statuses[0]


def test_a_colleague_whose_browser_is_known_waits_for_no_attacker(world: World, app: pyotp.TOTP) -> None:
    mine = give_code(sign_in(world.browser(), EMAIL), code_now(app))
    mine.send("/console/sign-out", [])
    with clock.at(clock.now() + timedelta(minutes=5)):
        for host in range(1, 26):
            wrong_tries(world, EMAIL, 1, f"198.51.100.{host}")
        for _ in range(12):
            wrong_tries(world, EMAIL, 1, "127.0.0.1")
        stranger = sign_in(world.browser(), EMAIL)
        assert stranger.status == 429
        assert sign_in(mine, EMAIL).page == "console-code"
        assert give_code(mine, code_now(app)).page == "console-today"


def test_codes_cannot_be_guessed_one_after_the_other(world: World, app: pyotp.TOTP) -> None:
    with clock.at(clock.now()):
        browser = sign_in(world.browser(), EMAIL)
        statuses = [give_code(browser, f"{number:06}").status for number in range(7)]
        assert statuses[-1] == 429
        assert give_code(browser, code_now(app)).status == 429
    with clock.at(clock.now() + timedelta(minutes=5)):
        assert give_code(browser, code_now(app)).page == "console-today"


def test_a_try_from_another_site_is_refused(world: World, app: pyotp.TOTP) -> None:
    response = world.app.test_client().post(
        "/console/sign-in",
        data={"email": EMAIL, "password": PASSWORD},
        headers={"Origin": "https://evil.example"},
    )
    assert response.status_code == 403
    assert "console-error" in response.get_data(as_text=True)


def test_a_stale_token_shows_the_page_again_with_the_address_and_without_the_password(
    world: World, app: pyotp.TOTP
) -> None:
    browser = world.browser().open("/console/sign-in")
    browser.send("/console/sign-in", [("email", EMAIL), ("password", PASSWORD), ("csrf_token", "old")])
    assert browser.page == "console-sign-in"
    assert browser.value("email") == [EMAIL]
    assert PASSWORD not in browser.html


def test_a_hash_of_older_parameters_is_made_anew_at_the_next_sign_in(world: World, app: pyotp.TOTP) -> None:
    old = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(PASSWORD)
    with world.writing() as session:
        session.query(Staff).filter_by(email=EMAIL).one().password_hash = old
    assert give_code(sign_in(world.browser(), EMAIL), code_now(app)).page == "console-today"
    with world.reading() as session:
        new = session.query(Staff).filter_by(email=EMAIL).one().password_hash
    assert new is not None
    assert new.startswith("$argon2id$v=19$m=32768,t=2,p=1$")
