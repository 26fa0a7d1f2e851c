"""What the console calls channels, kinds, states and reasons of messages, and why nothing could be sent."""

from collections.abc import Callable

from flask_babel import gettext

from btb_pro.states import LinkStage, Settlement, WhyRefused


def channel_name(channel: str) -> str:
    """By what a message goes."""
    names: dict[str, str] = {"email": gettext("E-mail"), "sms": gettext("SMS"), "paper": gettext("Paper")}
    return names.get(channel, channel)


def kind_name(kind: str) -> str:
    """What a message is for."""
    names: dict[str, str] = {
        "invitation": gettext("Invitation"),
        "reminder": gettext("Reminder"),
        "code": gettext("One-time code"),
        "safety": gettext("Safety message"),
        "staff_link": gettext("Link for a colleague"),
    }
    return names.get(kind, kind)


def state_name(state: str) -> str:
    """How far a message has come."""
    names: dict[str, str] = {
        "queued": gettext("Waits to be sent"),
        "sending": gettext("Is being sent"),
        "sent": gettext("Sent"),
        "delivered": gettext("Delivered"),
        "bounced": gettext("Came back"),
        "failed": gettext("Could not be sent"),
        "cancelled": gettext("Called off"),
        "unknown": gettext("Perhaps sent"),
    }
    return names.get(state, state)


def reason_name(reason: str) -> str:
    """Why a message came back, failed or was called off; empty for a code that we have no word for."""
    names: dict[str, str] = {
        "mailbox_full": gettext("the mailbox is full"),
        "unknown_address": gettext("there is no such address or number"),
        "address_refused": gettext("the address cannot be used"),
        "barred": gettext("the number is barred"),
        "blocked": gettext("the receiver's mail server does not take our e-mail"),
        "not_delivered": gettext("it did not reach the receiver"),
        "expired": gettext("the time ran out"),
        "too_big": gettext("it was too long"),
        "sender_refused": gettext("the mail server does not let us send"),
        "server_refused": gettext("the mail server refused it"),
        "server_busy": gettext("the server had no time for it"),
        "server_unreachable": gettext("the server could not be reached"),
        "login_refused": gettext("the server did not let us in"),
        "no_tls": gettext("no safe connection to the server"),
        "gateway_refused": gettext("the SMS gateway refused it"),
        "gateway_busy": gettext("the SMS gateway had no time for it"),
        "connection_died": gettext("the connection broke while it was sent"),
        "answer_unclear": gettext("the server's answer was not understood"),
        "worker_died": gettext("the program stopped while it was sent"),
        "channel_off": gettext("nothing is set up to send it by"),
        "withdrawn": gettext("the participant has left the study"),
        "submitted": gettext("the answers were sent in"),
        "revoked": gettext("the link was ended"),
        "replaced": gettext("the link was replaced by a newer one"),
        "stopped": gettext("the participant wants no messages"),
        "no_contact": gettext("there is no address or number"),
        "contact_failed": gettext("an earlier message to that address came back"),
        "code_gone": gettext("the code was too old, used, or followed by a newer one"),
        "called_off": gettext("somebody called it off"),
        "contact_changed": gettext("the address was changed"),
        "contact_erased": gettext("the address was erased"),
        "rule_gone": gettext("the study file has dropped the rule"),
    }
    return names.get(reason, "")


def refusal_sentence(why: WhyRefused) -> str:
    """What to tell a coordinator whose wish cannot be met, and what to do."""
    sentences: dict[WhyRefused, str] = {
        WhyRefused.NO_QUESTIONS: gettext("This visit asks no questions, so nobody is invited to it."),
        WhyRefused.NO_SUCH_VISIT: gettext("The study has no such visit."),
        WhyRefused.WITHDRAWN: gettext("The participant has left the study. No link is given out."),
        WhyRefused.SUBMITTED: gettext("The answers to this visit are sent in already."),
        WhyRefused.WINDOW_OVER: gettext("The time for this visit is over. Move the visit first."),
        WhyRefused.NO_LIVE_LINK: gettext("There is no link that works for this visit."),
        WhyRefused.NO_CONTACT: gettext("There is no address for this. Add one, or choose another way."),
        WhyRefused.CONTACT_FAILED: gettext("The last message to that address came back. Correct it first."),
        WhyRefused.STOPPED: gettext("The participant wants no messages. See what they have asked for."),
        WhyRefused.CHANNEL_OFF: gettext("Nothing is set up to send this by. Choose another way."),
    }
    return sentences[why]


def settlement_button(settlement: Settlement, state: str) -> str:
    """The button that settles a message."""
    leave = gettext("Do not send it") if state == "queued" else gettext("Leave it at that")
    buttons: dict[Settlement, str] = {
        Settlement.CALLED_OFF: leave,
        Settlement.SEND_AGAIN: gettext("Send it again"),
        Settlement.ARRIVED: gettext("It arrived"),
    }
    return buttons[settlement]


def press_again() -> str:
    """What to tell whose form was too old to be taken."""
    return str(gettext("The page was open for too long. Nothing has happened yet: press the button again."))


def not_approved() -> str:
    """What to tell a coordinator whose study has wordings that nobody approved."""
    return str(gettext("The questions of this visit are not approved yet. Tell whoever runs the study."))


def stage_name(stage: LinkStage) -> str:
    """How far a visit's link has come; until its message has arrived, that is how far this one has."""
    names: dict[LinkStage, str] = {
        LinkStage.NOT_SENT: gettext("Not sent"),
        LinkStage.STARTED: gettext("Started"),
        LinkStage.IN_PROGRESS: gettext("In progress"),
        LinkStage.SUBMITTED: gettext("Sent in"),
        LinkStage.EXPIRED: gettext("Expired"),
        LinkStage.REVOKED: gettext("The link was ended"),
        LinkStage.REPLACED: gettext("Replaced"),
        LinkStage.WITHDRAWN: gettext("Left the study"),
    }
    return names.get(stage) or state_name(stage.value)


WORDS: tuple[Callable[..., str], ...] = (
    channel_name, kind_name, state_name, reason_name, settlement_button, stage_name,
)  # fmt: skip
"""What templates may call by its name."""
