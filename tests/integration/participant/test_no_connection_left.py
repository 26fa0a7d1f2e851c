"""PostgreSQL gives out no more connections: what was typed is kept until there is one again."""

import time
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import create_engine

from btb_pro.db import Database
from tests.integration.participant.steps import go_to, values
from tests.support.engines import EngineName
from tests.support.plain_browser import PlainBrowser
from tests.support.world import World

pytestmark = pytest.mark.parametrize("engine", [EngineName.POSTGRESQL], indirect=True)
ROLE = "btb_of_a_test_with_one_connection"


@pytest.fixture
def page(world: World) -> Iterator[PlainBrowser]:
    """A page with an answer on it, in an app that works as a role with one connection."""
    shown = go_to(world.started(), world, "pain_now").fill("pain_now", "3")
    url = world.runtime.database.engine.url
    owner = create_engine(url, isolation_level="AUTOCOMMIT")
    with owner.connect() as connection:
        connection.exec_driver_sql(f"DROP ROLE IF EXISTS {ROLE}")
        connection.exec_driver_sql(f"CREATE ROLE {ROLE} LOGIN CONNECTION LIMIT 1")
        connection.exec_driver_sql(f"GRANT pg_read_all_data, pg_write_all_data TO {ROLE}")
    as_owner = world.runtime.database
    as_role = Database(url.set(username=ROLE).render_as_string(hide_password=False))
    object.__setattr__(world.runtime, "database", as_role)
    yield shown
    as_role.close()
    object.__setattr__(world.runtime, "database", as_owner)
    with owner.connect() as connection:
        connection.exec_driver_sql(f"DROP ROLE {ROLE}")
    owner.dispose()


def test_the_page_keeps_what_was_typed_until_there_is_a_connection_again(
    world: World, page: PlainBrowser
) -> None:
    database = world.runtime.database
    sent = [*page.values, ("later", "1")]
    address = database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address):
        page.press("later")
        assert (page.status, page.page, page.values) == (503, "step", sent)
        looked = page.client.get(page.address.partition("?")[0])
        assert (looked.status_code, "too many connections" in looked.text) == (503, False)
        refused = page.client.get("/healthz").status_code, page.client.get("/readyz").status_code
        assert refused == (200, 503)
    for _ in range(100):
        # The server lets go of a connection a moment after it was closed.
        if page.press().page != "step":
            break
        time.sleep(0.1)
    assert page.page == "parts"
    assert values(world) == {"pain_now": "3"}
