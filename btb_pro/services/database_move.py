"""Moving a study to another database, and proving that it is the same study there."""

import hashlib
from dataclasses import dataclass, replace

from sqlalchemy import inspect, select

from btb_pro.db import Database
from btb_pro.models.base import AuditEvent
from btb_pro.refusals import PlainRefusal
from btb_pro.services.audit import Context, Tag, step
from btb_pro.services.backup_files import plain_copies
from btb_pro.services.copying import copy_database
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

    The instance goes on with the old database until its setting is changed; stop the server first, since what
    is saved in the old one meanwhile does not follow.

    Raises:
        MoveRefused: the target holds something, or what arrived is not what was sent.
        DatabaseUnreachable: the target cannot be opened.
    """
    target = Database(url)
    try:
        target.check()
        if inspect(target.engine).get_table_names():
            raise MoveRefused("The database to move to holds tables already: name an empty one.")
        copy_database(runtime.database, target)
        with runtime.database.reading() as session:
            before = verify(session)
        with target.reading() as session:
            after = verify(session)
        if before != after:
            raise MoveRefused(
                "What arrived is not what was sent: somebody wrote to the old database meanwhile. Stop the "
                "server and the worker, empty the new database and move again."
            )
        same = _compare_exports(runtime, replace(runtime, database=target), context, after.seq)
        with target.writing() as session:
            with step(session, context, Tag.DATABASE_MOVE) as event:
                event.change("database", "engine", "name", *_names(runtime.database, target))
            session.commit()
    finally:
        target.close()
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
