"""Participants who answered the packaged study's baseline through the real services, some by rote."""

from datetime import timedelta
from random import Random

from btb_pro import clock
from btb_pro.services.demo_answers import MadeUpPerson
from btb_pro.services.quality import pages_of_visit
from tests.integration.export_world import ExportWorld
from tests.support.world import World

SITES = ("oslo", "bergen", "tromso")
VISIT = "baseline"


def answered_world(world: World, count: int) -> None:
    """So many participants have sent in their baseline, within the last hours; one more has begun."""
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
