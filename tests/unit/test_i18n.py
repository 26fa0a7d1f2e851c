"""Which language a browser gets: Scandinavian readers Norwegian, all others English."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from btb_pro.i18n import LANGUAGE_NAMES, LANGUAGES
from btb_pro.this_request import language_of_browser


@pytest.mark.parametrize(
    "tag", ["no", "nb", "nb-NO", "nn", "nn-NO", "da", "da-DK", "sv", "sv-FI", "NB", "No-no"]
)
def test_a_scandinavian_browser_gets_norwegian(tag: str) -> None:
    assert language_of_browser(tag) == "nb"


@pytest.mark.parametrize(
    "tag", ["en", "en-GB", "de", "fr-CA", "fi", "is", "se", "pl", "ar", "*", "", "nbx", "x"]
)
def test_any_other_browser_gets_english(tag: str) -> None:
    assert language_of_browser(tag) == "en"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("en;q=0.4, nb;q=0.8", "nb"),
        ("nb;q=0.4, en;q=0.8", "en"),
        ("en-US,en;q=0.9,nb;q=0.8", "en"),
        ("de,pl;q=0.9,sv;q=0.2", "nb"),
        ("de,pl;q=0.9,en;q=0.3,sv;q=0.2", "en"),
        ("nb,en", "nb"),
        ("en,nb", "en"),
        ("nb;q=0,en;q=0.1", "en"),
        ("nb;q=0", "en"),
        ("nb;q=x,en;q=0.1", "en"),
        (" nb ; q=1 ", "nb"),
        ("nb;level=1", "nb"),
        (",,nb,,", "nb"),
    ],
)
def test_the_language_that_is_liked_best_decides(header: str, expected: str) -> None:
    assert language_of_browser(header) == expected


@given(st.text(max_size=600))
def test_any_header_gives_a_language_of_ours(header: str) -> None:
    assert language_of_browser(header) in LANGUAGES


def test_a_header_of_any_length_is_read_in_no_time() -> None:
    assert language_of_browser("de;q=0.1," * 100_000 + "nb") == "en"


def test_every_language_has_its_name_in_itself() -> None:
    assert set(LANGUAGE_NAMES) == set(LANGUAGES) == {"nb", "en"}
