"""A small made-up study on a real database, answered by the real services at instants that a test sets."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from btb_pro import clock
from btb_pro.config import Settings
from btb_pro.db import Database
from btb_pro.exports.formats import ExportFormat
from btb_pro.instruments.catalogue import load_instruments
from btb_pro.instruments.model import Instrument, Item
from btb_pro.links import LinkSigner
from btb_pro.security import Sealer
from btb_pro.services.answers import PageSave, save_page
from btb_pro.services.audit import Actor, Context
from btb_pro.services.exporting import ExportOrder, ExportSummary, take_csv_export, take_export
from btb_pro.services.invitations import issue_invitation
from btb_pro.services.participant_checks import NewParticipant
from btb_pro.services.participants import add_participant
from btb_pro.services.runtime import Runtime
from btb_pro.services.sessions import find_session, look_up, participant_actor, start_session
from btb_pro.services.studies import record_study
from btb_pro.services.submission import submit_visit
from btb_pro.study_file import PACKAGED_STUDY, read_study
from tests.support.engines import EngineName, drop_database, kept_copy, migrated_database, put_back

MADE_UP_STUDY = Path(__file__).parents[1] / "golden" / "csv"
COMMAND = Context(Actor("command", "tester"))
PHONE = "+47 900 00 123"
EMAIL = "kari.nordmann@hospital.example"
FIRST_INSTANT = datetime(2026, 3, 27, 10, 0, tzinfo=UTC)


@dataclass
class ExportWorld:
    """A study with its own clock. Each verb takes a second, so that no two events share an instant."""

    runtime: Runtime
    now: datetime = FIRST_INSTANT
    started: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    """Study number and visit to the last session's handle and secret."""
    public_ids: list[str] = field(default_factory=list)
    saves: int = 0

    def go_to(self, text: str) -> None:
        """Set the clock."""
        self.now = datetime.fromisoformat(text)

    @contextmanager
    def _second(self) -> Iterator[None]:
        self.now += timedelta(seconds=1)
        with clock.at(self.now):
            yield

    def add(self, study_number: str, site: str = "north", day0: str = "2026-03-27") -> None:
        """Add a participant with contact details."""
        new = NewParticipant(study_number, site, email=EMAIL, phone=PHONE, day0=day0)
        with self._second(), self.runtime.database.writing() as session:
            add_participant(session, COMMAND, self.runtime, new)
            session.commit()

    def invite(self, study_number: str, visit: str = "start", *, replace: bool = False) -> None:
        """Make a link, where there is none that lives or it is to be replaced."""
        with self._second(), self.runtime.database.writing() as session:
            issue_invitation(session, COMMAND, self.runtime, study_number, visit, replace=replace)
            session.commit()

    def start(
        self, study_number: str, visit: str = "start", language: str = "nb", mode: str = "own_phone"
    ) -> None:
        """Open a session from the visit's live link, made where there is none."""
        with self._second(), self.runtime.database.writing() as session:
            invitation = issue_invitation(session, COMMAND, self.runtime, study_number, visit)
            session.flush()
            link = look_up(session, invitation.public_id)
            assert link is not None
            actor = Context(participant_actor(link.participant))
            opened, secret = start_session(session, actor, link, language, mode)
            session.flush()
            self.started[study_number, visit] = (opened.handle, secret)
            self.public_ids.append(invitation.public_id)
            session.commit()

    def save(
        self,
        study_number: str,
        values: Mapping[str, str | None] | None = None,
        *,
        visit: str = "start",
        instrument: str = "weather",
        language: str = "nb",
        items: tuple[str, ...] = (),
        decline: str = "",
        clear: str = "",
        passes_on: bool = False,
        shown_at: datetime | None = None,
        device_at: str | None = None,
    ) -> bool:
        """Save a page: by default the items that `values` name; `items` name a whole page."""
        asked = self.runtime.instruments[instrument]
        self.saves += 1
        save = PageSave(
            instrument=asked,
            items=_items(asked, {*(values or ()), *items, decline, clear}),
            values=values or {},
            client_key=f"key-{self.saves}",
            language=language,
            shown_at=shown_at,
            device_at=device_at,
            decline=_item(asked, decline),
            clear=_item(asked, clear),
            passes_on=passes_on,
        )
        with self._second(), self.runtime.database.writing() as session:
            answering = find_session(session, *self.started[study_number, visit])
            assert answering is not None
            is_written = save_page(
                session, Context(participant_actor(answering.participant)), self.runtime, answering, save
            )
            session.commit()
        return is_written

    def submit(self, study_number: str, visit: str = "start") -> None:
        """Send a visit in."""
        with self._second(), self.runtime.database.writing() as session:
            answering = find_session(session, *self.started[study_number, visit])
            assert answering is not None
            actor = Context(participant_actor(answering.participant))
            submit_visit(session, actor, self.runtime, answering)
            session.commit()

    def export(
        self,
        out: Path,
        *,
        visits: tuple[str, ...] = (),
        sites: tuple[str, ...] = (),
        until: str | None = None,
        submitted_only: bool = False,
    ) -> ExportSummary:
        """Take a CSV export."""
        with self._second():
            return take_csv_export(
                self.runtime,
                COMMAND,
                out,
                visits=visits,
                sites=sites,
                until=until,
                submitted_only=submitted_only,
            )

    def take(self, file_format: ExportFormat, out: Path, **order: Any) -> ExportSummary:
        """Take an export in any format; `order` is `ExportOrder`'s."""
        with self._second():
            return take_export(self.runtime, COMMAND, file_format, out, ExportOrder(**order))

    def close(self) -> None:
        """Let go of the database."""
        self.runtime.database.close()
        drop_database(self.runtime.settings.database_url)


