"""What `make assets` built: style sheets and the page script, by the names that they were given."""

import base64
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Assets:
    """The built files. Their names change with their content."""

    style_sheet: str
    """File name of the whole style sheet."""
    script: str
    """File name of the page script."""
    first_page_style: str
    """The rules that go into a page outside a session, which then needs no second request."""
    console_style_sheet: str
    """File name of the style sheet of the staff's pages."""
    console_script: str
    """File name of the script of the staff's pages; all of them work without it."""
    hashed: frozenset[str]
    """Every file name that changes with the content; each has its compressed form (.gz) beside it."""

    @property
    def first_page_source(self) -> str:
        """What a Content-Security-Policy calls `first_page_style`."""
        digest = hashlib.sha256(self.first_page_style.encode()).digest()
        return f"'sha256-{base64.b64encode(digest).decode()}'"


def read_assets(folder: Path) -> Assets:
    """The files that the build left in a folder.

    Raises:
        FileNotFoundError: they were not built.
    """
    manifest = folder / "manifest.json"
    try:
        names = json.loads(manifest.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{manifest} is missing: build the style sheet with make assets.") from error
    return Assets(
        style_sheet=names["participant.css"],
        script=names["participant.js"],
        first_page_style=(folder / names["first-page.css"]).read_text(encoding="utf-8"),
        console_style_sheet=names["console.css"],
        console_script=names["console.js"],
        hashed=frozenset(names.values()),
    )
