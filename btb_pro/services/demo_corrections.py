"""Made-up corrections, asked for, accepted and refused, and an answer that came too late."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import cycle

from btb_pro import clock
from btb_pro.instruments.answers import AnswerState, StoredAnswer
from btb_pro.instruments.model import FieldKind
from btb_pro.models.correction import CorrectionRequest
from btb_pro.roles import Role
from btb_pro.services.answers import PageSave
from btb_pro.services.audit import Context
from btb_pro.services.correcting import Wanted, ask_correction, decide_correction, find_correction
from btb_pro.services.correction_faults import Reason
from btb_pro.services.demo_staff import demo_colleague
from btb_pro.services.demo_story import Character, Stage
from btb_pro.services.sessions import Answering
from btb_pro.services.staff_sessions import SignedIn
from btb_pro.services.untaken_answers import keep_late_save
from btb_pro.services.visit_answers import AnswerOnFile, answers_on_file

_OF_FORMS = ("hscl25", "fabq", "shc", "pain")
"""A correction each, as far as they go: one accepted, one refused, the others wait."""
_WHY = "Oppdiktet: Deltakeren ringte og sa at det var krysset av feil."
_SOURCE = "Oppdiktet: telefonnotat"
_DECIDED_WHY = {
    True: "Oppdiktet: Stemmer med notatet fra samtalen.",
    False: "Oppdiktet: Notatet sier ikke hva som var riktig svar.",
}


def play_corrections(stage: Stage, characters: Sequence[Character], today: date) -> None:
    """Have the last visit corrected of the first who sent one in at each hospital of the investigator, and
    of the monitor. All of it happens last, yesterday evening; the caller commits.
    """
    evening = datetime.combine(today - timedelta(days=1), time(21), clock.OSLO)
    investigator = demo_colleague(stage.session, stage.runtime, Role.INVESTIGATOR)
    monitor = demo_colleague(stage.session, stage.runtime, Role.MONITOR)
    manager = demo_colleague(stage.session, stage.runtime, Role.DATA_MANAGER)
    # The hospital where something is decided comes last, so that the trail goes forward in time.
    for site in sorted(monitor.sites or (), key=investigator.works_for):
        decides = investigator.works_for(site)
        sent_in = (who for who in characters if who.site == site and _has_sent_in(who))
        who = next(sent_in, None)
        if who is None or who.answering is None:
            continue
        answers = list(_of_each_form(stage, who.answering))[: None if decides else 1]
        requests = []
        for place, (asker, answer) in enumerate(zip(cycle((manager, monitor)), answers, strict=False)):
            with clock.at(evening + timedelta(minutes=10 * place)):
                requests.append(_ask(stage, asker, who.answering, answer))
        if not (decides and answers):
            continue
        for place, (request, accepts) in enumerate(zip(requests, (True, False), strict=False)):
            with clock.at(evening + timedelta(hours=1, minutes=10 * place)):
                _decide(stage, investigator, request, accepts=accepts)
        with clock.at(evening + timedelta(hours=2)):
            _come_late(stage, who.answering, answers[-1])


def _has_sent_in(who: Character) -> bool:
    return who.answering is not None and who.answering.visit.submitted_at is not None


def _of_each_form(stage: Stage, answering: Answering) -> Iterator[AnswerOnFile]:
    """The first answer of each form that is one out of a list or a number."""
    on_file = answers_on_file(stage.session, stage.runtime, answering.visit)
    for code in _OF_FORMS:
        of_form = (
            one
            for one in on_file
            if one.asked.instrument.code == code
            and one.value is not None
            and one.asked.field.kind in (FieldKind.CODE, FieldKind.INTEGER)
        )
        yield from list(of_form)[:1]


def _other_value(answer: AnswerOnFile) -> str:
    """Another legal answer."""
    field = answer.asked.field
    if field.kind is FieldKind.CODE:
        return next(one.code for one in field.choices if one.code != answer.value)
    lowest = field.minimum or 0
    return f"{lowest + 1 if answer.value == f'{lowest}' else lowest}"


def _ask(stage: Stage, asker: SignedIn, answering: Answering, answer: AnswerOnFile) -> CorrectionRequest:
    wanted = Wanted(
        field=answer.asked.field.code,
        becomes=StoredAnswer(AnswerState.ANSWERED, _other_value(answer)),
        reason=Reason.SLIP,
        why=_WHY,
        source=_SOURCE,
        noticed_on=clock.today(),
    )
    context = Context(asker.actor, study_version=stage.context.study_version)
    return ask_correction(stage.session, context, stage.runtime, asker, answering.visit, wanted)


def _decide(stage: Stage, investigator: SignedIn, request: CorrectionRequest, *, accepts: bool) -> None:
    found = find_correction(stage.session, request.id)
    assert found is not None, "it was asked for just now"
    context = Context(investigator.actor, study_version=stage.context.study_version)
    why = _DECIDED_WHY[accepts]
    decide_correction(stage.session, context, stage.runtime, investigator, found, why, accepts=accepts)


def _come_late(stage: Stage, answering: Answering, answer: AnswerOnFile) -> None:
    """A phone sends another answer than the visit was sent in with."""
    asked = answer.asked
    save = PageSave(
        instrument=asked.instrument,
        items=(asked.item,),
        values={asked.field.code: _other_value(answer)},
        client_key="made-up-late",
        language=answering.session.language,
        shown_at=answering.visit.submitted_at,
        device_at=clock.local_text(clock.now()),
    )
    keep_late_save(stage.session, stage.of(answering.participant), answering, save)
