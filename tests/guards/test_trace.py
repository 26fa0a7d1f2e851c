"""docs/validation.md names tests that are there, and a run that leaves a requirement unshown fails."""

import ast
import csv
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from btb_pro.roles import Role
from tests.guards.source import ROOT
from tests.support.route_trail import NOT_ASKED, Routes
from tests.support.staff import refused_access, signed_in
from tests.support.trace import (
    PART,
    TABLE,
    WHOLE,
    Outcome,
    Promise,
    Result,
    promises,
    traced,
    traced_routes,
    unshown,
)
from tests.support.world import World

MADE = list(promises((ROOT / TABLE).read_text(encoding="utf-8")))
OF_DURABILITY = {
    *(f"AUD-{number:02}" for number in range(1, 28)),
    *(f"STO-{number:02}" for number in range(1, 21)),
    *(f"INP-{number:02}" for number in range(7, 11)),
}
NOT_BUILT = {"STO-18"}
"""What docs/validation.md says of in words."""

PASSED, FAILED, SKIPPED = (Result(one) for one in (Outcome.PASSED, Outcome.FAILED, Outcome.SKIPPED))
SEEDED = """
| id | what must be true | kept in | shown by |
|---|---|---|---|
| AUD-01 to AUD-03, INP-07 | it is | `a.py` | `tests/test_a.py`, `tests/test_b.py::test_one` |
| AUD-04 | nobody shows it | `a.py` | by hand |
"""
_NOT_NEEDED = ("cacheprovider", "hypothesispytest", "playwright", "rerunfailures", "xdist")
_RUN = """
from tests.support.trace import follow

def pytest_configure(config):
    follow(config)
"""


@cache
def names_of(path: Path) -> frozenset[str]:
    """Names of the test functions of a file, and of the state machines that are tests; none if it is gone."""
    if not path.is_file():
        return frozenset()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    for node in tree.body:
        if isinstance(node, ast.Assign):
            names |= {ast.unparse(target) for target in node.targets}
    return frozenset(name for name in names if name.lower().startswith("test"))


def not_there(made: list[Promise], root: Path) -> list[str]:
    """Tests that are named and are not there."""
    named = {test for promise in made for test in promise.tests}
    found = []
    for test in sorted(named):
        file, _, name = test.partition("::")
        there = names_of(root / file)
        if not there or (name and name not in there):
            found.append(test)
    return found


def test_every_test_that_is_named_is_there() -> None:
    assert not_there(MADE, ROOT) == []


