"""btb-pro work: sends what is due."""

import signal
import threading
from contextlib import nullcontext

import click

from btb_pro.cli.beside import file_maker_beside
from btb_pro.cli.common import Command, open_instance
from btb_pro.cli.file_making import FileMaker
from btb_pro.damage import DatabaseDamaged
from btb_pro.logs import set_up_logging
from btb_pro.messaging.outcome import Fate, Outcome
from btb_pro.services.alarms import AlarmBell
from btb_pro.services.clock_steps import ClockWatch
from btb_pro.services.handing_over import require_servers
from btb_pro.services.inspection import inspect_when_due
from btb_pro.services.runtime import Runtime
from btb_pro.services.worker import Done, Worker, would_send


@click.command("work", cls=Command)
@click.option("--once", is_flag=True, help="One round, for cron.")
@click.option("--dry-run", is_flag=True, help="Prints what would go out, without addresses; sends nothing.")
@click.option("--every", default=5, show_default=True, type=click.IntRange(1, 86400), metavar="SECONDS")
@click.option("--files-only", is_flag=True, help="Makes the console's files and counts; sends nothing.")
@click.option("--beside", type=int, hidden=True)
def work(once: bool, dry_run: bool, every: int, files_only: bool, beside: int | None) -> None:
    """Sends invitations, reminders and codes as they fall due, until it is stopped.

    It makes the files that the console asks for, too, as `btb-pro serve` does. Several may run at once;
    killed at any point, none sends a message twice or leaves half a file. Once a day it proves the whole
    database; damage that it finds stops all writing, here and in the server, until it is mended. Of damage,
    a clock that was set, stopped backups and a full disk it writes to BTB_ALARM_TO, once a day each.

    \b
    Example:
      btb-pro work --once
    """
    with open_instance() as runtime:
        if dry_run:
            _tell(runtime)
            return
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        if files_only:
            set_up_logging()
            FileMaker(runtime).run(stopping, beside=beside, once=once)
            return
        servers = require_servers(runtime)
        if not once:
            click.echo(f"Sending what is due, every {every} s. Stop with Ctrl-C.", err=True)
        with nullcontext() if once else file_maker_beside(runtime.settings):
            _send(runtime, Worker(runtime, servers, stopping.is_set), stopping, 0 if once else every)
        if once:
            FileMaker(runtime).run(stopping, beside=None, once=True)


def _send(runtime: Runtime, worker: Worker, stopping: threading.Event, every: int) -> None:
    """Round after round, so many seconds apart; one round for 0."""
    watch, bell = ClockWatch(runtime, "btb-pro work"), AlarmBell(runtime)
    while not stopping.is_set():
        _round(runtime, worker, watch, bell, may_wait=bool(every))
        if not every:
            return
        stopping.wait(every)


def _round(runtime: Runtime, worker: Worker, watch: ClockWatch, bell: AlarmBell, *, may_wait: bool) -> None:
    try:
        watch.look()
        inspect_when_due(runtime)
        for rung in bell.ring():
            click.echo(f"alarm of {rung.cause}: {_fate(rung.outcome)}", err=True)
        for done in worker.round():
            click.echo(_line(done), err=True)
    except DatabaseDamaged:
        # Said in the log when it was found. Once it is mended, the queue goes on.
        if not may_wait:
            raise


def _tell(runtime: Runtime) -> None:
    planned = would_send(runtime)
    for one in planned:
        to = f"{one.study_number} {one.visit}" if one.study_number else "staff"
        click.echo(f"would send: {one.kind} by {one.channel} to {to}")
    click.echo(f"{len(planned)} would go out now. Nothing was sent.")


def _line(done: Done) -> str:
    claim, outcome = done.claim, done.outcome
    # Numbers of our own only: no study number and no address in what may end in a system's log.
    what = f"message {claim.message_id}, {claim.kind} by {claim.channel}"
    if outcome is None:
        return f"{what}: called off ({claim.reason})"
    return f"{what}: {_fate(outcome)}"


def _fate(outcome: Outcome) -> str:
    fates = {
        Fate.ACCEPTED: "sent",
        Fate.REFUSED: "refused",
        Fate.LATER: "not taken now",
        Fate.UNKNOWN: "unknown",
    }
    return f"{fates[outcome.fate]}{f' ({outcome.reason})' if outcome.reason else ''}"
