"""Writes docs/openapi.json from the operations in the code: ``python -m tests.guards.openapi_file``."""

import importlib
from pathlib import Path

from btb_pro.api.openapi import openapi_bytes

FILE = Path(__file__).resolve().parents[2] / "docs" / "openapi.json"


def written() -> bytes:
    """What the file must hold."""
    # The operations declare themselves when their modules are read.
    importlib.import_module("btb_pro.api.app")
    return openapi_bytes()


if __name__ == "__main__":
    FILE.write_bytes(written())
