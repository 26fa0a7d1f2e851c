"""Letting another program in by its key: which key it is, and whether it has asked too often."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.models.staff import ApiKey
from btb_pro.roles import Scope
from btb_pro.services.api_keys import KeyState, digest_of, key_state, scopes_of
from btb_pro.services.audit import Actor
from btb_pro.services.limits import Limit, count_or_wait, network_of
from btb_pro.services.quotas import Quota, Turn, take_turn
from btb_pro.services.runtime import Runtime

WRONG_KEYS = Limit("api_wrong_key", free=10, longest=timedelta(minutes=5), window=timedelta(minutes=15))
"""Of one network. A key of 256 bits cannot be guessed: this keeps the noise down."""
_NOTED_EVERY = timedelta(minutes=1)


class KeyUnknown(Exception):
    """No key that lives is this one; `state` says why not, if it was one."""

    def __init__(self, state: KeyState | None) -> None:
        self.state = state
        super().__init__("unknown key" if state is None else state.value)


class TooManyWrongKeys(Exception):
    """Nothing may be tried from there until the instant given."""

    def __init__(self, until: datetime) -> None:
        self.until = until
        super().__init__("too many wrong keys")


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """The program that asks."""

    key_id: int
    name: str
    scopes: tuple[Scope, ...]
    site: str | None
    """The one site that its key opens; None for all."""

    @property
    def actor(self) -> Actor:
        """As the audit trail says it."""
        return Actor("job", f"api key {self.name}", role="api-key", site=self.site or "")

    def works_for(self, site: str) -> bool:
        """Whether the key opens a site."""
        return self.site in (None, site)


@dataclass(frozen=True, slots=True)
class Admitted:
    """A program that was let in, and its turn, which it may have taken too early."""

    holder: KeyHolder
    turn: Turn


def admit(session: Session, runtime: Runtime, secret: str, address: str, quota: Quota) -> Admitted:
    """Whose key it is; counts the turn and notes the use. Within a writing session, which is to be committed
    whatever comes of it.

    A right key is let in whatever others from its network have tried.

    Raises:
        KeyUnknown: it is no key, or one that opens nothing any more.
        TooManyWrongKeys: the same, too often from there.
    """
    key = session.execute(select(ApiKey).where(ApiKey.key_sha256 == digest_of(secret))).scalar_one_or_none()
    state = None if key is None else key_state(key)
    secret_key = runtime.settings.secret_keys[0]
    if key is None or state is not KeyState.LIVE:
        until = count_or_wait(session, WRONG_KEYS, network_of(address), secret_key)
        if until is not None:
            raise TooManyWrongKeys(until)
        raise KeyUnknown(state)
    turn = take_turn(session, quota, f"{key.id}", secret_key)
    if key.last_used_at is None or key.last_used_at + _NOTED_EVERY <= clock.now():
        key.last_used_at = clock.now()
    return Admitted(KeyHolder(key.id, key.name, scopes_of(key), key.site_code), turn)
