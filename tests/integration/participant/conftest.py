"""Fixtures of the participant's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.participant.made_up import make_every_type
from tests.support.engines import EngineName
from tests.support.world import World


@pytest.fixture
def every_type(tmp_path: Path, engine: EngineName) -> Iterator[World]:
    """A study whose baseline asks the made-up instrument with every type of question."""
    world = make_every_type(tmp_path / "every_type", engine)
    yield world
    world.close()
