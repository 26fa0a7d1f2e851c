"""btb-pro doctor: looks at everything that this instance's operation rests on."""

import json

import click

from btb_pro.cli.common import Command
from btb_pro.config import instance_folder
from btb_pro.db import private_files
from btb_pro.services.diagnosis import diagnose
from btb_pro.services.health import Check, Finding, Grade

_COLOURS = {Grade.OK: "green", Grade.WARN: "yellow", Grade.FAIL: "red"}
_SAID: dict[tuple[Check, str], tuple[str, str]] = {
    (Check.SETTINGS, "ok"): ("settings of {instance} are complete, keys long enough", ""),
    (Check.SETTINGS, "wrong"): ("{why}", "Mend that line of settings.env, or run btb-pro init."),
    (Check.RIGHTS, "ok"): ("settings and database are their owner's alone", ""),
    (Check.RIGHTS, "open"): ("others may read {files}", "Run chmod 600 {files}"),
    (Check.KEYS, "secret"): ("backups are encrypted, and can be opened here", ""),
    (Check.KEYS, "public"): ("backups are encrypted, and cannot be opened here: the public key alone", ""),
    (Check.KEYS, "no_backup_key"): ("BTB_BACKUP_KEY is missing", "Run btb-pro init, which makes one."),
    (Check.KEYS, "broken_backup_key"): (
        "BTB_BACKUP_KEY holds a key with a letter lost or mistaken: no backup can be taken or opened",
        "Copy it again from where it is kept, or take the line out and run btb-pro init for a new one.",
    ),
    (Check.STUDY, "ok"): ("study {study}, version {version}, has no mistakes", ""),
    (Check.STUDY, "wrong"): ("{why}", "Mend the lines that are named; btb-pro study check tells them again."),
    (Check.DATABASE, "ok"): ("{engine} answers", ""),
    (Check.DATABASE, "unreachable"): ("{why}", "Start it, or mend BTB_DATABASE_URL."),
    (Check.DATABASE, "damaged"): (
        "the database cannot be read ({why})",
        "Stop the server, keep a copy of the file, and run btb-pro restore with the last backup.",
    ),
    (Check.ENGINE, "weak"): (
        "PostgreSQL does not wait for the disk: {off} is off",
        "Set it on in postgresql.conf; without it a power cut loses answers that were called saved.",
    ),
    (Check.ENGINE, "no_wal"): (
        "SQLite {version} writes without WAL, and saves wait for readers",
        "Reinstall btb_pro with its own SQLite: pip install --force-reinstall btb-pro",
    ),
    (Check.SCHEMA, "ok"): ("schema {has} is the one that this version needs", ""),
    (Check.SCHEMA, "older"): ("schema {has}, this version needs {needs}", "Run btb-pro init."),
    (Check.SCHEMA, "newer"): (
        "the database was made by a later version; this one needs schema {needs}",
        "Install the later version of btb_pro.",
    ),
    (Check.SCHEMA, "unreachable"): ("the schema cannot be read ({why})", "See to the database first."),
    (Check.WRITABLE, "ok"): ("the database takes writes", ""),
    (Check.WRITABLE, "read_only"): (
        "this PostgreSQL is a standby or read-only",
        "Name the primary in BTB_DATABASE_URL; several hosts may stand there.",
    ),
    (Check.WRITABLE, "unreachable"): (
        "the database takes no writes ({why})",
        "Look whether the disk is mounted read-only or another process keeps the database locked.",
    ),
    (Check.INTEGRITY, "ok"): ("every page of the database file is whole", ""),
    (Check.INTEGRITY, "damaged"): (
        "the database file is damaged",
        "Stop the server, keep a copy of the file, and run btb-pro restore with the last backup.",
    ),
    (Check.GUARDS, "ok"): ("answers and audit trail can only grow", ""),
    (Check.GUARDS, "missing"): (
        "somebody took off what keeps answers from being changed: {triggers}",
        "Run btb-pro audit verify, find out who did it, and restore a backup from before.",
    ),
    (Check.DAMAGE, "ok"): ("no damage was found that stops writing", ""),
    (Check.DAMAGE, "found"): (
        "nothing is written since {since}: the database was found damaged ({kind}: {detail})",
        "Run btb-pro restore with the last good backup, or btb-pro audit verify once it is mended.",
    ),
    (Check.DAMAGE, "restoring"): (
        "nothing is written since {since}: a backup is being put in the database's place",
        "If no restore runs any more, run it again, or btb-pro audit verify to go on with what is there.",
    ),
    (Check.DAMAGE, "moved"): (
        "nothing is written since {since}: the study was moved to another database",
        "Set BTB_DATABASE_URL to it and start again; btb-pro audit verify goes on with the old one.",
    ),
    (Check.OWNER, "ok"): ("the app's role can neither change nor empty what only grows", ""),
    (Check.OWNER, "mighty"): (
        "the app's role may change what only grows, if somebody takes the triggers off",
        "Make a role for server and worker, and run btb-pro database rights ROLE as the owner.",
    ),
    (Check.ROOM, "ok"): ("{free_mb} MB are free in {folder}", ""),
    (Check.ROOM, "scarce"): (
        "{free_mb} MB are free in {folder}, a backup and some months need {needed_mb}",
        "Make room now: move old backups away, or give the disk more.",
    ),
    (Check.ROOM, "none"): (
        "{free_mb} MB are free in {folder}",
        "Make room at once: answers are refused soon.",
    ),
    (Check.ROOM, "unknown"): ("the disk cannot be asked ({why})", "Look at the folder of BTB_INSTANCE."),
    (Check.CLOCK, "ok"): ("the clock says {now}, not before the last audit event", ""),
    (Check.CLOCK, "behind"): (
        "the clock says {now}, but the last audit event happened at {last_event}",
        "Set the clock and let NTP keep it; if it was ahead before, note that in the study's log.",
    ),
    (Check.CLOCK, "unreachable"): ("the trail cannot be read ({why})", "See to the database first."),
    (Check.STEPS, "ok"): ("the clock was not set in the last 30 days", ""),
    (Check.STEPS, "stepped"): (
        "the clock was set by {seconds} s, noticed at {at} (event {seq})",
        "Let NTP keep the clock, and note the step in the study's log: times around it are off by as much.",
    ),
    (Check.BACKUP, "ok"): ("the last backup is {hours} hours old ({at})", ""),
    (Check.BACKUP, "none"): (
        "no backup was ever taken",
        "Run btb-pro backup FOLDER --every 24 as a service, onto another machine's disk.",
    ),
    (Check.BACKUP, "old"): (
        "the last backup is {hours} hours old ({at})",
        "Look why btb-pro backup --every 24 does not run.",
    ),
    (Check.QUEUE, "ok"): ("{due} messages are due", ""),
    (Check.QUEUE, "waits"): (
        "{due} messages are due, the oldest since {since}: no worker seems to run",
        "Start btb-pro work as a service.",
    ),
    (Check.QUEUE, "stuck"): (
        "a message has been under way since {since}: the worker died, and none came after it",
        "Start btb-pro work; it marks the message, and Today lists it for a person.",
    ),
    (Check.MAIL, "ok"): ("the mail server {host}:{port} answers", ""),
    (Check.MAIL, "off"): ("no e-mail is sent", "Set BTB_SMTP_URL and BTB_MAIL_FROM, if it should be."),
    (Check.MAIL, "silent"): (
        "the mail server {host}:{port} does not answer ({why})",
        "Look at BTB_SMTP_URL and the firewall.",
    ),
    (Check.ALARMS, "ok"): ("{to} is told by e-mail of damage, a clock that was set, stopped backups", ""),
    (Check.ALARMS, "off"): (
        "nobody is told by e-mail of damage, a clock that was set, stopped backups",
        "Set BTB_ALARM_TO to the address of whoever keeps this running, and start btb-pro work again.",
    ),
    (Check.SMS, "ok"): ("the SMS gateway {host}:{port} answers", ""),
    (Check.SMS, "off"): ("no SMS is sent", "Set BTB_SMS_URL and BTB_SMS_FROM, if it should be."),
    (Check.SMS, "silent"): (
        "the SMS gateway {host}:{port} does not answer ({why})",
        "Look at BTB_SMS_URL and the firewall.",
    ),
    (Check.WORDINGS, "ok"): ("every wording that the study uses is approved", ""),
    (Check.WORDINGS, "test"): (
        "a test: wordings that nobody approved are allowed",
        "Before real participants: allow_unapproved_wording = false in the study file.",
    ),
    (Check.WORDINGS, "missing"): (
        "not approved: {wordings}",
        "Read each and run btb-pro instruments approve CODE --language LANGUAGE --by NAME --evidence TEXT",
    ),
}
"""What is said of a finding, and how it is mended."""


