"""Imports run downwards only, and each job is done in one room."""

import pytest

from tests.guards.source import calls, imports, modules, resolve

FLOORS = (
    ("config", "clock", "links", "i18n", "logs", "security", "refusals"),
    ("instruments", "scoring", "study", "study_file", "toml_lines"),
    ("models", "db", "migrate"),
    ("messaging", "exports"),
    ("services",),
    ("web", "this_request"),
    ("participant", "console", "api", "cli"),
    ("__main__", ""),
)
EDGES = FLOORS[6]
PURE = ("instruments", "scoring", "study")
NOT_PURE = ("flask", "flask_babel", "flask_wtf", "sqlalchemy", "alembic", "werkzeug")


def room(module: str) -> str:
    """``btb_pro.participant.items`` lies in ``participant``."""
    return module.split(".")[1] if "." in module else ""


def floor(module: str) -> int:
    """How high a module lies."""
    return next(height for height, rooms in enumerate(FLOORS) if room(module) in rooms)


def faults_of(module: str, source: str, known: dict[str, str]) -> list[str]:
    """Imports of a module that run upwards, sideways between edges, or hide in a function."""
    faults = []
    for one in imports(source):
        target = resolve(one.target, known)
        if target is None or target == module:
            if room(module) in PURE and one.target.split(".")[0] in NOT_PURE:
                faults.append(f"{module} is pure and imports {one.target}")
            continue
        # create_app imports when it is called, so that importing an instrument loads no web server.
        if one.is_hidden and module != "btb_pro":
            faults.append(f"{module} hides an import of {target} in a function")
        if floor(target) > floor(module):
            faults.append(f"{module} imports upwards: {target}")
        if room(module) in EDGES and room(target) in EDGES and room(module) != room(target):
            faults.append(f"{module} imports another edge: {target}")
        if room(module) in ("instruments", "scoring") and target in ("btb_pro.clock", "btb_pro.config"):
            faults.append(f"{module} is pure and imports {target}")
    return faults


def jobs_done_elsewhere(module: str, source: str) -> list[str]:
    """Calls that belong in one room and stand in another."""
    rules = (
        ("asks for the time", _asks_for_the_time, module == "btb_pro.clock"),
        ("reads the environment", _reads_the_environment, module == "btb_pro.config"),
        ("makes an audit event", _makes_an_event, module == "btb_pro.services.audit"),
        ("writes rows", _writes_rows, room(module) == "services"),
    )
    return [
        f"{module} {fault}: {call}"
        for call in calls(source)
        for fault, is_one, is_its_job in rules
        if is_one(call) and not is_its_job
    ]


def _asks_for_the_time(call: str) -> bool:
    names = ("datetime.now", "datetime.utcnow", "datetime.datetime.now", "date.today", "time.time")
    return call in names


def _reads_the_environment(call: str) -> bool:
    return call in ("os.environ.get", "os.getenv")


def _makes_an_event(call: str) -> bool:
    return call == "AuditEvent"


def _writes_rows(call: str) -> bool:
    return call.endswith(("session.add", "session.add_all", "session.delete", "db.add", "db.delete"))


@pytest.mark.parametrize("module", modules())
def test_a_module_imports_only_what_lies_below_it(module: str) -> None:
    known = modules()
    assert faults_of(module, known[module], known) == []


@pytest.mark.parametrize("module", modules())
def test_a_module_leaves_others_their_jobs(module: str) -> None:
    assert jobs_done_elsewhere(module, modules()[module]) == []


def test_the_models_are_not_gathered_in_one_place() -> None:
    assert list(imports(modules()["btb_pro.models"])) == []


@pytest.mark.parametrize(
    ("module", "source", "fault"),
    [
        ("btb_pro.models.site", "from btb_pro.services import audit", "upwards"),
        ("btb_pro.cli.demo", "import btb_pro.participant.items", "another edge"),
        ("btb_pro.services.audit", "def f():\n    from btb_pro import clock", "hides"),
        ("btb_pro.instruments.values", "import sqlalchemy.orm", "pure"),
        ("btb_pro.instruments.values", "from btb_pro import clock", "pure"),
    ],
)
def test_a_bad_import_is_found(module: str, source: str, fault: str) -> None:
    assert fault in " ".join(faults_of(module, source, modules()))


@pytest.mark.parametrize(
    ("module", "source", "fault"),
    [
        ("btb_pro.services.audit", "datetime.now(UTC)", "time"),
        ("btb_pro.web", "os.environ.get('X')", "environment"),
        ("btb_pro.participant.items", "visitor.session.add(row)", "rows"),
        ("btb_pro.services.answers", "AuditEvent(seq=1)", "audit event"),
    ],
)
def test_a_job_done_elsewhere_is_found(module: str, source: str, fault: str) -> None:
    assert fault in " ".join(jobs_done_elsewhere(module, source))
