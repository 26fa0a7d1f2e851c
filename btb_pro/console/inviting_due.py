"""Everybody who can be invited now, invited together."""

from dataclasses import dataclass

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_wtf import FlaskForm

from btb_pro.console.desk import Desk, allow, at_desk, console
from btb_pro.console.message_words import not_approved, press_again, refusal_sentence
from btb_pro.roles import Permission
from btb_pro.services.invitations import InvitationRefused
from btb_pro.services.inviting import (
    DueInvitation,
    Preview,
    due_invitations,
    invite_participant,
    open_channels,
    preview,
)
from btb_pro.services.wordings import WordingNotApproved

MOST_AT_ONCE = 200
"""Invited with one press, and shown on one page; the rest come up when these are done."""


class PickForm(FlaskForm):  # type: ignore[misc]  # flask-wtf ships no types
    """A form that holds its token; what is ticked is read by name."""


@dataclass(frozen=True, slots=True)
class NotInvited:
    """Somebody who was ticked and could not be invited, and why."""

    study_number: str
    visit: str
    sentence: str


@console.get("/invitations")
@allow(Permission.INVITE)
def invitations() -> ResponseReturnValue:
    """Who is due, with what each channel and language would say. Writes nothing."""
    with at_desk() as desk:
        return _page(desk, invited=request.args.get("invited", -1, int))


@console.post("/invitations")
@allow(Permission.INVITE)
def send_invitations() -> ResponseReturnValue:
    """Queue a message for everybody who is ticked; who cannot be invited is told, and the others are."""
    with at_desk(writes=True) as desk:
        if not PickForm().validate_on_submit():
            return _page(desk, wrong=press_again(), picked=frozenset(request.form.getlist("pick"))), 409
        due = {f"{one.study_number}/{one.visit}": one for one in _due(desk)}
        picked = [due[key] for key in request.form.getlist("pick")[:MOST_AT_ONCE] if key in due]
        channel = request.form.get("channel", "")
        if not picked or channel not in open_channels(desk.runtime):
            wrong = gettext("Tick at least one participant, and choose how to send.")
            return _page(desk, wrong=wrong, picked=frozenset(request.form.getlist("pick"))), 422
        refused = [no for one in picked if (no := _invite(desk, one, channel)) is not None]
        desk.db.commit()
        if refused:
            return _page(desk, invited=len(picked) - len(refused), refused=refused), 409
    return redirect(url_for("console.invitations", invited=len(picked)), 303)


def _invite(desk: Desk, due: DueInvitation, channel: str) -> NotInvited | None:
    try:
        with desk.db.begin_nested():
            invite_participant(desk.db, desk.context, desk.runtime, due.study_number, due.visit, channel)
    except InvitationRefused as error:
        return NotInvited(due.study_number, due.visit, refusal_sentence(error.why))
    except WordingNotApproved:
        return NotInvited(due.study_number, due.visit, not_approved())
    return None


def _due(desk: Desk) -> list[DueInvitation]:
    return due_invitations(desk.db, desk.runtime.study, desk.signed_in.sites)


def _page(
    desk: Desk,
    *,
    wrong: str = "",
    picked: frozenset[str] | None = None,
    invited: int = -1,
    refused: list[NotInvited] | None = None,
) -> str:
    due = _due(desk)
    shown = due[:MOST_AT_ONCE]
    if picked is None:
        channels = set(open_channels(desk.runtime))
        picked = frozenset(f"{one.study_number}/{one.visit}" for one in shown if channels & set(one.channels))
    return render_template(
        "console/invitations.html",
        due=shown,
        more=len(due) - len(shown),
        channels=open_channels(desk.runtime),
        previews=_previews(desk, shown),
        picked=picked,
        wrong=wrong,
        invited=invited,
        refused=refused or [],
        form=PickForm(formdata=None),
    )


def _previews(desk: Desk, due: list[DueInvitation]) -> list[tuple[DueInvitation, Preview]]:
    """What is said, once for each visit and language: the words differ by nothing else."""
    first: dict[tuple[str, str], DueInvitation] = {}
    for one in due:
        first.setdefault((one.visit, one.language), one)
    return [
        (one, preview(desk.db, desk.runtime, one.study_number, one.visit, "email")) for one in first.values()
    ]
