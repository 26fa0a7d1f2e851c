"""One participant of a certified copy as a page: whole in itself, to be read and printed anywhere.

It shows what the JSON beside it holds, and nothing else.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lxml import etree
from lxml.html import HtmlElement, builder, tostring

_STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;margin:1.5rem auto;max-width:75rem;padding:0 1rem;color:#1e2b3c}"
    "table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}"
    "th,td{border:1px solid #767f8c;padding:.25rem .5rem;text-align:left;vertical-align:top}"
    "th{background:#eef1f5}td{white-space:pre-line}.state{white-space:nowrap}.long{overflow-wrap:anywhere;min-width:8rem}"
    ".wide{overflow-x:auto}dt{font-weight:600}dd{margin:0 0 .5rem}"
    "@media print{body{margin:0;max-width:none;font-size:9pt}.wide{overflow:visible}"
    "tr{break-inside:avoid}thead{display:table-header-group}}"
)
_WORDS: Mapping[str, Mapping[str, str]] = {
    "nb": {
        "copy": "Bekreftet kopi", "participant": "Deltaker", "participants": "Deltakere", "site": "Sykehus",
        "language": "Språk", "day0": "Dag 0", "withdrawn_at": "Trakk seg", "withdrawal_reason": "Grunn",
        "started_at": "Påbegynt", "submitted_at": "Sendt inn", "receipt_code": "Kvittering",
        "answers": "Svar", "question": "Spørsmål", "item": "Kode", "in_words": "Svar", "state": "Tilstand",
        "value": "Verdi", "received_at": "Mottatt", "versions": "Alle versjoner av svarene", "mode": "Måte",
        "shown_at": "Vist", "device_at": "Enhetens klokke", "wording_sha256": "Ordlyd (SHA-256)",
        "entered_by": "Tastet eller godtatt av", "seq": "Hendelse", "scores": "Skårer, alle versjoner",
        "score": "Skår", "n_answered": "Besvart", "rule": "Regel", "reason": "Grunn",
        "computed_at": "Beregnet", "corrections": "Rettinger", "old": "Fra", "new": "Til",
        "status": "Avgjørelse", "why": "Begrunnelse", "source": "Kilde", "asked_by": "Bedt om av",
        "asked_at": "Bedt om", "decided_by": "Avgjort av", "decided_at": "Avgjort",
        "decided_why": "Begrunnelse for avgjørelsen", "late_saves": "Svar som kom for sent",
        "reviews": "Gjennomgått av utprøver", "reviewed_by": "Hvem",
        "audit_trail": "Endringslogg", "at": "Tid (UTC)", "actor": "Hvem", "actor_role": "Rolle",
        "tag": "Hva", "changes": "Endringer", "hash": "Kjedens SHA-256", "visit": "Besøk",
        "created_at": "Laget (UTC)", "created_by": "Laget av", "study": "Studie",
        "study_version": "Studiens versjon", "app_version": "btb_pro", "cutoff": "Til og med hendelse",
        "answered": "Besvart", "left_blank": "Ikke besvart", "declined": "Ønsker ikke å svare",
        "not_reached": "Ikke kommet dit", "not_applicable": "Ikke aktuelt", "none": "Ingen",
        "how": "Hver fil her står i SHA256SUMS med sin SHA-256. Slik viser du at ingenting er endret: "
        "pakk ut, og kjør sha256sum -c SHA256SUMS. JSON-filene har det samme innholdet for maskiner. "
        "Tider er i UTC. Kontaktopplysninger er ikke med; fri tekst står i endringsloggen som saltet hash.",
    },
    "en": {
        "copy": "Certified copy", "participant": "Participant", "participants": "Participants",
        "site": "Hospital", "language": "Language", "day0": "Day 0", "withdrawn_at": "Left the study",
        "withdrawal_reason": "Reason", "started_at": "Started", "submitted_at": "Sent in",
        "receipt_code": "Receipt", "answers": "Answers", "question": "Question", "item": "Code",
        "in_words": "Answer", "state": "State", "value": "Value", "received_at": "Received",
        "versions": "Every version of the answers", "mode": "Mode", "shown_at": "Shown",
        "device_at": "The device’s clock", "wording_sha256": "Wording (SHA-256)",
        "entered_by": "Typed in or accepted by", "seq": "Event", "scores": "Scores, every version",
        "score": "Score", "n_answered": "Answered", "rule": "Rule", "reason": "Reason",
        "computed_at": "Computed", "corrections": "Corrections", "old": "From", "new": "To",
        "status": "Decision", "why": "Reason in words", "source": "Source", "asked_by": "Asked by",
        "asked_at": "Asked", "decided_by": "Decided by", "decided_at": "Decided",
        "decided_why": "Reason of the decision", "late_saves": "Answers that came too late",
        "reviews": "Reviewed by the investigator", "reviewed_by": "Who",
        "audit_trail": "Audit trail", "at": "Time (UTC)", "actor": "Who", "actor_role": "Role",
        "tag": "What", "changes": "Changes", "hash": "The chain’s SHA-256", "visit": "Visit",
        "created_at": "Made (UTC)", "created_by": "Made by", "study": "Study",
        "study_version": "Version of the study", "app_version": "btb_pro", "cutoff": "Up to event",
        "answered": "Answered", "left_blank": "Left blank", "declined": "Prefers not to answer",
        "not_reached": "Not reached", "not_applicable": "Not applicable", "none": "None",
        "how": "Each file here stands in SHA256SUMS with its SHA-256. To prove that nothing was changed: "
        "unpack, and run sha256sum -c SHA256SUMS. The JSON files hold the same for machines. "
        "Times are UTC. Contact details are not part of it; free text stands in the audit trail as a salted "
        "hash.",
    },
}  # fmt: skip
_FACTS = ("site", "language", "day0", "withdrawn_at", "withdrawal_reason")
_OF_VISIT = ("started_at", "submitted_at", "receipt_code")
_ANSWERS = ("question", "item", "in_words", "state", "received_at")
_VERSIONS = ("item", "value", "state", "mode", "entered_by", "shown_at", "device_at", "received_at",
             "language", "wording_sha256", "seq")  # fmt: skip
_SCORES = ("score", "value", "n_answered", "rule", "reason", "computed_at", "seq")
_REVIEWS = ("at", "reviewed_by", "seq")
_LATE = ("item", "value", "state", "device_at", "received_at", "seq")
_CORRECTIONS = ("visit", "item", "old", "new", "status", "reason", "why", "source", "asked_by", "asked_at",
                "decided_by", "decided_at", "decided_why")  # fmt: skip
_TRAIL = ("seq", "at", "actor", "actor_role", "tag", "changes", "reason", "hash")

_LONG = frozenset({"hash", "wording_sha256", "changes", "value", "in_words", "why", "source", "decided_why"})
"""Columns whose words may be longer than their width."""

Content = Mapping[str, Any]


def participant_page(content: Content, language: str) -> bytes:
    """A participant, from what the JSON holds."""
    words = _WORDS[language]
    number = content["participant"]
    body = [
        builder.H1(f"{words['participant']} {number}"),
        _facts(content, _FACTS, words),
        *(part for visit in content["visits"] for part in _visit(visit, words)),
        builder.H2(words["corrections"]),
        _table(content["corrections"], _CORRECTIONS, words),
        builder.H2(words["audit_trail"]),
        _table(content["audit_trail"], _TRAIL, words),
    ]
    return _page(f"{words['copy']}: {number}", body, language)


def index_page(content: Content, names: Sequence[tuple[str, str]], language: str) -> bytes:
    """The copy's first page: what it is, and each participant with the name of its files."""
    words = _WORDS[language]
    facts = ("study", "study_version", "site", "created_at", "created_by", "app_version", "cutoff", "hash")
    rows = [
        builder.LI(builder.A(number, href=f"{name}.html"), " (", builder.A("JSON", href=f"{name}.json"), ")")
        for number, name in names
    ]
    body = [
        builder.H1(f"{words['copy']}: {content['site']}"),
        _facts(content, facts, words),
        builder.P(words["how"]),
        builder.H2(words["participants"]),
        builder.UL(*rows) if rows else builder.P(words["none"]),
    ]
    return _page(f"{words['copy']}: {content['site']}", body, language)


