"""Everything that a running instance knows, joined once at its start."""

from collections.abc import Mapping
from dataclasses import dataclass

from btb_pro.config import Settings
from btb_pro.db import Database
from btb_pro.instruments.catalogue import load_instruments
from btb_pro.instruments.model import Instrument
from btb_pro.links import LinkSigner
from btb_pro.security import Sealer
from btb_pro.study import Study
from btb_pro.study_file import read_study


@dataclass(frozen=True, slots=True)
class Runtime:
    """Settings, study, instruments, database and keys of one instance."""

    settings: Settings
    study: Study
    instruments: Mapping[str, Instrument]
    database: Database
    links: LinkSigner
    sealer: Sealer


def open_runtime(settings: Settings) -> Runtime:
    """Read the study and the instruments, open the database, take up the keys.

    Raises:
        StudyFileError: the study file has mistakes.
        InstrumentFileError: an instrument has mistakes.
        DatabaseUnreachable: the database cannot be opened.
    """
    instruments = load_instruments()
    study = read_study(settings.study_file, instruments)
    database = Database(settings.database_url)
    database.check()
    return Runtime(
        settings=settings,
        study=study,
        instruments=instruments,
        database=database,
        links=LinkSigner(settings.link_keys, study.code),
        sealer=Sealer(settings.contact_keys),
    )
