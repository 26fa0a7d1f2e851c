"""Words that somebody should not have written are taken out for good, and the trail stays whole."""

import csv
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from btb_pro import clock
from btb_pro.instruments.answers import AnswerState, StoredAnswer
from btb_pro.models.base import REDACTED, AuditEvent, AuditHead
from btb_pro.models.correction import Correction, CorrectionRequest
from btb_pro.models.participant import Visit
from btb_pro.models.response import Answer, LateSave, SaveKey
from btb_pro.refusals import PlainRefusal
from btb_pro.roles import Role
from btb_pro.services.audit import ChainBroken, Context, told_key, told_row
from btb_pro.services.correcting import (
    Wanted,
    ask_correction,
    decide_correction,
    find_correction,
)
from btb_pro.services.correction_faults import Reason
from btb_pro.services.redaction import (
    RedactionRefused,
    find_answer_texts,
    redact_answer_text,
    redact_correction_texts,
)
from btb_pro.services.replay import rows_at
from btb_pro.services.told_tables import told_tables
from btb_pro.services.verification import verify
from tests.integration.cli.shell import done, number_of_events, refused, run_in
from tests.integration.participant.steps import go_to, same_cookies, session_address
from tests.integration.test_correcting import person
from tests.support.behind import change, guards_off
from tests.support.staff import signed_in
from tests.support.world import COMMAND, World

NUMBER, VISIT, FIELD = "BTB-001", "baseline", "pain_worse_other"
WORDS = "when Kristoffersen visits"
LATER = "since Kristoffersen moved in"
WHY = "named a relative"
CORRECTION_WHY = f"She rang: not {WORDS}, but always."
ASKS, DECIDES = person(Role.MONITOR, "oslo"), person(Role.INVESTIGATOR, "oslo")


@pytest.fixture
def named(world: World) -> World:
    """Somebody named a relative, changed the words, and sent in; a page left open brought them once more."""
    world.add(language="en")
    link = world.invite()
    browser = go_to(world.started(link), world, "pain_worse")
    browser.fill("pain_worse", "other").fill(FIELD, WORDS).press("later")
    browser = go_to(browser, world, "pain_worse").fill(FIELD, LATER)
    browser.press("later")
    page = go_to(browser, world, "pain_worse")
    assert same_cookies(page).open(f"{session_address(page)}/review").press().page == "receipt"
    page.fill(FIELD, WORDS).press()
    world.browser().open(f"{link}/mistake").fill("what", f"Not {WORDS}!").fill("why", "slip").press()
    return world


def _redact(world: World) -> None:
    with world.writing() as session:
        redact_answer_text(session, COMMAND, world.runtime, NUMBER, VISIT, FIELD, WHY)


def _corrected(world: World, field: str, value: str, *, accepts: bool | None = True) -> int:
    with world.writing() as session:
        visit = session.execute(select(Visit).where(Visit.code == VISIT)).scalar_one()
        becomes = StoredAnswer(AnswerState.ANSWERED, value)
        wanted = Wanted(field, becomes, Reason.SLIP, CORRECTION_WHY, f"note: {WORDS}", clock.today())
        row = ask_correction(session, Context(ASKS.actor), world.runtime, ASKS, visit, wanted)
        if accepts is not None:
            found = find_correction(session, row.id)
            assert found is not None
            decide_correction(
                session,
                Context(DECIDES.actor),
                world.runtime,
                DECIDES,
                found,
                CORRECTION_WHY,
                accepts=accepts,
            )
        return row.id


def _is_whole(world: World) -> None:
    """The trail proves every row, and telling it again gives the present tables."""
    with world.reading() as session:
        verify(session)
        now = {
            (table.name, told_key(table, dict(row._mapping))): told_row(table, dict(row._mapping))
            for table in told_tables()
            for row in session.execute(select(table))
        }
        assert rows_at(session, session.execute(select(AuditHead.seq)).scalar_one()) == now


def _stored(world: World) -> str:
    """Everything that any table holds."""
    with world.reading() as session:
        tables = [*told_tables(), AuditEvent.__table__, SaveKey.__table__]
        return repr([tuple(row) for table in tables for row in session.execute(select(table))])


