"""Which routes that change something have told the audit trail of it, gathered while the tests run."""

from collections.abc import Mapping

from flask import current_app, has_request_context, request
from sqlalchemy import event
from sqlalchemy.orm import Session, object_session

from btb_pro.models.base import AuditEvent
from btb_pro.services.audit import Tag

CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
NOT_ASKED: Mapping[str, str] = {
    "POST /console/exports/<int(max=2147483647):number>/again": "asks for work, whose end is told",
    "POST /console/jobs/<int(max=2147483647):number>/letters.pdf": "tells it when they were handed over",
    "POST /console/jobs/<int(max=2147483647):number>/receipt": "hands out who took an export, and no data",
    "POST /console/jobs/<int(max=2147483647):number>/stop": "how far long work has come is no data",
    "POST /console/quality": "asks for a count, which holds nobody's data",
    "POST /k": "a typed code leads to the page of its link, and only tries are counted",
}
"""Routes that tell the trail of nothing while they are asked for, and why."""


class Routes:
    """What this process has seen."""

    def __init__(self) -> None:
        self.known: set[str] = set()
        """Every route of the app that changes something: method and rule."""
        self.told: set[str] = set()
        """Those that were asked for when an event was committed."""

    def watch(self) -> None:
        """Look at every event that is written from now on."""
        event.listen(AuditEvent, "after_insert", self._note_event)
        event.listen(Session, "after_commit", self._note_commit)

    def stop(self) -> None:
        """Look no more."""
        event.remove(AuditEvent, "after_insert", self._note_event)
        event.remove(Session, "after_commit", self._note_commit)

    def add(self, known: list[str], told: list[str]) -> None:
        """Take in what another process has seen."""
        self.known.update(known)
        self.told.update(told)

    def untold(self) -> list[str]:
        """Routes of which no test has shown that they tell the trail, though they have to."""
        return sorted(self.known - self.told - NOT_ASKED.keys())

    def _note_event(self, _mapper: object, _connection: object, row: AuditEvent) -> None:
        session = object_session(row)
        # That somebody was refused a page says nothing of what the page does.
        if session is not None and row.tag != Tag.STAFF_ACCESS_REFUSED:
            session.info[self] = True

    def _note_commit(self, session: Session) -> None:
        if session.info.pop(self, False) and has_request_context():
            if not self.known:
                self.known = {
                    f"{method} {rule.rule}"
                    for rule in current_app.url_map.iter_rules()
                    for method in CHANGING & (rule.methods or set())
                }
            self.told.add(f"{request.method} {request.url_rule}")
