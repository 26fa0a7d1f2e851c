"""Phones that save without end, as the page's script does: a key for each save, sent until it is answered.

What was answered with "stored" is held against the database afterwards.
"""

import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, field
from urllib.parse import urlencode, urlsplit

from sqlalchemy import select

from btb_pro import clock
from btb_pro.models.response import Answer
from btb_pro.services.verification import verify
from tests.integration.participant.steps import go_to, session_address
from tests.support.world import World

FIELD = "pain_duration_years"
_TIMEOUT_S = 45
_PAUSE_S = 0.1


@dataclass
class Phone:
    """One participant's page. Values go round from 1 to 60, so that each save changes what stands."""

    name: str
    address: str
    cookie: str
    hidden: list[tuple[str, str]]
    acknowledged: dict[str, str] = field(default_factory=dict)
    """Key of a save to the value that was called stored."""
    asked_again: int = 0
    bare_errors: list[str] = field(default_factory=list)
    """Answers of 5xx that did not hold what was typed."""
    times: list[float] = field(default_factory=list)
    """When each was acknowledged, by the monotonic clock."""

    def save(self, base_url: str, stop: threading.Event) -> None:
        """Save one value: the same key until it is acknowledged, or the test is over."""
        key, value = self._next()
        while not stop.is_set():
            if self._send(base_url, key, value):
                self.acknowledged[key] = value
                self.times.append(time.monotonic())
                return
            self.asked_again += 1
            time.sleep(_PAUSE_S)

    def save_in_process(self, world: World) -> int:
        """Save one value through the app itself, once; the status. Only "stored" counts as acknowledged."""
        key, value = self._next()
        client = world.app.test_client()
        client.set_cookie(*self.cookie.split("=", 1))
        response = client.post(self.address, data=dict([*self.hidden, (FIELD, value), ("key", key)]))
        if response.status_code == 200 and response.get_json() == {"stored": True}:
            self.acknowledged[key] = value
        return response.status_code

    def _next(self) -> tuple[str, str]:
        number = len(self.acknowledged) + 1
        return f"{self.name}-{number:08}", str(number % 60 + 1)

    def _send(self, base_url: str, key: str, value: str) -> bool:
        device_at = clock.utc_text(clock.now())
        body = urlencode([*self.hidden, (FIELD, value), ("key", key), ("at", device_at)])
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": self.cookie}
        connection = http.client.HTTPConnection(urlsplit(base_url).netloc, timeout=_TIMEOUT_S)
        try:
            connection.request("POST", self.address, body, headers)
            response = connection.getresponse()
            text = response.read().decode()
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        if response.status >= 500 and f'name="{FIELD}" value="{value}"' not in text:
            self.bare_errors.append(f"{response.status}: {text[:200]}")
        return response.status == 200 and json.loads(text) == {"stored": True}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of the acknowledged saves."""

    acknowledged: int
    lost: int
    doubled: int
    changed: int
    bare_errors: int

    @property
    def is_good(self) -> bool:
        """Everything is there once, as it was acknowledged, and nobody met a bare error."""
        return not (self.lost or self.doubled or self.changed or self.bare_errors)


def sum_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Several trials as one."""
    columns = zip(*(astuple(one) for one in verdicts), strict=True)
    return Verdict(*(sum(column) for column in columns))


def make_phones(world: World, how_many: int, first: int = 1) -> list[Phone]:
    """Participants who have started and look at the page that is saved from."""
    numbers = range(first, first + how_many)
    return [_make_phone(world, f"phone{number:03}", f"BTB-{number:03}") for number in numbers]


def _make_phone(world: World, name: str, study_number: str) -> Phone:
    world.add(study_number, language="nb")
    browser = go_to(world.started(world.invite(study_number)), world, "pain_worse")
    handle = session_address(browser).removeprefix("/q/")
    cookie = browser.client.get_cookie(f"btb-{handle}")
    assert cookie is not None
    hidden = [pair for pair in browser.values if pair[0] in ("csrf_token", "state")]
    return Phone(name, browser.address.replace("/page/", "/tap/"), f"{cookie.key}={cookie.value}", hidden)


@contextmanager
def saving(phones: list[Phone], base_url: str, rest_s: float = 0) -> Iterator[None]:
    """All phones save for as long as the block lasts, each resting so long after a save."""
    stop = threading.Event()

    def run(phone: Phone) -> None:
        while not stop.is_set():
            phone.save(base_url, stop)
            stop.wait(rest_s)

    threads = [threading.Thread(target=run, args=(phone,)) for phone in phones]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def count_acknowledged(phones: list[Phone]) -> int:
    """How many saves were called stored so far."""
    return sum(len(phone.acknowledged) for phone in phones)


def wait_for_saves(phones: list[Phone], more: int, timeout_s: float = 60) -> None:
    """Wait until so many more saves were acknowledged.

    Raises:
        AssertionError: they were not.
    """
    wanted = count_acknowledged(phones) + more
    end = time.monotonic() + timeout_s
    while count_acknowledged(phones) < wanted:
        assert time.monotonic() < end, "nothing is acknowledged any more"
        time.sleep(0.01)


def judge(world: World, phones: list[Phone]) -> Verdict:
    """Hold what was acknowledged against what is stored, and prove the audit chain."""
    with world.reading() as session:
        rows = session.execute(select(Answer.client_key, Answer.value).where(Answer.item == FIELD)).all()
        verify(session)
    times = Counter(key for key, _ in rows)
    stored: dict[str, str | None] = {row.client_key: row.value for row in rows}
    acknowledged = {key: value for phone in phones for key, value in phone.acknowledged.items()}
    return Verdict(
        acknowledged=len(acknowledged),
        lost=sum(key not in stored for key in acknowledged),
        doubled=sum(number > 1 for number in times.values()),
        changed=sum(stored.get(key, value) != value for key, value in acknowledged.items()),
        bare_errors=sum(len(phone.bare_errors) for phone in phones),
    )
