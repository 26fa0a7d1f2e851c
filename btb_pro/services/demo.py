"""The made-up study: built afresh at each start, on a throw-away database."""

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random

from btb_pro import clock
from btb_pro.config import SETTINGS_FILE, Settings, read_settings, write_settings
from btb_pro.db import private_files
from btb_pro.migrate import upgrade
from btb_pro.refusals import PlainRefusal
from btb_pro.security import new_key
from btb_pro.services.audit import Actor, Context
from btb_pro.services.backup_files import new_backup_key
from btb_pro.services.demo_answers import MadeUpPerson
from btb_pro.services.demo_console import CAME_BACK, DEMO_SERVERS, PERHAPS_SENT, WENT_OUT
from btb_pro.services.demo_corrections import play_corrections
from btb_pro.services.demo_staff import add_demo_staff
from btb_pro.services.demo_story import (
    DAY0,
    FOLLOW_UP_DAY0,
    Character,
    Manner,
    Role,
    Stage,
    play_all,
)
from btb_pro.services.made_requests import RequestKind
from btb_pro.services.opening import open_runtime
from btb_pro.services.runtime import Runtime
from btb_pro.services.sessions import LinkState, look_up
from btb_pro.services.studies import record_study
from btb_pro.study_file import PACKAGED_STUDY

_UNOPENED_NB, _UNOPENED_EN = 4, 3
_LEADS = (
    *[(Role.UNOPENED, "nb")] * _UNOPENED_NB,
    *[(Role.UNOPENED, "en")] * _UNOPENED_EN,
    *[(role, "nb") for role in Role if role not in (Role.UNOPENED, Role.FOLLOW_UP)],
    *[(Role.FOLLOW_UP, "nb"), (Role.FOLLOW_UP, "en")],
)
_EXTRAS = (
    Role.NOT_INVITED,
    Role.UNOPENED,
    Role.FOLLOW_UP,
    Role.FOLLOW_UP,
    Role.STARTED,
    Role.SUBMITTED,
    Role.EXPIRED,
)
FEWEST_PARTICIPANTS = len(_LEADS)
_OUTCOMES = {_UNOPENED_NB - 1: CAME_BACK, _UNOPENED_NB: PERHAPS_SENT}
"""By the place among the leads; all other messages went out."""
_WISHES = {
    Role.EXPIRED: RequestKind.NEW_LINK,
    Role.REPLACED: RequestKind.NEW_LINK,
    Role.SUBMITTED: RequestKind.MISTAKE,
    Role.HALF_WAY: RequestKind.STOP,
}
"""Of the lead of each role."""
_MANNERS = (Manner.AT_NIGHT, Manner.QUICKLY, Manner.CHANGING)
"""Of the first who send in, by the hospitals' order: so an investigator too has visits worth a look."""
_MARK = "made-up-study.lock"
_SEED = 3704363
_UNAPPROVED = "allow_unapproved_wording = "


class DemoRefused(PlainRefusal):
    """The made-up study cannot be built here. The message says why and what to do."""


@dataclass(frozen=True, slots=True)
class DemoLink:
    """A link of a made-up participant, and what it opens."""

    study_number: str
    visit: str
    language: str
    state: str
    """In words: "not opened yet", "half-way", "expired"."""
    address: str


@dataclass(frozen=True, slots=True)
class DemoStudy:
    """What was built."""

    settings: Settings
    participants: int
    links: tuple[DemoLink, ...]
    """Every one, in the order of the study numbers; a replaced one is the dead one."""
    not_invited: tuple[str, ...]
    """Study numbers of those who have no link yet."""


def demo_folder(instance: Path) -> Path:
    """Where the made-up study of an instance lies: below it, or in it when it is one itself."""
    return instance if (instance / _MARK).exists() else instance / "demo"


@contextmanager
def reserved(folder: Path) -> Iterator[None]:
    """Keep the folder for one made-up study at a time, until the block or the process ends.

    Raises:
        DemoRefused: another one runs there, or the folder holds an instance that is not made up.
    """
    private_files()
    if (folder / SETTINGS_FILE).exists() and not (folder / _MARK).exists():
        raise DemoRefused(f"{folder} holds an instance that is not made up: name another with BTB_INSTANCE.")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / _MARK).open("a") as mark:
        try:
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            sentence = f"A made-up study runs on {folder} already"
            raise DemoRefused(f"{sentence}: stop it, or name another folder with BTB_INSTANCE.") from error
        yield


