"""The build: what it joins, how it names it, and what is shipped in the end."""

import gzip
import hashlib
import json
import re
import tomllib
from pathlib import Path

import pytest

from assets import build
from assets.narrowing import SelectorGone, narrowed

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "btb_pro" / "static"

THEME = '@charset "UTF-8";\n/* made by a tool */\n@layer ds.theme.size {\n  :root { --size: 1 }\n}\n'


def shipped(name: str) -> Path:
    manifest = json.loads((STATIC / "manifest.json").read_text(encoding="utf-8"))
    return STATIC / str(manifest[name])


def shipped_sheet() -> Path:
    return shipped("participant.css")


class TestJoin:
    def test_our_rules_win_over_the_design_system_whatever_their_specificity(self) -> None:
        sheet = build.join(THEME, ["b{}"], ["c{}"], "o{}")
        order = re.search(r"@layer ([^;{]*);", sheet)
        assert order is not None
        assert order[1].split(", ") == ["ds.theme", "ds.base", "ds.components", "btb"]
        assert "@layer btb {\no{}\n}" in sheet
        assert sheet.index(order[0]) < sheet.index("@layer ds.theme.size")

    def test_no_charset_rule_is_left_in_the_middle_of_the_sheet(self) -> None:
        assert "@charset" not in build.join(THEME, ['@charset "utf-8";b{}'], ["c{}"], "o{}")

    def test_comments_go_and_the_licence_notice_stays(self) -> None:
        sheet = build.join(THEME, [], ["/* c */.c{}"], "/* why */\n\n  .o { }\n")
        assert "made by a tool" not in sheet
        assert "why" not in sheet
        assert sheet.startswith("/*! Contains Designsystemet, MIT")
        assert ".o { }" in sheet

    def test_texts_that_only_look_like_empty_lines_keep_their_words(self) -> None:
        assert 'content: "a  b";' in build.join("", [], [], '.o {\n  content: "a  b";\n}')


class TestNarrowed:
    def test_fields_are_told_apart_by_class_and_not_by_what_they_contain(self) -> None:
        made = "".join(narrowed(build.read_components(build.COMPONENTS)))
        assert ".ds-field:is(.choice,.cell) label" in made
        assert not re.search(r":has\([^{]*readonly", made)
        of_anything = re.findall(r"(?:^|[\s,{}>+~]|:(?:is|where)\():has\([^{]*", made)
        assert of_anything == [], "a browser asks every element of the page what it contains"

    def test_each_sheet_stays_the_sheet_that_it_was(self) -> None:
        sheets = build.read_components(build.COMPONENTS)
        made = narrowed(sheets)
        assert len(made) == len(sheets)
        assert made[0] == sheets[0]

    def test_a_design_system_that_went_on_is_not_joined_unseen(self) -> None:
        with pytest.raises(SelectorGone):
            narrowed([".ds-field{}"])

    def test_every_radio_and_box_of_the_templates_stands_in_a_field_of_such_a_class(self) -> None:
        for path in (ROOT / "btb_pro" / "templates" / "participant").rglob("*.html"):
            text = path.read_text(encoding="utf-8")
            for field in re.findall(
                r'<div class="([^"]*)"[^>]*><input class="ds-input" type="(?!text)', text
            ):
                assert {"choice", "cell"} & set(field.split()), (path.name, field)


class TestSqueezeScript:
    def test_blanks_go_where_none_is_needed_and_what_is_in_quotes_stays(self) -> None:
        script = "// why\nconst a = 'x = 1, // y';  /* and */\nif (a in b) {\n  f(`p ; q`, 2);\n}\ng()\nh()\n"
        made = "const a='x = 1, // y';if(a in b){f(`p ; q`,2);}\ng()\nh()\n"
        assert build.squeeze_script(script) == made


class TestPublish:
    def test_the_same_sheet_gives_the_same_bytes_twice(self, tmp_path: Path) -> None:
        for folder in ("one", "two"):
            build.publish({"participant.css": ".a{}\n"}, "licence\n", tmp_path / folder)
        one = {path.name: path.read_bytes() for path in (tmp_path / "one").iterdir()}
        assert one == {path.name: path.read_bytes() for path in (tmp_path / "two").iterdir()}
        assert len(one) == 4

    def test_one_changed_letter_gives_a_new_name_and_the_old_file_goes(self, tmp_path: Path) -> None:
        old = build.publish({"participant.css": ".a{}"}, "", tmp_path)["participant.css"]
        new = build.publish({"participant.css": ".b{}"}, "", tmp_path)["participant.css"]
        assert old != new
        assert sorted(path.name for path in tmp_path.glob("participant*")) == [new, f"{new}.gz"]

    def test_another_sheet_is_left_alone(self, tmp_path: Path) -> None:
        build.publish({"participant.css": ".a{}", "console.css": ".c{}"}, "", tmp_path)
        assert len(list(tmp_path.glob("console.*.css"))) == 1
        assert len(list(tmp_path.glob("participant.*.css"))) == 1

    def test_the_name_carries_the_start_of_the_sha_256(self) -> None:
        digest = hashlib.sha256(b".a{}").hexdigest()
        assert build.hashed_name("participant.css", b".a{}") == f"participant.{digest[:10]}.css"


