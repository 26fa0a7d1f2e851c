"""E-mail through SMTP: one message to one address, and what became of it."""

import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from btb_pro.messaging.outcome import Fate, Outcome
from btb_pro.outside import MailServer

TIMEOUT_S = 30.0
"""How long each word of the conversation may take."""
_ONE_ADDRESS = re.compile(r"[^\s@,;:<>()\[\]\"\\]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?")
_HEADER_LENGTH = 400
_STATUS = re.compile(rb"^([245]\.\d{1,3}\.\d{1,3})\b")
REASON_OF_STATUS = {
    "1.1": "unknown_address", "1.2": "unknown_address", "1.3": "address_refused", "1.6": "unknown_address",
    "1.10": "unknown_address", "2.1": "unknown_address", "2.2": "mailbox_full", "3.4": "too_big",
    "7.1": "blocked", "7.26": "blocked",
}  # fmt: skip
"""Ours of the second and third number of an enhanced status code (RFC 3463)."""
_BY_CODE = {550: "unknown_address", 551: "unknown_address", 553: "address_refused", 552: "mailbox_full"}


class MailRefused(ValueError):
    """An e-mail cannot be made: the address is not exactly one, or a header holds a line break."""


@dataclass(frozen=True, slots=True)
class Mail:
    """One e-mail."""

    to: str
    subject: str
    text: str
    html: str
    language: str
    message_id: str
    """With its angle brackets; the same however often it is tried."""
    made_at: datetime
    unsubscribe: str = ""
    """The page on which the receiver stops further messages."""


def make_message(mail: Mail, sender: str) -> EmailMessage:
    """The e-mail as it goes over the wire: plain text and HTML, no picture, nothing that reports back.

    Raises:
        MailRefused: see the class.
    """
    if not _ONE_ADDRESS.fullmatch(mail.to):
        raise MailRefused("an e-mail goes to exactly one address")
    message = EmailMessage(policy=SMTP)
    try:
        message["From"] = sender
        message["To"] = str(Address(addr_spec=mail.to)) if mail.to.isascii() else mail.to
        message["Subject"] = mail.subject
        message["Date"] = format_datetime(mail.made_at)
        message["Message-ID"] = mail.message_id
        # Nobody's holiday reply is wanted.
        message["Auto-Submitted"] = "auto-generated"
        if mail.unsubscribe:
            message["List-Unsubscribe"] = f"<{mail.unsubscribe}>"
    except (ValueError, IndexError) as error:
        raise MailRefused("a header of an e-mail cannot hold that") from error
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    message["Content-Language"] = mail.language
    return message


def send_mail(server: MailServer, message: EmailMessage, timeout_s: float = TIMEOUT_S) -> Outcome:
    """Hand one e-mail to a server. Never raises: whatever happens is an outcome.

    It is refused or may be tried later as long as the server has not asked for the text; from then on, a
    connection that dies leaves it unknown whether the e-mail was taken.
    """
    has_text = False
    try:
        with _connected(server, timeout_s) as smtp:
            refusal = _envelope(smtp, message)
            if refusal is not None:
                return refusal
            code, reply = smtp.docmd("DATA")
            if code != 354:
                return _refused(code, reply)
            has_text = True
            smtp.send(_as_data(message))
            code, reply = smtp.getreply()
    except (smtplib.SMTPException, OSError) as error:
        if has_text:
            return Outcome(Fate.UNKNOWN, "connection_died")
        return Outcome(Fate.LATER, _why_unreachable(error))
    if code == 250:
        return Outcome(Fate.ACCEPTED, provider_id=str(message["Message-ID"]))
    if 400 <= code < 600:
        return _refused(code, reply)
    return Outcome(Fate.UNKNOWN, "answer_unclear")


@contextmanager
def _connected(server: MailServer, timeout_s: float) -> Iterator[smtplib.SMTP]:
    context = ssl.create_default_context()
    if server.scheme == "smtps":
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=timeout_s, context=context)
    else:
        smtp = smtplib.SMTP(server.host, server.port, timeout=timeout_s)
    try:
        if server.scheme == "smtp+starttls":
            smtp.starttls(context=context)
        if server.user:
            smtp.login(server.user, server.password)
        smtp.ehlo_or_helo_if_needed()
        yield smtp
    finally:
        # The message's fate is known by now; a server that does not say goodbye changes nothing.
        smtp.close()


def _envelope(smtp: smtplib.SMTP, message: EmailMessage) -> Outcome | None:
    """Name sender and receiver; why that was refused, if it was."""
    sender = message["From"].addresses[0].addr_spec
    receiver = message["To"].addresses[0].addr_spec
    options = []
    if not receiver.isascii():
        if not smtp.has_extn("smtputf8"):
            return Outcome(Fate.REFUSED, "address_refused")
        options = ["SMTPUTF8", "BODY=8BITMIME"]
    code, reply = smtp.mail(sender, options)
    if code != 250:
        return _refused(code, reply, is_about_us=True)
    code, reply = smtp.rcpt(receiver)
    return None if code in (250, 251) else _refused(code, reply)


def on_the_wire(message: EmailMessage) -> bytes:
    """The bytes of an e-mail, without the marks of the conversation."""
    # Folded at 78 the address in List-Unsubscribe, which is longer, would become encoded words.
    policy = SMTP.clone(max_line_length=_HEADER_LENGTH)
    if not message["To"].addresses[0].addr_spec.isascii():
        policy = policy.clone(utf8=True)
    return message.as_bytes(policy=policy)


def _as_data(message: EmailMessage) -> bytes:
    content = on_the_wire(message)
    quoted = re.sub(rb"(?m)^\.", b"..", content)
    return quoted + (b"" if quoted.endswith(b"\r\n") else b"\r\n") + b".\r\n"


def _refused(code: int, reply: bytes, *, is_about_us: bool = False) -> Outcome:
    found = _STATUS.match(reply)
    detail = found.group(1).decode().partition(".")[2] if found else ""
    if is_about_us:
        return Outcome(Fate.LATER if code < 500 else Fate.REFUSED, "sender_refused")
    reason = REASON_OF_STATUS.get(detail) or _BY_CODE.get(code, "server_refused")
    if code < 500:
        return Outcome(Fate.LATER, "mailbox_full" if reason == "mailbox_full" else "server_busy")
    return Outcome(Fate.REFUSED, reason)


def _why_unreachable(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return "login_refused"
    if isinstance(error, ssl.SSLError | smtplib.SMTPNotSupportedError):
        return "no_tls"
    return "server_unreachable"
