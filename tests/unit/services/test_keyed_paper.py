"""When two readings of a paper agree."""

from hypothesis import given
from hypothesis import strategies as st

from btb_pro.instruments.catalogue import load_instruments
from btb_pro.instruments.paging import pages_of
from btb_pro.services.keyed_paper import Keyed, differing_items

SHC = load_instruments()["shc"]
PAGES = pages_of([(SHC, None)])
ITEM = next(item for item in SHC.items if len(item.fields) == 2)
CODES = [field.code for field in ITEM.fields]
READING = st.tuples(st.sampled_from([None, "0", "1", "2"]), st.sampled_from([None, "1", "30"]))


def keyed(readings: list[tuple[str | None, ...]]) -> Keyed:
    """Rounds in which one question was typed."""
    return Keyed(
        {number: dict(zip(CODES, reading, strict=True)) for number, reading in enumerate(readings, start=1)}
    )


@given(st.lists(READING, min_size=1, max_size=5))
def test_a_question_is_settled_by_two_readings_that_are_wholly_alike(
    readings: list[tuple[str | None, ...]],
) -> None:
    agreed = keyed(readings).agreed_item(ITEM)
    repeated = [one for place, one in enumerate(readings) if one in readings[:place]]
    assert agreed == (repeated[0] if repeated else None)


def test_half_of_one_reading_and_half_of_another_settle_nothing() -> None:
    found = keyed([("1", "1"), ("2", "30"), ("1", "30")])
    assert found.agreed_item(ITEM) is None
    assert found.agreed(ITEM, ITEM.fields[0]) is None
    assert ITEM in differing_items(PAGES, found)


def test_left_blank_twice_is_agreed() -> None:
    assert keyed([(None, None), (None, None)]).agreed_item(ITEM) == (None, None)
