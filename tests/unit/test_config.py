"""Settings: a sentence names what is wrong, the file is private, the environment has the last word."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from btb_pro.config import (
    SETTINGS_FILE,
    SettingError,
    add_settings,
    instance_folder,
    read_settings,
    stated_settings,
    write_settings,
)

KEY = "k" * 32
GOOD = {
    "BTB_BASE_URL": "http://localhost:8000",
    "BTB_SECRET_KEYS": KEY,
    "BTB_LINK_KEYS": f"{KEY}, {'l' * 40}",
    "BTB_CONTACT_KEYS": KEY,
}
PRODUCTION = {**GOOD, "BTB_BASE_URL": "https://btb.example", "BTB_TRUSTED_HOSTS": "btb.example"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An instance folder with sound settings."""
    write_settings(tmp_path, GOOD)
    return tmp_path


def test_settings_are_read_from_the_file_with_their_defaults(folder: Path) -> None:
    settings = read_settings(folder, {})
    assert settings.instance == folder
    assert settings.database_url == f"sqlite:///{folder / 'btb.db'}"
    assert settings.study_file == folder / "study.toml"
    assert len(settings.link_keys) == 2
    assert (settings.trusted_hosts, settings.proxy_hops) == ((), 0)
    assert not settings.is_production


def test_the_environment_overrides_the_file(folder: Path) -> None:
    environ = {"BTB_DATABASE_URL": "postgresql://db/btb", "BTB_PROXY_HOPS": "2", "BTB_STUDY": "/a/study.toml"}
    settings = read_settings(folder, environ)
    assert settings.database_url == "postgresql://db/btb"
    assert settings.proxy_hops == 2
    assert settings.study_file == Path("/a/study.toml")


def test_an_instance_without_a_file_can_be_told_by_the_environment_alone(tmp_path: Path) -> None:
    assert read_settings(tmp_path, GOOD).secret_keys == (KEY,)


def test_the_real_environment_is_read_when_no_other_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("BTB_INSTANCE", str(tmp_path))
    assert read_settings().instance == tmp_path
    assert stated_settings(tmp_path)["BTB_SECRET_KEYS"] == KEY


def test_the_instance_folder_is_named_by_the_environment_or_lies_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert instance_folder({}) == tmp_path / "instance"
    assert instance_folder({"BTB_INSTANCE": "elsewhere"}) == tmp_path / "elsewhere"
    assert instance_folder({"BTB_INSTANCE": ""}) == tmp_path / "instance"


@pytest.mark.parametrize("name", GOOD)
def test_a_missing_setting_stops_the_start_and_is_named(tmp_path: Path, name: str) -> None:
    for missing in ({}, {name: ""}, {name: "  "}):
        values = {key: value for key, value in GOOD.items() if key != name} | missing
        with pytest.raises(SettingError, match=name) as refused:
            read_settings(tmp_path, values)
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BTB_SECRET_KEYS", "short"),
        ("BTB_LINK_KEYS", f"{KEY},short"),
        ("BTB_PROXY_HOPS", "-1"),
        ("BTB_PROXY_HOPS", "10"),
        ("BTB_PROXY_HOPS", "\N{SUPERSCRIPT TWO}"),
        ("BTB_PROXY_HOPS", "one"),
        ("BTB_BASE_URL", "btb.example"),
        ("BTB_BASE_URL", "ftp://btb.example"),
        ("BTB_BASE_URL", "https://"),
        ("BTB_BASE_URL", "https://btb.example:99999"),
        ("BTB_BASE_URL", "https://btb.example:port"),
        ("BTB_BASE_URL", "https://btb.example/?a=b"),
        ("BTB_BASE_URL", "https://[::1"),
    ],
)
def test_a_wrong_setting_stops_the_start_and_is_named(folder: Path, name: str, value: str) -> None:
    with pytest.raises(SettingError, match=name):
        read_settings(folder, {name: value})


def test_no_message_and_no_representation_holds_a_key(folder: Path) -> None:
    with pytest.raises(SettingError) as refused:
        read_settings(folder, {"BTB_LINK_KEYS": "secret-but-short"})
    assert "secret-but-short" not in str(refused.value)
    assert KEY not in repr(read_settings(folder, {}))


