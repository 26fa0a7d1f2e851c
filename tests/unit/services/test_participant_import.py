"""Importing participants: what a spreadsheet saves is read, and nothing comes in unless all of it is good."""

import csv
import io
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from btb_pro.models.participant import Participant
from btb_pro.services.participant_checks import NewParticipant
from btb_pro.services.participant_import import (
    COLUMNS,
    ImportRow,
    check_import,
    import_participants,
    read_participants,
)
from btb_pro.services.participant_tables import LARGEST_FILE, MOST_ROWS, FileFault, ImportRefused
from tests.support.world import COMMAND, World

PLAIN = "id,site,language,email,phone,day0\n1-001,oslo,nb,kari@hospital.example,40612345,2026-01-31\n"
KARI = NewParticipant("1-001", "oslo", "nb", "kari@hospital.example", "40612345", "2026-01-31")


def faults_of(content: bytes) -> tuple[FileFault, ...]:
    with pytest.raises(ImportRefused) as caught:
        read_participants(content)
    return caught.value.faults


@pytest.mark.parametrize(
    "content",
    [
        PLAIN.encode(),
        PLAIN.encode("utf-8-sig"),
        PLAIN.replace(",", ";").encode("utf-8-sig"),
        PLAIN.replace("\n", "\r\n").encode(),
        PLAIN.replace(",", ";").replace("\n", "\r\n").encode("utf-8-sig"),
        PLAIN.rstrip("\n").encode(),
        b"\r\n" + PLAIN.encode(),
        PLAIN.replace("oslo", '" oslo "').encode(),
        b"day0;phone;email;language;site;ID\n2026-01-31;40612345;kari@hospital.example;nb;oslo;1-001\n",
    ],
)
def test_a_file_is_read_however_a_spreadsheet_saved_it(content: bytes) -> None:
    (row,) = read_participants(content)
    assert row.new == KARI


def test_only_id_and_site_are_needed() -> None:
    assert read_participants(b"site,id\noslo,1-001\n") == (ImportRow(2, NewParticipant("1-001", "oslo")),)


def test_each_row_knows_the_line_that_it_begins_on() -> None:
    rows = read_participants(b'id,site,email\n1,oslo,\n\n,,\n2,"os\nlo",\n3,oslo,\n')
    assert [(row.line, row.new.study_number) for row in rows] == [(2, "1"), (5, "2"), (7, "3")]


def test_empty_columns_and_rows_that_a_spreadsheet_adds_are_passed_over() -> None:
    rows = read_participants(b"id;site;;;\n1-001;oslo;;;\n;;;;\n;;;;\n")
    assert rows == (ImportRow(2, NewParticipant("1-001", "oslo")),)


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        (b"", 0, "empty"),
        (b" \r\n \n", 0, "empty"),
        (b"id,site\n", 0, "no participants below"),
        (b"id,site\n,\n,\n", 0, "no participants below"),
        (b"number,site\n1,oslo\n", 1, "Unknown column 'number'"),
        (b"id,email\n1,a@b.example\n", 1, "'site' is missing"),
        (b"id,site,id\n1,oslo,2\n", 1, "'id' stands here twice"),
        (b"id\tsite\n1\toslo\n", 1, "Unknown column 'id\\tsite'"),
        (b"id,site\n1,oslo,nb\n", 2, "3 cells, but the first line names 2 columns"),
        (b'id,site\n1,"oslo\n', 2, "quotation marks"),
        (b"id,site\n1,oslo\n2,os\0lo\n", 3, "NUL"),
        (b"id,site\n1,oslo\n2,troms\x81\n", 3, "CSV UTF-8"),
        (b"id,site\n" + b"1,oslo\n" * (MOST_ROWS + 1), 0, "more than 2000 participants"),
        ("id,site\n1,oslo\n".encode("utf-16"), 1, "CSV UTF-8"),
        (b"id,site\n" + b"1,oslo\n" * LARGEST_FILE, 0, "larger than 1 MB"),
    ],
)
def test_what_is_no_list_of_participants_is_refused_with_line_and_reason(
    content: bytes, line: int, words: str
) -> None:
    fault = faults_of(content)[0]
    assert fault.line == line
    assert words in fault.message


