"""What may have gone out since a backup was made: after a restore, a person decides on each.

The restored database does not know what was sent after the backup. Messages that were waiting then may be
gone; so may reminders and invitations that fell due since, which a worker would otherwise send again.
"""

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro.models.message import Message
from btb_pro.services.audit import Context, Step, Tag, step
from btb_pro.services.invitations import InvitationRefused
from btb_pro.services.inviting import due_invitations, invite_participant, open_channels
from btb_pro.services.reminders import due_reminders, queue_reminder
from btb_pro.services.runtime import Runtime
from btb_pro.services.wordings import WordingNotApproved

_WAITING = ("queued", "sending")


def hold_waiting(session: Session, event: Step) -> int:
    """Mark every message that waits or is under way as unknown; how many that were."""
    waiting = session.execute(select(Message).where(Message.state.in_(_WAITING))).scalars().all()
    for message in waiting:
        event.change("message", message.once_key, "state", message.state, "unknown")
        message.state, message.reason, message.ended_at = "unknown", "restored", event.at
    return len(waiting)


def hold_what_fell_due(session: Session, context: Context, runtime: Runtime) -> int:
    """Queue what a worker would send next by itself, and mark it as unknown at once; how many that were."""
    for reminder in due_reminders(session, runtime.study):
        queue_reminder(session, context, reminder)
    if runtime.study.invites_by_itself:
        for due in due_invitations(session, runtime.study):
            usable = [channel for channel in due.channels if channel in open_channels(runtime)]
            try:
                for channel in usable[:1]:
                    invite_participant(session, context, runtime, due.study_number, due.visit, channel)
            except (InvitationRefused, WordingNotApproved):
                # The worker would not invite them either.
                continue
    with step(session, context, Tag.BACKUP_RESTORE, reason="may have gone out since the backup") as event:
        return hold_waiting(session, event)
