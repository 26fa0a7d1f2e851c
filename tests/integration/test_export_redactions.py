"""A follow-up brings what was redacted meanwhile: the database that receives it loses the words too."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from btb_pro import clock
from btb_pro.exports.formats import ExportFormat
from btb_pro.instruments.answers import AnswerState, StoredAnswer
from btb_pro.models.base import REDACTED
from btb_pro.models.participant import Participant, Visit
from btb_pro.roles import Role
from btb_pro.services.audit import Context
from btb_pro.services.correcting import Wanted, ask_correction, decide_correction, find_correction
from btb_pro.services.correction_faults import Reason
from btb_pro.services.redaction import redact_answer_text, redact_correction_texts
from tests.integration.export_world import COMMAND, ExportWorld, make_export_world
from tests.integration.test_correcting import person

pytestmark = pytest.mark.usefixtures("engine")

FIELD = "words"
WORDS, LATER = "with Kristoffersen", "with Kristoffersen and Kari"
ASKS, DECIDES = person(Role.MONITOR, "north"), person(Role.INVESTIGATOR, "north")
KEYS = {
    "wide": ("participant", "visit"),
    "long": ("participant", "visit", "item"),
    "history": ("participant", "visit", "item", "seq"),
    "late_saves": ("participant", "visit", "item", "seq"),
    "corrections": ("asked_seq",),
}
"""What makes a row the same one in the next file, as docs/exports.md says."""
Rows = dict[str, dict[tuple[str, ...], dict[str, str]]]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ExportWorld]:
    """Two people who wrote something; of one the visit is sent in."""
    made = make_export_world(tmp_path / "instance")
    for number in ("N-001", "N-002"):
        made.add(number)
        made.start(number)
        made.save(number, {"rain": "1"})
        made.save(number, {FIELD: WORDS}, instrument="walks")
        made.save(number, {FIELD: LATER}, instrument="walks")
    made.submit("N-001")
    yield made
    made.close()


def received(folder: Path, before: Rows | None = None) -> Rows:
    """What a database holds that puts each row in the place of the one that it has."""
    tables: Rows = {name: dict(rows) for name, rows in (before or {}).items()}
    for name, key in KEYS.items():
        with open(folder / f"{name}.csv", encoding="utf-8", newline="") as file:
            rows = {tuple(row[column] for column in key): row for row in csv.DictReader(file)}
        tables[name] = tables.get(name, {}) | rows
    return tables


def redact(world: ExportWorld, number: str) -> None:
    with world.runtime.database.writing() as session, clock.at(world.now):
        redact_answer_text(session, COMMAND, world.runtime, number, "start", FIELD, "named a relative")
        session.commit()


def correct(world: ExportWorld, field: str, becomes: StoredAnswer, why: str) -> int:
    """Have an answer of the visit that was sent in corrected."""
    with world.runtime.database.writing() as session, clock.at(world.now):
        visit = session.execute(
            select(Visit).join(Participant).where(Participant.study_number == "N-001", Visit.code == "start")
        ).scalar_one()
        wanted = Wanted(field, becomes, Reason.SLIP, why, "patient record", clock.today())
        number = ask_correction(session, Context(ASKS.actor), world.runtime, ASKS, visit, wanted).id
        found = find_correction(session, number)
        assert found is not None
        decide_correction(
            session, Context(DECIDES.actor), world.runtime, DECIDES, found, why, accepts=True
        )
        session.commit()
    return number


@pytest.mark.parametrize("number", ["N-001", "N-002"])
def test_a_follow_up_takes_redacted_words_away_and_leaves_what_a_whole_export_holds(
    world: ExportWorld, tmp_path: Path, number: str
) -> None:
    first = world.take(ExportFormat.CSV, tmp_path / "first")
    before = received(tmp_path / "first")
    redact(world, number)
    world.take(ExportFormat.CSV, tmp_path / "second", since=first.number)
    world.take(ExportFormat.CSV, tmp_path / "whole")
    assert received(tmp_path / "second", before) == received(tmp_path / "whole")
    assert {key[0] for key in received(tmp_path / "second")["wide"]} == {number}
    texts = [row["value"] for row in received(tmp_path / "second")["history"].values()]
    assert texts == [REDACTED, REDACTED]


def test_the_next_follow_up_brings_it_no_more(world: ExportWorld, tmp_path: Path) -> None:
    redact(world, "N-001")
    first = world.take(ExportFormat.CSV, tmp_path / "first")
    world.take(ExportFormat.CSV, tmp_path / "second", since=first.number)
    assert not any(received(tmp_path / "second").values())


def test_words_in_a_correction_of_the_answer_and_in_its_older_value_go_with_it(
    world: ExportWorld, tmp_path: Path
) -> None:
    correct(world, FIELD, StoredAnswer(AnswerState.CLEARED, None), "She names somebody.")
    first = world.take(ExportFormat.CSV, tmp_path / "first")
    before = received(tmp_path / "first")
    assert [row["old_value"] for row in before["corrections"].values()] == [LATER]
    redact(world, "N-001")
    world.take(ExportFormat.CSV, tmp_path / "second", since=first.number)
    world.take(ExportFormat.CSV, tmp_path / "whole")
    assert received(tmp_path / "second", before) == received(tmp_path / "whole")
    assert "Kristoffersen" not in str(received(tmp_path / "second"))


def test_the_reasons_of_a_correction_that_were_taken_out_go_from_tables_and_from_odm(
    world: ExportWorld, tmp_path: Path
) -> None:
    number = correct(world, "rain", StoredAnswer(AnswerState.ANSWERED, "2"), "She rang from Svalbard.")
    first = world.take(ExportFormat.CSV, tmp_path / "first")
    before = received(tmp_path / "first")
    with world.runtime.database.writing() as session, clock.at(world.now):
        redact_correction_texts(session, COMMAND, world.runtime, number, "named a relative")
        session.commit()
    world.take(ExportFormat.CSV, tmp_path / "second", since=first.number)
    world.take(ExportFormat.CSV, tmp_path / "whole")
    assert received(tmp_path / "second", before) == received(tmp_path / "whole")
    assert "Svalbard" in str(before)
    assert "Svalbard" not in str(received(tmp_path / "second", before))
    told = odm_of(world, tmp_path / "odm", first.number)
    assert "Svalbard" not in told
    # Both rows of the answer, the newer one last: an ODM receiver keeps what it is told last.
    assert told.index(">slip<") > told.index('Value="1"') < told.index('Value="2"')


def test_odm_takes_the_words_away_and_ends_with_the_answer_that_counts(
    world: ExportWorld, tmp_path: Path
) -> None:
    world.save("N-002", {FIELD: None}, instrument="walks")
    first = world.take(ExportFormat.CSV, tmp_path / "first")
    redact(world, "N-002")
    told = odm_of(world, tmp_path / "odm", first.number)
    assert told.count(f'Value="{REDACTED}"') == 2
    values = [one.partition(">")[0] for one in told.split("<ItemData ") if f'"I.{FIELD}"' in one]
    assert 'IsNull="Yes"' in values[-1]


def odm_of(world: ExportWorld, out: Path, since: int) -> str:
    """The transactional ODM file of what is new."""
    world.take(ExportFormat.ODM_TRANSACTIONAL, out, since=since)
    return (out / "odm.xml").read_text("utf-8")
