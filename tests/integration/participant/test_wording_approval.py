"""Wording is approved before it is used; until then, every page says that this is a test."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from btb_pro.services.wordings import WordingNotApproved, approve_wording
from tests.integration.participant.steps import count, dump, post, session_address, with_class
from tests.support.engines import EngineName
from tests.support.page_check import parse
from tests.support.plain_browser import PlainBrowser
from tests.support.world import COMMAND, World, make_world


@pytest.fixture
def strict(tmp_path: Path, engine: EngineName) -> Iterator[World]:
    """A study that does not allow unapproved wordings."""
    world = make_world(tmp_path / "strict", allow_unapproved=False, engine=engine)
    yield world
    world.close()


def approve_all(world: World, *, but: tuple[str, str] = ("", "")) -> None:
    """Approve every wording of the study, but one."""
    with world.writing() as session:
        for code, instrument in world.runtime.instruments.items():
            for language in world.runtime.study.languages:
                if (code, language) != but:
                    approve_wording(session, COMMAND, instrument, language, "Kari Lege", "letter of 1 May")


def banners(browser: PlainBrowser) -> int:
    """How often the page says that it is a test."""
    return len(with_class(browser.document, "test-banner"))


def test_inviting_with_an_unapproved_wording_is_refused_and_says_what_to_do(strict: World) -> None:
    strict.add()
    before = dump(strict)
    with pytest.raises(WordingNotApproved, match="instruments approve") as refused:
        strict.invite()
    assert "hscl25" in str(refused.value)
    assert "allow_unapproved_wording" in str(refused.value)
    assert dump(strict) == before
    strict.close()


def test_one_unapproved_language_of_one_instrument_is_enough_to_refuse(strict: World) -> None:
    strict.add()
    approve_all(strict, but=("shc", "en"))
    with pytest.raises(WordingNotApproved) as refused:
        strict.invite()
    assert [(key.instrument, key.language) for key in refused.value.missing] == [("shc", "en")]
    assert count(strict, "invitation") == 0
    strict.close()


def test_a_visit_needs_the_approval_of_its_own_wordings_alone(strict: World) -> None:
    strict.add()
    approve_all(strict, but=("shc", "en"))
    assert strict.invite(visit="day14")
    strict.close()


def every_kind(world: World, link: str, dead: str) -> list[PlainBrowser]:
    """A browser on every kind of page."""
    kinds = [world.browser().open(path) for path in (link, dead, "/s/x", "/", "/nothing")]
    browser = world.browser().open(link).press()
    kinds.append(browser)
    base = session_address(browser)
    kinds += [PlainBrowser(browser.client).open(base + path) for path in ("/page/1", "/page/3", "/review")]
    wrong = PlainBrowser(browser.client).open(f"{base}/page/1")
    kinds += [wrong.fill("bg_age", "x").press(), PlainBrowser(browser.client).open(f"{base}/review").press()]
    return kinds


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("allows", [True, False])
def test_every_page_says_that_it_is_a_test_as_long_as_unapproved_wording_is_allowed(
    tmp_path: Path, allows: bool
) -> None:
    world = make_world(tmp_path / "instance", allow_unapproved=allows)
    approve_all(world)
    dead = world.invite(world.add("BTB-002"))
    world.revoke("BTB-002")
    pages = every_kind(world, world.invite(world.add()), dead)
    assert {page.page for page in pages} == {"start", "dead", "parts", "items", "review", "receipt"}
    assert {banners(page) for page in pages} == {int(allows)}
    too_large = post(pages[5].client, f"{session_address(pages[5])}/page/1", "a=" + "a" * 300_000)
    assert len(with_class(parse(too_large.text), "test-banner")) == int(allows)
    world.close()


def change_one_letter(world: World) -> None:
    """The same study with one letter of one Norwegian title changed in an instrument's file."""
    house = world.runtime
    old = house.instruments["hscl25"]
    title = old.title["nb"]
    changed = replace(old, title={**old.title, "nb": replace(title, text=title.text + "x")})
    world.app.extensions["btb_pro"] = replace(house, instruments={**house.instruments, "hscl25": changed})


def test_changing_one_letter_needs_a_new_approval(strict: World) -> None:
    strict.add()
    approve_all(strict)
    link = strict.invite()
    assert strict.browser().open(link).page == "start"
    change_one_letter(strict)
    with pytest.raises(WordingNotApproved, match="hscl25 1 nb"):
        strict.invite(replace=True)
    before = dump(strict)
    assert (strict.browser().open(link).status, post(strict.app.test_client(), link).status_code) == (
        503,
        503,
    )
    assert dump(strict) == before
    approve_all(strict)
    assert strict.browser().open(link).press().page == "parts"
    strict.close()
