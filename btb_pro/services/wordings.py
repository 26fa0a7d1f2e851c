"""Approving wordings, and asking whether a visit may be used."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro.instruments.model import Instrument, wording_sha256
from btb_pro.models.participant import WordingApproval
from btb_pro.refusals import PlainRefusal
from btb_pro.services.audit import Context, Tag, step
from btb_pro.study import Study, Visit


@dataclass(frozen=True, slots=True)
class WordingKey:
    """A wording: an instrument's version in one language, by the hash of its texts."""

    instrument: str
    version: str
    language: str
    sha256: str


class ApprovalRefused(PlainRefusal):
    """An approval lacks something. The message says what."""


class WordingNotApproved(PlainRefusal):
    """A visit uses wordings that nobody approved."""

    def __init__(self, missing: tuple[WordingKey, ...]) -> None:
        self.missing = missing
        named = ", ".join(f"{key.instrument} {key.version} {key.language}" for key in missing)
        super().__init__(
            f"These wordings are not approved: {named}. Approve each with btb-pro instruments approve CODE "
            "--language LANGUAGE --by NAME --evidence TEXT, or, for a test only, write "
            "allow_unapproved_wording = true in the study file."
        )


def wording_key(instrument: Instrument, language: str) -> WordingKey:
    """The wording of an instrument in one language, as its file has it now."""
    return WordingKey(instrument.code, instrument.version, language, wording_sha256(instrument, language))


def approve_wording(
    session: Session, context: Context, instrument: Instrument, language: str, by: str, evidence: str
) -> WordingKey:
    """Record that a named person approved a wording, and on what evidence. Approving again adds nothing.

    Raises:
        ApprovalRefused: the instrument lacks that language, or name or evidence is blank.
    """
    if language not in instrument.languages:
        raise ApprovalRefused(
            f"{instrument.code} has no wording in {language}; it has {', '.join(instrument.languages)}."
        )
    if not by.strip() or not evidence.strip():
        raise ApprovalRefused("An approval needs the name of a person (--by) and evidence (--evidence).")
    key = wording_key(instrument, language)
    if key in approved_wordings(session):
        return key
    with step(session, context, Tag.WORDING_APPROVE, reason=evidence.strip()) as event:
        session.add(
            WordingApproval(
                instrument=key.instrument,
                version=key.version,
                language=key.language,
                sha256=key.sha256,
                approved_by=by.strip(),
                evidence=evidence.strip(),
                approved_at=event.at,
                event_seq=event.seq,
            )
        )
        name = f"{key.instrument}/{key.version}/{key.language}"
        event.change("wording", name, "sha256", None, key.sha256)
        event.change("wording", name, "approved_by", None, by.strip())
    return key


def approved_wordings(session: Session) -> frozenset[WordingKey]:
    """Every wording that was approved."""
    rows = session.execute(
        select(
            WordingApproval.instrument,
            WordingApproval.version,
            WordingApproval.language,
            WordingApproval.sha256,
        )
    )
    return frozenset(WordingKey(*row) for row in rows)


def require_approved(
    session: Session, study: Study, visit: Visit, instruments: Mapping[str, Instrument]
) -> None:
    """Refuse a visit with a wording, in any of the study's languages, that is not approved.

    Raises:
        WordingNotApproved: unless the study file allows unapproved wordings.
    """
    if study.allow_unapproved_wording:
        return
    approved = approved_wordings(session)
    codes = dict.fromkeys(part.instrument for part in visit.parts)
    wanted = [wording_key(instruments[code], language) for code in codes for language in study.languages]
    missing = tuple(key for key in wanted if key not in approved)
    if missing:
        raise WordingNotApproved(missing)
