"""SMS: a real gateway in a process of its own, every template that ships, and the parts that a text takes."""

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from btb_pro.messaging.gateway_templates import (
    OWN_FOLDER,
    PACKAGED,
    GatewayTemplateRefused,
    read_gateway_template,
)
from btb_pro.messaging.outcome import Fate, Outcome
from btb_pro.messaging.sms import Sms, judge_reply, send_sms
from btb_pro.messaging.sms_parts import arrange_sms, cut_sms, is_gsm
from btb_pro.outside import read_sms_gateway
from tests.support.gateway import SVEVE_OK, GatewayHere, sms_gateway

NAMES = sorted(path.stem for path in PACKAGED.glob("*.toml"))
TEXT = 'Hei på deg! <Æ> & "x" https://btb.example/s/abc_d-e'
OPTIONS = "?platform=COMMON&partner=77&gate=G1"
LINK = "https://btb.hospital.example/s/" + "a" * 45
ACCEPTED = {
    "sveve": (200, SVEVE_OK, "sveve:1001"),
    "link": (200, '{"messageId":"Dcshuhod0PMAAAFQ+/PbnR3x","resultCode":1005,"description":"Queued"}',
             "link:Dcshuhod0PMAAAFQ+/PbnR3x"),
    "pswincom": (200, '<?xml version="1.0"?><SESSION><LOGON>OK</LOGON><REASON></REASON><MSGLST><MSG>'
                 "<ID>1</ID><STATUS>OK</STATUS><REF>984342374</REF></MSG></MSGLST></SESSION>",
                 "pswincom:984342374"),
    "twilio": (201, '{"sid": "SM0123456789abcdef", "status": "queued"}', "twilio:SM0123456789abcdef"),
}  # fmt: skip


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayHere]:
    with sms_gateway(tmp_path_factory.mktemp("gateway")) as running:
        yield running


def send(gateway: GatewayHere, name: str = "sveve", read_s: float = 5.0) -> Outcome:
    before = len(gateway.heard)
    where = read_sms_gateway(gateway.url(name, OPTIONS))
    sms = Sms("+4741234567", TEXT, "study-9", "https://btb.example/hooks/sms/key")
    outcome = send_sms(where, read_gateway_template(name), "Sykehuset", sms, read_s)
    assert len(gateway.heard) <= before + 1, "nothing is tried twice"
    return outcome


def test_a_template_ships_for_each_gateway_that_hospitals_use() -> None:
    assert set(NAMES) == set(ACCEPTED)


@pytest.mark.parametrize("name", NAMES)
def test_each_template_names_its_source(name: str) -> None:
    assert "Source:" in (PACKAGED / f"{name}.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_a_gateway_hears_number_text_and_sender_whole_and_its_number_is_read(
    gateway: GatewayHere, name: str
) -> None:
    status, reply, provider_id = ACCEPTED[name]
    gateway.says(reply, status=status)
    outcome = send(gateway, name)
    assert outcome.fate is Fate.ACCEPTED
    if name != "sveve":
        assert outcome.provider_id == provider_id
    heard = gateway.heard[-1]
    assert heard["path"] == "/send", "what the template asks for stands in the address of the setting only"
    body = heard["body"].encode("latin-1").decode("latin-1" if name == "pswincom" else "utf-8")
    if name == "pswincom":
        assert "<RCV>4741234567</RCV>" in body
        assert "&lt;Æ&gt; &amp; &quot;x&quot;" in body
    elif name == "twilio":
        sent = parse_qs(body)
        assert sent["Body"] == [TEXT]
        assert sent["To"] == ["+4741234567"]
        assert sent["StatusCallback"] == ["https://btb.example/hooks/sms/key"]
    else:
        values = json.loads(body)
        assert TEXT in values.values()
        assert {"4741234567", "+4741234567"} & {one for one in values.values() if isinstance(one, str)}
        assert "study-9" in values.values()
    if name in ("link", "twilio"):
        login = base64.b64encode(b"bruker:hemmelig").decode()
        assert {name.lower(): value for name, value in heard["headers"].items()}[
            "authorization"
        ] == f"Basic {login}"
    else:
        assert "hemmelig" in body


