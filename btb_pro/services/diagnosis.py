"""What the doctor looks at: everything that an instance's operation rests on, one finding after the other."""

import socket
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import func, select, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.config import SETTINGS_FILE, SettingError, Settings, read_settings
from btb_pro.damage import DATABASE_FAILURES
from btb_pro.db import Database, DatabaseUnreachable
from btb_pro.instruments.catalogue import load_instruments
from btb_pro.instruments.problems import InstrumentFileError
from btb_pro.models.message import Message
from btb_pro.services.backup_files import BackupRefused, can_be_opened, require_whole
from btb_pro.services.clock_steps import clock_step_in_the_news
from btb_pro.services.database_rights import can_change_what_grows
from btb_pro.services.health import Check, Finding, Grade, database_file, readiness
from btb_pro.services.last_backup import BACKUP_EVERY, last_backup_at
from btb_pro.services.quiet_hours import is_quiet
from btb_pro.services.verification import missing_guards
from btb_pro.services.wordings import WordingNotApproved, require_approved
from btb_pro.study import Study
from btb_pro.study_file import StudyFileError, read_study

QUEUE_WAITS = timedelta(minutes=15)
"""The worker looks every minute; after this, nobody does."""
_CONNECT_S = 5.0
_DURABLE_ON_SQLITE = ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "busy_timeout")
_DURABLE_ON_POSTGRESQL = ("fsync", "full_page_writes", "synchronous_commit")


def diagnose(instance: Path) -> Iterator[Finding]:
    """Look at an instance from its settings on; what cannot be looked at for what is missing is left out."""
    try:
        settings = read_settings(instance)
    except SettingError as error:
        yield Finding(Check.SETTINGS, Grade.FAIL, "wrong", {"why": str(error)})
        return
    yield Finding(Check.SETTINGS, Grade.OK, facts={"instance": str(instance)})
    yield find_rights(settings)
    yield find_keys(settings)
    try:
        study = read_study(settings.study_file, load_instruments())
        yield Finding(Check.STUDY, Grade.OK, facts={"study": study.code, "version": study.version})
    except (StudyFileError, InstrumentFileError) as error:
        study = None
        yield Finding(Check.STUDY, Grade.FAIL, "wrong", {"why": str(error)})
    yield from _outside(settings)
    yield from _database(settings, study)


def find_rights(settings: Settings) -> Finding:
    """Whether settings and database can be read by their owner alone."""
    paths = [settings.instance / SETTINGS_FILE, database_file(settings)]
    open_ones = [
        str(path)
        for path in paths
        if path is not None and path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077
    ]
    if open_ones:
        grade = Grade.FAIL if settings.is_production else Grade.WARN
        return Finding(Check.RIGHTS, grade, "open", {"files": " ".join(open_ones)})
    return Finding(Check.RIGHTS, Grade.OK)


def find_keys(settings: Settings) -> Finding:
    """Whether there is a key for backups; the others are looked at when the settings are read."""
    if not settings.backup_keys:
        return Finding(Check.KEYS, Grade.FAIL, "no_backup_key")
    try:
        require_whole(settings.backup_keys)
    except BackupRefused:
        return Finding(Check.KEYS, Grade.FAIL, "broken_backup_key")
    if not can_be_opened(settings.backup_keys):
        return Finding(Check.KEYS, Grade.OK, "public")
    return Finding(Check.KEYS, Grade.OK, "secret")


