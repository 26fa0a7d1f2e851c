"""A browser that keeps no cookies is told so before the first question."""

import pytest

from tests.integration.participant.steps import FORM, dump
from tests.support.page_check import faults_of, parse
from tests.support.world import World


@pytest.mark.parametrize("language", ["nb", "en"])
def test_start_without_cookies_says_what_to_do_in_the_links_language(world: World, language: str) -> None:
    link = world.invite(world.add(language=language))
    other = {"nb": "en", "en": "nb"}[language]
    client = world.app.test_client(use_cookies=False)
    headers = {"Accept-Language": other, "Referer": f"http://localhost{link}?lang=nb"}
    started = client.post(link, headers=headers)
    response = client.get(started.headers["Location"], headers=headers)
    assert (response.status_code, faults_of(response.text)) == (403, [])
    document = parse(response.text)
    assert (document.get("lang"), document.find("body").get("data-page")) == (language, "dead")  # type: ignore[union-attr]  # a page has a body
    words = {"nb": "informasjonskapsler", "en": "cookies"}
    assert words[language] in response.text
    assert world.runtime.study.site("oslo").phone in response.text.replace("\u00a0", " ")
    [back] = [one.get("href") for one in next(document.iter("main")).iter("a")]
    assert back == link


def test_a_made_up_referrer_opens_nothing(world: World) -> None:
    handle = world.started().address
    for referrer, expected in (
        ("http://localhost/s/nobody-made-this", 404),
        ("http://localhost/s/", 303),
        ("http://elsewhere.example/s/x", 303),
        ("http://localhost/", 303),
        ("no address", 303),
        ("", 303),
    ):
        client = world.app.test_client(use_cookies=False)
        assert client.get(handle, headers={"Referer": referrer}).status_code == expected, referrer


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"start=" + b"1" * 300_000, FORM, 413),
        (b"start=%ff", FORM, 400),
        (b"{}", "application/json", 415),
    ],
)
@pytest.mark.parametrize("path", ["", "/not-me", "/stop"])
def test_what_a_links_page_never_sends_is_refused_in_its_language_with_a_way_back(
    world: World, body: bytes, content_type: str, status: int, path: str
) -> None:
    link = world.invite(world.add(language="nb"))
    before = dump(world)
    headers = {"Accept-Language": "en"}
    client = world.app.test_client()
    response = client.post(link + path, data=body, content_type=content_type, headers=headers)
    assert (response.status_code, faults_of(response.text)) == (status, [])
    document = parse(response.text)
    assert document.get("lang") == response.headers["Content-Language"] == "nb"
    [back] = [one.get("href", "") for one in next(document.iter("main")).iter("a")]
    assert client.get(back).status_code == 200
    assert dump(world) == before


def test_a_bad_link_is_unknown_whatever_is_sent_to_it(world: World) -> None:
    client = world.app.test_client()
    expected = client.get("/s/x").data
    for body, content_type in ((b"a" * 300_000, FORM), (b"a=%ff", FORM), (b"{}", "application/json")):
        response = client.post("/s/x", data=body, content_type=content_type)
        assert (response.status_code, response.data) == (404, expected)
    foreign = client.post("/s/x", headers={"Sec-Fetch-Site": "cross-site"})
    assert (foreign.status_code, foreign.data) == (404, expected)
