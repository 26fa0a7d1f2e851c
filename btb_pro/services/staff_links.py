"""One-time links with which a member of staff chooses a password. Opening one changes nothing.

A link's secret is made from its row and the instance's key, so that whoever sends the message can make it
once more; the table keeps its SHA-256 only, and without the key a copy of the database opens nothing.
"""

import base64
import hashlib
import hmac
from datetime import timedelta

from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.models.staff import Staff, StaffLink
from btb_pro.services.audit import Context, Tag, step
from btb_pro.services.open_staff_links import digest_of, end_links_of, key_of
from btb_pro.services.outbox import queue_message
from btb_pro.services.runtime import Runtime
from btb_pro.services.second_factor import forget_secret
from btb_pro.services.staff_sessions import end_sessions_of

INVITE_LASTS = timedelta(days=7)
RESET_LASTS = timedelta(hours=24)


def issue_link(
    session: Session,
    context: Context,
    runtime: Runtime,
    staff: Staff,
    *,
    forgets_second_factor: bool = False,
    sends_mail: bool = False,
) -> StaffLink:
    """Make a link for an account; older ones of the account end.

    `forgets_second_factor` is for a lost phone: the second factor and the password are gone at once, and
    every session with them, so that nobody who knows the old password alone can set up another factor.
    `sends_mail` puts it into the queue for the account's e-mail address.
    """
    purpose, lasts = ("invite", INVITE_LASTS) if staff.password_hash is None else ("reset", RESET_LASTS)
    tag = Tag.STAFF_SECOND_FACTOR_FORGET if forgets_second_factor else Tag.STAFF_LINK
    with step(session, context, tag) as event:
        end_links_of(session, event, staff)
        if forgets_second_factor:
            forget_secret(session, event, staff)
            if staff.password_hash is not None:
                event.change("staff", staff.email, "password", "set", None)
            staff.password_hash = None
            end_sessions_of(session, event, staff)
        link = StaffLink(
            staff_id=staff.id,
            purpose=purpose,
            # Its number is part of the secret, and the table gives it only with the row.
            secret_sha256=f"{event.seq:064d}",
            issued_at=event.at,
            expires_at=event.at + lasts,
            event_seq=event.seq,
        )
        session.add(link)
        session.flush()
        link.secret_sha256 = digest_of(_secret(runtime, link))
        session.flush()
        event.change("staff_link", key_of(staff, link), "expires_at", None, clock.utc_text(link.expires_at))
        if sends_mail:
            queue_message(
                session,
                event,
                kind="staff_link",
                channel="email",
                language=staff.language or runtime.study.languages[0],
                once_key=f"staff_link/{link.id}",
                due_at=event.at,
                staff_id=staff.id,
                subject_key=str(link.id),
            )
    return link


def link_address(runtime: Runtime, link: StaffLink) -> str:
    """The whole address to hand over. Made with today's key: after a change of keys it is another's."""
    return f"{runtime.settings.base_url}/console/welcome/{_secret(runtime, link)}"


def _secret(runtime: Runtime, link: StaffLink) -> str:
    body = f"btb_pro.staff_link\n{link.id}\n{link.staff_id}\n{clock.utc_text(link.issued_at)}"
    made = hmac.new(runtime.settings.secret_keys[0].encode(), body.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(made).decode().rstrip("=")
