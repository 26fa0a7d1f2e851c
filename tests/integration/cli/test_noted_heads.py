"""Every manifest names the head of the trail: an export that lies elsewhere proves that none was cut off."""

from pathlib import Path

import pytest

from btb_pro.exports.formats import ExportFormat
from tests.integration.cli.shell import Run, done, number_of_events
from tests.integration.cli.test_exports import answer_first_page
from tests.support.behind import change, guards_off
from tests.support.world import World


def take_everything(run: Run, out: Path) -> list[str]:
    """Every format and a bundle; the words that name their manifests to the proof."""
    words = []
    for one in ("csv", "xlsx", "redcap", "odm", "fhir", "spss", "stata"):
        assert one in list(ExportFormat)
        done(run("export", one, "--out", f"{out / one}"))
        words += ["--manifest", f"{out / one / 'manifest.json'}"]
    done(run("export", "bundle", "--out", f"{out / 'b.zip'}"))
    return [*words, "--manifest", f"{out / 'b.zip'}"]


@pytest.mark.spoilt
def test_a_trail_that_was_cut_off_after_an_export_is_found_by_that_exports_own_files(
    run: Run, world: World, tmp_path: Path
) -> None:
    answer_first_page(world, "1-001", "oslo")
    last = number_of_events(world)
    words = take_everything(run, tmp_path)
    assert "It holds every head that was noted elsewhere: 8." in done(run("audit", "verify", *words))
    # Whoever has the database in hand can take its triggers away, and write a head that fits what is left.
    guards_off(world)
    kept = last - 1
    for table in ("export_run", "answer", "response"):
        change(world, f"DELETE FROM {table}")
    change(world, f"DELETE FROM audit_event WHERE seq > {kept}")
    change(
        world, f"UPDATE audit_head SET seq = {kept}, hash = (SELECT hash FROM audit_event WHERE seq = {kept})"
    )
    for place in range(0, len(words), 2):
        told = run("audit", "verify", *words[place : place + 2])
        assert told.exit_code == 1
        assert "was noted elsewhere" in told.stderr


def test_a_file_that_is_neither_a_manifest_nor_a_bundle_is_named(run: Run, tmp_path: Path) -> None:
    for content in (b"mine", b"PK\x05\x06" + b"\0" * 18, b"{}", b"\xff"):
        (tmp_path / "x").write_bytes(content)
        told = run("audit", "verify", "--manifest", f"{tmp_path / 'x'}")
        assert told.exit_code == 2
        assert "is neither a manifest nor a bundle" in told.stderr
