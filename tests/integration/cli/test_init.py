"""Setting up an instance."""

import stat
from pathlib import Path

import pytest

from btb_pro.config import SETTINGS_FILE, read_settings
from tests.integration.cli.shell import done, refused, run_in


def test_init_makes_an_instance_that_only_its_owner_can_read(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "instance"
    told = done(run_in(folder, "init"))
    assert "btb-pro serve" in told
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for name in (SETTINGS_FILE, "btb.db", "study.toml"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600, name
    settings = read_settings(folder, {})
    assert settings.base_url == "http://127.0.0.1:8000"
    keys = [*settings.secret_keys, *settings.link_keys, *settings.contact_keys]
    assert len(set(keys)) == 3
    assert "The audit trail is whole: 1 events" in done(run_in(folder, "audit", "verify"))
    assert "no mistakes" in done(run_in(folder, "study", "check"))


def test_running_init_again_changes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "instance"
    done(run_in(folder, "init"))
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in (".env", ".toml")}
    told_before = done(run_in(folder, "audit", "verify"))
    assert "Made" not in done(run_in(folder, "init"))
    after = {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in (".env", ".toml")}
    assert after == before
    assert done(run_in(folder, "audit", "verify")) == told_before


def test_init_adds_a_key_that_is_missing_and_leaves_the_rest(tmp_path: Path) -> None:
    folder = tmp_path / "instance"
    done(run_in(folder, "init"))
    settings = folder / SETTINGS_FILE
    kept = [line for line in settings.read_text().splitlines() if not line.startswith("BTB_LINK_KEYS")]
    settings.write_text("\n".join(kept))
    assert "BTB_LINK_KEYS" in refused(run_in(folder, "participant", "list"))
    assert "BTB_LINK_KEYS" in done(run_in(folder, "init"))
    assert settings.read_text().splitlines()[: len(kept)] == kept
    done(run_in(folder, "participant", "list"))


def test_init_records_a_changed_study_file(tmp_path: Path) -> None:
    folder = tmp_path / "instance"
    done(run_in(folder, "init"))
    study = folder / "study.toml"
    study.write_text(
        study.read_text(encoding="utf-8").replace('version = "1"', 'version = "2"'), encoding="utf-8"
    )
    done(run_in(folder, "init"))
    assert "2 events" in done(run_in(folder, "audit", "verify"))


def test_init_for_production_trusts_the_host_of_its_address_alone(tmp_path: Path) -> None:
    folder = tmp_path / "instance"
    told = done(run_in(folder, "init", "--production", "--base-url", "https://btb.hospital.example"))
    assert "proxy" in told
    settings = read_settings(folder, {})
    assert settings.is_production
    assert settings.trusted_hosts == ("btb.hospital.example",)


def test_init_does_not_move_an_instance_to_another_address(tmp_path: Path) -> None:
    folder = tmp_path / "instance"
    done(run_in(folder, "init"))
    before = (folder / SETTINGS_FILE).read_bytes()
    told = refused(run_in(folder, "init", "--production", "--base-url", "https://btb.hospital.example"))
    assert "BTB_BASE_URL" in told
    assert (folder / SETTINGS_FILE).read_bytes() == before


@pytest.mark.parametrize("address", ["https://", "https://[half", "https://h.example?x=1"])
def test_init_writes_nothing_for_an_address_that_is_none(tmp_path: Path, address: str) -> None:
    told = refused(run_in(tmp_path / "instance", "init", "--production", "--base-url", address))
    assert "BTB_BASE_URL" in told
    assert not (tmp_path / "instance").exists()


def test_a_folder_that_cannot_be_written_is_told_by_its_setting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    told = refused(run_in(tmp_path / "file" / "instance", "init"))
    assert "BTB_INSTANCE" in told
    assert len(told.splitlines()) == 1
