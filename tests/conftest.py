"""Fixtures that all tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from btb_pro.services.verification import verify
from tests.support.world import World, make_world

# On a busy machine a slow example is no failure.
settings.register_profile("btb_pro", deadline=None)
settings.load_profile("btb_pro")


@pytest.fixture
def world(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[World]:
    """A study that allows unapproved wording, with its app and an empty database."""
    made = make_world(tmp_path / "instance")
    yield made
    if not {"spoilt", "open_book"} & {*request.keywords, *request.fixturenames}:
        # Whatever a test let the app do, the trail must tell every row of it.
        with made.reading() as session:
            verify(session)
    made.close()
