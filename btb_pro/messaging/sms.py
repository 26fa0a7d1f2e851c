"""SMS through any gateway that takes HTTP: one request for one message, and what became of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode
from xml.sax.saxutils import escape

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    LocationParseError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    SSLError,
)
from urllib3.util import Timeout, make_headers

from btb_pro.messaging.gateway_templates import GatewayTemplate, filled_in, provider_id
from btb_pro.messaging.outcome import Fate, Outcome
from btb_pro.outside import SmsGateway

CONNECT_S, READ_S = 10.0, 30.0
_LARGEST_REPLY = 64 * 1024
_NEVER_CONNECTED = (
    NewConnectionError,
    ConnectTimeoutError,
    NameResolutionError,
    SSLError,
    LocationParseError,
)
_LATER = {429: "gateway_busy", 503: "gateway_busy", 401: "login_refused", 403: "login_refused"}


@dataclass(frozen=True, slots=True)
class Sms:
    """One SMS."""

    to: str
    """E.164."""
    text: str
    reference: str
    """What we call it; some gateways repeat it in their reports."""
    callback: str = ""
    """Where reports of it may go."""


def send_sms(
    gateway: SmsGateway, template: GatewayTemplate, sender: str, sms: Sms, read_s: float = READ_S
) -> Outcome:
    """Hand one SMS to a gateway. Never raises, never tries twice and follows no redirection.

    Where the connection dies or the answer says neither yes nor no, the gateway may have taken it: unknown.
    """
    headers = {"Content-Type": f"{template.content_type}; charset={template.encoding}"}
    if template.has_basic_login:
        headers |= make_headers(basic_auth=f"{gateway.user}:{gateway.password}")
    with urllib3.PoolManager(timeout=Timeout(connect=CONNECT_S, read=read_s), retries=False) as pool:
        try:
            response = pool.request(
                "POST",
                gateway.url,
                body=_body(template, _values(gateway, sender, sms)),
                headers=headers,
                redirect=False,
                preload_content=False,
            )
            reply = response.read(_LARGEST_REPLY).decode(template.encoding, "replace")
        except HTTPError as error:
            cause = error.reason if isinstance(error, MaxRetryError) else error
            if isinstance(cause, _NEVER_CONNECTED):
                return Outcome(Fate.LATER, "no_tls" if isinstance(cause, SSLError) else "server_unreachable")
            return Outcome(Fate.UNKNOWN, "connection_died")
    return judge_reply(template, response.status, reply)


def judge_reply(template: GatewayTemplate, status: int, reply: str) -> Outcome:
    """What a gateway's answer says of the message."""
    if 200 <= status < 300 and template.accepted.search(reply):
        found = template.id.search(reply)
        return Outcome(Fate.ACCEPTED, provider_id=provider_id(template, found.group(1)) if found else "")
    for refusal in template.refusals:
        if refusal.pattern.search(reply):
            return Outcome(refusal.fate, refusal.reason)
    if status in _LATER:
        return Outcome(Fate.LATER, _LATER[status])
    if 300 <= status < 500:
        return Outcome(Fate.REFUSED, "gateway_refused")
    return Outcome(Fate.UNKNOWN, "answer_unclear")


def _values(gateway: SmsGateway, sender: str, sms: Sms) -> Mapping[str, str]:
    return {
        **gateway.options,
        "user": gateway.user,
        "password": gateway.password,
        "number": sms.to,
        "digits": sms.to.removeprefix("+"),
        "text": sms.text,
        "sender": sender.removeprefix("+") if sender.startswith("+") else sender,
        "sender_type": "MSISDN" if sender.startswith("+") else "ALPHANUMERIC",
        "reference": sms.reference,
        "callback": sms.callback,
    }


def _body(template: GatewayTemplate, values: Mapping[str, str]) -> bytes:
    if template.body:
        # Only XML has a body of its own; what the encoding lacks goes as a reference.
        safe = {name: escape(value, {'"': "&quot;"}) for name, value in values.items()}
        return filled_in(template.body, safe).encode(template.encoding, "xmlcharrefreplace")
    filled: dict[str, str | list[str]] = {}
    for name, wanted in template.fields.items():
        if isinstance(wanted, str):
            filled[name] = filled_in(wanted, values)
        else:
            filled[name] = [text for one in wanted if (text := filled_in(one, values))]
    filled = {name: value for name, value in filled.items() if value}
    if template.content_type == "application/json":
        return json.dumps(filled, ensure_ascii=False).encode(template.encoding)
    return urlencode(filled, doseq=True, encoding=template.encoding, errors="xmlcharrefreplace").encode(
        "ascii"
    )
