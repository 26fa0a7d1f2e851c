"""Who is signed in, as every page of the staff knows them: begun, found again at each request, ended.

A session is a row, so that signing out, a changed role, a changed password and a disabled account take effect
with the next request.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.models.staff import Staff, StaffSession, StaffSite
from btb_pro.refusals import PlainRefusal
from btb_pro.roles import PERMISSIONS, Permission, Role
from btb_pro.services.audit import Actor, Context, Step, Tag, step

CONFIRMED_FOR = timedelta(minutes=15)
"""How long after giving the password a person may do what it is asked for anew."""


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
    confirmed_at: datetime
    """When the password was given last in this browser."""

    def may(self, permission: Permission) -> bool:
        """Whether the role has a permission."""
        return permission in PERMISSIONS[self.role]

    def is_confirmed(self) -> bool:
        """Whether the password was given so lately that it need not be asked for before a grave act."""
        return clock.now() < self.confirmed_at + CONFIRMED_FOR

    def works_for(self, site: str) -> bool:
        """Whether participants of a hospital are this person's to see."""
        return self.sites is None or site in self.sites

    @property
    def actor(self) -> Actor:
        """This person in the audit trail, with role and hospitals as they are now."""
        return staff_actor(self.email, self.role.value, self.sites)


def staff_actor(email: str, role: str, sites: frozenset[str] | None) -> Actor:
    """A member of staff in the audit trail; no codes of hospitals when it is all of them."""
    return Actor("staff", email, role, "" if sites is None else " ".join(sorted(sites))[:26])


IDLE = timedelta(minutes=30)
"""How long a session lasts without a request."""
LONGEST = timedelta(hours=10)
"""How long it lasts at most: a working day."""
_NOTED_EVERY = timedelta(minutes=1)


def begin_session(session: Session, context: Context, staff: Staff) -> str:
    """Sign a member of staff in; the secret for the browser's cookie."""
    with step(session, context, Tag.STAFF_SIGN_IN) as event:
        return open_session(session, event, staff)


def open_session(session: Session, event: Step, staff: Staff, *, started_at: datetime | None = None) -> str:
    """A new session within an event; the secret for the browser's cookie.

    `started_at` is the beginning of the session that it goes on from, so that no working day grows longer.
    """
    secret = secrets.token_urlsafe(32)
    row = StaffSession(
        staff_id=staff.id,
        secret_sha256=_digest(secret),
        started_at=started_at or event.at,
        last_used_at=event.at,
        confirmed_at=event.at,
        event_seq=event.seq,
    )
    session.add(row)
    session.flush()
    event.change("staff_session", f"{staff.email}/{row.id}", "is_open", None, "true")
    return secret


def renew_session(session: Session, event: Step, staff: Staff, session_id: int) -> str:
    """Go on in a fresh session, confirmed now, in place of one that ends; the new secret."""
    old = session.get_one(StaffSession, session_id)
    if old.ended_at is None:
        _end(event, old, staff.email)
    return open_session(session, event, staff, started_at=old.started_at)


def actor_of(session: Session, staff: Staff) -> Actor:
    """A member of staff in the audit trail, before or without a session."""
    return staff_actor(staff.email, staff.role, sites_of(session, staff))


def sites_of(session: Session, staff: Staff) -> frozenset[str] | None:
    """Codes of an account's hospitals; None for all."""
    if staff.is_for_all_sites:
        return None
    chosen = select(StaffSite.site_code).where(StaffSite.staff_id == staff.id)
    return frozenset(session.execute(chosen).scalars())


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
    return SignedIn(
        session_id=found.id,
        staff_id=staff.id,
        email=staff.email,
        name=staff.name,
        role=Role(staff.role),
        language=staff.language,
        sites=sites_of(session, staff),
        confirmed_at=found.confirmed_at,
    )


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A browser in which somebody is signed in."""

    number: int
    started_at: datetime
    last_used_at: datetime


def open_sessions(session: Session, staff_id: int) -> list[OpenSession]:
    """An account's sessions that still open something, the one used last first."""
    now = clock.now()
    query = (
        select(StaffSession)
        .where(
            StaffSession.staff_id == staff_id,
            StaffSession.ended_at.is_(None),
            StaffSession.last_used_at > now - IDLE,
            StaffSession.started_at > now - LONGEST,
        )
        .order_by(StaffSession.last_used_at.desc(), StaffSession.id.desc())
    )
    return [OpenSession(row.id, row.started_at, row.last_used_at) for row in session.execute(query).scalars()]


def owner_of(session: Session, secret: str) -> int | None:
    """Whose session a secret is or was: an ended one tells whose half-written form it is, and no more."""
    query = select(StaffSession.staff_id).where(StaffSession.secret_sha256 == _digest(secret))
    return session.execute(query).scalar_one_or_none()


def is_due_to_be_noted(session: Session, signed_in: SignedIn) -> bool:
    """Whether the last use of a session was long enough ago to be written anew."""
    row = session.get_one(StaffSession, signed_in.session_id)
    return clock.now() >= row.last_used_at + _NOTED_EVERY


def note_use(session: Session, signed_in: SignedIn) -> None:
    """Let the idle time begin anew. No part of the study's data, so without an audit event."""
    session.get_one(StaffSession, signed_in.session_id).last_used_at = clock.now()


def end_session(session: Session, context: Context, signed_in: SignedIn, number: int | None = None) -> None:
    """Sign one browser out: this one, or another of the same person; somebody else's number does nothing."""
    with step(session, context, Tag.STAFF_SIGN_OUT) as event:
        row = session.get(StaffSession, number or signed_in.session_id)
        if row is not None and row.staff_id == signed_in.staff_id and row.ended_at is None:
            _end(event, row, signed_in.email)


def end_all_sessions(session: Session, context: Context, staff: Staff) -> int:
    """Sign an account out everywhere; of how many browsers."""
    with step(session, context, Tag.STAFF_SIGN_OUT) as event:
        return end_sessions_of(session, event, staff)


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


class StaffUnknown(PlainRefusal):
    """There is no such account."""

    def __init__(self, email: str) -> None:
        super().__init__(f"There is no account {email}: see btb-pro user list.")


def find_staff(session: Session, email: str) -> Staff:
    """The account of an e-mail address, however it is written.

    Raises:
        StaffUnknown: there is none.
    """
    found = staff_of_email(session, email)
    if found is None:
        raise StaffUnknown(email.strip())
    return found


def staff_of_email(session: Session, email: str) -> Staff | None:
    """The account of an e-mail address, or None."""
    query = select(Staff).where(Staff.email == email.strip().lower())
    return session.execute(query).scalar_one_or_none()
