"""Delivery reports, as SMS gateways and mail providers post them.

The key stands in a header, or last in the path where a gateway can send no header; neither is ever logged.
"""

import hmac
from collections.abc import Callable, Mapping

from flask import abort, current_app, request
from flask.typing import ResponseReturnValue

from btb_pro.api.blueprint import Machine, allow, api
from btb_pro.messaging.gateway_templates import read_gateway_template
from btb_pro.messaging.reports import (
    Report,
    ReportUnread,
    fields_of_xml,
    read_mail_report,
    read_sms_report,
)
from btb_pro.services.audit import Actor, Context
from btb_pro.services.delivery_reports import take_report
from btb_pro.this_request import request_id, runtime

KEY_HEADER = "X-Hook-Key"
_MOST_AT_ONCE = 1000
_PLAIN = {"Content-Type": "text/plain; charset=utf-8"}


@api.before_request
def let_in() -> None:
    """Open for whoever knows a key; anybody else finds nothing here."""
    rule = getattr(current_app.view_functions[request.endpoint or ""], "access_rule", None)
    given = (request.view_args or {}).get("key") or request.headers.get(KEY_HEADER, "")
    keys = runtime().settings.hook_keys
    matches = [hmac.compare_digest(key.encode(), given.encode("utf-8", "replace")) for key in keys]
    if rule is not Machine.HOOK_KEY or not any(matches):
        abort(404)


@api.post("/sms", defaults={"key": ""})
@api.post("/sms/<key>")
@allow(Machine.HOOK_KEY)
def sms(key: str) -> ResponseReturnValue:
    """A gateway's report of one SMS, in the words of the gateway's template."""
    house = runtime()
    if house.settings.sms_gateway is None:
        abort(404)
    template = read_gateway_template(house.settings.sms_gateway.template, house.settings.instance)
    _take([_fields()], lambda fields: read_sms_report(template, fields))
    answer = template.report.answer if template.report else ""
    return answer, 200, _PLAIN


@api.post("/email", defaults={"key": ""})
@api.post("/email/<key>")
@allow(Machine.HOOK_KEY)
def email(key: str) -> ResponseReturnValue:
    """A mail provider's report in our small form, of one e-mail or of a list of them."""
    content = request.get_json(silent=True)
    listed = content if isinstance(content, list) else [content]
    if len(listed) > _MOST_AT_ONCE or not all(isinstance(one, dict) for one in listed):
        abort(400)
    _take([_texts(one) for one in listed if isinstance(one, dict)], read_mail_report)
    return "OK", 200, _PLAIN


def _take(listed: list[Mapping[str, str]], read: Callable[[Mapping[str, str]], Report | None]) -> None:
    """Record the reports. A single one of no message of ours is 404, so that it comes again later."""
    try:
        reports = [report for fields in listed if (report := read(fields)) is not None]
    except ReportUnread:
        abort(400)
    house = runtime()
    context = Context(Actor("job", "delivery report"), request_id(), house.study.version)
    with house.database.writing() as session:
        found = [take_report(session, context, house, report) for report in reports]
        session.commit()
    if len(listed) == 1 and found == [False]:
        abort(404)


def _fields() -> Mapping[str, str]:
    if request.is_json:
        content = request.get_json(silent=True)
        return _texts(content) if isinstance(content, dict) else {}
    if request.mimetype in ("text/xml", "application/xml"):
        return fields_of_xml(request.get_data(as_text=True))
    return request.form.to_dict()


def _texts(content: Mapping[str, object]) -> Mapping[str, str]:
    """Values as templates name them: ``true`` and ``1001`` are words there."""
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in content.items()
        if isinstance(value, str | int) and len(str(value)) <= 200
    }
