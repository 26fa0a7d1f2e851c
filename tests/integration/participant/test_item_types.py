"""Every type of question: how it is asked, what is stored, and that it is shown again as it was given."""

from xml.etree.ElementTree import Element

import pytest

from tests.integration.participant.steps import (
    buttons,
    checked,
    fill_in,
    go_to,
    present,
    values,
    with_class,
)
from tests.support.plain_browser import PlainBrowser
from tests.support.world import World


@pytest.fixture
def browser(every_type: World) -> PlainBrowser:
    """A browser that has started the visit with every type of question."""
    return every_type.started()


def question(browser: PlainBrowser, code: str) -> Element:
    """The element of a question."""
    return next(one for one in browser.main_form.iter() if one.get("id") == f"q-{code}")


def kinds(browser: PlainBrowser, name: str) -> set[str | None]:
    """Input types of a form field."""
    return {one.get("type") for one in browser.inputs(name)}


def label_of(browser: PlainBrowser, control: Element) -> str:
    """The text of the label that names a control."""
    found = [one for one in browser.main_form.iter("label") if one.get("for") == control.get("id")]
    assert len(found) == 1, control.attrib
    return " ".join("".join(found[0].itertext()).split())


GIVEN = {
    "et_words": ["Jeg sov godt, «takk» & <hei> 😀 ", " ", "a" * 40],
    "et_weight": ["20", "300", "75"],
    "et_rain": ["0", "1", "2"],
    "et_agree": ["0", "3", "6"],
    "et_note": ["-", "0", "nei"],
    "et_since_years": ["0", "80"],
    "et_since_months": ["0", "11"],
    "et_help_tea": ["0", "2"],
}
"""Fields and values that are kept as they are; a blank text is no answer."""


def test_a_value_is_stored_as_given_and_shown_again(every_type: World, browser: PlainBrowser) -> None:
    for name, given in GIVEN.items():
        item = name if name.count("_") == 1 else name.rpartition("_")[0]
        for value in given:
            go_to(browser, every_type, item).fill(name, value).press("later")
            expected = value if value.strip() else None
            assert values(every_type).get(name) == expected
            go_to(browser, every_type, item)
            shown = checked(browser, name) if kinds(browser, name) == {"radio"} else browser.value(name)
            assert shown == [expected or ""]


def test_a_number_is_stored_in_one_form_only(every_type: World, browser: PlainBrowser) -> None:
    for typed, stored in (("075", "75"), (" 76 ", "76"), ("0020", "20"), ("000000000000000021", "21")):
        go_to(browser, every_type, "et_weight").fill("et_weight", typed).press()
        assert values(every_type) == {"et_weight": stored}


def test_one_of_several_is_a_group_of_radios_with_a_legend(browser: PlainBrowser, every_type: World) -> None:
    go_to(browser, every_type, "et_rain")
    assert kinds(browser, "et_rain") == {"radio"}
    assert [one.get("value") for one in browser.inputs("et_rain")] == ["0", "1", "2"]
    assert [label_of(browser, one) for one in browser.inputs("et_rain")] == ["Ingen", "Noe", "Mye"]
    assert question(browser, "et_rain").tag == "fieldset"
    assert "Regn" in "".join(next(question(browser, "et_rain").iter("legend")).itertext())


def test_a_scale_shows_its_numbers_and_its_anchors_always(browser: PlainBrowser, every_type: World) -> None:
    go_to(browser, every_type, "et_agree")
    radios = browser.inputs("et_agree")
    assert [one.get("value") for one in radios] == list("0123456")
    labels = [label_of(browser, one) for one in radios]
    assert labels == ["0 Uenig", "1", "2", "3 Usikker", "4", "5", "6 Enig"]
    [anchors] = with_class(question(browser, "et_agree"), "anchors")
    assert "".join(anchors.itertext()).split() == ["Uenig", "Usikker", "Enig"]


def test_several_of_many_are_stored_in_the_order_of_the_file(
    every_type: World, browser: PlainBrowser
) -> None:
    go_to(browser, every_type, "et_clothes").fill("et_clothes", "hat", "coat").press("later")
    assert values(every_type) == {"et_clothes": "coat hat"}
    go_to(browser, every_type, "et_clothes")
    assert kinds(browser, "et_clothes") == {"checkbox"}
    assert checked(browser, "et_clothes") == ["coat", "hat"]


def test_a_box_that_excludes_the_others_stands_alone(every_type: World, browser: PlainBrowser) -> None:
    go_to(browser, every_type, "et_clothes").fill("et_clothes", "none").press("later")
    assert values(every_type) == {"et_clothes": "none"}
    go_to(browser, every_type, "et_clothes").fill("et_clothes", "hat", "none").press()
    assert browser.status == 422
    assert checked(browser, "et_clothes") == ["hat", "none"]
    assert values(every_type) == {"et_clothes": "none"}


