"""The page check finds what is wrong with a page; all tests open pages through it."""

import pytest

from tests.support.page_check import faults_of

SOUND = (
    '<!doctype html><html lang="nb"><head><title>t</title></head>'
    '<body data-page="dead"><main><h1>h</h1></main></body></html>'
)


def test_a_sound_page_has_no_fault() -> None:
    assert faults_of(SOUND) == []


@pytest.mark.parametrize(
    ("good", "bad", "fault"),
    [
        ("<h1>h</h1>", "<p>h</p>", "h1"),
        ("<h1>h</h1>", "<h1>h</h1><h1>h</h1>", "h1"),
        ("<title>t</title>", "<title> </title>", "title"),
        (' lang="nb"', "", "language"),
        (' data-page="dead"', "", "data-page"),
        ("<main>", '<main><p id="a">a</p><p id="a">b</p>', "twice"),
        ("<main>", '<main><label for="gone">a</label>', "nothing has the id"),
        ("<main>", "<main><p>%(name)s</p>", "placeholder"),
        ("<main>", '<main><p style="color:red">a</p>', "inline"),
    ],
)
def test_a_seeded_fault_is_found(good: str, bad: str, fault: str) -> None:
    assert fault in " ".join(faults_of(SOUND.replace(good, bad)))


def test_html_that_is_not_valid_is_refused() -> None:
    with pytest.raises(AssertionError):
        faults_of(SOUND.replace("<main>", "<main><p><div></p>"))
