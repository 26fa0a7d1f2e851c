"""Links on paper: printed by the console, typed or scanned by the participant."""

from datetime import timedelta
from urllib.parse import urlsplit

import pypdfium2
import pytest
import zxingcpp
from sqlalchemy import select

from btb_pro import clock
from btb_pro.links import LinkSigner
from btb_pro.models.base import AuditEvent
from btb_pro.models.message import Message
from btb_pro.models.participant import Invitation
from btb_pro.participant.typed_codes import WRONG_CODES
from btb_pro.roles import Role
from btb_pro.services.letters import letters_due, print_letter
from tests.support.plain_browser import PlainBrowser
from tests.support.staff import signed_in
from tests.support.world import COMMAND, World

NUMBER = "BTB-001"
AT_HAND = f"/console/participants/{NUMBER}/at-hand/baseline"
LETTER = f"/console/participants/{NUMBER}/letter/baseline.pdf"


def link_in(pdf: bytes, page: int = 0) -> str:
    """The address in the square of a page, as a phone reads it."""
    picture = pypdfium2.PdfDocument(pdf)[page].render(scale=2).to_pil()
    (found,) = zxingcpp.read_barcodes(picture)
    return str(found.text)


def code_of(world: World, number: str = NUMBER, visit: str = "baseline") -> str:
    """The code that a letter printed now bears."""
    with world.writing() as session:
        return print_letter(session, COMMAND, world.runtime, number, visit).typed_code


def typed(browser: PlainBrowser, code: str) -> PlainBrowser:
    """Type a code on the page for codes."""
    return browser.open("/k").fill("code", code).press()


def post(browser: PlainBrowser, address: str, *pairs: tuple[str, str]) -> bytes:
    """The file that a form of the console answers with."""
    sent = [("csrf_token", browser.value("csrf_token")[0]), *pairs]
    response = browser.client.post(
        address, data={name: [v for n, v in sent if n == name] for name, _ in sent}
    )
    assert response.mimetype == "application/pdf", response.get_data(as_text=True)[:300]
    return response.get_data()


def test_the_printed_square_leads_to_the_start_page(world: World) -> None:
    world.add(NUMBER, language="nb")
    pdf = post(signed_in(world).open(AT_HAND), LETTER, ("kind", "letter"))
    link = urlsplit(link_in(pdf))
    assert world.browser().open(link.path).page == "start"


@pytest.mark.parametrize(("language", "title"), [("nb", "Åpne lenken din"), ("en", "Open your link")])
def test_a_letter_says_its_title_and_language_to_who_has_it_read_aloud(
    world: World, language: str, title: str
) -> None:
    world.add(NUMBER, language=language)
    pdf = post(signed_in(world).open(AT_HAND), LETTER, ("kind", "letter"))
    document = pypdfium2.PdfDocument(pdf)
    assert document.get_metadata_value("Title") == title
    assert document.get_metadata_value("Author")
    assert f"/Lang ({language})".encode() in pdf
    assert b"/DisplayDocTitle true" in pdf


def test_printing_counts_as_sending_each_time(world: World) -> None:
    world.add(NUMBER, language="nb")
    browser = signed_in(world).open(AT_HAND)
    for kind in ("letter", "card"):
        post(browser, LETTER, ("kind", kind))
    with world.reading() as session:
        rows = session.execute(select(Message)).scalars().all()
        tags = session.execute(select(AuditEvent.tag)).scalars().all()
    assert {(row.kind, row.channel, row.state) for row in rows} == {("invitation", "paper", "sent")}
    assert len(rows) == 2
    assert tags.count("letter:print") == 2
    assert tags.count("invitation:issue") == 1


def test_the_preview_is_the_letter_with_a_square_that_opens_nothing_and_sends_nothing(world: World) -> None:
    world.add(NUMBER, language="nb")
    response = signed_in(world).client.get(f"/console/participants/{NUMBER}/letter/baseline/preview.pdf")
    link = urlsplit(link_in(response.get_data()))
    assert world.browser().open(link.path).status == 404
    with world.reading() as session:
        assert session.execute(select(Invitation)).first() is None
        assert session.execute(select(Message)).first() is None


def test_looking_at_the_page_prints_and_invites_nothing(world: World) -> None:
    world.add(NUMBER)
    browser = signed_in(world).open(AT_HAND)
    browser.open("/console/letters")
    with world.reading() as session:
        assert session.execute(select(Invitation)).first() is None
        assert session.execute(select(Message)).first() is None
    assert browser.client.get(LETTER).status_code == 405


def test_the_typed_code_leads_to_the_same_start_page_however_it_is_typed(world: World) -> None:
    world.add(NUMBER)
    code = code_of(world)
    for way in (code, code.lower(), code.replace("-", ""), code.replace("-", " "), f" {code} "):
        assert typed(world.browser(), way).page == "start", way