def test_production_is_an_address_with_tls_and_must_name_its_hosts(tmp_path: Path) -> None:
    settings = read_settings(tmp_path, PRODUCTION)
    assert settings.is_production
    assert settings.trusted_hosts == ("btb.example",)
    with pytest.raises(SettingError, match="BTB_TRUSTED_HOSTS"):
        read_settings(tmp_path, {**PRODUCTION, "BTB_TRUSTED_HOSTS": ""})


def test_a_slash_at_the_end_of_the_address_does_not_double(tmp_path: Path) -> None:
    assert (
        read_settings(tmp_path, {**GOOD, "BTB_BASE_URL": "http://localhost/"}).base_url == "http://localhost"
    )


def test_the_settings_file_is_its_owners_alone_from_the_first_byte(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        write_settings(tmp_path, GOOD)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / SETTINGS_FILE).stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660])
def test_production_refuses_a_settings_file_that_others_may_read(tmp_path: Path, mode: int) -> None:
    write_settings(tmp_path, PRODUCTION)
    assert read_settings(tmp_path, {}).is_production
    (tmp_path / SETTINGS_FILE).chmod(mode)
    with pytest.raises(SettingError, match="chmod 600"):
        read_settings(tmp_path, {})


@pytest.mark.parametrize(
    ("line", "number"), [("BTB_BASE_URL", 2), ("nothing of ours", 2), ("PATH=/bin", 2), ("=x", 2)]
)
def test_a_line_that_is_no_setting_is_named_by_its_number(tmp_path: Path, line: str, number: int) -> None:
    (tmp_path / SETTINGS_FILE).write_text(f"# a comment\n{line}\n", encoding="utf-8")
    with pytest.raises(SettingError, match=f"line {number}"):
        read_settings(tmp_path, {})


def test_comments_blank_lines_and_spaces_are_allowed_in_the_file(tmp_path: Path) -> None:
    lines = ["", "  # a comment", *(f" {name} = {value} " for name, value in GOOD.items())]
    (tmp_path / SETTINGS_FILE).write_text("\r\n".join(lines), encoding="utf-8")
    assert read_settings(tmp_path, {}).secret_keys == (KEY,)


def _folder(path: Path) -> None:
    path.mkdir()


def _bytes(path: Path) -> None:
    path.write_bytes(b"BTB_BASE_URL=\xff")


@pytest.mark.parametrize("spoil", [_folder, _bytes])
def test_a_settings_file_that_cannot_be_read_is_a_sentence(
    tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    spoil(tmp_path / SETTINGS_FILE)
    with pytest.raises(SettingError, match=r"settings\.env cannot be read"):
        read_settings(tmp_path, GOOD)


def test_settings_are_added_without_touching_what_stands_there(folder: Path) -> None:
    path = folder / SETTINGS_FILE
    before = path.read_text(encoding="utf-8")
    path.write_text(before.rstrip("\n"), encoding="utf-8")
    add_settings(folder, {"BTB_PROXY_HOPS": "1"})
    assert path.read_text(encoding="utf-8") == f"{before}BTB_PROXY_HOPS=1\n"
    assert read_settings(folder, {}).proxy_hops == 1


def test_adding_to_no_file_makes_a_private_one(tmp_path: Path) -> None:
    add_settings(tmp_path, GOOD)
    assert stat.S_IMODE((tmp_path / SETTINGS_FILE).stat().st_mode) == 0o600
    assert read_settings(tmp_path, {}).secret_keys == (KEY,)


def test_the_second_factor_is_required_unless_an_instance_that_is_no_production_says_otherwise(
    tmp_path: Path,
) -> None:
    assert read_settings(tmp_path, GOOD).needs_second_factor
    assert not read_settings(tmp_path, {**GOOD, "BTB_SECOND_FACTOR": "optional"}).needs_second_factor
    for environ in ({**PRODUCTION, "BTB_SECOND_FACTOR": "optional"}, {**GOOD, "BTB_SECOND_FACTOR": "off"}):
        with pytest.raises(SettingError, match="BTB_SECOND_FACTOR must be required"):
            read_settings(tmp_path, environ)
