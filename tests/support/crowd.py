"""A study with very many participants, written straight into the tables: the services would take an hour."""

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import insert

from btb_pro import clock
from btb_pro.models.message import Message
from btb_pro.models.participant import Invitation, Participant, ParticipantRequest, Visit, WeeklyCount
from btb_pro.models.response import ParticipantSession, Response
from btb_pro.services.weekly_counts import monday_of
from btb_pro.study import visit_window
from tests.support.world import World

_SEQ = 1
"""Of the event that recorded the study: what all these rows say that they were written in."""
_DAY = timedelta(days=1)
_FIRST_DAY0, _DAYS = -320, 360


class Crowd:
    """The rows of a study whose participants were included evenly over a year, a tenth of them in trouble."""

    def __init__(self, world: World, size: int) -> None:
        self.world = world
        self.size = size
        self.now = clock.now()
        self.rows: dict[type[Any], list[dict[str, object]]] = {}
        self.weeks: Counter[tuple[str, date, str]] = Counter()

    def write(self) -> None:
        """Make all rows and store them."""
        for number in range(1, self.size + 1):
            self._participant(number)
        for (site, week, what), count in self.weeks.items():
            self._add(WeeklyCount, site_code=site, week=week, what=what, number=count)
        with self.world.writing() as session:
            for model, rows in self.rows.items():
                session.execute(insert(model), rows)

    def _add(self, model: type[Any], **values: object) -> int:
        rows = self.rows.setdefault(model, [])
        rows.append(values)
        return len(rows)

    def _participant(self, number: int) -> None:
        study = self.world.runtime.study
        site = study.sites[number % len(study.sites)].code
        # The step shares no factor with the days: any hundred in a row are spread over all of them.
        day0 = self.now.date() + timedelta(days=_FIRST_DAY0 + number * 77 % _DAYS)
        participant = self._add(
            Participant, id=number, study_number=f"N-{number:05}", site_code=site, language="nb", day0=day0,
            event_seq=_SEQ,
        )  # fmt: skip
        for planned in study.visits:
            window = visit_window(planned, day0)
            assert window.opens_at is not None
            is_invited = bool(planned.parts) and window.opens_at < self.now
            visit = Visit(
                participant_id=participant, code=planned.code, planned_on=window.planned_on,
                opens_at=window.opens_at, closes_at=window.closes_at, expires_at=window.expires_at,
            )  # fmt: skip
            self._visit(visit, site, chance=(number * 31 + len(planned.code) * 7) % 10 if is_invited else -1)

    def _visit(self, visit: Visit, site: str, chance: int) -> None:
        """`chance` from 0 to 9 decides what came of it; -1: nobody was invited yet."""
        opened = visit.opens_at
        assert opened is not None
        is_started, is_submitted = chance >= 2, chance >= 4
        number = len(self.rows.get(Visit, [])) + 1
        receipt = f"{number:09}" if is_submitted else None
        self._add(
            Visit, id=number, participant_id=visit.participant_id, code=visit.code,
            planned_on=visit.planned_on, opens_at=opened, closes_at=visit.closes_at,
            expires_at=visit.expires_at, started_at=opened if is_started else None,
            submitted_at=opened if is_submitted else None, receipt_code=receipt,
            submitted_seq=_SEQ if is_submitted else None, is_moved=False, event_seq=_SEQ,
        )  # fmt: skip
        came_to = {"invited": chance >= 0, "started": is_started, "submitted": is_submitted}
        for what, has_happened in came_to.items():
            if has_happened:
                self.weeks[site, monday_of(opened), what] += 1
        if chance >= 0:
            self._link(number, opened, visit.expires_at, chance)

    def _link(self, visit: int, opened: datetime, expires_at: datetime | None, chance: int) -> None:
        link = len(self.rows.get(Invitation, [])) + 1
        self._add(
            Invitation, id=link, public_id=f"{link:022}", visit_id=visit, language="nb", issued_at=opened,
            opens_at=opened, expires_at=expires_at, event_seq=_SEQ,
        )  # fmt: skip
        state = "bounced" if chance == 0 and link % 5 == 0 else "sent"
        self._add(
            Message, kind="invitation", channel="email", language="nb", invitation_id=link, subject_key="",
            once_key=f"invitation/{link}", due_at=opened, state=state, attempts=1, sent_at=opened,
            reason="", event_seq=_SEQ,
        )  # fmt: skip
        if chance == 1 and link % 5 == 0:
            self._add(
                ParticipantRequest, invitation_id=link, kind="stop", received_at=opened, is_lifted=False,
                event_seq=_SEQ,
            )  # fmt: skip
        if chance >= 2:
            self._add(
                ParticipantSession, handle=f"{link:016}", secret_sha256="0" * 64, invitation_id=link,
                language="nb", mode="own_phone", started_at=opened, last_saved_at=opened, event_seq=_SEQ,
            )  # fmt: skip
            self._add(
                Response, visit_id=visit, instrument="pain", instrument_version="1", language="nb",
                wording_sha256="0" * 64, started_at=opened, submitted_at=opened if chance >= 4 else None,
                is_locked=chance >= 4, event_seq=_SEQ,
            )  # fmt: skip


def fill(world: World, size: int) -> None:
    """Give a study so many participants."""
    Crowd(world, size).write()
