"""A question bears the same number wherever the participant meets it."""

import re

from tests.integration.participant.steps import session_address, with_class
from tests.support.plain_browser import PlainBrowser
from tests.support.world import World


def questions_of_pages(browser: PlainBrowser, n_pages: int) -> list[str]:
    """Number and words of every question, page by page."""
    address, found = session_address(browser), []
    for number in range(1, n_pages + 1):
        browser.open(f"{address}/page/{number}")
        for question in with_class(browser.document, "q"):
            texts = [" ".join("".join(one.itertext()).split()) for one in question.iter()]
            found.append(next(text for text in texts[1:] if re.match(r"\d+\. ", text)))
    return found


def test_the_review_numbers_the_questions_as_their_pages_do(world: World) -> None:
    browser = world.started()
    on_pages = questions_of_pages(browser, 27)
    assert len(on_pages) == 93
    browser.open(f"{session_address(browser)}/review")
    listed = [" ".join("".join(one.itertext()).split()) for one in browser.document.iter("dt")]
    # Nothing is answered: each question is named among those that are open, and among all.
    assert listed == [*on_pages, *on_pages]
