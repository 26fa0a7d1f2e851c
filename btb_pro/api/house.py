"""The instance that a request of a machine is served by."""

from flask import current_app

from btb_pro.services.runtime import Runtime


def runtime() -> Runtime:
    """Settings, study, database and keys of the instance."""
    found = current_app.extensions["btb_pro"]
    assert isinstance(found, Runtime)
    return found