@pytest.mark.parametrize(
    ("name", "status", "reply", "outcome"),
    [
        ("sveve", 200, '{"response":{"msgOkCount":0,"ids":[],"errors":[{"number":"1","message":"x"}]}}',
         Outcome(Fate.REFUSED, "unknown_address")),
        ("sveve", 200, '{"response":{"fatalError":"no money"}}', Outcome(Fate.LATER, "gateway_refused")),
        ("sveve", 200, "<html>portal</html>", Outcome(Fate.UNKNOWN, "answer_unclear")),
        ("sveve", 500, "", Outcome(Fate.UNKNOWN, "answer_unclear")),
        ("sveve", 502, SVEVE_OK, Outcome(Fate.UNKNOWN, "answer_unclear")),
        ("sveve", 503, "", Outcome(Fate.LATER, "gateway_busy")),
        ("sveve", 429, "", Outcome(Fate.LATER, "gateway_busy")),
        ("sveve", 401, "", Outcome(Fate.LATER, "login_refused")),
        ("sveve", 404, "", Outcome(Fate.REFUSED, "gateway_refused")),
        ("sveve", 302, "", Outcome(Fate.REFUSED, "gateway_refused")),
        ("link", 400, '{"resultCode":2106,"description":"x"}', Outcome(Fate.REFUSED, "unknown_address")),
        ("link", 429, '{"resultCode":3}', Outcome(Fate.LATER, "gateway_busy")),
        ("pswincom", 200, "<SESSION><LOGON>FAIL</LOGON></SESSION>", Outcome(Fate.LATER, "login_refused")),
        ("pswincom", 200, "<SESSION><LOGON>OK</LOGON><MSGLST><MSG><ID>1</ID>"
         "<STATUS>FAIL</STATUS></MSG></MSGLST></SESSION>", Outcome(Fate.REFUSED, "gateway_refused")),
        ("twilio", 400, '{"code": 21211, "message": "x"}', Outcome(Fate.REFUSED, "unknown_address")),
        ("twilio", 400, '{"code": 21610, "message": "x"}', Outcome(Fate.REFUSED, "barred")),
    ],
)  # fmt: skip
def test_an_answer_is_taken_for_what_it_says_and_no_more(
    name: str, status: int, reply: str, outcome: Outcome
) -> None:
    assert judge_reply(read_gateway_template(name), status, reply) == outcome


def test_a_gateway_that_dies_or_hangs_may_have_taken_it(gateway: GatewayHere) -> None:
    gateway.says(dies=True)
    assert send(gateway) == Outcome(Fate.UNKNOWN, "connection_died")
    gateway.says(waits_s=2)
    assert send(gateway, read_s=0.3) == Outcome(Fate.UNKNOWN, "connection_died")
    gateway.says()


def test_a_redirection_is_not_followed(gateway: GatewayHere) -> None:
    gateway.says("", status=307, headers={"Location": f"http://127.0.0.1:{gateway.port}/other"})
    assert send(gateway).fate is Fate.REFUSED
    assert gateway.heard[-1]["path"] == "/send"
    gateway.says()


def test_a_gateway_that_is_not_there_is_tried_later(tmp_path: Path) -> None:
    with sms_gateway(tmp_path) as gone:
        pass
    assert send(gone) == Outcome(Fate.LATER, "server_unreachable")


def test_a_hospital_may_bring_a_template_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / OWN_FOLDER
    folder.mkdir()
    own = (PACKAGED / "sveve.toml").read_text(encoding="utf-8").replace("passwd", "secret")
    (folder / "ours.toml").write_text(own, encoding="utf-8")
    assert "secret" in read_gateway_template("ours", tmp_path).fields
    with pytest.raises(GatewayTemplateRefused, match=r"BTB_SMS_URL.*ours, pswincom, sveve, twilio"):
        read_gateway_template("nobody", tmp_path)


