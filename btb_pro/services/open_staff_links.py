"""What a one-time link of the staff opens, and its end."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.models.staff import Staff, StaffLink
from btb_pro.services.audit import Step


class StaffLinkState(StrEnum):
    """What a link opens now."""

    OPEN = "open"
    USED = "used"
    EXPIRED = "expired"
    """Its time is over, a newer one was made, or the account was disabled."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class FoundLink:
    """A link, and whose it is; nobody's while it is not open."""

    state: StaffLinkState
    link: StaffLink | None = None
    staff: Staff | None = None


def find_link(session: Session, secret: str) -> FoundLink:
    """What a link opens now. Writes nothing."""
    query = select(StaffLink).where(StaffLink.secret_sha256 == digest_of(secret))
    link = session.execute(query).scalar_one_or_none()
    if link is None:
        return FoundLink(StaffLinkState.UNKNOWN)
    if link.used_at is not None:
        return FoundLink(StaffLinkState.USED)
    staff = session.get_one(Staff, link.staff_id)
    if clock.now() >= link.expires_at or staff.disabled_at is not None:
        return FoundLink(StaffLinkState.EXPIRED)
    return FoundLink(StaffLinkState.OPEN, link, staff)


def use_up(event: Step, staff: Staff, link: StaffLink) -> None:
    """Mark a link as used, within the event of what it was used for."""
    link.used_at = event.at
    event.change("staff_link", key_of(staff, link), "used_at", None, clock.utc_text(event.at))


def end_links_of(session: Session, event: Step, staff: Staff) -> None:
    """Let every link of an account that is still open expire now."""
    query = select(StaffLink).where(
        StaffLink.staff_id == staff.id, StaffLink.used_at.is_(None), StaffLink.expires_at > event.at
    )
    for link in session.execute(query).scalars():
        old, link.expires_at = clock.utc_text(link.expires_at), event.at
        event.change("staff_link", key_of(staff, link), "expires_at", old, clock.utc_text(event.at))


def key_of(staff: Staff, link: StaffLink) -> str:
    """What the audit trail calls a link."""
    return f"{staff.email}/{link.id}"


def digest_of(secret: str) -> str:
    """What the table keeps of a link's secret."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