def test_the_same_letter_printed_again_bears_the_same_code_also_after_the_key_was_rotated(
    world: World,
) -> None:
    world.add(NUMBER)
    code = code_of(world)
    assert code_of(world) == code
    runtime = world.runtime
    keys = ["a-new-key-that-is-long-enough-to-be-one-000", *runtime.settings.link_keys]
    rotated = LinkSigner(keys, runtime.study.code)
    object.__setattr__(runtime, "links", rotated)
    assert code_of(world) == code
    assert typed(world.browser(), code).page == "start"


def test_the_database_alone_gives_no_code(world: World) -> None:
    world.add(NUMBER)
    code = code_of(world)
    with world.reading() as session:
        stored = session.execute(select(Invitation.typed_code_hmac)).scalar_one()
    assert stored is not None
    assert code.replace("-", "") not in stored
    other = LinkSigner(["another-key-that-nobody-has-0000000000000000"], world.runtime.study.code)
    assert stored not in other.fingerprints(code)


def test_a_code_of_a_replaced_link_says_that_there_is_a_newer_one(world: World) -> None:
    world.add(NUMBER)
    code = code_of(world)
    world.invite(NUMBER, replace=True)
    assert typed(world.browser(), code).status == 410


@pytest.mark.parametrize("wrong", ["", "K7PM", "K7PM-2XQ4-B9HT", "0000-0000-0000", "æøå", "K7PM-2XQ4-B9HTX"])
def test_a_wrong_code_is_told_and_stays_to_be_mended(world: World, wrong: str) -> None:
    page = typed(world.browser(), wrong)
    assert page.status == 422
    assert page.value("code") == [wrong]
    assert "Vi kjenner ikke denne koden" in page.text


def test_many_wrong_codes_are_slowed_and_a_right_one_works_after_the_pause(world: World) -> None:
    world.add(NUMBER)
    code = code_of(world)
    browser = world.browser()
    for _ in range(WRONG_CODES.free + 1):
        typed(browser, "K7PM-2XQ4-B9HT")
    assert typed(browser, code).status == 429
    with clock.at(clock.now() + WRONG_CODES.longest):
        assert typed(browser, code).page == "start"


def test_both_languages_are_printed_for_somebody_whose_language_nobody_knows(world: World) -> None:
    world.add(NUMBER)
    pdf = post(signed_in(world).open(AT_HAND), LETTER, ("kind", "letter"))
    assert len(pypdfium2.PdfDocument(pdf)) == 2
    assert link_in(pdf, 0) == link_in(pdf, 1)


def test_the_list_of_letters_holds_whom_nothing_reached_and_ticks_those_without_address(world: World) -> None:
    world.add("BTB-001", language="nb")
    world.add("BTB-002", language="nb", email="a@example.org")
    world.add("BTB-003", "bergen")
    world.add("BTB-004", day0=(clock.today() + timedelta(days=60)).isoformat())
    world.add("BTB-005")
    world.withdraw("BTB-005")
    browser = signed_in(world, Role.COORDINATOR, "oslo").open("/console/letters")
    assert [one.get("value") for one in browser.inputs("pick")] == ["BTB-001/baseline", "BTB-002/baseline"]
    assert browser.value("pick") == ["BTB-001/baseline"]
    picked = [("pick", "BTB-001/baseline"), ("pick", "BTB-002/baseline")]
    pdf = post(browser, "/console/letters.pdf", ("kind", "letter"), *picked)
    assert len(pypdfium2.PdfDocument(pdf)) == 2
    assert len({link_in(pdf, page) for page in range(2)}) == 2
    assert "Ingen brev skal skrives ut nå" in browser.open("/console/letters").text


def test_another_hospitals_letter_is_not_printed_and_none_of_the_others_either(world: World) -> None:
    world.add("BTB-001")
    world.add("BTB-003", "bergen")
    browser = signed_in(world, Role.COORDINATOR, "oslo").open("/console/letters")
    sent = {"csrf_token": browser.value("csrf_token")[0], "pick": ["BTB-001/baseline", "BTB-003/baseline"]}
    assert browser.client.post("/console/letters.pdf", data=sent).status_code == 404
    with world.reading() as session:
        assert session.execute(select(Message)).first() is None


def test_ticking_nobody_prints_nothing_and_says_so(world: World) -> None:
    world.add("BTB-001")
    browser = signed_in(world).open("/console/letters").fill("pick").press("kind", "letter")
    assert browser.status == 422
    assert "Kryss av minst én" in browser.text


def test_a_letter_is_due_until_the_last_day_of_the_link(world: World) -> None:
    for number in range(5):
        world.add(f"BTB-{number:03}")
    with world.reading() as session:
        due = letters_due(session, world.runtime, frozenset(["oslo"]))
    assert [one.study_number for one in due] == [f"BTB-{number:03}" for number in range(5)]
    assert {one.last_day for one in due} == {clock.today() + timedelta(days=2)}
