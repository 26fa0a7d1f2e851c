"""btb-pro study: the study file."""

from pathlib import Path

import click

from btb_pro.cli.common import Command
from btb_pro.config import read_settings
from btb_pro.instruments.catalogue import load_instruments
from btb_pro.study import Study, Visit
from btb_pro.study_file import read_study


@click.group("study")
def study() -> None:
    """Shows and checks the study file.

    \b
    Example:
      btb-pro study check study.toml
    """


@study.command("show", cls=Command)
def show() -> None:
    """Shows the study of this instance: sites, visits, windows, instruments.

    \b
    Example:
      btb-pro study show
    """
    path = read_settings().study_file
    shown = read_study(path, load_instruments())
    click.echo(f"{shown.name[shown.languages[0]]} ({shown.code}), version {shown.version}")
    click.echo(f"File       {path}\nSHA-256    {shown.sha256}\nLanguages  {', '.join(shown.languages)}")
    if shown.allow_unapproved_wording:
        click.echo("A TEST: wordings that nobody approved are allowed.")
    click.echo("\nSites")
    for site in shown.sites:
        click.echo(f"  {site.code:<14}{site.name}, {site.phone}")
    click.echo("\nVisits (days from day 0; links die at the end of their last day)")
    for visit in shown.visits:
        _show_visit(shown, visit)


@study.command("check", cls=Command)
@click.argument("file", type=click.Path(path_type=Path), required=False)
def check(file: Path | None) -> None:
    """Names every mistake of a study file by line; without FILE, of this instance's.

    \b
    Example:
      btb-pro study check study.toml
    """
    path = read_settings().study_file if file is None else file
    read_study(path, load_instruments())
    click.echo(f"{path}: no mistakes.")


def _show_visit(shown: Study, visit: Visit) -> None:
    first, last, link = (visit.day + days for days in (visit.opens, visit.closes, visit.link_expires_after))
    click.echo(f"  {visit.code:<14}day {visit.day}, open {first} to {last}, links until {link}")
    click.echo(f"  {'':<14}{visit.title[shown.languages[0]]}")
    asked = ", ".join(str(part) for part in visit.parts)
    click.echo(f"  {'':<14}{f'{asked}; {visit.minutes} minutes' if asked else 'asks nothing'}")
