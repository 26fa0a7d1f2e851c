"""A whole baseline visit on a phone: every answer tapped on the real pages, and read where it ends up."""

import csv
from pathlib import Path

import pytest
from sqlalchemy import select

from btb_pro.instruments.model import Field
from btb_pro.models.participant import Participant, Visit
from btb_pro.participant.visitor import pages_of_visit
from btb_pro.services.exporting import take_csv_export
from btb_pro.services.sessions import present_answers
from tests.browser.conftest import PhoneMaker
from tests.browser.known_answers import ANSWERS, DECLINED, NOT_APPLICABLE, SCORES, SKIPPED
from tests.browser.phone import Phone
from tests.support.live_server import LiveServer
from tests.support.world import COMMAND

pytestmark = pytest.mark.browser

OPEN_ON_PURPOSE = ("shc_gas_days",)
"""Fields of the known answers that are named as open and left so."""


def fields_of_visit(server: LiveServer) -> dict[str, Field]:
    pages = pages_of_visit(server.world.runtime, "baseline")
    return {field.code: field for page in pages for item in page.items for field in item.fields}


def answer_page(phone: Phone) -> None:
    """Answer a page as the known person does, and tap Next until it lets go."""
    number = phone.number
    asked = phone.fields()
    phone.answer(ANSWERS)
    if DECLINED in asked:
        phone.decline(DECLINED)
    phone.tap("next")
    if SKIPPED in asked or not set(OPEN_ON_PURPOSE).isdisjoint(asked):
        assert phone.number == number, "a page with an open question is shown once more"
        phone.tap("next")


def answer_visit(phone: Phone) -> int:
    """From Start to the page before sending in; gives the number of pages of questions."""
    phone.started()
    assert phone.kind == "parts"
    phone.tap("continue")
    numbers = []
    while phone.kind == "items":
        numbers.append(phone.number)
        assert phone.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        answer_page(phone)
    assert phone.kind == "review"
    assert numbers == list(range(1, len(numbers) + 1))
    return len(numbers)


def stored_answers(server: LiveServer, study_number: str) -> dict[str, tuple[str, str | None]]:
    with server.world.reading() as session:
        visit = session.execute(
            select(Visit)
            .join(Participant)
            .where(Participant.study_number == study_number, Visit.code == "baseline")
        ).scalar_one()
        present = present_answers(session, visit)
        return {code: (seen.stored.state.value, seen.stored.value) for code, seen in present.items()}


def expected_cell(field: Field) -> str:
    if field.code == DECLINED:
        return "-8"
    if field.code in NOT_APPLICABLE:
        return "-6"
    return ANSWERS.get(field.code, "-9")


def expected_row(fields: dict[str, Field]) -> dict[str, str]:
    """The cells of the wide file that the known answers give, by column."""
    cells: dict[str, str] = {}
    for field in fields.values():
        if field.kind.value == "codes":
            chosen = ANSWERS[field.code].split()
            cells |= {f"{field.code}___{one.code}": str(int(one.code in chosen)) for one in field.choices}
        else:
            cells[field.code] = expected_cell(field)
    return cells | SCORES


# With the visits by keyboard and without coverage: every pair of language, width, colours, script or none.
@pytest.mark.parametrize(
    ("language", "width", "scheme", "java_script"),
    [("nb", 320, "light", False), ("en", 360, "light", False), ("nb", 360, "dark", True)],
)
def test_what_was_tapped_is_stored_scored_and_exported_to_the_letter(
    phone: PhoneMaker,
    server: LiveServer,
    tmp_path: Path,
    language: str,
    width: int,
    scheme: str,
    java_script: bool,
) -> None:
    hand = phone(language, width, java_script=java_script, color_scheme=scheme)
    assert answer_visit(hand) == 27
    study_number = server.study_number

    hand.tap("send")
    assert hand.kind == "receipt"
    code = hand.page.locator(".receipt-code").inner_text()
    hand.page.reload()
    assert hand.page.locator(".receipt-code").inner_text() == code

    fields = fields_of_visit(server)
    assert set(ANSWERS) <= set(fields)
    stored = stored_answers(server, study_number)
    assert {code: value for code, (_, value) in stored.items() if value is not None} == ANSWERS
    assert stored[DECLINED] == ("declined", None)
    assert stored[SKIPPED] == ("skipped", None)

    take_csv_export(server.world.runtime, COMMAND, tmp_path / "out")
    with (tmp_path / "out" / "wide.csv").open(encoding="utf-8", newline="") as file:
        (row,) = (line for line in csv.DictReader(file) if line["participant"] == study_number)
    expected = expected_row(fields)
    assert {column: row[column] for column in expected} == expected
    assert (row["visit"], row["status"]) == ("baseline", "submitted")
