"""What goes over the line: small, told apart by what the browser takes, kept where it never changes."""

import gzip
import re
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from btb_pro.assets import read_assets
from tests.support.world import World


def fetch(world: World, address: str, encoding: str = "gzip, br", method: str = "GET") -> TestResponse:
    headers = {"Accept-Encoding": encoding} if encoding else {}
    response = world.app.test_client().open(address, method=method, headers=headers, buffered=True)
    response.close()
    return response


def style_sheet(world: World) -> str:
    assert world.app.static_folder is not None
    return f"/static/{read_assets(Path(world.app.static_folder)).style_sheet}"


def test_a_page_comes_compressed_and_is_the_same_page(world: World) -> None:
    plain = fetch(world, "/", "")
    small = fetch(world, "/")
    assert "Content-Encoding" not in plain.headers
    assert small.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(small.data) == plain.data
    assert int(small.headers["Content-Length"]) == len(small.data) < len(plain.data) / 2


@pytest.mark.parametrize("encoding", ["", "identity", "br", "gzip;q=0", "deflate, gzip;q=0.0"])
def test_a_browser_that_takes_no_gzip_gets_none(world: World, encoding: str) -> None:
    assert "Content-Encoding" not in fetch(world, "/", encoding).headers
    assert "Content-Encoding" not in fetch(world, style_sheet(world), encoding).headers


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "*", "gzip;q=0.1, identity;q=1"])
def test_a_browser_that_takes_gzip_gets_it(world: World, encoding: str) -> None:
    assert fetch(world, "/", encoding).headers["Content-Encoding"] == "gzip"
    assert fetch(world, style_sheet(world), encoding).headers["Content-Encoding"] == "gzip"


def test_whoever_stores_a_response_is_told_that_it_depends_on_the_encoding(world: World) -> None:
    page = fetch(world, "/", "")
    assert {"Accept-Encoding", "Cookie", "Accept-Language"} <= set(page.vary)
    assert set(fetch(world, style_sheet(world), "").vary) == {"Accept-Encoding"}


def test_the_style_sheet_is_kept_for_good_and_pages_never(world: World) -> None:
    for encoding in ("", "gzip"):
        sheet = fetch(world, style_sheet(world), encoding)
        assert sheet.mimetype == "text/css"
        assert sheet.cache_control.immutable
        assert sheet.cache_control.max_age == 365 * 24 * 3600
    assert fetch(world, "/").headers["Cache-Control"] == "no-store"


def test_the_compressed_style_sheet_is_the_same_sheet(world: World) -> None:
    address = style_sheet(world)
    assert gzip.decompress(fetch(world, address).data) == fetch(world, address, "").data


def test_a_file_whose_name_does_not_change_with_its_content_is_not_kept_for_good(world: World) -> None:
    response = fetch(world, "/static/manifest.json")
    assert response.status_code == 200
    assert not response.cache_control.immutable
    assert response.cache_control.max_age is None


@pytest.mark.parametrize("name", ["nothing.css", "../web.py", "..%2f..%2fpyproject.toml", "nothing.css.gz"])
def test_what_was_not_built_is_not_there(world: World, name: str) -> None:
    assert fetch(world, f"/static/{name}").status_code == 404


def test_a_head_request_tells_the_size_of_the_compressed_page_without_it(world: World) -> None:
    response = fetch(world, style_sheet(world), method="HEAD")
    assert response.data == b""
    assert response.headers["Content-Encoding"] == "gzip"
    assert int(response.headers["Content-Length"]) > 1000


def test_no_page_that_is_fetched_repeats_what_its_address_says(world: World) -> None:
    """Or the size of compressed pages could be made to tell what else is on them (decision 10)."""
    world.add()
    link = world.invite()
    browser = world.started(link)
    session = browser.address
    of_session = [f"{session}{page}" for page in ("", "page/1", "review", "receipt")]
    for page in (*of_session, link, "/", "/s/nothing", "/x"):
        shown = browser.open(f"{page}?lang=guess5&from=guess5&later=guess5&guess5=guess5")
        assert "guess5" not in shown.html, page


def test_a_redirect_carries_no_body(world: World) -> None:
    world.add()
    response = fetch(world, world.invite(), method="POST")
    assert response.status_code == 303
    assert response.data == b""
    assert response.headers["Location"].startswith("/q/")


def test_the_first_page_brings_its_style_and_asks_for_no_other_file(world: World) -> None:
    world.add()
    for address in (world.invite(), "/s/nothing", "/"):
        html = fetch(world, address, "").text
        assert html.count("<style>") == 1
        assert not re.search(r'<link(?! rel="icon" href="data:,")|<script|<img', html)
        assert not re.search(r'@import|url\((?!"?data:)', html)


def test_a_page_of_a_session_takes_its_style_from_the_file(world: World) -> None:
    browser = world.started()
    for html in (browser.html, browser.press().html):
        assert "<style>" not in html
        assert html.count(f'<link rel="stylesheet" href="{style_sheet(world)}">') == 1


def test_the_policy_allows_the_one_style_element_and_scripts_from_here_alone(world: World) -> None:
    policy = dict(
        part.strip().split(" ", 1) for part in fetch(world, "/").headers["Content-Security-Policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert re.fullmatch(r"'self' 'sha256-[A-Za-z0-9+/]{43}='", policy["style-src"])
    assert policy["script-src"] == policy["connect-src"] == "'self'"
