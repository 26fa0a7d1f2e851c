"""Opening a link: looking writes nothing, Start trades it for a session."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from btb_pro import clock
from btb_pro.services.invitations import link_address
from tests.integration.participant.steps import (
    count,
    dump,
    invitation_row,
    post,
    rebuilt,
    session_address,
)
from tests.support.world import World, make_world

MACHINES = {
    "nothing said": {"User-Agent": ""},
    "Outlook": {"User-Agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 SafeLinks"},
    "Defender": {"User-Agent": "Mozilla/5.0 (compatible; Microsoft-Defender-Link-Check)"},
    "Barracuda": {"User-Agent": "Barracuda Sentinel (EE)"},
    "Proofpoint": {"User-Agent": "Mozilla/5.0 Proofpoint URL Defense"},
    "Facebook": {"User-Agent": "facebookexternalhit/1.1"},
    "WhatsApp": {"User-Agent": "WhatsApp/2.23.20.0 A"},
    "Teams": {"User-Agent": "Mozilla/5.0 SkypeUriPreview Preview/0.5 skype-url-preview@microsoft.com"},
    "Slack": {"User-Agent": "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"},
    "iMessage": {"User-Agent": "Mozilla/5.0 (Macintosh) facebookexternalhit/1.1 Facebot Twitterbot/1.0"},
    "Google": {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"},
    "a prefetching browser": {"User-Agent": "Mozilla/5.0", "Sec-Purpose": "prefetch;prerender"},
    "an older prefetch": {"User-Agent": "Mozilla/5.0", "X-Purpose": "preview", "Purpose": "prefetch"},
    "curl": {"User-Agent": "curl/8.5.0"},
}


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_a_machine_that_looks_at_a_link_writes_nothing_anywhere(world: World, method: str) -> None:
    world.add()
    link = world.invite()
    before = dump(world)
    for machine, headers in MACHINES.items():
        for _ in range(2):
            response = world.app.test_client().open(link, method=method, headers=headers)
            assert response.status_code == 200, machine
        assert dump(world) == before, machine


def test_a_link_that_was_scanned_fifty_times_still_works_for_the_person(world: World) -> None:
    world.add()
    link = world.invite()
    scanner = world.app.test_client()
    for number in range(50):
        scanner.open(link, method="HEAD" if number % 3 else "GET")
    assert world.browser().open(link).press().page == "parts"


@pytest.mark.parametrize("state", ["revoked", "expired", "submitted", "unknown"])
def test_looking_at_a_dead_link_writes_nothing_either(world: World, state: str) -> None:
    world.add()
    link = world.invite()
    if state == "submitted":
        browser = world.started(link)
        browser.open(f"{session_address(browser)}/review").press()
    if state == "revoked":
        world.revoke("BTB-001")
    if state == "unknown":
        link = link[:-5]
    at = datetime(2099, 1, 1, tzinfo=UTC) if state == "expired" else clock.now()
    before = dump(world)
    with clock.at(at):
        for method in ("GET", "HEAD", "POST"):
            world.app.test_client().open(link, method=method)
    assert dump(world) == before


def test_the_start_page_says_who_asks_how_long_by_when_in_both_languages(world: World) -> None:
    world.add(language="nb")
    browser = world.browser().open(world.invite())
    study = world.runtime.study
    assert (browser.page, browser.document.get("lang")) == ("start", "nb")
    for language in study.languages:
        assert study.asker[language] in browser.text
    last_day = clock.last_day(invitation_row(world).expires_at)
    assert browser.text.count(f"{last_day.day}") >= 2
    assert browser.text.count(f"{study.visit('baseline').minutes} minut") == 2
    assert [one.get("lang") for one in browser.document.iter("section")] == ["en"]


def test_the_start_page_has_one_form_with_one_button(world: World) -> None:
    world.add()
    browser = world.browser().open(world.invite())
    assert [form.get("method") for form in browser.document.iter("form")] == ["post"]
    assert len(list(browser.document.iter("button"))) == 1


def test_the_page_before_start_names_no_person_and_its_head_gives_a_preview_nothing(world: World) -> None:
    world.add(email="kari@example.org", phone="+4799999999")
    browser = world.browser().open(world.invite())
    head = browser.document.find("head")
    assert head is not None
    told = "".join(head.itertext()) + "".join(str(one.attrib) for one in head.iter())
    for secret in ("BTB-001", "kari", "9999"):
        assert secret not in browser.html
    titles = [instrument.title["nb"].text for instrument in world.runtime.instruments.values()]
    assert not any(text in told for text in (*titles, "og:", "twitter:", "description"))


def test_pressing_start_begins_one_session_and_takes_the_token_out_of_the_address(world: World) -> None:
    world.add()
    link = world.invite()
    browser = world.browser().open(link)
    assert count(world, "participant_session") == 0
    browser.press()
    assert count(world, "participant_session") == 1
    assert browser.page == "parts"
    token = link.rsplit("/", 1)[1]
    assert token not in browser.address + browser.html
    for address in ("/page/1", "/review"):
        browser.open(session_address(browser) + address)
        assert token not in browser.html


def test_starting_answers_with_a_redirect_so_that_reload_does_not_start_again(world: World) -> None:
    world.add()
    response = post(world.app.test_client(), world.invite(), "lang=nb&start=1")
    assert response.status_code == 303
    assert response.headers["Location"].startswith("/q/")


def test_pressing_start_twice_in_one_browser_goes_on_in_the_same_session(world: World) -> None:
    world.add()
    link = world.invite()
    browser = world.browser().open(link).press()
    address = browser.address
    assert browser.open(link).press().address == address
    assert count(world, "participant_session") == 1


def test_starting_marks_nothing_as_answered(world: World) -> None:
    world.started()
    stored = dump(world)
    assert stored["answer"] == stored["response"] == []


@pytest.mark.usefixtures("engine")
def test_a_link_has_at_most_100_characters_with_a_host_of_30(tmp_path: Path) -> None:
    world = make_world(tmp_path / "instance")
    host = "spm.sykehuset-innlandet.helse.n"[:30]
    assert len(host) == 30
    try:
        world = rebuilt(world, base_url=f"https://{host}", trusted_hosts=(host,))
        world.add()
        path = world.invite()
        from_service = link_address(world.runtime, invitation_row(world))
        assert from_service == f"https://{host}{path}"
        assert len(from_service) <= 100
    finally:
        world.close()


def test_links_are_made_from_the_configured_address_and_never_from_the_host_header(world: World) -> None:
    world.add()
    link = world.invite()
    response = world.app.test_client().get(link, headers={"Host": "evil.example"})
    assert "evil.example" not in response.text
    response = world.app.test_client().post(link, headers={"Host": "evil.example"})
    assert "evil.example" not in response.headers["Location"]
