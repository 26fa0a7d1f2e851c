"""Visits whose manner of answering is worth a look, as the newest count found them.

For the review of the trail that goes by risk (EMA guideline on computerised systems in clinical trials, 2023,
6.2.2). A visit is listed with what was counted and nothing is concluded from it: people who are in pain are
awake at night, some read fast, some change their minds.

Whether several participants answered on the same device is not among it. Nothing that is stored can tell:
no address of the network, no browser's name and no mark on the phone is kept with answers, on purpose.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.services.jobs import JobKind, newest_done

NIGHT = (0, 5)
"""From the first hour of the day up to the other, in Norway."""
QUICK_SECONDS = 2.0
"""A question of a page that took less is answered faster than most can read it.

Huang, Curran, Keeney, Poposki & DeShon (2012), J Bus Psychol 27, 99-114; counted by the page as in Bowling,
Huang, Brower & Bragg (2023), Organ Res Methods 26, 323-352, who found that this tells more than the time of
the whole.
"""
QUICK_SHARE = 0.5
"""Listed when at least so much of the pages were quick: our own choice, since one quick page is common."""
FEWEST_PAGES = 5
"""Of fewer nothing is said: who knows three short questions from the last time is quick and reads them."""
MANY_CHANGES = 10
"""Listed when there are more; our own choice, as the next two."""
CHANGED_SHARE = 0.25
FEWEST_CHANGED = 3
"""Of the share of questions that were changed nothing is said below so many."""


class Why(StrEnum):
    """What makes a visit worth a look."""

    NIGHT = "night"
    QUICK = "quick"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Manner:
    """How a visit that was sent in was answered on a screen."""

    answered: int
    """Questions with an answer."""
    at_night: int
    """Of these, how many got an answer at night."""
    night_began: datetime | None
    night_ended: datetime | None
    pages: int
    """That were timed and have an answer."""
    quick_pages: int
    changes: int
    """How often a question got another answer after one of another question."""
    changed: int
    """How many questions that were."""

    @property
    def reasons(self) -> tuple[Why, ...]:
        """Empty for an ordinary visit."""
        is_quick = self.pages >= FEWEST_PAGES and self.quick_pages >= QUICK_SHARE * self.pages
        many = self.changed >= FEWEST_CHANGED and self.changed > CHANGED_SHARE * self.answered
        is_changed = many or self.changes > MANY_CHANGES
        holds = ((Why.NIGHT, self.at_night > 0), (Why.QUICK, is_quick), (Why.CHANGED, is_changed))
        return tuple(why for why, is_so in holds if is_so)


@dataclass(frozen=True, slots=True)
class Look:
    """One visit that is worth a look."""

    participant: str
    site: str
    visit: str
    manner: Manner

    @property
    def as_json(self) -> dict[str, object]:
        """In types that JSON has."""
        one = self.manner
        return {
            "participant": self.participant,
            "site": self.site,
            "visit": self.visit,
            "answered": one.answered,
            "night": None
            if one.night_began is None or one.night_ended is None
            else [one.at_night, clock.utc_text(one.night_began), clock.utc_text(one.night_ended)],
            "pages": [one.quick_pages, one.pages],
            "changes": [one.changes, one.changed],
        }


@dataclass(frozen=True, slots=True)
class Looks:
    """What the newest count found, for some hospitals."""

    counted_at: datetime
    counted: int
    """Visits that were sent in and looked at."""
    found: Sequence[Look]
    """Most reasons first, then by study number and visit."""


def read_looks(
    session: Session, sites: Collection[str], visits: Collection[str], why: Why | None
) -> Looks | None:
    """The newest count's, of these hospitals and visits and for one reason, or for any. None before the first
    count, or where it was made by a version that did not look.
    """
    job = newest_done(session, JobKind.QUALITY)
    counted = json.loads(job.result) if job is not None and job.result is not None else {}
    if "looks" not in counted:
        return None
    found = [_read(row) for row in counted["looks"] if row["site"] in sites and row["visit"] in visits]
    found = [one for one in found if why is None or why in one.manner.reasons]
    found.sort(key=lambda one: (-len(one.manner.reasons), one.participant, one.visit))
    cells = (cell for cell in counted["cells"] if cell["site"] in sites and cell["visit"] in visits)
    looked_at = sum(cell["submitted"] for cell in cells)
    return Looks(clock.read_utc(counted["counted_at"]), looked_at, found)


def _read(row: dict[str, object]) -> Look:
    night, pages, changes = row["night"], row["pages"], row["changes"]
    assert isinstance(pages, list)
    assert isinstance(changes, list)
    number, began, ended = night if isinstance(night, list) else (0, None, None)
    manner = Manner(
        answered=int(f"{row['answered']}"),
        at_night=number,
        night_began=clock.read_utc(began) if began else None,
        night_ended=clock.read_utc(ended) if ended else None,
        quick_pages=pages[0],
        pages=pages[1],
        changes=changes[0],
        changed=changes[1],
    )
    return Look(f"{row['participant']}", f"{row['site']}", f"{row['visit']}", manner)
