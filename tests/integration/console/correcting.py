"""Visits that were sent in, whose answers somebody wants corrected, made for tests."""

from sqlalchemy import select

from btb_pro.models.response import Answer
from btb_pro.roles import Role
from tests.integration.console import work
from tests.integration.participant.steps import go_to, session_address
from tests.support.plain_browser import PlainBrowser
from tests.support.staff import signed_in
from tests.support.world import World

ITEM = "pain_duration_years"
WHY = "Participant rang: it has been four years."


def sent_in(world: World, number: str = "A", site: str = "oslo", years: str = "14") -> str:
    """A participant who wrote how long the pain has lasted, and sent in; the address of the link."""
    work.person(world, number, 5, site)
    link = world.invite(number)
    browser = world.browser().open(link).press()
    go_to(browser, world, "pain_duration").fill(ITEM, years).press()
    assert browser.open(f"{session_address(browser)}/review").press().page == "receipt"
    return link


def ask(world: World, role: Role = Role.MONITOR, value: str = "4", number: str = "A") -> PlainBrowser:
    """Ask for a correction as the role would; the browser on the page that follows."""
    browser = signed_in(world, role).open(f"/console/participants/{number}/answers/baseline/{ITEM}")
    return fill(browser, value).press()


def fill(browser: PlainBrowser, value: str = "4") -> PlainBrowser:
    """Fill in the form that is shown."""
    return browser.fill(ITEM, value).fill("why", WHY).fill("source", "Telephone note of 24 November")


def rows(world: World, item: str = ITEM) -> list[Answer]:
    """Every row of a field, oldest first."""
    with world.reading() as session:
        return list(session.execute(select(Answer).where(Answer.item == item).order_by(Answer.id)).scalars())
