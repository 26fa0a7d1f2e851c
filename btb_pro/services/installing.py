"""Setting up an instance: its folder, settings, keys, study file and database."""

from dataclasses import dataclass
from pathlib import Path

from btb_pro.config import (
    SETTINGS_FILE,
    Settings,
    add_settings,
    host_of,
    read_settings,
    stated_settings,
)
from btb_pro.db import Database, private_files
from btb_pro.instruments.catalogue import load_instruments
from btb_pro.migrate import newest_revision
from btb_pro.refusals import PlainRefusal
from btb_pro.security import new_key
from btb_pro.services.audit import Actor, Context, Tag, step
from btb_pro.services.backup_files import new_backup_key
from btb_pro.services.studies import record_study
from btb_pro.services.told_tables import take_in_older_rows
from btb_pro.services.upgrading import Upgrade, upgrade_safely
from btb_pro.services.verification import verify
from btb_pro.study import Study
from btb_pro.study_file import PACKAGED_STUDY, read_study

LOCAL_ADDRESS = "http://127.0.0.1:8000"
_KEYS = ("BTB_SECRET_KEYS", "BTB_LINK_KEYS", "BTB_CONTACT_KEYS")


class InstallRefused(PlainRefusal):
    """The instance is set up in another way than asked for. The message says which and what to do."""


@dataclass(frozen=True, slots=True)
class Installation:
    """An instance that is ready, and what had to be made for it."""

    settings: Settings
    study: Study
    made: tuple[str, ...]
    """In words, in the order they were made; empty when all was there."""
    upgraded: Upgrade | None = None


def install(instance: Path, actor: Actor, base_url: str | None = None) -> Installation:
    """Make what an instance lacks, migrate its database, record its study file; what is there stays.

    `base_url` is for production and in https.

    Raises:
        InstallRefused: the instance has another base URL than the one asked for.
        SettingError: a setting that is there is wrong.
        StudyFileError: the study file that is there has mistakes.
        DatabaseUnreachable: the database cannot be opened.
        OSError: the folder cannot be written.
    """
    private_files()
    stated = stated_settings(instance)
    _refuse_other_address(instance, stated, base_url)
    fresh = {name: value for name, value in _wanted(base_url).items() if not stated.get(name)}
    settings = read_settings(instance, stated | fresh)
    made = []
    if not instance.exists():
        instance.mkdir(mode=0o700, parents=True)
        made.append(f"the folder {instance}")
    if fresh:
        add_settings(instance, fresh)
        made.append(f"{instance / SETTINGS_FILE} with {', '.join(fresh)}")
    if settings.study_file == instance / "study.toml" and not settings.study_file.exists():
        settings.study_file.write_bytes(PACKAGED_STUDY.read_bytes())
        made.append(f"{settings.study_file}, the packaged study")
    study = read_study(settings.study_file, load_instruments())
    upgraded = prepare_database(settings, study, actor)
    return Installation(settings, study, tuple(made), upgraded)


def prepare_database(settings: Settings, study: Study, actor: Actor) -> Upgrade | None:
    """Bring the database to the newest schema, record the study file in it; what was upgraded, if it was.

    Raises:
        DatabaseUnreachable: it cannot be opened.
        UpgradeRefused: it cannot be copied first, or something would be lost; nothing was changed.
        ChainBroken: the schema is new, but the trail does not tell what is there.
    """
    database = Database(settings.database_url)
    try:
        database.check()
        upgraded = upgrade_safely(settings, database, study.code)
        with database.writing() as session:
            context = Context(actor, study_version=study.version)
            take_in_older_rows(session, context)
            record_study(session, context, study)
            if upgraded is not None:
                with step(session, context, Tag.DATABASE_UPGRADE) as event:
                    event.change("database", "schema", "revision", upgraded.from_revision, newest_revision())
                    event.change("backup", upgraded.kept.name, "sha256", None, upgraded.kept_sha256)
                verify(session)
            session.commit()
    finally:
        database.close()
    return upgraded


def _wanted(base_url: str | None) -> dict[str, str]:
    settings = {"BTB_BASE_URL": base_url or LOCAL_ADDRESS}
    if base_url:
        settings["BTB_TRUSTED_HOSTS"] = host_of(base_url)
    return settings | {name: new_key() for name in _KEYS} | {"BTB_BACKUP_KEY": new_backup_key()}


def _refuse_other_address(instance: Path, stated: dict[str, str], base_url: str | None) -> None:
    there = stated.get("BTB_BASE_URL", "")
    if base_url and there and there.rstrip("/") != base_url.rstrip("/"):
        raise InstallRefused(
            f"This instance is set up for {there}. To move it to {base_url}, change BTB_BASE_URL and "
            f"BTB_TRUSTED_HOSTS in {instance / SETTINGS_FILE}."
        )
