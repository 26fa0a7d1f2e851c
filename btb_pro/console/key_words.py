"""What the pages about API keys call things, in the language of the request."""

from flask_babel import gettext

from btb_pro.roles import Scope
from btb_pro.services.api_keys import LONGEST_NAME, MOST_DAYS, KeyFault, KeyState


def scope_words(scope: Scope) -> str:
    """What a key may do."""
    return str(
        {
            Scope.EXPORT: gettext("Take out visits, answers, scores and corrections"),
            Scope.READ_PARTICIPANTS: gettext("Read study numbers, visits and how far they have come"),
            Scope.WRITE_PARTICIPANTS: gettext(
                "Add participants; set day 0, language, addresses and visit days; withdraw"
            ),
            Scope.ISSUE_INVITATIONS: gettext("Make, send and end links; it gets the link itself"),
        }[scope]
    )


def scope_names() -> list[tuple[str, str]]:
    """Every scope's code and words."""
    return [(scope.value, scope_words(scope)) for scope in Scope]


def state_words(state: KeyState) -> str:
    """Whether a key opens anything."""
    return str(
        {
            KeyState.LIVE: gettext("In use"),
            KeyState.EXPIRED: gettext("Expired"),
            KeyState.REVOKED: gettext("Revoked"),
        }[state]
    )


def fault_field(fault: KeyFault) -> str:
    """The field of the form that a fault belongs to."""
    if fault is KeyFault.NO_SCOPE:
        return "scopes"
    if fault is KeyFault.SITE_UNKNOWN:
        return "site"
    return "days" if fault is KeyFault.DAYS_ILLEGAL else "name"


def fault_sentence(fault: KeyFault) -> str:
    """Why a key is not made or revoked, and what to do."""
    return str(
        {
            KeyFault.NAME_MISSING: gettext("Write which program the key is for."),
            KeyFault.NAME_TOO_LONG: gettext("Use at most %(length)s characters.", length=LONGEST_NAME),
            KeyFault.NAME_ILLEGAL: gettext("The name holds a sign that cannot be seen. Write it again."),
            KeyFault.NAME_TAKEN: gettext("There is or was a key of that name. Use another."),
            KeyFault.NO_SCOPE: gettext("Choose at least one thing that the key may do."),
            KeyFault.SITE_UNKNOWN: gettext("Choose among the hospitals of the study."),
            KeyFault.DAYS_ILLEGAL: gettext(
                "Write a whole number of days from 1 to %(days)s, or nothing.", days=MOST_DAYS
            ),
            KeyFault.UNKNOWN: gettext("There is no key of that name."),
            KeyFault.REVOKED: gettext("That key is revoked already."),
        }[fault]
    )
