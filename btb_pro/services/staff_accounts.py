"""Accounts of the staff: added, changed, disabled; never deleted, since the audit trail speaks of them."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.models.staff import Staff, StaffSite
from btb_pro.roles import Role
from btb_pro.services.audit import Context, Step, Tag, step
from btb_pro.services.open_staff_links import end_links_of
from btb_pro.services.participant_checks import AddressRefused, read_email
from btb_pro.services.runtime import Runtime
from btb_pro.services.staff_faults import LONGEST_TEXT, StaffFault, StaffRefused
from btb_pro.services.staff_sessions import end_sessions_of, sites_of, staff_of_email


@dataclass(frozen=True, slots=True)
class StaffDetails:
    """What an account is."""

    name: str
    role: Role
    sites: frozenset[str] | None
    """Codes of the hospitals; None for all."""
    language: str | None = None


def add_staff(
    session: Session, context: Context, runtime: Runtime, email: str, details: StaffDetails
) -> Staff:
    """Add an account. It has no password until its link is used.

    Raises:
        StaffRefused: the address is none or known, the name is empty, or a site is not one of the study's.
    """
    address = _email(email)
    name = _check(runtime, details)
    if staff_of_email(session, address) is not None:
        raise StaffRefused(StaffFault.EMAIL_KNOWN)
    with step(session, context, Tag.STAFF_ADD) as event:
        staff = Staff(
            email=address,
            name=name,
            role=details.role.value,
            is_for_all_sites=details.sites is None,
            language=details.language,
            created_at=clock.now(),
            event_seq=event.seq,
        )
        session.add(staff)
        session.flush()
        _set_sites(session, event, staff, details.sites)
        event.change("staff", address, "name", None, name)
        event.change("staff", address, "role", None, details.role.value)
        event.change("staff", address, "sites", None, sites_text(details.sites))
        event.change("staff", address, "language", None, details.language)
    return staff


def change_staff(
    session: Session, context: Context, runtime: Runtime, staff: Staff, details: StaffDetails
) -> None:
    """Change name, role, sites or language; a new role or other sites end every session of the account.

    Raises:
        StaffRefused: the name is empty, a site is unknown, or nobody would be left to administer.
    """
    name = _check(runtime, details)
    with step(session, context, Tag.STAFF_CHANGE) as event:
        if staff.role == Role.ADMIN.value and details.role is not Role.ADMIN:
            _refuse_last_admin(session, staff)
        sites = sites_of(session, staff)
        for field, old, new in (
            ("name", staff.name, name),
            ("role", staff.role, details.role.value),
            ("sites", sites_text(sites), sites_text(details.sites)),
            ("language", staff.language, details.language),
        ):
            if old != new:
                event.change("staff", staff.email, field, old, new)
        if (staff.role, sites) != (details.role.value, details.sites):
            end_sessions_of(session, event, staff)
        staff.name, staff.role, staff.language = name, details.role.value, details.language
        staff.is_for_all_sites = details.sites is None
        if sites != details.sites:
            for row in session.execute(select(StaffSite).where(StaffSite.staff_id == staff.id)).scalars():
                session.delete(row)
            session.flush()
            _set_sites(session, event, staff, details.sites)


def set_language(session: Session, context: Context, staff: Staff, language: str) -> None:
    """The language that a person's own pages speak from now on."""
    with step(session, context, Tag.STAFF_CHANGE) as event:
        if staff.language != language:
            event.change("staff", staff.email, "language", staff.language, language)
            staff.language = language


def disable_staff(session: Session, context: Context, staff: Staff) -> None:
    """Let an account sign in no more, from the next request on; again: changes nothing.

    Raises:
        StaffRefused: nobody would be left to administer.
    """
    with step(session, context, Tag.STAFF_DISABLE) as event:
        if staff.disabled_at is not None:
            return
        if staff.role == Role.ADMIN.value:
            _refuse_last_admin(session, staff)
        staff.disabled_at = event.at
        event.change("staff", staff.email, "disabled_at", None, clock.utc_text(event.at))
        end_sessions_of(session, event, staff)
        end_links_of(session, event, staff)


def enable_staff(session: Session, context: Context, staff: Staff) -> None:
    """Let a disabled account sign in again, with the password that it had."""
    with step(session, context, Tag.STAFF_ENABLE) as event:
        if staff.disabled_at is None:
            return
        event.change("staff", staff.email, "disabled_at", clock.utc_text(staff.disabled_at), None)
        staff.disabled_at = None


def sites_text(sites: Collection[str] | None) -> str:
    """Sites as the audit trail writes them: ``all``, or codes in order."""
    return "all" if sites is None else " ".join(sorted(sites))


def _refuse_last_admin(session: Session, staff: Staff) -> None:
    """Within a step, whose lock lets two admins not remove each other at the same time."""
    query = (
        select(func.count())
        .select_from(Staff)
        .where(
            Staff.role == Role.ADMIN.value,
            Staff.disabled_at.is_(None),
            Staff.password_hash.is_not(None),
            Staff.id != staff.id,
        )
    )
    if session.execute(query).scalar_one() == 0:
        raise StaffRefused(StaffFault.LAST_ADMIN)


def _email(text: str) -> str:
    try:
        address = read_email(text).lower()
    except AddressRefused as error:
        raise StaffRefused(StaffFault.EMAIL_WRONG) from error
    if len(address) > LONGEST_TEXT or not address.isascii():
        raise StaffRefused(StaffFault.EMAIL_WRONG)
    return address


def _check(runtime: Runtime, details: StaffDetails) -> str:
    """The name, made single-spaced, of details that are sound."""
    name = " ".join(details.name.split())
    if not 0 < len(name) <= LONGEST_TEXT or not name.isprintable():
        raise StaffRefused(StaffFault.NAME_WRONG)
    if details.sites is not None:
        if not details.sites:
            raise StaffRefused(StaffFault.NO_SITE)
        if not details.sites <= {site.code for site in runtime.study.sites}:
            raise StaffRefused(StaffFault.SITE_UNKNOWN)
    return name


def _set_sites(session: Session, event: Step, staff: Staff, sites: frozenset[str] | None) -> None:
    session.add_all(
        StaffSite(staff_id=staff.id, site_code=site, event_seq=event.seq) for site in sorted(sites or ())
    )
    session.flush()
