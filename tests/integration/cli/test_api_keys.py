"""Keys of other programs at the shell."""

import re

import pytest

from tests.integration.cli.shell import Run, done, number_of_events, refused
from tests.support.world import World

ADD = ["api-key", "add", "hospital system", "--scope", "participants:read", "--scope", "export"]


def test_a_key_is_printed_once_alone_and_opens_what_it_is_for(run: Run, world: World) -> None:
    key = done(run(*ADD, "--site", "oslo", "--days", "365"))
    assert re.fullmatch(r"btb_[\w-]{43}\n", key)
    headers = {"Authorization": f"Bearer {key.strip()}"}
    told = world.app.test_client().get("/api/v1/study", headers=headers).get_json()["key"]
    assert told == {"name": "hospital system", "scopes": ["export", "participants:read"], "site": "oslo"}
    assert key.strip() not in done(run("api-key", "list"))


def test_keys_are_listed_with_what_they_open_and_when_they_were_used(run: Run, world: World) -> None:
    assert "no keys yet" in run("api-key", "list").stderr
    key = done(run(*ADD)).strip()
    row = re.split(r" {2,}", done(run("api-key", "list")).splitlines()[1])
    assert row[:4] == ["hospital system", "export participants:read", "all", "live"]
    assert row[6:] == ["-", "-"]
    world.app.test_client().get("/api/v1/study", headers={"Authorization": f"Bearer {key}"})
    assert re.search(r"\d{4}-\d\d-\d\dT\d\d:\d\d$", done(run("api-key", "list")).splitlines()[1])


def test_a_revoked_key_is_listed_and_its_name_is_gone_for_good(run: Run) -> None:
    done(run(*ADD))
    assert done(run("api-key", "revoke", "hospital system")) == "Revoked hospital system.\n"
    assert " revoked " in done(run("api-key", "list"))
    assert "revoked already" in refused(run("api-key", "revoke", "hospital system"))
    assert "take another" in refused(run(*ADD))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--site", "atlantis"], "no such site"),
        (["--days", "0"], "1 to 3660 days"),
        (["--days", "-5"], "1 to 3660 days"),
    ],
)
def test_a_key_that_cannot_be_is_refused(run: Run, world: World, words: list[str], told: str) -> None:
    before = number_of_events(world)
    assert told in refused(run(*ADD, *words))
    assert "no key of that name" in refused(run("api-key", "revoke", "nobody"))
    assert number_of_events(world) == before


def test_without_a_scope_or_with_a_strange_one_it_is_bad_usage(run: Run) -> None:
    assert run("api-key", "add", "x").exit_code == 2
    assert run("api-key", "add", "x", "--scope", "everything").exit_code == 2
