"""How far each visit has come."""

from datetime import timedelta

from sqlalchemy import event

from btb_pro import clock
from btb_pro.services.listing import list_participants
from tests.integration.cli.shell import Run, done
from tests.support.world import World


def states_of(world: World, study_number: str) -> dict[str, str]:
    with world.reading() as session:
        listed = {one.study_number: one for one in list_participants(session, world.runtime.study)}
    return {visit: state.value for visit, state in listed[study_number].visits.items()}


def test_the_list_tells_how_far_each_visit_has_come(world: World) -> None:
    world.add("1-001")
    assert states_of(world, "1-001")["baseline"] == "not invited"
    link = world.invite("1-001")
    assert states_of(world, "1-001")["baseline"] == "invited"
    browser = world.browser().open(link).press().press()
    assert states_of(world, "1-001")["baseline"] == "invited"
    browser.fill(browser.names()[0], browser.inputs(browser.names()[0])[0].get("value") or "40").press()
    assert states_of(world, "1-001")["baseline"] == "started"
    assert states_of(world, "1-001")["day14"] == "not invited"
    with clock.at(clock.now() + timedelta(days=4)):
        assert states_of(world, "1-001")["baseline"] == "expired"
    world.revoke("1-001")
    assert states_of(world, "1-001")["baseline"] == "revoked"
    world.invite("1-001")
    assert states_of(world, "1-001")["baseline"] == "started"
    world.withdraw("1-001")
    assert set(states_of(world, "1-001").values()) == {"withdrawn"}


def test_the_list_asks_the_database_as_often_for_many_as_for_one(world: World) -> None:
    def queries() -> int:
        asked: list[str] = []

        def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            asked.append(statement)

        engine = world.runtime.database.engine
        event.listen(engine, "before_cursor_execute", note)
        with world.reading() as session:
            list_participants(session, world.runtime.study)
        event.remove(engine, "before_cursor_execute", note)
        return len(asked)

    world.add("1-001")
    for_one = queries()
    for number in range(2, 12):
        world.add(f"1-{number:03d}")
        world.invite(f"1-{number:03d}")
    assert queries() == for_one


def test_an_empty_list_says_how_to_add_somebody(run: Run) -> None:
    result = run("participant", "list")
    assert done(result) == ""
    assert "btb-pro participant add" in result.stderr
