"""Signing in: password, then second factor, each slowed for whoever guesses.

A try is counted before it is checked, so that tries side by side count too, and taken back when it went
well. Nothing here tells whether an account exists: an unknown one takes the same steps, the same time, and
earns the same words.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.models.staff import Staff
from btb_pro.services.audit import Actor, Context, Tag, step
from btb_pro.services.limits import Caller, Limit, count_or_wait, forget, take_back, wait_until
from btb_pro.services.passwords import hash_password, is_outdated, password_fits
from btb_pro.services.runtime import Runtime
from btb_pro.services.second_factor import take_code
from btb_pro.services.staff_sessions import actor_of, open_session, renew_session, staff_of_email

_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)
PAIR = Limit("staff_pair", free=4, longest=timedelta(minutes=15), window=_DAY)
"""One account from one network or one known browser: hard."""
ACCOUNT = Limit("staff_account", free=20, longest=timedelta(minutes=1), window=_HOUR)
"""One account from everywhere but its known browsers: gently; guessing from many places is slow too."""
NETWORK = Limit("staff_network", free=30, longest=timedelta(minutes=1), window=_HOUR)
"""One network at every account; a hospital's staff share one, so gently as well."""
_OF_CODES = Limit("staff_code", free=4, longest=timedelta(minutes=15), window=_DAY)
_OF_ALL_CODES = Limit("staff_codes", free=10, longest=timedelta(minutes=15), window=_DAY)

PROVEN_FOR = timedelta(minutes=10)
"""How long after the password the code may come."""


class Next(StrEnum):
    """What stands between a right password and the console."""

    NOTHING = "nothing"
    CODE = "code"
    SET_UP = "set up"
    """No second factor is there yet, and one is required."""


@dataclass(frozen=True, slots=True)
class Proven:
    """An account whose password was given rightly."""

    staff_id: int
    mark: str
    """Changes with the password."""
    next: Next


class SignInRefused(Exception):
    """The try was wrong, or nothing may be tried yet; the same for accounts that exist and that do not."""

    def __init__(self, until: datetime | None, *, was_checked: bool) -> None:
        self.until = until
        self.was_checked = was_checked
        super().__init__("paused" if until else "wrong")


_Count = tuple[Limit, str]


def check_password(runtime: Runtime, context: Context, email: str, password: str, caller: Caller) -> Proven:
    """Check a password. The context's actor is replaced by who is said to sign in.

    Raises:
        SignInRefused: wrong, disabled, unknown, or too many tries.
        TooManyAtOnce: nothing was checked.
    """
    key = runtime.settings.secret_keys[0]
    with runtime.database.writing() as session:
        staff = staff_of_email(session, email)
        counts = _password_counts(staff, email, caller)
        _count_first(session, counts, key)
        stored = staff.password_hash if staff is not None else None
        session.commit()
    fits = password_fits(stored, password)
    fresh = hash_password(password) if fits and stored is not None and is_outdated(stored) else None
    with runtime.database.writing() as session:
        staff = staff_of_email(session, email)
        if not fits or staff is None or staff.disabled_at is not None or staff.password_hash != stored:
            why = "password" if staff is None or staff.disabled_at is None else "disabled"
            raise _refuse(session, context, staff, why, counts, key)
        _went_well(session, counts, key)
        if fresh is not None:
            staff.password_hash = fresh
        proven = proven_of(runtime, staff)
        session.commit()
    return proven


def check_code(runtime: Runtime, context: Context, proven: Proven, code: str, caller: Caller) -> str:
    """Check the second factor and sign in; the secret for the browser's cookie.

    Raises:
        SignInRefused: wrong, used before, too many tries, or the password has changed meanwhile.
    """
    key = runtime.settings.secret_keys[0]
    counts = _code_counts(proven.staff_id, caller)
    with runtime.database.writing() as session:
        _count_first(session, counts, key)
        session.commit()
    return _sign_in(
        runtime,
        context,
        proven,
        lambda session, event, staff: take_code(session, event, runtime.sealer, staff, code),
        counts,
    )


def sign_in_without_code(runtime: Runtime, context: Context, proven: Proven) -> str:
    """Sign in where no second factor is asked for; the secret for the browser's cookie.

    Raises:
        SignInRefused: one is asked for by now, or the password has changed meanwhile.
    """
    return _sign_in(
        runtime, context, proven, lambda _session, _event, staff: _next(runtime, staff) is Next.NOTHING, ()
    )


