"""The browser that tests and measurements drive."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, expect, sync_playwright

# The one without a window to draw: the same engine in fewer processes, which a busy machine stalls less.
_NAMES = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
# What keeps it from looking up its maker's hosts. Playwright itself keeps it from slowing pages down.
_ARGUMENTS = [
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
_PATIENCE_MS = 30_000
"""Playwright waits that long for pages and buttons by itself, and for expectations a sixth of it."""


@contextmanager
def launched() -> Iterator[Browser]:
    """The machine's Chromium, or the one that Playwright has fetched where there is none on PATH."""
    path = next(filter(None, map(shutil.which, _NAMES)), None)
    # Chromium refuses its sandbox to root.
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    expect.set_options(timeout=_PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=_ARGUMENTS, chromium_sandbox=not is_root
        )
        yield browser
        browser.close()
