"""Letters for many at once: in pieces, so that saves need not wait, and nothing is lost in the middle."""

from collections.abc import Iterator
from contextlib import contextmanager

import pypdfium2
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from btb_pro.console import letters
from btb_pro.db import Database
from btb_pro.models.base import AuditEvent
from btb_pro.models.message import Message
from btb_pro.models.participant import Invitation
from btb_pro.roles import Role
from btb_pro.services.job_work import work_on_next
from btb_pro.services.known_visits import NoLink
from btb_pro.services.letters import letters_due
from btb_pro.services.many_letters import PIECE, Wanted, make_letters, note_all_printed
from tests.support.plain_browser import PlainBrowser
from tests.support.staff import signed_in
from tests.support.world import COMMAND, World

MANY = PIECE + 3
ALL = [f"BTB-{number:03}" for number in range(MANY)]
WANTED = [Wanted(number, "baseline") for number in ALL]


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def crowd(world: World) -> World:
    for number in ALL:
        world.add(number, language="nb")
    return world


@pytest.fixture
def writings(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many events each writing transaction added."""
    kept: list[int] = []
    real = Database.writing

    @contextmanager
    def writing(self: Database) -> Iterator[Session]:
        with real(self) as session:
            before = _events(session)
            yield session
            kept.append(_events(session) - before)

    monkeypatch.setattr(Database, "writing", writing)
    return kept


def test_no_transaction_holds_more_than_a_piece(crowd: World, writings: list[int]) -> None:
    made, left_out = make_letters(crowd.runtime, COMMAND, WANTED, all_languages=False)
    assert [one.letter.study_number for one in made] == ALL
    assert left_out == []
    note_all_printed(crowd.runtime, COMMAND, [one.printed for one in made])
    # A link and a code each, then the letter.
    assert writings == [2 * PIECE, 2 * 3, PIECE, 3]


def test_killed_between_two_pieces_all_are_still_due_and_get_the_same_links(crowd: World) -> None:
    first, _ = make_letters(crowd.runtime, COMMAND, WANTED[:PIECE], all_languages=False)
    assert _due(crowd) == ALL
    again, _ = make_letters(crowd.runtime, COMMAND, WANTED, all_languages=False)
    assert [one.letter.link for one in again[:PIECE]] == [one.letter.link for one in first]
    assert [one.letter.typed_code for one in again[:PIECE]] == [one.letter.typed_code for one in first]
    assert _live_links(crowd) == MANY


def test_killed_within_a_piece_nothing_of_it_is_there(crowd: World, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Session.commit
    commits: list[int] = []

    def commit(self: Session) -> None:
        commits.append(1)
        if len(commits) == 2:
            raise Killed
        real(self)

    with monkeypatch.context() as patched:
        patched.setattr(Session, "commit", commit)
        with pytest.raises(Killed):
            make_letters(crowd.runtime, COMMAND, WANTED, all_languages=False)
    assert _live_links(crowd) == PIECE
    assert _due(crowd) == ALL


def test_killed_while_noting_only_what_was_not_noted_is_due(crowd: World) -> None:
    made, _ = make_letters(crowd.runtime, COMMAND, WANTED, all_languages=False)
    note_all_printed(crowd.runtime, COMMAND, [one.printed for one in made[:PIECE]])
    assert _due(crowd) == ALL[PIECE:]


def test_whoever_cannot_get_a_link_is_named_with_the_reason_and_the_others_get_theirs(crowd: World) -> None:
    crowd.withdraw("BTB-001")
    wanted = [*WANTED, Wanted("BTB-999", "baseline"), Wanted("BTB-000", "never")]
    made, left_out = make_letters(crowd.runtime, COMMAND, wanted, all_languages=False)
    assert [one.letter.study_number for one in made] == [one for one in ALL if one != "BTB-001"]
    assert [(one.wanted.study_number, one.why) for one in left_out] == [
        ("BTB-001", NoLink.WITHDRAWN),
        ("BTB-999", None),
        ("BTB-000", None),
    ]


@pytest.mark.parametrize("kind", ["letter", "card"])
def test_the_file_begins_with_a_sheet_that_says_who_is_not_in_it(crowd: World, kind: str) -> None:
    browser = signed_in(crowd, Role.COORDINATOR, "oslo").open("/console/letters")
    crowd.withdraw("BTB-001")
    document = pypdfium2.PdfDocument(_print(browser, ["BTB-000", "BTB-001"], kind))
    texts = [" ".join(page.get_textpage().get_text_range().split()) for page in document]
    assert len(texts) == 2
    assert "BTB-001: Deltakeren har gått ut av studien" in texts[0]
    assert "BTB-000" not in texts[0]
    assert "BTB-001" not in texts[1]
    assert "BTB-000" in texts[1]


def test_who_prints_for_nobody_that_can_be_reached_reads_why(crowd: World) -> None:
    browser = signed_in(crowd, Role.COORDINATOR, "oslo").open("/console/letters")
    crowd.withdraw("BTB-001")
    page = browser.fill("pick", "BTB-001/baseline").press("kind", "letter")
    assert page.status == 422
    assert "BTB-001: Deltakeren har gått ut av studien" in page.text


def test_a_file_that_was_not_handed_over_was_not_sent(crowd: World) -> None:
    browser = signed_in(crowd, Role.COORDINATOR, "oslo").open("/console/letters")
    response = browser.client.post("/console/letters.pdf", data=_form(browser, ALL, "letter"), buffered=False)
    chunks = response.iter_encoded()
    assert next(iter(chunks)).startswith(b"%PDF")
    response.close()
    assert _due(crowd) == ALL
    _print(browser, ALL, "letter")
    assert _due(crowd) == []
    assert _live_links(crowd) == MANY


def test_more_than_a_page_of_letters_are_made_beside_the_server_and_may_be_left(
    crowd: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(letters, "MOST_AT_HAND", 2)
    browser = signed_in(crowd, Role.COORDINATOR, "oslo").open("/console/letters")
    crowd.withdraw("BTB-001")
    job = browser.client.post("/console/letters.pdf", data=_form(browser, ALL[:4], "letter")).location
    other = signed_in(crowd, Role.COORDINATOR, "oslo", "bergen")
    assert other.open(job).status == 404
    assert "er under arbeid" in browser.open("/console/letters").text
    work_on_next(crowd.runtime, "one")
    page = browser.open("/console/letters").open(job)
    assert "BTB-001: Deltakeren har" in page.text
    assert set(_due(crowd)) == set(ALL) - {"BTB-001"}
    for _ in range(2):
        made = browser.client.post(f"{job}/letters.pdf", data={"csrf_token": browser.value("csrf_token")[0]})
        assert len(pypdfium2.PdfDocument(made.get_data())) == 3
    assert _due(crowd) == ALL[4:]
    with crowd.reading() as session:
        assert session.execute(select(func.count()).select_from(Message)).scalar_one() == 3


def _form(browser: PlainBrowser, numbers: list[str], kind: str) -> dict[str, object]:
    picked = [f"{number}/baseline" for number in numbers]
    return {"csrf_token": browser.value("csrf_token")[0], "pick": picked, "kind": kind}


def _print(browser: PlainBrowser, numbers: list[str], kind: str) -> bytes:
    response = browser.client.post("/console/letters.pdf", data=_form(browser, numbers, kind))
    assert response.mimetype == "application/pdf"
    assert response.content_length == len(response.get_data())
    return response.get_data()


def _due(world: World) -> list[str]:
    with world.reading() as session:
        return [one.study_number for one in letters_due(session, world.runtime, frozenset(["oslo"]))]


def _live_links(world: World) -> int:
    with world.reading() as session:
        query = select(func.count()).select_from(Invitation).where(Invitation.ended_at.is_(None))
        return int(session.execute(query).scalar_one())


def _events(session: Session) -> int:
    return int(session.execute(select(func.count()).select_from(AuditEvent)).scalar_one())
