"""The web server: a port taken first, then gunicorn on it."""

import errno
import os
import socket
import sys
import threading
import traceback
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from btb_pro.cli.beside import file_maker_beside
from btb_pro.cli.common import Refused
from btb_pro.config import Settings
from btb_pro.logs import set_up_logging
from btb_pro.services.clock_steps import ClockWatch
from btb_pro.services.inspection import inspect

_THREADS = 4
_GRACEFUL_TIMEOUT_S = 30
_SHARED_MEMORY = Path("/dev/shm")


def take_port(host: str, port: int) -> socket.socket:
    """A socket bound to the address, not listening yet: nothing is built for a port that is in use.

    Raises:
        Refused: the port is in use, may not be used, or the host is none of this machine's.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = found[0]
        taken = socket.socket(family, socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Refused(_no_address(host)) from error
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind(address)
    except OSError as error:
        taken.close()
        raise Refused(_why_not_taken(error, host, port)) from error
    return taken


def _why_not_taken(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} of {host} is in use: stop what uses it, or name another with --port."
    if error.errno == errno.EACCES:
        return f"Port {port} may not be used by this user: name one above 1023 with --port."
    return _no_address(host)


def _no_address(host: str) -> str:
    return f"--host {host} is no address of this machine: use 127.0.0.1, or 0.0.0.0 for all."


class _PrivateLogger(Logger):  # type: ignore[misc]  # gunicorn ships no types
    """Gunicorn's log without what came in: an address holds a link's token, an error's message may too."""

    def exception(self, message: object, *_args: object, **_named: object) -> None:
        kind, _, trace = sys.exc_info()
        where = "".join(traceback.format_tb(trace))
        super().error("%s: %s\n%s", str(message).partition("%")[0].strip(), kind and kind.__name__, where)

    def warning(self, message: str, *args: object, **named: object) -> None:
        if message.startswith("Invalid request"):
            message, args = "An invalid request was refused.", ()
        super().warning(message, *args, **named)


def _watch_clock(worker: Any) -> None:
    """Let a thread of each worker look whether somebody sets the machine's clock."""
    watch = ClockWatch(worker.wsgi.extensions["btb_pro"], "btb-pro serve")
    threading.Thread(target=watch.go_on, name="clock", daemon=True).start()


class _Server(BaseApplication):  # type: ignore[misc]  # gunicorn ships no types
    def __init__(self, settings: Settings, taken: socket.socket, workers: int) -> None:
        self._settings = settings
        self._options = {
            # Gunicorn closes the number that it is given, so it must be the only one to hold it.
            "bind": f"fd://{taken.detach()}",
            "workers": workers,
            "threads": _THREADS,
            "worker_class": "gthread",
            "preload_app": True,
            "graceful_timeout": _GRACEFUL_TIMEOUT_S,
            # Longer than most pages are read: a new connection costs a phone two or three round trips.
            "keepalive": 75,
            "sendfile": True,
            "umask": 0o077,
            # On a disk, the workers' heartbeat can stall together with it.
            "worker_tmp_dir": str(_SHARED_MEMORY) if os.access(_SHARED_MEMORY, os.W_OK) else None,
            "control_socket_disable": True,
            # Proxies are BTB_PROXY_HOPS's matter alone.
            "forwarded_allow_ips": "",
            "accesslog": None,
            "loglevel": "warning",
            "logger_class": _PrivateLogger,
            "proc_name": "btb-pro",
            "post_worker_init": _watch_clock,
        }
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Any:
        app = resolve_name("btb_pro:create_app")(self._settings)
        inspect(app.extensions["btb_pro"], whole=False)
        # An open connection must not live on in two processes after the fork.
        app.extensions["btb_pro"].database.close()
        return app


def serve_until_stopped(settings: Settings, taken: socket.socket, workers: int) -> Any:
    """Serve an instance on a port that was taken. Ends with the process.

    Raises:
        Refused: another process began to listen on the port meanwhile.
        Whatever `create_app` raises: what is wrong with the instance.
    """
    set_up_logging()
    server = _Server(settings, taken, workers)
    server.wsgi()
    try:
        with file_maker_beside(settings):
            server.run()
    except OSError as error:
        raise Refused(f"The port cannot be opened ({error.strerror}): name another with --port.") from error
