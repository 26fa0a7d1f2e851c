"""How fast each format streams, and in how much memory: `make bench`, one million answers.

    python -m tests.bench.exports [--answers N] [--format FORMAT ...]

One participant answers the packaged study's baseline through the real services; the rows are then copied in
the database until there are as many answers as asked for. Each format runs in a process of its own, whose
greatest resident memory is told. Formats that stream must stay below 300 MB. The rate is by the processor's
own seconds, so that it hangs less on what else the machine does.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import text

from btb_pro.exports.formats import ExportFormat
from btb_pro.instruments.model import FieldKind, Instrument
from tests.integration.export_world import ExportWorld, make_export_world
from tests.support.engines import EngineName

MOST_MEGABYTES = 300
IN_MEMORY = (ExportFormat.SPSS, ExportFormat.STATA)
"""These say that they hold the whole table."""
_STEP = 1000
"""Copies' ids lie so far apart; one participant has fewer rows of each kind."""

_RECEIPT = "CASE WHEN receipt_code IS NULL THEN NULL ELSE printf('%09d', k) END"
_COPIES: dict[str, dict[str, str]] = {
    "participant": {"study_number": "'C-' || k"},
    "visit": {"participant_id": "participant_id + k * :step", "receipt_code": _RECEIPT},
    "invitation": {"visit_id": "visit_id + k * :step", "public_id": "printf('%022d', k * :step + id)"},
    "participant_session": {
        "invitation_id": "invitation_id + k * :step",
        "handle": "printf('%016d', k * :step + id)",
    },
    "response": {"visit_id": "visit_id + k * :step"},
    "answer": {"response_id": "response_id + k * :step", "session_id": "session_id + k * :step"},
    "score": {"response_id": "response_id + k * :step"},
}
"""Table to the columns that a copy changes."""


def values_of(instrument: Instrument) -> dict[str, str]:
    """An answer to every field."""
    found = {}
    for field in instrument.fields:
        if field.kind is FieldKind.TEXT:
            found[field.code] = "En tekst med æ, ø og å"
        elif field.kind is FieldKind.INTEGER:
            found[field.code] = f"{field.minimum or 0}"
        else:
            found[field.code] = field.choices[0].code
    return found


def fill(world: ExportWorld, wanted: int) -> int:
    """Copy one participant until there are so many answers; how many there are."""
    world.add("C-0", "oslo")
    world.start("C-0", "baseline")
    for part in world.runtime.study.visit("baseline").parts:
        values = values_of(world.runtime.instruments[part.instrument])
        world.save("C-0", values, visit="baseline", instrument=part.instrument)
    world.submit("C-0", "baseline")
    with world.runtime.database.engine.begin() as connection:
        (each,) = connection.execute(text("SELECT count(*) FROM answer")).one()
        copies = wanted // each
        for table, changed in _COPIES.items():
            rows = connection.execute(text(f"PRAGMA table_info({table})"))
            columns = [row[1] for row in rows]
            cells = [changed.get(name, f"id + k * {_STEP}" if name == "id" else name) for name in columns]
            connection.execute(
                text(
                    "WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < :copies) "
                    f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(cells)} "
                    f"FROM n CROSS JOIN {table} WHERE id < {_STEP}"
                ),
                {"copies": copies - 1} | ({"step": _STEP} if any(":step" in one for one in cells) else {}),
            )
        return int(connection.execute(text("SELECT count(*) FROM answer")).scalar_one())


def run_one(instance: Path, file_format: ExportFormat, out: Path) -> None:
    """Take one export and print its seconds and greatest memory."""
    world = make_export_world(instance, None, database_url=f"sqlite:///{instance / 'btb.db'}")
    world.go_to("2030-01-01T00:00:00+00:00")
    begin, begin_busy = time.perf_counter(), time.process_time()
    world.take(file_format, out)
    seconds, busy = time.perf_counter() - begin, time.process_time() - begin_busy
    world.close()
    size = sum(path.stat().st_size for path in out.iterdir())
    print(json.dumps({"seconds": seconds, "busy": busy, "peak": greatest_memory(), "size": size // 2**20}))


def greatest_memory() -> int:
    """This process's greatest resident memory in MB; getrusage would count its parent's, from before exec."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) // 1024


def main() -> int:
    """Print a line for each format; 1 when one that streams took too much memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, default=1_000_000)
    parser.add_argument("--format", type=ExportFormat, action="append", default=[])
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        run_one(Path(asked.one[0]), ExportFormat(asked.one[1]), Path(asked.one[2]))
        return 0
    too_much = 0
    with TemporaryDirectory() as name:
        folder = Path(name)
        world = make_export_world(folder / "instance", None, engine=EngineName.SQLITE)
        count = fill(world, asked.answers)
        world.close()
        print(f"{count} answers")
        for one in asked.format or list(ExportFormat):
            command = [sys.executable, "-m", "tests.bench.exports", "--one"]
            command += [f"{folder / 'instance'}", one.value, f"{folder / one.value}"]
            told = subprocess.run(command, capture_output=True, text=True, check=True)
            found = json.loads(told.stdout)
            is_over = one not in IN_MEMORY and found["peak"] > MOST_MEGABYTES
            too_much += is_over
            print(
                f"{one.value:18} {found['seconds']:7.1f} s, {found['busy']:7.1f} s of the processor  "
                f"{count / found['busy']:9.0f} answers/s  "
                f"{found['peak']:5} MB in memory  {found['size']:5} MB written{'  TOO MUCH' * is_over}",
                flush=True,
            )
    return int(too_much > 0)


if __name__ == "__main__":
    sys.exit(main())
