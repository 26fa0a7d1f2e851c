"""Lists of the staff: as they are, and who had which role when."""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from btb_pro.models.base import AuditEvent, Tag
from btb_pro.models.staff import Staff, StaffSession, StaffSite
from btb_pro.roles import Role


class StaffState(StrEnum):
    """Whether somebody can sign in."""

    ACTIVE = "active"
    INVITED = "invited"
    """No password was chosen yet."""
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class ListedStaff:
    """One account."""

    number: int
    email: str
    name: str
    role: Role
    sites: frozenset[str] | None
    state: StaffState
    has_second_factor: bool
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class StaffPeriod:
    """A stretch of time in which an account had one role at the same hospitals."""

    email: str
    name: str
    """As it is now."""
    role: Role
    sites: frozenset[str] | None
    began_at: datetime
    ended_at: datetime | None
    """None as long as it lasts."""


def list_staff(session: Session) -> list[ListedStaff]:
    """Every account: who can sign in first, then by name."""
    sites: dict[int, set[str]] = {}
    for staff_id, code in session.execute(select(StaffSite.staff_id, StaffSite.site_code)):
        sites.setdefault(staff_id, set()).add(code)
    last_use = func.max(StaffSession.last_used_at)
    grouped = select(StaffSession.staff_id, last_use).group_by(StaffSession.staff_id)
    used = {row[0]: row[1] for row in session.execute(grouped)}
    listed = [
        ListedStaff(
            number=row.id,
            email=row.email,
            name=row.name,
            role=Role(row.role),
            sites=None if row.is_for_all_sites else frozenset(sites.get(row.id, ())),
            state=_state(row),
            has_second_factor=row.totp_sealed is not None,
            last_used_at=used.get(row.id),
        )
        for row in session.execute(select(Staff)).scalars()
    ]
    return sorted(listed, key=lambda one: (one.state is StaffState.DISABLED, one.name.casefold(), one.email))


def list_staff_periods(session: Session) -> list[StaffPeriod]:
    """Who had which role where, from when to when, out of the audit trail; by address, then in time."""
    names = {row.email: row.name for row in session.execute(select(Staff.email, Staff.name))}
    tags = (Tag.STAFF_ADD, Tag.STAFF_CHANGE, Tag.STAFF_DISABLE, Tag.STAFF_ENABLE)
    query = (
        select(AuditEvent.at, AuditEvent.changes)
        .where(AuditEvent.tag.in_([tag.value for tag in tags]))
        .order_by(AuditEvent.seq)
    )
    periods: dict[str, list[StaffPeriod]] = {}
    for at, changes in session.execute(query):
        for change in json.loads(changes):
            if change["object"] == "staff" and change["key"] in names:
                known = periods.setdefault(change["key"], [])
                _take(known, change, at, names[change["key"]])
    return [one for email in sorted(periods) for one in periods[email] if one.began_at != one.ended_at]


def _take(known: list[StaffPeriod], change: dict[str, str | None], at: datetime, name: str) -> None:
    """Let one change of an account end a period, begin one, or both."""
    field, new = change["field"], change["new"]
    if field == "role":
        role = Role(new or "")
        sites = known[-1].sites if known else None
        _begin(known, StaffPeriod(change["key"] or "", name, role, sites, at, None))
    elif field == "sites" and known:
        sites = None if new == "all" else frozenset((new or "").split())
        _begin(known, replace(known[-1], sites=sites, began_at=at, ended_at=None))
    elif field == "disabled_at" and known:
        if new is not None:
            known[-1] = replace(known[-1], ended_at=at)
        else:
            known.append(replace(known[-1], began_at=at, ended_at=None))


def _begin(known: list[StaffPeriod], period: StaffPeriod) -> None:
    if known and known[-1].ended_at is None:
        known[-1] = replace(known[-1], ended_at=period.began_at)
    elif known:
        # Changed while disabled: the account's next period begins when it is enabled.
        period = replace(period, began_at=period.began_at, ended_at=period.began_at)
    known.append(period)


def _state(row: Staff) -> StaffState:
    if row.disabled_at is not None:
        return StaffState.DISABLED
    return StaffState.ACTIVE if row.password_hash is not None else StaffState.INVITED
