"""Registering the staff's face."""

from functools import cache
from pathlib import Path

from flask import Flask, current_app, g, url_for
from flask_babel import format_date, format_datetime, get_locale

from btb_pro.assets import read_assets
from btb_pro.config import Settings
from btb_pro.console import gate, inviting_due, inviting_one, message_words, messages, signing_in, today
from btb_pro.console.blueprint import console
from btb_pro.console.desk import runtime
from btb_pro.i18n import LANGUAGE_NAMES
from btb_pro.roles import Permission

VIEWS = (gate, signing_in, today, inviting_due, inviting_one, messages)
"""The modules whose routes hang on the blueprint; named here so that importing this one is enough."""


def register_console(app: Flask, settings: Settings) -> None:
    """Hang the staff's pages into the app, and give their templates what every page shows."""
    gate.prepare_gate(app, settings)
    app.register_blueprint(console)


@console.context_processor
def on_every_page() -> dict[str, object]:
    """What the layout of the console shows."""
    language = str(get_locale())
    study = runtime().study
    return {
        "language": language,
        "other_languages": [(code, LANGUAGE_NAMES[code]) for code in study.languages if code != language],
        "study_name": study.name[language],
        "is_test": study.allow_unapproved_wording,
        "signed_in": g.get("signed_in"),
        "Permission": Permission,
        "language_names": LANGUAGE_NAMES,
        "format_date": format_date,
        "format_datetime": format_datetime,
        "site_names": {site.code: site.name for site in study.sites},
        **{word.__name__: word for word in message_words.WORDS},
        "style_sheet": url_for("static", filename=_style_sheet(current_app.static_folder or "")),
    }


@cache
def _style_sheet(static_folder: str) -> str:
    return read_assets(Path(static_folder)).console_style_sheet
