"""btb-pro init: sets up an instance."""

import sys

import click

from btb_pro.cli.common import Command, Refused, command_actor
from btb_pro.config import instance_folder
from btb_pro.services.installing import Installation, install


@click.command("init", cls=Command)
@click.option("--production", is_flag=True, help="For real participants: https, secure cookies.")
@click.option("--base-url", metavar="URL", help="With --production: the address that participants will open.")
def init(production: bool, base_url: str | None) -> None:
    """Makes the instance folder with settings, keys, study file and database; again: changes nothing.

    Run it after every upgrade too: it brings the database to the new version.

    \b
    Example:
      btb-pro init --production --base-url https://btb.hospital.example
    """
    address = _production_address(base_url) if production else None
    if base_url and not production:
        raise click.UsageError("--base-url goes with --production.")
    instance = instance_folder()
    try:
        installation = install(instance, command_actor(), address)
    except OSError as error:
        sentence = f"The folder of BTB_INSTANCE, {instance}, cannot be written ({error.strerror})."
        raise Refused(f"{sentence} Give it to this user or name another.") from error
    _tell(installation)


def _production_address(given: str | None) -> str:
    if given is None and not sys.stdin.isatty():
        raise click.UsageError("--production needs --base-url https://...")
    address: str = given or click.prompt("Address that participants will open (https://...)", err=True)
    if not address.startswith("https://"):
        raise click.UsageError("--base-url must begin with https://.")
    return address


def _tell(installation: Installation) -> None:
    for made in installation.made:
        click.echo(f"Made {made}.")
    settings = installation.settings
    if installation.upgraded is not None:
        click.echo(
            f"Brought the database from schema {installation.upgraded.from_revision} to the newest. "
            f"As it was before: {installation.upgraded.kept}."
        )
    click.echo(f"The instance in {settings.instance} is ready, at {settings.base_url}.")
    if not installation.made:
        return
    click.echo(
        "\nNext:\n"
        f"  1. Put your sites, telephones and addresses into {settings.study_file}; btb-pro study check\n"
        "  2. Have each wording approved: btb-pro instruments list, btb-pro instruments approve --help\n"
        "  3. btb-pro participant add --help, btb-pro invite --help\n"
        "  4. btb-pro serve"
    )
    if settings.is_production:
        click.echo("  5. Put a proxy with TLS in front and set BTB_PROXY_HOPS: see docs/operator.md")
