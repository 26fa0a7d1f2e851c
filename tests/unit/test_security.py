"""Sealing contact details, keys, salted hashes, and the headers of every response."""

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from btb_pro.models.base import new_salt, salted_sha256
from btb_pro.security import SealBroken, Sealer, new_key, response_headers

OLD, NEW = new_key(), new_key()


@given(st.text(), st.text())
def test_a_sealed_text_opens_to_itself(text: str, context: str) -> None:
    if not _is_utf8(text + context):
        return
    assert Sealer([NEW]).open(Sealer([NEW]).seal(text, context), context) == text


def _is_utf8(text: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def test_the_text_is_not_in_what_is_stored() -> None:
    sealed = Sealer([NEW]).seal("kari@example.org", "participant 1 email")
    assert b"kari" not in sealed
    assert b"example" not in sealed


def test_the_same_text_is_never_sealed_twice_alike() -> None:
    assert len({Sealer([NEW]).seal("kari@example.org", "1") for _ in range(100)}) == 100


def test_a_value_copied_to_another_row_does_not_open() -> None:
    sealed = Sealer([NEW]).seal("kari@example.org", "participant 1 email")
    with pytest.raises(SealBroken):
        Sealer([NEW]).open(sealed, "participant 2 email")


def test_a_value_with_any_bit_changed_does_not_open() -> None:
    sealed = Sealer([NEW]).seal("a@b.no", "1")
    for place in range(len(sealed)):
        for bit in range(8):
            spoilt = bytearray(sealed)
            spoilt[place] ^= 1 << bit
            with pytest.raises(SealBroken):
                Sealer([NEW]).open(bytes(spoilt), "1")


@pytest.mark.parametrize("length", [0, 1, 4, 15, 16, 31])
def test_a_value_that_was_cut_short_does_not_open(length: int) -> None:
    sealed = Sealer([NEW]).seal("a@b.no", "1")
    with pytest.raises(SealBroken):
        Sealer([NEW]).open(sealed[:length], "1")


def test_after_a_rotation_old_values_open_and_new_ones_need_the_new_key() -> None:
    old = Sealer([OLD]).seal("a@b.no", "1")
    both = Sealer([NEW, OLD])
    assert both.open(old, "1") == "a@b.no"
    with pytest.raises(SealBroken):
        Sealer([OLD]).open(both.seal("a@b.no", "1"), "1")
    with pytest.raises(SealBroken):
        Sealer([NEW]).open(old, "1")


def test_keys_and_salts_are_long_and_never_the_same() -> None:
    keys = {new_key() for _ in range(1000)}
    salts = {new_salt() for _ in range(1000)}
    assert len(keys) == len(salts) == 1000
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", key) for key in keys)
    assert all(re.fullmatch(r"[0-9a-f]{32}", salt) for salt in salts)


def test_a_salted_hash_is_sha256_over_salt_line_end_and_text() -> None:
    expected = hashlib.sha256("00ff\nblåbær".encode()).hexdigest()
    assert salted_sha256("00ff", "blåbær") == expected
    assert salted_sha256("00fe", "blåbær") != expected


STYLE = "'sha256-x'"


def test_headers_of_production_add_strict_transport_and_change_nothing_else() -> None:
    plain, secure = dict(response_headers(False, STYLE)), dict(response_headers(True, STYLE))
    assert "Strict-Transport-Security" not in plain
    assert secure.pop("Strict-Transport-Security").startswith("max-age=")
    assert plain == secure


def test_pages_keep_their_origin_in_a_form_and_tell_other_sites_nothing() -> None:
    # Under no-referrer a browser sends "Origin: null" with our own forms.
    assert response_headers(True, STYLE)["Referrer-Policy"] == "same-origin"
