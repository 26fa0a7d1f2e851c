"""An export is the same before and after a restore from a backup, and a move to another database."""

from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest

from btb_pro.exports.formats import ExportFormat
from btb_pro.services.backup_files import new_backup_key
from tests.integration.cli.shell import Run, done, number_of_events, refused
from tests.integration.cli.test_exports import answer_first_page
from tests.support.engines import EngineName, drop_database, empty_database
from tests.support.world import World


def take_everything(run: Run, out: Path, until: int, **settings: str) -> dict[str, bytes]:
    """A bundle of every format, and what is in it, up to an event: the bytes by name."""
    formats = [word for one in ExportFormat for word in ("--with", one.value)]
    done(run("export", "bundle", "--out", f"{out}", *formats, "--until", f"{until}", **settings))
    with ZipFile(out) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    assert {name.partition("/")[0] for name in files} == {*ExportFormat, "manifest.json"}
    return files | {"whole": out.read_bytes()}


@pytest.fixture
def answered(world: World) -> int:
    """A study with answers at two sites; its last event."""
    answer_first_page(world, "b-10", "oslo")
    answer_first_page(world, "B-2", "bergen")
    world.add("A-1", email="kari@hospital.example")
    return number_of_events(world)


@pytest.fixture
def moved_to() -> Iterator[list[str]]:
    """Addresses of databases that a test moved to."""
    urls: list[str] = []
    yield urls
    for url in urls:
        drop_database(url)


def test_every_format_and_the_bundle_are_the_same_after_a_restore(
    run: Run, world: World, answered: int, tmp_path: Path
) -> None:
    key = {"BTB_BACKUP_KEY": new_backup_key()}
    before = take_everything(run, tmp_path / "before.zip", answered)
    backup = f"{tmp_path / 'b.btb-backup'}"
    done(run("backup", backup, **key))
    answer_first_page(world, "C-1", "oslo")
    lost = refused(run("restore", backup, **key)).rpartition("--lose ")[2].strip(".\n")
    world.runtime.database.close()
    done(run("restore", backup, "--lose", lost, **key))
    assert take_everything(run, tmp_path / "after.zip", answered) == before
    done(run("audit", "verify"))


def test_every_format_and_the_bundle_are_the_same_after_moves_to_the_other_engine_and_back(
    run: Run, world: World, answered: int, tmp_path: Path, moved_to: list[str]
) -> None:
    before = take_everything(run, tmp_path / "before.zip", answered)
    own = EngineName(world.runtime.database.engine.dialect.name)
    place: dict[str, str] = {}
    for name in (*set(EngineName) - {own}, own):
        (tmp_path / name).mkdir()
        url = empty_database(tmp_path / name, name)
        moved_to.append(url)
        assert "An export of both is the same" in done(run("database", "move", url, **place))
        # A server that was forgotten would save here what the new database never sees.
        told = refused(run("participant", "add", f"LATE-{name}", "--site", "oslo", **place))
        assert "the study was moved to another database" in told
        place = {"BTB_DATABASE_URL": url}
        assert take_everything(run, tmp_path / f"{name}.zip", answered, **place) == before
        done(run("audit", "verify", **place))
