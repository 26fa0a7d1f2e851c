"""With which event of the audit trail an export ends."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.exports.records import CutOff
from btb_pro.models.base import AuditEvent, AuditHead, Tag
from btb_pro.refusals import PlainRefusal

_OF_EXPORTS = (
    Tag.EXPORT_TAKE.value,
    Tag.EXPORT_PREVIEW.value,
    Tag.EXPORT_FETCH.value,
    Tag.EXPORT_PUSH.value,
    Tag.COPY_TAKE.value,
)
"""Events that change nothing in a data set."""


class ExportRefused(PlainRefusal):
    """An export cannot be taken as asked; no file was left. The message says why and what to do."""


class MappingForNothing(ExportRefused):
    """A bundle was asked for with a mapping file, and holds no format of the receiver that it is for."""

    def __init__(self, target: str) -> None:
        self.target = target
        super().__init__(f"The mapping is for {target}, and nothing in the bundle is: add that format.")


class CutOffRefused(ExportRefused):
    """What an export is to end with is no event and no instant that there was."""

    def __init__(self, sentence: str, *, is_ahead: bool = False) -> None:
        super().__init__(sentence)
        self.is_ahead = is_ahead
        """It has not come yet."""


def find_cutoff(session: Session, until: str | None) -> CutOff:
    """The event to read up to. The chain is locked meanwhile: what is under way now comes after it.

    Raises:
        CutOffRefused: see the class.
    """
    head = session.execute(select(AuditHead).with_for_update()).scalar_one_or_none()
    if head is None:
        raise CutOffRefused("Nothing is recorded in this database yet: there is nothing to take out.")
    newest = select(func.max(AuditEvent.seq))
    if until is None:
        seq = session.execute(newest.where(AuditEvent.tag.not_in(_OF_EXPORTS))).scalar_one()
    elif until.isascii() and until.isdigit():
        seq = _event_number(int(until), head.seq)
    else:
        seq = session.execute(newest.where(AuditEvent.at <= _past_instant(until))).scalar_one()
    if seq is None:
        raise CutOffRefused(f"Nothing was recorded before {until}: name a later instant.")
    return cutoff_at(session, seq)


def cutoff_at(session: Session, seq: int) -> CutOff:
    """An event as a cut-off."""
    event = session.execute(select(AuditEvent).where(AuditEvent.seq == seq)).scalar_one()
    return CutOff(event.seq, event.at, event.hash)


def _event_number(number: int, last: int) -> int:
    if not 1 <= number <= last:
        sentence = f"There is no event {number} yet: name one from 1 to {last}, the last one."
        raise CutOffRefused(sentence, is_ahead=number > last)
    return number


def _past_instant(text: str) -> datetime:
    try:
        instant = clock.read_utc(text)
    except (ValueError, OverflowError) as error:
        raise CutOffRefused(
            f"{text!r} is neither an event's number nor an instant with its offset: "
            "write it as 2026-01-31T10:00:00+01:00."
        ) from error
    if instant >= clock.now():
        sentence = f"{text} lies in the future: an export ends with what is recorded already."
        raise CutOffRefused(sentence, is_ahead=True)
    return instant
