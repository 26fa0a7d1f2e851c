"""Who asks for a page that is not for them is told there is none, and the trail tells who asked."""

from sqlalchemy import select

from btb_pro.models.base import AuditEvent
from btb_pro.roles import Role
from tests.support.staff import signed_in
from tests.support.world import World


def _refused(world: World) -> list[tuple[str, str, str, bool, str]]:
    with world.reading() as session:
        query = select(AuditEvent).where(AuditEvent.tag == "staff:refuse_access").order_by(AuditEvent.seq)
        return [
            (
                event.actor_kind,
                event.actor_role,
                event.study_number,
                "hospital" in event.changes,
                event.changes,
            )
            for event in session.execute(query).scalars()
        ]


def test_another_hospitals_participant_and_another_roles_page_are_told(world: World) -> None:
    world.add("BTB-001", site="oslo")
    world.add("BTB-002", site="bergen")
    browser = signed_in(world, Role.COORDINATOR, "oslo")
    assert browser.open("/console/participants/BTB-001").status == 200
    assert _refused(world) == []
    assert browser.open("/console/participants/BTB-002").status == 404
    assert browser.open("/console/staff").status == 404
    first, second = _refused(world)
    assert first[:4] == ("staff", "coordinator", "BTB-002", True)
    assert (second[2], "console.staff" in second[4]) == ("", True)


def test_a_number_that_nobody_has_and_a_stranger_tell_nothing(world: World) -> None:
    browser = signed_in(world, Role.COORDINATOR, "oslo")
    assert browser.open("/console/participants/BTB-404").status == 404
    world.app.test_client().get("/console/staff")
    assert _refused(world) == []
