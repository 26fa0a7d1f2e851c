"""The text of a PDF as Chromium prints it, read back through the fonts' own tables."""

import re
import zlib

_OBJECT = re.compile(rb"(\d+) 0 obj\n(.*?)\nendobj", re.DOTALL)
_SHOWN = re.compile(rb"/(F\d+) [\d.]+ Tf|<([0-9A-Fa-f]+)> Tj")


def pages_of_pdf(pdf: bytes) -> list[str]:
    """The text of each page in the order of painting, without white space, since lines break where they must.

    Raises:
        AssertionError: the file is not built as Chromium builds it.
    """
    objects = {int(found[1]): found[2] for found in _OBJECT.finditer(pdf)}
    pages = [body for body in objects.values() if b"/Type /Page\n" in body]
    assert pages, "no page"
    return ["".join(_page_text(page, objects).split()) for page in pages]


def _page_text(page: bytes, objects: dict[int, bytes]) -> str:
    fonts = {
        found[1]: _letters(objects[int(found[2])], objects)
        for found in re.finditer(rb"/(F\d+) (\d+) 0 R", page)
    }
    contents = re.search(rb"/Contents (\d+) 0 R", page)
    assert contents is not None
    font, text = b"", ""
    for chosen, glyphs in _SHOWN.findall(_stream(objects[int(contents[1])])):
        if chosen:
            font = chosen
        else:
            text += "".join(fonts[font][glyphs[at : at + 4].upper()] for at in range(0, len(glyphs), 4))
    return text


def _letters(font: bytes, objects: dict[int, bytes]) -> dict[bytes, str]:
    """Glyph, four hexadecimal digits, to the text that it stands for."""
    assert b"/Subtype /Type0" in font, font
    table = re.search(rb"/ToUnicode (\d+) 0 R", font)
    assert table is not None
    letters = {}
    for line in _stream(objects[int(table[1])]).splitlines()[1:]:
        match re.findall(rb"<([0-9A-F]+)>", line):
            case [glyph, text] if b"FFFF" not in (glyph, text):
                letters[glyph] = bytes.fromhex(text.decode()).decode("utf-16-be")
            case [first, last, text]:
                for step in range(int(last, 16) - int(first, 16) + 1):
                    letters[b"%04X" % (int(first, 16) + step)] = chr(int(text, 16) + step)
    return letters


def _stream(body: bytes) -> bytes:
    start = body.index(b"stream\n") + len(b"stream\n")
    return zlib.decompress(body[start : body.rindex(b"\nendstream")])
