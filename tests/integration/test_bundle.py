"""A bundle proves itself: later, offline, to the last byte."""

import json
import shutil
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from sqlalchemy import select

from btb_pro.exports.formats import ExportFormat
from btb_pro.exports.mapping_faults import MappingRefused
from btb_pro.exports.names import Target
from btb_pro.exports.proof import ProofBroken, prove, receipt_path
from btb_pro.models.job import ExportRun
from btb_pro.services.bundling import take_bundle
from btb_pro.services.exporting import ExportOrder, ExportRefused, ExportSummary
from btb_pro.services.mappings import make_template
from tests.integration.export_world import COMMAND, EMAIL, ExportWorld, told_world
from tests.integration.test_export_refusals import full_disk, left_beside, runs

pytestmark = pytest.mark.usefixtures("engine")

EVERYTHING = tuple(ExportFormat)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ExportWorld]:
    """The made-up study with its whole story."""
    with told_world(tmp_path / "instance") as made:
        yield made


def bundle(
    world: ExportWorld, out: Path, formats: tuple[ExportFormat, ...] = (), **order: Any
) -> ExportSummary:
    """Take a bundle."""
    with world._second():
        return take_bundle(world.runtime, COMMAND, out, ExportOrder(**order), formats)


def test_a_bundle_holds_what_it_says(world: ExportWorld, tmp_path: Path) -> None:
    mapping = make_template(world.runtime, Target.ODM).encode()
    bundle(world, tmp_path / "b.zip", EVERYTHING, mapping=mapping)
    with ZipFile(tmp_path / "b.zip") as archive:
        manifest = json.loads(archive.read("manifest.json"))
        assert set(archive.namelist()) == {"manifest.json", *manifest["files"]}
        for name, told in manifest["files"].items():
            assert sha256(archive.read(name)).hexdigest() == told["sha256"]
        assert archive.read("mapping.toml") == mapping
        assert EMAIL.encode() not in b"".join(archive.read(name) for name in archive.namelist())
    assert {"csv/codebook.csv", "odm/odm.xml", "spss/wide.sav", "redcap/records.csv"} <= set(
        manifest["files"]
    )
    assert manifest["study"]["sha256"] == world.runtime.study.sha256
    assert manifest["mapping_sha256"] == sha256(mapping).hexdigest()
    assert manifest["files"]["csv/wide.csv"]["rows"] == 4


def test_a_receipt_beside_it_says_who_and_when(world: ExportWorld, tmp_path: Path) -> None:
    summary = bundle(world, tmp_path / "b.zip")
    receipt = json.loads(receipt_path(tmp_path / "b.zip").read_bytes())
    assert receipt["taken_by"] == "tester"
    assert receipt["export"] == summary.number
    assert receipt["sha256"] == sha256((tmp_path / "b.zip").read_bytes()).hexdigest()
    with ZipFile(tmp_path / "b.zip") as archive:
        assert not [name for name in archive.namelist() if b"tester" in archive.read(name)]
    with world.runtime.database.reading() as session:
        run = session.execute(select(ExportRun)).scalar_one()
    assert (run.format, run.manifest_sha256) == ("bundle", summary.manifest_sha256)
    assert "taken by tester" in f"{prove(tmp_path / 'b.zip')}"


def test_the_same_cutoff_gives_the_same_bundle(world: ExportWorld, tmp_path: Path) -> None:
    first = bundle(world, tmp_path / "a.zip", EVERYTHING)
    world.now += timedelta(days=30)
    world.save("N-001", {"wind": "2"}, visit="later")
    bundle(world, tmp_path / "b.zip", EVERYTHING, until=f"{first.cutoff_seq}")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_every_flipped_byte_is_found(world: ExportWorld, tmp_path: Path) -> None:
    bundle(world, tmp_path / "b.zip", submitted_only=True, visits=("later",))
    receipt_path(tmp_path / "b.zip").unlink()
    whole = (tmp_path / "b.zip").read_bytes()
    assert prove(tmp_path / "b.zip").receipt is None
    # Every tenth byte, and each of the zip's own directory.
    for place in {*range(0, len(whole), 101), *range(len(whole) - 150, len(whole))}:
        spoilt = bytearray(whole)
        spoilt[place] ^= 1
        (tmp_path / "b.zip").write_bytes(spoilt)
        with pytest.raises(ProofBroken):
            prove(tmp_path / "b.zip")


