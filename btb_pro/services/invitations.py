"""Issuing and revoking links."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.models.participant import Invitation, Participant, Visit
from btb_pro.refusals import PlainRefusal
from btb_pro.security import new_public_id
from btb_pro.services.audit import Context, Step, Tag, step
from btb_pro.services.known_participants import find_participant
from btb_pro.services.runtime import Runtime
from btb_pro.services.weekly_counts import Counted, count_visit
from btb_pro.services.wordings import require_approved
from btb_pro.states import WhyRefused


class InvitationRefused(PlainRefusal):
    """A link cannot be issued, ended or sent as asked. The message says why and what to do."""

    def __init__(self, why: WhyRefused, message: str) -> None:
        self.why = why
        super().__init__(message)


def issue_invitation(
    session: Session,
    context: Context,
    runtime: Runtime,
    study_number: str,
    visit_code: str,
    *,
    replace: bool = False,
) -> Invitation:
    """The live link of a participant's visit: the one there is, or a new one.

    With `replace` a live link dies and a new one takes its place.

    Raises:
        ParticipantUnknown: there is no such participant.
        InvitationRefused: the visit asks nothing, is over or is submitted, or the participant is withdrawn.
        WordingNotApproved: the visit uses a wording that nobody approved.
    """
    participant = find_participant(session, study_number)
    visit = find_visit(session, runtime, participant, visit_code)
    planned = runtime.study.visit(visit_code)
    require_invitable(runtime, participant, visit)
    require_approved(session, runtime.study, planned, runtime.instruments)
    live = live_invitation(session, visit)
    if live is not None and not replace:
        if live.expires_at <= clock.now():
            raise InvitationRefused(
                WhyRefused.WINDOW_OVER,
                f"The link for {visit_code} expired at {clock.local_text(live.expires_at)} "
                "and the visit's window is over: move the visit first.",
            )
        return live
    number = participant.study_number
    with step(session, context, Tag.INVITATION_ISSUE, study_number=number) as event:
        if live is not None:
            _end(event, live, "replaced", f"{number}/{visit_code}")
            session.flush()
        invitation = new_invitation(event.at, runtime, participant, visit, event.seq)
        if not _was_invited(session, visit):
            count_visit(session, participant, Counted.INVITED, event.at)
        session.add(invitation)
        event.change("invitation", f"{number}/{visit_code}", "public_id", None, invitation.public_id)
        event.change(
            "invitation",
            f"{number}/{visit_code}",
            "expires_at",
            None,
            clock.utc_text(invitation.expires_at),
        )
    return invitation


def revoke_invitation(
    session: Session, context: Context, runtime: Runtime, study_number: str, visit_code: str
) -> Invitation:
    """End the live link of a participant's visit.

    Raises:
        ParticipantUnknown: there is no such participant.
        InvitationRefused: there is no such visit, or no live link.
    """
    participant = find_participant(session, study_number)
    visit = find_visit(session, runtime, participant, visit_code)
    live = live_invitation(session, visit)
    if live is None:
        raise InvitationRefused(
            WhyRefused.NO_LIVE_LINK, f"{participant.study_number} has no live link for {visit_code}."
        )
    number = participant.study_number
    with step(session, context, Tag.INVITATION_REVOKE, study_number=number) as event:
        _end(event, live, "revoked", f"{number}/{visit_code}")
    return live


def link_address(runtime: Runtime, invitation: Invitation) -> str:
    """The whole address of a link, as it is given to the participant."""
    return f"{runtime.settings.base_url}/s/{runtime.links.token(invitation.public_id)}"


def find_visit(session: Session, runtime: Runtime, participant: Participant, code: str) -> Visit:
    """A participant's visit by its code.

    Raises:
        InvitationRefused: the study has no such visit.
    """
    codes = [visit.code for visit in runtime.study.visits]
    visit = session.execute(
        select(Visit).where(Visit.participant_id == participant.id, Visit.code == code)
    ).scalar_one_or_none()
    if code not in codes or visit is None:
        raise InvitationRefused(
            WhyRefused.NO_SUCH_VISIT, f"{code!r} is no visit of this study: use one of {', '.join(codes)}."
        )
    return visit


def require_invitable(runtime: Runtime, participant: Participant, visit: Visit) -> None:
    """Go on only if a visit asks something, and its participant takes part and has not sent it in.

    Raises:
        InvitationRefused: see above.
    """
    if not runtime.study.visit(visit.code).parts:
        raise InvitationRefused(
            WhyRefused.NO_QUESTIONS,
            f"The visit {visit.code} asks no questions: the study file gives it no instruments.",
        )
    if participant.withdrawn_at is not None:
        raise InvitationRefused(
            WhyRefused.WITHDRAWN, f"{participant.study_number} is withdrawn: no link is given out."
        )
    if visit.submitted_at is not None:
        raise InvitationRefused(
            WhyRefused.SUBMITTED, f"{participant.study_number} has sent in {visit.code} already."
        )


def live_invitation(session: Session, visit: Visit) -> Invitation | None:
    """The link of a visit that was not ended; it may have expired."""
    return session.execute(
        select(Invitation).where(Invitation.visit_id == visit.id, Invitation.ended_at.is_(None))
    ).scalar_one_or_none()


def _was_invited(session: Session, visit: Visit) -> bool:
    return session.execute(select(Invitation.id).where(Invitation.visit_id == visit.id)).first() is not None


def _end(event: Step, invitation: Invitation, reason: str, key: str) -> None:
    invitation.ended_at, invitation.end_reason = event.at, reason
    event.change("invitation", key, "end_reason", None, reason)


def new_invitation(
    at: datetime, runtime: Runtime, participant: Participant, visit: Visit, seq: int | None = None
) -> Invitation:
    """The link that a visit would get at an instant; whoever stores it names the audit event.

    Raises:
        InvitationRefused: the visit's window is over.
    """
    opens_at = visit.opens_at or at
    expires_at = visit.expires_at or at + timedelta(days=runtime.study.link_days_without_day0)
    if expires_at <= at:
        raise InvitationRefused(
            WhyRefused.WINDOW_OVER,
            f"The window of {visit.code} is over: its links died at {clock.local_text(expires_at)}. "
            "Give the participant another day 0 if that day is wrong.",
        )
    return Invitation(
        public_id=new_public_id(),
        visit_id=visit.id,
        language=participant.language,
        issued_at=at,
        opens_at=opens_at,
        expires_at=expires_at,
        event_seq=seq,
    )
