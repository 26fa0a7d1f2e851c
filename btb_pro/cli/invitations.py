"""btb-pro invite and revoke: links."""

from datetime import datetime

import click

from btb_pro import clock
from btb_pro.cli.common import Command, changing
from btb_pro.services.invitations import link_address, revoke_invitation
from btb_pro.services.inviting import invite_participant


@click.command("invite", cls=Command)
@click.argument("study_number", metavar="ID")
@click.argument("visit", metavar="VISIT")
@click.option(
    "--send",
    type=click.Choice(["email", "sms", "none"]),
    default="none",
    show_default=True,
    help="btb-pro work sends it; again: it is not sent twice.",
)
@click.option("--replace", is_flag=True, help="Ends the live link and makes a new one.")
def invite(study_number: str, visit: str, send: str, replace: bool) -> None:
    """Prints the link of a participant's visit, alone on standard output; again: the same live link.

    \b
    Example:
      btb-pro invite 1-001 baseline
    """
    with changing() as change:
        invitation = invite_participant(
            change.session, change.context, change.runtime, study_number, visit, send, replace=replace
        )
        link = link_address(change.runtime, invitation)
        opens_at, expires_at = invitation.opens_at, invitation.expires_at
        is_test = change.runtime.study.allow_unapproved_wording
    click.echo(f"Works from {_shown(opens_at)} until {_shown(expires_at)}, Norwegian time.", err=True)
    if is_test:
        click.echo("A test: the study file allows unapproved wordings.", err=True)
    click.echo(link)


@click.command("revoke", cls=Command)
@click.argument("study_number", metavar="ID")
@click.argument("visit", metavar="VISIT")
def revoke(study_number: str, visit: str) -> None:
    """Ends the live link of a participant's visit; answers that were saved stay.

    \b
    Example:
      btb-pro revoke 1-001 baseline
    """
    with changing() as change:
        revoke_invitation(change.session, change.context, change.runtime, study_number, visit)
    click.echo(f"Revoked the link of {study_number} for {visit}.")


def _shown(instant: datetime) -> str:
    return instant.astimezone(clock.OSLO).strftime("%Y-%m-%d %H:%M")
