"""What a key can reach: participants of its site, and sites; the rest is as if it were not there."""

from sqlalchemy.orm import Session

from btb_pro.api.operations import Desk
from btb_pro.api.problems import ProblemKind, Refused
from btb_pro.models.participant import Participant
from btb_pro.services.known_participants import ParticipantUnknown, find_participant


def known_participant(desk: Desk, db: Session, number: str) -> Participant:
    """A participant whom the key opens.

    Raises:
        Refused: there is none, or not at the key's site, which is told alike.
    """
    try:
        found = find_participant(db, number)
    except ParticipantUnknown:
        found = None
    if found is None or not desk.holder.works_for(found.site_code):
        sentence = "This key finds no participant with that study number."
        raise Refused(ProblemKind.NOT_FOUND, sentence, foreign=found.study_number if found else "")
    return found


def require_own_site(desk: Desk, site: str) -> None:
    """Pass for a site that the key opens, and for one that there is not: that is told elsewhere.

    Raises:
        Refused: it is another site of the study.
    """
    sites = [one.code for one in desk.runtime.study.sites]
    if site in sites and not desk.holder.works_for(site):
        raise Refused(ProblemKind.OTHER_SITE, f"This key is for the site {desk.holder.site} alone.")
