"""Looking over, sending in, and the receipt."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import redirect, render_template, url_for
from werkzeug.wrappers import Response

from btb_pro.instruments.answers import Current, ItemState, applicable_fields, chosen_codes, item_summary
from btb_pro.instruments.model import Field, FieldKind, Item, Texts
from btb_pro.instruments.paging import Page
from btb_pro.participant.cookies import forget_session
from btb_pro.participant.form import main_form
from btb_pro.participant.phone import is_from_script
from btb_pro.participant.visitor import (
    Access,
    ResponseValue,
    Visitor,
    access,
    participant,
    switch_language,
    visiting,
)
from btb_pro.services.made_requests import correction_asked_at
from btb_pro.services.sessions import SeenAnswer, end_session, stored_only
from btb_pro.services.submission import submit_visit
from btb_pro.this_request import runtime


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """One question: its state, its answer in words where this session entered it, and where to change it."""

    number: int
    text: str
    state: ItemState
    answer: str
    address: str


@dataclass(frozen=True, slots=True)
class ReviewPart:
    """One instrument's questions."""

    title: str
    rows: tuple[ReviewRow, ...]


@participant.get("/q/<handle>/review")
@access(Access.SESSION)
def review(handle: str) -> ResponseValue:
    """What is answered and what is not, before sending in."""
    with visiting(handle) as visitor:
        return _render(visitor)


@participant.post("/q/<handle>/review")
@access(Access.SESSION)
def submit(handle: str) -> ResponseValue:
    """Send in: lock, score, receipt. A second time it is the same receipt."""
    with visiting(handle, writes=True) as visitor:
        form = main_form(handle, runtime().settings.secret_keys)
        if not form.validate_on_submit():
            return _render(visitor)
        if switch_language(visitor):
            return redirect(url_for("participant.review", handle=handle), 303)
        submit_visit(visitor.db, visitor.context, visitor.runtime, visitor.answering)
        return _sent_in(visitor)


@participant.get("/q/<handle>/receipt")
@access(Access.SESSION)
def receipt(handle: str) -> ResponseValue:
    """When it arrived, and the code of the receipt. No answers."""
    with visiting(handle, after_submit=True) as visitor:
        visit = visitor.answering.visit
        if visit.submitted_at is None:
            return redirect(url_for("participant.review", handle=handle), 303)
        form = main_form(handle, runtime().settings.secret_keys)
        return render_template(
            "participant/receipt.html",
            submitted_at=visit.submitted_at,
            code=visit.receipt_code,
            csrf_token=form.csrf_token.current_token,
            language_action=url_for("participant.change_receipt_language", handle=handle),
            mistake_address=url_for("participant.mistake", handle=handle),
            leave_address=url_for("participant.leave", handle=handle),
            correction_asked_at=correction_asked_at(visitor.db, visitor.answering.invitation),
        )


@participant.post("/q/<handle>/receipt")
@access(Access.SESSION)
def change_receipt_language(handle: str) -> ResponseValue:
    """The receipt in the other language."""
    with visiting(handle, writes=True, after_submit=True) as visitor:
        if main_form(handle, runtime().settings.secret_keys).validate_on_submit():
            switch_language(visitor)
        return redirect(url_for("participant.receipt", handle=handle), 303)


def _sent_in(visitor: Visitor) -> Response:
    """On to the receipt; the clinic's tablet is left at once instead, with nothing of anybody on it."""
    address = url_for("participant.receipt", handle=visitor.handle)
    if visitor.is_on_tablet:
        end_session(visitor.db, visitor.context, visitor.answering)
        address = url_for("participant.done", sent=1, lang=visitor.language)
    response = Response(status=201) if is_from_script() else redirect(address, 303)
    response.headers["Location"] = address
    if visitor.is_on_tablet:
        forget_session(response, visitor.handle, visitor.runtime.settings.is_production)
    return response


def _render(visitor: Visitor) -> ResponseValue:
    form = main_form(visitor.handle, runtime().settings.secret_keys)
    parts = _parts(visitor)
    missing = tuple(
        row
        for part in parts
        for row in part.rows
        if row.state in (ItemState.LEFT_BLANK, ItemState.NOT_REACHED)
    )
    return render_template(
        "participant/review.html",
        handle=visitor.handle,
        parts=parts,
        missing=missing,
        csrf_token=form.csrf_token.current_token,
        action=url_for("participant.review", handle=visitor.handle),
        last_page=len(visitor.pages),
    )


def _parts(visitor: Visitor) -> tuple[ReviewPart, ...]:
    seen = visitor.seen()
    current = stored_only(seen)
    rows: dict[str, list[ReviewRow]] = {}
    for page in visitor.pages:
        title = page.instrument.title[visitor.language].text
        listed = rows.setdefault(title, [])
        first = len(listed) + 1
        listed += [
            _row(visitor, page, item, number, seen, current)
            for number, item in enumerate(page.items, start=first)
        ]
    return tuple(ReviewPart(title, tuple(listed)) for title, listed in rows.items())


def _row(
    visitor: Visitor, page: Page, item: Item, number: int, seen: Mapping[str, SeenAnswer], current: Current
) -> ReviewRow:
    address = url_for("participant.items", handle=visitor.handle, number=page.number)
    own = [
        _in_words(field, answer.stored.value, visitor.language)
        for field in applicable_fields(item, page.instrument, current)
        if (answer := seen.get(field.code)) is not None and answer.is_own and answer.stored.value is not None
    ]
    return ReviewRow(
        number=number,
        text=item.text[visitor.language].text,
        state=item_summary(item, page.instrument, current),
        answer="; ".join(own),
        address=f"{address}?from=review#q-{item.code}",
    )


def _in_words(field: Field, value: str, language: str) -> str:
    """An answer as a person would read it; a field with words of its own is named by them."""
    if field.choices:
        labels = {choice.code: choice.label for choice in field.choices}
        words = ", ".join(_label(labels[code], code, language) for code in chosen_codes(value))
    else:
        words = f"{value} {field.unit[language].text}" if field.unit else value
    if field.code == field.item or field.kind is FieldKind.CODES:
        return words
    label = field.label[language].text
    # A label that is the unit itself ("Years") says it once, as on the page.
    is_unit = field.unit is not None and field.unit[language].text.lower() == label.lower()
    return f"{label}: {value if is_unit else words}"


def _label(label: Texts, code: str, language: str) -> str:
    return label[language].text if label else code
