"""btb-pro instruments: the questionnaires."""

from importlib.resources import files
from pathlib import Path

import click

from btb_pro.cli.common import Command, Refused, changing
from btb_pro.cli.paper_page import paper_page
from btb_pro.config import read_settings
from btb_pro.exports.paper import LanguageMissing, PaperForm, forms_of
from btb_pro.instruments.catalogue import instrument_files, load_instruments
from btb_pro.instruments.checks import check_instruments
from btb_pro.instruments.model import Instrument, wording_sha256
from btb_pro.instruments.paging import Parts
from btb_pro.instruments.printout import questionnaire_text
from btb_pro.instruments.walk import count_statuses
from btb_pro.services.wordings import approve_wording
from btb_pro.study import Study, UnknownCode, Visit, sections_asked
from btb_pro.study_file import read_study


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


@instruments.command("print", cls=Command)
@click.argument("code", required=False)
@click.option("--language", help="The first one of the study or the instrument, if none is said.")
@click.option("--visit", "visit_code", metavar="VISIT", help="What this visit asks; without CODE all of it.")
@click.option("--all", "is_all", is_flag=True, help="Every instrument, one after the other.")
@click.option(
    "--out",
    required=True,
    metavar="FILE.html",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Opens in any browser; print it from there.",
)
def print_on_paper(
    code: str | None, language: str | None, visit_code: str | None, is_all: bool, out: Path
) -> None:
    """Writes questionnaires for paper: one HTML file that prints on A4. It needs no database.

    \b
    Example:
      btb-pro instruments print fabq --language nb --out fabq.html
      btb-pro instruments print --visit baseline --out baseline.html
    """
    if is_all == (code is not None or visit_code is not None):
        raise click.UsageError("Say what to print: CODE, --visit VISIT, both, or --all alone.")
    try:
        if visit_code is None:
            page, forms = _paper_of([_find(code)] if code else list(load_instruments().values()), language)
        else:
            page, forms = _paper_of_visit(visit_code, code, language)
    except (LanguageMissing, UnknownCode) as error:
        raise Refused(str(error)) from error
    try:
        out.write_text(page, encoding="utf-8")
    except OSError as error:
        raise Refused(f"{out} cannot be written: {error.strerror}.") from error
    for form in forms:
        told = f"version {form.instrument.version}  {form.language}  {form.short_hash}"
        click.echo(f"{form.instrument.code}  {told}")


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


def _paper_of(printed: list[Instrument], language: str | None) -> tuple[str, tuple[PaperForm, ...]]:
    forms = forms_of([(one, None) for one in printed], language or printed[0].languages[0])
    return paper_page(forms), forms


def _paper_of_visit(
    visit_code: str, code: str | None, language: str | None
) -> tuple[str, tuple[PaperForm, ...]]:
    study = read_study(read_settings().study_file, load_instruments())
    visit = study.visit(visit_code)
    language = language or study.languages[0]
    forms = forms_of(_asked(study, visit, code), language)
    return paper_page(forms, study.text(study.name, language), study.text(visit.title, language)), forms


def _asked(study: Study, visit: Visit, code: str | None) -> Parts:
    asked = sections_asked(visit.parts)
    if not asked:
        raise Refused(f"The visit {visit.code} of {study.code} asks nothing.")
    if code is not None and _find(code).code not in asked:
        raise Refused(f"The visit {visit.code} does not ask {code}. It asks {', '.join(asked)}.")
    instruments = load_instruments()
    return [(instruments[one], sections) for one, sections in asked.items() if code in (None, one)]


def _find(code: str) -> Instrument:
    known = load_instruments()
    if code not in known:
        raise Refused(f"{code!r} is no instrument: use one of {', '.join(known)}.")
    return known[code]
