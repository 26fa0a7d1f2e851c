"""What gateways and mail providers report of a message, read into one form."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import unescape

from btb_pro.messaging.gateway_templates import GatewayTemplate, provider_id
from btb_pro.messaging.outcome import PERMANENT_REASONS

_ELEMENT = re.compile(r"<([A-Za-z]+)>([^<]{0,200})</\1>")
_REASON = re.compile(r"[a-z][a-z_]{0,38}")


class ReportUnread(ValueError):
    """A report does not say which message it is about, or what became of it."""


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a message."""

    provider_id: str
    reference: str
    """Our own name of the message, where the report repeats it; else empty."""
    is_delivered: bool
    reason: str = ""
    is_permanent: bool = False
    """Nothing more can be sent to that address."""


def read_sms_report(template: GatewayTemplate, fields: Mapping[str, str]) -> Report | None:
    """A gateway's report; None when it tells of a step on the way.

    Raises:
        ReportUnread: see the class.
    """
    words = template.report
    if words is None:
        raise ReportUnread
    number = fields.get(words.id, "")
    state = fields.get(words.state, "")
    if not number or not state:
        raise ReportUnread
    if words.id_until:
        number = number.partition(words.id_until)[0]
    reference = fields.get(words.reference, "") if words.reference else ""
    name = provider_id(template, number)
    if state in words.delivered:
        return Report(name, reference, is_delivered=True)
    if state not in words.failed:
        return None
    reason = (words.details or {}).get(fields.get(words.detail, ""), words.failed[state])
    return Report(
        name, reference, is_delivered=False, reason=reason, is_permanent=reason in PERMANENT_REASONS
    )


def read_mail_report(fields: Mapping[str, str]) -> Report | None:
    """A mail provider's report in our own small form: message_id, event, reason; None for other events.

    Raises:
        ReportUnread: see the class.
    """
    name, event, reason = fields.get("message_id", ""), fields.get("event", ""), fields.get("reason", "")
    if not name or not event:
        raise ReportUnread
    if not name.startswith("<"):
        name = f"<{name}>"
    if event == "delivered":
        return Report(name, "", is_delivered=True)
    if event != "bounced":
        return None
    if not _REASON.fullmatch(reason):
        reason = "not_delivered"
    return Report(name, "", is_delivered=False, reason=reason, is_permanent=reason in PERMANENT_REASONS)


def fields_of_xml(text: str) -> Mapping[str, str]:
    """The elements of a report in XML that hold text, by name. No parser: no entity is ever expanded."""
    return {name: unescape(value).strip() for name, value in _ELEMENT.findall(text)}
