"""Proves an export later, with nothing but its files: a bundle or a folder against its manifest.

A bundle is stored uncompressed and is a function of its files, so that no byte of it can change unseen,
headers included. Whoever can rewrite all files can rewrite the manifest, too: the receipt and the audit trail
hold the hashes that an export left with.
"""

import errno
import json
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import ZIP_STORED, BadZipFile, ZipFile

from btb_pro import clock
from btb_pro.exports.files import sha256_of, write_zip
from btb_pro.refusals import PlainRefusal

MANIFEST = "manifest.json"
_SEAL = "sha256_of_the_rest"
_AT_ONCE = 1 << 20
# What zipfile says of a changed header: another version, a password, a name that is no text.
_OF_BROKEN_ZIPS = (BadZipFile, NotImplementedError, EOFError, RuntimeError, ValueError, struct.error)


class ProofBroken(PlainRefusal):
    """An export is not what its manifest or receipt says. The message names the first file that is not."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What was proven."""

    path: Path
    files: int
    manifest_sha256: str
    cutoff_seq: int
    cutoff_at: str
    receipt: Mapping[str, Any] | None
    """None: there is none beside it."""

    def __str__(self) -> str:
        told = (
            f"{self.path}: {self.files} files are what the manifest says, up to event {self.cutoff_seq} "
            f"({self.cutoff_at}).\n  {MANIFEST}: SHA-256 {self.manifest_sha256}"
        )
        if self.receipt is None:
            return f"{told}\nNo receipt lies beside it: compare this SHA-256 with the one in the audit trail."
        number, who, when = (self.receipt[name] for name in ("export", "taken_by", "taken_at"))
        return f"{told}\nThe receipt fits: export {number}, taken by {who}, {when}."


def receipt_path(bundle: Path) -> Path:
    """Where a bundle's receipt lies."""
    return bundle.with_name(f"{bundle.name}.receipt.json")


def canonical_manifest(content: Mapping[str, object]) -> bytes:
    """A manifest's bytes, with the SHA-256 of all the rest of it, so that no byte of it changes unseen."""
    rest = {name: value for name, value in content.items() if name != _SEAL}
    seal = sha256(_json(rest)).hexdigest()
    return _json({**rest, _SEAL: seal})


def prove(path: Path) -> Proof:
    """Compare an export with its manifest, and with the receipt that lies beside it.

    Raises:
        ProofBroken: a byte, a file or a name is not what it was.
        OSError: it cannot be read.
    """
    if path.is_dir():
        return _prove_folder(path)
    try:
        with ZipFile(path) as archive:
            return _prove_bundle(path, archive)
    except _OF_BROKEN_ZIPS as error:
        raise ProofBroken(f"{path} is no bundle of ours, or was changed: {error}.") from error
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        # A changed header sends the reader to a place before the file's beginning.
        raise ProofBroken(f"{path} is no bundle of ours, or was changed.") from error


def _prove_folder(path: Path) -> Proof:
    names = {file.relative_to(path).as_posix() for file in path.rglob("*") if not file.is_dir()}
    if MANIFEST not in names:
        raise ProofBroken(f"{path} holds no {MANIFEST}: it is no export, or the manifest was taken away.")
    content = (path / MANIFEST).read_bytes()
    manifest = _read_manifest(content)
    _compare_names(manifest, names)
    for name, told in manifest["files"].items():
        _compare(name, told["sha256"], sha256_of(path / name))
    return _proof(path, manifest, content, None)


def _prove_bundle(path: Path, archive: ZipFile) -> Proof:
    names = archive.namelist()
    if len(set(names)) < len(names) or MANIFEST not in names:
        raise ProofBroken(f"{path} holds a file twice, or no {MANIFEST}: it is no bundle, or was changed.")
    if any(entry.compress_type != ZIP_STORED for entry in archive.infolist()):
        raise ProofBroken(f"{path} was packed anew: a bundle of ours is not compressed.")
    content = archive.read(MANIFEST)
    manifest = _read_manifest(content)
    _compare_names(manifest, names)
    with TemporaryDirectory() as name:
        folder = Path(name)
        entries = list(_unpack(archive, names, folder))
        for entry, file in entries:
            if entry != MANIFEST:
                _compare(entry, manifest["files"][entry]["sha256"], sha256_of(file))
        write_zip(folder / "again", entries, clock.read_utc(manifest["cutoff"]["at"]))
        _compare(path.name, sha256_of(folder / "again"), sha256_of(path))
    return _proof(path, manifest, content, _read_receipt(path, content))


