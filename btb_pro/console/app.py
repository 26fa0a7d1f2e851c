"""Registering the staff's face."""

from flask import Flask

from btb_pro.config import Settings
from btb_pro.console import (
    account,
    answers_page,
    api_keys,
    certified_copy,
    code_book,
    confirming,
    correction_asking,
    corrections,
    errors,
    export_asking,
    export_history,
    gate,
    inviting_due,
    inviting_one,
    jobs,
    layout,
    letter_jobs,
    letters,
    listing,
    messages,
    paper_entry,
    participant_adding,
    participant_changing,
    participant_importing,
    participant_moving,
    participant_page,
    quality,
    reminding,
    safety,
    signing_in,
    staff,
    today,
    welcome,
    wishes,
    worth_a_look,
)
from btb_pro.console.desk import console
from btb_pro.web import ErrorPages, add_error_pages

VIEWS = (
    account,
    answers_page,
    api_keys,
    certified_copy,
    code_book,
    confirming,
    correction_asking,
    corrections,
    export_asking,
    export_history,
    gate,
    inviting_due,
    inviting_one,
    jobs,
    layout,
    letter_jobs,
    letters,
    listing,
    messages,
    paper_entry,
    participant_adding,
    participant_changing,
    participant_importing,
    participant_moving,
    participant_page,
    quality,
    reminding,
    safety,
    signing_in,
    staff,
    today,
    welcome,
    wishes,
    worth_a_look,
)
"""The modules whose routes hang on the blueprint; named here so that importing this one is enough."""


def register_console(app: Flask, settings: Settings) -> None:
    """Hang the staff's pages into the app, and give their templates what every page shows."""
    gate.prepare_gate(app, settings)
    app.register_blueprint(console)
    add_error_pages(app, "/console", ErrorPages(errors.refused, errors.failed))
