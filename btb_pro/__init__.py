"""btb_pro: questionnaire answers from a participant's phone into the trial's database."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from btb_pro.config import Settings


def create_app(settings: "Settings | None" = None) -> "Flask":
    """The application of one instance: it joins everything and holds nothing.

    The imports stand in here so that a statistician who imports an instrument does not load a web server.

    Raises:
        SettingError, StudyFileError, InstrumentFileError, DatabaseUnreachable: what is wrong, in a sentence.
    """
    from btb_pro.api.app import register_api
    from btb_pro.cli.commands import Commands
    from btb_pro.config import read_settings
    from btb_pro.console.app import register_console
    from btb_pro.participant.app import register_participant
    from btb_pro.services.opening import open_runtime
    from btb_pro.web import App, prepare_web

    settings = read_settings() if settings is None else settings
    app = App(__name__, instance_path=str(settings.instance))
    app.extensions["btb_pro"] = open_runtime(settings)
    prepare_web(app, settings)
    register_participant(app)
    register_console(app, settings)
    register_api(app)
    app.cli = Commands()
    return app
