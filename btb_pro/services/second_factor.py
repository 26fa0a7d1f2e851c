"""The second factor: six digits of an app on the phone (RFC 6238), and codes for when the phone is gone."""

import base64
import hashlib
import hmac
import re
import secrets

import pyotp
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.models.staff import RecoveryCode, Staff
from btb_pro.security import SealBroken, Sealer
from btb_pro.services.audit import Step

RECOVERY_CODES = 10
_STEP_S = 30
_DRIFT = 1
"""Steps that a phone's clock may be off, to either side."""


def new_secret() -> str:
    """A fresh secret of 160 bits in base32, as apps take it."""
    return pyotp.random_base32()


def setup_address(secret: str, email: str, issuer: str) -> str:
    """The address that an app reads from the QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=issuer)


def matching_step(secret: str, code: str, last_step: int | None) -> int | None:
    """The time step that a code belongs to, if it is right now and later than the last one taken."""
    digits = re.sub(r"\s", "", code)
    present = int(clock.now().timestamp()) // _STEP_S
    totp = pyotp.TOTP(secret)
    found = None
    for step in range(present - _DRIFT, present + _DRIFT + 1):
        is_right = hmac.compare_digest(totp.generate_otp(step).encode(), digits.encode())
        if is_right and step > (last_step if last_step is not None else -1):
            found = step
    return found


def seal_proposal(sealer: Sealer, staff: Staff, secret: str) -> str:
    """A secret that is not set up yet, as text that a page can carry until the first code proves it."""
    return base64.urlsafe_b64encode(sealer.seal(secret, f"staff/{staff.id}/proposed")).decode()


def open_proposal(sealer: Sealer, staff: Staff, sealed: str) -> str | None:
    """The secret that a page carried, or None if it is not one of ours for this account."""
    try:
        return sealer.open(base64.urlsafe_b64decode(sealed.encode()), f"staff/{staff.id}/proposed")
    except (SealBroken, ValueError):
        return None


def set_secret(event: Step, sealer: Sealer, staff: Staff, secret: str, step: int) -> None:
    """Put a secret in use, proven by the code of a step."""
    had = "set" if staff.totp_sealed else None
    staff.totp_sealed = sealer.seal(secret, _context(staff))
    staff.totp_step = step
    event.change("staff", staff.email, "second_factor", had, "set" if had is None else "replaced")


def forget_secret(session: Session, event: Step, staff: Staff) -> None:
    """Take the second factor and its recovery codes away."""
    if staff.totp_sealed is not None:
        event.change("staff", staff.email, "second_factor", "set", None)
    staff.totp_sealed = staff.totp_step = None
    _use_up(session, event, staff)


def take_code(session: Session, event: Step, sealer: Sealer, staff: Staff, code: str) -> bool:
    """Take a code of the app or a recovery code; neither counts twice."""
    if staff.totp_sealed is None:
        return False
    step = matching_step(sealer.open(staff.totp_sealed, _context(staff)), code, staff.totp_step)
    if step is not None:
        staff.totp_step = step
        return True
    row = session.execute(
        select(RecoveryCode)
        .where(
            RecoveryCode.staff_id == staff.id,
            RecoveryCode.code_sha256 == _digest(code),
            RecoveryCode.used_at.is_(None),
        )
        .with_for_update()
    ).scalar_one_or_none()
    if row is None:
        return False
    row.used_at = event.at
    event.change("recovery_code", f"{staff.email}/{row.id}", "used_at", None, clock.utc_text(event.at))
    return True


def renew_recovery_codes(session: Session, event: Step, staff: Staff) -> list[str]:
    """Ten fresh codes in place of all that there were; this is the only time that they can be shown."""
    _use_up(session, event, staff)
    codes = [_spell(secrets.token_bytes(10)) for _ in range(RECOVERY_CODES)]
    session.add_all(
        RecoveryCode(staff_id=staff.id, code_sha256=_digest(code), event_seq=event.seq) for code in codes
    )
    event.change("staff", staff.email, "recovery_codes", None, f"{RECOVERY_CODES} new")
    return codes


def recovery_codes_left(session: Session, staff_id: int) -> int:
    """How many codes are good still."""
    query = (
        select(func.count())
        .select_from(RecoveryCode)
        .where(RecoveryCode.staff_id == staff_id, RecoveryCode.used_at.is_(None))
    )
    return session.execute(query).scalar_one()


def _use_up(session: Session, event: Step, staff: Staff) -> None:
    query = select(RecoveryCode).where(RecoveryCode.staff_id == staff.id, RecoveryCode.used_at.is_(None))
    rows = session.execute(query).scalars().all()
    for row in rows:
        row.used_at = event.at
    if rows:
        event.change("staff", staff.email, "recovery_codes", f"{len(rows)} left", None)


def _spell(random: bytes) -> str:
    text = base64.b32encode(random).decode()
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))


def _digest(code: str) -> str:
    """Of the code as it was meant: small letters, spaces and dashes make no difference."""
    return hashlib.sha256(re.sub(r"[^A-Z2-7]", "", code.upper()).encode()).hexdigest()


def _context(staff: Staff) -> str:
    return f"staff/{staff.id}/totp"
