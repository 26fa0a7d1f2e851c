"""`btb-pro serve` on a machine whose clock can be set: by as many seconds as a file says, from then on.

Python's clock alone, as the app asks it; the machine's own is everybody's, and its counter goes on.
"""

import os
import sys
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

from btb_pro import clock
from btb_pro.__main__ import main

_STEP = Path(os.environ["STEP_FILE"])


class _SteppingDatetime(datetime):
    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Any:
        seconds = float(_STEP.read_text(encoding="ascii") or 0)
        return datetime.now(tz) + timedelta(seconds=seconds)


if __name__ == "__main__":
    clock.datetime = _SteppingDatetime  # type: ignore[attr-defined]  # what asks the machine for the time
    sys.exit(main())
