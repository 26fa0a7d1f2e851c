"""E-mail: what leaves, to whom, and what became of it, with a real server and with broken ones."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from btb_pro.messaging.email import Mail, MailRefused, make_message, on_the_wire, send_mail
from btb_pro.messaging.outcome import Fate, Outcome
from btb_pro.outside import MailServer, read_mail_server
from tests.support.mail import broken_server, mail_server

SENDER = "Studien <post@sykehus.example>"
STOP = "https://btb.hospital.example/s/" + "a" * 45 + "/stop"
HELLO, OK, GO = b"220 here\r\n", b"250 OK\r\n", b"354 go on\r\n"


def mail(**changed: str) -> Mail:
    given = {
        "to": "kari@example.org",
        "subject": "Spørsmål til deg",
        "text": "Hei på deg.\n.alene\n",
        "html": "<p>Hei på deg.</p>",
        "language": "nb",
        "message_id": "<7.abc@btb.hospital.example>",
        "unsubscribe": STOP,
        **changed,
    }
    return Mail(**given, made_at=datetime(2026, 3, 1, 12, tzinfo=UTC))


def send(port: int, **changed: str) -> Outcome:
    return send_mail(
        MailServer("smtp", "127.0.0.1", port), make_message(mail(**changed), SENDER), timeout_s=0.5
    )


def test_an_email_comes_in_as_it_was_written() -> None:
    with mail_server() as server:
        outcome = send(server.port)
        assert outcome == Outcome(Fate.ACCEPTED, provider_id="<7.abc@btb.hospital.example>")
        (message,) = server.mailbox.to("kari@example.org")
    assert message["Subject"] == "Spørsmål til deg"
    assert message["From"].addresses[0].addr_spec == "post@sykehus.example"
    assert message["List-Unsubscribe"] == f"<{STOP}>"
    assert message["Content-Language"] == "nb"
    assert message.get_content_type() == "multipart/alternative"
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().splitlines() == ["Hei på deg.", ".alene"]
    assert html.get_content().strip() == "<p>Hei på deg.</p>"


def test_the_address_to_stop_at_stands_whole_on_one_line() -> None:
    lines = on_the_wire(make_message(mail(), SENDER)).decode().split("\r\n")
    assert f"List-Unsubscribe: <{STOP}>" in lines


def test_an_email_reports_nothing_back() -> None:
    content = on_the_wire(make_message(mail(), SENDER)).decode().lower()
    for word in ("<img", "disposition-notification", "return-receipt", "http-equiv", "<script", "bcc:"):
        assert word not in content


@pytest.mark.parametrize(
    "to",
    [
        "a@x.example, b@x.example", "a@x.example\nBcc: b@x.example", "a@x.example\r\n", "a@x.example;b@y.no",
        "<a@x.example>", "A <a@x.example>", "a", "", "a@", "@x.example", "a b@x.example", 'a"@x.example',
        "a@x.example\x00",
    ],
)  # fmt: skip
def test_what_is_not_exactly_one_address_is_refused(to: str) -> None:
    with pytest.raises(MailRefused):
        make_message(mail(to=to), SENDER)


@pytest.mark.parametrize("header", ["subject", "message_id", "unsubscribe"])
def test_a_line_break_in_a_header_is_refused(header: str) -> None:
    with pytest.raises(MailRefused):
        make_message(mail(**{header: "x\r\nBcc: b@x.example"}), SENDER)


@given(st.text(max_size=60), st.text(max_size=60))
@example("a@x.example\r\nRCPT TO:<b@x.example>", "x")
@example("a@x.example", "x\r\n\r\nbody")
def test_whatever_is_given_there_is_one_receiver_and_no_header_of_anybody_elses(
    to: str, subject: str
) -> None:
    try:
        content = on_the_wire(make_message(mail(to=to, subject=subject), SENDER))
    except MailRefused:
        return
    read = message_from_bytes(content, policy=default)
    assert [one.addr_spec for one in read["To"].addresses] == [to]
    known = {
        "from", "to", "subject", "date", "message-id", "auto-submitted", "list-unsubscribe", "mime-version",
        "content-type", "content-language",
    }  # fmt: skip
    assert {name.lower() for name in read} == known


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("550 5.1.1 no such user <kari@example.org>", Outcome(Fate.REFUSED, "unknown_address")),
        ("552 5.2.2 mailbox full", Outcome(Fate.REFUSED, "mailbox_full")),
        ("452 4.2.2 mailbox full", Outcome(Fate.LATER, "mailbox_full")),
        ("450 busy", Outcome(Fate.LATER, "server_busy")),
        ("554 5.7.1 we do not like you", Outcome(Fate.REFUSED, "blocked")),
        ("554 no", Outcome(Fate.REFUSED, "server_refused")),
    ],
)
def test_what_a_server_refuses_is_told_by_a_code_of_ours(answer: str, outcome: Outcome) -> None:
    with mail_server() as server:
        server.mailbox.answers["kari@example.org"] = answer
        assert send(server.port) == outcome
        assert server.mailbox.received == []


@pytest.mark.parametrize(
    ("lines", "outcome"),
    [
        ([None], Outcome(Fate.LATER, "server_unreachable")),
        ([], Outcome(Fate.LATER, "server_unreachable")),
        ([b"554 go away\r\n"], Outcome(Fate.LATER, "server_unreachable")),
        ([HELLO, OK, b"550 not from you\r\n"], Outcome(Fate.REFUSED, "sender_refused")),
        ([HELLO, OK, OK], Outcome(Fate.LATER, "server_unreachable")),
        ([HELLO, OK, OK, OK], Outcome(Fate.LATER, "server_unreachable")),
        ([HELLO, OK, OK, OK, b"451 4.3.0 not now\r\n"], Outcome(Fate.LATER, "server_busy")),
        # From here on the text has left us.
        ([HELLO, OK, OK, OK, GO], Outcome(Fate.UNKNOWN, "connection_died")),
        ([HELLO, OK, OK, OK, GO, None], Outcome(Fate.UNKNOWN, "connection_died")),
        ([HELLO, OK, OK, OK, GO, b"45"], Outcome(Fate.UNKNOWN, "answer_unclear")),
        ([HELLO, OK, OK, OK, GO, b"451 4.3.0 disk\r\n"], Outcome(Fate.LATER, "server_busy")),
        ([HELLO, OK, OK, OK, GO, b"554 5.3.4 too big\r\n"], Outcome(Fate.REFUSED, "too_big")),
        ([HELLO, OK, OK, OK, GO, OK], Outcome(Fate.ACCEPTED, provider_id="<7.abc@btb.hospital.example>")),
    ],
)
def test_a_server_that_hangs_refuses_or_dies_is_believed_only_what_it_said(
    lines: list[bytes | None], outcome: Outcome
) -> None:
    with broken_server(lines) as port:
        assert send(port) == outcome


def test_a_server_that_is_not_there_is_tried_later() -> None:
    with broken_server([]) as port:
        pass
    assert send(port) == Outcome(Fate.LATER, "server_unreachable")


@pytest.mark.parametrize(
    ("scheme", "lines"),
    [("smtp+starttls", [HELLO, OK]), ("smtps", [HELLO])],
)
def test_without_tls_nothing_is_sent_where_tls_was_asked_for(scheme: str, lines: list[bytes | None]) -> None:
    with broken_server(lines) as port:
        server = MailServer(scheme, "127.0.0.1", port, "bruker", "hemmelig")
        outcome = send_mail(server, make_message(mail(), SENDER), timeout_s=0.5)
    assert outcome.fate is Fate.LATER


def test_letters_beyond_ascii_before_the_at_go_to_a_server_that_can_and_to_no_other() -> None:
    with mail_server() as server:
        assert send(server.port, to="kåre@example.org").fate is Fate.ACCEPTED
        assert len(server.mailbox.to("kåre@example.org")) == 1
    with broken_server([HELLO, OK, OK, OK]) as port:
        assert send(port, to="kåre@example.org") == Outcome(Fate.REFUSED, "address_refused")


def test_a_password_stands_in_no_representation() -> None:
    server = read_mail_server("smtps://post:hemmelig%40@mail.example", needs_tls=True)
    assert (server.port, server.password) == (465, "hemmelig@")
    assert "hemmelig" not in repr(server)
