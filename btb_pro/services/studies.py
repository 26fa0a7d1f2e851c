"""Recording which study file is in use."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro.models.participant import Site, StudyFile
from btb_pro.services.audit import Context, Tag, step
from btb_pro.study import Study


def record_study(session: Session, context: Context, study: Study) -> None:
    """Record the study file and its sites, unless this very file is recorded already."""
    known_sites = set(session.execute(select(Site.code)).scalars())
    is_known = session.execute(
        select(StudyFile.id).where(
            StudyFile.code == study.code,
            StudyFile.version == study.version,
            StudyFile.sha256 == study.sha256,
        )
    ).first()
    new_sites = [site.code for site in study.sites if site.code not in known_sites]
    if is_known and not new_sites:
        return
    with step(session, context, Tag.STUDY_RECORD) as event:
        if not is_known:
            session.add(
                StudyFile(code=study.code, version=study.version, sha256=study.sha256, event_seq=event.seq)
            )
            event.change("study", study.code, "version", None, study.version)
            event.change("study", study.code, "sha256", None, study.sha256)
        for code in new_sites:
            session.add(Site(code=code, event_seq=event.seq))
            event.change("site", code, "code", None, code)
