"""What the participant's tests share: the store as rows, page numbers by item, pages answered in one call."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element

from flask.testing import FlaskClient
from sqlalchemy import inspect, select, text
from werkzeug.test import TestResponse

from btb_pro import create_app
from btb_pro.config import Settings
from btb_pro.instruments.paging import pages_of
from btb_pro.models.base import AuditEvent
from btb_pro.models.participant import Invitation, Participant, Visit
from btb_pro.models.response import Answer, Response
from btb_pro.study import sections_asked
from tests.support.plain_browser import PlainBrowser
from tests.support.world import World

FORM = "application/x-www-form-urlencoded"


def dump(world: World) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table, in the order of the rows' own columns; not how often links were guessed.

    Nor what was refused: the trail tells of it, and nothing else is changed by it.
    """
    with world.reading() as session:
        names = set(inspect(session.connection()).get_table_names()) - {"rate_count", "audit_head"}
        return {
            name: sorted(
                (tuple(row) for row in session.execute(text(f'SELECT * FROM "{name}"{_wanted(name)}'))),
                key=repr,
            )
            for name in sorted(names)
        }


def _wanted(table: str) -> str:
    return " WHERE tag <> 'answer:refuse'" if table == "audit_event" else ""


def count(world: World, table: str) -> int:
    """Number of rows of a table."""
    return len(dump(world)[table])


def trail(world: World, item: str = "", number: str = "BTB-001", visit: str = "") -> list[Answer]:
    """The answer rows of a participant, oldest first; of one form field if it is named."""
    wanted = (
        select(Answer)
        .join(Response, Response.id == Answer.response_id)
        .join(Visit, Visit.id == Response.visit_id)
        .join(Participant, Participant.id == Visit.participant_id)
        .where(Participant.study_number == number)
        .order_by(Answer.id)
    )
    if item:
        wanted = wanted.where(Answer.item == item)
    if visit:
        wanted = wanted.where(Visit.code == visit)
    with world.reading() as session:
        return list(session.execute(wanted).scalars())


def states(world: World, item: str) -> list[tuple[str, str | None]]:
    """State and value of each row of a form field, oldest first."""
    return [(row.state, row.value) for row in trail(world, item)]


def present(world: World, number: str = "BTB-001", visit: str = "") -> dict[str, tuple[str, str | None]]:
    """State and value of the newest row of each form field."""
    return {row.item: (row.state, row.value) for row in trail(world, number=number, visit=visit)}


def values(world: World, number: str = "BTB-001", visit: str = "") -> dict[str, str]:
    """The values that stand now, by form field."""
    found = present(world, number, visit)
    return {item: value for item, (_, value) in found.items() if value is not None}


def visit_row(world: World, number: str = "BTB-001", visit: str = "baseline") -> Visit:
    """A participant's visit as it is stored."""
    with world.reading() as session:
        return session.execute(
            select(Visit)
            .join(Participant, Participant.id == Visit.participant_id)
            .where(Participant.study_number == number, Visit.code == visit)
        ).scalar_one()


def invitation_row(world: World, number: str = "BTB-001", visit: str = "baseline") -> Invitation:
    """The newest invitation to a participant's visit."""
    with world.reading() as session:
        return session.execute(
            select(Invitation)
            .join(Visit, Visit.id == Invitation.visit_id)
            .join(Participant, Participant.id == Visit.participant_id)
            .where(Participant.study_number == number, Visit.code == visit)
            .order_by(Invitation.id.desc())
            .limit(1)
        ).scalar_one()


def page_of(world: World, item: str, visit: str = "baseline") -> int:
    """Number of the page that asks an item."""
    from_study = sections_asked(world.runtime.study.visit(visit).parts)
    cut = pages_of([(world.runtime.instruments[code], sections) for code, sections in from_study.items()])
    return next(page.number for page in cut if item in {one.code for one in page.items})


def session_address(browser: PlainBrowser) -> str:
    """The beginning of every address of the browser's session: ``/q/<handle>``."""
    found = re.match(r"/q/[0-9a-f]+", browser.address)
    assert found is not None, browser.address
    return found[0]


def go_to(browser: PlainBrowser, world: World, item: str, visit: str = "baseline") -> PlainBrowser:
    """Open the page that asks an item."""
    return browser.open(f"{session_address(browser)}/page/{page_of(world, item, visit)}")


def fill_in(browser: PlainBrowser, given: Mapping[str, str | Sequence[str]]) -> PlainBrowser:
    """Fill in several fields; none is sent yet."""
    for name, value in given.items():
        browser.fill(name, *((value,) if isinstance(value, str) else value))
    return browser


def checked(browser: PlainBrowser, name: str) -> list[str]:
    """Codes of the radios or boxes of a name that are checked on the page."""
    return [one.get("value", "") for one in browser.inputs(name) if one.get("checked") is not None]


def buttons(browser: PlainBrowser, name: str) -> list[str]:
    """Values of the page's buttons of a name."""
    return [one.get("value", "") for one in browser.document.iter("button") if one.get("name") == name]


def with_class(element: Element, name: str) -> list[Element]:
    """Descendants that bear a class."""
    return [one for one in element.iter() if name in (one.get("class") or "").split()]


def finish_pain(browser: PlainBrowser, *given: str) -> PlainBrowser:
    """Answer a later visit's three questions and stand on the review page."""
    browser.press()
    for item, value in zip(
        ("pain_now", "pain_worst_2w", "pain_usual_2w"), given or ("1", "2", "3"), strict=True
    ):
        browser.fill(item, value).press()
    assert browser.page == "review", browser.address
    return browser


def same_cookies(browser: PlainBrowser) -> PlainBrowser:
    """A second tab of the same browser."""
    return PlainBrowser(browser.client, browser.language, address=browser.address)


def post(
    client: FlaskClient, address: str, body: str | bytes = b"", content_type: str = FORM, **headers: str
) -> TestResponse:
    """A bare POST, without a browser's help. Header names are written with low lines."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post(address, data=body, content_type=content_type, headers=named)


def rebuilt(world: World, **changes: object) -> World:
    """The same instance after a restart with other settings; the old process is gone.

    The same world, too: whoever made it closes the database of the new process with it.
    """
    settings: Settings = replace(world.runtime.settings, **changes)  # type: ignore[arg-type]  # by name
    world.runtime.database.close()
    world.app = create_app(settings)
    world.app.testing = True
    return world


def refused_answers(world: World) -> list[tuple[str, str, str]]:
    """Which values were refused, as the trail tells it: where, by which check, what was typed; in order."""
    with world.reading() as session:
        query = select(AuditEvent.changes).where(AuditEvent.tag == "answer:refuse").order_by(AuditEvent.seq)
        return [
            (change["key"], change["field"], change["new"])
            for changes in session.execute(query).scalars()
            for change in json.loads(changes)
        ]


def path_of(address: str) -> str:
    """An address without its query and fragment."""
    return urlsplit(address).path
