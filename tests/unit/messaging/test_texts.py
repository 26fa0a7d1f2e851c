"""The words of messages: complete in both languages, and nothing in them that a bystander should not read."""

import ast
import re
from dataclasses import fields
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from btb_pro.i18n import LANGUAGES, words_of
from btb_pro.instruments.catalogue import load_instruments
from btb_pro.messaging import texts
from btb_pro.messaging.sms_parts import cut_sms
from btb_pro.messaging.texts import KINDS, Facts, forbidden_words, write_message
from btb_pro.study_file import PACKAGED_STUDY, read_study

LINK = "https://btb.oslo-hospital.example/s/" + "a" * 45
STUDY = read_study(PACKAGED_STUDY, load_instruments())


def facts(language: str = "nb", **changed: object) -> Facts:
    given: dict[str, object] = {
        "asker": STUDY.asker[language],
        "phone": "00 00 00 01",
        "link": LINK,
        "minutes": 15,
        "last_day": date(2026, 12, 3),
        "stop_link": f"{LINK}/stop",
        "code": "123456",
        "study_number": "BTB-001",
        **changed,
    }
    return Facts(**given)  # type: ignore[arg-type]  # as the test gives them


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_no_message_tells_of_health_study_or_person(kind: str, language: str) -> None:
    written = write_message(kind, language, facts(language))
    for text in (written.subject, written.text, written.html, written.sms):
        shown = re.sub(r"<[^>]+>", " ", text.replace(LINK, ""))
        assert forbidden_words(shown) == []
        assert STUDY.name[language] not in shown
        assert not any(visit.title[language] in shown for visit in STUDY.visits)


@pytest.mark.parametrize(
    "text",
    [
        "About your back", "Ryggsmerter", "BackToBasic", "Svar om helsen din", "Your treatment",
        "Behandlingen",
        "depresjonen din", "Depression", "din diagnose", "en medisin", "Pasienten", "Spørreskjemaet ditt",
        "your pain today", "smerter", "sykdom",
    ],
)  # fmt: skip
def test_the_linter_finds_what_must_not_be_said(text: str) -> None:
    assert forbidden_words(text)


@pytest.mark.parametrize(
    "text", ["Oslo universitetssykehus", "Oslo University Hospital", "Svar på spørsmål", "feedback"]
)
def test_the_linter_leaves_ordinary_words_alone(text: str) -> None:
    assert forbidden_words(text) == []


def test_texts_can_hold_nothing_but_these_facts() -> None:
    assert {one.name for one in fields(Facts)} == {
        "asker", "phone", "link", "minutes", "last_day", "stop_link", "code", "study_number", "is_test",
    }  # fmt: skip
    tree = ast.parse(Path(texts.__file__).read_text(encoding="utf-8"))
    calls = [
        one for one in ast.walk(tree) if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute)
    ]
    said = [
        one.args for one in calls if isinstance(one.func, ast.Attribute) and one.func.attr.endswith("gettext")
    ]
    literals = [part.value for args in said for part in args if isinstance(part, ast.Constant)]
    assert literals
    holders = {name for text in literals for name in re.findall(r"%\((\w+)\)", str(text))}
    assert holders == {"asker", "phone", "day", "code", "num", "number"}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_an_sms_is_two_parts_at_most_and_its_link_is_whole(kind: str, language: str) -> None:
    cut = cut_sms(write_message(kind, language, facts(language, is_test=True)).sms)
    assert cut.encoding == "GSM-7"
    assert len(cut.parts) <= 2
    assert kind == "code" or cut.keeps_whole(LINK)


@pytest.mark.parametrize("kind", ["invitation", "reminder"])
def test_what_asks_says_how_long_by_when_whom_to_ring_and_how_to_stop(kind: str) -> None:
    written = write_message(kind, "nb", facts())
    for text in (written.text, written.html):
        for said in (
            LINK,
            "15 minutter",
            "3. desember",
            "00 00 00 01",
            f"{LINK}/stop",
            "Oslo universitetssykehus",
        ):
            assert said in text
    assert LINK in written.sms
    assert LINK not in write_message("code", "nb", facts(stop_link="")).text


def test_each_language_is_its_own() -> None:
    for kind in KINDS:
        assert write_message(kind, "nb", facts("nb")) != write_message(kind, "en", facts("nb"))
    assert "3 December" in write_message("invitation", "en", facts("en")).text
    assert "1 minutt." in write_message("invitation", "nb", facts(minutes=1)).text


def test_only_the_safety_contact_is_told_a_study_number() -> None:
    told = {kind for kind in KINDS if "BTB-001" in write_message(kind, "nb", facts()).text}
    assert told == {"safety"}


def test_a_test_says_that_it_is_one() -> None:
    written = write_message("invitation", "nb", facts(is_test=True))
    assert written.subject.startswith("TEST: ")
    assert written.sms.startswith("TEST: ")
    assert "Dette er en test" in written.text
    assert "Dette er en test" in written.html


def test_there_are_no_other_kinds_and_languages() -> None:
    with pytest.raises(KeyError):
        write_message("newsletter", "nb", facts())
    with pytest.raises(KeyError):
        words_of("fi")


class Reader(HTMLParser):
    """What a mail program makes of the HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.said = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.said += data


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40))
def test_whatever_a_hospital_is_called_it_stays_text(asker: str) -> None:
    written = write_message("invitation", "en", facts("en", asker=asker))
    reader = Reader()
    reader.feed(written.html)
    assert set(reader.tags) <= {"html", "head", "meta", "title", "body", "p", "a", "b", "br", "small"}
    assert asker in reader.said
