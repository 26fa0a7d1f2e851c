"""Whether the study file and the instruments that lie here are the ones that the answers were given to."""

from collections.abc import Iterator, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro.instruments.model import Instrument, wording_sha256
from btb_pro.models.participant import StudyFile, WordingApproval
from btb_pro.models.response import Response
from btb_pro.study import Study


def changed_files(session: Session, study: Study, instruments: Mapping[str, Instrument]) -> list[str]:
    """A sentence for each file that says it is a version that was recorded, and reads otherwise.

    Versions that no longer lie here are not asked: their hashes stand in the trail.
    """
    return [*_study_file(session, study), *_wordings(session, instruments)]


def _study_file(session: Session, study: Study) -> Iterator[str]:
    recorded = set(
        session.execute(
            select(StudyFile.sha256).where(StudyFile.code == study.code, StudyFile.version == study.version)
        ).scalars()
    )
    if recorded and study.sha256 not in recorded:
        yield (
            f"The study file says that it is version {study.version}, which was recorded with another "
            "content: give it a new version, or put the recorded one back."
        )


def _wordings(session: Session, instruments: Mapping[str, Instrument]) -> Iterator[str]:
    answered = select(
        Response.instrument, Response.instrument_version, Response.language, Response.wording_sha256
    )
    approved = select(
        WordingApproval.instrument, WordingApproval.version, WordingApproval.language, WordingApproval.sha256
    )
    recorded = {tuple(row) for query in (answered, approved) for row in session.execute(query.distinct())}
    for code, version, language, sha256 in sorted(recorded):
        instrument = instruments.get(code)
        if instrument is None or instrument.version != version or language not in instrument.languages:
            continue
        if wording_sha256(instrument, language) != sha256:
            yield (
                f"{code} {version} in {language} is not worded as when it was answered or approved: a "
                "changed wording needs a new version."
            )
