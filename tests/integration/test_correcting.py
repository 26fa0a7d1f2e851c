"""Whatever is asked for and decided, in whatever order: answers only grow, and the newest is the accepted."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from btb_pro import clock
from btb_pro.instruments.answers import AnswerState, StoredAnswer, ValueRefused, read_value
from btb_pro.instruments.model import Field
from btb_pro.models.participant import Visit
from btb_pro.models.response import Answer, ScoreRow
from btb_pro.roles import Role
from btb_pro.scoring.scores import score_response
from btb_pro.services.audit import Context
from btb_pro.services.correcting import Wanted, ask_correction, decide_correction, find_correction
from btb_pro.services.correction_faults import CorrectionFault, CorrectionRefused, Reason
from btb_pro.services.staff_sessions import SignedIn
from btb_pro.services.visit_answers import AskedField, fields_asked, newest_rows, stored
from btb_pro.study import sections_asked
from tests.integration.console.correcting import WHY, sent_in
from tests.integration.test_export_round_trip import posted
from tests.support.world import World

SEVERAL = ("pain_now", "pain_worst_2w", "pain_usual_2w", "pain_worse", "pain_worse_other", "shc_headache",
           "shc_headache_days", "hscl_headache", "fabq_activity_harm")  # fmt: skip
Rows = list[tuple[int, str, str, str | None]]


def person(role: Role, *sites: str) -> SignedIn:
    """Somebody at work."""
    return SignedIn(1, 1, f"{role.value}@hospital.example", "Kari", role, "nb", frozenset(sites), clock.now())


ASKS = person(Role.MONITOR, "oslo")
DECIDES = person(Role.INVESTIGATOR, "oslo")


@st.composite
def postings(draw: st.DrawFn, field: Field) -> list[str]:
    """Something that a browser might send for a field."""
    return posted(draw, field)


def rows_of(world: World) -> Rows:
    """Every answer row, oldest first."""
    with world.reading() as session:
        found = session.execute(select(Answer).order_by(Answer.id)).scalars()
        return [(row.id, row.item, row.state, row.value) for row in found]


def correct(
    world: World, asked: AskedField, becomes: StoredAnswer, *, accepts: bool
) -> CorrectionFault | None:
    """Ask, and decide; why it could not be asked for, if so."""
    with world.writing() as session:
        visit = session.execute(select(Visit).where(Visit.submitted_at.is_not(None))).scalar_one()
        wanted = Wanted(asked.field.code, becomes, Reason.SLIP, WHY, "Paper form", clock.today())
        try:
            row = ask_correction(session, Context(ASKS.actor), world.runtime, ASKS, visit, wanted)
        except CorrectionRefused as error:
            session.rollback()
            return error.why
        found = find_correction(session, row.id)
        assert found is not None
        decide_correction(
            session, Context(DECIDES.actor), world.runtime, DECIDES, found, WHY, accepts=accepts
        )
    return None


@given(data=st.data())
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_answers_only_grow_and_the_newest_is_what_was_accepted(world: World, data: st.DataObject) -> None:
    if not rows_of(world):
        sent_in(world)
    asked = {one.field.code: one for one in fields_asked(world.runtime, "baseline")}
    for code in data.draw(st.lists(st.sampled_from(SEVERAL), min_size=1, max_size=6)):
        try:
            value = read_value(asked[code].field, data.draw(postings(asked[code].field)))
        except ValueRefused:
            value = None
        blank = data.draw(st.sampled_from([AnswerState.CLEARED, AnswerState.DECLINED]))
        becomes = StoredAnswer(blank if value is None else AnswerState.ANSWERED, value)
        accepts = data.draw(st.booleans())
        before = rows_of(world)
        fault = correct(world, asked[code], becomes, accepts=accepts)
        assert fault in (None, CorrectionFault.NO_CHANGE, CorrectionFault.NOT_APPLICABLE)
        if fault is None and accepts:
            *kept, (_, item, state, written) = rows_of(world)
            assert kept == before
            assert (item, state, written) == (code, becomes.state.value, becomes.value)
        else:
            assert rows_of(world) == before
    _scores_are_those_of_the_present_answers(world)


def _scores_are_those_of_the_present_answers(world: World) -> None:
    runtime = world.runtime
    with world.reading() as session:
        visit = session.execute(select(Visit).where(Visit.submitted_at.is_not(None))).scalar_one()
        current = stored(newest_rows(session, visit))
        newest = {row.code: row for row in session.execute(select(ScoreRow).order_by(ScoreRow.id)).scalars()}
    for code, sections in sections_asked(runtime.study.visit("baseline").parts).items():
        for one in score_response(runtime.instruments[code], current, runtime.study.minimum_share, sections):
            row = newest[one.code]
            assert (row.value, row.n_answered, row.reason) == (one.value, one.n_answered, one.reason)
