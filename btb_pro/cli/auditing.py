"""btb-pro audit: the audit trail."""

import click

from btb_pro.cli.common import Command, open_instance
from btb_pro.services.verification import verify as prove


@click.group("audit")
def audit() -> None:
    """Proves the audit trail.

    \b
    Example:
      btb-pro audit verify
    """


@audit.command("verify", cls=Command)
def verify() -> None:
    """Proves that no event, answer or score was changed, taken out or put in.

    Keep the head that it prints: a later proof that holds it shows that the trail before it is the same.

    \b
    Example:
      btb-pro audit verify
    """
    with open_instance() as runtime, runtime.database.reading() as session:
        proof = prove(session)
    click.echo(f"The audit trail is whole: {proof.events} events, {proof.answers} answers.")
    click.echo(f"Head: {proof.head_hash}")
