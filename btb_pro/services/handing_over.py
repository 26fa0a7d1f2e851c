"""Handing a claimed message to the server of its channel."""

import hashlib
import hmac
from dataclasses import dataclass

from btb_pro import clock
from btb_pro.config import host_of
from btb_pro.messaging.email import Mail, MailRefused, make_message, send_mail
from btb_pro.messaging.gateway_templates import GatewayTemplate, read_gateway_template
from btb_pro.messaging.outcome import Fate, Outcome
from btb_pro.messaging.sms import Sms, send_sms
from btb_pro.refusals import PlainRefusal
from btb_pro.services.runtime import Runtime
from btb_pro.services.sending import Claim

HOOK = "/hooks/sms"
"""Where gateways report to; a key follows."""


class NothingToSendBy(PlainRefusal):
    """Messages cannot be sent from this instance. One sentence that names the settings."""


@dataclass(frozen=True, slots=True)
class Servers:
    """What messages leave by, ready for use."""

    template: GatewayTemplate | None


def require_servers(runtime: Runtime) -> Servers:
    """The servers of an instance.

    Raises:
        NothingToSendBy: none is set; or the study is a test and one of them is not on this machine.
        GatewayTemplateRefused: the gateway's template cannot be used.
    """
    settings = runtime.settings
    mail, sms = settings.mail_server, settings.sms_gateway
    if mail is None and sms is None:
        raise NothingToSendBy("Set BTB_SMTP_URL or BTB_SMS_URL first: nothing can be sent by either.")
    if runtime.study.allow_unapproved_wording:
        for name, server in (("BTB_SMTP_URL", mail), ("BTB_SMS_URL", sms)):
            if server is not None and not server.is_here:
                raise NothingToSendBy(
                    "The study file allows unapproved wordings, so this is a test, which writes to nobody: "
                    f"{name} must name a server on this machine."
                )
    template = read_gateway_template(sms.template, settings.instance) if sms else None
    return Servers(template)


def hand_over(runtime: Runtime, servers: Servers, claim: Claim) -> Outcome:
    """Send a claimed message and say what became of it."""
    if claim.outgoing is None:
        return Outcome(Fate.REFUSED, "kind_unknown")
    if claim.channel == "email":
        return _mail(runtime, claim)
    return _sms(runtime, servers, claim)


def message_id(runtime: Runtime, number: int, once_key: str) -> str:
    """The Message-ID of a message: the same however often it is tried, and of this message alone.

    Nobody else can guess it: a bounce names it, and anybody can write one.
    """
    key = runtime.settings.secret_keys[0].encode()
    named = f"btb_pro.message_id\n{runtime.study.code}/{once_key}"
    mark = hmac.new(key, named.encode(), hashlib.sha256).hexdigest()[:24]
    return f"<{number}.{mark}@{host_of(runtime.settings.base_url)}>"


def reference(runtime: Runtime, number: int) -> str:
    """What we call a message towards a gateway."""
    return f"{runtime.study.code}-{number}"


def _mail(runtime: Runtime, claim: Claim) -> Outcome:
    server, outgoing = runtime.settings.mail_server, claim.outgoing
    if server is None or outgoing is None:
        return Outcome(Fate.REFUSED, "channel_off")
    mail = Mail(
        to=outgoing.address,
        subject=outgoing.written.subject,
        text=outgoing.written.text,
        html=outgoing.written.html,
        language=claim.language,
        message_id=message_id(runtime, claim.message_id, claim.once_key),
        made_at=clock.now(),
        unsubscribe=outgoing.stop_link,
    )
    try:
        message = make_message(mail, runtime.settings.mail_from)
    except MailRefused:
        return Outcome(Fate.REFUSED, "address_refused")
    return send_mail(server, message)


def _sms(runtime: Runtime, servers: Servers, claim: Claim) -> Outcome:
    settings, outgoing = runtime.settings, claim.outgoing
    if settings.sms_gateway is None or servers.template is None or outgoing is None:
        return Outcome(Fate.REFUSED, "channel_off")
    key = settings.hook_keys[0] if settings.hook_keys else ""
    sms = Sms(
        to=outgoing.address,
        text=outgoing.written.sms,
        reference=reference(runtime, claim.message_id),
        callback=f"{settings.base_url}{HOOK}/{key}" if key else "",
    )
    return send_sms(settings.sms_gateway, servers.template, settings.sms_from, sms)
