"""Fixtures of the command line's tests."""

import os

import pytest
from click.testing import Result

from tests.integration.cli.shell import Run, run_in
from tests.support.world import World


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings from outside."""
    for name in [name for name in os.environ if name.startswith("BTB_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def run(world: World) -> Run:
    """Runs a command on the test's world."""

    def in_world(*words: str, **settings: str) -> Result:
        return run_in(world.folder, *words, **settings)

    return in_world