def test_a_test_that_is_not_there_is_found(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_a.py").write_text("def test_x() -> None: ...", encoding="utf-8")
    (tmp_path / "tests/test_b.py").write_text("def test_two() -> None: ...", encoding="utf-8")
    assert not_there(list(promises(SEEDED)), tmp_path) == ["tests/test_b.py::test_one"]


def test_every_requirement_of_durability_and_of_the_trail_has_its_line() -> None:
    told = {one for promise in MADE for one in promise.ids}
    assert sorted(OF_DURABILITY - told - NOT_BUILT) == []
    assert [promise.ids for promise in MADE if not promise.tests] == []


def test_a_line_tells_its_ids_and_its_tests() -> None:
    assert list(promises(SEEDED)) == [
        Promise(
            ("AUD-01", "AUD-02", "AUD-03", "INP-07"),
            "it is",
            ("tests/test_a.py", "tests/test_b.py::test_one"),
        ),
        Promise(("AUD-04",), "nobody shows it", ()),
    ]


@pytest.mark.parametrize(
    ("results", "faults"),
    [
        ({"tests/test_a.py::test_x": PASSED, "tests/test_b.py::test_one[a-b]": PASSED}, []),
        (
            {"tests/test_a.py::test_x": PASSED, "tests/test_b.py::test_one_more": PASSED},
            ["tests/test_b.py::test_one has"],
        ),
        ({"tests/test_a.py::test_x": SKIPPED, "tests/test_b.py::test_one": PASSED}, ["tests/test_a.py has"]),
        (
            {
                "tests/test_a.py::test_x": FAILED,
                "tests/test_a.py::test_y": PASSED,
                "tests/test_b.py::test_one": PASSED,
            },
            ["tests/test_a.py failed"],
        ),
    ],
    ids=["shown", "not run", "skipped", "failed"],
)
def test_a_requirement_is_shown_when_each_of_its_tests_has_passed(
    results: dict[str, Result], faults: list[str]
) -> None:
    first = next(promises(SEEDED))
    told = unshown([first], results)
    assert {fault.partition(":")[0] for fault in told} == (set(first.ids) if faults else set())
    assert [fault for fault in told for part in faults if part not in fault] == []


def test_a_requirement_that_names_no_test_is_not_shown() -> None:
    assert unshown(list(promises(SEEDED))[1:], {}) == ["AUD-04: no test is named"]


def test_a_test_counts_as_what_its_worst_phase_was_unless_it_is_run_again() -> None:
    result = Result()
    for outcome, when in (("passed", "setup"), ("rerun", "call"), ("passed", "setup")):
        result.add(outcome, when, 0.25)
        assert result.outcome is Outcome.NOT_RUN
    result.add("passed", "call", 0.25)
    assert (result.outcome, result.seconds) == (Outcome.PASSED, 1.0)
    result.add("failed", "teardown", 0)
    assert result.outcome is Outcome.FAILED


def test_each_test_that_a_file_stands_for_has_its_row() -> None:
    results = {"tests/test_a.py::test_x": PASSED, "tests/test_a.py::test_y[1]": SKIPPED}
    rows = [(one, test, result.outcome) for one, _, test, result in traced(promises(SEEDED), results)]
    for one in ("AUD-01", "AUD-02", "AUD-03", "INP-07"):
        assert [row[1:] for row in rows if row[0] == one] == [
            ("tests/test_a.py::test_x", Outcome.PASSED),
            ("tests/test_a.py::test_y[1]", Outcome.SKIPPED),
            ("tests/test_b.py::test_one", Outcome.NOT_RUN),
        ]


def test_a_route_that_tells_the_trail_of_nothing_is_found(world: World) -> None:
    routes = Routes()
    routes.watch()
    try:
        world.add()
        link = world.invite()
        assert routes.told == set(), "no route asked for that"
        signed_in(world, Role.MONITOR).open("/console/staff")
        assert (refused_access(world) != [], routes.told) == (True, set())
        world.started(link)
    finally:
        routes.stop()
    assert routes.told == {"POST /s/<token>"}
    untold = set(routes.untold())
    assert {"POST /q/<handle>/review", "DELETE /api/v1/participants/<id>/visits/<visit>/invitation"} < untold
    assert not untold & {"POST /s/<token>", "POST /k", "GET /q/<handle>/"}
    rows = {route: result.outcome for _, _, route, result in traced_routes(routes)}
    assert (rows["POST /s/<token>"], rows["POST /q/<handle>/review"]) == (Outcome.PASSED, Outcome.NOT_RUN)
    routes.add([], sorted(untold))
    assert routes.untold() == []


def test_a_route_that_need_not_tell_the_trail_is_there(world: World) -> None:
    there = {
        f"{method} {rule.rule}" for rule in world.app.url_map.iter_rules() for method in rule.methods or ()
    }
    assert set(NOT_ASKED) <= there


def test_a_whole_run_fails_by_an_id_without_a_test_and_a_part_of_it_does_not(tmp_path: Path) -> None:
    for name in ("tests", "docs"):
        (tmp_path / name).mkdir()
    (tmp_path / TABLE).write_text(SEEDED, encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text('[tool.pytest.ini_options]\ntestpaths = ["tests"]', "utf-8")
    (tmp_path / "tests/conftest.py").write_text(_RUN, encoding="utf-8")
    (tmp_path / "tests/test_a.py").write_text("def test_x(): ...\ndef test_y(): ...", encoding="utf-8")
    (tmp_path / "tests/test_b.py").write_text("def test_one(): ...", encoding="utf-8")

    plain = [sys.executable, "-m", "pytest", *(f"-pno:{name}" for name in _NOT_NEEDED)]
    runs = [
        subprocess.Popen(
            [*plain, *words], cwd=tmp_path, env={"PYTHONPATH": f"{ROOT}"}, stdout=subprocess.PIPE, text=True
        )
        for words in (("tests/test_a.py",), ())
    ]
    said = [run.communicate()[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 1], said
    assert "AUD-01,it is,tests/test_b.py::test_one,not run" in (tmp_path / PART).read_text("utf-8")
    assert "AUD-04: no test is named" in said[1]
    lines = (tmp_path / WHOLE).read_text("utf-8").splitlines()
    head = dict(line[2:].split(": ", 1) for line in lines if line.startswith("# "))
    assert head["run"] == "whole"
    assert all(head[name] for name in ("version", "date (UTC)", "Python", "engines"))
    rows = list(csv.DictReader(line for line in lines if not line.startswith("# ")))
    assert [row["test"] for row in rows if (row["id"], row["outcome"]) == ("AUD-01", "passed")] == [
        "tests/test_a.py::test_x",
        "tests/test_a.py::test_y",
        "tests/test_b.py::test_one",
    ]
