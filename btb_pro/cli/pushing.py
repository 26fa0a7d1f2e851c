"""btb-pro push: answers straight into the trial's database."""

from typing import Any

import click

from btb_pro.cli.common import Command, command_context, open_instance
from btb_pro.cli.exporting import ordering, read_order
from btb_pro.services.pushing import push_to_redcap


@click.group("push")
def push() -> None:
    """Sends answers into another database.

    \b
    Example:
      btb-pro push redcap --dry-run
    """


@push.command("redcap", cls=Command)
@click.option("--dry-run", is_flag=True, help="Compares fields and events, counts, and sends nothing.")
@ordering
def push_redcap(dry_run: bool, **asked: Any) -> None:
    """Sends records to the REDCap project of BTB_REDCAP_URL, in batches, and reads them back.

    \b
    Example:
      btb-pro push redcap --mapping redcap.toml --submitted-only
    """
    order = read_order(asked)
    with open_instance() as runtime:
        click.echo(f"{push_to_redcap(runtime, command_context(runtime), order, dry_run=dry_run)}")
