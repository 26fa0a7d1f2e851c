"""Who looked at whose record stands in the audit trail, and nothing of what stood there."""

import json

from sqlalchemy import select

from btb_pro.models.base import AuditEvent
from btb_pro.services.audit import Actor, Context
from btb_pro.services.known_participants import note_view
from btb_pro.services.verification import verify
from tests.support.world import World


def test_a_view_is_noted_with_who_what_and_whose(world: World) -> None:
    number = world.add(email="kari@example.org")
    context = Context(Actor("staff", "ola@hospital.example", "monitor", "oslo"))
    with world.writing() as session:
        note_view(session, context, number, "contact")
    with world.reading() as session:
        event = session.execute(select(AuditEvent).order_by(AuditEvent.seq.desc())).scalars().first()
        assert event is not None
        assert (event.tag, event.actor, event.actor_role, event.actor_site, event.study_number) == (
            "participant:view",
            "ola@hospital.example",
            "monitor",
            "oslo",
            number,
        )
        assert json.loads(event.changes) == [
            {"object": "view", "key": number, "field": "contact", "old": None, "new": "seen"}
        ]
        assert verify(session).events == event.seq
