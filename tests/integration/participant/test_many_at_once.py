"""Many requests at the same moment: one submission, every answer, one chain."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from threading import Barrier
from urllib.parse import urlencode

from sqlalchemy import select
from werkzeug.test import TestResponse

from btb_pro import clock
from btb_pro.models.base import AuditEvent
from btb_pro.models.response import ScoreRow
from btb_pro.services.verification import verify
from tests.integration.participant.steps import (
    FORM,
    count,
    finish_pain,
    go_to,
    same_cookies,
    session_address,
    states,
    values,
    visit_row,
)
from tests.support.plain_browser import PlainBrowser
from tests.support.world import World


def at_once(sends: Sequence[Callable[[], TestResponse]]) -> list[TestResponse]:
    """Let each call run in a thread of its own, all beginning together."""
    barrier = Barrier(len(sends))

    def run(send: Callable[[], TestResponse]) -> TestResponse:
        barrier.wait()
        return send()

    with ThreadPoolExecutor(len(sends)) as pool:
        return [future.result() for future in [pool.submit(run, send) for send in sends]]


def sender(world: World, browser: PlainBrowser, *more: tuple[str, str]) -> Callable[[], TestResponse]:
    """A call that posts the page as the browser shows it, from a client of its own with the same cookies."""
    client = world.app.test_client()
    handle = session_address(browser).removeprefix("/q/")
    cookie = browser.client.get_cookie(f"btb-{handle}")
    assert cookie is not None
    client.set_cookie(cookie.key, cookie.value)
    body = urlencode([*browser.values, *more])
    return lambda: client.post(browser.address, data=body, content_type=FORM)


def prove(world: World) -> None:
    """The audit chain is whole and tells of what is stored."""
    with world.reading() as session:
        verify(session)


def test_eight_submits_at_once_are_one_submission_with_one_receipt(world: World) -> None:
    world.add(day0=(clock.today() - timedelta(days=14)).isoformat())
    browser = finish_pain(world.started(world.invite(visit="day14")))
    responses = at_once([sender(world, browser, ("next", "1")) for _ in range(8)])
    assert {response.status_code for response in responses} == {303}
    assert {response.headers["Location"] for response in responses} == {f"{session_address(browser)}/receipt"}
    code = visit_row(world, visit="day14").receipt_code
    assert code is not None
    assert code in browser.press().text
    with world.reading() as session:
        tags = session.execute(select(AuditEvent.tag)).scalars().all()
        assert len(session.execute(select(ScoreRow)).all()) == 1
    assert tags.count("visit:submit") == 1
    prove(world)


def test_two_devices_that_send_in_at_once_see_the_same_receipt(world: World) -> None:
    world.add(day0=(clock.today() - timedelta(days=14)).isoformat())
    link = world.invite(visit="day14")
    devices = [world.started(link) for _ in range(2)]
    for device in devices:
        device.open(f"{session_address(device)}/review")
    responses = at_once([sender(world, device, ("next", "1")) for device in devices])
    assert {response.status_code for response in responses} == {303}
    code = visit_row(world, visit="day14").receipt_code
    assert code is not None
    assert all(code in device.open(f"{session_address(device)}/receipt").text for device in devices)
    prove(world)


def test_two_threads_that_save_different_pages_are_both_kept(world: World) -> None:
    first = go_to(world.started(), world, "pain_now").fill("pain_now", "5")
    second = go_to(same_cookies(first), world, "exp_nrs").fill("exp_nrs", "6")
    third = go_to(same_cookies(first), world, "pain_worst_2w").fill("pain_worst_2w", "7")
    pages = [sender(world, page, ("next", "1")) for page in (first, second, third)]
    responses = at_once(pages)
    assert {response.status_code for response in responses} == {303}
    assert values(world) == {"pain_now": "5", "exp_nrs": "6", "pain_worst_2w": "7"}
    assert count(world, "response") == 2
    prove(world)


def test_a_double_tap_that_arrives_at_once_is_one_answer(world: World) -> None:
    page = go_to(world.started(), world, "pain_now").fill("pain_now", "5")
    responses = at_once([sender(world, page, ("next", "1")) for _ in range(6)])
    assert {response.status_code for response in responses} == {303}
    assert states(world, "pain_now") == [("answered", "5")]
    prove(world)


def test_an_answer_and_the_submit_at_once_leave_no_answer_after_the_lock(world: World) -> None:
    world.add(day0=(clock.today() - timedelta(days=14)).isoformat())
    review = finish_pain(world.started(world.invite(visit="day14")))
    pages = [
        same_cookies(review).open(f"{session_address(review)}/page/1").fill("pain_now", f"{value}")
        for value in range(4, 9)
    ]
    sends = [sender(world, page, ("next", "1")) for page in (*pages, review)]
    assert {response.status_code for response in at_once(sends)} == {303}
    submitted = visit_row(world, visit="day14").submitted_seq
    assert submitted is not None
    with world.reading() as session:
        tags = list(session.execute(select(AuditEvent.tag).order_by(AuditEvent.seq)).scalars())
    assert set(tags[tags.index("visit:submit") + 1 :]) <= {"answer:come_late"}
    prove(world)


def test_people_who_start_at_once_each_get_a_session(world: World) -> None:
    links = [world.invite(world.add(f"BTB-{number:03}")) for number in range(1, 9)]
    presses = [partial(world.app.test_client().post, link) for link in links]
    responses = at_once(presses)
    assert {response.status_code for response in responses} == {303}
    assert len({response.headers["Location"] for response in responses}) == 8
    prove(world)
