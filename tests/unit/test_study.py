"""Windows of visits, and finding what a study has."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from btb_pro.instruments.catalogue import load_instruments
from btb_pro.study import Study, UnknownCode, Visit, VisitPart, VisitWindow, sections_asked, visit_window
from btb_pro.study_file import PACKAGED_STUDY, read_study

OSLO = ZoneInfo("Europe/Oslo")


@pytest.fixture(scope="module")
def study() -> Study:
    return read_study(PACKAGED_STUDY, load_instruments())


def visit_of(day: int = 0, opens: int = 0, closes: int = 0, link_expires_after: int = 0) -> Visit:
    return Visit(
        code="visit",
        title={"nb": "Besøk", "en": "Visit"},
        day=day,
        opens=opens,
        closes=closes,
        link_expires_after=link_expires_after,
        reminder_days=(),
        minutes=5,
        parts=(VisitPart("hscl25"),),
    )


def test_a_window_opens_at_midnight_in_norway_and_closes_when_its_last_day_is_over() -> None:
    window = visit_window(visit_of(opens=-14, closes=0, link_expires_after=2), date(2026, 1, 15))
    assert window == VisitWindow(
        planned_on=date(2026, 1, 15),
        opens_at=datetime(2025, 12, 31, 23, tzinfo=UTC),
        closes_at=datetime(2026, 1, 15, 23, tzinfo=UTC),
        expires_at=datetime(2026, 1, 17, 23, tzinfo=UTC),
    )


def test_a_window_over_the_night_the_clocks_go_forward_begins_and_ends_at_midnight() -> None:
    window = visit_window(visit_of(opens=-1, closes=0, link_expires_after=1), date(2026, 3, 29))
    assert window == VisitWindow(
        planned_on=date(2026, 3, 29),
        opens_at=datetime(2026, 3, 27, 23, tzinfo=UTC),
        closes_at=datetime(2026, 3, 29, 22, tzinfo=UTC),
        expires_at=datetime(2026, 3, 30, 22, tzinfo=UTC),
    )


def test_a_window_over_the_night_the_clocks_go_back_begins_and_ends_at_midnight() -> None:
    window = visit_window(visit_of(opens=-1, closes=0, link_expires_after=1), date(2026, 10, 25))
    assert window == VisitWindow(
        planned_on=date(2026, 10, 25),
        opens_at=datetime(2026, 10, 23, 22, tzinfo=UTC),
        closes_at=datetime(2026, 10, 25, 23, tzinfo=UTC),
        expires_at=datetime(2026, 10, 26, 23, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("day0", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 6, 1), 24)]
)
def test_a_window_of_one_day_is_as_long_as_that_day_is_in_norway(day0: date, hours: int) -> None:
    window = visit_window(visit_of(), day0)
    assert window.opens_at is not None
    assert window.closes_at is not None
    assert window.closes_at - window.opens_at == timedelta(hours=hours)


def test_without_day_0_a_visit_has_no_window() -> None:
    assert visit_window(visit_of(day=14), None) == VisitWindow(None, None, None, None)


days = st.integers(-400, 400)
dates = st.dates(date(1990, 1, 1), date(2150, 1, 1))


@given(st.integers(-3650, 3650), days, st.integers(0, 90), st.integers(0, 90), dates)
def test_every_window_lies_between_midnights_in_norway(
    day: int, opens: int, length: int, grace: int, day0: date
) -> None:
    visit = visit_of(day, opens, opens + length, opens + length + grace)
    window = visit_window(visit, day0)
    assert window.planned_on == day0 + timedelta(days=day)
    instants = [window.opens_at, window.closes_at, window.expires_at]
    locals_ = [instant.astimezone(OSLO) for instant in instants if instant is not None]
    assert [(instant.hour, instant.minute, instant.second) for instant in locals_] == [(0, 0, 0)] * 3
    assert [(instant.date() - day0).days for instant in locals_] == [
        day + opens,
        day + opens + length + 1,
        day + opens + length + grace + 1,
    ]
    assert all(instant.tzinfo is UTC for instant in instants if instant is not None)
    assert locals_[0] < locals_[1] <= locals_[2]


@given(days, dates)
def test_moving_day_0_moves_the_window_by_as_many_days(moved: int, day0: date) -> None:
    visit = visit_of(day=14, opens=-3, closes=3, link_expires_after=7)
    from_visit = visit_of(day=14 + moved, opens=-3, closes=3, link_expires_after=7)
    assert visit_window(visit, day0 + timedelta(days=moved)) == visit_window(from_visit, day0)


def test_a_visit_and_a_site_are_found_by_their_codes(study: Study) -> None:
    assert study.visit("day14").day == 14
    assert study.site("tromso").name == "Tromsø"


def test_a_text_is_given_in_the_language_asked_for(study: Study) -> None:
    assert study.text(study.asker, "nb") == "Oslo universitetssykehus"
    assert study.text(study.asker, "en") == "Oslo University Hospital"


def test_a_code_that_the_study_has_not_is_answered_with_those_it_has(study: Study) -> None:
    with pytest.raises(UnknownCode, match=r'no visit "day15"\. It has screening, baseline, day14, '):
        study.visit("day15")
    with pytest.raises(UnknownCode, match=r'no site "molde"\. It has oslo, fredrikstad, '):
        study.site("molde")
    with pytest.raises(UnknownCode, match=r'no language "sv"\. It has nb, en\.'):
        study.text(study.name, "sv")


def test_a_part_is_written_as_in_the_study_file() -> None:
    assert str(VisitPart("hscl25")) == "hscl25"
    assert str(VisitPart("pain", "intensity")) == "pain/intensity"


def test_sections_of_one_instrument_are_asked_together_where_it_is_first_named() -> None:
    parts = (VisitPart("pain", "intensity"), VisitPart("hscl25"), VisitPart("pain", "characteristics"))
    asked = sections_asked(parts)
    assert asked == {"pain": frozenset({"intensity", "characteristics"}), "hscl25": None}
    assert list(asked) == ["pain", "hscl25"]


def test_a_whole_instrument_is_asked_whatever_else_names_its_sections() -> None:
    whole, section = VisitPart("pain"), VisitPart("pain", "intensity")
    assert sections_asked((whole, section)) == sections_asked((section, whole)) == {"pain": None}
