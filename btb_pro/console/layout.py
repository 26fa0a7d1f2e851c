"""What the layout of the console shows on every page."""

from functools import cache
from pathlib import Path
from urllib.parse import urlencode

from flask import current_app, g, request, url_for
from flask_babel import format_date, format_datetime, get_locale

from btb_pro.assets import Assets, read_assets
from btb_pro.console import message_words
from btb_pro.console.desk import console
from btb_pro.console.forms import ConsoleForm
from btb_pro.console.staff_words import role_name
from btb_pro.i18n import LANGUAGE_NAMES
from btb_pro.roles import Permission
from btb_pro.this_request import is_halted, runtime


@console.context_processor
def on_every_page() -> dict[str, object]:
    """What the layout of the console shows."""
    language = str(get_locale())
    study = runtime().study
    person = g.get("signed_in")
    return {
        "language": language,
        "other_languages": [(code, LANGUAGE_NAMES[code]) for code in study.languages if code != language],
        "study_name": study.name[language],
        "is_halted": is_halted(runtime()),
        "is_test": study.allow_unapproved_wording,
        "signed_in": person,
        "role_of_signed_in": role_name(person.role) if person else "",
        "sign_out_form": ConsoleForm(formdata=None) if person else None,
        "address_in": address_in,
        "Permission": Permission,
        "language_names": LANGUAGE_NAMES,
        "format_date": format_date,
        "format_datetime": format_datetime,
        "site_names": {site.code: site.name for site in study.sites},
        "visit_titles": {visit.code: visit.title[language] for visit in study.visits},
        **{word.__name__: word for word in message_words.WORDS},
        "style_sheet": url_for("static", filename=_assets().console_style_sheet),
        "script": url_for("static", filename=_assets().console_script),
    }


def address_in(language: str) -> str:
    """The query that shows this page in another language, with all that it asks for beside."""
    others = [(name, value) for name, value in request.args.items(multi=True) if name != "lang"]
    return f"?{urlencode([*others, ('lang', language)])}"


def _assets() -> Assets:
    return _read(current_app.static_folder or "")


@cache
def _read(static_folder: str) -> Assets:
    return read_assets(Path(static_folder))
