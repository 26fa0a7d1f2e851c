"""The investigator's own copy of a hospital's data, with nobody in between."""

from flask import Response, abort, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import get_locale

from btb_pro.console.desk import allow, at_desk, console
from btb_pro.console.forms import ConsoleForm, stale_notice
from btb_pro.console.scope import site_names
from btb_pro.roles import Permission
from btb_pro.services.certified_copy import copy_chunks, order_copy
from btb_pro.this_request import runtime


@console.get("/certified-copy")
@allow(Permission.TAKE_COPY)
def certified_copy() -> ResponseReturnValue:
    """What a copy is, and a button for each own hospital."""
    return _page()


@console.post("/certified-copy")
@allow(Permission.TAKE_COPY, confirmed=True)
def take_certified_copy() -> ResponseReturnValue:
    """Send the copy in a stream; that it was taken is recorded before its first byte."""
    if not ConsoleForm().is_sound():
        return _page(stale_notice()), 422
    site = request.form.get("site", "")
    with at_desk(writes=True) as desk:
        if site not in {one.code for one in desk.runtime.study.sites}:
            abort(404)
        desk.require_hospital(site)
        order = order_copy(desk.db, desk.context, site, str(get_locale()))
    headers = {"Content-Disposition": f'attachment; filename="{order.name}"'}
    return Response(copy_chunks(runtime(), order), mimetype="application/zip", headers=headers)


def _page(notice: str = "") -> str:
    with at_desk() as desk:
        sites = site_names(desk)
    form = ConsoleForm(formdata=None)
    return render_template("console/certified_copy.html", form=form, sites=sites, notice=notice)