@click.command("doctor", cls=Command)
@click.option("--json", "as_json", is_flag=True, help="For a monitoring system: one JSON list.")
def doctor(as_json: bool) -> None:
    """Looks at settings, disk, clock, database, backups, queue, mail and wordings; says how to mend each.

    Changes nothing. Ends with 1 if anything fails, with 0 if there are warnings alone.

    \b
    Example:
      btb-pro doctor
    """
    private_files()
    findings = list(diagnose(instance_folder()))
    if as_json:
        click.echo(json.dumps([_told(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            _tell(finding)
    if any(finding.grade is Grade.FAIL for finding in findings):
        raise SystemExit(1)


def _tell(finding: Finding) -> None:
    said, mend = _words(finding)
    click.echo(f"{click.style(f'{finding.grade:<5}', fg=_COLOURS[finding.grade])}{finding.check:<10} {said}")
    if mend and finding.grade is not Grade.OK:
        click.echo(f"{'':16}{mend}")


def _told(finding: Finding) -> dict[str, object]:
    said, mend = _words(finding)
    return {
        "check": finding.check,
        "grade": finding.grade,
        "code": finding.code,
        "facts": dict(finding.facts),
        "says": said,
        "mend": "" if finding.grade is Grade.OK else mend,
    }


def _words(finding: Finding) -> tuple[str, str]:
    if (finding.check, finding.code) == (Check.ENGINE, "ok"):
        return ", ".join(f"{name} {value}" for name, value in finding.facts.items()), ""
    said, mend = _SAID[finding.check, finding.code]
    return said.format_map(finding.facts), mend.format_map(finding.facts)
