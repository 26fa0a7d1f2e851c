"""Sending a visit in: once, in one transaction, with a code that can be read over the telephone."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.models.response import ParticipantSession, Response, ScoreRow
from btb_pro.services.audit import Context
from btb_pro.services.sessions import Answering, find_session, participant_actor
from btb_pro.services.submission import submit_visit
from tests.integration.participant.steps import dump, session_address
from tests.support.world import World


@pytest.fixture
def session_of(world: World) -> tuple[str, str]:
    """Handle and secret of a session that answered one question of a later visit."""
    world.add(day0=(clock.today() - timedelta(days=14)).isoformat())
    browser = world.started(world.invite(visit="day14")).press()
    browser.fill("pain_now", "7").press()
    handle = session_address(browser).removeprefix("/q/")
    cookie = browser.client.get_cookie(f"btb-{handle}")
    assert cookie is not None
    return handle, cookie.value


@contextmanager
def submitting(world: World, session_of: tuple[str, str]) -> Iterator[tuple[Session, Context, Answering]]:
    """A transaction in which the visit may be sent in."""
    with world.writing() as session:
        answering = find_session(session, *session_of)
        assert answering is not None
        yield session, Context(participant_actor(answering.participant)), answering


def test_a_second_submit_gives_the_same_receipt_and_writes_nothing(
    world: World, session_of: tuple[str, str]
) -> None:
    with submitting(world, session_of) as (session, context, answering):
        first = submit_visit(session, context, world.runtime, answering)
    stored = dump(world)
    with submitting(world, session_of) as (session, context, answering):
        assert submit_visit(session, context, world.runtime, answering) == first
    assert dump(world) == stored


def test_locking_scoring_and_the_receipt_are_one_event_at_one_instant(
    world: World, session_of: tuple[str, str]
) -> None:
    with submitting(world, session_of) as (session, context, answering):
        receipt = submit_visit(session, context, world.runtime, answering)
    with world.reading() as session:
        response = session.execute(select(Response)).scalar_one()
        score = session.execute(select(ScoreRow)).scalar_one()
    assert response.is_locked
    assert response.submitted_at == score.computed_at == receipt.submitted_at
    assert (score.n_answered, score.n_items, score.value) == (1, 3, None)
    assert score.reason


def test_a_submit_that_fails_locks_nothing(world: World, session_of: tuple[str, str]) -> None:
    stored = dump(world)
    with world.runtime.database.writing() as session:
        answering = find_session(session, *session_of)
        assert answering is not None
        submit_visit(session, Context(participant_actor(answering.participant)), world.runtime, answering)
    assert dump(world) == stored


def test_a_receipt_code_holds_no_letter_that_is_misread_or_misheard(
    world: World, session_of: tuple[str, str]
) -> None:
    codes = set()
    for _ in range(50):
        with world.runtime.database.writing() as session:
            answering = find_session(session, *session_of)
            assert answering is not None
            context = Context(participant_actor(answering.participant))
            codes.add(submit_visit(session, context, world.runtime, answering).code)
    assert len(codes) == 50
    assert not set("".join(codes)) & set("01ILOU")
    assert {len(code) for code in codes} == {9}
    with world.reading() as session:
        assert len(session.execute(select(ParticipantSession)).all()) == 1
