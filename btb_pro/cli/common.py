"""What every command shares: the instance it works on, who acts, and how a refusal is told."""

import getpass
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import Any

import click
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from btb_pro.config import read_settings
from btb_pro.db import private_files
from btb_pro.migrate import require_current
from btb_pro.refusals import PlainRefusal
from btb_pro.security import SealBroken
from btb_pro.services.audit import Actor, Context
from btb_pro.services.runtime import Runtime
from btb_pro.services.studies import record_study

_OPEN_RUNTIME = "btb_pro.services.opening:open_runtime"
"""By name, so that a reader of one command need not know how all instruments and the study file are read."""


class Refused(click.ClickException):
    """A command did not do what it was asked: the reason on standard error, exit code 1."""

    def show(self, file: Any = None) -> None:
        click.echo(self.message, err=True)


class Command(click.Command):
    """A command that tells every refusal in a sentence, never with a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except PlainRefusal as error:
            raise Refused(str(error)) from error
        except SealBroken as error:
            sentence = "Contact details do not open with the keys of BTB_CONTACT_KEYS: put the old key back."
            raise Refused(sentence) from error
        except DatabaseError as error:
            raise Refused(_database_sentence(error)) from error


@dataclass(frozen=True, slots=True)
class Change:
    """A transaction that a command writes in."""

    runtime: Runtime
    session: Session
    context: Context


@contextmanager
def open_instance() -> Iterator[Runtime]:
    """The instance that the settings name, or the one of Flask's app when it runs the command.

    Raises:
        SchemaOutdated: its database is not ready; others are named at `open_runtime` and `require_current`.
    """
    private_files()
    # Flask's ScriptInfo when Flask runs the command; our own console script sets nothing.
    script = click.get_current_context().obj
    if script is not None:
        runtime: Runtime = script.load_app().extensions["btb_pro"]
        require_current(runtime.database)
        yield runtime
        return
    opened: Runtime = resolve_name(_OPEN_RUNTIME)(read_settings())
    try:
        require_current(opened.database)
        yield opened
    finally:
        opened.database.close()


@contextmanager
def changing(*, forgets: bool = False) -> Iterator[Change]:
    """A transaction of the instance, committed once when the block ends without an error.

    With `forgets` no file of the database keeps what was erased in it.
    """
    with open_instance() as runtime, runtime.database.writing() as session:
        context = command_context(runtime)
        record_study(session, context, runtime.study)
        yield Change(runtime, session, context)
        session.commit()
        if forgets:
            runtime.database.forget()


def command_context(runtime: Runtime) -> Context:
    """What the audit trail says of a command: the operating system's user and a number of its own."""
    return Context(command_actor(), request_id=secrets.token_hex(6), study_version=runtime.study.version)


def command_actor() -> Actor:
    """The operating system's user, as an actor of the audit trail."""
    return Actor("command", _user_name())


def _user_name() -> str:
    try:
        return getpass.getuser()[:120]
    except (KeyError, OSError):
        # A container may run under a number that has no name.
        return "unknown"


def _database_sentence(error: DatabaseError) -> str:
    return f"The database of BTB_DATABASE_URL refused ({error.orig}): nothing was changed."
