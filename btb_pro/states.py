"""How far a link has come, why one is refused, and what a person may decide about a message."""

from enum import StrEnum


class LinkStage(StrEnum):
    """How far a participant's visit has come, from its invitation to its being sent in."""

    NOT_SENT = "not_sent"
    """Nobody was asked: no link, or one that no message was to carry, or whose message was called off."""
    QUEUED = "queued"
    SENT = "sent"
    """The mail server or gateway took it; on paper, it was printed."""
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """The worker died between sending it and noting it: a person has to settle it."""
    STARTED = "started"
    """A first answer was saved."""
    IN_PROGRESS = "in_progress"
    SUBMITTED = "submitted"
    EXPIRED = "expired"
    REVOKED = "revoked"
    REPLACED = "replaced"
    WITHDRAWN = "withdrawn"


class WhyRefused(StrEnum):
    """Why a link is not given out, ended or sent."""

    NO_QUESTIONS = "no_questions"
    """The visit asks nothing."""
    NO_SUCH_VISIT = "no_such_visit"
    WITHDRAWN = "withdrawn"
    SUBMITTED = "submitted"
    WINDOW_OVER = "window_over"
    NO_LIVE_LINK = "no_live_link"
    NO_CONTACT = "no_contact"
    """There is no address for that channel."""
    CONTACT_FAILED = "contact_failed"
    """A message to that address came back for good."""
    STOPPED = "stopped"
    """The participant wants no messages, or the last one reached somebody else."""
    CHANNEL_OFF = "channel_off"
    """No server is set for that channel."""


class Settlement(StrEnum):
    """What a person decides about a message."""

    SEND_AGAIN = "send_again"
    ARRIVED = "arrived"
    """The participant has it: only of one whose fate is unknown."""
    CALLED_OFF = "called_off"
    """Nothing more is sent: a waiting one is not sent, a failed one is left."""
