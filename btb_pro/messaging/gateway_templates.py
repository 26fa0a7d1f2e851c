"""What an SMS gateway wants to hear and what it answers, as a file: ours, or one of the hospital's own."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from btb_pro.messaging.outcome import Fate
from btb_pro.refusals import PlainRefusal

OWN_FOLDER = "sms_gateways"
"""In the instance's folder: templates beside the packaged ones, and before them."""
PACKAGED = Path(str(files("btb_pro.messaging").joinpath("gateways")))
_CONTENT_TYPES = ("application/json", "application/x-www-form-urlencoded", "text/xml")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")

Fields = Mapping[str, "str | list[str]"]


class GatewayTemplateRefused(PlainRefusal):
    """A gateway's template is missing or cannot be used. One sentence that names it and BTB_SMS_URL."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that says no: what it looks like, whether for good, and our code for why."""

    pattern: re.Pattern[str]
    fate: Fate
    reason: str


@dataclass(frozen=True, slots=True)
class ReportWords:
    """What a gateway's delivery report calls things."""

    id: str
    state: str
    delivered: frozenset[str]
    failed: Mapping[str, str]
    """State to our code for the reason."""
    id_until: str = ""
    """What follows the id in it, such as the number of a part."""
    reference: str = ""
    """The field that repeats our own name of the message, if it has one."""
    detail: str = ""
    """A field that says more than the state."""
    details: Mapping[str, str] | None = None
    answer: str = "OK"
    """What the gateway wants to hear when a report was taken."""


@dataclass(frozen=True, slots=True)
class GatewayTemplate:
    """How one kind of gateway is spoken to. Values are put in for ``{user}`` and the like."""

    name: str
    content_type: str
    encoding: str
    has_basic_login: bool
    fields: Fields
    body: str
    accepted: re.Pattern[str]
    id: re.Pattern[str]
    refusals: tuple[Refusal, ...]
    report: ReportWords | None


def read_gateway_template(name: str, instance: Path | None = None) -> GatewayTemplate:
    """The template of a name: the instance's own, else the packaged one.

    Raises:
        GatewayTemplateRefused: there is none of that name, or it cannot be used.
    """
    folders = [PACKAGED] if instance is None else [instance / OWN_FOLDER, PACKAGED]
    for folder in folders:
        path = folder / f"{name}.toml"
        if path.is_file():
            return _read(name, path)
    known = sorted({path.stem for folder in folders for path in folder.glob("*.toml")})
    raise GatewayTemplateRefused(
        f"BTB_SMS_URL names the gateway {name!r}, which has no template: use one of {', '.join(known)}, "
        f"or put {name}.toml into {OWN_FOLDER} in the instance's folder."
    )


def filled_in(text: str, values: Mapping[str, str]) -> str:
    """A text of a template with its placeholders filled in; one without a value becomes nothing."""
    return _PLACEHOLDER.sub(lambda found: values.get(found.group(1), ""), text)


def provider_id(template: GatewayTemplate, number: str) -> str:
    """A gateway's number of a message, told apart from other gateways'."""
    return f"{template.name}:{number}"[:120]


def _read(name: str, path: Path) -> GatewayTemplate:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        request, reply = content["request"], content["reply"]
        template = GatewayTemplate(
            name=name,
            content_type=request["content_type"],
            encoding=request.get("encoding", "utf-8"),
            has_basic_login=request.get("authorization", "") == "basic",
            fields=request.get("fields", {}),
            body=request.get("body", ""),
            accepted=re.compile(reply["accepted"], re.DOTALL),
            id=re.compile(reply["id"]),
            refusals=tuple(
                Refusal(re.compile(one["match"]), Fate(one["fate"]), one["reason"])
                for one in reply.get("refused", [])
            ),
            report=_report(content["report"]) if "report" in content else None,
        )
        "".encode(template.encoding)
    except (OSError, ValueError, KeyError, TypeError, LookupError, re.error) as error:
        raise GatewayTemplateRefused(
            f"BTB_SMS_URL names a gateway whose template {path} cannot be used ({error})."
        ) from error
    if template.content_type not in _CONTENT_TYPES or bool(template.fields) == bool(template.body):
        raise GatewayTemplateRefused(
            f"BTB_SMS_URL names a gateway whose template {path} cannot be used: it needs a "
            f"content_type out of {', '.join(_CONTENT_TYPES)}, and either fields or a body."
        )
    return template


def _report(table: Mapping[str, object]) -> ReportWords:
    values = dict(table)
    delivered = values.pop("delivered")
    if not isinstance(delivered, list):
        raise TypeError("report.delivered must be a list")
    return ReportWords(delivered=frozenset(map(str, delivered)), **values)  # type: ignore[arg-type]  # as read
