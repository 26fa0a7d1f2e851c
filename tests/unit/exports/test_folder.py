"""A folder that appears whole under its name, or not at all."""

import errno
import os
from pathlib import Path

import pytest

from btb_pro.exports.folder import FolderTaken, new_folder, publish_file


def _write_and_fail(target: Path) -> None:
    with new_folder(target) as folder:
        (folder.path / "half.csv").write_text("half", encoding="utf-8")
        assert not target.exists()
        raise KeyboardInterrupt


def test_a_published_folder_has_all_its_files_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    with new_folder(tmp_path / "out") as folder:
        (folder.path / "whole.csv").write_text("whole", encoding="utf-8")
        folder.publish()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["whole.csv"]


def test_nothing_is_left_of_a_folder_whose_making_was_broken_off(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        _write_and_fail(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_left_of_a_folder_that_was_never_published(tmp_path: Path) -> None:
    with new_folder(tmp_path / "out"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_withdrawn_folder_is_gone(tmp_path: Path) -> None:
    with new_folder(tmp_path / "out") as folder:
        folder.publish()
        folder.withdraw()
    assert list(tmp_path.iterdir()) == []


def test_parents_are_made(tmp_path: Path) -> None:
    with new_folder(tmp_path / "exports" / "january") as folder:
        folder.publish()
    assert (tmp_path / "exports" / "january").is_dir()


def test_an_empty_folder_may_be_there_already(tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.mkdir()
    with new_folder(target) as folder:
        (folder.path / "whole.csv").touch()
        folder.publish()
    assert (target / "whole.csv").exists()


@pytest.mark.parametrize("kind", ["file", "full folder"])
def test_what_lies_there_already_is_left_alone(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "out"
    if kind == "file":
        target.write_text("mine", encoding="utf-8")
    else:
        target.mkdir()
        (target / "mine.txt").touch()
    with pytest.raises(FolderTaken), new_folder(target):
        pass
    assert target.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_name_that_was_taken_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    target = tmp_path / "out"
    with new_folder(target) as folder:
        target.mkdir()
        (target / "other.csv").touch()
        with pytest.raises(OSError, match="out"):
            folder.publish()
    assert [path.name for path in target.iterdir()] == ["other.csv"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    with new_folder(tmp_path / "out") as folder:
        folder.publish()
    assert (tmp_path / "out").stat().st_mode & 0o077 == 0


def test_a_file_gets_its_name_and_never_takes_anothers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("first", "second", "third"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    publish_file(tmp_path / "first", tmp_path / "named")
    with pytest.raises(FileExistsError):
        publish_file(tmp_path / "second", tmp_path / "named")

    def no_links(source: Path, target: Path) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", no_links)
    publish_file(tmp_path / "third", tmp_path / "other")
    with pytest.raises(OSError, match="no links"):
        publish_file(tmp_path / "second", tmp_path / "named")
    assert (tmp_path / "named").read_text(encoding="utf-8") == "first"
    assert (tmp_path / "other").read_text(encoding="utf-8") == "third"
