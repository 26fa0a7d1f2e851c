"""btb-pro mapping: the names that the other side has for what we export."""

from pathlib import Path

import click

from btb_pro.cli.common import Command, open_instance
from btb_pro.cli.exporting import FILE
from btb_pro.exports.names import Target
from btb_pro.i18n import LANGUAGES
from btb_pro.services.mappings import check_mapping, make_template


@click.group("mapping")
def mapping() -> None:
    """Binds our codes to the names of the trial's own database.

    \b
    Example:
      btb-pro mapping template redcap > redcap.toml
      btb-pro mapping check redcap.toml
    """


@mapping.command("template", cls=Command)
@click.argument("target", type=click.Choice([target.value for target in Target]))
@click.option("--language", type=click.Choice(LANGUAGES), help="The language of the labels beside each code.")
def template(target: str, language: str | None) -> None:
    """Prints a mapping file for TARGET that changes nothing, to put their names into.

    \b
    Example:
      btb-pro mapping template redcap > redcap.toml
    """
    with open_instance() as runtime:
        click.echo(make_template(runtime, Target(target), language), nl=False)


@mapping.command("check", cls=Command)
@click.argument("file", type=FILE)
def check(file: Path) -> None:
    """Names every mistake of a mapping file by line.

    \b
    Example:
      btb-pro mapping check redcap.toml
    """
    with open_instance() as runtime:
        click.echo(f"{check_mapping(runtime, file.read_bytes())}")
