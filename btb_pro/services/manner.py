"""How a visit was answered on a screen: at night, quickly, changing much. Counted from stored rows alone."""

from collections.abc import Iterator, Mapping, Sequence

from btb_pro import clock
from btb_pro.exports.records import AnswerRow, VisitRecord
from btb_pro.instruments.answers import AnswerState, StoredAnswer
from btb_pro.services.page_times import page_times, screen_rows
from btb_pro.services.worth_a_look import NIGHT, QUICK_SECONDS, Manner


def manner_of(visit: VisitRecord, pages: Mapping[str, str], questions: Mapping[str, str]) -> Manner:
    """How one visit was answered; `pages` and `questions` name the page and the question of each form field.

    An answer counts at the hour at which it came in: what a phone kept while it had no coverage, later than
    it was given.
    """
    rows = sorted(
        ((row, code) for code, row in screen_rows(visit) if code in questions), key=lambda one: one[0].seq
    )
    answered = {
        questions[code]: pages[code] for row, code in rows if row.stored.state is AnswerState.ANSWERED
    }
    by_night = {questions[code]: row.received_at for row, code in rows if _is_at_night(row)}
    changes = list(_changes(rows, questions))
    return Manner(
        answered=len(answered),
        at_night=len(by_night),
        night_began=min((row.received_at for row, _ in rows if _is_at_night(row)), default=None),
        night_ended=max(by_night.values(), default=None),
        quick_pages=_quick_pages(visit, pages, list(answered.values())),
        pages=len(set(answered.values())),
        changes=len(changes),
        changed=len(set(changes)),
    )


def _is_at_night(row: AnswerRow) -> bool:
    first, end = NIGHT
    hour = row.received_at.astimezone(clock.OSLO).hour
    return row.stored.state is AnswerState.ANSWERED and first <= hour < end


def _quick_pages(visit: VisitRecord, pages: Mapping[str, str], answered_on: Sequence[str]) -> int:
    times = page_times(visit, pages)
    return sum(times[page].longest < QUICK_SECONDS * answered_on.count(page) for page in set(answered_on))


def _changes(rows: Sequence[tuple[AnswerRow, str]], questions: Mapping[str, str]) -> Iterator[str]:
    """A question for each time that somebody came back to it, from another one, and left it answered
    otherwise. What is saved on the way (a word half typed, the first of several choices) is no change.
    """
    held: dict[str, dict[str, StoredAnswer]] = {}
    at, as_found = "", dict[str, StoredAnswer]()
    for row, code in [*rows, (None, "")]:
        question = questions.get(code, "")
        if question != at:
            if _is_answered(as_found) and held[at] != as_found:
                yield at
            at, as_found = question, dict(held.get(question, {}))
        if row is not None:
            held.setdefault(question, {})[code] = row.stored


def _is_answered(fields: Mapping[str, StoredAnswer]) -> bool:
    return any(stored.state is AnswerState.ANSWERED for stored in fields.values())
