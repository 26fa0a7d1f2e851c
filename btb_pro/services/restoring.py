"""Putting a backup in the place of the present database, and saying what is lost by it."""

import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pysqlite3 import dbapi2 as sqlite
from sqlalchemy import func, inspect, select
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.config import Settings
from btb_pro.damage import DamageKind, DamageNote
from btb_pro.db import Database
from btb_pro.instruments.catalogue import load_instruments
from btb_pro.migrate import newest_revision, upgrade
from btb_pro.models.base import AuditEvent, AuditHead
from btb_pro.models.staff import StaffSession
from btb_pro.services.audit import Context, Step, Tag, step
from btb_pro.services.backup_files import BackupManifest, BackupRefused, plain_copies, read_backup
from btb_pro.services.backups import prove_file
from btb_pro.services.copying import copy_database, nobody_writing
from btb_pro.services.damaged_files import is_readable, replace_file, set_aside
from btb_pro.services.health import database_file
from btb_pro.services.held_messages import hold_waiting, hold_what_fell_due
from btb_pro.services.opening import runtime_on
from btb_pro.services.told_tables import take_in_older_rows
from btb_pro.services.upgrading import losing_nothing
from btb_pro.services.verification import Anchor
from btb_pro.study_file import read_study

_MORE_THAN_WERE_LOST = 1_000_000
"""How many numbers are left out where nobody can say how many events a damaged database held."""
_LIVES_AGAIN = (Tag.INVITATION_REVOKE, Tag.PARTICIPANT_WITHDRAW, Tag.REQUEST_STOP, Tag.REQUEST_NOT_ME)


@dataclass(frozen=True, slots=True)
class Between:
    """What happened after a backup was made and is lost when it is restored."""

    first_seq: int
    last_seq: int
    last_hash: str
    began_at: datetime
    ended_at: datetime
    by_tag: Mapping[str, int]
    undone: tuple[str, ...]
    """Study numbers of those who were withdrawn, stopped or had a link revoked: to be done again."""

    @property
    def events(self) -> int:
        """How many events are lost."""
        return sum(self.by_tag.values())


class NewerThanBackup(BackupRefused):
    """The present database knows more than the backup."""

    def __init__(self, between: Between) -> None:
        self.between = between
        super().__init__(
            f"What the database knows and the backup does not (events: {between.events}, numbers "
            f"{between.first_seq} to {between.last_seq}) would be lost: nothing was changed. To lose it "
            f"knowingly, say --lose {between.events}."
        )


class PresentUnreadable(BackupRefused):
    """The present database is damaged, so nobody can say what it knows more than the backup."""

    def __init__(self) -> None:
        super().__init__(
            "The present database is damaged and cannot say what it knows that the backup does not: nothing "
            "was changed. To put the backup in its place, say --unreadable; the damaged file is kept."
        )


@dataclass(frozen=True, slots=True)
class Restored:
    """A backup that took the place of the database."""

    manifest: BackupManifest
    between: Between | None
    messages_held: int
    """Messages that may have gone out since the backup: a person decides on each."""
    kept: Path | None
    """The database as it was before, where it was a file."""


def restore_backup(
    settings: Settings, context: Context, path: Path, lose: int = 0, *, unreadable: bool = False
) -> Restored:
    """Replace the database by a backup's, in one step, with the gap marked in its audit trail.

    Nothing is sent twice: messages that were waiting when the backup was made, or fell due since, may have
    gone out and wait for a person. Members of staff are signed out everywhere. With `unreadable`, a present
    SQLite file that is damaged is kept as it is and replaced.

    A server or worker that runs all the same writes nothing meanwhile, so that nothing is lost unsaid. All
    that the restore changes it changes in its copy: killed at any moment, it leaves the one database or the
    other, whole, and the note that stops all writing until somebody has looked.

    Raises:
        BackupRefused: the file does not open, is broken, or is of a newer version.
        NewerThanBackup: the present database knows more, and `lose` is not how many events that is.
        StudyFileError: the study file is not there or has mistakes; nothing was changed.
        PresentUnreadable: the present database is damaged, and nobody said `unreadable`.
    """
    # Without the study file nobody could say at the end which messages fell due since the backup.
    read_study(settings.study_file, load_instruments())
    note = DamageNote(settings.instance, settings.database_url)
    database = Database(settings.database_url)
    try:
        can_read = is_readable(database)
        if not (can_read or unreadable):
            raise PresentUnreadable
        with plain_copies(settings.instance) as folder:
            copy, manifest = read_backup(path, settings.backup_keys, folder)
            _prove(copy, manifest, context)
            with nobody_writing(note, DamageKind.RESTORE, database if can_read else None):
                between = _between(database, manifest) if can_read else None
                if between is not None and between.events != lose:
                    raise NewerThanBackup(between)
                held = _mark_copy(settings, context, copy, manifest, between, can_read=can_read)
                if can_read:
                    kept = _keep_present(settings, database)
                    _replace(database, copy)
                else:
                    present = database_file(settings)
                    assert present is not None
                    kept = set_aside(present, settings.instance)
                    database.close()
                    replace_file(present, copy)
        note.lift()
    finally:
        database.close()
    return Restored(manifest, between, held, kept)


