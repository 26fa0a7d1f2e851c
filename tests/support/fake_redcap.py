"""A small REDCap: the documented API's contents that a push uses, as a process of its own.

    python -m tests.support.fake_redcap FOLDER TOKEN [FORGET]

FOLDER holds data_dictionary.csv and event_instruments.csv, its address is printed. It refuses what REDCap
refuses (tests/support/redcap_rules.py), ignores blanks unless told to overwrite, and keeps all in memory.
"""

import csv
import io
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from tests.support import redcap_rules as rules


class Refused(Exception):
    """What the API answers with a 400."""


def read(path: Path) -> list[dict[str, str]]:
    """A CSV file."""
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


@dataclass
class Project:
    """One project and what it holds."""

    token: str
    dictionary: list[dict[str, str]]
    forms: dict[str, list[str]]
    forget: str = ""
    """A field that loses what it is sent."""
    held: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    imports: int = 0

    @property
    def key(self) -> str:
        """The record's id."""
        return self.dictionary[0][rules.NAME]

    def answer(self, form: Mapping[str, str]) -> Any:
        """The answer to one request, as JSON or CSV text."""
        if form.get("token") != self.token:
            raise Refused("You do not have permissions to use the API")
        content = form.get("content")
        if content == "metadata":
            names = {"field_name": rules.NAME, "form_name": rules.FORM, "field_type": rules.TYPE}
            return [{theirs: row[ours] for theirs, ours in names.items()} for row in self.dictionary]
        if content == "exportFieldNames":
            columns = rules.columns(self.dictionary)
            return [
                {"original_field_name": row[rules.NAME], "choice_value": "", "export_field_name": name}
                for name, row in columns.items()
            ]
        if content == "formEventMapping":
            return [
                {"arm_num": "1", "unique_event_name": event, "form": one}
                for event, forms in self.forms.items()
                for one in forms
            ]
        if content == "event":
            return [{"event_name": event, "arm_num": "1", "unique_event_name": event} for event in self.forms]
        if content == "record" and "data" in form:
            return {"count": self.take(form)}
        if content == "record":
            return self.give(form)
        raise Refused(f'The value of the parameter "content" is not valid: {content}')

    def take(self, form: Mapping[str, str]) -> int:
        """Import records, all or none."""
        if (
            form.get("format") != "csv"
            or form.get("type", "flat") != "flat"
            or form.get("dateFormat") != "YMD"
        ):
            raise Refused("This little one takes flat CSV with dates as YMD only")
        reader = csv.DictReader(io.StringIO(form["data"], newline=""), strict=True)
        rows = list(reader)
        header = list(reader.fieldnames or ())
        faults = list(rules.record_faults(header, rows, self.dictionary, self.forms))
        if faults:
            lines = io.StringIO()
            csv.writer(lines, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(faults)
            raise Refused(lines.getvalue().strip())
        self.imports += 1
        for row in rows:
            record = self.held.setdefault((row[self.key], row["redcap_event_name"]), {})
            is_kept = form.get("overwriteBehavior") == "overwrite"
            record.update({name: value for name, value in row.items() if value or is_kept})
            record.pop(self.forget, None)
        return len({row[self.key] for row in rows})

    def give(self, form: Mapping[str, str]) -> str:
        """Export records as CSV: a checkbox that is blank reads as 0, and so does a form's status."""
        wanted = [value for name, value in form.items() if name.startswith("records")]
        fields = [value for name, value in form.items() if name.startswith("fields")]
        known = rules.columns(self.dictionary)
        for one in fields:
            if one not in known and all(row[rules.NAME] != one for row in known.values()):
                raise Refused(f'The following values in the parameter "fields" are not valid: "{one}"')
        names = [
            name for name, row in known.items() if not fields or name in fields or row[rules.NAME] in fields
        ]
        names = [name for name in names if name != self.key]
        lines = io.StringIO()
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow([self.key, "redcap_event_name", *names])
        for (record, event), held in self.held.items():
            if not wanted or record in wanted:
                cells = [held.get(name) or ("0" if self._is_counted(name, known) else "") for name in names]
                writer.writerow([record, event, *cells])
        return lines.getvalue()

    @staticmethod
    def _is_counted(name: str, known: Mapping[str, Mapping[str, str]]) -> bool:
        return known[name][rules.TYPE] == "checkbox" or name.endswith("_complete")


class Handler(BaseHTTPRequestHandler):
    """POST /api/ as REDCap takes it."""

    project: Project

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[-1] for name, values in parse_qs(body, keep_blank_values=True).items()}
        status = 200
        try:
            if self.path != "/api/":
                raise Refused("Not here")
            answer = self.project.answer(form)
        except Refused as error:
            status, answer = 400, {"error": f"{error}"}
        content = answer if isinstance(answer, str) else json.dumps(answer)
        if isinstance(answer, dict) and status == 400 and form.get("returnFormat") == "csv":
            content = f"ERROR: {answer['error']}"
        self.send_response(status)
        self.end_headers()
        self.wfile.write(content.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def main() -> None:
    """Serve until the process is ended."""
    folder, token, forget = Path(sys.argv[1]), sys.argv[2], "".join(sys.argv[3:])
    forms: dict[str, list[str]] = {}
    for row in read(folder / "event_instruments.csv"):
        forms.setdefault(row["unique_event_name"], []).append(row["form"])
    Handler.project = Project(token, read(folder / "data_dictionary.csv"), forms, forget)
    server = HTTPServer(("127.0.0.1", 0), Handler)
    print(f"http://127.0.0.1:{server.server_port}/api/", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