@pytest.mark.parametrize("spoilt", ["", "[request]", "= x", '[request]\ncontent_type = "text/plain"'])
def test_a_template_that_cannot_be_used_is_told_in_a_sentence(tmp_path: Path, spoilt: str) -> None:
    (tmp_path / OWN_FOLDER).mkdir()
    (tmp_path / OWN_FOLDER / "ours.toml").write_text(spoilt, encoding="utf-8")
    with pytest.raises(GatewayTemplateRefused, match="BTB_SMS_URL"):
        read_gateway_template("ours", tmp_path)


@pytest.mark.parametrize(
    ("text", "encoding", "parts"),
    [
        ("", "GSM-7", 1),
        ("æøåÆØÅ" * 26 + "abcd", "GSM-7", 1),
        ("a" * 160, "GSM-7", 1),
        ("a" * 161, "GSM-7", 2),
        ("a" * 306, "GSM-7", 2),
        ("a" * 307, "GSM-7", 3),
        ("€" * 80, "GSM-7", 1),
        ("€" * 81, "GSM-7", 2),
        # The pair of the 77th does not fit into the first part's 153 septets, so that one septet stays empty.
        ("€" * 152, "GSM-7", 2),
        ("€" * 153, "GSM-7", 3),
        ("’" + "a" * 69, "UCS-2", 1),
        ("’" + "a" * 70, "UCS-2", 2),
        ("😀" * 35, "UCS-2", 1),
        ("😀" * 36, "UCS-2", 2),
        ("😀" * 66, "UCS-2", 2),
        ("😀" * 67, "UCS-2", 3),
        ("š", "UCS-2", 1),
    ],
)
def test_a_text_takes_so_many_parts(text: str, encoding: str, parts: int) -> None:
    found = cut_sms(text)
    assert (found.encoding, len(found.parts)) == (encoding, parts)


def cost(text: str, encoding: str) -> int:
    """Septets or units, counted in another way than the program's."""
    if encoding == "UCS-2":
        return len(text.encode("utf-16-le", "surrogatepass")) // 2
    return len(text) + len(re.findall(r"[\f^{}\\\[~\]|€]", text))


@given(st.text(alphabet=st.one_of(st.sampled_from("aåøæ€[]{}^|~\\\f\n 1"), st.characters()), max_size=500))
def test_parts_are_the_text_whole_and_none_is_too_long(text: str) -> None:
    found = cut_sms(text)
    assert "".join(found.parts) == text
    alone, each = (160, 153) if found.encoding == "GSM-7" else (70, 67)
    assert (found.encoding == "GSM-7") == is_gsm(text)
    assert all(
        cost(part, found.encoding) <= (alone if len(found.parts) == 1 else each) for part in found.parts
    )
    assert (len(found.parts) == 1) == (cost(text, found.encoding) <= alone)


GSM_WORDS = st.text(alphabet="abc åøæ€.", max_size=300)


@given(GSM_WORDS, GSM_WORDS, st.integers(10, 100))
def test_a_link_of_ours_is_never_cut_whatever_stands_around_it(before: str, after: str, length: int) -> None:
    link = ("https://btb.hospital.example/s/" + "a" * 100)[:length]
    text = arrange_sms(before, link, after)
    assert cut_sms(text).keeps_whole(link)
    assert sorted(text.replace(" ", "")) == sorted((before + link + after).replace(" ", ""))


def test_a_link_stands_where_it_was_meant_to_when_it_can() -> None:
    assert arrange_sms("Svar her:", LINK, "Ring 1") == f"Svar her: {LINK} Ring 1"
    assert arrange_sms("x" * 120, LINK, "Ring 1").startswith("x" * 120 + " Ring 1 ") or arrange_sms(
        "x" * 120, LINK, "Ring 1"
    ).startswith(LINK)
