"""Handing a participant's link to another program, and telling the trail so each time."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from btb_pro.models.participant import Invitation
from btb_pro.services.audit import Context, Tag, step
from btb_pro.services.invitations import find_visit, link_address, live_invitation
from btb_pro.services.inviting import invite_participant
from btb_pro.services.known_participants import find_participant
from btb_pro.services.runtime import Runtime


@dataclass(frozen=True, slots=True)
class HandedLink:
    """A link as it is handed over."""

    invitation: Invitation
    address: str
    is_new: bool
    """Made now; else it is the one that was there."""


def hand_out_link(
    session: Session,
    context: Context,
    runtime: Runtime,
    study_number: str,
    visit_code: str,
    channel: str,
    *,
    replace: bool,
) -> HandedLink:
    """The live link of a participant's visit, or a new one, for the program that asks; perhaps sent as well.

    The trail tells each time who got it, and by which ways it went.

    Raises:
        As `invite_participant`.
    """
    participant = find_participant(session, study_number)
    before = live_invitation(session, find_visit(session, runtime, participant, visit_code))
    invitation = invite_participant(
        session, context, runtime, study_number, visit_code, channel, replace=replace
    )
    number = participant.study_number
    ways = "api" if channel == "none" else f"api, {channel}"
    with step(session, context, Tag.INVITATION_HAND_OUT, study_number=number) as event:
        event.change("invitation", f"{number}/{visit_code}", "handed_out_by", None, ways)
    is_new = before is None or before.id != invitation.id
    return HandedLink(invitation, link_address(runtime, invitation), is_new)