def test_a_redacted_answer_is_gone_from_every_byte_and_the_trail_tells_by_whom_when_and_why(
    named: World, tmp_path: Path
) -> None:
    def is_in_a_file(words: str) -> bool:
        return any(words.encode() in path.read_bytes() for path in named.folder.glob("btb.db*"))

    is_sqlite = named.runtime.database.engine.dialect.name == "sqlite"
    assert is_in_a_file("Kristoffersen") is is_sqlite
    told = done(run_in(named.folder, "participant", "redact", NUMBER, VISIT, FIELD, "--reason", WHY))
    assert "2 answers, 1 late answers, 1 requests of the participant" in told
    assert not is_in_a_file("Kristoffersen")
    assert "Kristoffersen" not in _stored(named)
    assert "The audit trail is whole" in done(run_in(named.folder, "audit", "verify"))
    _is_whole(named)
    at = clock.utc_text(clock.now())
    shown = done(run_in(named.folder, "audit", "state", NUMBER, "--at", at))
    with named.reading() as session:
        event = session.execute(select(AuditEvent).where(AuditEvent.tag == "answer:redact")).scalar_one()
    assert (event.reason, event.study_number) == (WHY, NUMBER)
    assert f"{VISIT} {FIELD}: redacted by {event.actor} at {clock.utc_text(event.at)}: {WHY}" in shown


def test_state_times_and_place_stay_and_no_key_tells_who_tries_words(named: World) -> None:
    def rows() -> list[tuple[object, ...]]:
        with named.reading() as session:
            kept = [column for column in Answer.__table__.columns if column.name not in ("value", "salt")]
            return [tuple(row) for row in session.execute(select(*kept).order_by(Answer.id))]

    before = rows()
    _redact(named)
    assert rows() == before
    with named.reading() as session:
        for table in (Answer, LateSave):
            texts = session.execute(select(table.value, table.salt).where(table.item == FIELD)).all()
            assert {tuple(row) for row in texts} == {(REDACTED, None)}
        assert "0" * 64 in session.execute(select(SaveKey.body_sha256)).scalars().all()


def test_exports_say_redacted_where_the_text_stood_and_are_otherwise_the_same(
    named: World, tmp_path: Path
) -> None:
    def tables(name: str) -> dict[str, list[dict[str, str]]]:
        done(run_in(named.folder, "export", "csv", "--out", str(tmp_path / name)))
        paths = (tmp_path / name).glob("*.csv")
        return {path.name: list(csv.DictReader(path.read_text("utf-8-sig").splitlines())) for path in paths}

    before = tables("before")
    _redact(named)
    after = tables("after")
    for rows in (*before.values(), *after.values()):
        for row in rows:
            # Two texts that are taken out cannot be told apart any more.
            row.pop("changes", None)
    for words in (WORDS, LATER):
        for rows in before.values():
            for row in rows:
                row.update({column: REDACTED for column, value in row.items() if value == words})
    assert after == before
    (row,) = [row for row in after["long.csv"] if row["item"] == FIELD]
    assert (row["value"], row["state"]) == (REDACTED, "answered")


def test_corrections_of_the_field_lose_their_words_with_it(named: World) -> None:
    _corrected(named, FIELD, f"{WORDS} and stays")
    _redact(named)
    assert "Kristoffersen" not in _stored(named)
    _is_whole(named)
    with named.reading() as session:
        request = session.execute(select(CorrectionRequest)).scalar_one()
        assert (request.value, request.why, request.source, request.salt) == (REDACTED, None, None, None)
        assert session.execute(select(Correction.why)).scalar_one() is None


@pytest.mark.parametrize(
    ("field", "value", "kept"), [("pain_duration_years", "4", "4"), (FIELD, "x", REDACTED)]
)
def test_a_corrections_texts_can_be_taken_out_and_a_coded_value_stays(
    named: World, field: str, value: str, kept: str
) -> None:
    number = _corrected(named, field, value)
    with named.writing() as session:
        assert redact_correction_texts(session, COMMAND, named.runtime, number, WHY) == NUMBER
    _is_whole(named)
    with named.reading() as session:
        request = session.execute(select(CorrectionRequest)).scalar_one()
        assert (request.value, request.why, request.source, request.salt) == (kept, None, None, None)
        newest = select(Answer.value).where(Answer.item == field).order_by(Answer.id.desc()).limit(1)
        assert session.execute(newest).scalar_one() == value
    assert "She rang" not in _stored(named)
    told = refused(run_in(named.folder, "correction", "redact", f"{number}", "--reason", WHY))
    assert "taken out already" in told


def test_the_timeline_says_so_to_those_who_see_answers_and_to_nobody_else(named: World) -> None:
    _redact(named)
    page = f"/console/participants/{NUMBER}"
    seen = signed_in(named, Role.INVESTIGATOR, "oslo").open(page).text
    assert f"{FIELD}): {WHY}" in seen
    assert COMMAND.actor.name in seen
    assert WHY not in signed_in(named, Role.COORDINATOR, "oslo").open(page).text


