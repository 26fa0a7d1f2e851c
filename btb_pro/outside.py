"""The servers that messages leave by, as settings name them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.headerregistry import Address
from ipaddress import ip_address
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

_ADDRESS = r"[A-Za-z0-9._%+-]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?"
_SENDER = re.compile(rf"([^<>@,;:\"\\]*)<({_ADDRESS})>|({_ADDRESS})")
_MAIL_PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}


class OutsideRefused(Exception):
    """An address of a server is not one. The message is one sentence that names the setting."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where e-mail is handed in."""

    scheme: str
    """``smtp``, ``smtps`` (TLS from the first byte) or ``smtp+starttls``."""
    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)

    @property
    def is_here(self) -> bool:
        """On this very machine, so that nothing sent to it has left."""
        return is_loopback(self.host)


@dataclass(frozen=True, slots=True)
class SmsGateway:
    """Where SMS are handed in: a template, the address it speaks to, and what else the template asks for."""

    template: str
    url: str
    user: str = ""
    password: str = field(default="", repr=False)
    options: Mapping[str, str] = field(default_factory=dict)
    """The address's query, by name: they fill the template and are not sent as they are."""

    @property
    def is_here(self) -> bool:
        """On this very machine, so that nothing sent to it has left."""
        return is_loopback(urlsplit(self.url).hostname or "")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def read_mail_server(text: str, *, needs_tls: bool) -> MailServer:
    """The server in ``smtp+starttls://user:password@host:587``.

    Raises:
        OutsideRefused: it is none, or passwords and addresses would cross the network in clear.
    """
    expected = "BTB_SMTP_URL must be an address like smtp+starttls://user:password@mail.hospital.example:587"
    parts, host, port = _split(text, expected)
    if parts.scheme not in _MAIL_PORTS or parts.path.strip("/") or parts.query or parts.fragment:
        raise OutsideRefused(f"{expected}; it may also begin with smtps:// or smtp://.")
    server = MailServer(
        scheme=parts.scheme,
        host=host,
        port=port or _MAIL_PORTS[parts.scheme],
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )
    if needs_tls and server.scheme == "smtp" and not server.is_here:
        raise OutsideRefused(
            "BTB_SMTP_URL must begin with smtp+starttls:// or smtps://: in production mail is never in clear."
        )
    return server


def read_sms_gateway(text: str) -> SmsGateway:
    """The gateway in ``sveve+https://user:password@sveve.no/SMS/SendMessage``.

    Raises:
        OutsideRefused: it is none, or numbers would cross the network in clear.
    """
    expected = "BTB_SMS_URL must be a template and an address, like sveve+https://user:password@sveve.no/SMS/SendMessage"
    template, plus, address = text.partition("+")
    parts, host, port = _split(address, expected)
    is_known = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
    if not (plus and template.isidentifier() and template.isascii() and is_known and not parts.fragment):
        raise OutsideRefused(f"{expected}; only a gateway on this machine may have http://.")
    shown_host = f"[{host}]" if ":" in host else host
    return SmsGateway(
        template=template,
        url=f"{parts.scheme}://{shown_host}{f':{port}' if port else ''}{parts.path or '/'}",
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        options=dict(parse_qsl(parts.query)),
    )


def read_sender(text: str) -> str:
    """What e-mail comes from: an address, alone or after a name, ``Study <post@hospital.example>``.

    Raises:
        OutsideRefused: it is no single address.
    """
    found = _SENDER.fullmatch(text) if text.isprintable() else None
    if not found:
        raise OutsideRefused(
            "BTB_MAIL_FROM must be the one address that mail comes from, like Study <post@hospital.example>."
        )
    name, in_brackets, alone = found.groups()
    return str(Address((name or "").strip(), addr_spec=in_brackets or alone))


def read_receiver(text: str) -> str:
    """The one address that alarms go to.

    Raises:
        OutsideRefused: it is no single address.
    """
    if not re.fullmatch(_ADDRESS, text):
        raise OutsideRefused("BTB_ALARM_TO must be one e-mail address, like drift@hospital.example.")
    return text


def _split(text: str, expected: str) -> tuple[SplitResult, str, int | None]:
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise OutsideRefused(f"{expected}.") from error
    if not host or port == 0 or not text.isprintable() or " " in text:
        raise OutsideRefused(f"{expected}.")
    return parts, host, port
