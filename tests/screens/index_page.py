"""The index of the pictures: the languages beside each other, and how far each wording can be trusted."""

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from btb_pro import clock
from btb_pro.i18n import LANGUAGE_NAMES
from btb_pro.instruments.model import wording_sha256
from btb_pro.instruments.walk import count_statuses
from btb_pro.study import Study, sections_asked
from tests.screens.camera import HEIGHT, WIDTH, Camera
from tests.support.world import World

_HERE = Path(__file__).parent


def write_index(folder: Path, camera: Camera, world: World, languages: Sequence[str]) -> Path:
    """Write `index.html` beside the pictures.

    Raises:
        AssertionError: a page lacks a picture in one of the languages.
    """
    for row in camera.rows.values():
        missing = [one for one in languages if camera.picture(row.key, one) is None]
        assert not missing, (row.key, missing)
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    runtime = world.runtime
    page = environment.get_template("index.html").render(
        study=runtime.study,
        instruments=[runtime.instruments[code] for code in _asked(runtime.study)],
        groups=list(dict.fromkeys(row.group for row in camera.rows.values())),
        rows=list(camera.rows.values()),
        camera=camera,
        languages=languages,
        names=LANGUAGE_NAMES,
        made_on=clock.today(),
        count_statuses=count_statuses,
        wording_sha256=wording_sha256,
        width=WIDTH,
        height=HEIGHT,
    )
    path = folder / "index.html"
    path.write_text(page, encoding="utf-8")
    return path


def _asked(study: Study) -> list[str]:
    return list(sections_asked(study.visit("baseline").parts))
