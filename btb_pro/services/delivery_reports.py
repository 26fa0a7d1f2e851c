"""Recording what a gateway or mail provider reports of a message."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.messaging.reports import Report
from btb_pro.models.message import Message
from btb_pro.services.addressees import addressee_of, contact_of
from btb_pro.services.audit import Context, Tag, step
from btb_pro.services.runtime import Runtime

_MAY_BE_DELIVERED = ("sent", "unknown")
_LONGEST_NUMBER = 15
_MAY_BOUNCE = ("sent", "unknown", "delivered")


def take_report(session: Session, context: Context, runtime: Runtime, report: Report) -> bool:
    """Record a report; whether the message is ours. The same again changes nothing.

    A bounce that follows a delivery counts, since a long SMS is reported part by part; a delivery after a
    bounce does not. Whatever is permanent marks the address, unless it was changed since.
    """
    message = _find(session, runtime, report)
    if message is None:
        return False
    allowed = _MAY_BE_DELIVERED if report.is_delivered else _MAY_BOUNCE
    if message.state not in allowed:
        return True
    addressee = addressee_of(session, message)
    number = addressee.participant.study_number if addressee else ""
    with step(session, context, Tag.MESSAGE_REPORT, study_number=number) as event:
        after = "delivered" if report.is_delivered else "bounced"
        event.change("message", message.once_key, "state", message.state, after)
        message.state, message.ended_at = after, event.at
        message.sent_at = message.sent_at or message.claimed_at
        message.reason = report.reason
        if report.reason:
            event.change("message", message.once_key, "reason", None, report.reason)
        if report.is_permanent and addressee is not None:
            contact = contact_of(session, addressee.participant, message.channel)
            is_the_same = contact is not None and contact.event_seq <= message.event_seq
            if contact is not None and is_the_same and contact.failed_at is None:
                contact.failed_at = event.at
                at = clock.utc_text(event.at)
                event.change("contact", f"{number}/{contact.kind}", "failed_at", None, at)
    return True


def _find(session: Session, runtime: Runtime, report: Report) -> Message | None:
    """By the sender's number of it; else by our own name of it, which reaches one whose worker died."""
    found = session.execute(
        select(Message).where(Message.provider_id == report.provider_id).with_for_update()
    ).scalar_one_or_none()
    study, _, number = report.reference.rpartition("-")
    if found is not None or study != runtime.study.code or not number.isascii() or not number.isdigit():
        return found
    if len(number) > _LONGEST_NUMBER:
        return None
    named = session.get(Message, int(number), with_for_update=True)
    is_waiting = named is not None and named.state != "sending" and named.provider_id is None
    return named if is_waiting and named is not None and named.channel == "sms" else None
