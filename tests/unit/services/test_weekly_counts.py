"""The counts that are kept agree with the rows that they count."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from btb_pro import clock
from btb_pro.db import Database
from btb_pro.migrate import downgrade, upgrade
from btb_pro.models.participant import Invitation, Participant, Visit, WeeklyCount
from btb_pro.models.response import Response
from btb_pro.services.audit import Actor
from btb_pro.services.demo import FEWEST_PARTICIPANTS, build_demo
from btb_pro.services.weekly_counts import Counted, last_weeks, monday_of, totals_by_site
from tests.support.world import World

Key = tuple[str, date, str]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """The made-up study, told by the services themselves."""
    folder: Path = tmp_path_factory.mktemp("demo")
    study = build_demo(folder, "http://localhost", Actor("command", "tester"), FEWEST_PARTICIPANTS + 20)
    database = Database(study.settings.database_url)
    yield database
    database.close()


def kept(database: Database) -> Counter[Key]:
    """The counts as they are kept."""
    with database.reading() as session:
        rows = session.execute(select(WeeklyCount)).scalars()
        return Counter({(row.site_code, row.week, row.what): row.number for row in rows})


def counted(database: Database) -> Counter[Key]:
    """The same, counted from the rows."""
    found: Counter[Key] = Counter()
    with database.reading() as session:
        sites = dict(session.execute(select(Visit.id, Participant.site_code).join(Participant)).all())
        firsts: dict[tuple[int, str], datetime] = {}
        columns = {
            "invited": (Invitation.visit_id, Invitation.issued_at),
            "started": (Response.visit_id, Response.started_at),
            "submitted": (Visit.id, Visit.submitted_at),
        }
        events = [
            (visit, what, at)
            for what, (visit_id, instant) in columns.items()
            for visit, at in session.execute(select(visit_id, instant))
        ]
    for visit, what, at in events:
        if at is not None:
            firsts[visit, what] = min(at, firsts.get((visit, what), at))
    for (visit, what), at in firsts.items():
        found[sites[visit], monday_of(at), what] += 1
    return found


def test_a_study_told_by_the_services_has_every_visit_counted_once(demo: Database) -> None:
    assert kept(demo) == counted(demo)
    assert {what for _, _, what in kept(demo)} == set(Counted)


def test_an_older_database_is_counted_when_it_is_brought_up_to_date(demo: Database) -> None:
    before = kept(demo)
    with demo.reading() as session:
        starts = session.execute(select(Visit.id, Visit.started_at).order_by(Visit.id)).all()
    downgrade(demo, "0002")
    upgrade(demo)
    assert kept(demo) == before
    with demo.reading() as session:
        assert session.execute(select(Visit.id, Visit.started_at).order_by(Visit.id)).all() == starts


@pytest.mark.parametrize(
    ("at", "monday"),
    [
        ("2026-11-22T22:59:59+00:00", date(2026, 11, 16)),
        ("2026-11-22T23:00:00+00:00", date(2026, 11, 23)),
        ("2026-07-05T21:59:59+00:00", date(2026, 6, 29)),
        ("2026-07-05T22:00:00+00:00", date(2026, 7, 6)),
    ],
)
def test_a_week_begins_at_midnight_in_norway(at: str, monday: date) -> None:
    assert monday_of(datetime.fromisoformat(at)) == monday


def test_weeks_without_anything_are_there_and_sites_too(world: World) -> None:
    now = datetime(2026, 11, 25, 12, tzinfo=UTC)
    with clock.at(now):
        world.add("A", "oslo")
    with clock.at(now - timedelta(weeks=2)):
        world.invite("A")
    with clock.at(now), world.reading() as session:
        weeks = last_weeks(session, ["oslo", "bergen"], 4)
        totals = totals_by_site(session, ["oslo", "bergen"])
    assert [week.monday for week in weeks] == [date(2026, 11, day) for day in (2, 9, 16, 23)]
    assert [week.numbers[Counted.INVITED] for week in weeks] == [0, 1, 0, 0]
    assert totals["oslo"][Counted.INVITED] == 1
    assert set(totals["bergen"].values()) == {0}