def _mark_copy(
    settings: Settings,
    context: Context,
    copy: Path,
    manifest: BackupManifest,
    between: Between | None,
    *,
    can_read: bool,
) -> int:
    """Tell the gap, and leave what may have gone out to a person; how many messages that are."""
    database = Database(f"sqlite:///{copy}")
    try:
        upgrade(database, losing_nothing)
        with database.writing() as session:
            held = _mark(session, context, manifest, between, can_read=can_read)
            # After the gap: their events may bear no number that was given out before.
            take_in_older_rows(session, context)
            session.commit()
        runtime = runtime_on(settings, database)
        with database.writing() as session:
            held += hold_what_fell_due(session, context, runtime)
            session.commit()
    finally:
        database.close()
    return held


def _prove(copy: Path, manifest: BackupManifest, context: Context) -> None:
    """Prove what a backup holds; one from before an upgrade is proven as it will be after it."""
    proven = copy
    if manifest.schema != newest_revision():
        proven = copy.with_name("upgraded.db")
        shutil.copy(copy, proven)
        database = Database(f"sqlite:///{proven}")
        try:
            upgrade(database, losing_nothing)
            with database.writing() as session:
                take_in_older_rows(session, context)
                session.commit()
        finally:
            database.close()
    prove_file(proven, Anchor(manifest.seq, manifest.head_hash))


def _between(database: Database, manifest: BackupManifest) -> Between | None:
    if not inspect(database.engine).has_table("audit_event"):
        return None
    with database.reading() as session:
        head = session.execute(select(AuditHead)).scalar_one_or_none()
        if head is None:
            return None
        same = session.get(AuditEvent, manifest.seq)
        since = manifest.seq if same is not None and same.hash == manifest.head_hash else 0
        if since == head.seq:
            return None
        newer = AuditEvent.seq > since
        events = session.execute(select(AuditEvent.tag, AuditEvent.study_number).where(newer)).all()
        # After an earlier restore the numbers begin later than the backup ends.
        first, began, ended = session.execute(
            select(func.min(AuditEvent.seq), func.min(AuditEvent.at), func.max(AuditEvent.at)).where(newer)
        ).one()
        return Between(
            first_seq=first or since + 1,
            last_seq=head.seq,
            last_hash=head.hash,
            began_at=began,
            ended_at=ended,
            by_tag=dict(sorted(Counter(event.tag for event in events).items())),
            undone=tuple(sorted({event.study_number for event in events if event.tag in _LIVES_AGAIN})),
        )


def _keep_present(settings: Settings, database: Database) -> Path | None:
    if database.engine.dialect.name != "sqlite" or not inspect(database.engine).has_table("audit_event"):
        return None
    stamp = clock.utc_text(clock.now()).replace(":", "").replace(".", "-")
    kept = settings.instance / f"before-restore-{stamp}.db"
    connection = database.engine.raw_connection()
    try:
        connection.cursor().execute("VACUUM INTO ?", (str(kept),))
    finally:
        connection.close()
    kept.chmod(0o600)
    return kept


def _replace(database: Database, copy: Path) -> None:
    """In one transaction, so that a server that runs sees the one or the other."""
    if database.engine.dialect.name != "sqlite":
        source = Database(f"sqlite:///{copy}")
        try:
            copy_database(source, database)
        finally:
            source.close()
        return
    source_file = sqlite.connect(str(copy))
    target = database.engine.raw_connection()
    try:
        source_file.backup(target.driver_connection)
    finally:
        target.close()
        source_file.close()


def _mark(
    session: Session, context: Context, manifest: BackupManifest, between: Between | None, *, can_read: bool
) -> int:
    head = session.execute(select(AuditHead).with_for_update()).scalar_one_or_none()
    before = 0 if head is None else head.seq
    lost_until = max(before, 0 if between is None else between.last_seq)
    if not can_read:
        lost_until = before + _MORE_THAN_WERE_LOST
    if head is not None:
        # No number that was given out before, in a file or on a page, may ever mean another event.
        head.seq = lost_until
    reason = f"restored the backup made at {manifest.made_at}"
    with step(session, context, Tag.BACKUP_RESTORE, reason=reason) as event:
        event.change("trail", "gap", "lost_until", str(before), str(lost_until))
        if between is not None:
            event.change("trail", "gap", "lost_hash", None, between.last_hash)
        held = hold_waiting(session, event)
        _sign_everybody_out(session, event)
    return held


def _sign_everybody_out(session: Session, event: Step) -> None:
    for row in session.execute(select(StaffSession).where(StaffSession.ended_at.is_(None))).scalars():
        row.ended_at = event.at
        event.change("staff_session", str(row.id), "is_open", "true", "false")
