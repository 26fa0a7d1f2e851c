"""No event lacks what its action demands: who in which role, whose, why, asked for by which request."""

import json
from datetime import timedelta

from sqlalchemy import select

from btb_pro import clock
from btb_pro.models.base import AuditEvent
from btb_pro.roles import Role
from tests.integration.console.correcting import ITEM, ask, sent_in
from tests.support.staff import signed_in
from tests.support.world import World

OF_NOBODY = {"study:record", "staff:sign_in"}
"""Actions that concern no participant."""
WITH_A_REASON = {"participant:withdraw"}
"""Actions that somebody has to give a reason for, which the event itself holds.

That of a correction stands in its row, from where it can be taken out; the event holds its hash.
"""


def lacking(event: AuditEvent) -> list[str]:
    """What an event lacks of what its action demands."""
    by_somebody = event.actor_kind in ("participant", "staff")
    demanded = {
        "actor": event.actor,
        "tag": event.tag,
        "app_version": event.app_version,
        "row_changes": event.row_changes,
        "milliseconds": event.at.tzinfo and event.at.microsecond % 1000 == 0,
        "role": event.actor_role or not by_somebody,
        "request_id": event.request_id or not by_somebody,
        "study_version": event.study_version or not by_somebody,
        "site": event.actor_site or event.actor_kind != "participant",
        "study_number": event.study_number or event.tag in OF_NOBODY,
        "reason": event.reason or event.tag not in WITH_A_REASON,
    }
    changes = json.loads(event.changes)
    demanded["changes"] = changes and all(
        set(one) == {"object", "key", "field", "old", "new"} and one["object"] and one["key"] and one["field"]
        for one in changes
    )
    return [name for name, there in demanded.items() if not there]


def test_every_event_of_a_visit_and_of_its_correction_is_whole(world: World) -> None:
    sent_in(world)
    ask(world)
    decides = signed_in(world, Role.INVESTIGATOR, "oslo").open("/console/corrections/1").pick("decision")
    decides.fill("why", "Agreed with the participant.").press("decision", "accept")
    coordinator = signed_in(world)
    world.add("B", email="kari@example.org", day0=(clock.today() + timedelta(days=9)).isoformat())
    coordinator.open("/console/participants/B/change").fill("email", "ola@example.org").press()
    coordinator.open("/console/participants/B/withdraw").fill("reason", "moved abroad").press()
    with world.reading() as session:
        events = session.execute(select(AuditEvent).order_by(AuditEvent.seq)).scalars().all()
    assert {event.tag for event in events} >= {
        "session:start", "answer:save", "visit:submit", "correction:ask", "correction:accept",
        "participant:view", "participant:change", "participant:withdraw",
    }  # fmt: skip
    assert {event.tag: lacking(event) for event in events if lacking(event)} == {}
    decided = next(event for event in events if event.tag == "correction:accept")
    told = {one["field"]: (one["old"], one["new"]) for one in json.loads(decided.changes)}
    assert ("14", "4") in told.values(), (ITEM, told)


def test_each_thing_that_an_event_lacks_is_named() -> None:
    empty = AuditEvent(
        seq=1, at=clock.now(), actor_kind="staff", actor="", actor_role="", actor_site="", tag="",
        study_number="", changes="[]", row_changes=None, reason="", request_id="", app_version="",
        study_version="",
    )  # fmt: skip
    names = {"actor", "tag", "app_version", "row_changes", "role", "request_id", "study_version"}
    assert set(lacking(empty)) == {*names, "study_number", "changes"}
