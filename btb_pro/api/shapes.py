"""What programs send and get, in one declaration each: it reads, refuses, writes and is the OpenAPI file.

No answer has a field for an address, a telephone or a name. Instants are UTC, days are those of Norway.
"""

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from btb_pro.exports.format_names import TableFormat

_NO_CONTROLS = r"^(?![\s\S]*[\x00-\x1f\x7f])"
_LARGEST_PAGE = 500
_LARGEST_NUMBER = 2**31 - 1

Line = Annotated[str, Meta(max_length=200, pattern=_NO_CONTROLS)]
"""One line of text."""
_ADDRESS = (
    "Empty: taken off the file. Kept sealed; no answer ever holds it. Links that may lie at the old address "
    "end, and what was sent there is sent anew to the new one."
)
Language = Literal["nb", "en"]
Channel = Literal["none", "email", "sms"]
State = Literal["not_invited", "invited", "started", "submitted", "expired", "revoked", "withdrawn"]


class ParticipantIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """A participant to be added, with all visits of the study."""

    id: Annotated[Line, Meta(description="The study number. It must not tell who somebody is.")]
    site: Line
    language: Annotated[Language | None, Meta(description="Null: the phone's own decides.")] = None
    email: Annotated[Line, Meta(description="Kept sealed; no answer ever holds it.")] = ""
    phone: Annotated[Line, Meta(description="Kept sealed; no answer ever holds it.")] = ""
    day0: Annotated[date | None, Meta(description="The day that all visits count from.")] = None


class ParticipantChange(Struct, forbid_unknown_fields=True, kw_only=True):
    """What is to be changed; what is not named stays as it is."""

    language: Language | UnsetType | None = UNSET
    day0: Annotated[date | UnsetType, Meta(description="Visits that were not moved by hand move along.")] = (
        UNSET
    )
    email: Annotated[Line | UnsetType, Meta(description=_ADDRESS)] = UNSET
    phone: Annotated[Line | UnsetType, Meta(description=_ADDRESS)] = UNSET


class WithdrawalIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """That somebody leaves the study."""

    reason: Annotated[
        Line, Meta(min_length=1, description="It stays in the audit trail for good, so it must name nobody.")
    ]
    erase_contacts: Annotated[bool, Meta(description="Erase e-mail address and telephone too.")] = False


class VisitDayIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """Where one visit is to lie."""

    planned_on: Annotated[date | None, Meta(description="Null: the day that is counted from day 0.")]
    hour: Annotated[
        str, Meta(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9])?$", description="Norwegian time, as 09:30.")
    ] = ""


class VisitOut(Struct, kw_only=True):
    """One visit of a participant, and how far it has come."""

    visit: str
    state: State
    planned_on: date | None
    begins_at: datetime | None
    opens_at: datetime | None
    closes_at: datetime | None
    submitted_at: datetime | None


class VisitOfParticipantOut(Struct, kw_only=True):
    """One visit of a participant by itself."""

    id: str
    site: str
    is_withdrawn: bool
    visit: VisitOut


class ParticipantOut(Struct, kw_only=True):
    """A participant by study number, with the visits that ask something."""

    id: str
    site: str
    language: Language | None
    day0: date | None
    is_withdrawn: bool
    visits: list[VisitOut]


class ParticipantQuery(Struct, forbid_unknown_fields=True, kw_only=True):
    """Which participants."""

    site: Annotated[Line, Meta(description="Only this site.")] = ""
    limit: Annotated[int, Meta(ge=1, le=_LARGEST_PAGE, description="How many at most.")] = 100
    cursor: Annotated[
        str, Meta(max_length=500, description="`next` of the page before, with the same site.")
    ] = ""


class ParticipantPage(Struct, kw_only=True):
    """Participants by study number."""

    items: list[ParticipantOut]
    next: Annotated[str | None, Meta(description="The cursor of the next page; null on the last one.")]


class InvitationIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """How a link is to be given out. An empty object makes one, or gives the one that lives."""

    send: Annotated[Channel, Meta(description="By which channel btb_pro sends it too.")] = "none"
    replace: Annotated[bool, Meta(description="End the link that lives, and make a new one.")] = False


class InvitationOut(Struct, kw_only=True):
    """A link. Whoever has it may answer with it: hand it to the participant, and keep no copy."""

    id: str
    visit: str
    link: str
    is_new: bool
    send: Channel
    issued_at: datetime
    opens_at: datetime
    expires_at: datetime


class ExportQuery(Struct, forbid_unknown_fields=True, kw_only=True):
    """What of a table, and as it stood when."""

    format: TableFormat = TableFormat.CSV
    site: Annotated[list[Line], Meta(description="Only this site; may be repeated.")] = []
    visit: Annotated[list[Line], Meta(description="Only this visit; may be repeated.")] = []
    submitted_only: Annotated[bool, Meta(description="Leaves out what was not sent in.")] = False
    until: Annotated[
        Annotated[str, Meta(max_length=40)],
        Meta(description="The cut-off: an audit event's number, or an instant with its offset."),
    ] = ""
    since: Annotated[
        Annotated[int, Meta(ge=1, le=_LARGEST_NUMBER)] | None,
        Meta(description="Only what came or changed since the export of this number."),
    ] = None


class KeyOut(Struct, kw_only=True):
    """The key that asks."""

    name: str
    scopes: list[str]
    site: Annotated[str | None, Meta(description="Null: all sites.")]


class SiteOut(Struct, kw_only=True):
    """A hospital of the study that the key opens."""

    code: str
    name: str


class StudyVisitOut(Struct, kw_only=True):
    """A visit of the study."""

    code: str
    day: Annotated[int, Meta(description="Counted from day 0.")]
    asks: Annotated[bool, Meta(description="Whether it asks something, so that there are links to it.")]


class StudyOut(Struct, kw_only=True):
    """The study, as far as this key reaches, and the key itself."""

    code: str
    version: str
    languages: list[str]
    sites: list[SiteOut]
    visits: list[StudyVisitOut]
    key: KeyOut
