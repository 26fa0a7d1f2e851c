"""What the pages about accounts call things, in the language of the request."""

from datetime import datetime

from flask_babel import format_datetime, get_locale, gettext

from btb_pro import clock
from btb_pro.roles import Role
from btb_pro.services.passwords import LONGEST, SHORTEST, PasswordFault
from btb_pro.services.staff_faults import StaffFault
from btb_pro.study import Study

_FORM = {"nb": "d. MMM y HH:mm", "en": "d MMM y HH:mm"}


def password_sentence(fault: PasswordFault) -> str:
    """What is wrong with a password, and what to do."""
    return str(
        {
            PasswordFault.TOO_SHORT: gettext("Use at least %(length)s characters.", length=SHORTEST),
            PasswordFault.TOO_LONG: gettext("Use at most %(length)s characters.", length=LONGEST),
            PasswordFault.TOO_COMMON: gettext(
                "That password is among the first that are guessed. Use another."
            ),
            PasswordFault.ABOUT_YOU: gettext(
                "That is mostly your own name, your address, a hospital or the study. Use another."
            ),
        }[fault]
    )


def staff_fault_field(fault: StaffFault) -> str:
    """The field of the form that a fault belongs to."""
    if fault in (StaffFault.EMAIL_WRONG, StaffFault.EMAIL_KNOWN):
        return "email"
    if fault is StaffFault.NAME_WRONG:
        return "name"
    return "role" if fault is StaffFault.LAST_ADMIN else "reach"


def staff_sentence(fault: StaffFault) -> str:
    """What is wrong with an account, and what to do."""
    return str(
        {
            StaffFault.EMAIL_WRONG: gettext("Write an e-mail address like name@hospital.no."),
            StaffFault.EMAIL_KNOWN: gettext("There is an account with that e-mail address already."),
            StaffFault.NAME_WRONG: gettext("Write a name."),
            StaffFault.SITE_UNKNOWN: gettext("Choose among the hospitals of the study."),
            StaffFault.NO_SITE: gettext("Choose at least one hospital, or all."),
            StaffFault.LAST_ADMIN: gettext(
                "This is the last administrator who can sign in. Make somebody else one first."
            ),
        }[fault]
    )


def role_name(role: Role) -> str:
    """What a role is called."""
    return str(
        {
            Role.COORDINATOR: gettext("Coordinator"),
            Role.INVESTIGATOR: gettext("Investigator"),
            Role.DATA_MANAGER: gettext("Data manager"),
            Role.MONITOR: gettext("Monitor"),
            Role.ADMIN: gettext("Administrator"),
        }[role]
    )


def role_names() -> list[tuple[str, str]]:
    """Every role's code and name."""
    return [(role.value, role_name(role)) for role in Role]


def sites_in_words(study: Study, sites: frozenset[str] | None) -> str:
    """Names of hospitals, in the order of the study file."""
    if sites is None:
        return str(gettext("All hospitals"))
    names = {site.code: site.name for site in study.sites}
    return ", ".join(names.get(code, code) for code in sorted(sites))


def moment(instant: datetime | None) -> str:
    """``24. nov. 2026 13:45``, in Norwegian time; empty for none."""
    if instant is None:
        return ""
    return str(format_datetime(instant.astimezone(clock.OSLO), _FORM[str(get_locale())], rebase=False))
