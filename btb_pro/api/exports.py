"""Tables out, in a stream, each with the hash of its bytes and of its manifest."""

import base64
from collections.abc import Iterator
from typing import IO

from flask import Response, abort, request

from btb_pro import clock
from btb_pro.api.known import require_own_site
from btb_pro.api.operations import Desk, operation
from btb_pro.api.problems import ProblemKind, Refused
from btb_pro.api.shapes import ExportQuery
from btb_pro.exports.format_names import Table, TableFormat
from btb_pro.roles import Scope
from btb_pro.services.exporting import ExportOrder, ExportRefused
from btb_pro.services.table_exports import TableOrder, WrittenTable, manifest_of_table, take_table

_MEDIA_TYPES = {TableFormat.CSV: "text/csv", TableFormat.NDJSON: "application/x-ndjson"}
_AT_ONCE = 64 * 1024
_REFUSES = (ProblemKind.OTHER_SITE, ProblemKind.EXPORT_REFUSED)


@operation("GET", "/exports/{table}", Scope.EXPORT, {200: (*_MEDIA_TYPES.values(),)}, _REFUSES)
def export_table(desk: Desk, table: str, query: ExportQuery) -> Response:
    """One table up to a cut-off: visits, responses, answers, scores, corrections, code book.

    Answers are `wide`, `long` and `history`. CSV is byte for byte the file of `btb-pro export csv`. The
    headers tell the export's number (for `since`), the cut-off (for the same bytes again: `until`), the rows,
    the SHA-256 of the bytes (Repr-Digest) and of the manifest. The trail tells who took it.
    """
    if request.method == "HEAD":
        # It would take an export that nobody reads.
        abort(405)
    wanted = _wanted(desk, table, query)
    try:
        taken = take_table(desk.runtime, desk.context, wanted)
    except ExportRefused as error:
        raise Refused(ProblemKind.EXPORT_REFUSED, str(error)) from error
    response = Response(_parts(taken.file), mimetype=_MEDIA_TYPES[query.format])
    response.call_on_close(taken.file.close)
    response.headers.update(_facts(taken.written))
    digest = base64.b64encode(bytes.fromhex(taken.written.sha256)).decode()
    response.headers["Repr-Digest"] = f"sha-256=:{digest}:"
    response.headers["Btb-Export"] = f"{taken.number}"
    response.headers["Content-Disposition"] = f'attachment; filename="{table}.{query.format.value}"'
    response.content_length = taken.written.size
    return response


@operation("GET", "/exports/{table}/manifest", Scope.EXPORT, {200: ("application/json",)}, _REFUSES)
def read_manifest(desk: Desk, table: str, query: ExportQuery) -> Response:
    """The manifest of a table with the same query: study, instruments, cut-off, rows, SHA-256.

    With `until` set to an export's cut-off its bytes have the SHA-256 that came with that export.
    """
    try:
        written = manifest_of_table(desk.runtime, _wanted(desk, table, query))
    except ExportRefused as error:
        raise Refused(ProblemKind.EXPORT_REFUSED, str(error)) from error
    response = Response(written.manifest, mimetype="application/json")
    response.headers.update(_facts(written))
    return response


def _wanted(desk: Desk, table: str, query: ExportQuery) -> TableOrder:
    if table not in list(Table):
        names = ", ".join(Table)
        raise Refused(ProblemKind.NOT_FOUND, f"There is no such table: take one of {names}.")
    for site in query.site:
        require_own_site(desk, site)
    own = [] if desk.holder.site is None else [desk.holder.site]
    order = ExportOrder(
        visits=query.visit,
        sites=query.site or own,
        until=query.until or None,
        since=query.since,
        submitted_only=query.submitted_only,
    )
    return TableOrder(Table(table), query.format, order)


def _facts(written: WrittenTable) -> dict[str, str]:
    return {
        "Btb-Manifest-Sha256": written.manifest_sha256,
        "Btb-Cutoff-Seq": f"{written.cutoff_seq}",
        "Btb-Cutoff-At": clock.utc_text(written.cutoff_at),
        "Btb-Rows": f"{written.rows}",
    }


def _parts(file: IO[bytes]) -> Iterator[bytes]:
    while part := file.read(_AT_ONCE):
        yield part
