"""Registering what machines may call."""

from flask import Flask

from btb_pro.api import about, exports, gate, hooks, invitations, participants
from btb_pro.api.blueprint import api, v1
from btb_pro.api.errors import failed, refused
from btb_pro.api.health import health
from btb_pro.web import ErrorPages, add_error_pages

VIEWS = (about, exports, gate, hooks, invitations, participants)
"""The modules whose routes hang on the blueprints."""


def register_api(app: Flask) -> None:
    """Hang the API, the hooks and the load balancer's questions into the app."""
    app.register_blueprint(api)
    app.register_blueprint(v1)
    app.register_blueprint(health)
    add_error_pages(app, "/api", ErrorPages(refused, failed))
