"""What no page of ours sends: refused in the participant's language, with a way back, and nothing written."""

from io import BytesIO
from urllib.parse import urlencode

import pytest
from itsdangerous import URLSafeSerializer

from btb_pro.security import new_key
from tests.integration.participant.steps import (
    FORM,
    checked,
    dump,
    fill_in,
    go_to,
    same_cookies,
    session_address,
    values,
    visit_row,
)
from tests.support.page_check import faults_of, parse
from tests.support.plain_browser import PlainBrowser
from tests.support.world import World


@pytest.fixture
def browser(world: World) -> PlainBrowser:
    """A browser whose phone speaks English, in a Norwegian session, on a page of questions."""
    world.add(language="nb")
    browser = world.browser("en").open(world.invite()).press()
    return go_to(browser, world, "pain_worse")


def refusal(
    world: World, browser: PlainBrowser, body: bytes, content_type: str = FORM, **headers: str
) -> tuple[int, str]:
    """Send a body to the page that is shown: the status, and where the page's way back leads to.

    The page must be valid, in the session's language, and nothing may be written.
    """
    before = dump(world)
    response = browser.client.post(
        browser.address,
        data=body,
        content_type=content_type,
        headers={"Accept-Language": "en", **{name.replace("_", "-"): text for name, text in headers.items()}},
    )
    assert faults_of(response.text) == []
    document = parse(response.text)
    assert document.get("lang") == response.headers["Content-Language"] == "nb"
    assert dump(world) == before
    main = next(document.iter("main"))
    return response.status_code, next((one.get("href", "") for one in main.iter("a")), "")


def test_ten_megabytes_of_form_are_too_large_and_the_page_is_one_step_back(
    world: World, browser: PlainBrowser
) -> None:
    body = b"pain_worse_other=" + b"a" * 10_000_000
    assert refusal(world, browser, body) == (413, browser.address)
    fill_in(browser, {"pain_worse": "lifting"}).press()
    assert values(world) == {"pain_worse": "lifting"}


def test_a_form_that_comes_in_pieces_is_taken_whole_or_refused_and_never_cut_off(
    world: World, browser: PlainBrowser
) -> None:
    before = dump(world)
    for size, status in ((300_000, 413), (100, 303)):
        given = {**dict(browser.values), "pain_worse": "lifting", "later": "1"}
        body = urlencode(given).encode() + b"&" * size
        response = browser.client.post(
            browser.address,
            input_stream=BytesIO(body),
            content_type=FORM,
            environ_overrides={"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"},
        )
        assert response.status_code == status
        assert (dump(world) == before) is (status == 413)
    assert values(world) == {"pain_worse": "lifting"}


def test_a_form_of_256_kilobytes_is_the_largest_that_is_read(world: World, browser: PlainBrowser) -> None:
    start = b"pain_worse_other="
    status, _ = refusal(world, browser, start + b"a" * (256 * 1024 - len(start) + 1))
    assert status == 413
    response = browser.client.post(
        browser.address, data=start + b"a" * (256 * 1024 - len(start)), content_type=FORM
    )
    assert response.status_code == 200


def test_bytes_that_are_no_utf8_are_a_bad_request(world: World, browser: PlainBrowser) -> None:
    for body in (
        b"pain_worse_other=\xff\xfe",
        b"pain_worse_other=bl\xe5b\xe6r",
        b"pain_worse_other=%FF%FE",
        b"pain_worse_other=bl%E5b%E6r",
        b"bl%E5=1",
        b"pain_worse_other=%C3",
        b"pain_worse_other=%ED%A0%80",
        b"pain_worse_other=\xed\xa0\x80",
        b"pain_worse_other=%C0%80",
        b"csrf_token=%FF",
    ):
        assert refusal(world, browser, body) == (400, browser.address), body


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b'{"pain_now": "5"}'),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--',
        ),
        ("text/plain", b"pain_now=5"),
        ("application/xml", b"<a/>"),
        ("", b"pain_now=5"),
    ],
)
def test_another_kind_of_body_is_not_taken(
    world: World, browser: PlainBrowser, content_type: str, body: bytes
) -> None:
    assert refusal(world, browser, body, content_type) == (415, browser.address)


def stale_tokens(world: World, browser: PlainBrowser) -> list[str | None]:
    """Tokens that are none of this session's; None: not sent at all."""
    handle = session_address(browser).removeprefix("/q/")
    keys = world.runtime.settings.secret_keys
    return [
        None,
        "",
        "x",
        "å\x00",
        browser.value("csrf_token")[0][:-1],
        str(URLSafeSerializer(new_key(), salt="btb_pro.csrf").dumps(handle)),
        str(URLSafeSerializer(list(keys), salt="btb_pro.csrf").dumps("0123456789")),
        str(URLSafeSerializer(list(keys), salt="btb_pro.other").dumps(handle)),
    ]


def test_a_stale_or_missing_token_shows_the_page_again_with_all_that_was_typed(
    world: World, browser: PlainBrowser
) -> None:
    given = {"pain_duration_years": "5", "pain_worse": ("lifting", "other"), "pain_worse_other": "blåbær"}
    here, before = browser.address, dump(world)
    for token in stale_tokens(world, browser):
        fill_in(go_to(browser, world, "pain_worse"), given)
        pairs = [(name, value) for name, value in browser.values if name != "csrf_token"]
        pairs += [] if token is None else [("csrf_token", token)]
        browser.send(here, [*pairs, ("next", "1")])
        assert (browser.status, browser.page, browser.address) == (200, "items", here)
        assert browser.value("pain_duration_years") == ["5"]
        assert checked(browser, "pain_worse") == ["lifting", "other"]
        assert browser.value("pain_worse_other") == ["blåbær"]
        assert dump(world) == before
    browser.press()
    assert values(world) == {
        "pain_duration_years": "5",
        "pain_worse": "lifting other",
        "pain_worse_other": "blåbær",
    }


