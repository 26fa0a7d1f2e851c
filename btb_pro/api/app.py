"""Registering what machines may call."""

from flask import Flask

from btb_pro.api import hooks
from btb_pro.api.blueprint import api

VIEWS = (hooks,)
"""The modules whose routes hang on the blueprint."""


def register_api(app: Flask) -> None:
    """Hang the hooks into the app."""
    app.register_blueprint(api)
