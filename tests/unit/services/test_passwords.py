"""Which passwords are good enough, and what a hash of one is."""

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from resource import RUSAGE_SELF, getrusage
from threading import Barrier

import pytest
from argon2 import extract_parameters
from argon2.low_level import Type
from hypothesis import given, settings
from hypothesis import strategies as st

from btb_pro.services.passwords import (
    _NOBODYS_HASH,
    LONGEST,
    SHORTEST,
    PasswordFault,
    find_fault,
    hash_password,
    is_outdated,
    password_fits,
)

WORDS = (
    "back_to_basic",
    "BackToBasic",
    "Kari Nordmann",
    "kari.nordmann",
    "ous-hf.example",
    "Oslo",
    "btb_pro",
)


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("", PasswordFault.TOO_SHORT),
        ("x7#Kq9!mZ2p", PasswordFault.TOO_SHORT),
        ("x" * 257, PasswordFault.TOO_LONG),
        ("aaaaaaaaaaaa", PasswordFault.TOO_COMMON),
        ("123456789012", PasswordFault.TOO_COMMON),
        ("password1234", PasswordFault.TOO_COMMON),
        ("P@ssw0rd2024", PasswordFault.TOO_COMMON),
        ("passordpassord", PasswordFault.TOO_COMMON),
        ("qwertyuiopåæ", PasswordFault.TOO_COMMON),
        ("Sommer2026!!", PasswordFault.TOO_COMMON),
        ("BackToBasic2026", PasswordFault.ABOUT_YOU),
        ("back-to-basic-1", PasswordFault.ABOUT_YOU),
        ("karinordmann1", PasswordFault.ABOUT_YOU),
        ("Nordmann.Kari.77", PasswordFault.ABOUT_YOU),
        ("Oslo1234567890", PasswordFault.ABOUT_YOU),
        ("xkwpqjtrbnma", None),
        ("kaffe ved stille vann", None),
        ("correct horse battery staple", None),
        ("Ærlig talt, Øystein på Åsen", None),
        ("🐴🐴 hest hest fjell 🐴", None),
        ("bare sma bokstaver her", None),
        ("x7#Kq9!mZ2pL", None),
        ("Lyng, furu og tyttebær i det høye fjellet. " * 5, None),
    ],
)
def test_length_and_what_is_guessed_first_decide_and_nothing_else(
    password: str, fault: PasswordFault | None
) -> None:
    assert find_fault(password, WORDS) is fault


def test_the_limits_are_those_of_the_standard() -> None:
    assert (SHORTEST, LONGEST) == (12, 256)


def test_the_hash_is_argon2id_with_at_least_what_is_asked_for() -> None:
    hashed = hash_password("kaffe ved stille vann")
    parameters = extract_parameters(hashed)
    assert parameters.type is Type.ID
    assert parameters.memory_cost >= 19 * 1024
    assert parameters.time_cost >= 2
    assert parameters.parallelism == 1
    assert not is_outdated(hashed)
    assert hash_password("kaffe ved stille vann") != hashed


def test_a_password_of_nobody_takes_as_long_as_anybodys() -> None:
    """Its hash is written down in the code: it must have the parameters that a new one has."""
    assert not is_outdated(_NOBODYS_HASH)
    assert not password_fits(_NOBODYS_HASH, "somebody's password")


def test_characters_count_however_a_keyboard_composes_them() -> None:
    hashed = hash_password("blåbær på Ås, takk")
    assert password_fits(hashed, "bla\u030abær pa\u030a A\u030as, takk")
    assert not password_fits(hashed, "blabær pa As, takk")


@settings(max_examples=15)
@given(st.text(min_size=12, max_size=256).filter(lambda text: "\x00" not in text))
def test_a_password_fits_its_own_hash_whole_and_no_beginning_of_it(password: str) -> None:
    hashed = hash_password(password)
    assert password_fits(hashed, password)
    assert not password_fits(hashed, password[:-1])


def test_nothing_fits_where_there_is_no_hash() -> None:
    assert not password_fits(None, "nobody has this password")
    assert not password_fits("no hash at all", "nobody has this password")


def _peak_of_fifty() -> tuple[int, int]:
    """Megabytes that fifty checks side by side add to a fresh process, and how many of them were right."""
    hashed = hash_password("kaffe ved stille vann")
    before = getrusage(RUSAGE_SELF).ru_maxrss
    together = Barrier(50)

    def check(_number: int) -> bool:
        together.wait()
        return password_fits(hashed, "kaffe ved stille vann")

    with ThreadPoolExecutor(50) as pool:
        right = sum(pool.map(check, range(50)))
    return (getrusage(RUSAGE_SELF).ru_maxrss - before) // 1024, right


def test_fifty_checks_side_by_side_take_the_memory_of_two() -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        grown, right = pool.submit(_peak_of_fifty).result(timeout=120)
    assert right == 50
    assert grown < 120
