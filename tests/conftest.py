"""Fixtures that all tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.world import World, make_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A study that allows unapproved wording, with its app and an empty database."""
    made = make_world(tmp_path / "instance")
    yield made
    made.close()
