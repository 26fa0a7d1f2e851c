"""The house stands: who may import whom, who may write, ask for the time, and read the environment."""

from collections.abc import Callable, Iterator

import pytest

from tests.guards.layers import (
    RANKS,
    Sources,
    catchers_of_everything,
    clocks_beside_the_clock,
    hidden_imports,
    imports_in_models,
    impure_knowledge,
    makers_of_audit_events,
    readers_of_the_environment,
    room,
    upward_imports,
    writes_outside_services,
)
from tests.guards.source import modules

Guard = Callable[[Sources], Iterator[str]]

GUARDS: dict[Guard, list[tuple[str, str]]] = {
    upward_imports: [
        ("services.answers", "from btb_pro.participant.form import Reading"),
        ("services.answers", "from btb_pro.web import App"),
        ("services.answers", "import btb_pro.web"),
        ("models.answer", "from btb_pro.services.audit import step"),
        ("exports.dataset", "from btb_pro.services.audit import step"),
        ("instruments.model", "from btb_pro import db"),
        ("clock", "from btb_pro.config import Settings\nfrom btb_pro.study import Study"),
        ("web", "from btb_pro.participant.visitor import Access"),
        ("participant.start", "from btb_pro.cli.common import Refused"),
        ("cli.common", "from btb_pro.participant.app import register_participant"),
        ("participant.start", "from btb_pro import create_app"),
        ("participant.start", "def view():\n    from btb_pro.cli.common import Refused"),
        ("exports.csv", "from btb_pro.messaging.mail import send"),
        ("attic", "import btb_pro.clock"),
    ],
    impure_knowledge: [
        ("instruments.model", "import flask"),
        ("instruments.model", "from sqlalchemy import select"),
        ("instruments.model", "from btb_pro import clock"),
        ("instruments.model", "from btb_pro.scoring.scores import score_response"),
        ("scoring.scores", "from btb_pro.study import Study"),
        ("scoring.scores", "from sqlalchemy.orm import Session"),
        ("study", "from btb_pro.clock import now"),
        ("services.answers", "from flask import request"),
        ("services.answers", "from flask_babel import gettext"),
        ("models.answer", "import werkzeug"),
        ("exports.dataset", "from flask import g"),
    ],
    hidden_imports: [
        ("services.answers", "def save():\n    from btb_pro.services.audit import step"),
        ("services.answers", "class A:\n    def save(self):\n        import btb_pro.clock"),
        ("cli.common", "from .. import clock"),
        ("cli.common", "async def run():\n    if True:\n        from btb_pro import clock"),
    ],
    imports_in_models: [
        ("models", "from btb_pro.models.response import Answer"),
        ("models", "import sqlalchemy"),
    ],
    writes_outside_services: [
        ("participant.items", "session.add(Answer())"),
        ("participant.items", "visitor.db.delete(row)"),
        ("participant.items", "db.add_all([])"),
        ("cli.common", "from sqlalchemy import update\nsession.execute(update(Answer))"),
        ("exports.dataset", "from sqlalchemy.dialects.sqlite import insert as put\nput(Answer)"),
        ("web", "connection.execute(text('DELETE FROM answer'))"),
        ("web", "connection.exec_driver_sql('  update answer set value = 1')"),
        ("models.answer", "session.merge(self)"),
    ],
    clocks_beside_the_clock: [
        ("services.answers", "from datetime import datetime\nat = datetime.now()"),
        ("services.answers", "import datetime\nat = datetime.datetime.utcnow()"),
        ("services.answers", "from datetime import date\nday = date.today()"),
        ("services.answers", "import time\nat = time.time()"),
        ("services.answers", "from time import time\nat = time()"),
        ("models.answer", "at = mapped_column(default=datetime.now)"),
        ("models.answer", "at = mapped_column(server_default=func.now())"),
    ],
    readers_of_the_environment: [
        ("services.runtime", "import os\nos.environ['BTB_STUDY']"),
        ("services.runtime", "import os\nos.getenv('BTB_STUDY')"),
        ("cli.common", "from os import environ"),
    ],
    makers_of_audit_events: [
        ("services.answers", "session.add(AuditEvent(seq=1))"),
        ("cli.common", "from btb_pro.models import audit_event\naudit_event.AuditEvent()"),
    ],
    catchers_of_everything: [
        ("services.answers", "try:\n    pass\nexcept Exception:\n    pass"),
        ("services.answers", "try:\n    pass\nexcept:\n    pass"),
        ("services.answers", "try:\n    pass\nexcept (ValueError, BaseException) as error:\n    pass"),
    ],
}
"""Each guard with source that must set it off: a module's name without the package's, and its text."""


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.__name__)
def test_the_package_keeps_the_rule(guard: Guard) -> None:
    assert list(guard(modules())) == []


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.__name__)
def test_the_guard_finds_what_breaks_the_rule(guard: Guard) -> None:
    empty = dict.fromkeys(modules(), "")
    for module, text in GUARDS[guard]:
        name = f"btb_pro.{module}" if module else "btb_pro"
        assert list(guard({**empty, name: text})), (module, text)


def test_every_module_lies_in_a_layer() -> None:
    assert {room(module) for module in modules()} - set(RANKS) == set()
