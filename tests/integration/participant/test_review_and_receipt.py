"""Looking over, sending in, and the receipt: soft, once, and the end."""

import re
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from sqlalchemy import select

from btb_pro import clock
from btb_pro.models.response import Response, ScoreRow
from tests.integration.participant.steps import (
    dump,
    fill_in,
    finish_pain,
    go_to,
    post,
    same_cookies,
    session_address,
    values,
    visit_row,
    with_class,
)
from tests.support.plain_browser import PlainBrowser
from tests.support.world import World

RECEIPT_CODE = re.compile(r"[2-9A-HJKMNP-TV-Z]{4}-[2-9A-HJKMNP-TV-Z]{4}")


@pytest.fixture
def browser(world: World) -> PlainBrowser:
    """A browser that has started the baseline visit."""
    return world.started()


@pytest.fixture
def short(world: World) -> PlainBrowser:
    """A browser that has started a later visit of three questions."""
    world.add(day0=(clock.today() - timedelta(days=14)).isoformat())
    return world.started(world.invite(visit="day14"))


def unanswered(browser: PlainBrowser) -> list[str]:
    """Items that the review page lists as unanswered, by the place that their link leads to."""
    first = next(one for one in browser.main_form.iter() if one.tag == "details")
    found = []
    for one in browser.main_form.iter():
        if one is first:
            break
        if one.tag == "a":
            found.append(one.get("href", "").partition("#q-")[2])
    return found


def review(browser: PlainBrowser) -> PlainBrowser:
    """Go to the review page."""
    return browser.open(f"{session_address(browser)}/review")


def test_the_review_lists_what_is_unanswered_and_nothing_else(world: World, short: PlainBrowser) -> None:
    short.press().fill("pain_now", "0").press()
    short.press("decline", "pain_worst_2w").press()
    assert unanswered(review(short)) == ["pain_usual_2w"]


def test_the_review_lists_every_question_of_a_visit_that_was_only_started(
    world: World, browser: PlainBrowser
) -> None:
    asked = [
        item.code
        for part in world.runtime.study.visit("baseline").parts
        for item in world.runtime.instruments[part.instrument].items
    ]
    listed = unanswered(review(browser))
    assert sorted(listed) == sorted(asked)


def test_a_question_that_no_longer_applies_is_not_listed(world: World, browser: PlainBrowser) -> None:
    assert "pain_stiffness_length" in unanswered(review(browser))
    go_to(browser, world, "pain_stiffness").fill("pain_stiffness", "0").press()
    assert "pain_stiffness_length" not in unanswered(review(browser))
    go_to(browser, world, "pain_stiffness").fill("pain_stiffness", "1").press()
    assert "pain_stiffness_length" in unanswered(review(browser))


def test_the_review_leads_to_a_question_and_the_question_back_to_the_review(
    world: World, browser: PlainBrowser
) -> None:
    address = next(one for one in _links(review(browser)) if one.endswith("#q-exp_change"))
    browser.open(address)
    assert browser.page == "items"
    assert [one.get("id") for one in with_class(browser.main_form, "q")] == ["q-exp_change"]
    browser.fill("exp_change", "4").press()
    assert browser.page == "review"
    assert "exp_change" not in unanswered(browser)
    assert values(world) == {"exp_change": "4"}


def test_back_from_a_question_of_the_review_leads_to_the_review(browser: PlainBrowser) -> None:
    address = next(one for one in _links(review(browser)) if one.endswith("#q-exp_change"))
    assert browser.open(address).press("back").page == "review"


def test_a_question_of_the_review_that_is_left_open_is_named_once_and_leads_back(
    browser: PlainBrowser,
) -> None:
    address = next(one for one in _links(review(browser)) if one.endswith("#q-exp_change"))
    assert browser.open(address).press().page == "items"
    assert browser.press().page == "review"


def test_the_review_shows_the_answers_that_this_session_entered(world: World, browser: PlainBrowser) -> None:
    go_to(browser, world, "pain_duration")
    fill_in(browser, {"pain_duration_years": "47", "pain_worse": ("lifting", "other")})
    browser.fill("pain_worse_other", "when it <rains> & snows").press()
    assert "when it <rains> & snows" in review(browser).text
    assert "47" in browser.text


def test_a_visit_may_be_sent_in_without_a_single_answer(world: World, browser: PlainBrowser) -> None:
    assert review(browser).press().page == "receipt"
    with world.reading() as session:
        responses = session.execute(select(Response)).scalars().all()
        scores = session.execute(select(ScoreRow)).scalars().all()
    assert len(responses) == len(world.runtime.study.visit("baseline").parts)
    assert all(row.is_locked and row.started_at is None for row in responses)
    assert all(row.value is None and row.reason and row.n_answered == 0 for row in scores)
    assert values(world) == {}


def test_sending_in_locks_and_scores_at_one_instant(world: World, short: PlainBrowser) -> None:
    finish_pain(short, "7", "8", "9").press()
    visit = visit_row(world, visit="day14")
    with world.reading() as session:
        response = session.execute(select(Response)).scalar_one()
        score = session.execute(select(ScoreRow)).scalar_one()
    assert response.is_locked
    assert response.submitted_at == visit.submitted_at == score.computed_at
    assert (score.code, score.value, score.n_answered, score.n_items) == ("pain_lbp_nrs", "8", 3, 3)
    assert visit.submitted_seq == score.event_seq


