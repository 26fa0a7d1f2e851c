"""The process beside the server that makes the files that the console asks for.

It does next to nothing itself: each job runs in a process of its own, so that its memory is given back, and
so that one that the system ends takes nothing with it. Nothing of it runs in the web server's processes,
where an export would hold up a participant's save.
"""

import logging
import os
import secrets
import signal
import socket
import sys
import threading
import traceback
from contextlib import suppress
from datetime import timedelta
from typing import NoReturn

from btb_pro import clock
from btb_pro.damage import DATABASE_FAILURES
from btb_pro.services.job_work import work_on_next
from btb_pro.services.jobs import beat, clear_away, is_work_waiting, put_back, take_back
from btb_pro.services.runtime import Runtime

_LOOKS_EVERY_S = 1.0
_BEATS_EVERY = timedelta(seconds=10)
_CLEARS_EVERY = timedelta(hours=1)
_GRACE_S = 10.0
_log = logging.getLogger("btb_pro.jobs")


class FileMaker:
    """Looks for work, and has one process at a time do it."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._worker = ""
        self._child = 0
        self._beat_at = self._cleared_at = clock.now() - timedelta(days=1)

    def run(self, stopping: threading.Event, *, beside: int | None, once: bool) -> None:
        """Until it is told to stop, its parent has ended, or (`once`) nothing waits."""
        while not stopping.is_set() and beside in (None, os.getppid()):
            # A database that does not answer now is asked again.
            with suppress(*DATABASE_FAILURES):
                is_idle = self._look()
                if once and is_idle:
                    return
            stopping.wait(_LOOKS_EVERY_S)
        self._stop()

    def _look(self) -> bool:
        """One look; whether there is nothing to do and nothing being done."""
        database = self._runtime.database
        if self._child:
            self._see_to_child()
            return False
        if clock.now() - self._cleared_at > _CLEARS_EVERY:
            self._cleared_at = clock.now()
            clear_away(self._runtime)
        with database.reading() as session:
            is_waiting = is_work_waiting(session)
        if is_waiting:
            self._begin()
        return not is_waiting

    def _begin(self) -> None:
        self._worker = f"{socket.gethostname()[:50]}/{secrets.token_hex(6)}"
        # An open connection must not live on in two processes after the fork.
        self._runtime.database.close()
        self._child = os.fork()
        if self._child == 0:
            _work(self._runtime, self._worker)

    def _see_to_child(self) -> None:
        ended, status = os.waitpid(self._child, os.WNOHANG)
        if not ended:
            if clock.now() - self._beat_at > _BEATS_EVERY:
                self._beat_at = clock.now()
                with self._runtime.database.writing() as session:
                    beat(session, self._worker)
                    session.commit()
            return
        self._child = 0
        if status:
            _log.error("the process of a job ended with %s", os.waitstatus_to_exitcode(status))
            with self._runtime.database.writing() as session:
                take_back(session, self._worker)
                session.commit()

    def _stop(self) -> None:
        """Have the work put back, so that the next process takes it up at once."""
        if not self._child:
            return
        with suppress(ProcessLookupError):
            os.kill(self._child, signal.SIGTERM)
        killing = threading.Timer(_GRACE_S, os.kill, (self._child, signal.SIGKILL))
        killing.start()
        os.waitpid(self._child, 0)
        killing.cancel()
        with suppress(*DATABASE_FAILURES), self._runtime.database.writing() as session:
            put_back(session, self._worker)
            session.commit()


def _work(runtime: Runtime, worker: str) -> NoReturn:
    """The life of the process of one job. What it logs of an error leaves out its message, which may be an
    answer."""
    try:
        stopping = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: stopping.set())
        # Who sits at the terminal stops the parent, which stops this one.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        os.nice(10)
        work_on_next(runtime, worker, stopping.is_set)
    finally:
        kind, _, trace = sys.exc_info()
        if kind is not None:
            _log.error("%s\n%s", kind.__name__, "".join(traceback.format_tb(trace)))
        os._exit(0 if kind is None else 1)
