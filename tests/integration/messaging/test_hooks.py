"""Delivery reports: who may bring one, and what it changes."""

import io
import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from btb_pro import clock
from btb_pro.logs import set_up_logging
from btb_pro.models.base import AuditEvent
from btb_pro.models.participant import Contact
from btb_pro.security import new_key
from tests.support.gateway import GatewayHere, sms_gateway
from tests.support.mail import mail_server
from tests.support.outgoing import NOON, mailing, message_of, send_invitation, texting, work
from tests.support.world import World

KEY, OLDER = new_key(), new_key()
PERSON = {"email": "kari@example.org", "phone": "41234567", "day0": "2026-03-17", "language": "nb"}


@pytest.fixture
def at_noon() -> Iterator[None]:
    with clock.at(NOON):
        yield


@pytest.fixture
def emailed(world: World, at_noon: None) -> int:
    """An invitation that went out by e-mail."""
    with mail_server() as server:
        mailing(world, server.url, BTB_HOOK_KEYS=f"{KEY},{OLDER}")
        message = send_invitation(world, world.add(**PERSON))
        work(world)
    assert message_of(world, message).state == "sent"
    return message


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[GatewayHere]:
    with sms_gateway(tmp_path / "gateway") as running:
        yield running


def texted(world: World, gateway: GatewayHere, template: str, reply: str) -> int:
    gateway.says(reply)
    texting(world, gateway.url(template), BTB_HOOK_KEYS=KEY)
    message = send_invitation(world, world.add(**PERSON), channel="sms")
    work(world)
    assert message_of(world, message).state == "sent"
    return message


def report(world: World, message: int, event: str, key: str = KEY, **more: str) -> int:
    fields = {"message_id": message_of(world, message).provider_id or "", "event": event, **more}
    return world.app.test_client().post("/hooks/email", json=fields, headers={"X-Hook-Key": key}).status_code


def told(world: World) -> int:
    with world.reading() as session:
        return len(session.execute(select(AuditEvent.seq)).all())


def has_failed(world: World, kind: str) -> bool:
    with world.reading() as session:
        return session.execute(select(Contact.failed_at).where(Contact.kind == kind)).scalar_one() is not None


def test_a_delivered_email_is_told_as_delivered_once(world: World, emailed: int) -> None:
    assert report(world, emailed, "delivered") == 200
    assert message_of(world, emailed).state == "delivered"
    before = told(world)
    assert report(world, emailed, "delivered", OLDER) == 200
    assert told(world) == before


def test_a_bounce_says_why_and_an_address_that_is_none_gets_nothing_more(world: World, emailed: int) -> None:
    assert report(world, emailed, "bounced", reason="mailbox_full") == 200
    stored = message_of(world, emailed)
    assert (stored.state, stored.reason) == ("bounced", "mailbox_full")
    assert not has_failed(world, "email")
    assert report(world, emailed, "delivered") == 200
    assert message_of(world, emailed).state == "bounced"


def test_a_permanent_bounce_marks_the_address_that_it_was_sent_to(world: World, emailed: int) -> None:
    assert report(world, emailed, "bounced", reason="unknown_address") == 200
    assert has_failed(world, "email")
    assert not has_failed(world, "phone")


def test_a_bounce_of_an_old_address_does_not_mark_a_new_one(world: World, emailed: int) -> None:
    world.add("BTB-002", day0="2026-03-17")
    with world.writing() as session:
        newest = session.execute(select(AuditEvent.seq).order_by(AuditEvent.seq.desc())).scalars().first()
        session.query(Contact).filter_by(kind="email").one().event_seq = newest or 0
    assert report(world, emailed, "bounced", reason="unknown_address") == 200
    assert message_of(world, emailed).state == "bounced"
    assert not has_failed(world, "email")


def test_other_events_of_a_mail_provider_change_nothing(world: World, emailed: int) -> None:
    before = told(world)
    for event in ("opened", "clicked", "deferred"):
        assert report(world, emailed, event) == 200
    assert told(world) == before


def test_a_list_of_reports_is_taken_whole(world: World, emailed: int) -> None:
    fields = [
        {"message_id": "<nobody@example.org>", "event": "delivered"},
        {"message_id": message_of(world, emailed).provider_id, "event": "delivered"},
    ]
    client = world.app.test_client()
    assert client.post(f"/hooks/email/{KEY}", json=fields).status_code == 200
    assert message_of(world, emailed).state == "delivered"


@pytest.mark.parametrize("body", [b"", b"x", b"[]x", b"3", b'["x"]', b"{}", b'{"message_id": 3}'])
def test_what_is_no_report_is_refused(world: World, emailed: int, body: bytes) -> None:
    client = world.app.test_client()
    answer = client.post(f"/hooks/email/{KEY}", data=body, content_type="application/json")
    assert answer.status_code == 400


def _attempts(client: FlaskClient) -> Iterator[int]:
    body = {"message_id": "<x@y>", "event": "delivered"}
    for where in ("sms", "email"):
        for key in ("", "x", KEY[:-1], KEY + "x", "æ"):
            yield client.post(f"/hooks/{where}/{key}", json=body).status_code
            headers = {"X-Hook-Key": key.encode("utf-8").decode("latin-1")}
            yield client.post(f"/hooks/{where}", json=body, headers=headers).status_code
        yield client.get(f"/hooks/{where}/{KEY}").status_code


def test_without_the_key_there_is_nothing_here(world: World, emailed: int) -> None:
    assert set(_attempts(world.app.test_client())) <= {404, 405}