def _unpack(archive: ZipFile, names: Iterable[str], folder: Path) -> Iterator[tuple[str, Path]]:
    """Under numbers, since a name in a foreign zip may lead anywhere."""
    for number, name in enumerate(names):
        target = folder / f"{number}"
        with archive.open(name) as source, open(target, "wb") as file:
            while part := source.read(_AT_ONCE):
                file.write(part)
        yield name, target


def _read_manifest(content: bytes) -> dict[str, Any]:
    try:
        manifest = json.loads(content)
        is_sealed = isinstance(manifest, dict) and canonical_manifest(manifest) == content
        is_ours = is_sealed and isinstance(manifest["files"], dict) and manifest["cutoff"]["seq"] > 0
    except (ValueError, KeyError, TypeError, RecursionError):
        is_ours = False
    if not is_ours:
        raise ProofBroken(f"{MANIFEST} was changed: it does not fit its own SHA-256.")
    found: dict[str, Any] = manifest
    return found


def _compare_names(manifest: Mapping[str, Any], names: Iterable[str]) -> None:
    listed = {*manifest["files"], MANIFEST}
    for name in sorted(listed - set(names)):
        raise ProofBroken(f"{name} is missing: the manifest lists it.")
    for name in sorted(set(names) - listed):
        raise ProofBroken(f"{name} is in no manifest: it was put in later.")


def _compare(name: str, expected: str, found: str) -> None:
    if expected != found:
        raise ProofBroken(f"{name} was changed: its SHA-256 should be {expected} and is {found}.")


def _read_receipt(path: Path, manifest: bytes) -> Mapping[str, Any] | None:
    beside = receipt_path(path)
    if not beside.exists():
        return None
    try:
        receipt = json.loads(beside.read_bytes())
        told = receipt["sha256"], receipt["manifest_sha256"]
        _ = receipt["export"], receipt["taken_by"], receipt["taken_at"]
    except (ValueError, KeyError, TypeError) as error:
        raise ProofBroken(f"{beside} is no receipt of ours.") from error
    if told != (sha256_of(path), sha256(manifest).hexdigest()):
        raise ProofBroken(f"{beside.name} is the receipt of another bundle, or {path.name} was changed.")
    found: dict[str, Any] = receipt
    return found


def _proof(
    path: Path, manifest: Mapping[str, Any], content: bytes, receipt: Mapping[str, Any] | None
) -> Proof:
    return Proof(
        path=path,
        files=len(manifest["files"]),
        manifest_sha256=sha256(content).hexdigest(),
        cutoff_seq=manifest["cutoff"]["seq"],
        cutoff_at=manifest["cutoff"]["at"],
        receipt=receipt,
    )


def receipt_bytes(
    bundle: Path,
    name: str,
    number: int,
    taken_by: str,
    taken_at: datetime,
    manifest_sha256: str,
    cutoff_seq: int,
) -> bytes:
    """A bundle's receipt: who took it and when, outside the hashed files. `name` is the bundle's own."""
    content = {
        "file": name,
        "sha256": sha256_of(bundle),
        "manifest_sha256": manifest_sha256,
        "export": number,
        "cutoff_seq": cutoff_seq,
        "taken_by": taken_by,
        "taken_at": clock.utc_text(taken_at),
    }
    return (json.dumps(content, sort_keys=True, indent=2, ensure_ascii=False) + "\n").encode()


def _json(content: Mapping[str, object]) -> bytes:
    return (json.dumps(content, sort_keys=True, indent=2, ensure_ascii=False) + "\n").encode()
