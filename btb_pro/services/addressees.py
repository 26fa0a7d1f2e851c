"""Whom a message reaches, over which address, in which language, and what it may say to them."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.messaging.texts import Facts
from btb_pro.models.message import Message
from btb_pro.models.participant import Contact, Invitation, Participant, Visit
from btb_pro.services.runtime import Runtime
from btb_pro.study import Study

CONTACT_KIND = {"email": "email", "sms": "phone"}
"""Channel to the kind of contact that it needs."""


@dataclass(frozen=True, slots=True)
class Addressee:
    """A participant, and the link that a message to them carries."""

    invitation: Invitation
    visit: Visit
    participant: Participant


def addressee_of(session: Session, message: Message) -> Addressee | None:
    """The participant whom a message is for; None when it is for staff."""
    row = session.execute(
        select(Invitation, Visit, Participant)
        .join(Visit, Visit.id == Invitation.visit_id)
        .join(Participant, Participant.id == Visit.participant_id)
        .where(Invitation.id == message.invitation_id)
    ).first()
    return None if row is None else Addressee(*row)


def contact_of(session: Session, participant: Participant, channel: str) -> Contact | None:
    """The sealed contact that a channel needs, if there is one."""
    return session.execute(
        select(Contact).where(
            Contact.participant_id == participant.id, Contact.kind == CONTACT_KIND.get(channel, "")
        )
    ).scalar_one_or_none()


def open_contact(runtime: Runtime, contact: Contact) -> str:
    """The address that a contact holds.

    Raises:
        SealBroken: its key is gone, or it was changed.
    """
    return runtime.sealer.open(contact.sealed, f"contact/{contact.participant_id}/{contact.kind}")


def language_of(study: Study, participant: Participant) -> str:
    """The language of messages to a participant: the study's first where none was said."""
    return participant.language if participant.language in study.languages else study.languages[0]


def facts_of(runtime: Runtime, addressee: Addressee, language: str, link: str) -> Facts:
    """What a message about a link may say."""
    study = runtime.study
    asked = study.visit(addressee.visit.code)
    return Facts(
        asker=study.text(study.asker, language),
        phone=study.site(addressee.participant.site_code).phone,
        link=link,
        minutes=asked.minutes,
        last_day=clock.last_day(addressee.invitation.expires_at),
        stop_link=f"{link}/stop",
        is_test=study.allow_unapproved_wording,
    )
