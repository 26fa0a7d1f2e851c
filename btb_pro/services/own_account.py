"""What a member of staff changes about the own account: password, second factor, recovery codes."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from btb_pro.models.staff import Staff, StaffSession
from btb_pro.services.audit import Context, Step, Tag, step
from btb_pro.services.open_staff_links import StaffLinkState, find_link, use_up
from btb_pro.services.passwords import PasswordFault, find_fault, hash_password
from btb_pro.services.runtime import Runtime
from btb_pro.services.second_factor import matching_step, open_proposal, renew_recovery_codes, set_secret
from btb_pro.services.signing_in import Proven, proven_of
from btb_pro.services.staff_sessions import actor_of, end_sessions_of, open_session, renew_session


class LinkSpent(Exception):
    """A one-time link opens nothing any more."""


class PasswordRefused(Exception):
    """A password is not good enough. The fault says why."""

    def __init__(self, fault: PasswordFault) -> None:
        self.fault = fault
        super().__init__(fault.value)


class CodeRefused(Exception):
    """The code of the app does not fit the secret that was to be set up."""


@dataclass(frozen=True, slots=True)
class SetUp:
    """A second factor in use."""

    secret: str
    """For the browser's cookie: the session that goes on or begins."""
    recovery_codes: tuple[str, ...]
    """To be shown now and never again."""


def context_words(runtime: Runtime, staff: Staff) -> tuple[str, ...]:
    """What somebody who knows the person and the study tries first."""
    study = runtime.study
    sites = [word for site in study.sites for word in (site.code, site.name)]
    return (study.code, *study.name.values(), staff.name, *staff.email.split("@"), *sites, "btb_pro")


def choose_password_by_link(runtime: Runtime, context: Context, secret: str, password: str) -> Proven:
    """Set a password with a one-time link, which is used up by it.

    Raises:
        LinkSpent: the link is unknown, used or expired.
        PasswordRefused: the link stays good.
        TooManyAtOnce: nothing was changed.
    """
    with runtime.database.reading() as session:
        staff = _of_link(session, secret)
        _refuse_weak(runtime, staff, password)
    hashed = hash_password(password)
    with runtime.database.writing() as session:
        staff = _of_link(session, secret)
        own = Context(actor_of(session, staff), context.request_id, context.study_version)
        with step(session, own, Tag.STAFF_PASSWORD) as event:
            # Asked again under the lock of the chain: of two who press at once, one comes too late.
            found = find_link(session, secret)
            if found.link is None:
                raise LinkSpent
            use_up(event, staff, found.link)
            _set_password(session, event, staff, hashed)
        proven = proven_of(runtime, staff)
        session.commit()
    return proven


def change_password(runtime: Runtime, context: Context, staff_id: int, session_id: int, password: str) -> str:
    """Change the password of somebody who has just given the old one; the secret of the session that goes on.

    Raises:
        PasswordRefused: nothing was changed.
        TooManyAtOnce: nothing was changed.
    """
    with runtime.database.reading() as session:
        _refuse_weak(runtime, session.get_one(Staff, staff_id), password)
    hashed = hash_password(password)
    with runtime.database.writing() as session:
        staff = session.get_one(Staff, staff_id)
        with step(session, context, Tag.STAFF_PASSWORD) as event:
            started_at = session.get_one(StaffSession, session_id).started_at
            _set_password(session, event, staff, hashed)
            secret = open_session(session, event, staff, started_at=started_at)
        session.commit()
    return secret


def set_up_second_factor(
    session: Session,
    context: Context,
    runtime: Runtime,
    staff: Staff,
    sealed: str,
    code: str,
    session_id: int | None = None,
) -> SetUp:
    """Put a proposed secret in use, proven by its first code, with new recovery codes; other sessions end.

    `session_id` is the session to go on from; None signs in.

    Raises:
        CodeRefused: the code does not fit, or the proposal is none of ours.
    """
    proposed = open_proposal(runtime.sealer, staff, sealed)
    fitting = None if proposed is None else matching_step(proposed, code, None)
    if proposed is None or fitting is None:
        raise CodeRefused
    own = Context(actor_of(session, staff), context.request_id, context.study_version)
    with step(session, own, Tag.STAFF_SECOND_FACTOR) as event:
        set_secret(event, runtime.sealer, staff, proposed, fitting)
        codes = renew_recovery_codes(session, event, staff)
        end_sessions_of(session, event, staff, but=session_id)
        if session_id is None:
            secret = open_session(session, event, staff)
        else:
            secret = renew_session(session, event, staff, session_id)
    return SetUp(secret, tuple(codes))


def new_recovery_codes(session: Session, context: Context, staff: Staff) -> tuple[str, ...]:
    """Fresh recovery codes; the old ones are worth nothing any more."""
    with step(session, context, Tag.STAFF_RECOVERY_CODES) as event:
        return tuple(renew_recovery_codes(session, event, staff))


def _of_link(session: Session, secret: str) -> Staff:
    found = find_link(session, secret)
    if found.state is not StaffLinkState.OPEN or found.staff is None:
        raise LinkSpent
    return found.staff


def _refuse_weak(runtime: Runtime, staff: Staff, password: str) -> None:
    fault = find_fault(password, context_words(runtime, staff))
    if fault is not None:
        raise PasswordRefused(fault)


def _set_password(session: Session, event: Step, staff: Staff, hashed: str) -> None:
    event.change("staff", staff.email, "password", "set" if staff.password_hash else None, "set anew")
    staff.password_hash = hashed
    end_sessions_of(session, event, staff)
