"""What is told of one form field: how often it changed, when it was first answered."""

from datetime import UTC, datetime, timedelta

from btb_pro.exports.records import AnswerRow, FieldRecord, Origin
from btb_pro.instruments.answers import AnswerState, ItemState, StoredAnswer
from btb_pro.instruments.catalogue import load_instruments

FIRST = datetime(2026, 1, 31, 10, 0, tzinfo=UTC)
PAIN = load_instruments()["pain"]


def _field(*stored: tuple[AnswerState, str | None]) -> FieldRecord:
    rows = tuple(
        AnswerRow(
            seq=number,
            field="pain_now",
            stored=StoredAnswer(state, value),
            language="nb",
            wording_sha256="0" * 64,
            origin=Origin("own_phone"),
            shown_at=None,
            device_at=None,
            received_at=FIRST + timedelta(minutes=number),
            session=1,
        )
        for number, (state, value) in enumerate(stored)
    )
    return FieldRecord(PAIN, "1", PAIN.fields[0], ItemState.NOT_REACHED, None, rows)


def test_a_field_that_was_never_reached_has_no_times_and_no_changes() -> None:
    field = _field()
    assert (field.newest, field.first_answered_at, field.changes) == (None, None, 0)


def test_a_first_answer_is_no_change() -> None:
    assert _field((AnswerState.ANSWERED, "3")).changes == 0


def test_a_row_that_repeats_the_same_answer_is_no_change() -> None:
    assert _field((AnswerState.ANSWERED, "3"), (AnswerState.ANSWERED, "3")).changes == 0


def test_going_back_to_an_earlier_answer_is_two_changes() -> None:
    answers = [(AnswerState.ANSWERED, "3"), (AnswerState.ANSWERED, "4"), (AnswerState.ANSWERED, "3")]
    assert _field(*answers).changes == 2


def test_taking_an_answer_back_is_a_change() -> None:
    assert _field((AnswerState.ANSWERED, "3"), (AnswerState.CLEARED, None)).changes == 1


def test_answering_what_was_skipped_is_a_change() -> None:
    assert _field((AnswerState.SKIPPED, None), (AnswerState.ANSWERED, "3")).changes == 1


def test_the_first_answer_counts_from_the_first_row_that_holds_one() -> None:
    field = _field((AnswerState.SKIPPED, None), (AnswerState.ANSWERED, "3"), (AnswerState.ANSWERED, "4"))
    assert field.first_answered_at == FIRST + timedelta(minutes=1)


def test_the_first_answer_is_remembered_after_it_was_taken_back() -> None:
    field = _field((AnswerState.ANSWERED, "3"), (AnswerState.CLEARED, None))
    assert field.first_answered_at == FIRST