def test_a_cut_off_file_a_file_more_and_another_receipt_are_found(world: ExportWorld, tmp_path: Path) -> None:
    bundle(world, tmp_path / "b.zip")
    whole = (tmp_path / "b.zip").read_bytes()
    for spoilt in (whole[:-1], whole[: len(whole) // 2], b"", whole + b"\0", b"no zip"):
        (tmp_path / "c.zip").write_bytes(spoilt)
        with pytest.raises(ProofBroken):
            prove(tmp_path / "c.zip")
    shutil.copy(tmp_path / "b.zip", tmp_path / "c.zip")
    with ZipFile(tmp_path / "c.zip", "a") as archive:
        archive.writestr("more.csv", "more")
    with pytest.raises(ProofBroken, match=r"more\.csv is in no manifest"):
        prove(tmp_path / "c.zip")
    bundle(world, tmp_path / "d.zip", visits=("start",))
    shutil.copy(receipt_path(tmp_path / "d.zip"), receipt_path(tmp_path / "b.zip"))
    with pytest.raises(ProofBroken, match="receipt of another bundle"):
        prove(tmp_path / "b.zip")


def test_a_folder_is_proven_too(world: ExportWorld, tmp_path: Path) -> None:
    out = tmp_path / "out"
    world.take(ExportFormat.CSV, out)
    assert prove(out).files == 11
    for name in ("wide.csv", "manifest.json"):
        whole = (out / name).read_bytes()
        for place in range(0, len(whole), 37):
            spoilt = bytearray(whole)
            spoilt[place] ^= 1
            (out / name).write_bytes(spoilt)
            with pytest.raises(ProofBroken):
                prove(out)
        (out / name).write_bytes(whole)
    (out / "more.csv").write_bytes(b"")
    with pytest.raises(ProofBroken, match=r"more\.csv is in no manifest"):
        prove(out)
    (out / "more.csv").unlink()
    (out / "long.csv").unlink()
    with pytest.raises(ProofBroken, match=r"long\.csv is missing"):
        prove(out)
    with pytest.raises(ProofBroken, match=r"holds no manifest\.json"):
        prove(tmp_path / "instance")


def test_a_bundle_never_takes_the_place_of_another_file(world: ExportWorld, tmp_path: Path) -> None:
    (tmp_path / "b.zip").write_bytes(b"mine")
    with pytest.raises(ExportRefused, match="is there already"):
        bundle(world, tmp_path / "b.zip")
    assert (tmp_path / "b.zip").read_bytes() == b"mine"
    assert left_beside(world, tmp_path) == {"b.zip"}
    assert runs(world) == 0


@pytest.mark.parametrize("size", [500, 9000])
def test_a_full_disk_leaves_nothing(world: ExportWorld, tmp_path: Path, size: int) -> None:
    with full_disk(size), pytest.raises(ExportRefused, match="cannot be written"):
        bundle(world, tmp_path / "b.zip")
    assert left_beside(world, tmp_path) == set()
    assert runs(world) == 0


def test_a_mapping_for_nothing_in_the_bundle_is_refused(world: ExportWorld, tmp_path: Path) -> None:
    with pytest.raises(ExportRefused, match="nothing in the bundle is"):
        bundle(world, tmp_path / "b.zip", mapping=b'target = "redcap"')
    unknown = b'target = "redcap"\n[variables]\nno = "x"'
    with pytest.raises(MappingRefused, match="line 3"):
        bundle(world, tmp_path / "b.zip", (ExportFormat.REDCAP,), mapping=unknown)
    assert left_beside(world, tmp_path) == set()
