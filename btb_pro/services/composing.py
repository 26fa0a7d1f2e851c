"""What a queued message says and whom it reaches, made when it is sent and not before.

Whatever has happened since it was queued is looked at again here: nothing goes to somebody who has answered,
left, or asked for silence, nor to a link that is dead.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.messaging.texts import Facts, Written, write_message
from btb_pro.models.message import Message
from btb_pro.models.response import StepCode
from btb_pro.models.staff import StaffLink
from btb_pro.services import staff_links
from btb_pro.services.addressees import addressee_of, contact_of, facts_of, open_contact
from btb_pro.services.invitations import link_address
from btb_pro.services.made_requests import is_stopped
from btb_pro.services.open_staff_links import find_link
from btb_pro.services.runtime import Runtime
from btb_pro.services.safety import find_alert
from btb_pro.services.sessions import LinkState, link_state
from btb_pro.services.step_codes import CodeGone, code_for, is_live
from btb_pro.study import UnknownCode, safety_contact


class CalledOff(Exception):
    """A message is not to be sent any more. The reason is a code of ours."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message that is ready to be handed over."""

    address: str
    written: Written
    stop_link: str = ""
    channel: str = ""
    """Where it goes by another one than it was queued for: the study file names another contact now."""


Maker = Callable[[Session, Runtime, Message], Outgoing]
"""Makes a message of one kind. It may write rows: they are committed with the claim."""


def compose(
    session: Session, runtime: Runtime, message: Message, makers: Mapping[str, Maker] | None = None
) -> Outgoing:
    """The message with its address.

    Raises:
        CalledOff: it must not be sent any more, or nobody makes messages of its kind.
    """
    maker = (makers or MAKERS).get(message.kind)
    if maker is None:
        raise CalledOff("kind_unknown")
    return maker(session, runtime, message)


def _to_participant(session: Session, runtime: Runtime, message: Message) -> Outgoing:
    addressee = addressee_of(session, message)
    if addressee is None:
        raise CalledOff("kind_unknown")
    state = link_state(addressee.invitation, addressee.visit, addressee.participant, clock.now())
    if state not in (LinkState.OPEN, LinkState.NOT_OPEN_YET):
        raise CalledOff(state.value)
    if is_stopped(session, addressee.participant):
        raise CalledOff("stopped")
    contact = contact_of(session, addressee.participant, message.channel)
    if contact is None:
        raise CalledOff("no_contact")
    if contact.failed_at is not None:
        raise CalledOff("contact_failed")
    link = link_address(runtime, addressee.invitation)
    facts = facts_of(runtime, addressee, message.language, link)
    written = write_message(message.kind, message.language, facts)
    return Outgoing(open_contact(runtime, contact), written, facts.stop_link)


def _code(session: Session, runtime: Runtime, message: Message) -> Outgoing:
    """A one-time code goes to whoever asked for it just now, even if they want no other messages."""
    addressee = addressee_of(session, message)
    row = session.get(StepCode, int(message.subject_key))
    if addressee is None or row is None:
        raise CalledOff("kind_unknown")
    if not is_live(row):
        raise CalledOff("code_gone")
    contact = contact_of(session, addressee.participant, message.channel)
    if contact is None:
        raise CalledOff("no_contact")
    try:
        code = code_for(runtime, row)
    except CodeGone:
        raise CalledOff("code_gone") from None
    whole = facts_of(runtime, addressee, message.language, "")
    facts = Facts(asker=whole.asker, phone=whole.phone, code=code, is_test=whole.is_test)
    return Outgoing(open_contact(runtime, contact), write_message("code", message.language, facts))


def _to_safety_contact(session: Session, runtime: Runtime, message: Message) -> Outgoing:
    """Told whatever became of the participant since, and once somebody has taken it in hand too."""
    raised = find_alert(session, int(message.subject_key))
    if raised is None:
        raise CalledOff("kind_unknown")
    study, participant = runtime.study, raised.participant
    try:
        contact = safety_contact(study, raised.alert.rule, participant.site_code)
    except UnknownCode as error:
        # The study file has dropped the rule. The alert itself stays on Today until somebody has seen to it.
        raise CalledOff("rule_gone") from error
    facts = Facts(
        asker=study.text(study.asker, message.language),
        link=f"{runtime.settings.base_url}/console/safety/{raised.alert.id}",
        study_number=participant.study_number,
        is_test=study.allow_unapproved_wording,
    )
    written = write_message(message.kind, message.language, facts)
    return Outgoing(contact.address, written, channel=contact.channel)


def _to_staff(session: Session, runtime: Runtime, message: Message) -> Outgoing:
    link = session.get(StaffLink, int(message.subject_key))
    if link is None:
        raise CalledOff("kind_unknown")
    address = staff_links.link_address(runtime, link)
    # Looked up as whoever opens it would: a link of an older key opens nothing, and need not be sent.
    found = find_link(session, address.rsplit("/", 1)[1])
    if found.staff is None:
        raise CalledOff(f"link_{found.state.value}")
    facts = Facts(
        asker=runtime.study.text(runtime.study.asker, message.language),
        link=address,
        is_test=runtime.study.allow_unapproved_wording,
    )
    return Outgoing(found.staff.email, write_message(message.kind, message.language, facts))


MAKERS: Mapping[str, Maker] = {
    "invitation": _to_participant,
    "reminder": _to_participant,
    "safety": _to_safety_contact,
    "staff_link": _to_staff,
    "code": _code,
}
"""By kind. Only what goes to a participant unasked heeds a stop; what waits is `sending.QUIET_KINDS`."""
