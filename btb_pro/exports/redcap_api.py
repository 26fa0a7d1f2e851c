"""A REDCap project behind its API, by PyCap.

What REDCap refuses is told with records and fields, never with values, since they are health data.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import urlsplit

from btb_pro.exports.csv_files import csv_line
from btb_pro.exports.extras import extra_library
from btb_pro.refusals import PlainRefusal

_SECONDS = 120
_MOST_TOLD = 10
_CELLS_OF_A_FAULT = 4
Answer = TypeVar("Answer")


class RedcapRefused(PlainRefusal):
    """REDCap cannot be reached or did not take what was sent. The message tells no value and no token."""


class RedcapProject:
    """One project, opened by its token."""

    def __init__(self, url: str, token: str) -> None:
        """Raises RedcapRefused for an address or a token of the wrong form, CannotBeWritten without PyCap."""
        _check_address(url)
        if not re.fullmatch("[0-9A-Fa-f]{32}", token):
            raise RedcapRefused("BTB_REDCAP_TOKEN must be the 32 digits and letters that REDCap gave out.")
        library = extra_library("redcap", "redcap")
        self._fault = extra_library("requests", "redcap").RequestException
        # A redirect would carry the token to whoever answers there.
        self._project: Any = library.Project(url, token, timeout=_SECONDS, allow_redirects=False)

    def columns(self) -> frozenset[str]:
        """Every column that an import may have, form status fields included."""
        fields = self._ask(lambda: self._project.export_field_names())
        return frozenset(field["export_field_name"] for field in fields)

    def record_field(self) -> str:
        """The field that holds the record's id: the first one of the project."""
        return str(self._ask(lambda: self._project.export_metadata())[0]["field_name"])

    def forms_of_events(self) -> Mapping[str, frozenset[str]]:
        """Unique event name to the forms that it has."""
        forms: dict[str, set[str]] = {}
        for row in self._ask(lambda: self._project.export_instrument_event_mappings()):
            forms.setdefault(row["unique_event_name"], set()).add(row["form"])
        return {event: frozenset(of_event) for event, of_event in forms.items()}

    def write(self, header: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
        """Import rows; blanks erase. How many records REDCap says it took."""
        content = b"".join(csv_line(row) for row in (header, *rows)).decode()
        answer = self._ask(
            lambda: self._project.import_records(content, import_format="csv", overwrite="overwrite")
        )
        return int(answer["count"])

    def read(self, records: Sequence[str], fields: Sequence[str]) -> list[dict[str, str]]:
        """What the project holds of these records now, as raw codes."""
        content = self._ask(
            lambda: self._project.export_records(
                format_type="csv", records=list(records), fields=list(fields), event_name="unique"
            )
        )
        return list(csv.DictReader(io.StringIO(content, newline="")))

    def _ask(self, question: Callable[[], Answer]) -> Answer:
        with self._told_plainly():
            return question()

    @contextmanager
    def _told_plainly(self) -> Iterator[None]:
        try:
            yield
        except self._fault as error:
            raise RedcapRefused(_sentence(error)) from None
        except (ValueError, KeyError, TypeError, IndexError):
            # What came was not the API's own: a sign-in page, a proxy's error.
            raise RedcapRefused(
                "What BTB_REDCAP_URL names does not answer as REDCap does: it must end in /api/."
            ) from None


def _check_address(url: str) -> None:
    parts = urlsplit(url)
    is_here = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if not url.endswith("/api/") or not parts.hostname:
        raise RedcapRefused("BTB_REDCAP_URL must be the API's address, like https://redcap.example/api/.")
    if parts.scheme != "https" and not (is_here and parts.scheme == "http"):
        raise RedcapRefused("BTB_REDCAP_URL must begin with https://: the token and answers travel over it.")


def _sentence(error: Exception) -> str:
    told = error.args[0] if error.args else ""
    words = told.get("error", "") if isinstance(told, dict) else told if isinstance(told, str) else ""
    if not words:
        return f"REDCap could not be reached ({type(error).__name__}): nothing more was sent."
    return f"REDCap refused: {_without_values(words)}"


def _without_values(words: str) -> str:
    """REDCap lists `"record","field","value","reason"`: the value is left out, and quoted words elsewhere."""
    listed = list(csv.reader(io.StringIO(words, newline=""))) if words.startswith('"') else []
    if listed and all(len(cells) == _CELLS_OF_A_FAULT for cells in listed):
        told = [f"{record}, {field}" for record, field, *_ in listed[:_MOST_TOLD]]
        return "the values of " + "; ".join(told)
    return re.sub('"[^"]*("|$)', '"..."', words)[:300]
