"""Writing down which values a form brought that cannot be: the check, and what was typed if it may be told.

A participant filled it in, or somebody of the staff from paper or to ask for a correction. A regulator asks
for the value that was refused and the one that came instead. A number is told as it was typed; anything else
may be somebody's words and is told by its length alone.
"""

import re
from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from btb_pro.instruments.values import Refusal
from btb_pro.services.audit import Context, Tag, step

_NUMBER = re.compile(r"[+-]?[0-9]{1,12}([.,][0-9]{1,6})?", re.ASCII)
_AT_MOST = 40


def note_refused_answers(
    session: Session,
    context: Context,
    study_number: str,
    place: str,
    refused: Mapping[str, Refusal],
    typed: Mapping[str, Sequence[str]],
) -> None:
    """Note each field that was refused, by which check, and what was typed. Changes no answer.

    `place` is where the answers belong: the visit's code, ``/``, the instrument's.
    """
    if not refused:
        return
    with step(session, context, Tag.ANSWER_REFUSE, study_number=study_number) as event:
        for code in sorted(refused)[:_AT_MOST]:
            value = told(typed.get(code, ()))
            event.change("edit_check", f"{place}/{code}", refused[code].value, None, value)


def told(values: Sequence[str]) -> str:
    """What may be told of values that were typed."""
    return " ".join(
        value if _NUMBER.fullmatch(value) else f"[{len(value)} characters]" for value in values[:_AT_MOST]
    )
