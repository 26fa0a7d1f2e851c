"""The file maker as a process beside the server or the worker, which itself loads nothing of it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from btb_pro.config import Settings, environment_of

_SHORT_S = 3.0


@contextmanager
def file_maker_beside(settings: Settings) -> Iterator[None]:
    """While the block runs, `btb-pro work --files-only` runs beside it; it ends with this process."""
    owner = os.getpid()
    process = subprocess.Popen(
        [sys.executable, "-m", "btb_pro", "work", "--files-only", "--beside", str(owner)],
        env=environment_of(settings.instance),
        stdin=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        # Gunicorn's workers leave this block too, each in its own process.
        if os.getpid() == owner:
            process.terminate()
            # It puts its work back and ends; the server need not stay for that.
            with suppress(subprocess.TimeoutExpired):
                process.wait(_SHORT_S)
