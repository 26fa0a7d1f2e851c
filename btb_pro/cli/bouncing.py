"""btb-pro bounce: takes in an e-mail that a mail server sent back."""

import sys

import click

from btb_pro.cli.common import Command, Refused, changing
from btb_pro.messaging.bounces import LARGEST, read_bounce
from btb_pro.messaging.reports import ReportUnread
from btb_pro.services.delivery_reports import take_report


@click.command("bounce", cls=Command)
def bounce() -> None:
    """Reads a delivery status notification from standard input and records what it tells.

    For a pipe from the mailbox of BTB_MAIL_FROM. What is no notification, or tells of no message of this
    study, is refused with exit code 1 and changes nothing, so that the mailbox can keep it for a person.

    \b
    Example:
      btb-pro bounce < returned.eml
    """
    content = sys.stdin.buffer.read(LARGEST + 1)
    try:
        report = read_bounce(content) if len(content) <= LARGEST else None
    except ReportUnread:
        raise Refused("This is no delivery status notification that names an e-mail: keep it.") from None
    if len(content) > LARGEST:
        raise Refused(f"Larger than {LARGEST // 1_000_000} MB: no delivery status notification is.")
    if report is None:
        click.echo("A step on the way: nothing to record.", err=True)
        return
    with changing() as change:
        if not take_report(change.session, change.context, change.runtime, report):
            raise Refused("It tells of no message of this study: keep it.")
    click.echo("Recorded.", err=True)
