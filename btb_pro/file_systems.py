"""Refusing to keep an SQLite database on a network share.

SQLite's write-ahead log needs memory that all its processes share, and its locks must hold for all of them.
On a share neither is sure, and a database there is damaged sooner or later (sqlite.org/useovernet.html).
"""

import re
from pathlib import Path

from btb_pro.refusals import PlainRefusal

_MOUNTS = Path("/proc/self/mountinfo")
_NETWORK = frozenset(
    {
        "9p", "afs", "ceph", "cifs", "coda", "fuse.ceph", "fuse.davfs", "fuse.glusterfs", "fuse.rclone",
        "fuse.s3fs", "fuse.sshfs", "glusterfs", "lustre", "ncpfs", "nfs", "nfs4", "smb2", "smb3", "smbfs",
    }
)  # fmt: skip


class DatabaseOnNetworkShare(PlainRefusal):
    """SQLite's file lies on a file system of another machine."""


def refuse_network_share(path: Path, mounts: Path = _MOUNTS) -> None:
    """Refuse a file whose folder is mounted from another machine; where nobody can tell, it is taken.

    Raises:
        DatabaseOnNetworkShare: says where it lies and what to do.
    """
    kind = file_system_of(path, mounts)
    if kind in _NETWORK:
        raise DatabaseOnNetworkShare(
            f"The database of BTB_DATABASE_URL lies on a network share ({path.parent}, {kind}), where SQLite "
            "loses answers: put it on a disk of this machine, or use PostgreSQL."
        )


def file_system_of(path: Path, mounts: Path = _MOUNTS) -> str:
    """The type of the file system that a file lies on, as Linux names it; empty where nobody can tell."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    folder, best, kind = path.absolute().parent.resolve(), -1, ""
    for line in lines:
        before, _, after = line.partition(" - ")
        words = before.split()
        if len(words) < 5 or not after:
            continue
        point = Path(re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), words[4]))
        # Of several mounts on one folder the last is seen.
        if (point == folder or point in folder.parents) and len(point.parts) >= best:
            best, kind = len(point.parts), after.split()[0]
    return kind
