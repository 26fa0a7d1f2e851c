"""The study file and the questionnaires at the shell."""

import re
from pathlib import Path

from btb_pro.instruments.catalogue import load_instruments
from tests.integration.cli.shell import Run, done, number_of_events, refused, run_in
from tests.support.world import World


def test_study_check_names_every_mistake_by_line(tmp_path: Path, world: World) -> None:
    text = (world.folder / "study.toml").read_text(encoding="utf-8")
    wrong = text.replace('"hscl25"', '"hscl26"').replace('code = "day42"', 'code = "day14"')
    wrong = wrong.replace("opens = -14\ncloses = 0", "opens = 3\ncloses = 0")
    path = tmp_path / "wrong.toml"
    path.write_text(wrong, encoding="utf-8")
    told = refused(run_in(tmp_path, "study", "check", str(path))).splitlines()
    lines = wrong.splitlines()
    assert len(told) == 3
    for line in told:
        match = re.fullmatch(rf"{re.escape(str(path))}:(\d+): .+", line)
        assert match
        assert any(word in lines[int(match[1]) - 1] for word in ("hscl26", "day14", "opens", "closes"))


def test_study_check_says_that_there_is_no_mistake(run: Run, world: World) -> None:
    assert done(run("study", "check")) == f"{world.folder / 'study.toml'}: no mistakes.\n"


def test_study_show_tells_sites_visits_and_that_this_is_a_test(run: Run) -> None:
    told = done(run("study", "show"))
    for words in ("backtobasic", "Tromsø", "day154", "pain/intensity", "A TEST"):
        assert words in told


def test_a_changed_study_file_with_a_mistake_stops_every_command(run: Run, world: World) -> None:
    (world.folder / "study.toml").write_text("code = 1\n", encoding="utf-8")
    before = number_of_events(world)
    assert "study.toml:1: " in refused(run("invite", "1-001", "baseline"))
    assert number_of_events(world) == before


def test_instruments_list_shows_every_wording_with_its_hash(tmp_path: Path) -> None:
    told = done(run_in(tmp_path, "instruments", "list"))
    for instrument in load_instruments().values():
        assert (
            f"{instrument.code}  version {instrument.version}  {len(instrument.items)} items  nb, en" in told
        )
    hashes = re.findall(r"SHA-256 ([0-9a-f]{64})", told)
    assert len(set(hashes)) == 12


def test_instruments_show_prints_the_questionnaire(tmp_path: Path) -> None:
    told = done(run_in(tmp_path, "instruments", "show", "hscl25", "--language", "nb"))
    assert "Veldig mye plaget" in told
    assert told.count("Hodepine") == 1
    assert "hscl26" in refused(run_in(tmp_path, "instruments", "show", "hscl26"))
    assert "use one of nb, en" in refused(run_in(tmp_path, "instruments", "show", "shc", "--language", "fi"))


def test_instruments_check_names_file_item_and_rule(tmp_path: Path) -> None:
    assert "no mistakes" in done(run_in(tmp_path, "instruments", "check"))
    path = tmp_path / "broken.yaml"
    path.write_text("code: broken\nversion: '1'\nlanguages: [nb]\n", encoding="utf-8")
    told = refused(run_in(tmp_path, "instruments", "check", str(path)))
    assert "broken.yaml: broken: " in told
    assert "[key-missing]" in told
