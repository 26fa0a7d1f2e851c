"""Takes pictures of pages at phone size, and remembers what each shows."""

from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Page

from btb_pro.instruments.model import Texts

WIDTH, HEIGHT = 360, 800
SCALE = 2
"""Pixels of a picture for each pixel of the page, unless the page is very tall: then one."""
_TALLEST = 16384
"""More pixels than that Chromium paints wrongly."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One page as one file."""

    file: str
    language: str
    is_dark: bool


@dataclass(slots=True)
class Row:
    """The same page and state in each language."""

    key: str
    group: str
    kind: str
    """The `data-page` of the pages."""
    caption: str
    texts: tuple[Texts, ...]
    """The instrument's wordings on the page."""
    pictures: list[Picture] = field(default_factory=list)


@dataclass(slots=True)
class Camera:
    """Writes pictures into a folder."""

    folder: Path
    rows: dict[str, Row] = field(default_factory=dict)

    def take(self, page: Page, language: str, row: Row, *, also_dark: bool = False) -> None:
        """One full-page picture, and another one in dark colours if that is wanted.

        Raises:
            AssertionError: the page is of another kind or language, is too tall, or was taken before.
        """
        assert page.locator("html").get_attribute("lang") == language, (row.key, page.url)
        assert page.locator("body").get_attribute("data-page") == row.kind, (row.key, page.url)
        height = page.evaluate("document.documentElement.scrollHeight")
        assert height <= _TALLEST, row.key
        kept = self.rows.setdefault(row.key, row)
        assert (kept.group, kept.kind, kept.caption) == (row.group, row.kind, row.caption), row.key
        for is_dark in (False, True) if also_dark else (False,):
            name = f"{row.key}.{language}{'.dark' if is_dark else ''}.png"
            assert name not in {picture.file for picture in kept.pictures}, name
            page.emulate_media(color_scheme="dark" if is_dark else "light")
            page.screenshot(
                path=self.folder / name,
                full_page=True,
                animations="disabled",
                scale="device" if height * SCALE <= _TALLEST else "css",
            )
            kept.pictures.append(Picture(name, language, is_dark))
        page.emulate_media(color_scheme="light")

    def picture(self, key: str, language: str, *, is_dark: bool = False) -> Picture | None:
        """A picture that was taken, by its row."""
        return next(
            (one for one in self.rows[key].pictures if (one.language, one.is_dark) == (language, is_dark)),
            None,
        )
