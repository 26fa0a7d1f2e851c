"""Finding a participant by study number."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro.models.participant import Participant
from btb_pro.refusals import PlainRefusal


class ParticipantUnknown(PlainRefusal):
    """No participant has that study number."""

    def __init__(self, study_number: str) -> None:
        super().__init__(f"No participant has the study number {study_number}: see btb-pro participant list.")


def find_participant(session: Session, study_number: str) -> Participant:
    """The participant with a study number.

    Raises:
        ParticipantUnknown: there is none.
    """
    query = select(Participant).where(Participant.study_number == study_number.strip())
    participant = session.execute(query).scalar_one_or_none()
    if participant is None:
        raise ParticipantUnknown(study_number)
    return participant
