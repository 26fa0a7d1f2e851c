"""What makes the made-up study's console worth looking at: messages sent or come back, wishes, paper.

Nothing leaves the machine: what a server would have said is made up, and the server's name leads nowhere.
"""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy.orm import Session

from btb_pro import clock
from btb_pro.instruments.paging import Page
from btb_pro.messaging.outcome import Fate, Outcome
from btb_pro.services.audit import Actor, Context
from btb_pro.services.demo_answers import MadeUpPerson
from btb_pro.services.invitations import find_visit
from btb_pro.services.known_participants import find_participant
from btb_pro.services.made_requests import RequestKind
from btb_pro.services.paper_entries import PaperVisit, begin_entry, end_round, key_page
from btb_pro.services.requests import ask_for_correction, ask_for_new_link, stop_messages
from btb_pro.services.runtime import Runtime
from btb_pro.services.sending import Taken, claim_next, note_outcome
from btb_pro.services.sessions import OpenedLink
from btb_pro.services.worker import ACTOR

DEMO_SERVERS = {
    "BTB_SMTP_URL": "smtp://mail.demo.invalid",
    "BTB_MAIL_FROM": "Oppdiktet studie <study@demo.example>",
}
"""Names under `invalid` lead nowhere (RFC 6761), so no worker on this study can send anything."""
WENT_OUT = Outcome(Fate.ACCEPTED)
CAME_BACK = Outcome(Fate.REFUSED, "mailbox_full")
PERHAPS_SENT = Outcome(Fate.UNKNOWN, "connection_died")
COLLEAGUE = "colleague@demo.example"
"""Who typed in the paper first, so that the coordinator may be the second."""
_WORKER = "demo"


def send_queued(session: Session, runtime: Runtime, outcome: Outcome) -> None:
    """Play the worker's round for whatever is due now, with that outcome for each message."""
    context = Context(ACTOR, request_id=_WORKER, study_version=runtime.study.version)
    while (claim := claim_next(session, context, runtime, _WORKER)).taken is not Taken.NOTHING:
        if claim.taken is Taken.CLAIMED:
            note_outcome(session, context, claim, _WORKER, outcome)


def make_wish(session: Session, context: Context, link: OpenedLink, kind: RequestKind) -> None:
    """Ask the hospital for something, as the holder of a link."""
    if kind is RequestKind.NEW_LINK:
        ask_for_new_link(session, context, link)
    elif kind is RequestKind.STOP:
        stop_messages(session, context, link)
    else:
        ask_for_correction(session, context, link, "Made up: I pressed the wrong line.", None)


def type_in_once(
    session: Session, runtime: Runtime, study_number: str, visit: str, pages: Sequence[Page], by: MadeUpPerson
) -> None:
    """Type in the paper of a visit, as a colleague of the coordinator; nobody has typed it a second time."""
    context = Context(Actor("staff", COLLEAGUE, "coordinator"), study_version=runtime.study.version)
    participant = find_participant(session, study_number)
    paper = PaperVisit(runtime, participant, find_visit(session, runtime, participant, visit))
    on = clock.today() - timedelta(days=1)
    entry = begin_entry(session, context, paper, mode="paper", language=by.language, paper_on=on)
    for page in pages:
        values, _ = by.answer(page)
        every_field = {one.code: values.get(one.code) for item in page.items for one in item.fields}
        key_page(session, context, paper, entry, page, every_field)
    end_round(session, context, paper, entry)
