"""The addresses of servers: a wrong one is told in a sentence that names the setting."""

from pathlib import Path

import pytest

from btb_pro.config import SettingError, read_settings
from tests.unit.test_config import GOOD, KEY, PRODUCTION

MAIL = {
    "BTB_SMTP_URL": "smtp+starttls://post:p%40ss@mail.hospital.example",
    "BTB_MAIL_FROM": "post@hospital.example",
}
SMS = {"BTB_SMS_URL": "sveve+https://u:p@sveve.no/SMS/SendMessage?a=b&c=d", "BTB_SMS_FROM": "Sykehuset"}


def test_servers_are_read_with_what_they_leave_out(tmp_path: Path) -> None:
    settings = read_settings(tmp_path, GOOD | MAIL | SMS | {"BTB_HOOK_KEYS": KEY})
    mail, sms = settings.mail_server, settings.sms_gateway
    assert mail is not None
    assert sms is not None
    assert (mail.scheme, mail.port, mail.user, mail.password) == ("smtp+starttls", 587, "post", "p@ss")
    assert (sms.template, sms.url) == ("sveve", "https://sveve.no/SMS/SendMessage")
    assert sms.options == {"a": "b", "c": "d"}
    assert settings.hook_keys == (KEY,)
    assert settings.mail_from == "post@hospital.example"


def test_without_them_nothing_can_be_sent(tmp_path: Path) -> None:
    settings = read_settings(tmp_path, GOOD)
    assert (settings.mail_server, settings.sms_gateway, settings.hook_keys) == (None, None, ())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BTB_SMTP_URL", "mail.hospital.example"),
        ("BTB_SMTP_URL", "http://mail.hospital.example"),
        ("BTB_SMTP_URL", "smtp://"),
        ("BTB_SMTP_URL", "smtp://host:99999"),
        ("BTB_SMTP_URL", "smtp://host/path"),
        ("BTB_SMTP_URL", "smtp://host:0"),
        ("BTB_SMTP_URL", "smtp://ho st"),
        ("BTB_MAIL_FROM", ""),
        ("BTB_MAIL_FROM", "post"),
        ("BTB_MAIL_FROM", "a@x.example, b@x.example"),
        ("BTB_MAIL_FROM", "A <a@x.example> b"),
        ("BTB_MAIL_FROM", "A\nBcc: b@x.example <a@x.example>"),
        ("BTB_MAIL_FROM", "<a@x.example"),
        ("BTB_ALARM_TO", "drift@hospital.example, vakt@hospital.example"),
        ("BTB_ALARM_TO", "Drift <drift@hospital.example>"),
        ("BTB_SMS_URL", "https://sveve.no/SMS"),
        ("BTB_SMS_URL", "sveve"),
        ("BTB_SMS_URL", "sveve+ftp://sveve.no"),
        ("BTB_SMS_URL", "sveve+http://sveve.no/SMS"),
        ("BTB_SMS_URL", "../etc+https://sveve.no/SMS"),
        ("BTB_SMS_URL", "sveve+https://[::1"),
        ("BTB_SMS_FROM", ""),
        ("BTB_SMS_FROM", "Twelve letter"),
        ("BTB_SMS_FROM", "Æøå"),
        ("BTB_SMS_FROM", "+47"),
        ("BTB_HOOK_KEYS", "short"),
    ],
)
def test_a_wrong_one_stops_the_start_and_is_named_in_one_sentence(
    tmp_path: Path, name: str, value: str
) -> None:
    with pytest.raises(SettingError, match=name) as refused:
        read_settings(tmp_path, GOOD | MAIL | SMS | {name: value})
    assert "\n" not in str(refused.value)
    assert "p%40ss" not in str(refused.value)


def test_in_production_nothing_leaves_in_clear_but_to_this_machine(tmp_path: Path) -> None:
    clear = MAIL | {"BTB_SMTP_URL": "smtp://mail.hospital.example"}
    with pytest.raises(SettingError, match=r"BTB_SMTP_URL.*starttls"):
        read_settings(tmp_path, PRODUCTION | clear)
    assert read_settings(tmp_path, GOOD | clear).mail_server is not None
    for host in ("127.0.0.1", "localhost", "[::1]"):
        here = MAIL | {"BTB_SMTP_URL": f"smtp://{host}:2525"}
        found = read_settings(tmp_path, PRODUCTION | here).mail_server
        assert found is not None
        assert found.is_here


@pytest.mark.parametrize(
    "sender",
    ["post@hospital.example", "Studien <post@hospital.example>", "Studien ved Ås <post@hospital.example>"],
)
def test_a_sender_may_have_a_name(tmp_path: Path, sender: str) -> None:
    assert (
        "post@hospital.example" in read_settings(tmp_path, GOOD | MAIL | {"BTB_MAIL_FROM": sender}).mail_from
    )


def test_no_password_stands_in_a_representation(tmp_path: Path) -> None:
    settings = read_settings(tmp_path, GOOD | MAIL | SMS)
    assert "p@ss" not in repr((settings, settings.mail_server, settings.sms_gateway))
