"""Who may do what: the one table that routes, commands and docs/roles.md are made from."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Role(StrEnum):
    """What a member of staff is in the study."""

    COORDINATOR = "coordinator"
    INVESTIGATOR = "investigator"
    DATA_MANAGER = "data-manager"
    MONITOR = "monitor"
    ADMIN = "admin"


class Permission(StrEnum):
    """What a route or command needs; one who lacks it finds nothing there."""

    OWN_ACCOUNT = "own account"
    """The own password, second factor and sessions; everybody who is signed in."""
    SEE_PARTICIPANTS = "see participants"
    """Study numbers, visits, states, flags; never addresses, never answers."""
    SEE_CONTACTS = "see contact details"
    """E-mail addresses and telephones."""
    CHANGE_PARTICIPANTS = "change participants"
    """Add, import, change language, contact and visit days, withdraw."""
    INVITE = "invite"
    """Send, print, resend, replace and revoke links; settle messages and requests; the tablet."""
    KEY_PAPER = "type in paper"
    """Write only: no answer is ever shown."""
    ACKNOWLEDGE_SAFETY = "acknowledge safety alerts"
    """Say that somebody has seen to one; it names no answer."""
    READ_WISHES = "read wishes to correct"
    """What a participant wants corrected, in words that may hold answers; settles it too."""
    MANAGE_STAFF = "manage staff"
    """Invite colleagues, change roles and hospitals, make links, disable; never know a password."""
    MANAGE_API_KEYS = "manage API keys"
    """Make, list and revoke the keys of other programs; a key is shown once, when it is made."""


class Scope(StrEnum):
    """What the key of another program opens, at the site of the key or at all."""

    EXPORT = "export"
    """Answers and scores as tables; nothing else of the API tells a value."""
    READ_PARTICIPANTS = "participants:read"
    """Study numbers, days, visits and their states; never addresses, never answers."""
    WRITE_PARTICIPANTS = "participants:write"
    """Add participants, set day 0, language and the days of visits."""
    ISSUE_INVITATIONS = "invitations:issue"
    """Make and send links; the answer holds the link, and whoever has a link may answer with it."""


_P = Permission
PERMISSIONS: Mapping[Role, frozenset[Permission]] = MappingProxyType(
    {
        Role.COORDINATOR: frozenset(
            {
                _P.OWN_ACCOUNT,
                _P.SEE_PARTICIPANTS,
                _P.SEE_CONTACTS,
                _P.CHANGE_PARTICIPANTS,
                _P.INVITE,
                _P.KEY_PAPER,
                _P.ACKNOWLEDGE_SAFETY,
            }
        ),
        Role.INVESTIGATOR: frozenset(
            {_P.OWN_ACCOUNT, _P.SEE_PARTICIPANTS, _P.ACKNOWLEDGE_SAFETY, _P.READ_WISHES}
        ),
        Role.DATA_MANAGER: frozenset({_P.OWN_ACCOUNT, _P.SEE_PARTICIPANTS}),
        Role.MONITOR: frozenset({_P.OWN_ACCOUNT, _P.SEE_PARTICIPANTS}),
        Role.ADMIN: frozenset({_P.OWN_ACCOUNT, _P.MANAGE_STAFF, _P.MANAGE_API_KEYS}),
    }
)
"""What each role may do, at the sites of the account."""
