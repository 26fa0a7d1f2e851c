"""Codes that stand for a link in a letter, where somebody types instead of scanning."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro.models.participant import Invitation
from btb_pro.services.runtime import Runtime


def typed_code(runtime: Runtime, invitation: Invitation) -> tuple[str, str]:
    """A link's code and the fingerprint to store: the one that was printed before, else the newest key's."""
    codes = runtime.links.typed_codes(invitation.public_id)
    return next((one for one in codes if one[1] == invitation.typed_code_hmac), codes[0])


def find_typed(session: Session, runtime: Runtime, typed: str) -> Invitation | None:
    """The link whose code somebody typed, in whatever state it is; nothing if no letter bears that code."""
    fingerprints = runtime.links.fingerprints(typed)
    if not fingerprints:
        return None
    return session.execute(
        select(Invitation).where(Invitation.typed_code_hmac.in_(fingerprints))
    ).scalar_one_or_none()
