"""btb-pro audit: the audit trail."""

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile, is_zipfile

import click

from btb_pro import clock
from btb_pro.cli.common import Command, open_instance
from btb_pro.cli.tables import aligned
from btb_pro.exports.proof import MANIFEST
from btb_pro.services.inspection import damaged_pages
from btb_pro.services.past_states import PastState, state_at
from btb_pro.services.recorded_files import changed_files
from btb_pro.services.verification import Anchor, missing_guards
from btb_pro.services.verification import verify as prove

_TABLES = ("participant", "contact", "visit", "invitation", "participant_session", "response", "answer")
"""What is told first, in this order; then the rest by name."""
_FIRST = ("study_number", "visit_id", "response_id", "code", "instrument", "kind", "item", "state", "value")
_LAST = ("session_id", "invitation_id", "id", "event_seq")
_FOR_MACHINES = frozenset({"participant_id", "client_key", "handle", "public_id", "salt"})
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
        click.echo("The note that stopped all writing was taken away: answers can be saved again.")
    click.echo(f"Head: {proof.seq}:{proof.head_hash}")


@audit.command("state", cls=Command)
@click.argument("study_number", metavar="ID")
@click.option("--at", "at", metavar="TIME", help="ISO 8601 with an offset; without it: now.")
@click.option("--json", "as_json", is_flag=True, help="Every column, for a program.")
def state(study_number: str, at: str | None, as_json: bool) -> None:
    """Prints what is stored of a participant, or was at a time, told by the trail alone. Times are in UTC.

    It prints answers: whoever may not read them must not run it.

    \b
    Example:
      btb-pro audit state 1-001 --at 2026-01-31T12:00:00+01:00
    """
    try:
        instant = None if at is None else clock.read_utc(at)
    except ValueError:
        raise click.BadParameter(
            f"{at!r} is no time with an offset: write 2026-01-31T12:00:00+01:00.", param_hint="--at"
        ) from None
    with open_instance() as runtime, runtime.database.reading() as session:
        past = state_at(session, study_number, instant)
    if as_json:
        taken_out = [asdict(one) | {"at": clock.utc_text(one.at)} for one in past.redactions]
        told = {
            "seq": past.seq,
            "at": clock.utc_text(past.at),
            "tables": past.tables,
            "redactions": taken_out,
        }
        click.echo(json.dumps(told, ensure_ascii=False, indent=2, sort_keys=True))
        return
    click.echo(
        f"Participant {study_number} after event {past.seq}, which happened at {clock.utc_text(past.at)}."
    )
    for name in sorted(past.tables, key=_place):
        click.echo(f"\n{name}")
        for line in _table(past, past.tables[name]):
            click.echo(f"  {line}")
    for one in past.redactions:
        click.echo(f"\n{one.about}: redacted by {one.by} at {clock.utc_text(one.at)}: {_cell(one.why)}")


def _place(table: str) -> tuple[int, str]:
    return (_TABLES.index(table) if table in _TABLES else len(_TABLES)), table


def _table(past: PastState, rows: list[dict[str, Any]]) -> list[str]:
    """A table's rows under each other, without what is there for machines; references as what they name."""
    visits = {row["id"]: row["code"] for row in past.tables.get("visit", ())}
    responses = {
        row["id"]: f"{visits[row['visit_id']]} {row['instrument']}" for row in past.tables.get("response", ())
    }
    named = {"visit_id": visits, "response_id": responses}
    known = {name for row in rows for name in row if not _is_for_machines(name)}
    middle = sorted(known - {*_FIRST, *_LAST})
    columns = [name for name in (*_FIRST, *middle, *_LAST) if name in known]
    heads = [name.removesuffix("_id") if name in named else name for name in columns]
    cells = [
        [_cell(named.get(name, {}).get(row.get(name), row.get(name))) for name in columns] for row in rows
    ]
    return aligned([heads, *cells])


def _is_for_machines(column: str) -> bool:
    return column in _FOR_MACHINES or column.endswith("sha256")


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    # A line break, or a sign that a terminal would obey, as JSON writes it.
    return value if isinstance(value, str) and value.isprintable() else json.dumps(value, ensure_ascii=False)


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
