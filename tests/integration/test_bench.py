"""The benchmark of exports runs, and says of each format how fast it was and how much memory it took."""

import re
import subprocess
import sys
from pathlib import Path

from btb_pro.exports.formats import ExportFormat

ROOT = Path(__file__).parents[2]


def test_the_benchmark_tells_rate_and_memory_of_the_formats_asked_for() -> None:
    asked = (ExportFormat.CSV, ExportFormat.ODM, ExportFormat.STATA)
    words = [word for one in asked for word in ("--format", one.value)]
    told = subprocess.run(
        [sys.executable, "-m", "tests.bench.exports", "--answers", "2000", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    head, *lines = told.stdout.splitlines()
    assert re.fullmatch("[12][0-9]{3} answers", head)
    assert [line.split()[0] for line in lines] == [one.value for one in asked]
    for line in lines:
        found = re.search(r" ([0-9]+) answers/s +([0-9]+) MB in memory", line)
        assert found
        assert int(found[1]) > 100
        assert 20 < int(found[2]) < 300
