"""Moving a study to another database, and proving that it is the same study there."""

import hashlib
from dataclasses import dataclass, replace

from sqlalchemy import inspect, select

from btb_pro.damage import DamageKind, DamageNote
from btb_pro.db import Database
from btb_pro.models.base import AuditEvent
from btb_pro.refusals import PlainRefusal
from btb_pro.services.audit import Context, Tag, step
from btb_pro.services.backup_files import plain_copies
from btb_pro.services.copying import copy_database, nobody_writing
from btb_pro.services.exporting import take_csv_export
from btb_pro.services.runtime import Runtime
from btb_pro.services.verification import Proof, verify


class MoveRefused(PlainRefusal):
    """The study cannot be moved as asked. The message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Move:
    """A study that is in another database now, the old one untouched."""

    proof: Proof
    export_sha256: str
    """Of the manifest of an export that was taken from both and is the same byte for byte."""


def move_database(runtime: Runtime, context: Context, url: str) -> Move:
    """Copy the whole study into an empty database and compare trail and export of both.

    From its beginning on nothing is written to the old database: what a forgotten server saved there would
    not follow. It goes on with the new one when its setting is changed; with the old one if the move fails.

    Raises:
        MoveRefused: the target holds something, or what arrived is not what was sent.
        DatabaseUnreachable: the target cannot be opened.
    """
    source, target = Database(runtime.settings.database_url), Database(url)
    note = DamageNote(runtime.settings.instance, runtime.settings.database_url)
    try:
        target.check()
        if inspect(target.engine).get_table_names():
            raise MoveRefused("The database to move to holds tables already: name an empty one.")
        with nobody_writing(note, DamageKind.MOVED, source):
            return _moved(replace(runtime, database=source), replace(runtime, database=target), context)
    finally:
        source.close()
        target.close()


def _moved(old: Runtime, new: Runtime, context: Context) -> Move:
    copy_database(old.database, new.database)
    with old.database.reading() as session:
        before = verify(session)
    with new.database.reading() as session:
        after = verify(session)
    if before != after:
        raise MoveRefused(
            "What arrived is not what was sent: somebody wrote to the old database meanwhile, from another "
            "machine. Stop every server and worker, empty the new database and move again."
        )
    same = _compare_exports(old, new, context, after.seq)
    with new.database.writing() as session:
        with step(session, context, Tag.DATABASE_MOVE) as event:
            event.change("database", "engine", "name", *_names(old.database, new.database))
        session.commit()
    return Move(after, same)


def _names(old: Database, new: Database) -> tuple[str, str]:
    return old.engine.dialect.name, new.engine.dialect.name


def _compare_exports(old: Runtime, new: Runtime, context: Context, until: int) -> str:
    with old.database.reading() as session:
        if session.execute(select(AuditEvent.seq)).first() is None:
            return ""
    with plain_copies(old.settings.instance) as copies:
        folders = []
        for runtime, place in ((old, "old"), (new, "new")):
            folder = copies / place
            take_csv_export(runtime, context, folder, until=str(until))
            folders.append({path.name: path.read_bytes() for path in folder.iterdir()})
    first, second = ({k: v for k, v in files.items() if "receipt" not in k} for files in folders)
    if first != second:
        raise MoveRefused("The exports of both databases differ: keep the old one and tell the developers.")
    return hashlib.sha256(first["manifest.json"]).hexdigest()