def confirm(
    runtime: Runtime, context: Context, email: str, session_id: int, password: str, caller: Caller
) -> str:
    """Take the password of somebody who is signed in once more; the secret of the session that goes on.

    Raises:
        SignInRefused: see `check_password`.
    """
    proven = check_password(runtime, context, email, password, caller)
    with runtime.database.writing() as session:
        staff = session.get_one(Staff, proven.staff_id)
        with step(session, context, Tag.STAFF_CONFIRM) as event:
            secret = renew_session(session, event, staff, session_id)
        session.commit()
    return secret


def proven_of(runtime: Runtime, staff: Staff) -> Proven:
    """What an account whose password was given rightly has to do next."""
    return Proven(staff.id, mark_of(staff), _next(runtime, staff))


def find_proven(session: Session, proven: Proven) -> Staff | None:
    """The account of a proven password, as long as both are what they were."""
    staff = session.get(Staff, proven.staff_id)
    if staff is None or staff.disabled_at is not None or mark_of(staff) != proven.mark:
        return None
    return staff


def mark_of(staff: Staff) -> str:
    """A short name of the present password that tells nothing of it."""
    return hashlib.sha256(f"mark\n{staff.password_hash}".encode()).hexdigest()[:22]


def _next(runtime: Runtime, staff: Staff) -> Next:
    if staff.totp_sealed is not None:
        return Next.CODE
    return Next.SET_UP if runtime.settings.needs_second_factor else Next.NOTHING


def _sign_in(
    runtime: Runtime,
    context: Context,
    proven: Proven,
    check: Callable[..., bool],
    counts: tuple[_Count, ...],
) -> str:
    key = runtime.settings.secret_keys[0]
    with runtime.database.writing() as session:
        staff = find_proven(session, proven)
        if staff is None:
            raise SignInRefused(None, was_checked=False)
        own = Context(actor_of(session, staff), context.request_id, context.study_version)
        secret = ""
        with step(session, own, Tag.STAFF_SIGN_IN) as event:
            if check(session, event, staff):
                secret = open_session(session, event, staff)
        if not secret:
            raise _refuse(session, context, staff, "code", counts, key)
        _went_well(session, counts, key)
        session.commit()
    return secret


def _password_counts(staff: Staff | None, email: str, caller: Caller) -> tuple[_Count, ...]:
    account = email.strip().lower()
    if staff is not None and staff.id in caller.browsers:
        return ((PAIR, f"{account} {caller.browsers[staff.id]}"),)
    return ((PAIR, f"{account} {caller.network}"), (ACCOUNT, account), (NETWORK, caller.network))


def _code_counts(staff_id: int, caller: Caller) -> tuple[_Count, ...]:
    if staff_id in caller.browsers:
        return ((_OF_CODES, f"{staff_id} {caller.browsers[staff_id]}"),)
    return ((_OF_CODES, f"{staff_id} {caller.network}"), (_OF_ALL_CODES, str(staff_id)))


def _longest_wait(session: Session, counts: tuple[_Count, ...], key: str) -> datetime | None:
    waits = [wait_until(session, limit, whom, key) for limit, whom in counts]
    return max((one for one in waits if one is not None), default=None)


def _count_first(session: Session, counts: tuple[_Count, ...], key: str) -> None:
    until = _longest_wait(session, counts, key)
    if until is not None:
        raise SignInRefused(until, was_checked=False)
    for limit, whom in counts:
        until = count_or_wait(session, limit, whom, key)
        if until is not None:
            raise SignInRefused(until, was_checked=False)


def _went_well(session: Session, counts: tuple[_Count, ...], key: str) -> None:
    for limit, whom in counts:
        if limit in (PAIR, _OF_CODES):
            forget(session, limit, whom, key)
        else:
            take_back(session, limit, whom, key)


def _refuse(
    session: Session,
    context: Context,
    staff: Staff | None,
    why: str,
    counts: tuple[_Count, ...],
    key: str,
) -> SignInRefused:
    """Write the refusal into the audit trail and commit it, without what was typed."""
    email = staff.email if staff is not None else "unknown"
    actor = actor_of(session, staff) if staff is not None else Actor("staff", email)
    until = _longest_wait(session, counts, key)
    with step(
        session, Context(actor, context.request_id, context.study_version), Tag.STAFF_SIGN_IN_REFUSED
    ) as event:
        event.change("staff", email, "sign_in", None, f"refused: {why}")
        if until is not None:
            event.change("staff", email, "sign_in_paused_until", None, clock.utc_text(until))
    session.commit()
    return SignInRefused(until, was_checked=True)
