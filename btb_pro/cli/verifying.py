"""btb-pro verify: an export is what it was when it was taken."""

from pathlib import Path

import click

from btb_pro.cli.common import Command, Refused
from btb_pro.exports.proof import prove


@click.command("verify", cls=Command)
@click.argument("file", type=click.Path(exists=True, path_type=Path))
def verify(file: Path) -> None:
    """Proves a bundle or an export's folder; needs no instance and no network.

    \b
    Example:
      btb-pro verify export-2026-01-31.zip
    """
    try:
        proof = prove(file)
    except OSError as error:
        raise Refused(f"{file} cannot be read ({error.strerror or error}): nothing is proven.") from error
    click.echo(f"{proof}")
