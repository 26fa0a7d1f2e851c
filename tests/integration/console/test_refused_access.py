"""Who asks for a page that is not for them is told there is none, and the trail tells who asked."""

from btb_pro.roles import Role
from tests.support.staff import refused_access, signed_in
from tests.support.world import World


def test_another_hospitals_participant_and_another_roles_page_are_told(world: World) -> None:
    world.add("BTB-001", site="oslo")
    world.add("BTB-002", site="bergen")
    browser = signed_in(world, Role.COORDINATOR, "oslo")
    assert browser.open("/console/participants/BTB-001").status == 200
    assert refused_access(world) == []
    assert browser.open("/console/participants/BTB-002").status == 404
    assert browser.open("/console/staff").status == 404
    assert refused_access(world) == [
        ("coordinator", "console.participant", "hospital", "BTB-002"),
        ("coordinator", "console.staff", "role", ""),
    ]


def test_a_number_that_nobody_has_and_a_stranger_tell_nothing(world: World) -> None:
    browser = signed_in(world, Role.COORDINATOR, "oslo")
    assert browser.open("/console/participants/BTB-404").status == 404
    world.app.test_client().get("/console/staff")
    assert refused_access(world) == []