REFUSED = (
    ((NUMBER, VISIT, "pain_duration_years", WHY), "no field of free text"),
    ((NUMBER, VISIT, "pain_nowhere", WHY), "no field of free text"),
    ((NUMBER, "day14", FIELD, WHY), "No text of pain_worse_other"),
    ((NUMBER, "never", FIELD, WHY), "has no visit"),
    (("BTB-404", VISIT, FIELD, WHY), "No participant has the study number"),
    ((NUMBER, VISIT, FIELD, " "), "needs a reason"),
    ((NUMBER, VISIT, FIELD, "x" * 501), "longer than 500"),
    ((NUMBER, VISIT, FIELD, "it named 01019912345"), "name nobody"),
    ((NUMBER, VISIT, FIELD, f"it said {WORDS}"), "the very words"),
)
"""Whose, which visit, field and reason; and what the refusal says."""


def test_what_cannot_be_redacted_is_refused_in_a_sentence(named: World) -> None:
    before = number_of_events(named)
    for asked, told in REFUSED:
        with named.writing() as session, pytest.raises(PlainRefusal, match=told):
            redact_answer_text(session, COMMAND, named.runtime, *asked)
    for words in (["participant", "redact", NUMBER, VISIT, FIELD], ["correction", "redact", "1"]):
        assert "needs a reason" in refused(run_in(named.folder, *words, "--reason", " "))
    assert number_of_events(named) == before


def test_a_second_time_and_a_correction_that_waits_or_is_not_there_are_refused(named: World) -> None:
    number = _corrected(named, FIELD, "x", accepts=None)
    with named.reading() as session, pytest.raises(RedactionRefused, match="waits for an investigator"):
        find_answer_texts(session, named.runtime, NUMBER, VISIT, FIELD)
    for wrong, told in ((number, "waits for an investigator"), (number + 1, "There is no correction")):
        assert told in refused(run_in(named.folder, "correction", "redact", f"{wrong}", "--reason", WHY))
    with named.writing() as session:
        found = find_correction(session, number)
        assert found is not None
        decide_correction(
            session, Context(DECIDES.actor), named.runtime, DECIDES, found, CORRECTION_WHY, accepts=False
        )
    _redact(named)
    with pytest.raises(RedactionRefused, match="taken out already"):
        _redact(named)


def test_a_dry_run_counts_and_changes_nothing(named: World) -> None:
    before = number_of_events(named)
    words = ("participant", "redact", NUMBER, VISIT, FIELD, "--reason", WHY, "--dry-run")
    assert "Would take out" in done(run_in(named.folder, *words))
    assert number_of_events(named) == before


NO_REDACTIONS = (
    "value = 'else', salt = NULL",
    f"value = '{REDACTED}'",
    f"value = '{REDACTED}', salt = NULL, state = 'cleared'",
    f"value = '{REDACTED}', salt = NULL, client_key = 'x'",
    "salt = NULL",
)


def test_the_database_lets_nothing_but_a_redaction_through(named: World) -> None:
    statements = [
        *(
            f"UPDATE {table} SET {columns} WHERE item = '{FIELD}'"
            for table in ("answer", "late_save")
            for columns in NO_REDACTIONS
        ),
        # A coded answer has no salt.
        f"UPDATE answer SET value = '{REDACTED}', salt = NULL WHERE item = 'pain_worse'",
    ]
    with named.runtime.database.engine.connect() as connection:
        for statement in statements:
            with pytest.raises(IntegrityError, match="is append-only"):
                connection.execute(text(statement))
            connection.rollback()


@pytest.mark.spoilt
def test_a_text_taken_out_behind_the_trails_back_and_one_put_back_are_found(named: World) -> None:
    with named.reading() as session:
        ((number, words, salt),) = session.execute(
            select(Answer.id, Answer.value, Answer.salt).where(Answer.value == LATER)
        ).all()
    guards_off(named)
    change(named, f"UPDATE answer SET value = '{REDACTED}', salt = NULL WHERE id = ?", number)
    with named.reading() as session, pytest.raises(ChainBroken, match="value is not what"):
        verify(session)
    change(named, "UPDATE answer SET value = ?, salt = ? WHERE id = ?", words, salt, number)
    _redact(named)
    _is_whole(named)
    change(named, "UPDATE answer SET value = ?, salt = ? WHERE id = ?", words, salt, number)
    with named.reading() as session, pytest.raises(ChainBroken, match="value is not what"):
        verify(session)
