"""The answers of one visit as staff read them, field by field, with what came too late. Reads only."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from btb_pro.instruments.answers import AnswerState, ItemState, StoredAnswer, applicable_fields, field_state
from btb_pro.instruments.in_words import field_in_words
from btb_pro.instruments.model import Field, Instrument, Item
from btb_pro.models.participant import Visit
from btb_pro.models.response import Answer, Response
from btb_pro.services.runtime import Runtime
from btb_pro.study import sections_asked


@dataclass(frozen=True, slots=True)
class AskedField:
    """One form field that a visit asks, with where it belongs."""

    instrument: Instrument
    item: Item
    field: Field

    def question(self, language: str) -> str:
        """Its words, after those of the question that it is a part of."""
        return field_in_words(self.field, self.item.text[language].text, language)


@dataclass(frozen=True, slots=True)
class AnswerOnFile:
    """What a field holds now."""

    asked: AskedField
    state: ItemState
    row: Answer | None
    """The newest row; none: never reached."""
    applies: bool
    """Whether the other answers make this a question to the participant, for certain."""

    @property
    def value(self) -> str | None:
        """The stored value, where the field counts as answered."""
        return self.row.value if self.row is not None and self.state is ItemState.ANSWERED else None

    @property
    def received_at(self) -> datetime | None:
        """When the present answer came in."""
        return self.row.received_at if self.row is not None else None


def fields_asked(runtime: Runtime, visit_code: str) -> Iterator[AskedField]:
    """Every form field that the study file asks at a visit, in order."""
    planned = runtime.study.visit(visit_code)
    for code, sections in sections_asked(planned.parts).items():
        instrument = runtime.instruments[code]
        for section in instrument.sections:
            if sections is None or section.code in sections:
                for item in section.items:
                    for field in item.fields:
                        yield AskedField(instrument, item, field)


def find_asked(runtime: Runtime, visit_code: str, field_code: str) -> AskedField | None:
    """The field of that code, if the visit asks it."""
    if visit_code not in [planned.code for planned in runtime.study.visits]:
        return None
    return next((one for one in fields_asked(runtime, visit_code) if one.field.code == field_code), None)


def answers_on_file(session: Session, runtime: Runtime, visit: Visit) -> list[AnswerOnFile]:
    """Every field that a visit asks with its present answer, in order."""
    rows = newest_rows(session, visit)
    current = stored(rows)
    return [_on_file(asked, rows, current) for asked in fields_asked(runtime, visit.code)]


def answer_on_file(session: Session, visit: Visit, asked: AskedField) -> AnswerOnFile:
    """One field with its present answer."""
    rows = newest_rows(session, visit)
    return _on_file(asked, rows, stored(rows))


def newest_rows(session: Session, visit: Visit) -> dict[str, Answer]:
    """The newest row of every form field of a visit, by field code."""
    rows = session.execute(
        select(Answer)
        .join(Response, Response.id == Answer.response_id)
        .where(Response.visit_id == visit.id)
        .order_by(Answer.id)
    ).scalars()
    return {row.item: row for row in rows}


def stored(rows: Mapping[str, Answer]) -> dict[str, StoredAnswer]:
    """Rows as the rules of instruments and scores take them."""
    return {code: StoredAnswer(AnswerState(row.state), row.value) for code, row in rows.items()}


def _on_file(
    asked: AskedField, rows: Mapping[str, Answer], current: Mapping[str, StoredAnswer]
) -> AnswerOnFile:
    return AnswerOnFile(
        asked=asked,
        state=field_state(asked.instrument, asked.field, current),
        row=rows.get(asked.field.code),
        applies=asked.field in applicable_fields(asked.item, asked.instrument, current),
    )
