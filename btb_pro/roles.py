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
    SEE_ANSWERS = "see answers"
    """What participants answered, and the corrections of it."""
    ASK_CORRECTIONS = "ask for corrections"
    """Of an answer that was sent in; somebody else decides."""
    DECIDE_CORRECTIONS = "decide corrections"
    """Accept or refuse them at the own hospitals, and see what came too late to count."""
    MARK_REVIEWED = "mark answers as reviewed"
    """Say that the answers of a visit at an own hospital were gone through."""
    TAKE_COPY = "take a certified copy"
    """All data of an own hospital with its audit trail, with nobody in between."""
    TAKE_OUT = "take out data"
    """Preview and take exports, and fetch their files: answers without contact details."""
    SEE_EXPORTS = "see which exports were taken"
    """Who, when, what, up to where, with the manifest; no file."""
    SEE_QUALITY = "see data quality"
    """How complete the answers are, in numbers, and which visits are worth a look; count them anew."""
    READ_CODE_BOOK = "read the code book"
    """Every question, choice, code and score, with the status of its wording; nobody's answers."""
    MANAGE_STAFF = "manage staff"
    """Invite colleagues, change roles and hospitals, make links, disable; never know a password."""
    MANAGE_API_KEYS = "manage API keys"
    """Make, list and revoke the keys of other programs; a key is shown once, when it is made."""


class Scope(StrEnum):
    """What the key of another program opens, at the site of the key or at all."""

    EXPORT = "export"
    """Visits, answers, scores and corrections as tables; nothing else of the API tells a value."""
    READ_PARTICIPANTS = "participants:read"
    """Study numbers, days, visits and their states; never addresses, never answers."""
    WRITE_PARTICIPANTS = "participants:write"
    """Add participants, set day 0, language, addresses and the days of visits; withdraw."""
    ISSUE_INVITATIONS = "invitations:issue"
    """Make, send and end links; the answer holds the link, and whoever has a link may answer with it."""


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
            {
                _P.OWN_ACCOUNT,
                _P.SEE_PARTICIPANTS,
                _P.ACKNOWLEDGE_SAFETY,
                _P.READ_WISHES,
                _P.SEE_ANSWERS,
                _P.DECIDE_CORRECTIONS,
                _P.MARK_REVIEWED,
                _P.TAKE_COPY,
                _P.SEE_QUALITY,
                _P.READ_CODE_BOOK,
            }
        ),
        Role.DATA_MANAGER: frozenset(
            {
                _P.OWN_ACCOUNT,
                _P.SEE_PARTICIPANTS,
                _P.SEE_ANSWERS,
                _P.ASK_CORRECTIONS,
                _P.TAKE_OUT,
                _P.SEE_EXPORTS,
                _P.SEE_QUALITY,
                _P.READ_CODE_BOOK,
            }
        ),
        Role.MONITOR: frozenset(
            {
                _P.OWN_ACCOUNT,
                _P.SEE_PARTICIPANTS,
                _P.SEE_ANSWERS,
                _P.ASK_CORRECTIONS,
                _P.SEE_EXPORTS,
                _P.SEE_QUALITY,
                _P.READ_CODE_BOOK,
            }
        ),
        Role.ADMIN: frozenset({_P.OWN_ACCOUNT, _P.MANAGE_STAFF, _P.MANAGE_API_KEYS}),
    }
)
"""What each role may do, at the sites of the account."""
