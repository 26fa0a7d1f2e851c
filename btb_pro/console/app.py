"""Registering the staff's face."""

from functools import cache
from pathlib import Path
from urllib.parse import urlencode

from flask import Flask, current_app, g, request, url_for
from flask_babel import get_locale

from btb_pro.assets import read_assets
from btb_pro.config import Settings
from btb_pro.console import gate, listing, signing_in, today, wishes
from btb_pro.console.blueprint import console
from btb_pro.console.desk import runtime
from btb_pro.i18n import LANGUAGE_NAMES
from btb_pro.roles import Permission

VIEWS = (gate, signing_in, today, listing, wishes)
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
        "same_page_in": _same_page_in,
        "study_name": study.name[language],
        "is_test": study.allow_unapproved_wording,
        "signed_in": g.get("signed_in"),
        "Permission": Permission,
        "style_sheet": url_for("static", filename=_style_sheet(current_app.static_folder or "")),
    }


def _same_page_in(language: str) -> str:
    """The address of this page in another language, with its search and filters."""
    return "?" + urlencode(
        [*((k, v) for k, v in request.args.items(multi=True) if k != "lang"), ("lang", language)]
    )


@cache
def _style_sheet(static_folder: str) -> str:
    return read_assets(Path(static_folder)).console_style_sheet
