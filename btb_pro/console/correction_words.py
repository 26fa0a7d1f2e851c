"""What the pages about corrections call things, in the language of the request."""

from flask_babel import get_locale, gettext

from btb_pro.console.phrases import Phrase
from btb_pro.instruments.answers import STATE_OF_ROW, AnswerState, ItemState, StoredAnswer
from btb_pro.instruments.in_words import value_in_words
from btb_pro.services.asked_corrections import CorrectionState
from btb_pro.services.correction_faults import (
    LONGEST_SOURCE,
    LONGEST_WHY,
    SHORTEST_WHY,
    CorrectionFault,
    Reason,
)
from btb_pro.services.visit_answers import AnswerOnFile, AskedField

_FIELDS = {
    CorrectionFault.WHY_TOO_SHORT: "why",
    CorrectionFault.WHY_TOO_LONG: "why",
    CorrectionFault.WHY_NOT_STORABLE: "why",
    CorrectionFault.SOURCE_NOT_STORABLE: "source",
    CorrectionFault.NO_SOURCE: "source",
    CorrectionFault.SOURCE_TOO_LONG: "source",
    CorrectionFault.NOTICED_IN_THE_FUTURE: "noticed_on",
}


def fault_field(fault: CorrectionFault) -> str:
    """The field of the form that a fault belongs to; empty for none."""
    return _FIELDS.get(fault, "")


def fault_sentence(fault: CorrectionFault) -> str:
    """Why nothing was done, and what to do."""
    known: dict[CorrectionFault, str] = {
        CorrectionFault.NOT_SUBMITTED: gettext(
            "This visit is not sent in yet: the participant can still change every answer."
        ),
        CorrectionFault.WITHDRAWN: gettext(
            "The participant has left the study: the answers stay as they were given."
        ),
        CorrectionFault.NOT_OF_VISIT: gettext("This visit does not ask that question."),
        CorrectionFault.NOT_APPLICABLE: gettext(
            "Given the other answers, this question does not apply. Have the answer that it hangs on "
            "corrected first."
        ),
        CorrectionFault.NO_CHANGE: gettext("That is the answer already: there is nothing to correct."),
        CorrectionFault.ASKED_ALREADY: gettext(
            "A correction of this answer is asked for already, and nobody has decided it yet."
        ),
        CorrectionFault.WHY_TOO_SHORT: gettext(
            "Write the reason in at least %(length)s characters.", length=SHORTEST_WHY
        ),
        CorrectionFault.WHY_TOO_LONG: gettext(
            "Write the reason in at most %(length)s characters.", length=LONGEST_WHY
        ),
        CorrectionFault.WHY_NOT_STORABLE: gettext(
            "The text holds a sign that cannot be saved. Write it again."
        ),
        CorrectionFault.SOURCE_NOT_STORABLE: gettext(
            "The text holds a sign that cannot be saved. Write it again."
        ),
        CorrectionFault.NO_SOURCE: gettext("Write where the right answer stands."),
        CorrectionFault.SOURCE_TOO_LONG: gettext(
            "Write the source in at most %(length)s characters.", length=LONGEST_SOURCE
        ),
        CorrectionFault.NOTICED_IN_THE_FUTURE: gettext("That day has not come yet."),
        CorrectionFault.MAY_NOT_ASK: gettext("You cannot ask for a correction here."),
        CorrectionFault.MAY_NOT_DECIDE: gettext("Only an investigator of the hospital decides."),
        CorrectionFault.OWN_REQUEST: gettext("You asked for this yourself: somebody else must decide."),
        CorrectionFault.DECIDED_ALREADY: gettext("Somebody has decided this already."),
    }
    return known[fault]


def reason_name(reason: str) -> str:
    """Why an answer is wrong, of the list."""
    known: dict[str, str] = {
        Reason.SLIP: gettext("The wrong answer was chosen or typed by mistake"),
        Reason.MISUNDERSTOOD: gettext("The question was misunderstood"),
        Reason.TYPED_IN_WRONGLY: gettext("Typed in wrongly from paper or phone"),
        Reason.CAME_LATE: gettext("The right answer came too late"),
        Reason.OTHER: gettext("Something else"),
    }
    return known[reason]


def correction_phrase(state: CorrectionState) -> Phrase:
    """What became of a request."""
    return {
        CorrectionState.OPEN: Phrase(gettext("Waits for the investigator"), "warning"),
        CorrectionState.ACCEPTED: Phrase(gettext("Corrected"), "success"),
        CorrectionState.REFUSED: Phrase(gettext("Refused"), "neutral"),
    }[state]


def question_of(asked: AskedField) -> str:
    """The question in the language of the request."""
    return asked.question(_language(asked))


def answer_words(answer: AnswerOnFile) -> str:
    """What a field holds, or why it holds nothing."""
    if answer.value is not None:
        return value_in_words(answer.asked.field, answer.value, _language(answer.asked))
    return state_name(answer.state)


def stored_words(asked: AskedField, stored: StoredAnswer | None) -> str:
    """What one stored row says; nothing stored: not reached."""
    if stored is None:
        return state_name(ItemState.NOT_REACHED)
    if stored.value is not None:
        return value_in_words(asked.field, stored.value, _language(asked))
    return state_name(STATE_OF_ROW[AnswerState(stored.state)])


def state_name(state: ItemState) -> str:
    """Why a field holds nothing."""
    known: dict[ItemState, str] = {
        ItemState.ANSWERED: gettext("Answered"),
        ItemState.LEFT_BLANK: gettext("Left blank"),
        ItemState.DECLINED: gettext("Prefers not to answer"),
        ItemState.NOT_REACHED: gettext("Not reached"),
        ItemState.NOT_APPLICABLE: gettext("Not applicable"),
    }
    return known[state]


def _language(asked: AskedField) -> str:
    wished = str(get_locale())
    return wished if wished in asked.instrument.languages else asked.instrument.languages[0]
