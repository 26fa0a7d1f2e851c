"""Signed-in browsers of the staff: begun, found again at each request, ended.

A session is a row, so that signing out, a changed role, a changed password and a disabled account take effect
with the next request.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.models.staff import Staff, StaffSite
from btb_pro.models.staff_session import StaffSession
from btb_pro.roles import PERMISSIONS, Permission, Role
from btb_pro.services.audit import Actor, Context, Step, Tag, step

IDLE = timedelta(minutes=30)
"""How long a session lasts without a request."""
LONGEST = timedelta(hours=10)
"""How long it lasts at most: a working day."""
_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A member of staff at work, as the account is at this request."""

    session_id: int
    staff_id: int
    email: str
    name: str
    role: Role
    language: str | None
    sites: frozenset[str] | None
    """Codes of the hospitals; None for all."""

    def may(self, permission: Permission) -> bool:
        """Whether the role has a permission."""
        return permission in PERMISSIONS[self.role]

    def works_for(self, site: str) -> bool:
        """Whether participants of a hospital are this person's to see."""
        return self.sites is None or site in self.sites

    @property
    def actor(self) -> Actor:
        """This person in the audit trail, with role and hospitals as they are now."""
        sites = "" if self.sites is None else " ".join(sorted(self.sites))
        return Actor("staff", self.email, self.role.value, sites[:26])


def begin_session(session: Session, context: Context, staff: Staff) -> str:
    """Sign a member of staff in; the secret for the browser's cookie."""
    secret = secrets.token_urlsafe(32)
    with step(session, context, Tag.STAFF_SIGN_IN) as event:
        row = StaffSession(
            staff_id=staff.id,
            secret_sha256=_digest(secret),
            started_at=event.at,
            last_used_at=event.at,
            confirmed_at=event.at,
            event_seq=event.seq,
        )
        session.add(row)
        session.flush()
        event.change("staff_session", f"{staff.email}/{row.id}", "is_open", None, "true")
    return secret


def find_session(session: Session, secret: str) -> SignedIn | None:
    """Who is signed in with a secret, or nobody: unknown, ended, idle too long, too old, or disabled."""
    row = session.execute(
        select(StaffSession, Staff)
        .join(Staff, Staff.id == StaffSession.staff_id)
        .where(StaffSession.secret_sha256 == _digest(secret))
    ).first()
    if row is None:
        return None
    found, staff = row
    now = clock.now()
    is_over = (
        found.ended_at is not None
        or staff.disabled_at is not None
        or now >= found.last_used_at + IDLE
        or now >= found.started_at + LONGEST
    )
    if is_over:
        return None
    sites = None
    if not staff.is_for_all_sites:
        chosen = select(StaffSite.site_code).where(StaffSite.staff_id == staff.id)
        sites = frozenset(session.execute(chosen).scalars())
    return SignedIn(found.id, staff.id, staff.email, staff.name, Role(staff.role), staff.language, sites)


def is_due_to_be_noted(session: Session, signed_in: SignedIn) -> bool:
    """Whether the last use of a session was long enough ago to be written anew."""
    row = session.get_one(StaffSession, signed_in.session_id)
    return clock.now() >= row.last_used_at + _NOTED_EVERY


def note_use(session: Session, signed_in: SignedIn) -> None:
    """Let the idle time begin anew. No part of the study's data, so without an audit event."""
    session.get_one(StaffSession, signed_in.session_id).last_used_at = clock.now()


def end_session(session: Session, context: Context, signed_in: SignedIn) -> None:
    """Sign one browser out."""
    with step(session, context, Tag.STAFF_SIGN_OUT) as event:
        row = session.get_one(StaffSession, signed_in.session_id)
        if row.ended_at is None:
            _end(event, row, signed_in.email)


def end_sessions_of(session: Session, event: Step, staff: Staff, *, but: int | None = None) -> int:
    """End every session of an account but one, within an event that says why; how many that were."""
    rows = session.execute(
        select(StaffSession).where(
            StaffSession.staff_id == staff.id, StaffSession.ended_at.is_(None), StaffSession.id != (but or 0)
        )
    ).scalars()
    ended = 0
    for row in rows:
        _end(event, row, staff.email)
        ended += 1
    return ended


def _end(event: Step, row: StaffSession, email: str) -> None:
    row.ended_at = event.at
    event.change("staff_session", f"{email}/{row.id}", "is_open", "true", "false")


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
