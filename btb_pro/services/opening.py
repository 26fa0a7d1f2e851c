"""Opening an instance: reading its files, its keys and its database."""

from btb_pro.config import Settings
from btb_pro.damage import DamageNote
from btb_pro.db import Database
from btb_pro.instruments.catalogue import load_instruments
from btb_pro.instruments.problems import InstrumentFileError
from btb_pro.links import LinkSigner
from btb_pro.messaging.gateway_templates import read_gateway_template
from btb_pro.refusals import PlainRefusal
from btb_pro.security import Sealer
from btb_pro.services.runtime import Runtime
from btb_pro.study_file import read_study


class InstrumentsRefused(PlainRefusal):
    """An instrument file has mistakes. The message tells each."""


def open_runtime(settings: Settings) -> Runtime:
    """Read the study and the instruments, open the database, take up the keys.

    Raises:
        StudyFileError: the study file has mistakes.
        InstrumentsRefused: an instrument has mistakes.
        GatewayTemplateRefused: BTB_SMS_URL names a gateway that has no usable template.
        DatabaseUnreachable, DatabaseSortsOtherwise: the database cannot be opened or used.
    """
    database = Database(settings.database_url, DamageNote(settings.instance, settings.database_url))
    try:
        runtime = runtime_on(settings, database)
        database.check()
    except PlainRefusal:
        database.close()
        raise
    return runtime


def runtime_on(settings: Settings, database: Database) -> Runtime:
    """The same on a database that somebody else opened, such as a copy.

    Raises:
        StudyFileError, InstrumentsRefused, GatewayTemplateRefused: as for `open_runtime`.
    """
    if settings.sms_gateway is not None:
        read_gateway_template(settings.sms_gateway.template, settings.instance)
    try:
        instruments = load_instruments()
    except InstrumentFileError as error:
        raise InstrumentsRefused(str(error)) from error
    study = read_study(settings.study_file, instruments)
    return Runtime(
        settings=settings,
        study=study,
        instruments=instruments,
        database=database,
        links=LinkSigner(settings.link_keys, study.code),
        sealer=Sealer(settings.contact_keys),
    )
