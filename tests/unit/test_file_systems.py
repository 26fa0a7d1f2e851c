"""An SQLite file on a network share is refused; on a disk, and where nobody can tell, it is taken."""

from pathlib import Path

import pytest

from btb_pro.db import Database
from btb_pro.file_systems import DatabaseOnNetworkShare, file_system_of, refuse_network_share


@pytest.fixture
def mounts(tmp_path: Path) -> Path:
    """A machine with a share that has a space in its name, and a disk mounted below it."""
    (tmp_path / "the share" / "disk").mkdir(parents=True)
    (tmp_path / "the share" / "deep" / "down").mkdir(parents=True)
    share = str(tmp_path / "the share").replace(" ", "\\040")
    path = tmp_path / "mountinfo"
    path.write_text(
        "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"
        f"40 27 0:50 / {share} rw shared:7 - nfs4 server:/export rw\n"
        f"41 40 254:1 / {share}/disk rw - xfs /dev/vdb rw\n"
        "nonsense\n",
        encoding="utf-8",
    )
    return path


@pytest.mark.parametrize(
    ("folder", "kind"),
    [("", "ext4"), ("the share", "nfs4"), ("the share/deep/down", "nfs4"), ("the share/disk", "xfs")],
)
def test_the_innermost_mount_tells_what_a_file_lies_on(
    mounts: Path, tmp_path: Path, folder: str, kind: str
) -> None:
    assert file_system_of(tmp_path / folder / "btb.db", mounts) == kind


def test_a_database_on_a_share_is_refused_with_what_to_do(mounts: Path, tmp_path: Path) -> None:
    with pytest.raises(DatabaseOnNetworkShare, match=r"nfs4.*disk of this machine, or use PostgreSQL"):
        refuse_network_share(tmp_path / "the share" / "btb.db", mounts)
    refuse_network_share(tmp_path / "the share" / "disk" / "btb.db", mounts)
    refuse_network_share(tmp_path / "btb.db", tmp_path / "no such file")


def test_the_check_at_a_start_asks_where_the_file_lies(
    mounts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A share of another machine cannot be mounted here; what Linux would say of one can be.
    monkeypatch.setattr("btb_pro.db.refuse_network_share", lambda path: refuse_network_share(path, mounts))
    database = Database(f"sqlite:///{tmp_path / 'the share' / 'btb.db'}")
    with pytest.raises(DatabaseOnNetworkShare):
        database.check()
    database.close()
