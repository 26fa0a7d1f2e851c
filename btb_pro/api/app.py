"""Registering what machines may call."""

from flask import Flask

from btb_pro.api import hooks
from btb_pro.api.blueprint import api
from btb_pro.api.health import health

VIEWS = (hooks,)
"""The modules whose routes hang on the blueprint."""


def register_api(app: Flask) -> None:
    """Hang the hooks and the load balancer's questions into the app."""
    app.register_blueprint(api)
    app.register_blueprint(health)