def test_other_takes_a_text_of_its_own(every_type: World, browser: PlainBrowser) -> None:
    go_to(browser, every_type, "et_clothes").fill("et_clothes", "hat", "other")
    browser.fill("et_clothes_other", "støvler").press("later")
    assert values(every_type) == {"et_clothes": "hat other", "et_clothes_other": "støvler"}


def test_a_group_of_boxes_sends_an_empty_value_so_that_the_last_box_can_be_unticked(
    every_type: World, browser: PlainBrowser
) -> None:
    go_to(browser, every_type, "et_clothes").fill("et_clothes", "hat").press("later")
    go_to(browser, every_type, "et_clothes")
    assert ("et_clothes", "") in browser.values
    browser.fill("et_clothes").press("later")
    assert present(every_type)["et_clothes"] == ("cleared", None)


def test_a_whole_number_is_typed_as_text_with_its_unit_and_range(
    every_type: World, browser: PlainBrowser
) -> None:
    [box] = go_to(browser, every_type, "et_weight").inputs("et_weight")
    told = {name: box.get(name) for name in ("type", "inputmode", "data-min", "data-max", "autocomplete")}
    assert told == {
        "type": "text",
        "inputmode": "numeric",
        "data-min": "20",
        "data-max": "300",
        "autocomplete": "off",
    }
    described = (box.get("aria-describedby") or "").split()
    hint = " ".join("".join(one.itertext()) for one in browser.main_form.iter() if one.get("id") in described)
    assert "20" in hint
    assert "300" in hint
    assert "kg" in browser.text


def test_two_numbers_are_two_fields_of_one_question(every_type: World, browser: PlainBrowser) -> None:
    go_to(browser, every_type, "et_since").fill("et_since_years", "3").press("later")
    assert values(every_type) == {"et_since_years": "3"}
    go_to(browser, every_type, "et_since")
    assert [label_of(browser, browser.inputs(f"et_since_{part}")[0]) for part in ("years", "months")] == [
        "År",
        "Måneder",
    ]
    assert buttons(browser, "clear") == ["et_since"]
    assert browser.value("et_since_months") == [""]


def test_a_list_of_effects_has_one_answer_for_each_thing_and_no_tick_box(
    every_type: World, browser: PlainBrowser
) -> None:
    go_to(browser, every_type, "et_help")
    assert "et_help" not in browser.names()
    assert kinds(browser, "et_help_tea") == kinds(browser, "et_help_other") == {"radio"}
    legends = ["".join(one.itertext()).strip() for one in question(browser, "et_help").iter("legend")]
    assert legends[1:] == ["Te", "Noe annet"]
    fill_in(browser, {"et_help_other": "0", "et_help_other_text": "søvn"}).press("later")
    assert values(every_type) == {"et_help_other": "0", "et_help_other_text": "søvn"}


def test_a_list_of_effects_is_answered_by_one_effect_and_taken_back_as_a_whole(
    every_type: World, browser: PlainBrowser
) -> None:
    go_to(browser, every_type, "et_help").fill("et_help_tea", "1").fill("et_since_years", "1").press()
    assert "et_dog" in browser.names()
    go_to(browser, every_type, "et_help").press("clear", "et_help")
    assert present(every_type)["et_help_tea"] == ("cleared", None)


def test_a_short_text_is_one_line_with_its_longest_length(every_type: World, browser: PlainBrowser) -> None:
    [box] = go_to(browser, every_type, "et_words").inputs("et_words")
    assert (box.get("type"), box.get("maxlength")) == ("text", "40")
    assert label_of(browser, box).endswith("Med egne ord")
    assert browser.heading.endswith("Med egne ord")


def test_a_question_that_stands_alone_is_the_heading_of_its_page(
    every_type: World, browser: PlainBrowser
) -> None:
    assert go_to(browser, every_type, "et_weight").heading.endswith("Hva veier du?")
    assert go_to(browser, every_type, "et_rain").heading == "Alle slags spørsmål"
    assert "Om været" in browser.text


def test_every_control_has_a_label_and_every_button_says_which_question_it_is_for(world: World) -> None:
    browser = world.started().press()
    while browser.page == "items":
        for control in browser.main_form.iter("input"):
            if control.get("type") != "hidden":
                assert label_of(browser, control)
        declining = [one for one in browser.main_form.iter("button") if one.get("name") == "decline"]
        texts = {"".join(one.itertext()).strip() for one in declining}
        assert len(texts) == len(declining) > 0
        browser.press().press()