def _visit(visit: Content, words: Mapping[str, str]) -> Iterable[HtmlElement]:
    yield builder.H2(f"{words['visit']}: {visit['title']}")
    yield _facts(visit, _OF_VISIT, words)
    yield builder.H3(words["answers"])
    yield _table(visit["answers"], _ANSWERS, words)
    yield builder.H3(words["versions"])
    yield _table([row for one in visit["answers"] for row in one["versions"]], _VERSIONS, words)
    yield builder.H3(words["scores"])
    yield _table(visit["scores"], _SCORES, words)
    if visit["reviews"]:
        yield builder.H3(words["reviews"])
        yield _table(visit["reviews"], _REVIEWS, words)
    if visit["late_saves"]:
        yield builder.H3(words["late_saves"])
        yield _table(visit["late_saves"], _LATE, words)


def _facts(content: Content, names: Iterable[str], words: Mapping[str, str]) -> HtmlElement:
    pairs = [(words[name], _text(content[name])) for name in names if content.get(name) not in (None, "")]
    return builder.DL(*(part for name, text in pairs for part in (builder.DT(name), builder.DD(text))))


def _table(rows: Sequence[Content], columns: Sequence[str], words: Mapping[str, str]) -> HtmlElement:
    if not rows:
        return builder.P(words["none"])
    heads = [builder.TH(words[column], scope="col") for column in columns]
    body = [builder.TR(*(_cell(column, row.get(column), words) for column in columns)) for row in rows]
    table = builder.TABLE(builder.THEAD(builder.TR(*heads)), builder.TBODY(*body))
    return builder.DIV(table, {"class": "wide", "tabindex": "0"})


def _cell(column: str, value: Any, words: Mapping[str, str]) -> HtmlElement:
    text = words.get(value, value) if column == "state" else _text(value)
    kind = "long" if column in _LONG else "state" if column == "state" else ""
    return builder.TD(text, {"class": kind}) if kind else builder.TD(text)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return "\n".join(_text(one) for one in value)
    if isinstance(value, Mapping):
        if {"object", "field"} <= value.keys():
            return f"{value['object']} {value['key']} {value['field']}: {value['old']} → {value['new']}"
        return ", ".join(f"{name}: {_text(one)}" for name, one in value.items())
    return str(value)


def _page(title: str, body: Iterable[HtmlElement], language: str) -> bytes:
    head = builder.HEAD(
        etree.Element("meta", charset="utf-8"),
        builder.META(name="viewport", content="width=device-width, initial-scale=1"),
        builder.TITLE(title),
        builder.STYLE(_STYLE),
    )
    page = builder.HTML(head, builder.BODY(builder.E.main(*body)), lang=language)
    rendered: bytes = tostring(page, doctype="<!doctype html>", encoding="utf-8", pretty_print=False)
    return rendered