def test_without_keys_set_nobody_comes_in(world: World) -> None:
    assert world.app.test_client().post("/hooks/email/", json={}).status_code == 404
    assert world.app.test_client().post("/hooks/email", json={}).status_code == 404


def test_neither_key_nor_number_nor_address_reaches_the_log(
    world: World, at_noon: None, gateway: GatewayHere
) -> None:
    stream = io.StringIO()
    set_up_logging(stream, logging.DEBUG)
    root = logging.getLogger()
    handler = logging.StreamHandler(stream)
    root.addHandler(handler)
    level, root.level = root.level, logging.DEBUG
    try:
        texted(world, gateway, "sveve", '{"response":{"msgOkCount":1,"ids":[4711]}}')
        fields = {"number": "4741234567", "status": "true", "id": "4711"}
        assert world.app.test_client().post(f"/hooks/sms/{KEY}", data=fields).status_code == 200
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
        logging.getLogger("btb_pro").handlers = []
    written = stream.getvalue()
    assert "POST /hooks/sms/<key> 200" in written
    for secret in (KEY, "41234567", "kari@", "hemmelig", "/s/"):
        assert secret not in written


@pytest.mark.parametrize(
    ("template", "reply", "body", "content_type", "state", "reason"),
    [
        ("sveve", '{"response":{"msgOkCount":1,"ids":[4711]}}', "number=4741234567&status=true&id=4711&ref=",
         "application/x-www-form-urlencoded", "delivered", ""),
        ("sveve", '{"response":{"msgOkCount":1,"ids":[4711]}}', '{"status": false, "id": 4711}',
         "application/json", "bounced", "not_delivered"),
        ("link", '{"messageId":"abc","resultCode":1005}',
         '{"id": "abc$1", "resultCode": 1001, "refId": null}',
         "application/json", "delivered", ""),
        ("link", '{"messageId":"abc","resultCode":1005}', '{"id": "abc$0", "resultCode": 2104}',
         "application/json", "bounced", "unknown_address"),
        ("pswincom", "<SESSION><MSG><ID>1</ID><STATUS>OK</STATUS><REF>98</REF></MSG></SESSION>",
         '<?xml version="1.0"?><MSGLST><MSG><ID>1</ID><REF>98</REF><RCV>47</RCV>'
         '<STATE>BARRED</STATE></MSG></MSGLST>',
         "text/xml", "bounced", "barred"),
        ("pswincom", "<SESSION><MSG><ID>1</ID><STATUS>OK</STATUS><REF>98</REF></MSG></SESSION>",
         '<?xml version="1.0"?><MSGLST><MSG><ID>1</ID><REF>98</REF><RCV>47</RCV>'
         '<STATE>DELIVRD</STATE></MSG></MSGLST>',
         "text/xml", "delivered", ""),
        ("twilio", '{"sid": "SM12ab"}', "MessageSid=SM12ab&MessageStatus=delivered",
         "application/x-www-form-urlencoded", "delivered", ""),
        ("twilio", '{"sid": "SM12ab"}', "MessageSid=SM12ab&MessageStatus=undelivered&ErrorCode=30005",
         "application/x-www-form-urlencoded", "bounced", "unknown_address"),
        ("twilio", '{"sid": "SM12ab"}', "MessageSid=SM12ab&MessageStatus=sent",
         "application/x-www-form-urlencoded", "sent", ""),
    ],
)  # fmt: skip
def test_each_gateways_report_is_understood(
    world: World, at_noon: None, gateway: GatewayHere,
    template: str, reply: str, body: str, content_type: str, state: str, reason: str,
) -> None:  # fmt: skip
    message = texted(world, gateway, template, reply)
    answer = world.app.test_client().post(f"/hooks/sms/{KEY}", data=body, content_type=content_type)
    assert answer.status_code == 200
    stored = message_of(world, message)
    assert (stored.state, stored.reason) == (state, reason)
    assert has_failed(world, "phone") == (reason in ("barred", "unknown_address"))


def test_a_gateway_that_can_send_a_header_needs_no_key_in_the_address(
    world: World, at_noon: None, gateway: GatewayHere
) -> None:
    message = texted(world, gateway, "sveve", '{"response":{"msgOkCount":1,"ids":[4711]}}')
    answer = world.app.test_client().post(
        "/hooks/sms", data={"id": "4711", "status": "true"}, headers={"X-Hook-Key": KEY}
    )
    assert (answer.status_code, message_of(world, message).state) == (200, "delivered")


def test_a_report_of_an_unknown_number_is_not_taken_so_that_it_comes_again(
    world: World, at_noon: None, gateway: GatewayHere
) -> None:
    texted(world, gateway, "sveve", '{"response":{"msgOkCount":1,"ids":[4711]}}')
    answer = world.app.test_client().post(f"/hooks/sms/{KEY}", data={"id": "4712", "status": "true"})
    assert answer.status_code == 404


def test_a_report_by_our_own_name_settles_what_the_worker_could_not_know(
    world: World, at_noon: None, gateway: GatewayHere
) -> None:
    gateway.says(dies=True)
    texting(world, gateway.url(), BTB_HOOK_KEYS=KEY)
    message = send_invitation(world, world.add(**PERSON), channel="sms")
    work(world)
    assert message_of(world, message).state == "unknown"
    named = json.loads(gateway.heard[-1]["body"])["ref"]
    fields = {"id": "4711", "status": "true", "ref": named}
    with clock.at(NOON + timedelta(minutes=1)):
        assert world.app.test_client().post(f"/hooks/sms/{KEY}", data=fields).status_code == 200
    assert message_of(world, message).state == "delivered"
