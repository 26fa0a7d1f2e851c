"""Links out: each one is told to the trail with the ways that it went."""

from sqlalchemy.orm import Session

from btb_pro.api.known import known_participant
from btb_pro.api.operations import Desk, Reply, operation
from btb_pro.api.participants import visit_reply
from btb_pro.api.problems import ProblemKind, Refused
from btb_pro.api.shapes import InvitationIn, InvitationOut, VisitOfParticipantOut
from btb_pro.roles import Scope
from btb_pro.services.handed_links import hand_out_link
from btb_pro.services.invitations import InvitationRefused, revoke_invitation
from btb_pro.services.wordings import WordingNotApproved
from btb_pro.states import WhyRefused


@operation(
    "POST",
    "/participants/{id}/visits/{visit}/invitation",
    Scope.ISSUE_INVITATIONS,
    {200: InvitationOut, 201: InvitationOut},
    (ProblemKind.INVITATION_REFUSED,),
)
def invite(desk: Desk, db: Session, id: str, visit: str, body: InvitationIn) -> Reply:
    """Gives out the link of a participant's visit: the one that lives, or a new one (201).

    With `send` btb_pro sends it as well. Nothing is handed over without an event in the audit trail.
    """
    number = known_participant(desk, db, id).study_number
    try:
        handed = hand_out_link(db, desk.context, desk.runtime, number, visit, body.send, replace=body.replace)
    except InvitationRefused as error:
        raise _no_link(error) from error
    except WordingNotApproved as error:
        raise Refused(ProblemKind.INVITATION_REFUSED, str(error)) from error
    content = InvitationOut(
        id=number,
        visit=visit,
        link=handed.address,
        is_new=handed.is_new,
        send=body.send,
        issued_at=handed.invitation.issued_at,
        opens_at=handed.invitation.opens_at,
        expires_at=handed.invitation.expires_at,
    )
    return Reply(content, 201 if handed.is_new else 200)


@operation(
    "DELETE",
    "/participants/{id}/visits/{visit}/invitation",
    Scope.ISSUE_INVITATIONS,
    {200: VisitOfParticipantOut},
    (ProblemKind.INVITATION_REFUSED,),
)
def revoke(desk: Desk, db: Session, id: str, visit: str) -> Reply:
    """Ends the link of a participant's visit that lives: whoever opens it is told so."""
    participant = known_participant(desk, db, id)
    try:
        revoke_invitation(db, desk.context, desk.runtime, participant.study_number, visit)
    except InvitationRefused as error:
        raise _no_link(error) from error
    return visit_reply(desk, db, participant, visit)


def _no_link(error: InvitationRefused) -> Refused:
    is_unknown = error.why is WhyRefused.NO_SUCH_VISIT
    return Refused(ProblemKind.NOT_FOUND if is_unknown else ProblemKind.INVITATION_REFUSED, str(error))
