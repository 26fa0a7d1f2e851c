"""A certified copy at the shell."""

from pathlib import Path
from zipfile import ZipFile

from tests.integration.cli.shell import Run, done, number_of_events, refused
from tests.support.world import World


def test_it_writes_one_file_and_says_what_it_is(run: Run, world: World, tmp_path: Path) -> None:
    world.add("A", "oslo")
    told = done(run("copy", "oslo", "--out", str(tmp_path / "copy.zip"), "--language", "en"))
    assert f"up to event {number_of_events(world)}: SHA-256 " in told
    with ZipFile(tmp_path / "copy.zip") as archive:
        assert archive.testzip() is None
        assert b"Certified copy" in archive.read("index.html")
    assert [path.name for path in tmp_path.glob("*copy*")] == ["copy.zip"]


def test_what_cannot_be_gets_a_sentence(run: Run, world: World, tmp_path: Path) -> None:
    out = tmp_path / "copy.zip"
    assert "'nowhere' is no site" in refused(run("copy", "nowhere", "--out", str(out)))
    assert "'sv' is no language" in refused(run("copy", "oslo", "--out", str(out), "--language", "sv"))
    assert "cannot be written" in refused(run("copy", "oslo", "--out", str(tmp_path / "no" / "copy.zip")))
    out.write_text("mine")
    assert "is there already" in refused(run("copy", "oslo", "--out", str(out)))
    assert out.read_text() == "mine"