def test_the_receipt_shows_date_time_and_a_short_code(world: World, short: PlainBrowser) -> None:
    finish_pain(short).press()
    visit = visit_row(world, visit="day14")
    assert visit.submitted_at is not None
    assert visit.receipt_code is not None
    assert RECEIPT_CODE.fullmatch(visit.receipt_code)
    assert visit.receipt_code in short.text
    local = visit.submitted_at.astimezone(clock.OSLO)
    assert f"{local:%H:%M}" in short.text
    assert str(local.year) in short.text
    [stamp] = list(short.document.iter("time"))
    assert stamp.get("datetime", "").startswith(f"{visit.submitted_at:%Y-%m-%dT%H:%M}")


def test_the_receipt_holds_no_answer(world: World, short: PlainBrowser) -> None:
    finish_pain(short, "7", "8", "9").press()
    main = next(short.document.iter("main"))
    assert not list(main.iter("input"))
    labels = world.runtime.instruments["pain"].items
    assert not any(item.text["nb"].text in short.text for item in labels)


def test_a_second_submit_is_the_same_receipt(world: World, short: PlainBrowser) -> None:
    page = finish_pain(short)
    sent, here = [*page.values, ("next", "1")], page.address
    first = page.press().html
    stored = dump(world)
    again = same_cookies(page).send(here, sent)
    assert (again.page, again.html) == ("receipt", first)
    assert dump(world) == stored


def test_after_sending_in_every_page_leads_to_the_receipt_and_nothing_is_stored(
    world: World, short: PlainBrowser
) -> None:
    base = session_address(short)
    stale = same_cookies(short).open(f"{base}/page/1").fill("pain_now", "10")
    finish_pain(short).press()
    stored = dump(world)
    stale.press()
    assert stale.page == "receipt"
    # What came too late is kept as late, and is no answer.
    assert dump(world)["answer"] == stored["answer"]
    stored = dump(world)
    for path in ("/", "/page/1", "/page/99", "/review", "/receipt"):
        assert same_cookies(short).open(base + path).address == f"{base}/receipt"
        response = post(short.client, base + path, "csrf_token=x")
        # The list of parts leads on to the receipt itself, as the line above shows.
        assert response.headers["Location"] in (f"{base}/receipt", f"{base}/")
    assert dump(world) == stored


def test_after_sending_in_no_route_of_the_participant_changes_an_answer(
    world: World, short: PlainBrowser
) -> None:
    base, link = session_address(short), world.invite(visit="day14")
    stale = same_cookies(short).open(f"{base}/page/1").fill("pain_now", "10")
    assert finish_pain(short).press().page == "receipt"
    before = dump(world)
    places = {"handle": base.split("/")[2], "token": link.split("/")[2], "number": "1"}
    routes = [
        rule.rule
        for rule in world.app.url_map.iter_rules()
        if "POST" in (rule.methods or set()) and rule.rule.startswith(("/q/", "/s/"))
    ]
    assert len(routes) > 8
    for rule in routes:
        address = re.sub(r"<(\w+)>", lambda found: places[found[1]], rule)
        for button in (("next", "1"), ("later", "1"), ("decline", "pain_now"), ("clear", "pain_now")):
            response = post(stale.client, address, urlencode([*stale.values, ("key", "k" * 24), button]))
            assert response.status_code < 500, rule
    after = dump(world)
    assert [name for name in ("answer", "response", "score") if after[name] != before[name]] == []


def test_there_is_no_receipt_before_sending_in(browser: PlainBrowser) -> None:
    assert browser.open(f"{session_address(browser)}/receipt").page == "review"


def test_the_receipt_can_be_read_in_the_other_language(world: World, short: PlainBrowser) -> None:
    receipt = finish_pain(short).press()
    form = next(receipt.document.iter("form"))
    token = next(one.get("value", "") for one in form.iter("input") if one.get("name") == "csrf_token")
    receipt.send(form.get("action", ""), [("csrf_token", token), ("lang", "en")])
    assert (receipt.page, receipt.document.get("lang")) == ("receipt", "en")


def test_the_parts_tell_how_far_somebody_has_come(world: World, browser: PlainBrowser) -> None:
    titles = [one.get("href", "") for one in browser.main_form.iter("a")]
    assert len(titles) == len(world.runtime.study.visit("baseline").parts)
    go_to(browser, world, "pain_now").fill("pain_now", "3").press("later")
    n_items = len(world.runtime.instruments["pain"].items)
    assert re.search(rf"\b1\b.*\b{n_items}\b", browser.text)
    background = next(one for one in browser.main_form.iter("li"))
    browser.open(next(one.get("href", "") for one in background.iter("a")))
    assert browser.address.endswith("/page/1")


def test_the_parts_lead_to_the_review_once_everything_was_seen(short: PlainBrowser) -> None:
    finish_pain(short)
    browser = short.open(f"{session_address(short)}/")
    assert browser.press().page == "review"


def _links(browser: PlainBrowser) -> list[str]:
    return [one.get("href", "") for one in browser.main_form.iter("a")]
