"""Formats, mapping, push and verify at the shell."""

from pathlib import Path

import pytest

from tests.integration.cli.shell import Run, done, refused
from tests.integration.cli.test_exports import answer_first_page
from tests.integration.export_readers import TABLES
from tests.integration.test_redcap import TOKEN, fake_redcap
from tests.support.world import World


@pytest.mark.parametrize(
    ("words", "files"),
    [
        (["csv", "--excel"], [*TABLES]),
        (["xlsx", "--language", "nb"], ["export.xlsx"]),
        (
            ["redcap"],
            ["records.csv", "data_dictionary.csv", "events.csv", "event_instruments.csv", "corrections.csv"],
        ),
        (["odm"], ["odm.xml"]),
        (["odm", "--transactional"], ["odm.xml"]),
        (["fhir", "--language", "en"], ["bundle.json"]),
        (["spss"], ["wide.sav"]),
        (["stata"], ["wide.dta"]),
    ],
    ids=" ".join,
)
def test_each_format_is_a_command_and_verifies(
    run: Run, world: World, tmp_path: Path, words: list[str], files: list[str]
) -> None:
    answer_first_page(world, "1-001", "oslo")
    told = done(run("export", *words, "--out", str(tmp_path / "out")))
    assert told.startswith("Export 1: took everything up to event")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {*files, "manifest.json"}
    assert f"{len(files)} files are what the manifest says" in done(run("verify", str(tmp_path / "out")))


def test_a_bundle_is_taken_proven_and_found_changed(run: Run, world: World, tmp_path: Path) -> None:
    answer_first_page(world, "1-001", "oslo")
    out = tmp_path / "b.zip"
    done(run("export", "bundle", "--out", str(out), "--with", "odm", "--with", "fhir"))
    assert "The receipt fits: export 1, taken by" in done(run("verify", str(out)))
    content = bytearray(out.read_bytes())
    content[len(content) // 2] ^= 1
    out.write_bytes(content)
    assert "was changed" in refused(run("verify", str(out)))


def test_what_is_new_since_an_earlier_export(run: Run, world: World, tmp_path: Path) -> None:
    answer_first_page(world, "1-001", "oslo")
    done(run("export", "csv", "--out", str(tmp_path / "first")))
    answer_first_page(world, "4-001", "bergen")
    told = done(run("export", "csv", "--out", str(tmp_path / "second"), "--since", "1"))
    assert told.startswith("Export 2: took what is new since export 1 up to event")
    rows = (tmp_path / "second" / "wide.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert [row.split(",")[0] for row in rows] == ["4-001"]
    assert "no export 7" in refused(run("export", "csv", "--out", str(tmp_path / "third"), "--since", "7"))


def test_a_mapping_is_made_checked_and_used(run: Run, world: World, tmp_path: Path) -> None:
    answer_first_page(world, "1-001", "oslo")
    template = done(run("mapping", "template", "redcap", "--language", "en"))
    path = tmp_path / "redcap.toml"
    path.write_text(template.replace('"baseline_arm_1"', '"v1_arm_1"'), encoding="utf-8")
    assert "1 names of theirs, 0 left out" in done(run("mapping", "check", str(path)))
    done(run("export", "redcap", "--out", str(tmp_path / "out"), "--mapping", str(path)))
    assert "v1_arm_1" in (tmp_path / "out" / "records.csv").read_text(encoding="utf-8")
    path.write_text('target = "redcap"\n[visits]\nbaselin = "v1_arm_1"\n', encoding="utf-8")
    assert "line 3: baselin is none of our visits" in refused(run("mapping", "check", str(path)))


def test_a_push_goes_to_the_project_of_the_settings(
    run: Run, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_first_page(world, "1-001", "oslo")
    done(run("export", "redcap", "--out", str(tmp_path / "out")))
    assert "BTB_REDCAP_URL must be" in refused(run("push", "redcap"))
    with fake_redcap(tmp_path / "out") as url:
        settings = world.folder / "settings.env"
        text = settings.read_text(encoding="utf-8")
        settings.write_text(f"{text}BTB_REDCAP_URL={url}\nBTB_REDCAP_TOKEN={TOKEN}\n", encoding="utf-8")
        assert "Would send rows: 1" in done(run("push", "redcap", "--dry-run"))
        told = done(run("push", "redcap"))
    assert "sent rows: 1" in told
    assert TOKEN not in told