def test_every_mistake_of_the_first_line_is_told_at_once() -> None:
    messages = [fault.message for fault in faults_of(b"number,name,name\n1,2,3\n")]
    assert len(messages) == 5
    assert [message.split(":")[0] for message in messages[:3]] == [
        "Unknown column 'number'",
        "Unknown column 'name'",
        "Unknown column 'name'",
    ]


@given(st.binary(max_size=400))
def test_no_bytes_whatever_do_anything_but_be_read_or_refused(content: bytes) -> None:
    # Nothing but the refusal is let by; an error of any other kind fails the test.
    with suppress(ImportRefused):
        assert read_participants(content)


cells = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12).map(str.strip)


@given(
    rows=st.lists(st.fixed_dictionaries(dict.fromkeys(COLUMNS, cells)), min_size=1, max_size=5),
    columns=st.permutations(COLUMNS),
    delimiter=st.sampled_from(",;"),
    line_end=st.sampled_from(["\n", "\r\n"]),
    mark=st.sampled_from(["utf-8", "utf-8-sig"]),
)
def test_what_was_written_is_what_is_read(
    rows: list[dict[str, str]], columns: list[str], delimiter: str, line_end: str, mark: str
) -> None:
    kept = [row for row in rows if any(row.values())]
    file = io.StringIO(newline="")
    writer = csv.DictWriter(
        file, columns, delimiter=delimiter, lineterminator=line_end, quoting=csv.QUOTE_ALL
    )
    writer.writeheader()
    writer.writerows(kept)
    content = file.getvalue().encode(mark)
    if not kept:
        assert "no participants" in faults_of(content)[0].message
        return
    read = [row.new for row in read_participants(content)]
    assert read == [
        NewParticipant(row["id"], row["site"], row["language"], row["email"], row["phone"], row["day0"])
        for row in kept
    ]


def test_every_bad_row_is_named_with_all_its_faults(world: World) -> None:
    world.add("1-001")
    rows = read_participants(
        b"id,site,language,email,phone,day0\n"
        b"1-002,oslo,,,,\n"
        b"1-001,oslo,,,,\n"
        b",paris,,,,\n"
        b"1-003,oslo,sv,none,12,31/01/2026\n"
        b"1-002,bergen,,,,\n"
    )
    with world.reading() as session, pytest.raises(ImportRefused) as caught:
        check_import(session, world.runtime, rows)
    told = [(fault.line, fault.message.split(":")[0]) for fault in caught.value.faults]
    assert told == [
        (3, "There is a participant 1-001 already."),
        (4, "'' is no study number"),
        (4, "'paris' is no site of this study"),
        (5, "'sv' is no language of this study"),
        (5, "'none' is no e-mail address"),
        (5, "'12' is no phone number that exists"),
        (5, "'31/01/2026' is no day"),
        (6, "'1-002' stands in line 2 already."),
    ]


def test_nothing_is_imported_unless_every_row_is_good(world: World) -> None:
    rows = read_participants(b"id,site\n1-001,oslo\n1-002,paris\n")
    with world.writing() as session, pytest.raises(ImportRefused):
        import_participants(session, COMMAND, world.runtime, rows)
    assert _number_of_participants(world) == 0


def test_good_rows_all_come_in(world: World) -> None:
    rows = read_participants(b"id;site;language\n1-001;oslo;nb\n2-001;bergen;en\n")
    with world.writing() as session:
        import_participants(session, COMMAND, world.runtime, rows)
    with world.reading() as session:
        stored = session.execute(
            select(Participant.study_number, Participant.site_code, Participant.language).order_by(
                Participant.id
            )
        ).all()
    assert [tuple(row) for row in stored] == [("1-001", "oslo", "nb"), ("2-001", "bergen", "en")]


def _number_of_participants(world: World) -> int:
    with world.reading() as session:
        return session.execute(select(func.count()).select_from(Participant)).scalar_one()
