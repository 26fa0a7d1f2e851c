"""What a participant posts becomes one stored value, or a refusal that names the reason."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from btb_pro.instruments.answers import Refusal, ValueRefused, chosen_codes, read_value
from btb_pro.instruments.model import Choice, Field, FieldKind


def field(kind: FieldKind, **more: object) -> Field:
    return Field(code="asked", item="asked", kind=kind, label={}, **more)  # type: ignore[arg-type]  # test data


def choices(*codes: str, alone: str = "") -> tuple[Choice, ...]:
    return tuple(Choice(code=code, label={}, is_exclusive=code == alone) for code in codes)


SEVERITY = field(FieldKind.CODE, choices=choices("0", "1", "2", "3"))
WORSE = field(FieldKind.CODES, choices=choices("sitting", "standing", "lifting", "none", alone="none"))
DAYS = field(FieldKind.INTEGER, minimum=1, maximum=30)
OTHER = field(FieldKind.TEXT, max_length=20)
EVERY_FIELD = (SEVERITY, WORSE, DAYS, OTHER)


def refusal(asked: Field, *raw: str) -> Refusal:
    with pytest.raises(ValueRefused) as caught:
        read_value(asked, raw)
    assert caught.value.field_code == "asked"
    return caught.value.reason


@pytest.mark.parametrize(
    ("asked", "raw", "stored"),
    [
        (SEVERITY, ["2"], "2"),
        (SEVERITY, ["0"], "0"),
        (WORSE, ["", "sitting"], "sitting"),
        (WORSE, ["sitting"], "sitting"),
        (WORSE, ["", "lifting", "sitting"], "sitting lifting"),
        (WORSE, ["lifting", "", "lifting", "sitting", "sitting"], "sitting lifting"),
        (WORSE, ["", "none"], "none"),
        (DAYS, ["7"], "7"),
        (DAYS, ["07"], "7"),
        (DAYS, ["  7 "], "7"),
        (DAYS, ["1"], "1"),
        (DAYS, ["30"], "30"),
        (DAYS, ["000000000000000012"], "12"),
        (OTHER, ["Å bære ved"], "Å bære ved"),
        (OTHER, ["  to spaces  "], "  to spaces  "),
        (OTHER, ["one\r\ntwo\tthree"], "one\r\ntwo\tthree"),
        (OTHER, ["A\u030a"], "A\u030a"),
        (OTHER, ["🙂" * 20], "🙂" * 20),
    ],
)
def test_a_good_value_is_stored_in_its_one_form(asked: Field, raw: list[str], stored: str) -> None:
    assert read_value(asked, raw) == stored


@pytest.mark.parametrize(
    ("asked", "raw"),
    [
        (SEVERITY, []),
        (WORSE, []),
        (WORSE, [""]),
        (WORSE, ["", ""]),
        (DAYS, []),
        (DAYS, [""]),
        (DAYS, ["   "]),
        (OTHER, []),
        (OTHER, [""]),
        (OTHER, [" \t\r\n\u00a0\u2003"]),
        (OTHER, [" " * 50]),
    ],
)
def test_nothing_entered_is_no_value(asked: Field, raw: list[str]) -> None:
    assert read_value(asked, raw) is None


@pytest.mark.parametrize("posted", ["4", "-1", "", " 2", "2 ", "02", "٢", "two", "2\n"])
def test_only_the_exact_code_of_a_choice_is_a_choice(posted: str) -> None:
    assert refusal(SEVERITY, posted) == Refusal.NOT_A_CHOICE


def test_an_unknown_code_refuses_the_whole_group() -> None:
    assert refusal(WORSE, "", "sitting", "flying") == Refusal.NOT_A_CHOICE
    assert refusal(WORSE, "sitting lifting") == Refusal.NOT_A_CHOICE
    assert refusal(WORSE, " ") == Refusal.NOT_A_CHOICE


@pytest.mark.parametrize("asked", [SEVERITY, DAYS, OTHER])
def test_two_values_for_one_field_are_refused_even_when_equal(asked: Field) -> None:
    assert refusal(asked, "1", "2") == Refusal.SEVERAL_VALUES
    assert refusal(asked, "1", "1") == Refusal.SEVERAL_VALUES
    assert refusal(asked, "", "1") == Refusal.SEVERAL_VALUES


NOT_WHOLE_NUMBERS = (
    *("1_000", "١٢", "²", "+3", "-3", "1e3", "3.5", "3,0", "NaN", "inf", "1e400", "0x1F", "1 2", "seven"),
    *("\uff17", "\t7", "7\n", "\u00a07", "7\x00", "\ud800"),
)


@pytest.mark.parametrize("posted", NOT_WHOLE_NUMBERS)
def test_a_number_is_written_with_the_digits_0_to_9_alone(posted: str) -> None:
    assert refusal(DAYS, posted) == Refusal.NOT_A_WHOLE_NUMBER


@pytest.mark.parametrize("posted", ["0", "00", "31", "1000", "9" * 18, "9" * 19, "0" * 18 + "7", "1" * 5000])
def test_a_number_outside_its_range_is_refused(posted: str) -> None:
    assert refusal(DAYS, posted) == Refusal.OUT_OF_RANGE


def test_a_number_without_a_range_still_fits_a_database() -> None:
    unbounded = field(FieldKind.INTEGER)
    assert read_value(unbounded, ["9" * 18]) == "9" * 18
    assert refusal(unbounded, "9" * 19) == Refusal.OUT_OF_RANGE


def test_a_choice_that_stands_alone_is_refused_together_with_others() -> None:
    assert refusal(WORSE, "", "none", "sitting") == Refusal.EXCLUDES_OTHERS


FORBIDDEN = (0, 1, 8, 0x0B, 0x0C, 0x0E, 0x1B, 0x1F, 0xD800, 0xDFFF, 0xFFFE, 0xFFFF)


@pytest.mark.parametrize("code_point", FORBIDDEN)
def test_a_text_with_a_character_that_cannot_be_stored_is_refused(code_point: int) -> None:
    assert refusal(OTHER, f"a{chr(code_point)}b") == Refusal.FORBIDDEN_CHARACTERS
    assert refusal(OTHER, chr(code_point)) == Refusal.FORBIDDEN_CHARACTERS


def test_a_text_longer_than_its_field_is_refused_not_cut() -> None:
    assert read_value(OTHER, ["x" * 20]) == "x" * 20
    assert refusal(OTHER, "x" * 21) == Refusal.TOO_LONG


def test_a_refusal_never_repeats_the_answer() -> None:
    with pytest.raises(ValueRefused) as caught:
        read_value(DAYS, ["secret"])
    assert "secret" not in str(caught.value)
    assert str(caught.value).startswith("asked: ")


def test_a_stored_value_of_several_codes_comes_apart_again() -> None:
    assert chosen_codes("sitting lifting") == ("sitting", "lifting")
    assert chosen_codes("2") == ("2",)
    assert chosen_codes(None) == ()


likely = st.sampled_from(
    ["", " ", "0", "1", "3", "07", "31", "none", "sitting", "lifting", "\x00", "²", "1_0"]
)


@given(st.sampled_from(EVERY_FIELD), st.lists(likely | st.text() | st.from_regex(r"[0-9]{1,20}"), max_size=5))
def test_any_post_is_a_value_that_reads_back_to_itself_or_a_refusal(asked: Field, raw: list[str]) -> None:
    try:
        stored = read_value(asked, raw)
    except ValueRefused:
        return
    if stored is not None:
        assert stored
        again = chosen_codes(stored) if asked.kind == FieldKind.CODES else [stored]
        assert read_value(asked, again) == stored


surrogates_too = st.text(st.characters(exclude_categories=()), max_size=20)


@given(surrogates_too)
def test_a_text_is_kept_letter_by_letter_or_refused(typed: str) -> None:
    forbidden = {*map(chr, range(32)), "\ufffe", "\uffff", *map(chr, range(0xD800, 0xE000))} - set("\t\n\r")
    if forbidden & set(typed):
        assert refusal(OTHER, typed) == Refusal.FORBIDDEN_CHARACTERS
    else:
        assert read_value(OTHER, [typed]) == (typed if typed.strip() else None)


@given(st.sets(st.sampled_from(["sitting", "standing", "lifting"])), st.randoms())
def test_the_order_of_ticking_does_not_matter(ticked: set[str], shuffler: Random) -> None:
    in_file_order = [code for code in ("sitting", "standing", "lifting") if code in ticked]
    as_posted = list(ticked)
    shuffler.shuffle(as_posted)
    assert chosen_codes(read_value(WORSE, ["", *as_posted])) == tuple(in_file_order)
