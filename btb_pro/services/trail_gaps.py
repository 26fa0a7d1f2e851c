"""What a restored backup left out of the audit trail, as the trail itself tells it.

Numbers that were given out are never given out again, so the trail goes on behind them: the event of the
restore tells how far. A restore of an empty instance knows of nothing that was lost, and leaves no gap.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from btb_pro import clock
from btb_pro.models.base import AuditEvent, Tag, event_hash


@dataclass(frozen=True, slots=True)
class Restore:
    """A backup that was put back, as its event tells it."""

    seq: int
    at: datetime
    of: str
    """Which backup, in the words of the event."""
    kept_until: int
    """Number of the last event that the backup held."""
    lost_hash: str | None
    """Of the last event that was left out; none where nobody could read it."""

    def leaves_out(self, seq: int) -> bool:
        """Whether a number lies in the gap that the restore marked."""
        return self.kept_until < seq < self.seq

    def __str__(self) -> str:
        return f"The restore at event {self.seq} ({clock.utc_text(self.at)}) {self.of}"


def restore_told(event: AuditEvent, before: int) -> Restore | None:
    """The restore that an event tells of, if it is one and follows the number before it as it says."""
    if event.tag != Tag.BACKUP_RESTORE.value or event.seq <= before or event_hash(event) != event.hash:
        return None
    told = {
        change["field"]: change
        for change in json.loads(event.changes)
        if (change["object"], change["key"]) == ("trail", "gap")
    }
    until = told.get("lost_until")
    if until is None or (until["old"], until["new"]) != (str(before), str(event.seq - 1)):
        return None
    lost = told.get("lost_hash")
    return Restore(event.seq, event.at, event.reason, before, None if lost is None else lost["new"])


def why_not_here(seq: int, noted: str, restores: Sequence[Restore]) -> str:
    """What the trail itself tells of a head, noted elsewhere, that is none of its events; empty: nothing.

    However it reads, the noted event is not in the trail.
    """
    gap = next((one for one in restores if one.leaves_out(seq)), None)
    if gap is not None:
        return f"Event {seq} was noted elsewhere and is not in the trail: {_of_gap(gap, seq, noted)}"
    blind = [one for one in restores if one.seq <= seq and one.kept_until == one.seq - 1]
    if blind:
        return (
            f"Event {seq} is not the one that was noted elsewhere. {blind[-1]}, into a database that knew "
            "nothing newer: what had come after that backup is not here, and numbers were given out again."
        )
    return ""


def _of_gap(gap: Restore, seq: int, noted: str) -> str:
    first, last = gap.kept_until + 1, gap.seq - 1
    sentence = f"{gap}, and left out events {first} to {last}, number {seq} among them."
    if gap.lost_hash is None:
        return f"{sentence} The database before it could not be read, so nobody knows how many there were."
    if seq < last:
        return f"{sentence} The trail knows the last one's hash alone: it cannot prove the noted one."
    return f"{sentence} The noted one {'is' if noted == gap.lost_hash else 'is not'} the last of them."
