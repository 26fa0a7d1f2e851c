"""The list of parts: how far somebody has come, and on."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import redirect, render_template, request, url_for

from btb_pro.instruments.answers import Current, ItemState, item_summary
from btb_pro.instruments.paging import Page
from btb_pro.participant.form import main_form
from btb_pro.participant.visitor import (
    Access,
    ResponseValue,
    Visitor,
    access,
    participant,
    switch_language,
    visiting,
)
from btb_pro.services.sessions import stored_only
from btb_pro.services.step_codes import is_offered
from btb_pro.this_request import runtime


@dataclass(frozen=True, slots=True)
class ShownPart:
    """One instrument of the visit."""

    title: str
    first_page: int
    n_answered: int
    n_items: int
    state: str
    """``new``, ``begun`` or ``done``."""


@participant.get("/q/<handle>/")
@access(Access.SESSION)
def parts(handle: str) -> ResponseValue:
    """The parts of the visit with their state."""
    with visiting(handle) as visitor:
        return _render(visitor)


@participant.post("/q/<handle>/")
@access(Access.SESSION)
def go_on(handle: str) -> ResponseValue:
    """On to the first page that was not reached, or to the review; or the language changed."""
    with visiting(handle, writes=True) as visitor:
        form = main_form(handle, runtime().settings.secret_keys)
        if not form.validate_on_submit():
            return _render(visitor)
        if switch_language(visitor):
            return redirect(url_for("participant.parts", handle=handle), 303)
        return redirect(_next_address(visitor), 303)


def first_page_to_do(pages: tuple[Page, ...], current: Current) -> Page | None:
    """The first page with a question that was not reached; None when there is none."""
    for page in pages:
        if any(item_summary(item, page.instrument, current) is ItemState.NOT_REACHED for item in page.items):
            return page
    return None


def _next_address(visitor: Visitor) -> str:
    page = first_page_to_do(visitor.pages, stored_only(visitor.seen()))
    if page is None:
        return url_for("participant.review", handle=visitor.handle)
    return url_for("participant.items", handle=visitor.handle, number=page.number)


def _render(visitor: Visitor) -> ResponseValue:
    form = main_form(visitor.handle, runtime().settings.secret_keys)
    shown = shown_parts(visitor)
    return render_template(
        "participant/parts.html",
        handle=visitor.handle,
        parts=shown,
        is_begun=any(part.state != "new" for part in shown),
        is_all_done=all(part.state == "done" for part in shown),
        comes_back_later="later" in request.args,
        is_confirmed="confirmed" in request.args and visitor.answering.session.confirmed_at is not None,
        offers_code=is_offered(visitor.db, visitor.runtime, visitor.answering),
        expires_at=visitor.answering.invitation.expires_at,
        csrf_token=form.csrf_token.current_token,
        action=url_for("participant.parts", handle=visitor.handle),
    )


def shown_parts(visitor: Visitor) -> tuple[ShownPart, ...]:
    """The visit's instruments with how much of each is answered."""
    current = stored_only(visitor.seen())
    by_instrument: dict[str, list[Page]] = {}
    for page in visitor.pages:
        by_instrument.setdefault(page.instrument.code, []).append(page)
    return tuple(_part(pages, current, visitor.language) for pages in by_instrument.values())


def _part(pages: list[Page], current: Current, language: str) -> ShownPart:
    states = [item_summary(item, page.instrument, current) for page in pages for item in page.items]
    counted: Mapping[ItemState, int] = {state: states.count(state) for state in ItemState}
    n_left = counted[ItemState.NOT_REACHED]
    n_items = len(states) - counted[ItemState.NOT_APPLICABLE]
    return ShownPart(
        title=pages[0].instrument.title[language].text,
        first_page=next(
            (page.number for page in pages if first_page_to_do((page,), current) is not None),
            pages[0].number,
        ),
        n_answered=counted[ItemState.ANSWERED],
        n_items=n_items,
        state="done" if n_left == 0 else "new" if n_left == n_items else "begun",
    )
