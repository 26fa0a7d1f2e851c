"""A restored database does not know what went out after its backup: nothing of that is sent a second time."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from btb_pro import clock
from btb_pro.config import read_settings
from btb_pro.models.message import Message
from btb_pro.services.backup_files import new_backup_key
from btb_pro.services.backups import take_backup
from btb_pro.services.restoring import NewerThanBackup, restore_backup
from btb_pro.services.verification import verify
from tests.support.mail import MailServerHere, mail_server
from tests.support.outgoing import NOON, mailing, send_invitation, set_servers, work
from tests.support.world import COMMAND, World


@pytest.fixture
def mail(world: World) -> Iterator[MailServerHere]:
    with clock.at(NOON), mail_server() as server:
        mailing(world, server.url, BTB_BACKUP_KEY=new_backup_key())
        yield server


def _restore(world: World, backup: Path) -> int:
    settings = read_settings(world.folder, {})
    with pytest.raises(NewerThanBackup) as told:
        restore_backup(settings, COMMAND, backup)
    return restore_backup(settings, COMMAND, backup, told.value.between.events).messages_held


def test_a_reminder_that_went_out_since_the_backup_waits_for_a_person(
    world: World, mail: MailServerHere, tmp_path: Path
) -> None:
    world.add("BTB-001", language="nb", email="kari@example.org", day0="2026-03-20")
    send_invitation(world, "BTB-001")
    work(world)
    backup = take_backup(world.runtime, COMMAND, tmp_path / "one.btb-backup").path
    with clock.at(NOON.replace(day=13)):
        work(world)
        assert len(mail.mailbox.received) == 2
        assert _restore(world, backup) == 1
        for hours in range(3):
            with clock.at(clock.now() + timedelta(hours=hours)):
                assert work(world) == []
    assert len(mail.mailbox.received) == 2
    with world.reading() as session:
        reminder = session.execute(select(Message).where(Message.kind == "reminder")).scalar_one()
        assert (reminder.state, reminder.reason) == ("unknown", "restored")
        verify(session)
    # The next reminder is another one, and goes out.
    with clock.at(NOON.replace(day=18)):
        work(world)
    assert len(mail.mailbox.received) == 3


def test_an_invitation_that_the_worker_sent_by_itself_since_the_backup_waits_for_a_person(
    world: World, mail: MailServerHere, tmp_path: Path
) -> None:
    path = world.folder / "study.toml"
    path.write_text(f"invites_by_itself = true\n{path.read_text(encoding='utf-8')}", encoding="utf-8")
    set_servers(world)
    world.add("BTB-001", language="nb", email="kari@example.org", day0="2026-05-20")
    backup = take_backup(world.runtime, COMMAND, tmp_path / "one.btb-backup").path
    with clock.at(NOON.replace(month=5, day=13)):
        work(world)
        sent = len(mail.mailbox.received)
        assert sent >= 1
        assert _restore(world, backup) == sent
        assert work(world) == []
    assert len(mail.mailbox.received) == sent
