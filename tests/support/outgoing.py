"""An instance that sends, with people to write to and servers of this machine to send by."""

import re
from collections.abc import Sequence
from datetime import datetime
from email.message import EmailMessage

from sqlalchemy import select

from btb_pro import clock, create_app
from btb_pro.config import add_settings, read_settings
from btb_pro.models.message import Message
from btb_pro.services.handing_over import require_servers
from btb_pro.services.inviting import invite_participant
from btb_pro.services.worker import Done, Worker
from tests.support.world import COMMAND, World

NOON = datetime(2026, 3, 10, 12, tzinfo=clock.OSLO)
"""A Tuesday, outside the quiet hours."""
_LINK = re.compile(r"http://localhost(/s/[\w-]{22}\.[\w-]{22})(?!/)\b")


def set_servers(world: World, **settings: str) -> World:
    """Give an instance the servers that it sends by, and open it anew."""
    add_settings(world.folder, settings)
    world.runtime.database.close()
    world.app = create_app(read_settings(world.folder, {}))
    world.app.testing = True
    return world


def mailing(world: World, smtp_url: str, **more: str) -> World:
    """An instance that sends e-mail."""
    return set_servers(world, BTB_SMTP_URL=smtp_url, BTB_MAIL_FROM="Studien <post@sykehus.example>", **more)


def texting(world: World, sms_url: str, **more: str) -> World:
    """An instance that sends SMS."""
    return set_servers(world, BTB_SMS_URL=sms_url, BTB_SMS_FROM="Sykehuset", **more)


def send_invitation(
    world: World, number: str, visit: str = "baseline", channel: str = "email", **more: int
) -> int:
    """Queue a participant's invitation; the message's number."""
    with world.writing() as session:
        replace = bool(more.pop("replace", 0))
        invitation = invite_participant(
            session, COMMAND, world.runtime, number, visit, channel, replace=replace, **more
        )
        session.flush()
        wanted = select(Message.id).where(Message.invitation_id == invitation.id).order_by(Message.id.desc())
        return session.execute(wanted).scalars().first() or 0


def work(world: World) -> list[Done]:
    """One round of a new worker."""
    return list(Worker(world.runtime, require_servers(world.runtime)).round())


def message_of(world: World, number: int) -> Message:
    """A message as it is stored."""
    with world.reading() as session:
        return session.get_one(Message, number)


def states(world: World) -> Sequence[str]:
    """The state of every message, oldest first."""
    with world.reading() as session:
        return list(session.execute(select(Message.state).order_by(Message.id)).scalars())


def link_in(message: EmailMessage) -> str:
    """The link in a received e-mail, as its plain text has it."""
    body = message.get_body(("plain",))
    assert body is not None
    found = _LINK.search(body.get_content())
    assert found
    return found.group(1)
