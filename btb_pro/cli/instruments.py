"""btb-pro instruments: the questionnaires."""

from importlib.resources import files
from pathlib import Path

import click

from btb_pro.cli.common import Command, Refused, changing
from btb_pro.instruments.catalogue import instrument_files, load_instruments
from btb_pro.instruments.checks import check_instruments
from btb_pro.instruments.hashes import wording_sha256
from btb_pro.instruments.model import Instrument
from btb_pro.instruments.printout import questionnaire_text
from btb_pro.instruments.walk import count_statuses
from btb_pro.services.wordings import approve_wording


@click.group("instruments")
def instruments() -> None:
    """Lists, shows, checks and approves the questionnaires.

    \b
    Example:
      btb-pro instruments list
    """


@instruments.command("list", cls=Command)
def list_all() -> None:
    """Lists version, items and languages, how far the wordings can be trusted, and each wording's SHA-256.

    \b
    Example:
      btb-pro instruments list
    """
    for instrument in load_instruments().values():
        items, languages = len(instrument.items), ", ".join(instrument.languages)
        click.echo(f"{instrument.code}  version {instrument.version}  {items} items  {languages}")
        for language in instrument.languages:
            counts = count_statuses(instrument, language)
            told = ", ".join(f"{number} {status.value}" for status, number in counts.items())
            click.echo(f"  {language}  {told}")
            click.echo(f"      SHA-256 {wording_sha256(instrument, language)}")


@instruments.command("show", cls=Command)
@click.argument("code")
@click.option("--language", help="One of the instrument's languages; its first one, if none is said.")
def show(code: str, language: str | None) -> None:
    """Prints a questionnaire as the participant reads it, with our codes in square brackets.

    \b
    Example:
      btb-pro instruments show hscl25 --language nb
    """
    instrument = _find(code)
    language = instrument.languages[0] if language is None else language
    if language not in instrument.languages:
        raise Refused(f"{code} has no wording in {language!r}: use one of {', '.join(instrument.languages)}.")
    click.echo(questionnaire_text(instrument, language), nl=False)


@instruments.command("check", cls=Command)
@click.argument("file", nargs=-1, type=click.Path(path_type=Path))
def check(file: tuple[Path, ...]) -> None:
    """Names every mistake of instrument files by file, item and rule; without FILE, of the packaged ones.

    \b
    Example:
      btb-pro instruments check my_instrument.yaml
    """
    paths = list(file) or instrument_files(Path(str(files("btb_pro.instruments"))))
    problems = check_instruments(paths)
    if problems:
        raise Refused("\n".join(str(problem) for problem in problems))
    click.echo(f"{len(paths)} file{'' if len(paths) == 1 else 's'}: no mistakes.")


@instruments.command("approve", cls=Command)
@click.argument("code")
@click.option("--language", required=True, help="Of the wording.")
@click.option("--by", required=True, metavar="NAME", help="The person who approves.")
@click.option("--evidence", required=True, metavar="TEXT", help="What the approval rests on.")
def approve(code: str, language: str, by: str, evidence: str) -> None:
    """Records that a named person approved a wording, as its file has it now.

    \b
    Example:
      btb-pro instruments approve hscl25 --language nb --by "Kari Nordmann" --evidence "FORMI form 2024-03"
    """
    with changing() as change:
        instrument = _find(code)
        key = approve_wording(change.session, change.context, instrument, language, by, evidence)
    click.echo(f"Approved {key.instrument} {key.version} {key.language}, SHA-256 {key.sha256}.")


def _find(code: str) -> Instrument:
    known = load_instruments()
    if code not in known:
        raise Refused(f"{code!r} is no instrument: use one of {', '.join(known)}.")
    return known[code]
