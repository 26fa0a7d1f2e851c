"""One story told on SQLite and on PostgreSQL: every file of every format is the same, byte by byte."""

import base64
import itertools
import json
import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random
from types import SimpleNamespace
from zipfile import ZipFile

import pytest

from btb_pro import security
from btb_pro.exports.formats import ExportFormat
from btb_pro.services.bundling import take_bundle
from btb_pro.services.exporting import ExportOrder
from tests.integration.export_world import COMMAND, ExportWorld, contents, make_export_world, tell_story
from tests.support.engines import EngineName

# By code point, as numbers, and as words of a language these stand in three different orders.
NUMBERS = ("B-1", "a-1", "A-1", "b-10", "b-2", "A-10", "Z_9", "10", "9", "A_1")
WORDS = ("Å", "z", "ø\nÆ", "a ", " A", "'=1", "🙂", "ä", "e\u0301", "é")
BUNDLE = "bundle.zip"

Files = dict[str, bytes]


@pytest.fixture
def lots(monkeypatch: pytest.MonkeyPatch) -> Random:
    """What is drawn by lot, and so goes into the trail's hashes, comes from here: seed it for each story."""
    drawn = Random()
    monkeypatch.setattr(secrets, "token_hex", lambda size: drawn.randbytes(size).hex())
    monkeypatch.setattr(secrets, "token_urlsafe", lambda size: _in_letters(drawn.randbytes(size)))
    monkeypatch.setattr(secrets, "choice", drawn.choice)
    monkeypatch.setattr(security, "os", SimpleNamespace(urandom=drawn.randbytes))
    return drawn


def _in_letters(drawn: bytes) -> str:
    return base64.urlsafe_b64encode(drawn).rstrip(b"=").decode("ascii")


@pytest.fixture
def worlds(tmp_path: Path, lots: Random) -> Iterator[dict[EngineName, ExportWorld]]:
    """The same story on each engine."""
    made = {}
    with ExitStack() as closing:
        for engine in EngineName:
            lots.seed(1)
            made[engine] = make_export_world(tmp_path / engine.value, engine=engine)
            closing.callback(made[engine].close)
            tell(made[engine])
        yield made


def tell(world: ExportWorld) -> None:
    """The other tests' story, then one whose numbers and words each engine would sort otherwise."""
    tell_story(world)
    for count, (number, words) in enumerate(zip(NUMBERS, WORDS, strict=True)):
        world.add(number, ("south", "north")[count % 2], day0="2026-04-01")
        world.start(number, language=("nb", "en")[count % 2], mode=("own_phone", "clinic_tablet")[count % 2])
        world.save(number, {"wind": "1", "rain": "2", "rain_days": f"{count + 1}", "mood": "0"})
        world.save(number, {"words": words, "clothes": "other", "clothes_other": words}, instrument="walks")
    for number in reversed(NUMBERS[::2]):
        world.save(number, {"rain": None})
        world.save(number, instrument="walks", decline="words")
        world.submit(number)
    world.invite(NUMBERS[1], replace=True)


def take_everything(world: ExportWorld, out: Path) -> dict[str, Files]:
    """Every format in both languages, and the bundle of all of them."""
    until = f"{world.take(ExportFormat.CSV, out / 'first').cutoff_seq}"
    for language, one in itertools.product(("nb", "en"), ExportFormat):
        world.take(one, out / f"{one.value}-{language}", until=until, language=language)
    with world._second():
        take_bundle(world.runtime, COMMAND, out / BUNDLE, ExportOrder(until=until), tuple(ExportFormat))
    taken = {folder.name: contents(folder) for folder in out.iterdir() if folder.is_dir()}
    with ZipFile(out / BUNDLE) as archive:
        taken["in the bundle"] = {name: archive.read(name) for name in archive.namelist()}
    return taken | {BUNDLE: {BUNDLE: (out / BUNDLE).read_bytes()}}


def test_the_same_story_gives_the_same_bytes_in_every_format_and_in_the_bundle(
    worlds: dict[EngineName, ExportWorld], tmp_path: Path
) -> None:
    first, second = (take_everything(world, tmp_path / f"{one}-out") for one, world in worlds.items())
    for name, files in first.items():
        for file, content in files.items():
            assert second[name].pop(file) == content, f"{name}/{file}"
    assert not any(second.values())
    assert len(first) == 2 * len(ExportFormat) + 3
    assert _participants(first["fhir-nb"]["bundle.json"]) == sorted({*NUMBERS, "N-001", "N-002", "S-001"})


def _participants(bundle: bytes) -> list[str]:
    """Study numbers in the order in which they come."""
    resources = [entry["resource"] for entry in json.loads(bundle)["entry"]]
    return list(
        dict.fromkeys(
            one["subject"]["identifier"]["value"]
            for one in resources
            if one["resourceType"] == "QuestionnaireResponse"
        )
    )
