"""A number that a row had is never another row's, also after the row was taken out."""

from sqlalchemy import Integer, Table, select
from sqlalchemy import text as sql

from btb_pro.models.every import every_table
from btb_pro.models.participant import Contact
from btb_pro.services.participants import withdraw_participant
from tests.guards.source import calls, modules
from tests.support.behind import is_sqlite
from tests.support.world import COMMAND, World

TAKEN_OUT_OF = {
    "btb_pro.services.contact_changes": {"contact"},
    "btb_pro.services.idempotency": {"api_idempotency"},
    "btb_pro.services.limits": {"rate_count"},
    "btb_pro.services.paper_entries": {"paper_keying"},
    "btb_pro.services.staff_accounts": {"staff_site"},
}
"""Which tables a service takes rows out of; where nothing is taken out, the highest number stays taken."""


def numbered() -> dict[str, Table]:
    """Tables whose rows get a number from the database."""
    tables = {}
    for table in every_table():
        [*key] = table.primary_key.columns
        if len(key) == 1 and isinstance(key[0].type, Integer) and key[0].autoincrement is not False:
            tables[table.name] = table
    return tables


def taking_out(sources: dict[str, str]) -> set[str]:
    """Modules that call a delete of SQLAlchemy's."""
    deletes = {"delete", "session.delete"}
    services = {name: text for name, text in sources.items() if name.startswith("btb_pro.services.")}
    return {name for name, source in services.items() if deletes & {*calls(source)}}


def contacts(world: World) -> set[int]:
    with world.reading() as session:
        return set(session.execute(select(Contact.id)).scalars())


def test_an_address_gets_a_number_that_no_address_had_before(world: World) -> None:
    world.add("BTB-001", email="kari@example.org", phone="40612345")
    before = contacts(world)
    with world.writing() as session:
        withdraw_participant(session, COMMAND, "BTB-001", "moved away", erases_contacts=True)
    assert contacts(world) == set()
    world.add("BTB-002", email="ola@example.org")
    assert min(contacts(world)) > max(before)


def test_the_database_counts_on_where_rows_are_taken_out(world: World) -> None:
    with world.reading() as session:
        for name in numbered():
            if not is_sqlite(world):
                asked = f"SELECT pg_get_serial_sequence('{name}', 'id')"
                assert session.execute(sql(asked)).scalar_one(), name
            elif any(name in tables for tables in TAKEN_OUT_OF.values()):
                asked = f"SELECT sql FROM sqlite_master WHERE name = '{name}'"
                assert "AUTOINCREMENT" in session.execute(sql(asked)).scalar_one(), name


def test_rows_are_taken_out_of_no_other_table() -> None:
    assert taking_out(modules()) == set(TAKEN_OUT_OF)
    assert taking_out({"btb_pro.services.x": "session.delete(row)"}) == {"btb_pro.services.x"}
    assert {"contact", "api_idempotency", "paper_keying"} == set(numbered()) & {
        table for tables in TAKEN_OUT_OF.values() for table in tables
    }