def find_backup(session: Session) -> Finding:
    """How old the last backup is."""
    last = last_backup_at(session)
    if last is None:
        return Finding(Check.BACKUP, Grade.WARN, "none")
    age = clock.now() - last
    facts = {"at": clock.local_text(last), "hours": str(int(age.total_seconds() // 3600))}
    return Finding(
        Check.BACKUP, *((Grade.WARN, "old") if age > BACKUP_EVERY else (Grade.OK, "ok")), facts=facts
    )


def find_clock_steps(session: Session) -> Finding:
    """Whether the server's clock was set while the study ran, and when it was last."""
    last = clock_step_in_the_news(session)
    if last is None:
        return Finding(Check.STEPS, Grade.OK)
    facts = {"at": clock.local_text(last.at), "seconds": f"{last.seconds:+.0f}", "seq": str(last.seq)}
    return Finding(Check.STEPS, Grade.WARN, "stepped", facts)


def find_queue(session: Session, study: Study) -> Finding:
    """How long the oldest message has been waiting or under way: whether a worker seems to run."""
    now = clock.now()
    due, count = session.execute(
        select(func.min(Message.due_at), func.count()).where(Message.state == "queued", Message.due_at <= now)
    ).one()
    claimed = session.execute(
        select(func.min(Message.claimed_at)).where(Message.state == "sending")
    ).scalar_one()
    facts = {"due": str(count)}
    if claimed is not None and now - claimed > QUEUE_WAITS:
        return Finding(Check.QUEUE, Grade.FAIL, "stuck", facts | {"since": clock.local_text(claimed)})
    # By night the morning's queue grows and nobody sends.
    rested = now - QUEUE_WAITS
    if due is None or due > rested or is_quiet(study.quiet_hours, now) or is_quiet(study.quiet_hours, rested):
        return Finding(Check.QUEUE, Grade.OK, facts=facts)
    return Finding(Check.QUEUE, Grade.FAIL, "waits", facts | {"since": clock.local_text(due)})


def _outside(settings: Settings) -> Iterator[Finding]:
    mail, sms = settings.mail_server, settings.sms_gateway
    if mail is None:
        yield Finding(Check.MAIL, Grade.WARN if sms is None else Grade.OK, "off")
    else:
        yield _connect(Check.MAIL, mail.host, mail.port)
    if settings.alarm_to:
        yield Finding(Check.ALARMS, Grade.OK, facts={"to": settings.alarm_to})
    else:
        yield Finding(Check.ALARMS, Grade.WARN if settings.is_production else Grade.OK, "off")
    if sms is None:
        yield Finding(Check.SMS, Grade.OK, "off")
    else:
        parts = urlsplit(sms.url)
        yield _connect(
            Check.SMS, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        )


def _connect(check: Check, host: str, port: int) -> Finding:
    """Whether somebody listens; nothing is said to them."""
    facts = {"host": host, "port": str(port)}
    try:
        socket.create_connection((host, port), timeout=_CONNECT_S).close()
    except OSError as error:
        return Finding(check, Grade.FAIL, "silent", facts | {"why": error.strerror or str(error)})
    return Finding(check, Grade.OK, facts=facts)


def _database(settings: Settings, study: Study | None) -> Iterator[Finding]:
    database: Database | None = None
    try:
        database = Database(settings.database_url)
        database.check()
        yield Finding(Check.DATABASE, Grade.OK, facts={"engine": database.engine.dialect.name})
        yield _engine(database)
        is_usable = True
        for finding in readiness(settings, database):
            yield finding
            is_usable = is_usable and (finding.check is not Check.SCHEMA or finding.grade is Grade.OK)
        if is_usable:
            yield from _content(database, study)
    except DatabaseUnreachable as error:
        # Anything but "operational": SQLite opened the file, and what it found there makes no sense.
        if type(error.__cause__) is DatabaseError:
            yield Finding(Check.DATABASE, Grade.FAIL, "damaged", {"why": str(error.__cause__.orig)})
        else:
            yield Finding(Check.DATABASE, Grade.FAIL, "unreachable", {"why": str(error)})
    except DATABASE_FAILURES as error:
        yield Finding(Check.DATABASE, Grade.FAIL, "damaged", {"why": type(error).__name__})
    finally:
        if database is not None:
            database.close()


def _engine(database: Database) -> Finding:
    """What the engine is told to do for durability, asked of a connection as the app has them."""
    if database.engine.dialect.name == "sqlite":
        return _sqlite(database)
    with database.reading() as session:
        facts = {
            name: str(session.execute(text(f"SHOW {name}")).scalar_one())
            for name in ("server_version", *_DURABLE_ON_POSTGRESQL)
        }
    weak = [name for name in _DURABLE_ON_POSTGRESQL if facts[name] == "off"]
    if weak:
        return Finding(Check.ENGINE, Grade.FAIL, "weak", facts | {"off": ", ".join(weak)})
    return Finding(Check.ENGINE, Grade.OK, facts=facts)


def _sqlite(database: Database) -> Finding:
    with database.reading() as session:
        facts = {
            name: str(session.execute(text(f"PRAGMA {name}")).scalar_one()) for name in _DURABLE_ON_SQLITE
        }
        facts["version"] = str(session.execute(text("SELECT sqlite_version()")).scalar_one())
    if facts["journal_mode"] != "wal":
        return Finding(Check.ENGINE, Grade.WARN, "no_wal", facts)
    return Finding(Check.ENGINE, Grade.OK, facts=facts)


def _content(database: Database, study: Study | None) -> Iterator[Finding]:
    with database.reading() as session:
        if database.engine.dialect.name == "sqlite":
            found = session.execute(text("PRAGMA quick_check")).scalars().all()
            is_whole = found == ["ok"]
            yield Finding(Check.INTEGRITY, *((Grade.OK, "ok") if is_whole else (Grade.FAIL, "damaged")))
        missing = missing_guards(session)
        if missing:
            yield Finding(Check.GUARDS, Grade.FAIL, "missing", {"triggers": ", ".join(missing)})
        else:
            yield Finding(Check.GUARDS, Grade.OK)
        if database.engine.dialect.name == "postgresql":
            is_mighty = can_change_what_grows(session)
            yield Finding(Check.OWNER, *((Grade.WARN, "mighty") if is_mighty else (Grade.OK, "ok")))
        yield find_clock_steps(session)
        yield find_backup(session)
        if study is not None:
            yield find_queue(session, study)
            yield _wordings(session, study)


def _wordings(session: Session, study: Study) -> Finding:
    if study.allow_unapproved_wording:
        return Finding(Check.WORDINGS, Grade.WARN, "test")
    instruments = load_instruments()
    missing: dict[str, None] = {}
    for visit in study.visits:
        try:
            require_approved(session, study, visit, instruments)
        except WordingNotApproved as error:
            missing |= dict.fromkeys(f"{key.instrument} {key.language}" for key in error.missing)
    if missing:
        return Finding(Check.WORDINGS, Grade.FAIL, "missing", {"wordings": ", ".join(missing)})
    return Finding(Check.WORDINGS, Grade.OK)
