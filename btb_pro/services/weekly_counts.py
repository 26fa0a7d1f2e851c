"""Counting visits as they are invited, started and sent in, so that nobody has to count them later.

Ten thousand participants make no more of these rows than a hundred do: one a hospital, week and step. They
are written in the transaction of what they count, and writers come one after another (services/audit.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.models.participant import Participant, WeeklyCount


class Counted(StrEnum):
    """What is counted, each once a visit."""

    INVITED = "invited"
    """A first link was given out."""
    STARTED = "started"
    """A first answer was saved."""
    SUBMITTED = "submitted"


@dataclass(frozen=True, slots=True)
class Week:
    """One week of one or more hospitals."""

    monday: date
    numbers: Mapping[Counted, int]


def count_visit(session: Session, participant: Participant, what: Counted, at: datetime) -> None:
    """Count one visit of a participant, for the week of an instant; to be called once a visit and step."""
    key = {"site_code": participant.site_code, "week": monday_of(at), "what": what.value}
    row = session.get(WeeklyCount, key)
    if row is None:
        session.add(WeeklyCount(**key, number=1))
    else:
        row.number += 1


def monday_of(at: datetime) -> date:
    """The first day of the Norwegian week that an instant lies in."""
    day = at.astimezone(clock.OSLO).date()
    return day - timedelta(days=day.weekday())


def totals_by_site(session: Session, sites: Sequence[str]) -> Mapping[str, Mapping[Counted, int]]:
    """Site code to how many visits were ever invited, started and sent in; every site has all three."""
    rows = session.execute(
        select(WeeklyCount.site_code, WeeklyCount.what, func.sum(WeeklyCount.number))
        .where(WeeklyCount.site_code.in_(sites))
        .group_by(WeeklyCount.site_code, WeeklyCount.what)
    )
    found = {site: dict.fromkeys(Counted, 0) for site in sites}
    for site, what, number in rows:
        found[site][Counted(what)] = number
    return found


def last_weeks(session: Session, sites: Sequence[str], number: int) -> list[Week]:
    """The last weeks of these hospitals together, oldest first, this one last; empty weeks too."""
    this_week = monday_of(clock.now())
    mondays = [this_week - timedelta(weeks=back) for back in reversed(range(number))]
    rows = session.execute(
        select(WeeklyCount.week, WeeklyCount.what, func.sum(WeeklyCount.number))
        .where(WeeklyCount.site_code.in_(sites), WeeklyCount.week >= mondays[0])
        .group_by(WeeklyCount.week, WeeklyCount.what)
    )
    found = {monday: dict.fromkeys(Counted, 0) for monday in mondays}
    for monday, what, total in rows:
        if monday in found:
            found[monday][Counted(what)] = total
    return [Week(monday, numbers) for monday, numbers in found.items()]
