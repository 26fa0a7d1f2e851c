"""Nobody but the owner can read what the commands write, whatever mask they are started with."""

import os
import stat
from pathlib import Path

from btb_pro import create_app
from btb_pro.config import add_settings, read_settings
from btb_pro.services.backup_files import new_backup_key
from tests.integration.cli.shell import done, run_in


def modes(path: Path) -> dict[str, str]:
    """The rights of everything below a path, and of itself."""
    found = [path, *path.rglob("*")]
    return {f"{one.relative_to(path)}": oct(stat.S_IMODE(one.stat().st_mode)) for one in found}


def run(folder: Path, *words: str) -> None:
    """Run a command as a shell without a mask starts it."""
    os.umask(0)
    done(run_in(folder, *words))


def test_everything_that_is_written_is_its_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "instance"
    run(folder, "init")
    add_settings(folder, {"BTB_BACKUP_KEY": new_backup_key()})
    run(folder, "participant", "add", "BTB-001", "--site", "oslo")
    run(folder, "export", "csv", "--out", f"{tmp_path / 'export'}")
    run(folder, "export", "xlsx", "--out", f"{tmp_path / 'workbook'}")
    run(folder, "backup", f"{tmp_path / 'one.btb-backup'}")
    run(folder, "copy", "oslo", "--out", f"{tmp_path / 'copy.zip'}")
    for one in sorted(tmp_path.iterdir()):
        found = modes(one)
        assert len(found) >= 3 or one.is_file()
        for name, mode in found.items():
            assert mode == ("0o700" if (one / name).is_dir() else "0o600"), (one.name, name)


def test_the_database_lies_where_no_address_leads(tmp_path: Path) -> None:
    folder = tmp_path / "instance"
    run(folder, "init")
    app = create_app(read_settings(folder, {}))
    assert app.static_folder is not None
    assert not folder.is_relative_to(app.static_folder)
    up = "/".join([".."] * len(Path(app.static_folder).parts))
    for path in (f"/static/{up}{folder}/btb.db", "/btb.db", "/instance/btb.db", "/static/%2e%2e/btb.db"):
        assert app.test_client().get(path).status_code in (400, 404), path
    app.extensions["btb_pro"].database.close()
