"""Whoever opens what is kept of a participant stands in the trail; whoever may not open it does not."""

import json

import pytest
from sqlalchemy import select

from btb_pro.models.base import AuditEvent
from btb_pro.roles import PERMISSIONS, Permission, Role
from tests.integration.console.correcting import sent_in
from tests.support.staff import signed_in
from tests.support.world import World

NUMBER = "A"
ANSWERS = f"/console/participants/{NUMBER}/answers/baseline"
PAGES = {
    f"/console/participants/{NUMBER}": ("participant", Permission.SEE_PARTICIPANTS),
    ANSWERS: ("answers", Permission.SEE_ANSWERS),
}


def looks(world: World) -> list[tuple[str, str, str]]:
    """Whose record was looked at: study number, role of who looked, what was shown."""
    with world.reading() as session:
        query = select(AuditEvent).where(AuditEvent.tag == "participant:view").order_by(AuditEvent.seq)
        return [
            (event.study_number, event.actor_role, change["field"])
            for event in session.execute(query).scalars()
            for change in json.loads(event.changes)
        ]


@pytest.mark.parametrize("role", list(Role))
def test_each_role_leaves_a_line_for_each_page_that_it_opens(world: World, role: Role) -> None:
    sent_in(world)
    browser = signed_in(world, role)
    expected = []
    for address, (what, needed) in PAGES.items():
        opens = needed in PERMISSIONS[role]
        assert browser.open(address).status == (200 if opens else 404)
        expected += [(NUMBER, role.value, what)] * opens
        assert looks(world) == expected
