"""Every link that is none of ours is one and the same page, whatever is wrong with it."""

import string
import time
from pathlib import Path
from statistics import median
from urllib.parse import quote

import pytest

from btb_pro.links import LinkSigner
from btb_pro.security import new_key, new_public_id
from tests.integration.participant.steps import count, dump
from tests.support.world import World, make_world

URL_LETTERS = string.ascii_letters + string.digits + "-_"


@pytest.fixture
def token(world: World) -> str:
    """The token of a good link."""
    world.add()
    return world.invite().removeprefix("/s/")


def unknown_page(world: World, language: str) -> bytes:
    """The page of a link that nobody ever made."""
    response = world.app.test_client().get("/s/nobody-made-this", headers={"Accept-Language": language})
    assert response.status_code == 404
    return response.get_data()


def assert_unknown(world: World, path: str, pages: dict[str, bytes]) -> None:
    """The same bytes, headers but the date, and status, in both languages, for every method."""
    for language, expected in pages.items():
        client = world.app.test_client()
        response = client.get(path, headers={"Accept-Language": language})
        assert (response.status_code, response.data) == (404, expected), path
        assert response.headers["Content-Language"] == language
        assert "Set-Cookie" not in response.headers
        assert client.post(path, headers={"Accept-Language": language}).data == expected, path


@pytest.fixture
def pages(world: World) -> dict[str, bytes]:
    """The unknown-link page in each language."""
    found = {language: unknown_page(world, language) for language in ("nb", "en")}
    assert found["nb"] != found["en"]
    return found


def test_the_unknown_link_page_says_what_to_do_in_the_browsers_language(world: World) -> None:
    for language in ("nb", "en"):
        browser = world.browser(language).open("/s/nobody-made-this")
        assert (browser.status, browser.page, browser.document.get("lang")) == (404, "dead", language)
        assert all(site.phone.replace(" ", "") in browser.html for site in world.runtime.study.sites)


def test_all_64_variants_of_the_last_letter_but_the_right_one_are_unknown(
    world: World, token: str, pages: dict[str, bytes]
) -> None:
    for letter in URL_LETTERS:
        variant = token[:-1] + letter
        if variant == token:
            assert world.app.test_client().get(f"/s/{variant}").status_code == 200
        else:
            assert_unknown(world, f"/s/{variant}", pages)


def test_all_64_variants_of_the_public_ids_last_letter_are_unknown(
    world: World, token: str, pages: dict[str, bytes]
) -> None:
    public_id, _, signature = token.partition(".")
    for letter in URL_LETTERS:
        variant = public_id[:-1] + letter
        if variant != public_id:
            assert_unknown(world, f"/s/{variant}.{signature}", pages)


def test_one_letter_changed_anywhere_is_unknown(world: World, token: str, pages: dict[str, bytes]) -> None:
    for place, letter in enumerate(token):
        other = "A" if letter != "A" else "B"
        assert_unknown(world, f"/s/{token[:place]}{other}{token[place + 1 :]}", pages)
        assert_unknown(world, f"/s/{token[:place]}{token[place + 1 :]}", pages)


@pytest.mark.parametrize(
    "path",
    [
        "/s/",
        "/s//",
        "/s/x",
        "/s/.",
        "/s/..",
        "/s/...",
        "/s/a/b",
        "/s/a%2Fb",
        "/s/%00",
        "/s/%ff%fe",
        "/s/%C3%A6%C3%B8%C3%A5",
        "/s/" + quote("日本語"),
        "/s/" + "A" * 45,
        "/s/" + "A" * 22 + "." + "A" * 22,
        "/s/" + "A" * 8000,
        "/s/{{7*7}}",
        "/s/'%20OR%201=1--",
        "/s/%0d%0aSet-Cookie:%20a=b",
    ],
)
def test_text_that_is_no_link_is_unknown(world: World, path: str, pages: dict[str, bytes]) -> None:
    client = world.app.test_client()
    for language, expected in pages.items():
        response = client.get(path, headers={"Accept-Language": language}, follow_redirects=True)
        assert (response.status_code, response.data) == (404, expected)


def test_a_link_with_something_around_it_is_unknown(
    world: World, token: str, pages: dict[str, bytes]
) -> None:
    variants = [
        f"{token}/",
        f"{token}.",
        f"{token}=",
        f"{token}%20",
        f"%20{token}",
        f"{token}%00",
        f"{token}%0A",
        f"{token}/page/1",
        token.swapcase(),
        token.replace(".", "%2E%2E"),
        token[::-1],
        token.split(".")[0],
        f".{token.split('.')[1]}",
        f"{token}.{token.split('.')[1]}",
    ]
    for variant in variants:
        assert_unknown(world, f"/s/{variant}", pages)


def test_a_percent_encoded_dot_is_the_same_link(world: World, token: str) -> None:
    # The server decodes an address before anyone reads it: these are the same bytes, not another spelling.
    assert world.app.test_client().get(f"/s/{token.replace('.', '%2E')}").status_code == 200


def test_a_link_of_another_study_is_unknown_even_under_the_same_keys(
    world: World, token: str, pages: dict[str, bytes]
) -> None:
    public_id = token.split(".")[0]
    keys = world.runtime.settings.link_keys
    assert_unknown(world, f"/s/{LinkSigner(keys, 'sleep').token(public_id)}", pages)
    assert LinkSigner(keys, world.runtime.study.code).token(public_id) == token


def test_a_link_of_another_instance_is_unknown(world: World, tmp_path: Path, pages: dict[str, bytes]) -> None:
    other = make_world(tmp_path / "other")
    other.add()
    link = other.invite()
    other.close()
    assert_unknown(world, link, pages)


def test_a_good_signature_under_an_id_that_has_no_row_is_unknown(
    world: World, pages: dict[str, bytes]
) -> None:
    assert_unknown(world, f"/s/{world.runtime.links.token(new_public_id())}", pages)


def test_what_other_keys_of_this_instance_sign_is_unknown(
    world: World, token: str, pages: dict[str, bytes]
) -> None:
    public_id = token.split(".")[0]
    settings = world.runtime.settings
    for keys in (settings.secret_keys, settings.contact_keys, (new_key(),)):
        assert_unknown(world, f"/s/{LinkSigner(keys, world.runtime.study.code).token(public_id)}", pages)


def test_a_stolen_database_holds_no_working_link(world: World, token: str) -> None:
    stored = repr(dump(world))
    assert token not in stored
    assert token.split(".")[1] not in stored


def test_unknown_links_write_nothing_but_that_somebody_tried(world: World, token: str) -> None:
    before = dump(world)
    for path in (f"/s/{token[:-1]}", "/s/x", "/s/"):
        world.app.test_client().post(path)
    assert dump(world) == before
    assert count(world, "participant_session") == 0


def test_every_bad_link_takes_the_same_work_whether_its_id_is_there_or_not(world: World, token: str) -> None:
    client = world.app.test_client()
    public_id, _, signature = token.partition(".")
    kinds = {
        "an id that is there": f"/s/{public_id}.{'A' * len(signature)}",
        "an id that is not": f"/s/{new_public_id()}.{signature}",
        "no id at all": "/s/x",
    }
    taken: dict[str, list[float]] = {kind: [] for kind in kinds}
    for _ in range(100):
        for kind, path in kinds.items():
            began = time.thread_time()
            client.get(path)
            taken[kind].append(time.thread_time() - began)
    middles = [median(times) for times in taken.values()]
    assert max(middles) - min(middles) < 0.002, dict(zip(kinds, middles, strict=True))