def build_demo(folder: Path, base_url: str, actor: Actor, participants: int) -> DemoStudy:
    """Build the made-up study in a reserved folder; what stood there before is gone.

    The environment's settings are not looked at, so that nothing is made up in a real database.
    """
    for old in folder.glob("btb.db*"):
        old.unlink()
    keys = ("BTB_SECRET_KEYS", "BTB_LINK_KEYS", "BTB_CONTACT_KEYS")
    told = {"BTB_BASE_URL": base_url, "BTB_SECOND_FACTOR": "optional"} | DEMO_SERVERS
    write_settings(folder, told | {name: new_key() for name in keys} | {"BTB_BACKUP_KEY": new_backup_key()})
    packaged = PACKAGED_STUDY.read_text(encoding="utf-8")
    allowing = packaged.replace(f"{_UNAPPROVED}false", f"{_UNAPPROVED}true")
    (folder / "study.toml").write_text(allowing, encoding="utf-8")
    settings = read_settings(folder, environ={})
    runtime = open_runtime(settings)
    try:
        upgrade(runtime.database)
        characters = _cast(runtime, participants, clock.today())
        _fill(runtime, actor, characters)
        links = tuple(_links(runtime, characters))
    finally:
        runtime.database.close()
    not_invited = tuple(who.study_number for who in characters if not who.links)
    return DemoStudy(settings, len(characters), links, not_invited)


def _fill(runtime: Runtime, actor: Actor, characters: Sequence[Character]) -> None:
    context = Context(actor, request_id="demo", study_version=runtime.study.version)
    today = clock.today()
    beginning = clock.now() - timedelta(days=400)
    with runtime.database.writing() as session:
        with clock.at(beginning):
            record_study(session, context, runtime.study)
            add_demo_staff(session, context, runtime)
        stage = Stage(runtime, session, context)
        play_all(stage, characters, today)
        play_corrections(stage, characters, today)
        session.commit()


def _cast(runtime: Runtime, number: int, today: date) -> list[Character]:
    """The participants: first one of each kind that is printed, then a mixture; sites in turn."""
    random = Random(_SEED)
    extras = [
        (random.choice(_EXTRAS), random.choice(("nb", "nb", "nb", "en"))) for _ in range(number - len(_LEADS))
    ]
    sites = [site.code for site in runtime.study.sites]
    characters = []
    followed_up = 0
    for index, (role, language) in enumerate([*_LEADS, *extras]):
        if role is Role.FOLLOW_UP:
            day0 = FOLLOW_UP_DAY0[followed_up % len(FOLLOW_UP_DAY0)]
            followed_up += 1
        else:
            day0 = DAY0[role]
        site = index % len(sites)
        is_lead = index < len(_LEADS)
        characters.append(
            Character(
                study_number=f"{site + 1}-{index // len(sites) + 1:03d}",
                site=sites[site],
                language=language,
                role=role,
                day0=today + timedelta(days=day0),
                person=MadeUpPerson(Random(random.random()), language, burden=random.betavariate(2, 3)),
                outcome=_OUTCOMES.get(index, WENT_OUT),
                wish=_WISHES.get(role) if is_lead else None,
                is_on_paper=is_lead and role is Role.REVOKED,
            )
        )
    senders = [who for who in characters if who.role in (Role.SUBMITTED, Role.FOLLOW_UP)]
    senders.sort(key=lambda who: sites.index(who.site))
    for who, manner in zip(senders, _MANNERS, strict=False):
        who.manner = manner
    return characters


def _links(runtime: Runtime, characters: Sequence[Character]) -> Iterator[DemoLink]:
    with runtime.database.reading() as session:
        for who in characters:
            for visit, address in who.links.items():
                public_id = runtime.links.public_id(address.rpartition("/")[2])
                opened = look_up(session, public_id)
                state = _in_words(who.role, opened.state) if opened else "unknown"
                yield DemoLink(who.study_number, visit, who.language, state, address)


def _in_words(role: Role, state: LinkState) -> str:
    if state is not LinkState.OPEN:
        return state.value.replace("_", " ")
    return role.value if role in (Role.STARTED, Role.HALF_WAY) else Role.UNOPENED.value