def test_a_missing_token_neither_goes_on_nor_sends_in(world: World, browser: PlainBrowser) -> None:
    base = session_address(browser)
    for path, page in (("/", "parts"), ("/review", "review")):
        other = same_cookies(browser).open(base + path)
        other.send(base + path, [("next", "1")])
        assert (other.status, other.page) == (200, page)
        assert visit_row(world).submitted_at is None
        assert other.press().page in ("items", "receipt")


def test_a_state_that_is_not_the_pages_own_costs_nothing_that_was_typed(
    world: World, browser: PlainBrowser
) -> None:
    go_to(browser, world, "pain_worse").fill("pain_worse_other", "snø").fill("pain_worse", "other").press()
    other_page = go_to(same_cookies(browser), world, "pain_now").value("state")[0]
    for state in (None, "", "x", "å", other_page):
        go_to(browser, world, "pain_now").fill("pain_now", "5")
        pairs = [(name, value) for name, value in browser.values if name != "state"]
        pairs += [] if state is None else [("state", state)]
        browser.send(browser.address, [*pairs, ("next", "1")])
        assert browser.status == 200
    assert values(world)["pain_now"] == "5"
    go_to(browser, world, "pain_worse").send(
        browser.address, [("csrf_token", browser.value("csrf_token")[0])]
    )
    assert values(world)["pain_worse_other"] == "snø"


FOREIGN = {
    "another site": {"Sec-Fetch-Site": "cross-site"},
    "a sister host": {"Sec-Fetch-Site": "same-site"},
    "an unheard-of place": {"Sec-Fetch-Site": "elsewhere"},
    "an older browser on another site": {"Origin": "https://evil.example"},
    "another port": {"Origin": "http://localhost:8123"},
    "a sandboxed frame": {"Origin": "null"},
    "a host that only begins alike": {"Origin": "http://localhost.evil.example"},
    "nowhere": {"Origin": ""},
}


def test_a_form_that_comes_from_elsewhere_is_refused(world: World, browser: PlainBrowser) -> None:
    fill_in(browser, {"pain_worse": "lifting"})
    body = urlencode([*browser.values, ("next", "1")]).encode()
    paths = (world.invite(), f"{session_address(browser)}/review", f"{session_address(browser)}/")
    before = dump(world)
    for whence, headers in FOREIGN.items():
        assert refusal(world, browser, body, FORM, **headers)[0] == 403, whence
        for path in paths:
            response = browser.client.post(path, data=body, content_type=FORM, headers=headers)
            assert response.status_code == 403, (whence, path)
    assert dump(world) == before


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://localhost"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"},
        {"Sec-Fetch-Site": "none"},
        {"Referer": "https://evil.example/"},
    ],
)
def test_a_form_of_our_own_page_is_taken_with_or_without_headers_that_say_so(
    world: World, browser: PlainBrowser, headers: dict[str, str]
) -> None:
    fill_in(browser, {"pain_worse": "lifting"})
    body = urlencode([*browser.values, ("later", "1")])
    response = browser.client.post(browser.address, data=body, content_type=FORM, headers=headers)
    assert response.status_code == 303
    assert values(world) == {"pain_worse": "lifting"}


def test_a_page_number_that_does_not_exist_leads_to_the_parts(world: World, browser: PlainBrowser) -> None:
    numbers = ["0", "28", "99", "-1", "abc", "1.0", "1e0", "%D9%A3", "%C2%B2", "00000001", "9" * 400]
    before = dump(world)
    for number in (*numbers, "%00", "%20", "%C3%A5"):
        address = f"{session_address(browser)}/page/{number}"
        assert same_cookies(browser).open(address).page == "parts", number
        assert same_cookies(browser).send(address, browser.values).page == "parts", number
    assert dump(world) == before


def test_a_page_before_start_leads_to_start(world: World) -> None:
    world.add()
    link = world.invite()
    browser = world.browser().open(link)
    for path in ("/q/0123456789/", "/q/0123456789/page/1", "/q/0123456789/review", "/q/x/receipt"):
        browser.open(path)
        assert (browser.status, browser.page, browser.address) == (200, "start", link)
    assert browser.press().page == "parts"


def test_a_page_before_any_link_says_how_to_begin(world: World) -> None:
    browser = world.browser().open("/q/0123456789/page/1")
    assert (browser.status, browser.page, browser.address) == (200, "dead", "/")


def test_an_address_that_does_not_exist_is_a_page_too(world: World, browser: PlainBrowser) -> None:
    for path in (
        "/nothing",
        "/q",
        "/q/",
        f"{session_address(browser)}/nothing",
        "/static/nothing.css",
        "/%00",
    ):
        assert same_cookies(browser).open(path).page == "dead"


def test_other_methods_are_refused_cleanly(world: World, browser: PlainBrowser) -> None:
    before = dump(world)
    for path in ("/", "/s/x", browser.address, f"{session_address(browser)}/review"):
        for method in ("PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"):
            response = browser.client.open(path, method=method)
            assert (response.status_code, faults_of(response.text)) == (405, [])
    assert dump(world) == before


def test_a_header_cannot_turn_a_get_into_a_post(world: World, browser: PlainBrowser) -> None:
    before = dump(world)
    browser.client.get(
        f"{session_address(browser)}/review?_method=POST", headers={"X-HTTP-Method-Override": "POST"}
    )
    assert dump(world) == before
