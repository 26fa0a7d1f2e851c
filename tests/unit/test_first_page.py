"""The style of a page that brings its own: what its markup can be, and which rules it therefore needs."""

from pathlib import Path

import pytest

from assets.first_page import ClassUnknown, extending, subset, vocabulary_of, with_parents

PAGE = '<main id="main"><p class="study" data-size="sm">{{ words }}</p><a href="{{ to }}">x</a></main>'


def kept(css: str, *templates: str) -> str:
    return subset(css, vocabulary_of(templates or (PAGE,))).replace("\n", "")


class TestVocabulary:
    def test_it_holds_what_the_markup_holds_whichever_way_conditions_go(self) -> None:
        vocabulary = vocabulary_of(['{% if a %}<p class="one two">{% else %}<ul hidden>{% endif %}'])
        assert {"p", "ul", "body"} <= vocabulary.elements
        assert vocabulary.classes == {"one", "two"}
        assert vocabulary.attributes["hidden"] == {""}

    @pytest.mark.parametrize("value", ["{{ a }}", "x{% if a %}y{% endif %}", "{% block a %}{% endblock %}"])
    def test_a_value_known_only_as_the_page_is_made_may_be_anything(self, value: str) -> None:
        assert vocabulary_of([f'<p id="{value}" lang="{value}">']).ids is None
        assert vocabulary_of([f'<p id="{value}" lang="{value}">']).attributes["lang"] is None

    def test_attributes_that_a_condition_adds_are_known_too(self) -> None:
        vocabulary = vocabulary_of(['<p{% if a %} data-open{% endif %} {{ b }} lang="nb">'])
        assert {"data-open", "lang"} <= set(vocabulary.attributes)

    def test_comments_for_the_developer_are_no_markup(self) -> None:
        assert "aside" not in vocabulary_of(["{# <aside> #}"]).elements

    def test_a_class_that_is_made_up_as_the_page_is_made_stops_the_build(self) -> None:
        with pytest.raises(ClassUnknown, match="write every class"):
            vocabulary_of(['<p class="scale-{{ n }}">'])

    def test_the_templates_that_a_template_builds_on_belong_to_it(self, tmp_path: Path) -> None:
        (tmp_path / "page.html").write_text('{% extends "base.html" %}{% include "foot.html" %}')
        (tmp_path / "base.html").write_text('{%- import "macros.html" as m with context %}')
        for name in ("foot.html", "macros.html", "other.html"):
            (tmp_path / name).write_text("")
        found = [path.name for path in with_parents(tmp_path, ["page.html"])]
        assert found == ["base.html", "foot.html", "macros.html", "page.html"]

    def test_whoever_extends_the_layout_is_a_first_page_at_any_remove(self, tmp_path: Path) -> None:
        (tmp_path / "layout.html").write_text("")
        (tmp_path / "child.html").write_text('{% extends "layout.html" %}')
        (tmp_path / "grandchild.html").write_text('{% extends "child.html" %}')
        (tmp_path / "other.html").write_text('<a class="x">')
        assert extending(tmp_path, "layout.html") == ["child.html", "grandchild.html"]


class TestSelectors:
    @pytest.mark.parametrize(
        "selector",
        [
            "p",
            "*",
            ":root",
            ".study",
            "main > .study:hover::after",
            "#main",
            "[href]",
            '[data-size="sm"]',
            "[data-size=sm]",
            '[data-size^="x"]',
            "a:not(.button)",
            ":is(h1, p)",
            ":where(.study, .unknown)",
            "p:has(> .study)",
            "p:nth-child(2)",
        ],
    )
    def test_what_can_match_is_kept(self, selector: str) -> None:
        assert kept(f"{selector}{{color:red}}") == f"{selector}{{color:red}}"

    @pytest.mark.parametrize(
        "selector",
        [
            "table",
            ".unknown",
            "p.unknown",
            ".unknown p",
            "#else",
            "[open]",
            '[data-size="md"]',
            ":is(h1, .unknown)",
            "p:has(> table)",
        ],
    )
    def test_what_cannot_match_goes(self, selector: str) -> None:
        assert kept(f"{selector}{{color:red}}") == ""

    def test_of_several_selectors_those_that_can_match_stay(self) -> None:
        assert kept(".unknown, .study, table p{color:red}") == ".study{color:red}"


class TestRules:
    def test_conditions_and_layers_stay_around_what_is_kept(self) -> None:
        css = "@layer a {@media print{.study{color:red} table{color:red}}}"
        assert kept(css) == "@layer a{@media print{.study{color:red}}}"

    def test_an_emptied_layer_keeps_its_place_in_the_order(self) -> None:
        css = "@layer a{table{x:y}}@layer b{p{x:y}}@layer a{p{x:z}}"
        assert kept(css) == "@layer a;@layer b{p{x:y}}@layer a{p{x:z}}"

    def test_an_emptied_condition_goes(self) -> None:
        assert kept("@media print{table{color:red}}") == ""

    def test_the_order_of_rules_and_importance_stay(self) -> None:
        css = "p{color:red!important}@layer a, b;p{color:blue}"
        assert kept(css) == "p{color:red !important}@layer a, b;p{color:blue}"

    def test_rules_inside_a_rule_are_kept_in_their_place(self) -> None:
        css = "p{--a:1;@supports (width:1px){--a:2}width:var(--a)}"
        assert kept(css) == css

    def test_texts_and_data_addresses_come_through_untouched(self) -> None:
        css = 'p{content:"a;  }b";background:url("data:image/svg+xml;utf8,%3Csvg{}")}'
        assert kept(css) == css

    def test_keyframes_are_kept_for_whom_they_move(self) -> None:
        css = "@keyframes fade{from{opacity:0}}@keyframes other{from{opacity:0}}p{animation:fade 1s}"
        assert kept(css) == "@keyframes fade{from{opacity:0}}p{animation:fade 1s}"

    def test_a_broken_sheet_stops_the_build(self) -> None:
        with pytest.raises(ValueError, match="line 1"):
            kept("p{color:red}}")

    def test_comments_go(self) -> None:
        assert kept("/*a*/p/*b*/{color:/*c*/red}") == "p{color:red}"


class TestProperties:
    def test_a_custom_property_that_nothing_refers_to_goes(self) -> None:
        css = ":root{--used:1px;--unused:2px}p{width:var(--used)}"
        assert kept(css) == ":root{--used:1px}p{width:var(--used)}"

    def test_one_that_is_needed_through_another_stays(self) -> None:
        css = ":root{--a:var(--b);--b:1px;--c:var(--d);--d:1px}p{width:var(--a)}"
        assert kept(css) == ":root{--a:var(--b);--b:1px}p{width:var(--a)}"

    def test_one_that_only_dropped_rules_refer_to_goes(self) -> None:
        assert kept(":root{--a:1px}table{width:var(--a)}") == ""

    def test_one_that_serves_as_another_ones_fallback_stays(self) -> None:
        css = ":root{--b:1px}p{width:var(--a, var(--b))}"
        assert kept(css) == css
