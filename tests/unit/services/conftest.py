"""A chain to prove and to spoil."""

from datetime import timedelta

import pytest

from btb_pro import clock
from tests.integration.participant.steps import go_to
from tests.support.world import World


@pytest.fixture
def told(world: World) -> World:
    """A chain with every kind of step of a visit, a text answer and scores among them."""
    world.add(language="nb", email="kari@example.org")
    world.add("BTB-002", day0=(clock.today() - timedelta(days=14)).isoformat())
    first = go_to(world.started(world.invite()), world, "pain_worse")
    first.fill("pain_worse", "other").fill("pain_worse_other", "blåbær").press()
    second = world.started(world.invite("BTB-002", "day14")).press()
    for item in ("pain_now", "pain_worst_2w", "pain_usual_2w"):
        second.fill(item, "7").press()
    assert second.press().page == "receipt"
    world.revoke("BTB-001")
    return world
