"""Letters for so many at once that they are made beside the server, and fetched when they are ready."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro.exports.files import sha256_of
from btb_pro.exports.letters import cards_pdf, letters_pdf
from btb_pro.exports.watched import Watch
from btb_pro.models.base import canonical_json
from btb_pro.models.job import Job
from btb_pro.models.participant import Participant
from btb_pro.services.audit import Context
from btb_pro.services.jobs import (
    Claimed,
    JobFault,
    JobKind,
    JobState,
    end_badly,
    end_well,
    file_of_job,
    make_folder,
)
from btb_pro.services.known_visits import NoLink
from btb_pro.services.letters import MOST_AT_ONCE, MadeLetter, Printed
from btb_pro.services.many_letters import LeftOut, Wanted, make_letters
from btb_pro.services.runtime import Runtime

MOST_AT_HAND = 60
"""So many are made while whoever asked waits; it takes about a second."""
PDF_MAKERS = {"letter": letters_pdf, "card": cards_pdf}
_LINKS_SHARE = 0.4
"""Of the work goes to the links, the rest to drawing."""


@dataclass(frozen=True, slots=True)
class AskedLetters:
    """What is asked for, in types that JSON has."""

    kind: str
    """One of `PDF_MAKERS`."""
    all_languages: bool
    wanted: Sequence[Wanted]

    def as_json(self) -> Mapping[str, Any]:
        """What `of_json` reads."""
        return asdict(self)

    @classmethod
    def of_json(cls, kept: Mapping[str, Any]) -> "AskedLetters":
        """What `as_json` gave."""
        wanted = tuple(Wanted(**one) for one in kept["wanted"])
        return cls(kept["kind"], kept["all_languages"], wanted)


@dataclass(frozen=True, slots=True)
class MadeLetters:
    """What became of a job: whose letters are in the file, who is left out, whether it was handed over."""

    printed: Sequence[Printed]
    left_out: Sequence[LeftOut]
    is_handed_over: bool = False

    @classmethod
    def of_job(cls, job: Job) -> "MadeLetters":
        """As the job's result says; nothing of one that has none."""
        if job.result is None:
            return cls((), ())
        kept = json.loads(job.result)
        left_out = [
            LeftOut(Wanted(**one["wanted"]), NoLink(one["why"]) if one["why"] else None)
            for one in kept["left_out"]
        ]
        return cls([Printed(**one) for one in kept["printed"]], left_out, kept["is_handed_over"])

    def as_text(self) -> str:
        """What `of_job` reads."""
        return canonical_json(asdict(self))


def make_letter_file(
    runtime: Runtime, context: Context, job: Claimed, sites: Collection[str] | None, watch: Watch
) -> None:
    """Make what was asked for, for participants of some sites (None: all), and end the job.

    Raises:
        JobLost, OSError, and what `watch` raises: links that were made live on, and are printed another time.
    """
    asked = AskedLetters.of_json(job.asked)
    with runtime.database.reading() as session:
        is_own = are_of_sites(session, asked.wanted, sites)
    if not is_own:
        _fail(runtime, job, JobFault.NOT_ALLOWED)
        return
    made, left_out = make_letters(
        runtime,
        context,
        asked.wanted,
        all_languages=asked.all_languages,
        watch=lambda done: watch(_LINKS_SHARE * done / len(asked.wanted)),
    )
    if not made:
        _end(runtime, job, MadeLetters([], left_out), None)
        return
    out = make_folder(runtime, job.number, job.tries) / f"{asked.kind}.pdf"
    out.write_bytes(_draw(asked.kind, made, watch))
    printed = [one.printed for one in made]
    _end(runtime, job, MadeLetters(printed, left_out), (out.name, sha256_of(out), out.stat().st_size))


def are_of_sites(session: Session, wanted: Sequence[Wanted], sites: Collection[str] | None) -> bool:
    """Whether whoever works for some sites (None: all) may write to all of these participants."""
    if sites is None:
        return True
    numbers = {one.study_number for one in wanted[:MOST_AT_ONCE]}
    query = select(Participant.site_code).where(Participant.study_number.in_(numbers)).distinct()
    return set(session.execute(query).scalars()) <= set(sites)


def note_handed_over(session: Session, number: int) -> bool:
    """Note that the file of a job was handed over; whether it was the first time."""
    job = session.get_one(Job, number)
    made = MadeLetters.of_job(job)
    job.result = MadeLetters(made.printed, made.left_out, is_handed_over=True).as_text()
    return not made.is_handed_over


def letters_under_way(session: Session, runtime: Runtime, staff_id: int) -> list[Job]:
    """Somebody's letters that are being made, or were made and not fetched yet; the oldest first."""
    mine = (Job.kind == JobKind.LETTERS.value, Job.staff_id == staff_id)
    states = (JobState.WAITING.value, JobState.RUNNING.value, JobState.DONE.value)
    found = session.execute(select(Job).where(*mine, Job.state.in_(states)).order_by(Job.id)).scalars()
    return [one for one in found if one.state != JobState.DONE or _waits_to_be_fetched(runtime, one)]


def _waits_to_be_fetched(runtime: Runtime, job: Job) -> bool:
    return file_of_job(runtime, job) is not None and not MadeLetters.of_job(job).is_handed_over


def _draw(kind: str, made: Sequence[MadeLetter], watch: Watch) -> bytes:
    def drawn(count: int) -> None:
        watch(_LINKS_SHARE + (1 - _LINKS_SHARE) * count / len(made))

    return PDF_MAKERS[kind]([one.letter for one in made], (), drawn)


def _end(runtime: Runtime, job: Claimed, made: MadeLetters, file: tuple[str, str, int] | None) -> None:
    with runtime.database.writing() as session:
        end_well(session, job, file=file, result=made.as_text())
        session.commit()


def _fail(runtime: Runtime, job: Claimed, fault: JobFault) -> None:
    with runtime.database.writing() as session:
        end_badly(session, job, fault)
        session.commit()
