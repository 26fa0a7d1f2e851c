"""A present database file that is damaged: telling so, keeping it, and putting another in its place."""

import shutil
from contextlib import closing
from pathlib import Path

from pysqlite3 import dbapi2 as sqlite

from btb_pro import clock
from btb_pro.damage import is_damage
from btb_pro.db import Database, DatabaseUnreachable
from btb_pro.services.inspection import find_damaged_pages

_BESIDE = ("", "-wal")


def is_readable(database: Database) -> bool:
    """Whether a database can be read through; False for an SQLite file that is damaged.

    Raises:
        DatabaseUnreachable: it cannot be opened for another reason.
    """
    try:
        database.check()
    except DatabaseUnreachable as error:
        original = getattr(error.__cause__, "orig", None)
        if original is None or not is_damage(original):
            raise
        return False
    return find_damaged_pages(database) is None


def set_aside(path: Path, folder: Path) -> Path:
    """Copy a damaged file, with its log, as it is; where the copy is."""
    stamp = clock.utc_text(clock.now()).replace(":", "").replace(".", "-")
    kept = folder / f"before-restore-{stamp}.db"
    for ending in _BESIDE:
        part = path.with_name(path.name + ending)
        if part.exists():
            copy = kept.with_name(kept.name + ending)
            shutil.copyfile(part, copy)
            copy.chmod(0o600)
    return kept


def replace_file(path: Path, copy: Path) -> None:
    """Put a copy in the place of a damaged file, page by page, so that whoever has it open reads the new one.

    Where even that cannot be read, the file is made anew; then a server that runs must be started again.
    """
    with closing(sqlite.connect(str(copy))) as source:
        try:
            with closing(sqlite.connect(str(path))) as target:
                source.backup(target)
        except sqlite.DatabaseError as error:
            if not is_damage(error):
                raise
            for ending in (*_BESIDE, "-shm"):
                path.with_name(path.name + ending).unlink(missing_ok=True)
            with closing(sqlite.connect(str(path))) as target:
                source.backup(target)
            path.chmod(0o600)
