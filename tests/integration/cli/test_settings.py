"""Wrong settings stop the start with one sentence that names them."""

import socket
from pathlib import Path

import pytest

from btb_pro.config import SETTINGS_FILE
from tests.integration.cli.shell import Run, refused, run_in
from tests.support.world import World


@pytest.mark.parametrize("name", ["BTB_SECRET_KEYS", "BTB_LINK_KEYS", "BTB_CONTACT_KEYS", "BTB_BASE_URL"])
@pytest.mark.parametrize("words", [["serve"], ["participant", "list"], ["invite", "1-001", "baseline"]])
def test_a_missing_setting_stops_the_start_with_a_sentence(world: World, name: str, words: list[str]) -> None:
    settings = world.folder / SETTINGS_FILE
    lines = settings.read_text().splitlines()
    settings.write_text("\n".join(line for line in lines if not line.startswith(name)))
    told = refused(run_in(world.folder, *words))
    assert name in told
    assert len(told.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BTB_SECRET_KEYS", "short"),
        ("BTB_BASE_URL", "btb.hospital.example"),
        ("BTB_PROXY_HOPS", "many"),
        ("BTB_DATABASE_URL", "sqlite:////no/such/folder/btb.db"),
        ("BTB_DATABASE_URL", "nonsense"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_a_sentence(run: Run, name: str, value: str) -> None:
    told = refused(run("serve", **{name: value}))
    assert name in told
    assert len(told.splitlines()) == 1


def test_a_database_without_tables_sends_to_init(world: World, tmp_path: Path) -> None:
    told = refused(
        run_in(world.folder, "participant", "list", BTB_DATABASE_URL=f"sqlite:///{tmp_path / 'new.db'}")
    )
    assert "btb-pro init" in told
    assert len(told.splitlines()) == 1


def test_a_port_in_use_is_told_in_a_sentence(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"Port {port} of 127.0.0.1 is in use" in refused(run("serve", "--port", str(port)))


def test_a_host_that_is_not_ours_is_told_in_a_sentence(run: Run) -> None:
    assert "--host 192.0.2.1" in refused(run("serve", "--host", "192.0.2.1"))
