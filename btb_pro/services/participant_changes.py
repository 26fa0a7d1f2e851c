"""Changing what is known of a participant: language and contact details."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro.models.message import Message
from btb_pro.models.participant import Invitation, Participant, Visit
from btb_pro.refusals import PlainRefusal
from btb_pro.services.audit import Context, Step, Tag, step
from btb_pro.services.change_history import require_unchanged
from btb_pro.services.contact_changes import EndedLink, change_contact, erase_contacts
from btb_pro.services.participant_checks import AddressRefused, looks_like_a_person, read_email, read_phone
from btb_pro.services.participant_faults import Fault, FaultCode, RefusalCode, told
from btb_pro.services.runtime import Runtime

LONGEST_REASON = 500
"""Characters of a reason for a withdrawal."""


_SENTENCES: Mapping[RefusalCode, str] = {
    RefusalCode.WITHDRAWN: "{number} is withdrawn already.",
    RefusalCode.REASON_MISSING: "A withdrawal needs a reason: --reason TEXT.",
    RefusalCode.REASON_TOO_LONG: f"The reason is longer than {LONGEST_REASON} characters: shorten it.",
    RefusalCode.REASON_PERSONAL: (
        "The reason holds an address or a long number: it stays in the audit trail for good, so name nobody."
    ),
}


class ChangeRefused(PlainRefusal):
    """A participant cannot be changed as asked. The message says why."""

    def __init__(self, code: RefusalCode, number: str) -> None:
        self.code = code
        super().__init__(_SENTENCES[code].format(number=number))


class ContactRefused(PlainRefusal):
    """What is to be put on file has faults."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(told(fault) for fault in faults))


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be changed; what is None or not named stays as it is."""

    language: str | None = None
    """A language of the study; empty: the phone's own decides."""
    contacts: Mapping[str, str] = field(default_factory=dict)
    """Kind of contact (email, phone) to the address as it was typed; empty takes it off the file."""


def change_participant(
    session: Session,
    context: Context,
    runtime: Runtime,
    participant: Participant,
    wish: Wish,
    seen: int | None = None,
) -> list[EndedLink]:
    """Change language and contact details; the links that the latter ended.

    Links that live, and messages that wait, speak the new language from now on. `seen` is the event that
    whoever asks knows the participant by.

    Raises:
        ContactRefused: with every fault of what was given.
        ChangeRefused: the participant is withdrawn.
        ChangedMeanwhile: somebody changed the participant after `seen`.
    """
    number = participant.study_number
    contacts = _read(runtime, wish)
    if participant.withdrawn_at is not None:
        raise ChangeRefused(RefusalCode.WITHDRAWN, number)
    ended: list[EndedLink] = []
    with step(session, context, Tag.PARTICIPANT_CHANGE, study_number=number) as event:
        require_unchanged(session, number, seen)
        if wish.language is not None and (wish.language or None) != participant.language:
            _change_language(session, event, participant, wish.language or None)
        for kind, address in contacts.items():
            ended += change_contact(session, event, runtime, participant, kind, address)
    return ended


def erase_contact(
    session: Session, context: Context, participant: Participant, seen: int | None = None
) -> int:
    """Erase every address of a participant and call off what waits to be sent; how many there were.

    The caller commits, and then lets the database forget: `Database.forget`.

    Raises:
        ChangedMeanwhile: somebody changed the participant after `seen`.
    """
    number = participant.study_number
    with step(session, context, Tag.PARTICIPANT_ERASE_CONTACT, study_number=number) as event:
        require_unchanged(session, number, seen)
        return erase_contacts(session, event, participant)


def require_reason(participant: Participant, reason: str) -> None:
    """Pass when a reason may stay in the audit trail for good.

    Raises:
        ChangeRefused: there is none, it is too long, or seems to name somebody.
    """
    number = participant.study_number
    if not reason.strip():
        raise ChangeRefused(RefusalCode.REASON_MISSING, number)
    if len(reason) > LONGEST_REASON:
        raise ChangeRefused(RefusalCode.REASON_TOO_LONG, number)
    if "@" in reason or looks_like_a_person(reason.replace(" ", "")):
        raise ChangeRefused(RefusalCode.REASON_PERSONAL, number)


def _read(runtime: Runtime, wish: Wish) -> Mapping[str, str]:
    faults, read = [], {}
    if wish.language and wish.language not in runtime.study.languages:
        languages = runtime.study.languages
        faults.append(Fault(FaultCode.LANGUAGE_UNKNOWN, "language", wish.language, languages))
    for kind, text in wish.contacts.items():
        try:
            read[kind] = _read_address(runtime, kind, text)
        except AddressRefused as error:
            faults.append(error.fault)
    if faults:
        raise ContactRefused(faults)
    return read


def _read_address(runtime: Runtime, kind: str, text: str) -> str:
    if not text.strip():
        return ""
    return read_email(text) if kind == "email" else read_phone(text, runtime.study.phone_countries)


def _change_language(session: Session, event: Step, participant: Participant, language: str | None) -> None:
    number = participant.study_number
    event.change("participant", number, "language", participant.language, language)
    participant.language = language
    live = session.execute(
        select(Invitation, Visit.code)
        .join(Visit, Visit.id == Invitation.visit_id)
        .where(
            Visit.participant_id == participant.id,
            Visit.submitted_at.is_(None),
            Invitation.ended_at.is_(None),
        )
    ).all()
    for invitation, code in live:
        if invitation.language != language:
            event.change("invitation", f"{number}/{code}", "language", invitation.language, language)
            invitation.language = language
    if language is None:
        return
    waiting = select(Message).where(
        Message.invitation_id.in_([invitation.id for invitation, _ in live]),
        Message.state == "queued",
        Message.language != language,
    )
    for message in session.execute(waiting.with_for_update()).scalars():
        event.change("message", message.once_key, "language", message.language, language)
        message.language = language
