"""What every command shares: the instance it works on, who acts, and how a refusal is told."""

import getpass
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import click
from flask.cli import ScriptInfo
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from btb_pro.config import SettingError, read_settings
from btb_pro.db import DatabaseUnreachable, private_files
from btb_pro.instruments.problems import InstrumentFileError
from btb_pro.migrate import SchemaNewer, SchemaOutdated, require_current
from btb_pro.security import SealBroken
from btb_pro.services.audit import Actor, ChainBroken, Context
from btb_pro.services.demo import DemoRefused
from btb_pro.services.installing import InstallRefused
from btb_pro.services.invitations import InvitationRefused
from btb_pro.services.participant_import import ImportRefused
from btb_pro.services.participants import ParticipantRefused, ParticipantUnknown, WithdrawalRefused
from btb_pro.services.requests import RequestRefused
from btb_pro.services.runtime import Runtime, open_runtime
from btb_pro.services.studies import record_study
from btb_pro.services.wordings import ApprovalRefused, WordingNotApproved
from btb_pro.study_file import StudyFileError

REFUSALS = (
    ApprovalRefused,
    ChainBroken,
    DatabaseUnreachable,
    DemoRefused,
    ImportRefused,
    InstallRefused,
    InstrumentFileError,
    InvitationRefused,
    ParticipantUnknown,
    RequestRefused,
    SchemaNewer,
    SchemaOutdated,
    SettingError,
    StudyFileError,
    WithdrawalRefused,
    WordingNotApproved,
)
"""Errors whose own message is what the person at the shell needs to read."""


class Refused(click.ClickException):
    """A command did not do what it was asked: the reason on standard error, exit code 1."""

    def show(self, file: Any = None) -> None:
        click.echo(self.message, err=True)


class Command(click.Command):
    """A command that tells every refusal in a sentence, never with a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except REFUSALS as error:
            raise Refused(str(error)) from error
        except ParticipantRefused as error:
            raise Refused("\n".join(error.messages)) from error
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
    flask = click.get_current_context().find_object(ScriptInfo)
    if flask is not None:
        runtime: Runtime = flask.load_app().extensions["btb_pro"]
        require_current(runtime.database)
        yield runtime
        return
    runtime = open_runtime(read_settings())
    try:
        require_current(runtime.database)
        yield runtime
    finally:
        runtime.database.close()


@contextmanager
def changing() -> Iterator[Change]:
    """A transaction of the instance, committed once when the block ends without an error."""
    with open_instance() as runtime, runtime.database.writing() as session:
        context = command_context(runtime)
        record_study(session, context, runtime.study)
        yield Change(runtime, session, context)
        session.commit()


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
