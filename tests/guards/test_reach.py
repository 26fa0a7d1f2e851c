"""A reader of one view needs to know few modules."""

import statistics

from tests.guards.source import imports, modules, resolve

EDGES = ("participant", "console", "api", "cli")
MOST = 25
"""The design's own bound; what keeps it: docs/decisions/0031."""


def reached_from(start: str, known: dict[str, str]) -> set[str]:
    """Every module that a module drags in by import, directly or through others."""
    seen: set[str] = set()
    todo = [start]
    while todo:
        module = todo.pop()
        for one in imports(known[module]) if module != "btb_pro" else ():
            target = resolve(one.target, known)
            if target is not None and target not in seen:
                seen.add(target)
                todo.append(target)
    return seen - {start}


def cycles(known: dict[str, str]) -> list[tuple[str, str]]:
    """Pairs of modules that import each other, directly or through others."""
    reached = {module: reached_from(module, known) for module in known}
    return sorted((a, b) for a in known for b in reached[a] if a < b and a in reached[b])


def test_no_two_modules_import_each_other() -> None:
    assert cycles(modules()) == []


def test_two_modules_that_import_each_other_are_found() -> None:
    assert cycles({"a": "import b", "b": "import c", "c": "import a"}) == [("a", "b"), ("a", "c"), ("b", "c")]


def test_half_of_the_edge_modules_reach_no_more_than_a_reader_can_keep() -> None:
    known = modules()
    edges = [name for name in known if name.count(".") and name.split(".")[1] in EDGES]
    assert statistics.median(len(reached_from(name, known)) for name in edges) <= MOST