def make_export_world(
    folder: Path,
    study: Path | None = MADE_UP_STUDY,
    *,
    engine: EngineName | None = None,
    database_url: str = "",
) -> ExportWorld:
    """The study and instruments of a folder, or the packaged ones, on a new database or the one named."""
    folder.mkdir(parents=True, exist_ok=True)
    instruments = load_instruments(study)
    study_file = study / "study.toml" if study else _packaged_study(folder)
    settings = Settings(
        instance=folder,
        database_url=database_url or migrated_database(folder, engine),
        base_url="http://localhost",
        secret_keys=("s" * 32,),
        link_keys=("l" * 32,),
        contact_keys=("c" * 32,),
        trusted_hosts=(),
        proxy_hops=0,
        study_file=study_file,
    )
    runtime = Runtime(
        settings=settings,
        study=read_study(settings.study_file, instruments),
        instruments=instruments,
        database=Database(settings.database_url),
        links=LinkSigner(settings.link_keys, "outside"),
        sealer=Sealer(settings.contact_keys),
    )
    with clock.at(FIRST_INSTANT), runtime.database.writing() as session:
        record_study(session, COMMAND, runtime.study)
        session.commit()
    return ExportWorld(runtime)


def _packaged_study(folder: Path) -> Path:
    text = PACKAGED_STUDY.read_text(encoding="utf-8")
    path = folder / "study.toml"
    path.write_text(text.replace("unapproved_wording = false", "unapproved_wording = true"), encoding="utf-8")
    return path


@contextmanager
def told_world(folder: Path, *, engine: EngineName | None = None) -> Iterator[ExportWorld]:
    """The made-up study with its whole story, closed at the end of the block."""
    made = make_export_world(folder, engine=engine)
    tell_story_once(made)
    # As in a server that runs, the database is open: what becomes of a full disk afterwards is the export's.
    made.runtime.database.check()
    try:
        yield made
    finally:
        made.close()


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of an export."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def tell_story(world: ExportWorld) -> None:
    """Four participants: one who sends in and comes back, one whose link expires, one who sends in nothing,
    and one who never opens the link.
    """
    for number, site in (("N-002", "north"), ("N-001", "north"), ("S-001", "south"), ("S-002", "south")):
        world.add(number, site)
    _tell_of_the_one_who_comes_back(world)
    _tell_of_the_one_who_stops(world)
    world.start("S-001", language="en")
    world.submit("S-001")
    world.invite("S-002")
    world.go_to("2026-04-01T09:00:00+00:00")
    world.start("N-001", "later")
    world.save("N-001", {"rain": "0", "wind": "1"}, visit="later")


_told: dict[EngineName, tuple[str, ExportWorld]] = {}
"""The database with the whole story, told once a process and engine, and what its world knew then."""


def tell_story_once(world: ExportWorld) -> None:
    """The whole story in a world that holds nothing yet: told once a process and engine, else copied."""
    database, url = world.runtime.database, world.runtime.settings.database_url
    engine = EngineName(database.engine.name)
    if engine not in _told:
        tell_story(world)
        database.close()
        as_told = replace(world, started={**world.started}, public_ids=[*world.public_ids])
        _told[engine] = kept_copy(url), as_told
        return
    kept, as_told = _told[engine]
    database.close()
    put_back(url, kept)
    world.now, world.saves = as_told.now, as_told.saves
    world.started, world.public_ids = {**as_told.started}, [*as_told.public_ids]


def _tell_of_the_one_who_comes_back(world: ExportWorld) -> None:
    world.start("N-001")
    shown_at = world.now
    world.save(
        "N-001",
        {"rain": "2", "rain_days": "3"},
        shown_at=shown_at,
        device_at="2026-03-27T11:00:09+01:00",
    )
    world.save("N-001", {"rain": "1"}, device_at="2026-03-27T11:00:12+01:00")
    world.save("N-001", {"wind": "0", "mood": "2"})
    world.save(
        "N-001", {"clothes": "coat other", "clothes_other": '=1+1, "hat"\nand;tie'}, instrument="walks"
    )
    world.start("N-001", language="en")
    world.save("N-001", {"dog": "0", "since_years": "2"}, instrument="walks", language="en")
    world.save("N-001", {"wind": "0"}, language="en")
    world.save(
        "N-001",
        {"helped_tea": "1", "helped_other": "2", "helped_other_text": "Æ Ø Å 🙂"},
        instrument="walks",
        language="en",
    )
    world.save("N-001", instrument="walks", language="en", decline="words")
    world.submit("N-001")


def _tell_of_the_one_who_stops(world: ExportWorld) -> None:
    world.start("N-002", mode="clinic_tablet")
    world.save("N-002", {"rain": "0"}, items=("rain", "wind"), passes_on=True)
    world.save("N-002", {"clothes": "boots"}, instrument="walks")
    world.save("N-002", {"clothes": None}, instrument="walks")


def _items(instrument: Instrument, codes: set[str]) -> tuple[Item, ...]:
    return tuple(
        item
        for item in instrument.items
        if item.code in codes or any(one.code in codes for one in item.fields)
    )


def _item(instrument: Instrument, code: str) -> Item | None:
    return next((item for item in instrument.items if item.code == code), None)
