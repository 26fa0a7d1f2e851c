"""What a mail server writes back when it could not deliver: delivery status notifications (RFC 3464)."""

import re
from collections.abc import Iterator, Mapping
from email import message_from_bytes
from email.message import Message
from email.policy import default

from btb_pro.messaging.email import REASON_OF_STATUS
from btb_pro.messaging.outcome import PERMANENT_REASONS
from btb_pro.messaging.reports import Report, ReportUnread

LARGEST = 10_000_000
"""Bytes: a notification may bear the whole e-mail that it is about, and ours are small."""
_NAME = re.compile(r"<[^<>\s]{3,120}>")
_STATUS = re.compile(r"\s*([245])\.(\d{1,3}\.\d{1,3})")


def read_bounce(content: bytes) -> Report | None:
    """What a notification tells of the e-mail that it is about; None when it tells of a step on the way.

    Raises:
        ReportUnread: it is no notification, or does not say which e-mail it is about.
    """
    notification = message_from_bytes(content, policy=default)
    parts = {part.get_content_type(): part for part in notification.walk()}
    status = parts.get("message/delivery-status")
    if status is None or notification.get_content_type() != "multipart/report":
        raise ReportUnread
    name = _name_of_original(parts)
    blocks = list(_blocks(status))
    # The first block is about the e-mail, the others about one receiver each: ours have a single one.
    told = [block for block in blocks if block["action"]]
    if not name or not told:
        raise ReportUnread
    action = str(told[-1]["action"]).strip().lower()
    if action == "delivered":
        return Report(name, "", is_delivered=True)
    if action != "failed":
        return None
    reason = _reason(str(told[-1]["status"] or ""))
    return Report(name, "", is_delivered=False, reason=reason, is_permanent=reason in PERMANENT_REASONS)


def _name_of_original(parts: Mapping[str, Message]) -> str:
    """The Message-ID of the e-mail that came back, which is in the notification whole or as its headers."""
    headers = parts.get("text/rfc822-headers")
    if headers is not None:
        content = headers.get_payload(decode=True)
        original: Message | None = message_from_bytes(content if isinstance(content, bytes) else b"")
    else:
        whole = parts.get("message/rfc822")
        inside = whole.get_payload() if whole is not None else None
        original = inside[0] if isinstance(inside, list) and isinstance(inside[0], Message) else None
    found = _NAME.search(str(original["Message-ID"] or "")) if original is not None else None
    return found.group() if found else ""


def _blocks(status: Message) -> Iterator[Message]:
    content = status.get_payload()
    for block in content if isinstance(content, list) else []:
        if isinstance(block, Message):
            yield block


def _reason(status: str) -> str:
    found = _STATUS.match(status)
    if found is None:
        return "not_delivered"
    kind, detail = found.groups()
    # A server that gives up after days of trying repeats the last answer, which may be a passing one.
    return REASON_OF_STATUS.get(detail, "expired" if kind == "4" else "not_delivered")
