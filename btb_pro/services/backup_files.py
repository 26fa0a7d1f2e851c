"""A backup as a file: a zip with the database and a manifest, encrypted with age.

Both formats are open: ``age --decrypt`` and any zip program read a backup without btb_pro. The database in it
is SQLite, whichever engine it was taken from.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

import pyrage

from btb_pro import clock
from btb_pro.refusals import PlainRefusal

DATABASE = "btb.db"
MANIFEST = "manifest.json"
_PIECE = 1024 * 1024
_PLAIN = ".plain-"
_LEFT_BEHIND_S = 24 * 3600
_NO_KEY = (
    "BTB_BACKUP_KEY holds a key with a letter lost or mistaken: copy it again from where it is kept. "
    "Where it is kept nowhere, take the line out and run btb-pro init: backups made with it stay shut."
)


class BackupRefused(PlainRefusal):
    """A backup cannot be written or read as asked. The message says why and what to do."""


@dataclass(frozen=True, slots=True)
class BackupManifest:
    """What a backup holds."""

    study: str
    made_at: str
    """UTC."""
    app_version: str
    schema: str
    """The newest migration that its tables have."""
    engine: str
    """Where it was taken from: sqlite or postgresql."""
    seq: int
    """The last audit event in it."""
    head_hash: str
    rows: Mapping[str, int]
    """By table."""
    database_sha256: str


def new_backup_key() -> str:
    """A fresh age key. Whoever holds it opens every backup that was made with it."""
    return str(pyrage.x25519.Identity.generate())


def can_be_opened(keys: Sequence[str]) -> bool:
    """Whether a secret key is among the keys, so that a backup can be read again here."""
    return any(key.startswith("AGE-SECRET-KEY-1") for key in keys)


def require_whole(keys: Sequence[str]) -> None:
    """Pass if every key is one: age's own checksum finds a letter that was lost or mistaken.

    Raises:
        BackupRefused: one is none.
    """
    for key in keys:
        _identity(key) if can_be_opened([key]) else _recipient(key)


def write_backup(database: Path, manifest: BackupManifest, keys: Sequence[str], target: Path) -> None:
    """Write a backup under its final name once it is whole on the disk.

    Raises:
        BackupRefused: there is a file of that name already, no key, or the folder cannot be written.
    """
    if not keys:
        raise BackupRefused("BTB_BACKUP_KEY is missing: run btb-pro init, which makes one.")
    if not target.parent.is_dir():
        raise BackupRefused(f"{target.parent} is no folder: make it first, or name another.")
    if target.exists():
        raise BackupRefused(f"{target} exists already: name another file.")
    plain = database.with_name(f"{database.name}.zip")
    making = target.with_name(f".{target.name}.part")
    try:
        with ZipFile(plain, "w", ZIP_DEFLATED) as archive:
            archive.writestr(MANIFEST, json.dumps(asdict(manifest), indent=2, sort_keys=True) + "\n")
            archive.write(database, DATABASE)
        pyrage.encrypt_file(str(plain), str(making), [_recipient(keys[0])])
        with making.open("rb+") as file:
            os.fsync(file.fileno())
        os.chmod(making, 0o600)
        os.link(making, target)
        _sync_folder(target.parent)
    except FileExistsError as error:
        raise BackupRefused(f"{target} exists already: name another file.") from error
    except OSError as error:
        raise BackupRefused(
            f"The backup cannot be written to {target} ({error.strerror or error}): nothing was left there."
        ) from error
    finally:
        plain.unlink(missing_ok=True)
        making.unlink(missing_ok=True)


def read_backup(path: Path, keys: Sequence[str], folder: Path) -> tuple[Path, BackupManifest]:
    """Decrypt a backup into a folder: the database in it, whose bytes are those that were written.

    Raises:
        BackupRefused: no key opens it, it is damaged, or it is no backup.
    """
    identities = [_identity(key) for key in keys if can_be_opened([key])]
    if not identities:
        raise BackupRefused("BTB_BACKUP_KEY holds no secret key: put in the one that was kept elsewhere.")
    plain = folder / "backup.zip"
    try:
        pyrage.decrypt_file(str(path), str(plain), identities)
        with ZipFile(plain) as archive:
            manifest = BackupManifest(**json.loads(archive.read(MANIFEST)))
            database = Path(archive.extract(DATABASE, folder))
    except pyrage.DecryptError as error:
        raise BackupRefused(
            f"{path} does not open: it was made with another key than those of BTB_BACKUP_KEY, "
            "or it is damaged."
        ) from error
    except (BadZipFile, KeyError, TypeError, ValueError) as error:
        raise BackupRefused(f"{path} opens, but what is in it is no backup of btb_pro.") from error
    except OSError as error:
        raise BackupRefused(f"{path} cannot be read ({error.strerror or error}).") from error
    finally:
        plain.unlink(missing_ok=True)
    if sha256_of(database) != manifest.database_sha256:
        raise BackupRefused(f"{path} opens, but the database in it is not the one that its manifest names.")
    return database, manifest


@contextmanager
def plain_copies(instance: Path) -> Iterator[Path]:
    """A folder for copies that are not encrypted, beside the database and as private, removed at the end.

    What a killed process left behind goes with the next one that begins a day later or more.
    """
    for left in instance.glob(f"{_PLAIN}*"):
        if clock.now().timestamp() - left.stat().st_mtime > _LEFT_BEHIND_S:
            shutil.rmtree(left, ignore_errors=True)
    with TemporaryDirectory(prefix=_PLAIN, dir=instance) as name:
        yield Path(name)


def sha256_of(path: Path) -> str:
    """Of a file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def _identity(key: str) -> Any:
    try:
        return pyrage.x25519.Identity.from_str(key)
    except pyrage.IdentityError as error:
        raise BackupRefused(_NO_KEY) from error


def _recipient(key: str) -> object:
    if can_be_opened([key]):
        return _identity(key).to_public()
    try:
        return pyrage.x25519.Recipient.from_str(key)
    except pyrage.RecipientError as error:
        raise BackupRefused(_NO_KEY) from error


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
