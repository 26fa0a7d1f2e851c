"""Links that are none of ours, counted for each network and for all of them together.

Only such links are counted, and only they are refused: a whole ward behind one address answers undisturbed,
whatever one of its machines tries.
"""

from contextlib import suppress
from datetime import datetime, timedelta

from btb_pro.damage import DATABASE_FAILURES
from btb_pro.services.limits import Limit, network_of, note_failure, wait_until
from btb_pro.this_request import runtime

OF_A_NETWORK = Limit("link", free=500, longest=timedelta(minutes=10), window=timedelta(hours=1))
OF_ALL = Limit("link_all", free=5000, longest=timedelta(minutes=1), window=timedelta(hours=1))


def note_guess(address: str) -> datetime | None:
    """Count an unknown link that came from an IP address; if too many came lately, until when to wait."""
    house = runtime()
    key = house.settings.secret_keys[0]
    counted = ((OF_A_NETWORK, network_of(address)), (OF_ALL, ""))
    # A database that does not answer is no reason to hide the page that helps.
    with suppress(*DATABASE_FAILURES):
        with house.database.reading() as db:
            pauses = [until for limit, whom in counted if (until := wait_until(db, limit, whom, key))]
        if pauses:
            return max(pauses)
        with house.database.writing() as db:
            for limit, whom in counted:
                note_failure(db, limit, whom, key)
            db.commit()
    return None
