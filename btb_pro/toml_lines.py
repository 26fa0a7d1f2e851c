"""TOML read so that each mistake is told with its line, and all of them at once.

`tomllib` gives values without lines. `key_lines` finds the lines and leaves all judgement to tomllib: it
walks a document that tomllib has accepted. `Table` reads the values and collects what is wrong with them.
"""

import json
import re
import tomllib
import unicodedata
from bisect import bisect_left
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeVar, cast

KeyPath = tuple[str | int, ...]
"""Keys and list positions from the top: ``("visit", 2, "title", "nb")``; positions count from 0."""

Mistake = tuple[int, str]
"""A line, counted from 1, and a sentence that says what is wrong and what was expected."""

Value = TypeVar("Value")

_BLANK = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_HEADER_END = re.compile(r"\]\]?")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    # A multi-line string may end in up to two quotes of its own before the three that close it.
    r'"""(?:\\.|[^\\])*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:\\.|[^"\\])*"'
    r"|'[^']*'",
    re.DOTALL,
)
_OTHER_VALUE = re.compile(r"[^,\]}#\n]+")


def key_lines(text: str) -> dict[KeyPath, int]:
    """The line, counted from 1, of every key and list element of `text`.

    A key that several lines name (``[a.b]``, then ``[a.c]``) has the first of them; each table of a
    ``[[list]]`` has the line of its own header. `text` must be TOML that tomllib accepts.
    """
    return _Scanner(text.replace("\r\n", "\n")).lines_of_keys()


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line_ends = [match.start() for match in re.finditer("\n", text)]
        self._lines: dict[KeyPath, int] = {}
        self._newest: dict[KeyPath, int] = {}
        """Position of the newest table of each [[list]]: headers below it belong to that one."""

    def lines_of_keys(self) -> dict[KeyPath, int]:
        table: KeyPath = ()
        self._skip(_BLANK)
        while self._at < len(self._text):
            if self._found("["):
                table = self._header()
            else:
                self._pair(table)
            self._skip(_BLANK)
        return self._lines

    def _line(self) -> int:
        return bisect_left(self._line_ends, self._at) + 1

    def _skip(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        if match is None:
            raise ValueError(f"line {self._line()} is not TOML that tomllib accepts")
        self._at = match.end()
        return match.group()

    def _found(self, character: str) -> bool:
        """Step over `character` if it comes next."""
        is_next = self._text.startswith(character, self._at)
        self._at += is_next
        return is_next

    def _header(self) -> KeyPath:
        is_list = self._found("[")
        line = self._line()
        keys = self._keys()
        self._skip(_HEADER_END)
        path: KeyPath = ()
        for depth, key in enumerate(keys, start=1):
            path += (key,)
            self._lines.setdefault(path, line)
            if is_list and depth == len(keys):
                self._newest[path] = self._newest.get(path, -1) + 1
                self._lines[(*path, self._newest[path])] = line
            if path in self._newest:
                path += (self._newest[path],)
        return path

    def _keys(self) -> list[str]:
        """A key, dotted or not, with the space around it."""
        keys: list[str] = []
        while not keys or self._found("."):
            self._skip(_SPACE)
            keys.append(self._key())
            self._skip(_SPACE)
        return keys

    def _key(self) -> str:
        if self._text[self._at] not in "\"'":
            return self._skip(_BARE_KEY)
        decoded: str = tomllib.loads(f"key = {self._skip(_STRING)}")["key"]
        return decoded

    def _pair(self, table: KeyPath) -> None:
        line = self._line()
        path = table
        for key in self._keys():
            path += (key,)
            self._lines.setdefault(path, line)
        self._found("=")
        self._skip(_SPACE)
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        if self._found("["):
            self._list(path)
        elif self._found("{"):
            self._inline_table(path)
        elif self._text[self._at] in "\"'":
            self._skip(_STRING)
        else:
            self._skip(_OTHER_VALUE)

    def _list(self, path: KeyPath) -> None:
        position = 0
        self._skip(_BLANK)
        while not self._found("]"):
            self._lines[(*path, position)] = self._line()
            self._value((*path, position))
            position += 1
            self._step_over_comma()

    def _inline_table(self, path: KeyPath) -> None:
        self._skip(_BLANK)
        while not self._found("}"):
            self._pair(path)
            self._step_over_comma()

    def _step_over_comma(self) -> None:
        self._skip(_BLANK)
        self._found(",")
        self._skip(_BLANK)


class TomlRefused(ValueError):
    """The text is not TOML; `line` is where reading stopped."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line


class Table:
    """A table that is read key by key and notes each mistake with its line, so that all are told at once.

    A getter that finds a mistake notes it, remembers the key as unsound and returns an empty value, so that
    reading goes on. All tables of a document share one list of mistakes.
    """

    def __init__(self, values: Mapping[str, object], lines: Mapping[KeyPath, int], mistakes: list[Mistake]):
        self.mistakes = mistakes
        self._values = values
        self._lines = lines
        self._path: KeyPath = ()
        self._label = ""
        """The keys that lead here from the nearest [[list]]: ``"title."``."""
        self._unsound: set[str] = set()

    @property
    def keys(self) -> tuple[str, ...]:
        """As the file has them, in its order."""
        return tuple(self._values)

    def line(self, *below: str | int) -> int:
        """The line of a key or element below this table, or of the table itself if it is not there."""
        return self._lines.get(self._path + below, self._lines.get(self._path, 1))

    def note(self, sentence: str, *below: str | int) -> None:
        """Note a mistake of a key or element below this table, or of the table itself."""
        self.mistakes.append((self.line(*below), sentence))
        self._unsound.update(str(key) for key in below[:1])

    def is_sound(self, *keys: str) -> bool:
        """None of these keys has a mistake so far."""
        return self._unsound.isdisjoint(keys)

    def text(self, key: str, expected: str = "text in quotes", most: int = 200) -> str:
        """One line of text with something in it, of at most `most` characters."""
        found = self._get(key, str, expected, None) or ""
        if self.is_sound(key) and not (_is_line_of_text(found) and len(found) <= most):
            limits = f"on one line, not empty, at most {most} characters"
            self.note(f"{self._label}{key} is {_shown(found)}. Expected {expected}, {limits}.", key)
        return found

    def statement(self, key: str, default: bool) -> bool:
        """True or false."""
        return bool(self._get(key, bool, "true or false, without quotes", default))

    def whole_number(self, key: str, least: int, most: int, default: int | None = None) -> int:
        expected = f"a whole number from {least} to {most}"
        found = self._get(key, int, expected, default)
        if found is not None and found != default and not least <= found <= most:
            self.note(f"{self._label}{key} is {_shown(found)}. Expected {expected}.", key)
        return found or 0

    def fraction(self, key: str, expected: str) -> Fraction:
        """A whole number or one with a point, exactly as it is written."""
        is_decimal = isinstance(self._values.get(key), Decimal)
        found: int | Decimal = self._get(key, Decimal if is_decimal else int, expected, None) or 0
        if isinstance(found, Decimal) and not (found.is_finite() and abs(found.adjusted()) < 10):
            self.note(f"{self._label}{key} is {_shown(found)}. Expected {expected}.", key)
            return Fraction(0)
        return Fraction(found)

    def texts(self, key: str, expected: str) -> dict[int, str]:
        """The texts of a list by their position; it may be empty."""
        return self._elements(key, str, expected)

    def whole_numbers(self, key: str, expected: str) -> dict[int, int]:
        """The whole numbers of a list by their position; it may be empty."""
        return self._elements(key, int, expected)

    def table(self, key: str, expected: str, is_optional: bool = False) -> "Table":
        """The table under `key`; an empty one if there is none."""
        return self._below(self._get(key, dict, expected, {} if is_optional else None) or {}, key)

    def tables(self, key: str, is_optional: bool = False) -> list["Table"]:
        """The tables of a ``[[key]]``, at least one unless it may be left out."""
        expected = f"at least one table that begins with [[{key}]]"
        found = self._get(key, list, expected, [] if is_optional else None)
        if found == [] and not is_optional:
            self.note(f"{key} is an empty list. Expected {expected}.", key)
        elif found and not all(isinstance(element, dict) for element in found):
            self.note(f"{key} is a list of other things. Expected {expected}.", key)
            return []
        return [self._below(element, key, position) for position, element in enumerate(found or ())]

    def _below(self, values: Mapping[str, object], *below: str | int) -> "Table":
        table = Table(values, self._lines, self.mistakes)
        table._path = self._path + below
        table._label = f"{self._label}{below[0]}." if len(below) == 1 else ""
        return table

    def _get(self, key: str, kind: type[Value], expected: str, default: Value | None) -> Value | None:
        if key not in self._values and default is None:
            self.note(f"{self._label}{key} is missing. Expected {expected}.", key)
        value = self._values.get(key, default)
        if value is None or _is_a(kind, value):
            return cast("Value | None", value)
        self.note(f"{self._label}{key} is {_shown(value)}. Expected {expected}.", key)
        return default

    def _elements(self, key: str, kind: type[Value], expected: str) -> dict[int, Value]:
        elements = self._get(key, list, expected, None) or []
        for position, element in enumerate(elements):
            if not _is_a(kind, element):
                self.note(f"{self._label}{key} holds {_shown(element)}. Expected {expected}.", key, position)
        return {position: element for position, element in enumerate(elements) if _is_a(kind, element)}


def read_document(text: str) -> Table:
    """The table at the top of a TOML document. Numbers with a point are `Decimal`. Raises `TomlRefused`."""
    try:
        return Table(_values(text), key_lines(text), [])
    except RecursionError as error:
        raise TomlRefused(1, "lists or tables lie too deeply in each other") from error


def _values(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except ValueError as error:
        reason, _, place = str(error).partition(" (at ")
        line = re.match(r"line (\d+)", place)
        # tomllib names no line for the end of the document, nor for a number of thousands of digits.
        raise TomlRefused(int(line.group(1)) if line else text.rstrip().count("\n") + 1, reason) from error


def _is_a(kind: type, value: object) -> bool:
    """True and false are no numbers here, though Python counts them as such; nor is one beyond 64 bits."""
    if isinstance(value, int) and kind is not bool:
        return kind is int and not isinstance(value, bool) and value.bit_length() < 64
    return isinstance(value, kind)


def _is_line_of_text(text: str) -> bool:
    return bool(text.strip()) and all(unicodedata.category(one) not in ("Cc", "Zl", "Zp") for one in text)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value if len(value) <= 60 else f"{value[:57]}...", ensure_ascii=False)
    if isinstance(value, int):
        return str(value) if value.bit_length() < 64 else "a far larger number"
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "a table"
    return "a date or a time"
