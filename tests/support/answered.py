"""Participants who answered the packaged study's baseline through the real services, some by rote."""

from datetime import datetime, timedelta
from random import Random

from sqlalchemy import func, select

from btb_pro import clock
from btb_pro.models.base import AuditEvent
from btb_pro.services.demo_answers import MadeUpPerson
from btb_pro.services.quality import pages_of_visit
from tests.integration.export_world import ExportWorld
from tests.support.engines import kept_copy, put_back
from tests.support.world import World

SITES = ("oslo", "bergen", "tromso")
VISIT = "baseline"
_FRESH_FOR = timedelta(hours=1)
_kept: dict[tuple[str, str, int], tuple[datetime, str]] = {}
"""By engine, study and count: when so many had answered, and the database of then."""


def answered_world(world: World, count: int) -> None:
    """So many participants have sent in their baseline, within the last hours; one more has begun.

    A process lets them do so once. In each other world that holds nothing else, they have done so then.
    """
    database, url = world.runtime.database, world.runtime.settings.database_url
    with world.reading() as session:
        is_new = session.execute(select(func.count()).select_from(AuditEvent)).scalar_one() == 1
    if not is_new:
        _tell(world, count)
        return
    key = (database.engine.name, world.runtime.study.sha256, count)
    told_at, kept = _kept.get(key, (None, ""))
    if told_at is None or abs(clock.now() - told_at) > _FRESH_FOR:
        _tell(world, count)
        database.close()
        _kept[key] = (clock.now(), kept_copy(url))
    else:
        database.close()
        put_back(url, kept)


def _tell(world: World, count: int) -> None:
    runtime = world.runtime
    story = ExportWorld(runtime, now=clock.now() - timedelta(hours=5))
    day0 = clock.today().isoformat()
    for number in range(count + 1):
        name = f"A-{number:03}"
        story.add(name, SITES[number % len(SITES)], day0)
        story.start(name, VISIT)
        person = MadeUpPerson(Random(number), "nb", number % 3 / 3)
        pages = pages_of_visit(runtime.study, runtime.instruments, VISIT)
        for page in pages if number < count else pages[:3]:
            values, declined = person.answer(page)
            shown_at = story.now
            story.now += timedelta(seconds=5 + 3 * number)
            story.save(
                name,
                values,
                visit=VISIT,
                instrument=page.instrument.code,
                items=tuple(item.code for item in page.items),
                decline=declined.code if declined and declined.code not in values else "",
                passes_on=True,
                shown_at=shown_at,
            )
        if number < count:
            story.submit(name, VISIT)
