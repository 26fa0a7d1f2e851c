"""What was last counted of data quality, summed over the hospitals and the visit that a reader asks for."""

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.instruments.answers import ItemState
from btb_pro.services.jobs import JobKind, newest_done

SECONDS = (5, 10, 20, 30, 45, 60, 90, 120, 180, 300, 600)
"""Upper ends of the bins that times of a page fall into, in seconds; one more bin holds what is longer."""
LONGER = "more"


@dataclass(slots=True)
class Counts:
    """What is counted of visits that were sent in."""

    submitted: int = 0
    late: int = 0
    after: int = 0
    states: dict[str, Counter[str]] = field(default_factory=dict)
    """Form field to how often each state."""
    straight: dict[str, Counter[str]] = field(default_factory=dict)
    """Instrument to ``looked`` (all of its scale answered), ``lowest`` and ``other`` (the same all along)."""
    seconds: dict[str, Counter[str]] = field(default_factory=dict)
    """Page to bin to how often."""
    left_out: Counter[str] = field(default_factory=Counter)
    """How many questions of HSCL-25 had no answer, to how often."""
    not_scored: int = 0


class Sum(Counts):
    """What was counted, added up."""

    def add(self, cell: Mapping[str, Any]) -> None:
        """Add what was counted of one hospital and visit."""
        self.submitted += cell["submitted"]
        self.late += cell["late"]
        self.after += cell["after"]
        self.not_scored += cell["not_scored"]
        self.left_out.update(cell["left_out"])
        for mine, theirs in (
            (self.states, cell["states"]),
            (self.straight, cell["straight"]),
            (self.seconds, cell["seconds"]),
        ):
            for name, numbers in theirs.items():
                mine.setdefault(name, Counter()).update(numbers)

    def answered(self, codes: Collection[str] | None = None) -> tuple[int, int]:
        """Of the questions that applied, how many were answered, and how many there were."""
        numbers: Counter[str] = Counter()
        for code, states in self.states.items():
            if codes is None or code in codes:
                numbers.update(states)
        return share_answered(numbers)


@dataclass(frozen=True, slots=True)
class Report:
    """The newest count."""

    counted_at: datetime
    cutoff_seq: int
    whole: Sum
    by_site: Mapping[str, Sum]


def read_report(session: Session, sites: Sequence[str], site: str, visit: str) -> Report | None:
    """The newest count, for some hospitals; of one hospital or visit alone if one is named. None before the
    first count.
    """
    job = newest_done(session, JobKind.QUALITY)
    if job is None or job.result is None:
        return None
    counted = json.loads(job.result)
    whole, by_site = Sum(), {code: Sum() for code in sites}
    for cell in counted["cells"]:
        if cell["site"] not in by_site or (visit and cell["visit"] != visit):
            continue
        by_site[cell["site"]].add(cell)
        if not site or cell["site"] == site:
            whole.add(cell)
    return Report(clock.read_utc(counted["counted_at"]), counted["cutoff"], whole, by_site)


def share_answered(states: Mapping[str, int]) -> tuple[int, int]:
    """How many are answered, of how many that applied."""
    applied = sum(states.values()) - states.get(ItemState.NOT_APPLICABLE.value, 0)
    return states.get(ItemState.ANSWERED.value, 0), applied


def median_bin(bins: Mapping[str, int]) -> tuple[int, int | None]:
    """From and to, in seconds, of the bin in which the median lies; to None when it is open."""
    half, seen, start = sum(bins.values()) / 2, 0, 0
    for end in SECONDS:
        seen += bins.get(str(end), 0)
        if seen >= half:
            return start, end
        start = end
    return start, None
