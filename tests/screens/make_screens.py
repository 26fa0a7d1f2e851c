"""`make screens`: every page of the participant's way as a picture, and an index that shows them together.

python -m tests.screens.make_screens [FOLDER]
"""

import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Browser

from tests.screens import journeys, other_ways
from tests.screens.camera import Camera
from tests.screens.index_page import write_index
from tests.screens.journeys import Journey
from tests.screens.scene import Scene
from tests.support.chromium import launched
from tests.support.engines import EngineName
from tests.support.live_server import serving
from tests.support.world import make_world

ALL: tuple[Journey, ...] = (
    journeys.opening,
    journeys.questions,
    journeys.answered_questions,
    journeys.open_and_declined_questions,
    journeys.wrong_answers,
    journeys.script_at_work,
    journeys.finishing,
    journeys.requests_by_link,
    journeys.mistakes,
    journeys.dead_links,
    journeys.refusals,
    other_ways.tablet,
    other_ways.typed_codes,
    other_ways.shared_phone,
    other_ways.second_step,
    other_ways.cookies_off,
)
_FOLDER = Path(__file__).parents[2] / "build" / "screens"


def make_screens(folder: Path, browser: Browser, ways: Sequence[Journey] = ALL) -> Camera:
    """Take the pictures of some journeys in every language of the study, and write the index beside them."""
    folder.mkdir(parents=True, exist_ok=True)
    camera = Camera(folder)
    with tempfile.TemporaryDirectory() as instance:
        world = make_world(Path(instance), engine=EngineName.SQLITE)
        languages = world.runtime.study.languages
        with serving(world) as server:
            for language in languages:
                scene = Scene(server, browser, camera, language)
                for way in ways:
                    way(scene)
        write_index(folder, camera, world, languages)
        world.close()
    return camera


def main() -> None:
    """Take all pictures afresh and say where they are."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else _FOLDER
    if folder == _FOLDER:
        shutil.rmtree(folder, ignore_errors=True)
    with launched() as browser:
        camera = make_screens(folder, browser)
    n_pictures = sum(len(row.pictures) for row in camera.rows.values())
    print(f"{n_pictures} pictures of {len(camera.rows)} pages and states: {folder / 'index.html'}")


if __name__ == "__main__":
    main()
