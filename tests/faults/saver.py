"""What the power is cut under: the real app in a process of its own, and one phone that saves so many times.

Each acknowledgement is written to a file the moment the phone has it, so that a trace holds it in its order.
"""

import os
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import event

from btb_pro import create_app, db
from btb_pro.config import read_settings
from tests.integration.participant.steps import go_to
from tests.support.world import World

FIELD = "pain_duration_years"


def main(instance: Path, acknowledged: Path, saves: int, synchronous: str, journal: str) -> None:
    """Save so many times and end as abruptly as a killed process."""
    # What the app asks itself before it chooses its journal.
    db.has_wal_reset_bug = lambda version: journal == "truncate" and bool(version)
    app = create_app(read_settings(instance, {}))
    app.testing = True
    world = World(instance, app)
    engine = world.runtime.database.engine

    def weaken(connection: Any, _record: object) -> None:
        connection.execute(f"PRAGMA synchronous={synchronous}")

    if synchronous != "FULL":
        event.listen(engine, "connect", weaken)
        engine.dispose()
    world.add(language="nb")
    page = go_to(world.started(world.invite()), world, "pain_worse")
    hidden = [pair for pair in page.values if pair[0] in ("csrf_token", "state")]
    address = page.address.replace("/page/", "/tap/")
    out = os.open(acknowledged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for number in range(saves):
        key, value = f"phone-{number:08}", str(number % 60 + 1)
        sent = dict([*hidden, (FIELD, value), ("key", key)])
        response = page.client.post(address, data=sent)
        assert response.get_json() == {"stored": True}, response.get_data(as_text=True)
        os.write(out, f"{key} {value}\n".encode())
    os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:])
