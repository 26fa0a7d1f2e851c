"""Notifications of mail servers, in the words that the common ones use."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from btb_pro.messaging.bounces import read_bounce
from btb_pro.messaging.reports import Report, ReportUnread

NAME = "<17.0a1b2c3d@btb.hospital.example>"


def notification(
    blocks: str,
    original: str = f"Message-ID: {NAME}",
    kind: str = "message/rfc822",
    top: str = "multipart/report",
) -> bytes:
    """A notification as Postfix writes it: words for a person, words for a program, the e-mail itself."""
    return (
        "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example\r\nTo: post@hospital.example\r\n"
        "Subject: Undelivered Mail Returned to Sender\r\nMIME-Version: 1.0\r\n"
        f'Content-Type: {top}; report-type=delivery-status;\r\n boundary="b1"\r\n\r\n'
        "--b1\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nI'm sorry to have to inform you.\r\n"
        f"--b1\r\nContent-Type: message/delivery-status\r\n\r\n{blocks}\r\n"
        f"--b1\r\nContent-Type: {kind}\r\n\r\n{original}\r\nSubject: Hei\r\n\r\nHei\r\n"
        "--b1--\r\n"
    ).encode()


def failed(status: str, action: str = "failed") -> str:
    """The two blocks of a notification about one receiver."""
    return (
        "Reporting-MTA: dns; mx.example\r\nArrival-Date: Tue, 10 Mar 2026 12:00:00 +0100\r\n\r\n"
        f"Final-Recipient: rfc822; kari@example.org\r\nAction: {action}\r\nStatus: {status}\r\n"
        f"Diagnostic-Code: smtp; 550 {status} no\r\n"
    )


@pytest.mark.parametrize(
    ("status", "reason", "is_permanent"),
    [
        ("5.1.1", "unknown_address", True),
        ("5.1.10", "unknown_address", True),
        ("5.1.3", "address_refused", True),
        ("5.2.2", "mailbox_full", False),
        ("4.2.2", "mailbox_full", False),
        ("5.7.1", "blocked", False),
        ("4.4.7", "expired", False),
        ("5.0.0", "not_delivered", False),
        ("nonsense", "not_delivered", False),
    ],
)
def test_a_bounce_says_which_message_and_why(status: str, reason: str, is_permanent: bool) -> None:
    assert read_bounce(notification(failed(status))) == Report(
        NAME, "", is_delivered=False, reason=reason, is_permanent=is_permanent
    )


def test_the_headers_alone_name_the_message_too() -> None:
    report = read_bounce(notification(failed("5.1.1"), kind="text/rfc822-headers"))
    assert report is not None
    assert report.provider_id == NAME


def test_headers_may_be_folded_and_written_in_any_case() -> None:
    folded = read_bounce(notification(failed("5.2.2", "FAILED"), original=f"MESSAGE-ID:\r\n {NAME}"))
    assert folded is not None
    assert (folded.provider_id, folded.reason) == (NAME, "mailbox_full")


def test_a_notification_of_delivery_is_one() -> None:
    assert read_bounce(notification(failed("2.0.0", "delivered"))) == Report(NAME, "", is_delivered=True)


@pytest.mark.parametrize("action", ["delayed", "relayed", "expanded"])
def test_a_step_on_the_way_tells_nothing(action: str) -> None:
    assert read_bounce(notification(failed("4.4.1", action))) is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"From: kari@example.org\r\nSubject: Re: Hei\r\n\r\nJeg kommer ikke.\r\n",
        notification(failed("5.1.1"), original="X-Nothing: here"),
        notification(failed("5.1.1"), top="multipart/mixed"),
        notification(""),
        notification(failed("5.1.1")).replace(b"message/delivery-status", b"text/plain"),
    ],
)
def test_any_other_mail_is_none(content: bytes) -> None:
    with pytest.raises(ReportUnread):
        read_bounce(content)


@given(st.binary(max_size=400), st.integers(0, 700), st.integers(0, 40))
def test_no_mail_whatever_breaks_it(junk: bytes, place: int, cut: int) -> None:
    whole = notification(failed("5.1.1"))
    for content in (junk, whole[:place] + junk + whole[place + cut :]):
        try:
            report = read_bounce(content)
        except ReportUnread:
            continue
        assert report is None or report.provider_id
