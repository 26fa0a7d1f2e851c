"""Taking a backup of a running instance, and proving it."""

from dataclasses import dataclass
from pathlib import Path

from pysqlite3 import dbapi2 as sqlite
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from btb_pro import clock
from btb_pro.db import Database
from btb_pro.migrate import newest_revision
from btb_pro.services.audit import APP_VERSION, ChainBroken, Context, Tag, step
from btb_pro.services.backup_files import (
    BackupManifest,
    BackupRefused,
    can_be_opened,
    plain_copies,
    read_backup,
    sha256_of,
    write_backup,
)
from btb_pro.services.copying import copy_database, count_rows
from btb_pro.services.runtime import Runtime
from btb_pro.services.verification import Anchor, Proof, verify


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was written and proven."""

    path: Path
    manifest: BackupManifest
    sha256: str
    """Of the file."""
    was_opened: bool
    """It was read again from its file; not where only the public key is here."""


def take_backup(runtime: Runtime, context: Context, target: Path) -> Backup:
    """Write a backup while the study goes on, prove what was written, and record it.

    The plain copy lies in the instance folder meanwhile, beside the database itself and as private.

    Raises:
        BackupRefused: it cannot be written, or what was written is not what is stored.
        DatabaseDamaged: nothing may be written, so the backup could not be recorded.
    """
    with runtime.database.writing():
        # Asked before the work, not after it.
        pass
    with plain_copies(runtime.settings.instance) as folder:
        copy = folder / "copy.db"
        _copy(runtime.database, copy)
        proof = prove_file(copy)
        manifest = _manifest(runtime, copy, proof)
        write_backup(copy, manifest, runtime.settings.backup_keys, target)
        copy.unlink()
        was_opened = can_be_opened(runtime.settings.backup_keys)
        if was_opened:
            try:
                again, _ = read_backup(target, runtime.settings.backup_keys, folder)
                prove_file(again, Anchor(proof.seq, proof.head_hash))
            except BackupRefused:
                target.unlink(missing_ok=True)
                raise
    backup = Backup(target, manifest, sha256_of(target), was_opened)
    _record(runtime, context, backup)
    return backup


def prove_file(path: Path, anchor: Anchor | None = None) -> Proof:
    """Prove a database file: its pages, its references, its trail and every row.

    Raises:
        BackupRefused: says what is broken.
    """
    database = Database(f"sqlite:///{path}")
    try:
        with database.engine.connect() as connection:
            faults = connection.execute(text("PRAGMA integrity_check")).scalars().all()
            orphans = connection.execute(text("PRAGMA foreign_key_check")).all()
        if faults != ["ok"] or orphans:
            raise BackupRefused(f"The copy is damaged: {(faults if faults != ['ok'] else orphans)[0]}.")
        with database.reading() as session:
            return verify(session, [anchor] if anchor and anchor.seq else [])
    except ChainBroken as error:
        raise BackupRefused(f"The trail of the copy is broken. {error}") from error
    finally:
        database.close()


def _copy(database: Database, path: Path) -> None:
    if database.engine.dialect.name == "sqlite":
        # In one step: page by page it would begin anew at every write, and never end under load.
        connection = database.engine.raw_connection()
        try:
            connection.cursor().execute("VACUUM INTO ?", (str(path),))
        except sqlite.Error as error:
            raise _no_room(path, error) from error
        finally:
            connection.close()
        return
    target = Database(f"sqlite:///{path}")
    try:
        copy_database(database, target)
        with target.engine.connect() as written:
            written.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    except DatabaseError as error:
        raise _no_room(path, error.orig) from error
    finally:
        target.close()


def _no_room(path: Path, error: object) -> BackupRefused:
    return BackupRefused(
        f"The database cannot be copied inside {path.parent.parent} ({error}): nothing was left there. "
        "Make room for a copy of it."
    )


def _manifest(runtime: Runtime, copy: Path, proof: Proof) -> BackupManifest:
    database = Database(f"sqlite:///{copy}")
    try:
        rows = dict(count_rows(database))
        with database.engine.connect() as connection:
            connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    finally:
        database.close()
    return BackupManifest(
        study=runtime.study.code,
        made_at=clock.utc_text(clock.now()),
        app_version=APP_VERSION,
        schema=newest_revision(),
        engine=runtime.database.engine.dialect.name,
        seq=proof.seq,
        head_hash=proof.head_hash,
        rows=rows,
        database_sha256=sha256_of(copy),
    )


def _record(runtime: Runtime, context: Context, backup: Backup) -> None:
    with runtime.database.writing() as session:
        with step(session, context, Tag.BACKUP_TAKE) as event:
            name = backup.path.name
            event.change("backup", name, "sha256", None, backup.sha256)
            event.change("backup", name, "head", None, f"{backup.manifest.seq}:{backup.manifest.head_hash}")
        session.commit()
