"""However many answers there are, what a participant does is found by an index and never by reading them all.

The engine is asked for its plan of every statement that the app executes on the way through a visit.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, event

from btb_pro import clock
from btb_pro.models.every import every_table
from tests.integration.participant.steps import finish_pain, go_to
from tests.support.behind import is_sqlite
from tests.support.staff import signed_in
from tests.support.world import World

FEW_ROWS = {"audit_head", "export_run", "site", "staff", "staff_site", "study", "wording_approval"}
"""Tables that grow with the study's plan, its hospitals and its staff, and not with what participants do."""
GROWING = {table.name for table in every_table()} - FEW_ROWS
OF_WHAT_WAITS = {
    index.name
    for table in every_table()
    for index in table.indexes
    if index.dialect_options["sqlite"]["where"] is not None
}
"""Indexes of the rows alone that somebody has to do something about: they may be read from end to end."""

AS_IF_NEVER_COUNTED = """
UPDATE pg_class SET relpages = 0, reltuples = -1
WHERE relkind IN ('r', 'i') AND relnamespace = 'public'::regnamespace
"""
"""PostgreSQL plans by what it counted last, which here is some other test's few rows or none: for those any
way is as good. Where nothing was counted it takes a few hundred for granted.
"""

Said = dict[str, Any]
"""A statement and what was given to it."""


@contextmanager
def listening(world: World) -> Iterator[Said]:
    """What is said to the database meanwhile, each statement once."""
    engine = world.runtime.database.engine
    said: Said = {}

    def note(_c: object, _cursor: object, statement: str, parameters: Any, _x: object, is_many: bool) -> None:
        if statement.lstrip().startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")):
            said.setdefault(statement, parameters[0] if is_many else parameters)

    event.listen(engine, "before_cursor_execute", note)
    yield said
    event.remove(engine, "before_cursor_execute", note)


def full_scans(world: World, said: Said) -> dict[str, list[str]]:
    """Tables that grow and that a statement reads from end to end, by statement."""
    found = {}
    with world.runtime.database.engine.connect() as connection:
        look = _scans_of_sqlite if is_sqlite(world) else _scans_of_postgresql
        if not is_sqlite(world):
            connection.exec_driver_sql(AS_IF_NEVER_COUNTED)
            connection.exec_driver_sql("DELETE FROM pg_statistic WHERE starelid >= 16384")
        for statement, given in said.items():
            scans = [table for table in look(connection, statement, given) if table in GROWING]
            if scans:
                found[statement] = scans
        connection.rollback()
    return found


def _scans_of_sqlite(connection: Connection, statement: str, given: Any) -> list[str]:
    plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given)
    found = [re.match(r"SCAN (\w+)(?:.* USING (?:COVERING )?INDEX (\w+))?", row[3]) for row in plan]
    scanned = [one[1] for one in found if one and one[2] not in OF_WHAT_WAITS]
    # The plan calls a table by the name that it has in the statement.
    names = dict(re.findall(r"\b(\w+) AS (\w+)", statement))
    return [next((table for table, alias in names.items() if alias == one), one) for one in scanned]


def _scans_of_postgresql(connection: Connection, statement: str, given: Any) -> list[str]:
    # With the other ways put off, whoever reads from end to end has none.
    for way in ("seqscan", "hashjoin", "mergejoin"):
        connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")
    [[[plan]]] = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", given)
    return list(_nodes_that_scan(plan["Plan"]))


def _nodes_that_scan(node: dict[str, Any]) -> Iterator[str]:
    is_found = {"Index Cond", "Recheck Cond"} & {*node} or node.get("Index Name") in OF_WHAT_WAITS
    if "Scan" in node["Node Type"] and "Relation Name" in node and not is_found:
        yield node["Relation Name"]
    for inner in node.get("Plans", ()):
        yield from _nodes_that_scan(inner)


def test_a_visit_from_the_link_to_the_receipt_reads_no_growing_table_from_end_to_end(world: World) -> None:
    world.add("BTB-001", day0=(clock.today() - timedelta(days=14)).isoformat())
    link = world.invite("BTB-001", "day14")
    with listening(world) as said:
        browser = world.browser().open(link).press()
        go_to(browser, world, "pain_now", "day14").fill("pain_now", "3").press()
        browser.press("lang", "en")
        browser.open(f"/q/{browser.address.split('/')[2]}/")
        assert finish_pain(browser).press().page == "receipt"
        world.browser().open(link)
    spoken_to = {table for table in GROWING for one in said if re.search(rf"\b{table}\b", one)}
    assert {"answer", "audit_event", "invitation", "participant_session", "save_key", "visit"} <= spoken_to
    assert full_scans(world, said) == {}


def test_a_statement_that_reads_all_is_found(world: World) -> None:
    assert full_scans(
        world,
        {
            "SELECT item FROM answer WHERE mode = 'paper'": (),
            "SELECT a.item FROM answer AS a": (),
            "SELECT item FROM answer WHERE id = 1": (),
        },
    ) == {
        "SELECT item FROM answer WHERE mode = 'paper'": ["answer"],
        "SELECT a.item FROM answer AS a": ["answer"],
    }


def test_every_reference_to_an_event_has_an_index(world: World) -> None:
    """An event is written after its rows: SQLite looks for them in every table that may refer to it."""
    columns = {
        (table.name, key.parent.name)
        for table in every_table()
        for key in table.foreign_keys
        if key.column.table.name == "audit_event"
    }
    indexed = {
        (table.name, next(iter(index.columns)).name) for table in every_table() for index in table.indexes
    }
    assert len(columns) > 20
    assert columns - indexed == set()


def test_a_coordinators_day_reads_neither_answers_nor_events_from_end_to_end(world: World) -> None:
    number = world.add("BTB-001", email="kari@example.org")
    world.invite(number)
    browser = signed_in(world)
    with listening(world) as said:
        for path in ("", "participants", f"participants/{number}"):
            assert browser.open(f"/console/{path}").status == 200
    read = {table for tables in full_scans(world, said).values() for table in tables}
    # The list is of all participants, who are few beside their answers; test_size.py measures it.
    assert read & {"answer", "audit_event", "response", "save_key", "score"} == set()
