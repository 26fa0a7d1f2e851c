"""btb-pro backup, restore and database: copies of everything, and the way back."""

import secrets
import signal
import threading
from pathlib import Path

import click

from btb_pro import clock
from btb_pro.cli.common import Command, command_actor, command_context, open_instance
from btb_pro.config import read_settings
from btb_pro.damage import DATABASE_FAILURES
from btb_pro.db import private_files
from btb_pro.refusals import PlainRefusal
from btb_pro.services.audit import Context
from btb_pro.services.backups import Backup, take_backup
from btb_pro.services.database_move import move_database
from btb_pro.services.database_rights import give_rights
from btb_pro.services.restoring import Between, NewerThanBackup, restore_backup
from btb_pro.services.runtime import Runtime

_ENDING = ".btb-backup"
_TRIED_AGAIN_S = 15 * 60


@click.command("backup", cls=Command)
@click.argument("target", metavar="FILE|FOLDER", type=click.Path(path_type=Path))
@click.option("--every", type=click.FloatRange(min=0.001), metavar="HOURS", help="Goes on, into a folder.")
@click.option("--keep", type=click.IntRange(min=1), default=30, show_default=True, help="Newest to keep.")
def backup(target: Path, every: float | None, keep: int) -> None:
    """Writes an encrypted backup while the study goes on, reads it again and proves it.

    With --every it stays and writes one every so many hours into a folder, and removes the oldest beyond
    --keep; what fails is tried again in a quarter of an hour. The key lies in BTB_BACKUP_KEY and is in no
    backup: keep a copy of it elsewhere.

    \b
    Example:
      btb-pro backup /srv/backup/monday.btb-backup
      btb-pro backup /srv/backup --every 24 --keep 30
    """
    with open_instance() as runtime:
        if every is None:
            _tell(take_backup(runtime, command_context(runtime), target))
            return
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        _go_on(runtime, target, every, keep)


@click.command("restore", cls=Command)
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--lose", type=click.IntRange(min=0), default=0, metavar="N", help="Events that may be lost.")
@click.option("--unreadable", is_flag=True, help="Also in the place of a damaged file, which is kept.")
def restore(file: Path, lose: int, unreadable: bool) -> None:
    """Puts a backup in the place of the database; refuses while the database knows more than the backup.

    It says what would be lost. What was there is kept beside the database. Stop server and worker first.

    \b
    Example:
      btb-pro restore /srv/backup/monday.btb-backup
    """
    private_files()
    settings = read_settings()
    context = Context(command_actor(), request_id=secrets.token_hex(6))
    try:
        restored = restore_backup(settings, context, file, lose, unreadable=unreadable)
    except NewerThanBackup as error:
        _tell_between(error.between)
        raise
    click.echo(f"Restored the backup of {restored.manifest.made_at}, up to event {restored.manifest.seq}.")
    if restored.between is not None:
        _tell_between(restored.between)
    if restored.kept is not None:
        click.echo(f"The database as it was before: {restored.kept}.")
    if restored.messages_held:
        click.echo(f"{restored.messages_held} messages may have gone out since: Today lists them.")
    click.echo("Now run btb-pro audit verify, and start server and worker.")


@click.group("database")
def database() -> None:
    """Moves the study to another database, and says who may do what in it.

    \b
    Example:
      btb-pro database move postgresql+psycopg://btb@db.hospital.example/btb
    """


@database.command("move", cls=Command)
@click.argument("url", metavar="URL")
def move(url: str) -> None:
    """Copies the whole study into an empty database, and proves trail and export equal in both.

    Stop server and worker first. The old database stays as it is, and nothing is written to it any more; set
    BTB_DATABASE_URL when this has ended.

    \b
    Example:
      btb-pro database move postgresql+psycopg://btb@db.hospital.example/btb
    """
    with open_instance() as runtime:
        moved = move_database(runtime, command_context(runtime), url)
    click.echo(f"Moved {moved.proof.rows} rows and {moved.proof.events} events.")
    click.echo(f"The trail ends with {moved.proof.seq}:{moved.proof.head_hash} in both.")
    if moved.export_sha256:
        click.echo(f"An export of both is the same, manifest {moved.export_sha256}.")
    click.echo("Now set BTB_DATABASE_URL to the new address, and start server and worker.")


@database.command("rights", cls=Command)
@click.argument("role", metavar="ROLE")
def rights(role: str) -> None:
    """Lets a PostgreSQL role do what the app needs, without UPDATE, DELETE and TRUNCATE on what only grows.

    Run it as the role that owns the tables (the one that runs init), and again after each upgrade. Server and
    worker then use a BTB_DATABASE_URL with the role that is named here.

    \b
    Example:
      BTB_DATABASE_URL=postgresql://btb_owner@db/btb btb-pro database rights btb_app
    """
    with open_instance() as runtime:
        give_rights(runtime.database, role)
    click.echo(f"{role} may read everything and add to it, and can neither change nor empty what only grows.")


def _go_on(runtime: Runtime, folder: Path, every: float, keep: int) -> None:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    while not stop.is_set():
        # A service that is started again and again must not push yesterday's backups out with today's.
        stop.wait(_due_in_s(folder, every * 3600))
        if stop.is_set():
            return
        stamp = clock.utc_text(clock.now()).replace(":", "").replace(".", "-")
        try:
            _tell(take_backup(runtime, command_context(runtime), folder / f"{stamp}{_ENDING}"))
            for old in sorted(folder.glob(f"*{_ENDING}"))[:-keep]:
                old.unlink()
        except (PlainRefusal, OSError, *DATABASE_FAILURES) as error:
            why = error if isinstance(error, PlainRefusal) else f"{type(error).__name__}."
            click.echo(f"No backup was taken: {why} It is tried again in a quarter of an hour.", err=True)
            stop.wait(min(_TRIED_AGAIN_S, every * 3600))


def _due_in_s(folder: Path, every_s: float) -> float:
    """Seconds until the newest backup is old enough for the next one; 0 without one."""
    newest = max((path.stat().st_mtime for path in folder.glob(f"*{_ENDING}")), default=0.0)
    left = newest + every_s - clock.now().timestamp()
    # A clock that was ahead puts the next one off by one interval at most.
    return min(max(left, 0.0), every_s)


def _tell(taken: Backup) -> None:
    rows = sum(taken.manifest.rows.values())
    click.echo(f"{taken.path}: {rows} rows, up to event {taken.manifest.seq}, SHA-256 {taken.sha256}.")
    if not taken.was_opened:
        click.echo(
            "Only the public key is here: what was written was proven before it was encrypted, and was not "
            "opened again. Try a restore where the secret key is.",
            err=True,
        )


def _tell_between(between: Between) -> None:
    began, ended = clock.local_text(between.began_at), clock.local_text(between.ended_at)
    click.echo(f"Not in the backup: what happened from {began} to {ended}:", err=True)
    for tag, count in between.by_tag.items():
        click.echo(f"  {count:6} {tag}", err=True)
    if between.undone:
        numbers = ", ".join(between.undone)
        click.echo(f"Withdrawn, stopped or revoked meanwhile, to be done again: {numbers}.", err=True)
