"""A person at the shell: runs commands on an instance and reads what they say."""

from collections.abc import Callable
from pathlib import Path

from click.testing import CliRunner, Result
from sqlalchemy import func, select

from btb_pro.__main__ import main
from btb_pro.models.base import AuditEvent
from tests.support.world import World

Run = Callable[..., Result]
"""Runs a command on the test's world: words, and settings by name."""


def run_in(folder: Path, *words: str, **settings: str) -> Result:
    """Run a command on the instance in a folder."""
    environment = {"BTB_INSTANCE": str(folder), **settings}
    return CliRunner().invoke(main, words, env=environment, prog_name="btb-pro")


def refused(result: Result) -> str:
    """What a refused command said; it said it on standard error and without a traceback."""
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit)
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    return result.stderr


def done(result: Result) -> str:
    """What a command that did its work said on standard output."""
    assert result.exit_code == 0, result.output
    return result.stdout


def number_of_events(world: World) -> int:
    """How long the audit trail is: whether anything was written."""
    with world.reading() as session:
        return session.execute(select(func.count()).select_from(AuditEvent)).scalar_one()