class TestShipped:
    @pytest.mark.parametrize(
        ("name", "budget"),
        [("participant.css", 16_000), ("first-page.css", 6_000), ("participant.js", 5_000)],
    )
    def test_each_file_bears_its_hash_and_its_compressed_form_is_the_same_and_small(
        self, name: str, budget: int
    ) -> None:
        file = shipped(name)
        assert file.name == build.hashed_name(name, file.read_bytes())
        compressed = file.with_name(file.name + ".gz").read_bytes()
        assert gzip.decompress(compressed) == file.read_bytes()
        assert len(compressed) <= budget

    def test_the_sheet_fetches_nothing_from_anywhere(self) -> None:
        addresses = re.findall(r"url\(\s*[\"']?([^\"')]*)", shipped_sheet().read_text(encoding="utf-8"))
        assert addresses
        assert {address.partition(":")[0] for address in addresses} == {"data"}
        assert "@import" not in shipped_sheet().read_text(encoding="utf-8")

    def test_every_component_that_we_list_is_in_the_sheet(self) -> None:
        sheet = shipped_sheet().read_text(encoding="utf-8")
        classes = set(re.findall(r"\.(ds-[a-z-]+)", sheet))
        named = {f"ds-{name}" for name in build.COMPONENTS if name != "data-size-workaround"}
        assert named <= classes

    def test_the_first_pages_sheet_is_made_of_the_whole_one_and_the_templates_of_today(self) -> None:
        whole = shipped_sheet().read_text(encoding="utf-8")
        made = build.first_page_sheet(whole, build.TEMPLATES)
        assert shipped("first-page.css").read_text(encoding="utf-8") == made

    def test_the_page_script_goes_out_as_it_was_written_but_for_comments_and_blanks(self) -> None:
        written = (ROOT / "assets" / "participant.js").read_text(encoding="utf-8")
        assert shipped("participant.js").read_text(encoding="utf-8") == build.squeeze_script(written)

    def test_designsystemets_licence_goes_with_it(self) -> None:
        text = (STATIC / "licences.txt").read_text(encoding="utf-8")
        assert "Digitaliseringsdirektoratet" in text
        assert "The above copyright notice and this permission notice" in re.sub(r"\s+", " ", text)


class TestSource:
    def test_our_rules_grow_with_the_phones_text_size(self) -> None:
        """Pixels only where growing would do harm: thin lines, rings, what is hidden from the eye."""
        ours = re.sub(r"/\*.*?\*/", "", (ROOT / "assets" / "participant.css").read_text("utf-8"), flags=re.S)
        sizes = {float(size) for size in re.findall(r"(?<![\w.-])-?(\d+(?:\.\d+)?)px", ours)}
        assert sizes <= {1, 2, 3, 24}

    def test_the_sample_uses_no_class_that_no_sheet_knows(self) -> None:
        sample = (ROOT / "assets" / "sample.html").read_text(encoding="utf-8")
        body = re.sub(r"<!--.*?-->", "", sample, flags=re.S)
        used = {name for names in re.findall(r'class="([^"]*)"', body) for name in names.split()}
        known = set(re.findall(r"\.([a-z][a-z0-9-]*)", shipped_sheet().read_text(encoding="utf-8")))
        # Hooks for scripts and tests, without a look of their own.
        assert used - known <= {"stem", "unit", "scale-11"}


class TestLocks:
    @pytest.mark.parametrize("name", ["base", "build", "lock", "node", "test"])
    def test_every_requirement_has_an_exact_version_and_hashes_and_names_no_host(self, name: str) -> None:
        text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
        assert "://" not in text
        assert not re.search(r"^\s*--(?!hash)", text, flags=re.M)
        entries = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
        assert entries
        assert all(re.match(r"[a-z0-9-]+==[^ ]+( ; .*)? \\$", line) for line in entries)
        assert text.count("==") >= len(entries)
        assert text.count("--hash=sha256:") >= len(entries)

    def test_the_lock_of_the_app_holds_every_dependency_and_the_tests_lock_the_same_versions(self) -> None:
        pins = {name: locked(name) for name in ("base", "test")}
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
        wanted = {re.split(r"[<>=!~;\[ ]", line)[0].lower() for line in project["project"]["dependencies"]}
        assert wanted <= set(pins["base"])
        assert pins["base"].items() <= pins["test"].items()

    def test_npm_packages_are_pinned_by_their_content_and_not_by_an_address(self) -> None:
        lock = json.loads((ROOT / "assets" / "package-lock.json").read_text(encoding="utf-8"))
        packages = {path: entry for path, entry in lock["packages"].items() if path}
        assert packages
        assert all(entry["integrity"].startswith("sha512-") for entry in packages.values())
        assert not any("resolved" in entry for entry in packages.values())


def locked(name: str) -> dict[str, str]:
    """Package name to version, of one lock file."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9-]+)==([^ ]+)", text, flags=re.M))
