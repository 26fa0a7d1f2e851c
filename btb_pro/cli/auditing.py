"""btb-pro audit: the audit trail."""

import json
import re
from pathlib import Path
from zipfile import BadZipFile, ZipFile, is_zipfile

import click

from btb_pro import clock
from btb_pro.cli.common import Command, open_instance
from btb_pro.exports.proof import MANIFEST
from btb_pro.services.inspection import damaged_pages
from btb_pro.services.past_states import state_at
from btb_pro.services.recorded_files import changed_files
from btb_pro.services.verification import Anchor, missing_guards
from btb_pro.services.verification import verify as prove

_ANCHOR = re.compile(r"([1-9][0-9]{0,17}):([0-9a-f]{64})")


@click.group("audit")
def audit() -> None:
    """Proves the audit trail, and tells from it what was there.

    \b
    Example:
      btb-pro audit verify
    """


@audit.command("verify", cls=Command)
@click.option("--anchor", "anchors", multiple=True, metavar="SEQ:HASH", help="A head that was noted.")
@click.option(
    "--manifest",
    "manifests",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="manifest.json or bundle of an export: the head that it names must be in the trail.",
)
def verify(anchors: tuple[str, ...], manifests: tuple[Path, ...]) -> None:
    """Proves that no event and no row of any table was changed, taken out or put in.

    It looks at the pages of the database's file, at what guards the tables, at the trail and every row, and
    whether study file and instruments read as they did when they were recorded.

    Whoever can write the database can cut off the trail's end and make it fit. Heads that lie elsewhere show
    that: each export's manifest names one, and so does the last line that this command prints.

    \b
    Example:
      btb-pro audit verify --manifest exports/october/manifest.json
    """
    noted = [_read_anchor(text) for text in anchors] + [_anchor_of(path) for path in manifests]
    with open_instance() as runtime, runtime.database.reading() as session:
        faults = damaged_pages(session, whole=True)
        if faults:
            raise click.ClickException(
                f"The database's file is damaged: {faults[0]}. Run btb-pro restore with the last good backup."
            )
        proof = prove(session, noted)
        missing = missing_guards(session)
        changed = changed_files(session, runtime.study, runtime.instruments)
        note = runtime.database.note
    if missing:
        raise click.ClickException(
            f"The rows are as the trail tells, but the database lacks what refuses to change them: "
            f"{', '.join(missing)}. Restore a backup from before somebody took it off, or ask the developers."
        )
    if changed:
        raise click.ClickException(" ".join(["The rows are as the trail tells, but:", *changed]))
    counts = f"{proof.events} events, {proof.rows} rows, {proof.answers} answers among them"
    click.echo(f"The audit trail is whole: {counts}.")
    if noted:
        click.echo(f"It holds every head that was noted elsewhere: {len(noted)}.")
    if note is not None and note.lift():
        click.echo("The note of damage was taken away: answers can be saved again.")
    click.echo(f"Head: {proof.seq}:{proof.head_hash}")


@audit.command("state", cls=Command)
@click.argument("study_number", metavar="ID")
@click.option("--at", "at", required=True, metavar="TIME", help="ISO 8601 with an offset.")
def state(study_number: str, at: str) -> None:
    """Prints what was stored of a participant at a time, as JSON, told by the trail alone.

    \b
    Example:
      btb-pro audit state 1-001 --at 2026-01-31T12:00:00+01:00
    """
    try:
        instant = clock.read_utc(at)
    except ValueError:
        raise click.BadParameter(
            f"{at!r} is no time with an offset: write 2026-01-31T12:00:00+01:00.", param_hint="--at"
        ) from None
    with open_instance() as runtime, runtime.database.reading() as session:
        past = state_at(session, study_number, instant)
    click.echo(
        json.dumps(
            {"seq": past.seq, "at": clock.utc_text(past.at), "tables": past.tables},
            ensure_ascii=False,
            indent=2,
            sort_keys=True,
        )
    )


def _read_anchor(text: str) -> Anchor:
    match = _ANCHOR.fullmatch(text)
    if match is None:
        raise click.BadParameter(
            f"{text!r} is no head: copy the line that audit verify printed, like 17:0a1b….",
            param_hint="--anchor",
        )
    return Anchor(int(match[1]), match[2])


def _manifest_of(path: Path) -> bytes:
    if not is_zipfile(path):
        return path.read_bytes()
    with ZipFile(path) as archive:
        return archive.read(MANIFEST)


def _anchor_of(path: Path) -> Anchor:
    try:
        cutoff = json.loads(_manifest_of(path))["cutoff"]
        return Anchor(int(cutoff["seq"]), str(cutoff["hash"]))
    except (ValueError, KeyError, TypeError, BadZipFile) as error:
        raise click.BadParameter(
            f"{path} is neither a manifest nor a bundle of an export.", param_hint="--manifest"
        ) from error
