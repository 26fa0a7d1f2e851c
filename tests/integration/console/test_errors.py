"""What goes wrong is told in the console's own pages, and what was typed is not lost."""

import pytest
from sqlalchemy.exc import OperationalError

from btb_pro.roles import Role
from tests.support.plain_browser import PlainBrowser
from tests.support.staff import signed_in
from tests.support.world import World


@pytest.mark.parametrize("language", ["nb", "en"])
def test_an_address_that_there_is_not_has_a_page_of_the_console(world: World, language: str) -> None:
    for browser in (world.browser(language), signed_in(world, Role.MONITOR, language=language)):
        browser.open("/console/nowhere/at/all")
        assert (browser.page, browser.status) == ("console-error", 404)
        assert browser.heading == {"nb": "Denne siden finnes ikke", "en": "There is no such page"}[language]
        assert "Dette er en test" in browser.text or "This is a test" in browser.text
    assert "Kari monitor" in browser.text


def test_a_participants_address_keeps_the_participants_page(world: World) -> None:
    assert world.browser().open("/nowhere").page == "dead"
    assert world.browser().open("/consoles").page == "dead"


def test_a_wrong_method_too_much_and_an_unreadable_form_have_pages(world: World) -> None:
    client = signed_in(world, Role.ADMIN).client
    wrong = client.delete("/console/account")
    assert (wrong.status_code, "GET" in wrong.headers["Allow"]) == (405, True)
    large = client.post("/console/account/language", data={"language": "x" * 300_000})
    unreadable = client.post(
        "/console/account/language", data=b"language=%ff", content_type="application/x-www-form-urlencoded"
    )
    other = client.post("/console/account/language", json={"language": "en"})
    assert [one.status_code for one in (large, unreadable, other)] == [413, 400, 415]
    for response in (wrong, large, unreadable, other):
        assert "console-error" in response.get_data(as_text=True)


def test_a_mistake_of_ours_has_a_page_and_tells_nothing_of_it(world: World) -> None:
    browser = signed_in(world, Role.ADMIN)
    break_view(world, "console.today", RuntimeError("secret detail"))
    browser.open("/console/")
    assert (browser.page, browser.status) == ("console-error", 500)
    assert "secret detail" not in browser.html


def break_view(world: World, endpoint: str, error: Exception) -> object:
    """Let a view fail; the sound one."""
    sound = world.app.view_functions[endpoint]

    def fail(**_values: object) -> str:
        raise error

    for name in ("access_rule", "needs_confirmation"):
        setattr(fail, name, getattr(sound, name))
    world.app.view_functions[endpoint] = fail
    return sound


NO_ANSWER = OperationalError("x", {}, Exception("disk"))


def test_a_database_that_does_not_answer_costs_nothing_that_was_typed(world: World) -> None:
    browser: PlainBrowser = signed_in(world, Role.ADMIN).open("/console/staff/new")
    browser.fill("email", "ola@hospital.example").fill("name", "Ola & <Kari>").fill("sites", "oslo")
    sound = break_view(world, "console.invite_staff", NO_ANSWER)
    browser.press()
    assert (browser.page, browser.status) == ("console-retry", 503)
    world.app.view_functions["console.invite_staff"] = sound  # type: ignore[assignment]
    browser.press()
    assert browser.page == "console-staff-link"
    assert "Ola & <Kari>" in browser.text


def test_a_password_is_put_into_no_page_when_the_database_does_not_answer(world: World) -> None:
    browser = world.browser().open("/console/sign-in")
    break_view(world, "console.give_password", NO_ANSWER)
    browser.fill("email", "ola@hospital.example").fill("password", "kaffe ved stille vann").press()
    assert (browser.page, browser.status) == ("console-error", 503)
    assert "stille vann" not in browser.html
