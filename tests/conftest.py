"""Fixtures that all tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.world import World, make_world

# On a busy machine a slow example is no failure.
settings.register_profile("btb_pro", deadline=None)
settings.load_profile("btb_pro")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A study that allows unapproved wording, with its app and an empty database."""
    made = make_world(tmp_path / "instance")
    yield made
    made.close()
