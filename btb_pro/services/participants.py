"""Adding, listing and withdrawing participants."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro.models.base import new_salt, salted_sha256
from btb_pro.models.participant import Contact, Invitation, Participant, Visit
from btb_pro.refusals import PlainRefusal
from btb_pro.services.audit import Context, Step, Tag, step, steps
from btb_pro.services.change_history import require_unchanged
from btb_pro.services.contact_changes import erase_contacts
from btb_pro.services.known_participants import find_participant
from btb_pro.services.outbox import call_off_messages
from btb_pro.services.participant_changes import ChangeRefused, require_reason
from btb_pro.services.participant_checks import NewParticipant, find_faults, read_day, read_email, read_phone
from btb_pro.services.participant_faults import Fault, RefusalCode, told
from btb_pro.services.runtime import Runtime
from btb_pro.study import visit_window


class ParticipantRefused(PlainRefusal):
    """A participant cannot be added as asked. The messages say what is wrong and what is expected."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(told(fault) for fault in faults))


@dataclass(frozen=True, slots=True)
class _Checked:
    study_number: str
    site: str
    language: str | None
    contacts: tuple[tuple[str, str], ...]
    day0: date | None


def add_participant(
    session: Session,
    context: Context,
    runtime: Runtime,
    new: NewParticipant,
    sites: Collection[str] | None = None,
) -> Participant:
    """Add a participant with all visits of the study file and, sealed, the contact details.

    `sites` are the codes that whoever adds may add to; None for all.

    Raises:
        ParticipantRefused: with every fault of what was given.
    """
    faults = find_faults(session, runtime.study, new, sites)
    if faults:
        raise ParticipantRefused(faults)
    return add_sound_participants(session, context, runtime, [new])[0]


def add_sound_participants(
    session: Session, context: Context, runtime: Runtime, new: Sequence[NewParticipant]
) -> list[Participant]:
    """Add participants in whom no fault was found, in this transaction; each under an event of its own."""
    checked = [_read(runtime, one) for one in new]
    numbers = [one.study_number for one in checked]
    with steps(session, context, Tag.PARTICIPANT_ADD, numbers) as events:
        added = [
            Participant(
                study_number=one.study_number,
                site_code=one.site,
                language=one.language,
                day0=one.day0,
                event_seq=event.seq,
            )
            for one, event in zip(checked, events, strict=True)
        ]
        session.add_all(added)
        session.flush()
        for participant, one, event in zip(added, checked, events, strict=True):
            _tell_participant(event, one)
            _add_contacts(session, event, runtime, participant, one)
            _add_visits(session, event, runtime, participant)
    return added


def withdraw_participant(
    session: Session,
    context: Context,
    study_number: str,
    reason: str,
    *,
    erases_contacts: bool = False,
    seen: int | None = None,
) -> Participant:
    """Withdraw a participant: every link dies at once, no message goes out, answers stay.

    With `erases_contacts` the addresses go too; the caller commits, and then lets the database forget.

    Raises:
        ParticipantUnknown: there is none with that number.
        ChangeRefused: the reason is missing or seems to name somebody, or the participant is withdrawn.
        ChangedMeanwhile: somebody changed the participant after event `seen`.
    """
    participant = find_participant(session, study_number)
    require_reason(participant, reason)
    if participant.withdrawn_at is not None:
        raise ChangeRefused(RefusalCode.WITHDRAWN, participant.study_number)
    number = participant.study_number
    with step(
        session, context, Tag.PARTICIPANT_WITHDRAW, study_number=number, reason=reason.strip()
    ) as event:
        require_unchanged(session, number, seen)
        participant.withdrawn_at = event.at
        participant.withdrawal_reason = reason.strip()
        event.change("participant", number, "is_withdrawn", "false", "true")
        _end_links(session, event, participant)
        call_off_messages(session, event, participant.id, "withdrawn")
        if erases_contacts:
            erase_contacts(session, event, participant)
    return participant


def _end_links(session: Session, event: Step, participant: Participant) -> None:
    live = session.execute(
        select(Invitation, Visit.code)
        .join(Visit, Visit.id == Invitation.visit_id)
        .where(Visit.participant_id == participant.id, Invitation.ended_at.is_(None))
    ).all()
    for invitation, visit_code in live:
        invitation.ended_at, invitation.end_reason = event.at, "withdrawn"
        event.change(
            "invitation", f"{participant.study_number}/{visit_code}", "end_reason", None, "withdrawn"
        )


def _read(runtime: Runtime, new: NewParticipant) -> _Checked:
    contacts = []
    if new.email:
        contacts.append(("email", read_email(new.email)))
    if new.phone:
        contacts.append(("phone", read_phone(new.phone, runtime.study.phone_countries)))
    return _Checked(
        study_number=new.study_number.strip(),
        site=new.site,
        language=new.language or None,
        contacts=tuple(contacts),
        day0=read_day(new.day0) if new.day0 else None,
    )


def _tell_participant(event: Step, checked: _Checked) -> None:
    key = checked.study_number
    event.change("participant", key, "site", None, checked.site)
    event.change("participant", key, "language", None, checked.language)
    event.change("participant", key, "day0", None, checked.day0.isoformat() if checked.day0 else None)


def _add_contacts(
    session: Session, event: Step, runtime: Runtime, participant: Participant, checked: _Checked
) -> None:
    for kind, address in checked.contacts:
        salt = new_salt()
        sealed = runtime.sealer.seal(address, f"contact/{participant.id}/{kind}")
        session.add(
            Contact(participant_id=participant.id, kind=kind, sealed=sealed, salt=salt, event_seq=event.seq)
        )
        event.change(
            "contact", f"{checked.study_number}/{kind}", "sha256", None, salted_sha256(salt, address)
        )


def _add_visits(session: Session, event: Step, runtime: Runtime, participant: Participant) -> None:
    for visit in runtime.study.visits:
        window = visit_window(visit, participant.day0)
        session.add(
            Visit(
                participant_id=participant.id,
                code=visit.code,
                planned_on=window.planned_on,
                opens_at=window.opens_at,
                closes_at=window.closes_at,
                expires_at=window.expires_at,
                event_seq=event.seq,
            )
        )
        planned = window.planned_on.isoformat() if window.planned_on else None
        event.change("visit", f"{participant.study_number}/{visit.code}", "planned_on", None, planned)
