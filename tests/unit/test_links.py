"""Links: a token is what signing its id gives, byte for byte, under any key of the list, and nothing else."""

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from btb_pro.links import LinkSigner, UnknownLink
from btb_pro.security import new_key, new_public_id

OLD, NEW = new_key(), new_key()
SIGNER = LinkSigner([NEW, OLD], "sleep")
ID = "AAAAAAAAAAAAAAAAAAAAAA"


def test_a_token_leads_to_the_id_that_it_was_made_of() -> None:
    public_id = new_public_id()
    assert SIGNER.public_id(SIGNER.token(public_id)) == public_id


def test_a_token_is_the_id_a_dot_and_128_bits_of_signature() -> None:
    token = SIGNER.token(ID)
    assert re.fullmatch(r"A{22}\.[A-Za-z0-9_-]{22}", token)
    assert len("https://" + "h" * 30 + "/s/" + token) <= 100


def test_the_same_id_has_the_same_token_always() -> None:
    assert LinkSigner([NEW], "sleep").token(ID) == SIGNER.token(ID)


def test_an_old_key_of_the_list_still_opens() -> None:
    assert SIGNER.public_id(LinkSigner([OLD], "sleep").token(ID)) == ID


def test_a_key_that_left_the_list_opens_nothing() -> None:
    with pytest.raises(UnknownLink):
        LinkSigner([NEW], "sleep").public_id(LinkSigner([OLD], "sleep").token(ID))


def test_new_tokens_are_signed_with_the_newest_key() -> None:
    with pytest.raises(UnknownLink):
        LinkSigner([OLD], "sleep").public_id(SIGNER.token(ID))


def test_another_study_under_the_same_keys_signs_otherwise() -> None:
    with pytest.raises(UnknownLink):
        SIGNER.public_id(LinkSigner([NEW, OLD], "waking").token(ID))


@pytest.mark.parametrize("place", range(45))
def test_any_other_letter_in_any_place_is_unknown(place: int) -> None:
    token = SIGNER.token(ID)
    for letter in string.ascii_letters + string.digits + "-_.=":
        if letter != token[place]:
            with pytest.raises(UnknownLink):
                SIGNER.public_id(token[:place] + letter + token[place + 1 :])


@given(st.text(alphabet=st.characters(codec=None), max_size=80))
def test_whatever_else_is_given_is_unknown_and_no_error(text: str) -> None:
    with pytest.raises(UnknownLink):
        SIGNER.public_id(text)


@given(st.text(max_size=30))
def test_an_id_of_another_length_is_unknown_though_its_signature_is_good(public_id: str) -> None:
    token = SIGNER.token(public_id)
    if len(public_id.encode()) != 22:
        with pytest.raises(UnknownLink):
            SIGNER.public_id(token)


def test_public_ids_are_128_random_bits() -> None:
    found = {new_public_id() for _ in range(20_000)}
    assert len(found) == 20_000
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{22}", one) for one in found)
    firsts = {one[0] for one in found}
    assert len(firsts) == 64


def test_a_typed_code_has_58_bits_and_no_sign_that_is_misread() -> None:
    code, fingerprint = SIGNER.typed_codes(ID)[0]
    assert re.fullmatch(r"[2-9A-HJKMNP-TV-Z]{4}-[2-9A-HJKMNP-TV-Z]{4}-[2-9A-HJKMNP-TV-Z]{4}", code)
    assert fingerprint in SIGNER.fingerprints(code)


@given(st.text(max_size=30))
def test_no_other_text_has_the_fingerprint_of_a_code(text: str) -> None:
    code, fingerprint = SIGNER.typed_codes(ID)[0]
    if text.upper().replace(" ", "").replace("-", "") != code.replace("-", ""):
        assert fingerprint not in SIGNER.fingerprints(text)


def test_a_code_of_an_old_key_is_found_while_the_key_is_in_the_list() -> None:
    code, fingerprint = LinkSigner([OLD], "sleep").typed_codes(ID)[0]
    assert fingerprint in SIGNER.fingerprints(code)
    assert fingerprint not in LinkSigner([NEW], "sleep").fingerprints(code)


def test_a_ticket_is_read_back_and_is_no_link() -> None:
    ticket = SIGNER.ticket(ID, "nonce", 1_800_000_000)
    assert SIGNER.read_ticket(ticket) == (ID, "nonce", 1_800_000_000)
    with pytest.raises(UnknownLink):
        SIGNER.public_id(ticket)
    with pytest.raises(UnknownLink):
        SIGNER.read_ticket(SIGNER.token(ID))


@given(st.text(max_size=60))
def test_a_text_that_nobody_signed_is_no_ticket(text: str) -> None:
    with pytest.raises(UnknownLink):
        SIGNER.read_ticket(text)
