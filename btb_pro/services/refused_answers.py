"""Writing down which values a page sent that cannot be: the edit check, and what was typed if it may be told.

A regulator asks for the value that was refused and the one that came instead. A number is told as it was
typed; anything else may be somebody's words and is told by its length alone.
"""

import re
from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from btb_pro.instruments.answers import Refusal
from btb_pro.services.audit import Context, Tag, step
from btb_pro.services.sessions import Answering

_NUMBER = re.compile(r"[+-]?[0-9]{1,12}([.,][0-9]{1,6})?", re.ASCII)
_AT_MOST = 40


def note_refused_answers(
    session: Session,
    context: Context,
    answering: Answering,
    instrument: str,
    refused: Mapping[str, Refusal],
    typed: Mapping[str, Sequence[str]],
) -> None:
    """Note each field that was refused, by which check, and what was typed. Changes no answer."""
    if not refused:
        return
    number = answering.participant.study_number
    with step(session, context, Tag.ANSWER_REFUSE, study_number=number) as event:
        for code in sorted(refused)[:_AT_MOST]:
            key = f"{answering.visit.code}/{instrument}/{code}"
            event.change("edit_check", key, refused[code].value, None, told(typed.get(code, ())))


def told(values: Sequence[str]) -> str:
    """What may be told of values that were typed."""
    return " ".join(
        value if _NUMBER.fullmatch(value) else f"[{len(value)} characters]" for value in values[:_AT_MOST]
    )
