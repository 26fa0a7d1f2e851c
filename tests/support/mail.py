"""A real SMTP server on a port of this machine: it keeps what it takes, and misbehaves when told to."""

import asyncio
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class Mailbox:
    """What came in, and what the server answers."""

    received: list[tuple[str, EmailMessage]] = field(default_factory=list)
    """Address and e-mail, in the order they came."""
    answers: dict[str, str] = field(default_factory=dict)
    """Address to what RCPT is answered with, when not OK."""
    answer_to_data: str = "250 2.0.0 taken"
    delay_s: float = 0.0
    on_taken: Callable[[], None] = lambda: None

    def to(self, address: str) -> list[EmailMessage]:
        """What one address got."""
        return [message for receiver, message in self.received if receiver == address]

    async def handle_RCPT(  # aiosmtpd's name for it
        self, server: SMTP, session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take an address, or refuse it."""
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # aiosmtpd's name for it
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Take an e-mail."""
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        if self.answer_to_data.startswith("250"):
            content = envelope.content if isinstance(envelope.content, bytes) else b""
            message = message_from_bytes(content, policy=default)
            assert isinstance(message, EmailMessage)
            self.received += [(address, message) for address in envelope.rcpt_tos]
            self.on_taken()
        return self.answer_to_data


@dataclass
class MailServerHere:
    """A server that runs, and its mailbox."""

    mailbox: Mailbox
    port: int

    @property
    def url(self) -> str:
        """As BTB_SMTP_URL has it."""
        return f"smtp://127.0.0.1:{self.port}"


def free_port() -> int:
    """A port that nobody uses."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@contextmanager
def mail_server() -> Iterator[MailServerHere]:
    """A mail server until the block ends."""
    mailbox = Mailbox()
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port(), enable_SMTPUTF8=True)
    controller.start()
    try:
        yield MailServerHere(mailbox, controller.port)
    finally:
        controller.stop()


@contextmanager
def broken_server(lines: list[bytes | None]) -> Iterator[int]:
    """The port of a server that says these lines, one for each line it hears, and then goes.

    None means that it hangs: it says nothing more and keeps the line open.
    """
    over = threading.Event()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            for index, line in enumerate(lines):
                if index:
                    self._hear(lines[index - 1])
                if line is None:
                    over.wait(30)
                    return
                self.wfile.write(line)

        def _hear(self, said: bytes | None) -> None:
            if said is not None and said.startswith(b"354"):
                while (heard := self.rfile.readline()) and heard != b".\r\n":
                    pass
            else:
                self.rfile.readline()

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            over.set()
            server.shutdown()
            thread.join()
