"""The keys of other programs: making, listing and revoking them."""

import hashlib
import secrets
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.models.staff import ApiKey
from btb_pro.refusals import PlainRefusal
from btb_pro.roles import Scope
from btb_pro.services.audit import Context, Tag, step
from btb_pro.study import Study

PREFIX = "btb_"
"""What every key begins with, so that a scanner of leaked secrets knows one."""
LONGEST_NAME = 60
MOST_DAYS = 3660


class KeyFault(StrEnum):
    """Why a key is not made or revoked."""

    NAME_MISSING = "name_missing"
    NAME_TOO_LONG = "name_too_long"
    NAME_ILLEGAL = "name_illegal"
    """It holds a character that cannot be seen."""
    NAME_TAKEN = "name_taken"
    NO_SCOPE = "no_scope"
    SITE_UNKNOWN = "site_unknown"
    DAYS_ILLEGAL = "days_illegal"
    UNKNOWN = "unknown"
    """There is no such key."""
    REVOKED = "revoked"
    """It is revoked already."""


_SENTENCES = {
    KeyFault.NAME_MISSING: "A key needs a name: the audit trail calls the program by it.",
    KeyFault.NAME_TOO_LONG: f"The name is longer than {LONGEST_NAME} characters: shorten it.",
    KeyFault.NAME_ILLEGAL: "The name holds a character that cannot be seen: write it again.",
    KeyFault.NAME_TAKEN: "There is or was a key of that name, and the trail speaks of it: take another.",
    KeyFault.NO_SCOPE: "A key needs at least one scope.",
    KeyFault.SITE_UNKNOWN: "The study has no such site: see btb-pro study show.",
    KeyFault.DAYS_ILLEGAL: f"A key lasts from 1 to {MOST_DAYS} days, or without an end.",
    KeyFault.UNKNOWN: "There is no key of that name: see btb-pro api-key list.",
    KeyFault.REVOKED: "That key is revoked already.",
}


class KeyRefused(PlainRefusal):
    """A key is not made or revoked as asked. The messages say why."""

    def __init__(self, *faults: KeyFault) -> None:
        self.faults = faults
        super().__init__("\n".join(_SENTENCES[fault] for fault in faults))


class KeyState(StrEnum):
    """Whether a key opens anything."""

    LIVE = "live"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class NewKey:
    """What a key is to be."""

    name: str
    scopes: Collection[Scope]
    site: str | None = None
    """The one site that it opens; None for all."""
    days: int | None = None
    """How long it lasts; None: until it is revoked."""


@dataclass(frozen=True, slots=True)
class ListedKey:
    """A key without anything that opens something."""

    number: int
    name: str
    scopes: tuple[Scope, ...]
    site: str | None
    state: KeyState
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    last_used_at: datetime | None


def add_key(session: Session, context: Context, study: Study, new: NewKey) -> str:
    """Make a key; the secret itself, which nobody can show a second time.

    Raises:
        KeyRefused: with every fault of what was given.
    """
    name = new.name.strip()
    faults = [*_name_faults(session, name), *_faults(study, new)]
    if faults:
        raise KeyRefused(*faults)
    secret = PREFIX + secrets.token_urlsafe(32)
    scopes = " ".join(scope.value for scope in Scope if scope in new.scopes)
    with step(session, context, Tag.API_KEY_ADD) as event:
        expires_at = None if new.days is None else event.at + timedelta(days=new.days)
        key = ApiKey(
            name=name,
            key_sha256=digest_of(secret),
            scopes=scopes,
            site_code=new.site,
            created_at=event.at,
            created_by=context.actor.name,
            expires_at=expires_at,
            event_seq=event.seq,
        )
        session.add(key)
        event.change("api_key", name, "scopes", None, scopes)
        event.change("api_key", name, "site", None, new.site)
        until = None if expires_at is None else clock.utc_text(expires_at)
        event.change("api_key", name, "expires_at", None, until)
    return secret


def revoke_key(session: Session, context: Context, name: str) -> None:
    """Let a key open nothing from the next request on.

    Raises:
        KeyRefused: there is no such key, or it is revoked already.
    """
    key = session.execute(select(ApiKey).where(ApiKey.name == name.strip())).scalar_one_or_none()
    if key is None:
        raise KeyRefused(KeyFault.UNKNOWN)
    if key.revoked_at is not None:
        raise KeyRefused(KeyFault.REVOKED)
    with step(session, context, Tag.API_KEY_REVOKE) as event:
        key.revoked_at, key.revoked_by = event.at, context.actor.name
        event.change("api_key", key.name, "is_revoked", "false", "true")


def list_keys(session: Session) -> list[ListedKey]:
    """Every key that there is or was: those that live first, then by name."""
    rows = [_listed(key) for key in session.execute(select(ApiKey)).scalars()]
    return sorted(rows, key=lambda row: (row.state is not KeyState.LIVE, row.name))


def key_state(key: ApiKey) -> KeyState:
    """Whether a key opens anything now."""
    if key.revoked_at is not None:
        return KeyState.REVOKED
    is_over = key.expires_at is not None and key.expires_at <= clock.now()
    return KeyState.EXPIRED if is_over else KeyState.LIVE


def scopes_of(key: ApiKey) -> tuple[Scope, ...]:
    """What a key is for."""
    return tuple(Scope(code) for code in key.scopes.split())


def digest_of(secret: str) -> str:
    """What the table keeps of a key."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _name_faults(session: Session, name: str) -> Iterator[KeyFault]:
    if not name:
        yield KeyFault.NAME_MISSING
    elif len(name) > LONGEST_NAME:
        yield KeyFault.NAME_TOO_LONG
    elif not name.isprintable():
        yield KeyFault.NAME_ILLEGAL
    elif session.execute(select(ApiKey.id).where(ApiKey.name == name)).first() is not None:
        yield KeyFault.NAME_TAKEN


def _faults(study: Study, new: NewKey) -> Iterator[KeyFault]:
    if not new.scopes:
        yield KeyFault.NO_SCOPE
    if new.site is not None and new.site not in [site.code for site in study.sites]:
        yield KeyFault.SITE_UNKNOWN
    if new.days is not None and not 1 <= new.days <= MOST_DAYS:
        yield KeyFault.DAYS_ILLEGAL


def _listed(key: ApiKey) -> ListedKey:
    return ListedKey(
        number=key.id,
        name=key.name,
        scopes=scopes_of(key),
        site=key.site_code,
        state=key_state(key),
        created_at=key.created_at,
        created_by=key.created_by,
        expires_at=key.expires_at,
        last_used_at=key.last_used_at,
    )
