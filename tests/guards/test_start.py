"""Starting costs little: every command, restart of the server and process beside it pays for it."""

import subprocess
import sys

import pytest

from tests.guards.source import ROOT

_HEAVY = ("alembic", "numpy", "openpyxl", "pandas", "reportlab.pdfgen", "urllib3", "xlsxwriter", "zxcvbn")
"""A twentieth of a second of a processor or more each, and most starts use none of it."""
_STARTS = {
    "the server": "import "
    "btb_pro.api.app, btb_pro.console.app, btb_pro.participant.app, btb_pro.cli.serving",
    "a command": "from click.testing import CliRunner; from btb_pro.__main__ import main; "
    "assert CliRunner().invoke(main, ['participant', '--help']).exit_code == 0",
    "no command": "import btb_pro.__main__",
}


def loaded_by(start: str) -> set[str]:
    """Every module that a fresh Python has loaded after some code."""
    code = f"{start}\nimport sys\nprint(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(told.stdout.split())


@pytest.mark.parametrize("start", _STARTS)
def test_no_library_is_loaded_that_only_some_work_needs(start: str) -> None:
    loaded = loaded_by(_STARTS[start])
    assert "btb_pro.__main__" in loaded or "btb_pro.console.app" in loaded
    assert loaded & set(_HEAVY) == set()


def test_what_every_command_needs_is_not_loaded_to_find_one() -> None:
    assert {"sqlalchemy", "flask"} & loaded_by(_STARTS["no command"]) == set()
