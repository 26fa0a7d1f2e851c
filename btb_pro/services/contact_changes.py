"""Changing and erasing the addresses that a participant is reached at, and what follows for the links.

A link lies in the old mailbox for as long as that exists. So a new address ends every live link that may have
gone to the old one, and what was sent there is sent anew, with a link of its own, to the new address alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.models.base import new_salt, salted_sha256
from btb_pro.models.message import Message
from btb_pro.models.participant import Contact, Invitation, Participant, Visit
from btb_pro.security import SealBroken, new_public_id
from btb_pro.services.audit import Step
from btb_pro.services.change_history import changes_since
from btb_pro.services.outbox import call_off_messages, invitation_key, queue_message
from btb_pro.services.runtime import Runtime

CHANNELS = {"email": "email", "phone": "sms"}
"""Kind of contact to the channel of messages that goes there."""
KINDS = tuple(CHANNELS)
_WENT_NOWHERE = ("queued", "cancelled")


@dataclass(frozen=True, slots=True)
class EndedLink:
    """A live link that a changed address ended."""

    visit: str
    is_replaced: bool
    """Else it was revoked: the address is gone, and nothing takes its place."""
    is_queued: bool
    """The new link goes out by itself; else somebody has to send it."""


def change_contact(
    session: Session, event: Step, runtime: Runtime, participant: Participant, kind: str, address: str
) -> list[EndedLink]:
    """Put another address of a kind on file, or none if it is empty; the links that this ended.

    The address is as `read_email` and `read_phone` give it. The same one again changes nothing.
    """
    found = find_contact(session, participant, kind)
    old = open_contact(runtime, found) if found else ""
    if old == address:
        return []
    _store(session, event, runtime, participant, kind, address)
    if found is None:
        return []
    return [
        _end_link(session, event, participant, invitation, visit, kind, is_replaced=bool(address))
        for invitation, visit in _live_links(session, participant)
        if _may_lie_there(session, invitation, CHANNELS[kind])
    ]


def erase_contacts(session: Session, event: Step, participant: Participant) -> int:
    """Erase every address of a participant; how many there were.

    The trail keeps the salted hash of each as the proof; the salt goes with the row, so nobody can find out
    the address by trying.
    """
    rows = session.execute(select(Contact).where(Contact.participant_id == participant.id)).scalars().all()
    for row in rows:
        _note(event, participant, row.kind, _noted_hash(session, participant, row.kind), None)
        session.delete(row)
    call_off_messages(session, event, participant.id, "contact_erased")
    session.flush()
    return len(rows)


def find_contact(session: Session, participant: Participant, kind: str) -> Contact | None:
    """The address of a kind, sealed, if there is one."""
    query = select(Contact).where(Contact.participant_id == participant.id, Contact.kind == kind)
    return session.execute(query).scalar_one_or_none()


def open_contact(runtime: Runtime, contact: Contact) -> str | None:
    """The address; None if no key opens it any more."""
    try:
        return runtime.sealer.open(contact.sealed, f"contact/{contact.participant_id}/{contact.kind}")
    except SealBroken:
        return None


def _store(
    session: Session, event: Step, runtime: Runtime, participant: Participant, kind: str, address: str
) -> None:
    row = find_contact(session, participant, kind)
    old = _noted_hash(session, participant, kind) if row else None
    salt = new_salt()
    new = salted_sha256(salt, address) if address else None
    _note(event, participant, kind, old, new)
    if row is not None:
        # Taken out rather than written over: what is put in is another address, with nothing of the old one.
        session.delete(row)
        session.flush()
    if address:
        sealed = runtime.sealer.seal(address, f"contact/{participant.id}/{kind}")
        session.add(
            Contact(participant_id=participant.id, kind=kind, sealed=sealed, salt=salt, event_seq=event.seq)
        )
        session.flush()


def _noted_hash(session: Session, participant: Participant, kind: str) -> str | None:
    """What the trail says of the address that is on file; it needs neither the salt nor the key."""
    changes = changes_since(session, participant.study_number)
    return next((one.new for one in reversed(changes) if (one.kind, one.key) == ("contact", kind)), None)


def _note(event: Step, participant: Participant, kind: str, old: str | None, new: str | None) -> None:
    event.change("contact", f"{participant.study_number}/{kind}", "sha256", old, new)


def _live_links(session: Session, participant: Participant) -> Sequence[tuple[Invitation, Visit]]:
    rows = session.execute(
        select(Invitation, Visit)
        .join(Visit, Visit.id == Invitation.visit_id)
        .where(
            Visit.participant_id == participant.id,
            Visit.submitted_at.is_(None),
            Invitation.ended_at.is_(None),
        )
        .order_by(Invitation.id)
    )
    return [(invitation, visit) for invitation, visit in rows]


def _messages(session: Session, invitation: Invitation) -> Sequence[Message]:
    query = select(Message).where(Message.invitation_id == invitation.id).order_by(Message.id)
    return session.execute(query).scalars().all()


def _may_lie_there(session: Session, invitation: Invitation, channel: str) -> bool:
    """Whether a link may have reached the old address: sent there, or handed out in a way nobody noted."""
    went = [one.channel for one in _messages(session, invitation) if one.state not in _WENT_NOWHERE]
    waits = any(one.state == "queued" for one in _messages(session, invitation))
    return channel in went or not (went or waits)


def _end_link(
    session: Session,
    event: Step,
    participant: Participant,
    invitation: Invitation,
    visit: Visit,
    kind: str,
    *,
    is_replaced: bool,
) -> EndedLink:
    key = f"{participant.study_number}/{visit.code}"
    sent = [one for one in _messages(session, invitation) if one.channel == CHANNELS[kind]]
    call_off_messages(session, event, participant.id, "contact_changed", invitation_ids=[invitation.id])
    # One that has expired gets no successor; left as it is, a later move of the visit would wake it.
    has_successor = is_replaced and invitation.expires_at > event.at
    reason = "replaced" if has_successor else "revoked"
    invitation.ended_at, invitation.end_reason = event.at, reason
    event.change("invitation", key, "end_reason", None, reason)
    session.flush()
    if not has_successor:
        return EndedLink(visit.code, is_replaced=False, is_queued=False)
    new = _successor(session, event, invitation, key)
    if sent:
        queue_message(
            session,
            event,
            kind="invitation",
            channel=CHANNELS[kind],
            language=new.language or sent[-1].language,
            once_key=invitation_key(new, CHANNELS[kind]),
            due_at=max(event.at, new.opens_at),
            invitation_id=new.id,
        )
    return EndedLink(visit.code, is_replaced=True, is_queued=bool(sent))


def _successor(session: Session, event: Step, old: Invitation, key: str) -> Invitation:
    new = Invitation(
        public_id=new_public_id(),
        visit_id=old.visit_id,
        language=old.language,
        issued_at=event.at,
        opens_at=old.opens_at,
        expires_at=old.expires_at,
        event_seq=event.seq,
    )
    session.add(new)
    session.flush()
    event.change("invitation", key, "public_id", None, new.public_id)
    event.change("invitation", key, "expires_at", None, clock.utc_text(new.expires_at))
    return new
