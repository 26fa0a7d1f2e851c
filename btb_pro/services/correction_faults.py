"""Why a correction is asked for, and why it cannot be asked for or decided."""

from enum import StrEnum

SHORTEST_WHY = 10
LONGEST_WHY = 1000
LONGEST_SOURCE = 200


class Reason(StrEnum):
    """Why an answer is not what it should be."""

    SLIP = "slip"
    MISUNDERSTOOD = "misunderstood"
    TYPED_IN_WRONGLY = "typed_in_wrongly"
    """From paper or over the phone."""
    CAME_LATE = "came_late"
    """The answer that should count was sent too late."""
    OTHER = "other"


class CorrectionFault(StrEnum):
    """One reason; the console has a sentence for each."""

    NOT_SUBMITTED = "not_submitted"
    WITHDRAWN = "withdrawn"
    NOT_OF_VISIT = "not_of_visit"
    NOT_APPLICABLE = "not_applicable"
    """Given the other answers, the question is none to this participant."""
    NO_CHANGE = "no_change"
    ASKED_ALREADY = "asked_already"
    """Another request for the same field waits."""
    WHY_TOO_SHORT = "why_too_short"
    WHY_TOO_LONG = "why_too_long"
    WHY_NOT_STORABLE = "why_not_storable"
    """It holds a character that cannot be stored; so the next one."""
    SOURCE_NOT_STORABLE = "source_not_storable"
    NO_SOURCE = "no_source"
    SOURCE_TOO_LONG = "source_too_long"
    NOTICED_IN_THE_FUTURE = "noticed_in_the_future"
    MAY_NOT_ASK = "may_not_ask"
    MAY_NOT_DECIDE = "may_not_decide"
    """Only an investigator of the participant's hospital decides."""
    OWN_REQUEST = "own_request"
    DECIDED_ALREADY = "decided_already"


class CorrectionRefused(Exception):
    """A correction was neither asked for nor decided; nothing was changed."""

    def __init__(self, why: CorrectionFault) -> None:
        super().__init__(why.value)
        self.why = why
