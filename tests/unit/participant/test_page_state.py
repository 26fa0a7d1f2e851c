"""What a page remembers of itself: signed, bound to its session and page, and to our keys."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import URLSafeSerializer

from btb_pro import clock
from btb_pro.participant.page_state import PageState, PageStateSigner, new_page_state
from btb_pro.security import new_key

OLD, NEW = new_key(), new_key()
SIGNER = PageStateSigner([NEW, OLD], "0123456789")
STATE = PageState(
    number=7,
    shown={"pain_worse_other": "«blåbær»", "pain_worse": "sitting lifting"},
    shown_at=datetime(2026, 6, 30, 22, 30, 0, 123_000, tzinfo=UTC),
    language="nb",
    key="abc",
    named=frozenset({"pain_worse"}),
)


def test_what_was_written_is_read_back() -> None:
    assert SIGNER.read(SIGNER.write(STATE), 7) == STATE


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=50)), st.sets(st.text(max_size=5)))
def test_any_values_and_names_are_read_back(shown: dict[str, str], named: set[str]) -> None:
    state = PageState(1, shown, STATE.shown_at, "en", "k", frozenset(named))
    assert SIGNER.read(SIGNER.write(state), 1) == state


def test_another_pages_state_is_none_of_this_page() -> None:
    assert SIGNER.read(SIGNER.write(STATE), 8) is None


def test_another_sessions_state_is_none_of_this_session() -> None:
    assert PageStateSigner([NEW, OLD], "9876543210").read(SIGNER.write(STATE), 7) is None


def test_a_state_signed_before_a_rotation_is_read_after_it() -> None:
    written = PageStateSigner([OLD], "0123456789").write(STATE)
    assert SIGNER.read(written, 7) == STATE
    assert PageStateSigner([NEW], "0123456789").read(written, 7) is None


def test_new_states_are_signed_with_the_newest_key() -> None:
    assert PageStateSigner([OLD], "0123456789").read(SIGNER.write(STATE), 7) is None


@given(st.text(max_size=200))
def test_a_text_that_nobody_signed_is_no_state(text: str) -> None:
    assert SIGNER.read(text, 7) is None


@pytest.mark.parametrize(
    "told",
    [
        None,
        7,
        "x",
        [],
        {},
        {"p": 7},
        {"p": 7, "v": {}, "t": "yesterday", "l": "nb", "k": "k", "n": []},
        {"p": 7, "v": {}, "t": "2026-01-01T00:00:00", "l": "nb", "k": "k", "n": []},
        {"p": 7, "v": {}, "t": 1, "l": "nb", "k": "k", "n": []},
        {"p": 7, "v": {}, "t": "2026-01-01T00:00:00Z", "l": "nb", "k": "k", "n": 1},
    ],
)
def test_a_signed_state_of_another_shape_is_none(told: object) -> None:
    written = str(URLSafeSerializer([OLD, NEW], salt="btb_pro.page.0123456789").dumps(told))
    assert SIGNER.read(written, 7) is None


def test_each_page_that_is_shown_has_a_key_of_its_own_and_the_time() -> None:
    with clock.at(STATE.shown_at):
        states = [new_page_state(3, {"a": "b"}, "en", ["x"]) for _ in range(100)]
    assert len({state.key for state in states}) == 100
    assert all(16 <= len(state.key) <= 64 for state in states)
    assert {state.shown_at for state in states} == {STATE.shown_at}
    assert states[0].named == frozenset({"x"})
