"""A study in a folder of its own, for tests that need the whole app."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flask import Flask
from sqlalchemy import TextClause, event, inspect
from sqlalchemy.orm import ORMExecuteState, Session

from btb_pro import clock, create_app
from btb_pro.config import read_settings, write_settings
from btb_pro.security import new_key
from btb_pro.services.audit import IS_TOLD, UNTOLD, Actor, Context
from btb_pro.services.invitations import issue_invitation, revoke_invitation
from btb_pro.services.participant_checks import NewParticipant
from btb_pro.services.participants import add_participant, withdraw_participant
from btb_pro.services.runtime import Runtime
from btb_pro.services.studies import record_study
from btb_pro.study_file import PACKAGED_STUDY
from tests.support.engines import EngineName, drop_database, migrated_database
from tests.support.plain_browser import PlainBrowser

COMMAND = Context(Actor("command", "tester"))


@dataclass
class World:
    """An instance with its app."""

    folder: Path
    app: Flask
    is_spoilt: bool = False
    """A test wrote rows that no audit event tells of."""

    @property
    def runtime(self) -> Runtime:
        """What the app knows."""
        runtime = self.app.extensions["btb_pro"]
        assert isinstance(runtime, Runtime)
        return runtime

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session whose changes are committed."""
        with self.runtime.database.writing() as session:
            self._watch(session)
            yield session
            session.commit()

    def _watch(self, session: Session) -> None:
        """Note when a test itself writes behind the audit trail's back: then the trail proves nothing."""

        def look(flushed: Session, *_: object) -> None:
            rows = (*flushed.new, *flushed.dirty, *flushed.deleted)
            is_behind = not flushed.info.get(IS_TOLD) and any(map(_is_told, rows))
            self.is_spoilt = self.is_spoilt or is_behind

        def look_at(state: ORMExecuteState) -> None:
            asked = state.statement
            words = asked.text.lstrip().upper() if isinstance(asked, TextClause) else ""
            reads = state.is_select or words.startswith(("SELECT", "WITH"))
            self.is_spoilt = self.is_spoilt or not reads

        event.listen(session, "after_flush", look)
        event.listen(session, "do_orm_execute", look_at)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that only looks."""
        with self.runtime.database.reading() as session:
            yield session

    def add(self, study_number: str = "BTB-001", site: str = "oslo", language: str = "", **more: str) -> str:
        """Add a participant, with day 0 today if nothing else is said."""
        more.setdefault("day0", clock.today().isoformat())
        with self.writing() as session:
            new = NewParticipant(study_number, site, language, **more)
            add_participant(session, COMMAND, self.runtime, new)
        return study_number

    def invite(self, study_number: str = "BTB-001", visit: str = "baseline", *, replace: bool = False) -> str:
        """The address of a participant's link."""
        with self.writing() as session:
            invitation = issue_invitation(
                session, COMMAND, self.runtime, study_number, visit, replace=replace
            )
            return f"/s/{self.runtime.links.token(invitation.public_id)}"

    def revoke(self, study_number: str, visit: str = "baseline") -> None:
        """End a link."""
        with self.writing() as session:
            revoke_invitation(session, COMMAND, self.runtime, study_number, visit)

    def withdraw(self, study_number: str) -> None:
        """Withdraw a participant."""
        with self.writing() as session:
            withdraw_participant(session, COMMAND, study_number, "moved away")

    def browser(self, language: str = "nb") -> PlainBrowser:
        """A fresh browser without cookies."""
        return PlainBrowser(self.app.test_client(), language)

    def started(self, link: str = "", language: str = "nb") -> PlainBrowser:
        """A browser that has pressed Start."""
        if not link:
            self.add(language=language)
            link = self.invite()
        browser = self.browser(language).open(link).press()
        assert browser.page == "parts"
        return browser

    def close(self) -> None:
        """Let go of the database."""
        self.runtime.database.close()
        drop_database(self.runtime.settings.database_url)


def _is_told(row: object) -> bool:
    return str(inspect(row).mapper.local_table) not in UNTOLD


def make_world(
    folder: Path,
    *,
    allow_unapproved: bool = True,
    study: str = "",
    engine: EngineName | None = None,
    database_url: str = "",
) -> World:
    """An instance in a folder: fresh keys, the packaged study or the one given, an empty database.

    The engine is the one that the test runs on, if neither it nor a migrated database is named.
    """
    folder.mkdir(parents=True, exist_ok=True)
    text = study or PACKAGED_STUDY.read_text(encoding="utf-8")
    if allow_unapproved:
        text = text.replace("allow_unapproved_wording = false", "allow_unapproved_wording = true")
    (folder / "study.toml").write_text(text, encoding="utf-8")
    keys = {name: new_key() for name in ("BTB_SECRET_KEYS", "BTB_LINK_KEYS", "BTB_CONTACT_KEYS")}
    where = {"BTB_DATABASE_URL": database_url or migrated_database(folder, engine)}
    write_settings(folder, {"BTB_BASE_URL": "http://localhost", **where, **keys})
    app = create_app(read_settings(folder, {}))
    app.testing = True
    world = World(folder, app)
    with world.writing() as session:
        record_study(session, COMMAND, world.runtime.study)
    return world
