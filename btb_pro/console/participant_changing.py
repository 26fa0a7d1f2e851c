"""Changing a participant's language and contact details, erasing the latter, and leaving the study."""

from collections.abc import Sequence

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from btb_pro.console.desk import Desk, allow, at_desk, console
from btb_pro.console.participant_forms import (
    ChangeForm,
    DetailsForm,
    WithdrawForm,
    mark_faults,
    set_choices,
)
from btb_pro.console.participant_page import titles_of
from btb_pro.console.participant_words import contact_name, refusal_text, told_changes
from btb_pro.roles import Permission
from btb_pro.services.change_history import ChangedMeanwhile, newest_event
from btb_pro.services.contact_changes import EndedLink
from btb_pro.services.participant_changes import (
    LONGEST_REASON,
    ChangeRefused,
    ContactRefused,
    Wish,
    change_participant,
    erase_contact,
)
from btb_pro.services.participant_record import kept_contacts
from btb_pro.services.participants import withdraw_participant
from btb_pro.this_request import runtime


@console.get("/participants/<number>/change")
@allow(Permission.CHANGE_PARTICIPANTS)
def change_details(number: str) -> ResponseReturnValue:
    """The form with the language; addresses are written anew, never shown."""
    with at_desk() as desk:
        form = DetailsForm()
        return _show(desk, number, form, "change")


@console.post("/participants/<number>/change")
@allow(Permission.CHANGE_PARTICIPANTS)
def save_details(number: str) -> ResponseReturnValue:
    """Save what was typed; say which links a new address ended."""
    form = DetailsForm()
    with at_desk(writes=True) as desk:
        participant = desk.participant(number)
        if not form.validate_on_submit():
            return _show(desk, number, form, "change", is_stale=True)
        try:
            ended = change_participant(
                desk.db, desk.context, desk.runtime, participant, _wish(form), form.seen_event
            )
        except ContactRefused as error:
            mark_faults(form, error.faults)
            return _show(desk, number, form, "change", status=422)
        except ChangeRefused as error:
            return _show(desk, number, form, "change", notice=refusal_text(error.code), status=409)
        except ChangedMeanwhile as error:
            return _show(desk, number, form, "change", meanwhile=error, status=409)
        _tell_ended(ended, titles_of(desk))
    return _done(number, gettext("Saved."))


@console.get("/participants/<number>/erase-contact")
@allow(Permission.CHANGE_PARTICIPANTS)
def erase_contact_page(number: str) -> ResponseReturnValue:
    """What erasing means, and the button that does it."""
    with at_desk() as desk:
        return _show(desk, number, ChangeForm(), "erase")


@console.post("/participants/<number>/erase-contact")
@allow(Permission.CHANGE_PARTICIPANTS)
def erase_contact_now(number: str) -> ResponseReturnValue:
    """Erase every address of the participant."""
    form = ChangeForm()
    with at_desk(writes=True) as desk:
        participant = desk.participant(number)
        if not form.validate_on_submit():
            return _show(desk, number, form, "erase", is_stale=True)
        try:
            erase_contact(desk.db, desk.context, participant, form.seen_event)
        except ChangedMeanwhile as error:
            return _show(desk, number, form, "erase", meanwhile=error, status=409)
    return _done(number, gettext("E-mail address and phone number are erased."))


@console.get("/participants/<number>/withdraw")
@allow(Permission.CHANGE_PARTICIPANTS)
def withdraw_page(number: str) -> ResponseReturnValue:
    """What leaving the study means, and the form."""
    with at_desk() as desk:
        return _show(desk, number, WithdrawForm(), "withdraw")


@console.post("/participants/<number>/withdraw")
@allow(Permission.CHANGE_PARTICIPANTS)
def withdraw_now(number: str) -> ResponseReturnValue:
    """Take the participant out of the study."""
    form = WithdrawForm()
    with at_desk(writes=True) as desk:
        participant = desk.participant(number)
        if not form.validate_on_submit():
            return _show(desk, number, form, "withdraw", is_stale=True)
        try:
            withdraw_participant(
                desk.db,
                desk.context,
                participant.study_number,
                form.reason.data or "",
                erases_contacts=bool(form.erases.data),
                seen=form.seen_event,
            )
        except ChangeRefused as error:
            form.reason.errors = [refusal_text(error.code)]
            return _show(desk, number, form, "withdraw", status=422)
        except ChangedMeanwhile as error:
            return _show(desk, number, form, "withdraw", meanwhile=error, status=409)
    return _done(number, gettext("%(number)s has left the study. Every link is dead.", number=number))


def _done(number: str, words: str) -> ResponseReturnValue:
    """Back to the participant's page; no file of the database keeps what was erased."""
    runtime().database.forget()
    flash(words, "success")
    return redirect(url_for("console.participant", number=number), 303)


def _wish(form: DetailsForm) -> Wish:
    contacts = {}
    for kind, text, is_taken_off in (
        ("email", form.email.data, form.no_email.data),
        ("phone", form.phone.data, form.no_phone.data),
    ):
        if is_taken_off or (text or "").strip():
            contacts[kind] = "" if is_taken_off else text
    language = form.language.data or ""
    return Wish(None if language == form.shown_language.data else language, contacts)


def _show_language(form: DetailsForm, language: str) -> None:
    """Let a language that nobody chose in this form be the one on file, a colleague's new one too."""
    if form.language.data is None or form.language.data == form.shown_language.data:
        form.language.data = form.shown_language.data = language


def _tell_ended(ended: Sequence[EndedLink], titles: dict[str, str]) -> None:
    for one in (one for one in ended if one.is_replaced):
        visit = titles.get(one.visit, one.visit)
        if one.is_queued:
            words = gettext(
                "%(visit)s: the old link is dead, and a new one goes to the new address.", visit=visit
            )
        else:
            words = gettext(
                "%(visit)s: the old link is dead. Send a new one: nobody has it yet.", visit=visit
            )
        flash(words, "warning")


def _show(
    desk: Desk,
    number: str,
    form: ChangeForm,
    page: str,
    *,
    meanwhile: ChangedMeanwhile | None = None,
    notice: str = "",
    is_stale: bool = False,
    status: int = 200,
) -> ResponseReturnValue:
    participant = desk.participant(number)
    if form.seen.data is None or meanwhile is not None:
        form.seen.data = f"{newest_event(desk.db, participant.study_number)}"
    if isinstance(form, DetailsForm):
        set_choices(form, desk.runtime.study)
        _show_language(form, participant.language or "")
    may_see = desk.signed_in.may(Permission.SEE_CONTACTS)
    contacts = kept_contacts(desk.db, desk.runtime, participant) if may_see else []
    titles = titles_of(desk)
    html = render_template(
        f"console/participant/{page}.html",
        participant=participant,
        form=form,
        contacts={one.kind: (contact_name(one.kind), one.text) for one in contacts},
        changes=told_changes(meanwhile.changes, titles) if meanwhile else [],
        notice=notice,
        is_stale=is_stale,
        longest_reason=LONGEST_REASON,
    )
    return html, status
