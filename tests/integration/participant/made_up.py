"""A study whose baseline asks the made-up instrument with every type of question."""

from dataclasses import replace
from pathlib import Path

from btb_pro.instruments.catalogue import load_instruments
from btb_pro.services.studies import record_study
from btb_pro.study_file import PACKAGED_STUDY, read_study
from tests.support.engines import EngineName
from tests.support.world import COMMAND, World, make_world

_BASELINE = '["background", "pain", "expectations", "fabq", "hscl25", "shc"]'


def make_every_type(folder: Path, engine: EngineName | None = None) -> World:
    """An instance of that study in a folder; its later visits ask the last section alone."""
    world = make_world(folder, engine=engine)
    instruments = load_instruments(Path(__file__).parent / "instruments")
    packaged = PACKAGED_STUDY.read_text(encoding="utf-8")
    assert _BASELINE in packaged
    text = packaged.replace(_BASELINE, '["every_type"]').replace('["pain/intensity"]', '["every_type/pets"]')
    text = text.replace("allow_unapproved_wording = false", "allow_unapproved_wording = true")
    (folder / "study.toml").write_text(text.partition("[minimum_share]")[0], encoding="utf-8")
    study = read_study(folder / "study.toml", instruments)
    world.app.extensions["btb_pro"] = replace(world.runtime, study=study, instruments=instruments)
    with world.writing() as session:
        record_study(session, COMMAND, study)
    return world
