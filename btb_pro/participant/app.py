"""Registering the participant's face."""

from pathlib import Path

from flask import Flask, g, request, url_for
from flask_babel import get_locale
from markupsafe import Markup

from btb_pro.assets import read_assets
from btb_pro.i18n import LANGUAGE_NAMES
from btb_pro.participant import (
    dead_ends,
    items,
    leaving,
    link_requests,
    memory,
    mistakes,
    parts,
    review,
    second_step,
    start,
    taps,
    typed_codes,
)
from btb_pro.participant.visitor import Access, access, participant
from btb_pro.participant.words import last_day_in_words, time_in_words
from btb_pro.this_request import is_halted, runtime
from btb_pro.web import ErrorPages, add_error_pages

VIEWS = (
    start,
    typed_codes,
    second_step,
    parts,
    items,
    memory,
    taps,
    review,
    mistakes,
    link_requests,
    leaving,
    dead_ends,
)
"""The modules whose routes hang on the blueprint; named here so that importing this one is enough."""


def register_participant(app: Flask) -> None:
    """Hang the participant's pages into the app, and give their templates what every page shows."""
    # Each route declares its own rule beside its address; the style sheet is for anyone.
    app.view_functions["static"] = access(Access.ANYONE)(app.view_functions["static"])
    app.register_blueprint(participant)
    add_error_pages(app, "", ErrorPages(dead_ends.http_error, dead_ends.unexpected))
    assets = read_assets(Path(app.static_folder or ""))
    # The build's own text, which holds nothing of anybody.
    first_page_style = Markup(assets.first_page_style)

    @app.context_processor
    def on_every_page() -> dict[str, object]:
        house = runtime()
        language = str(get_locale())
        sites = house.study.sites
        site_code = g.get("site_code", "")
        site = house.study.site(site_code) if site_code in {one.code for one in sites} else None
        return {
            "language": language,
            "other_languages": [
                (code, LANGUAGE_NAMES[code]) for code in house.study.languages if code != language
            ],
            "study_name": house.study.name[language],
            "asker": house.study.asker,
            "site": site,
            "sites": sites,
            "privacy_url": house.study.privacy_url[language],
            "accessibility_url": house.study.accessibility_url[language],
            "is_halted": is_halted(house),
            "is_test": house.study.allow_unapproved_wording,
            "style_sheet": url_for("static", filename=assets.style_sheet),
            "script": url_for("static", filename=assets.script),
            "first_page_style": "" if _is_in_session() else first_page_style,
            "last_day": last_day_in_words,
            "local_time": time_in_words,
        }


def _is_in_session() -> bool:
    """Whether the browser is past Start, where it has the whole style sheet already or needs it next."""
    return "handle" in (request.view_args or {})
