"""Why an account of the staff cannot be as asked."""

from enum import StrEnum

from btb_pro.refusals import PlainRefusal

LONGEST_TEXT = 120


class StaffFault(StrEnum):
    """Why an account cannot be as asked."""

    EMAIL_WRONG = "email wrong"
    EMAIL_KNOWN = "email known"
    NAME_WRONG = "name wrong"
    SITE_UNKNOWN = "site unknown"
    NO_SITE = "no site"
    LAST_ADMIN = "last admin"


_SENTENCES = {
    StaffFault.EMAIL_WRONG: "That is no e-mail address: write one, like name@hospital.example.",
    StaffFault.EMAIL_KNOWN: "There is an account with that e-mail address already.",
    StaffFault.NAME_WRONG: f"Write a name of 1 to {LONGEST_TEXT} characters.",
    StaffFault.SITE_UNKNOWN: "That is no site of this study: see btb-pro study show.",
    StaffFault.NO_SITE: "Name at least one site, or say that the account is for all.",
    StaffFault.LAST_ADMIN: "This is the last admin who can sign in: make another one first.",
}


class StaffRefused(PlainRefusal):
    """An account cannot be as asked, and stays as it was. The fault says why."""

    def __init__(self, fault: StaffFault) -> None:
        self.fault = fault
        super().__init__(_SENTENCES[fault])
