"""Adding participants at the console, one or many."""

import io
import re

import pytest
from openpyxl import Workbook
from sqlalchemy import func, select
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from btb_pro.models.base import AuditEvent
from btb_pro.models.participant import Participant
from btb_pro.roles import Role
from btb_pro.services.participant_tables import LARGEST_FILE
from tests.support.page_check import faults_of
from tests.support.plain_browser import PlainBrowser
from tests.support.staff import signed_in
from tests.support.world import World

NEW = "/console/participants/new"
IMPORT = "/console/participants/import"
GOOD = b"id;site;language;phone;day0\r\nOSL-1;oslo;nb;40612345;31.01.2026\r\nOSL-2;oslo;;;\r\n"


def coordinator(world: World, *sites: str) -> PlainBrowser:
    """A coordinator of Oslo, or of the hospitals named."""
    return signed_in(world, Role.COORDINATOR, *(sites or ("oslo",)), language="en")


def numbers(world: World) -> list[str]:
    """The study numbers that there are."""
    with world.reading() as session:
        return sorted(session.execute(select(Participant.study_number)).scalars())


def post(browser: PlainBrowser, **fields: object) -> tuple[int, str]:
    """Send the form of the import page, as a browser sends files."""
    token = browser.value("csrf_token")[0]
    # As bytes: the test client leaves a large body that it encodes itself in an open file.
    boundary, body = encode_multipart({"csrf_token": token, **fields})
    kind = f"multipart/form-data; boundary={boundary}"
    answer = browser.client.post(IMPORT, data=body, content_type=kind, follow_redirects=True)
    html = answer.get_data(as_text=True)
    assert not faults_of(html)
    return answer.status_code, " ".join(re.sub(r"<[^>]+>", " ", html).split()) + html


def upload(browser: PlainBrowser, content: bytes, name: str = "list.csv") -> tuple[int, str]:
    """Choose a file and look at it."""
    return post(browser.open(IMPORT), file=FileStorage(io.BytesIO(content), name))


def sealed(html: str) -> str:
    """What the page keeps of the file."""
    found = re.search(r'name="sealed" type="hidden" value="([^"]+)"', html)
    assert found
    return found[1]


def test_one_is_added_and_the_page_of_the_new_participant_opens(world: World) -> None:
    page = coordinator(world).open(NEW)
    page.fill("id", "OSL-1").fill("phone", "406 12 345").fill("day0", "2026-11-20").press()
    assert page.address == "/console/participants/OSL-1"
    assert "OSL-1 was added." in page.text
    assert "20 Nov 2026" in page.text


def test_every_fault_is_told_beside_its_field_and_what_was_typed_stays(world: World) -> None:
    world.add("OSL-1")
    page = coordinator(world).open(NEW)
    page.fill("id", "OSL-1").fill("email", "kari").fill("phone", "+1 202 555 0123").fill("day0", "0001-01-01")
    page.press()
    assert page.status == 422
    for words in ("There is a participant OSL-1 already", "e-mail address", "another country", "ten years"):
        assert words in page.text
    assert page.value("email") == ["kari"]
    assert numbers(world) == ["OSL-1"]


def test_a_number_that_would_hide_behind_an_address_of_the_console_is_none(world: World) -> None:
    assert coordinator(world).open(NEW).fill("id", "import").press().status == 422


def test_a_coordinator_adds_to_no_other_hospital_by_form_or_by_file(world: World) -> None:
    page = coordinator(world).open(NEW)
    assert "Bergen" not in page.text
    page.fill("id", "BER-1").fill("site", "bergen").press()
    assert page.status == 422
    status, told = upload(coordinator(world, "oslo", "tromso"), b"id,site\nBER-1,bergen\n")
    assert status == 422
    assert "Choose a hospital that you work for: oslo, tromso." in told
    assert numbers(world) == []


def test_a_file_is_looked_at_first_and_added_whole_when_confirmed(world: World) -> None:
    browser = coordinator(world)
    status, told = upload(browser, GOOD)
    assert status == 200
    assert "2 participants would be added" in told
    assert "•••• 45" in told
    assert "40612345" not in told
    assert numbers(world) == []
    status, told = post(browser, sealed=sealed(told))
    assert "2 participants were added." in told
    assert numbers(world) == ["OSL-1", "OSL-2"]


def test_what_is_confirmed_is_checked_again(world: World) -> None:
    browser = coordinator(world)
    _, told = upload(browser, GOOD)
    world.add("OSL-2")
    status, told = post(browser, sealed=sealed(told))
    assert status == 422
    assert "There is a participant OSL-2 already" in told
    assert numbers(world) == ["OSL-2"]


def test_nobody_confirms_what_another_person_looked_at_or_what_was_tampered_with(world: World) -> None:
    _, told = upload(coordinator(world), GOOD)
    kept = sealed(told)
    other = coordinator(world, "oslo", "bergen").open(IMPORT)
    for value in (kept, kept[:-4] + "AAAA", "æ", "x"):
        _, told = post(other, sealed=value)
        assert "Nothing was saved yet" in told
    assert numbers(world) == []


def test_a_bad_cell_is_told_by_row_and_column_and_shown_as_text(world: World) -> None:
    rows = b'id,site,email,phone\n=1+1,oslo,=HYPERLINK("x"),@1\nOSL-1,oslo,<script>x</script>,-5\n'
    status, told = upload(coordinator(world), rows)
    assert status == 422
    assert "5 things are wrong. Nobody was added." in told
    assert "=1+1" in told
    assert "&lt;script&gt;" in told
    assert "<script>" not in told
    for column in ("id", "email", "phone"):
        assert f">{column}<" in told
    assert "Row 3" in told
    assert numbers(world) == []


def test_a_workbook_is_read_too(world: World) -> None:
    book = Workbook()
    assert book.active is not None
    book.active.append(["id", "site", "phone"])
    book.active.append(["OSL-1", "oslo", 40612345])
    file = io.BytesIO()
    book.save(file)
    browser = coordinator(world)
    _, told = upload(browser, file.getvalue(), "list.xlsx")
    post(browser, sealed=sealed(told))
    assert numbers(world) == ["OSL-1"]


@pytest.mark.parametrize("size", [LARGEST_FILE + 1, 5_000_000])
def test_a_file_that_is_too_large_is_told_in_a_sentence(world: World, size: int) -> None:
    status, told = upload(coordinator(world), b"x" * size)
    assert status in (413, 422)
    assert "larger than 1 MB" in told


def test_no_file_at_all_is_told(world: World) -> None:
    status, told = post(coordinator(world).open(IMPORT))
    assert status == 422
    assert "Choose a file" in told


def test_other_forms_keep_their_limit(world: World) -> None:
    browser = coordinator(world).open(NEW)
    answer = browser.client.post(NEW, data={"id": "x" * 600_000})
    assert answer.status_code == 413


def test_a_stale_form_adds_nobody(world: World) -> None:
    page = coordinator(world).open(NEW).fill("id", "OSL-1")
    page.send(NEW, [("csrf_token", "stale"), ("id", "OSL-1"), ("site", "oslo")])
    assert "Nothing was saved yet" in page.text
    assert page.value("id") == ["OSL-1"]
    assert numbers(world) == []


def test_looking_at_a_file_writes_nothing(world: World) -> None:
    browser = coordinator(world).open(IMPORT)
    with world.reading() as session:
        before = session.execute(select(func.count()).select_from(AuditEvent)).scalar_one()
    upload(browser, GOOD)
    with world.reading() as session:
        assert session.execute(select(func.count()).select_from(AuditEvent)).scalar_one() == before
