"""The printout: the questionnaire as a participant reads it, and the golden copy of every packaged text."""

from dataclasses import replace
from pathlib import Path

import pytest

from btb_pro.instruments.catalogue import load_instruments
from btb_pro.instruments.printout import questionnaire_text
from btb_pro.instruments.reading import read_instrument

HERE = Path(__file__).parent
PACKAGED = load_instruments()

SOUND_IN_ENGLISH = """\
An example
[P7D] last week

How much of this have you noticed?

1. [demo_rain] Rain
    [0] None
    [1] Some
    [2] Much
    [demo_rain_days] Number of days
        (only if demo_rain is 1 or 2)
        (0 to 7 days)

2. [demo_wind] Wind
    [0] None
    [1] Some
    [2] Much

3. [demo_mood] Mood
    [0] Bad
    [1]
    [2] Good

4. [demo_clothes] Clothes
    [coat] Coat
    [other] Other
    [none] None (excludes the others)
    [demo_clothes_other] Other
        (only if demo_clothes is other)
        (text of at most 80 characters)

5. [demo_walks] Number of walks
    (only if demo_rain is 0)
    (0 to 20 walks)

6. [demo_since] For how long?
    [demo_since_years] Years
        (0 to 80 years)
    [demo_since_months] Months
        (0 to 11)

7. [demo_help] What helped?
    [demo_help_tea] Tea
        [0] None
        [1] Some
        [2] Much
    [demo_help_other] Other
        [0] None
        [1] Some
        [2] Much
    [demo_help_other_text] Other
        (only if demo_help_other is 0 or 1 or 2)
        (text of at most 80 characters)

8. [demo_words] In your own words
    (text of at most 200 characters)

19 of 19 wordings are not verified (0 recalled, 19 unverified).
"""


def test_every_type_of_item_is_printed_with_codes_ranges_and_conditions() -> None:
    assert questionnaire_text(read_instrument(HERE / "sound.yaml"), "en") == SOUND_IN_ENGLISH


@pytest.mark.parametrize("language", ["nb", "en"])
@pytest.mark.parametrize("code", PACKAGED)
def test_each_packaged_text_is_the_one_that_was_compared_with_its_source(code: str, language: str) -> None:
    golden = (HERE / "golden" / f"{code}.{language}.txt").read_text(encoding="utf-8")
    assert questionnaire_text(PACKAGED[code], language) == golden


@pytest.mark.parametrize("language", ["nb", "en"])
@pytest.mark.parametrize("code", PACKAGED)
def test_no_line_is_wider_than_a_terminal(code: str, language: str) -> None:
    assert max(map(len, questionnaire_text(PACKAGED[code], language).splitlines())) <= 88


def test_what_is_never_shown_is_never_printed() -> None:
    instrument = replace(PACKAGED["hscl25"])
    assert "skremt" not in questionnaire_text(instrument, "nb")


def test_a_language_that_the_instrument_lacks_is_refused() -> None:
    with pytest.raises(KeyError, match="sv"):
        questionnaire_text(PACKAGED["shc"], "sv")
