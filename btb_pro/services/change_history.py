"""What was changed of a participant, by whom and when, as the audit trail tells it; never an answer."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from btb_pro.models.base import AuditEvent, Tag

SHOWN_FIELDS = {
    "participant": frozenset({"site", "language", "day0", "is_withdrawn"}),
    "contact": frozenset({"sha256"}),
    "visit": frozenset({"planned_on", "begins_at", "is_moved"}),
}
"""What a coordinator may edit and so may see changed; all else of the trail stays there."""
TOLD_FIELDS = {**SHOWN_FIELDS, "invitation": frozenset({"public_id", "end_reason"})}
"""What a participant's story is told by; a link's name is only a sign that there is a new one."""


@dataclass(frozen=True, slots=True)
class SeenChange:
    """One changed field: `kind` and `field` as in `SHOWN_FIELDS`, `key` the visit or the kind of contact."""

    seq: int
    at: datetime
    actor_kind: str
    actor: str
    tag: str
    kind: str
    key: str
    field: str
    old: str | None
    new: str | None
    """Of a contact a salted hash, which is no more than a sign that there is one: not to be shown."""
    reason: str = ""


class ChangedMeanwhile(Exception):
    """Somebody changed the participant after the form was shown; `changes` tells what."""

    def __init__(self, changes: Sequence[SeenChange]) -> None:
        self.changes = tuple(changes)
        super().__init__(f"{len(changes)} fields were changed since")


def newest_event(session: Session, study_number: str) -> int:
    """Number of the newest audit event of a participant: what a form was shown with."""
    query = select(func.max(AuditEvent.seq)).where(AuditEvent.study_number == study_number)
    return session.execute(query).scalar_one() or 0


def changes_since(
    session: Session,
    study_number: str,
    seq: int = 0,
    fields: Mapping[str, Collection[str]] = SHOWN_FIELDS,
) -> list[SeenChange]:
    """What was changed of a participant in later events than one, oldest first."""
    query = (
        select(AuditEvent)
        .where(AuditEvent.study_number == study_number, AuditEvent.seq > seq)
        .where(AuditEvent.tag.not_in((Tag.ANSWER_SAVE.value, Tag.PARTICIPANT_VIEW.value)))
        .order_by(AuditEvent.seq)
    )
    return [change for event in session.execute(query).scalars() for change in _shown(event, fields)]


def require_unchanged(session: Session, study_number: str, seen: int | None) -> None:
    """Pass when nothing was changed after event `seen`; None asks for nothing.

    To be called within a step, which holds the chain's lock, so that nobody changes anything in between.

    Raises:
        ChangedMeanwhile: with what was changed.
    """
    changes = [] if seen is None else changes_since(session, study_number, seen)
    if changes:
        raise ChangedMeanwhile(changes)


def _shown(event: AuditEvent, fields: Mapping[str, Collection[str]]) -> Iterator[SeenChange]:
    for change in json.loads(event.changes):
        if change["field"] in fields.get(change["object"], ()):
            yield SeenChange(
                seq=event.seq,
                at=event.at,
                actor_kind=event.actor_kind,
                actor=event.actor,
                tag=event.tag,
                kind=change["object"],
                key=change["key"].partition("/")[2],
                field=change["field"],
                old=change["old"],
                new=change["new"],
                reason=event.reason,
            )
