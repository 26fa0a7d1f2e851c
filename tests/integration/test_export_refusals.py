"""An export that cannot be taken leaves nothing behind, and says why."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from btb_pro.models.job import ExportRun
from btb_pro.services.exporting import ExportRefused
from tests.integration.export_world import ExportWorld, make_export_world, told_world
from tests.support.engines import EngineName


@pytest.fixture
def world(tmp_path: Path, engine: EngineName) -> Iterator[ExportWorld]:
    """The made-up study with its whole story."""
    with told_world(tmp_path / "instance", engine=engine) as made:
        yield made


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    """No file may grow beyond so many bytes; the system then refuses as it does on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def runs(world: ExportWorld) -> int:
    """How many exports are on record."""
    with world.runtime.database.reading() as session:
        return session.execute(select(func.count()).select_from(ExportRun)).scalar_one()


def left_beside(world: ExportWorld, tmp_path: Path) -> set[str]:
    """What lies in the folder besides the instance."""
    return {path.name for path in tmp_path.iterdir()} - {world.runtime.settings.instance.name}


@pytest.mark.parametrize("size", [500, 5000])
def test_a_full_disk_leaves_no_half_written_file(world: ExportWorld, tmp_path: Path, size: int) -> None:
    with full_disk(size), pytest.raises(ExportRefused, match="cannot be written") as refused:
        world.export(tmp_path / "out")
    assert "has room" in str(refused.value)
    assert left_beside(world, tmp_path) == set()
    assert runs(world) == 0


def test_a_folder_that_holds_something_is_left_as_it_was(world: ExportWorld, tmp_path: Path) -> None:
    out = tmp_path / "out"
    world.export(out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    with pytest.raises(ExportRefused, match="holds something already"):
        world.export(out)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert left_beside(world, tmp_path) == {"out"}
    assert runs(world) == 1


def test_a_file_is_no_folder(world: ExportWorld, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine", encoding="utf-8")
    with pytest.raises(ExportRefused, match="holds something already"):
        world.export(tmp_path / "out")
    with pytest.raises(ExportRefused, match="cannot be written"):
        world.export(tmp_path / "out" / "below")
    assert (tmp_path / "out").read_text(encoding="utf-8") == "mine"
    assert runs(world) == 0


def test_a_link_that_leads_in_a_circle_is_refused(world: ExportWorld, tmp_path: Path) -> None:
    (tmp_path / "out").symlink_to(tmp_path / "out")
    with pytest.raises(ExportRefused, match=r"out"):
        world.export(tmp_path / "out")
    assert left_beside(world, tmp_path) == {"out"}


def test_an_export_that_cannot_be_recorded_is_taken_away_again(world: ExportWorld, tmp_path: Path) -> None:
    # A reference that is checked at commit, after the folder has its name.
    spoil = "INSERT INTO site (code, event_seq) VALUES ('nowhere', 999999);"
    with world.runtime.database.engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            connection.execute(text(f"CREATE TRIGGER spoil AFTER INSERT ON export_run BEGIN {spoil} END"))
        else:
            connection.execute(
                text(
                    "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS"
                    f" $$ BEGIN {spoil} RETURN NULL; END $$"
                )
            )
            connection.execute(
                text("CREATE TRIGGER spoil AFTER INSERT ON export_run EXECUTE FUNCTION spoil()")
            )
    with pytest.raises(IntegrityError):
        world.export(tmp_path / "out")
    assert left_beside(world, tmp_path) == set()
    assert runs(world) == 0


@pytest.mark.parametrize(
    ("visits", "sites", "reason"),
    [
        (("start", "never"), (), "'never' is no visit of this study: use one of screening, start, later"),
        ((), ("east",), "'east' is no site of this study: use one of north, south"),
    ],
)
def test_an_unknown_visit_or_site_is_named(
    world: ExportWorld, tmp_path: Path, visits: tuple[str, ...], sites: tuple[str, ...], reason: str
) -> None:
    with pytest.raises(ExportRefused, match=reason):
        world.export(tmp_path / "out", visits=visits, sites=sites)
    assert left_beside(world, tmp_path) == set()


@pytest.mark.usefixtures("engine")
def test_a_database_in_which_nothing_happened_has_nothing_to_take_out(tmp_path: Path) -> None:
    world = make_export_world(tmp_path / "instance")
    with world.runtime.database.engine.begin() as connection:
        connection.execute(text("DELETE FROM audit_head"))
    with pytest.raises(ExportRefused, match="Nothing is recorded"):
        world.export(tmp_path / "out")
    world.close()
