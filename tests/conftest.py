"""Fixtures that all tests share."""

import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from btb_pro.services.verification import verify
from tests.support import shared_work
from tests.support.engines import EngineName, close_server, using
from tests.support.trace import follow
from tests.support.world import World, make_world

# On a busy machine a slow example is no failure.
settings.register_profile("btb_pro", deadline=None)
settings.load_profile("btb_pro")

shared_work.share()

# Where there is memory to spare, what tests write never meets a disk, whose syncs are half of their wait.
_MEMORY = Path("/dev/shm")
_ENOUGH_BYTES = 6 * 2**30
if "TMPDIR" not in os.environ and _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ENOUGH_BYTES:
    os.environ["TMPDIR"] = str(_MEMORY)
    tempfile.tempdir = None


def pytest_collection_finish() -> None:
    """What is loaded by now stays to the end: it need not be looked through for garbage again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.fixture(params=list(EngineName))
def engine(request: pytest.FixtureRequest) -> Iterator[EngineName]:
    """Runs a test on SQLite and once more on PostgreSQL: every database made in it is of that engine."""
    with using(request.param):
        yield request.param


@pytest.fixture(autouse=True)
def _mask_as_it_was() -> Iterator[None]:
    """Commands set the mask for new files; the next test, and its server's own user, need another."""
    mask = os.umask(0o022)
    os.umask(mask)
    yield
    os.umask(mask)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Browser tests take minutes and see pages: one run of them is on one engine."""
    parser.addoption(
        "--browser-on",
        choices=list(EngineName),
        default=EngineName.SQLITE.value,
        help="the browser tests' engine",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Let the run write which requirement is shown by which test."""
    follow(config)


def pytest_unconfigure() -> None:
    """Stop the database server of this process."""
    close_server()


@pytest.fixture
def world(tmp_path: Path, request: pytest.FixtureRequest, engine: EngineName) -> Iterator[World]:
    """A study that allows unapproved wording, with its app and an empty database."""
    made = make_world(tmp_path / "instance")
    yield made
    try:
        if not made.is_spoilt and not {"spoilt", "open_book"} & {*request.keywords, *request.fixturenames}:
            # Whatever a test let the app do, the trail must tell every row of it.
            with made.reading() as session:
                verify(session)
    finally:
        made.close()
