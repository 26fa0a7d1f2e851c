"""The same cut-off gives the same bytes: on any day, anywhere, whatever was written later."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from btb_pro import clock
from btb_pro.models.base import AuditEvent
from btb_pro.models.job import ExportRun
from btb_pro.services.answers import PageSave, save_page
from btb_pro.services.audit import Context
from btb_pro.services.exporting import ExportRefused
from btb_pro.services.sessions import find_session, participant_actor
from btb_pro.services.verification import verify
from tests.integration.export_world import ExportWorld, contents, told_world
from tests.support.engines import EngineName

ROOT = Path(__file__).parents[2]


@pytest.fixture
def world(tmp_path: Path, engine: EngineName) -> Iterator[ExportWorld]:
    """The made-up study with its whole story."""
    with told_world(tmp_path / "instance", engine=engine) as made:
        yield made


def tell_what_came_later(world: ExportWorld) -> None:
    """Answers changed, a visit sent in, a session and a participant more."""
    world.save("N-001", {"rain": "2", "rain_days": "7"}, visit="later")
    world.start("N-001", "later", language="en", mode="clinic_tablet")
    world.save("N-001", {"wind": None}, visit="later")
    world.submit("N-001", "later")
    world.add("N-000", day0="2026-04-01")
    world.start("N-000")
    world.save("N-000", {"words": "later"}, instrument="walks")
    world.submit("N-000")


def test_two_exports_in_a_row_are_the_same(world: ExportWorld, tmp_path: Path) -> None:
    first = world.export(tmp_path / "first")
    world.now += timedelta(days=400)
    second = world.export(tmp_path / "second")
    assert contents(tmp_path / "first") == contents(tmp_path / "second")
    assert (first.cutoff_seq, first.manifest_sha256) == (second.cutoff_seq, second.manifest_sha256)


def test_an_old_cutoff_gives_the_old_bytes_whatever_was_written_later(
    world: ExportWorld, tmp_path: Path
) -> None:
    before = world.export(tmp_path / "before")
    tell_what_came_later(world)
    world.export(tmp_path / "between")
    world.export(tmp_path / "after", until=f"{before.cutoff_seq}")
    assert contents(tmp_path / "after") == contents(tmp_path / "before")
    assert contents(tmp_path / "between")["wide.csv"] != contents(tmp_path / "before")["wide.csv"]


def test_every_cutoff_of_the_past_can_be_taken_again(world: ExportWorld, tmp_path: Path) -> None:
    last = world.export(tmp_path / "last").cutoff_seq
    for seq in range(1, last, 3):
        world.export(tmp_path / f"early-{seq}", until=f"{seq}")
    tell_what_came_later(world)
    for seq in range(1, last, 3):
        world.export(tmp_path / f"late-{seq}", until=f"{seq}")
        assert contents(tmp_path / f"late-{seq}") == contents(tmp_path / f"early-{seq}"), seq


def test_a_visit_that_was_sent_in_later_is_not_sent_in_before(world: ExportWorld, tmp_path: Path) -> None:
    before = world.export(tmp_path / "before").cutoff_seq
    world.submit("N-001", "later")
    world.export(tmp_path / "as-of", until=f"{before}", visits=("later",))
    world.export(tmp_path / "now", visits=("later",))
    as_of, now = (contents(tmp_path / name) for name in ("as-of", "now"))
    assert b",later,started,2026-04-01T09:00:02.000Z,," in as_of["wide.csv"]
    assert b",later,submitted,2026-04-01T09:00:02.000Z,2026-04-01T09:00:04.000Z," in now["wide.csv"]
    assert as_of["scores.csv"].count(b"\n") == 1
    assert b"sky_sum,1,2,2," in now["scores.csv"]
    world.export(tmp_path / "sent", until=f"{before}", visits=("later",), submitted_only=True)
    assert contents(tmp_path / "sent")["wide.csv"].count(b"\n") == 1


def test_whether_a_link_has_expired_is_judged_at_the_cutoff(world: ExportWorld, tmp_path: Path) -> None:
    # Event 22 is the last one of 27 March, when the link that died on 30 March still lived.
    world.export(tmp_path / "early", until="22")
    world.export(tmp_path / "late")
    assert b"N-002,north,start,started," in contents(tmp_path / "early")["wide.csv"]
    assert b"N-002,north,start,expired," in contents(tmp_path / "late")["wide.csv"]


def test_a_link_that_was_made_later_does_not_mend_an_expired_one(world: ExportWorld, tmp_path: Path) -> None:
    world.add("N-003", day0="")
    world.start("N-003")
    world.save("N-003", {"rain": "0"})
    world.now += timedelta(days=31)
    world.add("N-004", day0="")
    before = world.export(tmp_path / "before").cutoff_seq
    world.invite("N-003", replace=True)
    world.export(tmp_path / "as-of", until=f"{before}")
    world.export(tmp_path / "now")
    assert b"N-003,north,start,expired," in contents(tmp_path / "as-of")["wide.csv"]
    assert b"N-003,north,start,started," in contents(tmp_path / "now")["wide.csv"]


def test_an_instant_means_the_last_event_at_or_before_it(world: ExportWorld, tmp_path: Path) -> None:
    with world.runtime.database.reading() as session:
        event = session.execute(select(AuditEvent).where(AuditEvent.seq == 9)).scalar_one()
    at = event.at.isoformat()
    assert world.export(tmp_path / "at", until=at).cutoff_seq == 9
    just_before = (event.at - timedelta(milliseconds=1)).isoformat()
    assert world.export(tmp_path / "before", until=just_before).cutoff_seq == 8
    long_after = "2026-03-29T03:30:00+02:00"
    summary = world.export(tmp_path / "after", until=long_after)
    assert summary.cutoff_at.isoformat() < "2026-03-28"
    world.export(tmp_path / "by-number", until=f"{summary.cutoff_seq}")
    assert contents(tmp_path / "by-number") == contents(tmp_path / "after")


@pytest.mark.parametrize(
    ("until", "reason"),
    [
        ("99999", "no event 99999 yet"),
        ("0", "no event 0"),
        ("123456789012345678901234567890", "no event"),
        ("2031-01-01T00:00:00+01:00", "lies in the future"),
        ("2025-01-01T00:00:00+01:00", "Nothing was recorded before"),
        ("2026-03-30T00:00:00", "neither an event's number nor an instant"),
        ("2026-03-30", "neither an event's number nor an instant"),
        ("0001-01-01T00:00:00+14:00", "neither an event's number nor an instant"),
        ("yesterday", "neither an event's number nor an instant"),
        ("-3", "neither an event's number nor an instant"),
        ("²", "neither an event's number nor an instant"),
        ("", "neither an event's number nor an instant"),
    ],
)
def test_a_cutoff_that_is_none_is_refused(
    world: ExportWorld, tmp_path: Path, until: str, reason: str
) -> None:
    with pytest.raises(ExportRefused, match=reason):
        world.export(tmp_path / "out", until=until)
    assert not (tmp_path / "out").exists()


def test_an_export_is_on_record_and_the_chain_still_proves_itself(world: ExportWorld, tmp_path: Path) -> None:
    summary = world.export(tmp_path / "out", sites=("south",), submitted_only=True)
    with world.runtime.database.reading() as session:
        run = session.execute(select(ExportRun)).scalar_one()
        event = session.execute(select(AuditEvent).order_by(AuditEvent.seq.desc()).limit(1)).scalar_one()
        verify(session)
    assert (run.format, run.cutoff_seq, run.taken_by) == ("csv", summary.cutoff_seq, "tester")
    assert run.options == (
        '{"codebook":["nb","en"],"labels":"nb","mapping_sha256":null,"since":null,"sites":["south"],'
        '"submitted_only":true,"visits":[]}'
    )
    assert run.manifest_sha256 == summary.manifest_sha256
    assert (event.tag, event.seq, event.at) == ("export:take", run.event_seq, run.taken_at)
    assert summary.manifest_sha256 in event.changes


def test_a_save_under_way_is_waited_for_and_taken(world: ExportWorld, tmp_path: Path) -> None:
    before = world.export(tmp_path / "before").cutoff_seq
    taken: list[int] = []
    export = threading.Thread(target=lambda: taken.append(world.export(tmp_path / "out").cutoff_seq))
    instrument = world.runtime.instruments["weather"]
    save = PageSave(instrument, instrument.items[:1], {"rain": "2"}, "slow", "nb")
    with world.runtime.database.writing() as session, clock.at(world.now):
        answering = find_session(session, *world.started["N-001", "later"])
        assert answering is not None
        save_page(session, Context(participant_actor(answering.participant)), world.runtime, answering, save)
        export.start()
        export.join(0.2)
        assert export.is_alive()
        session.commit()
    export.join(10)
    # The first export is an event too.
    assert taken == [before + 2]
    assert b"N-001,north,later,started,2026-04-01T09:00:02.000Z,,2," in contents(tmp_path / "out")["wide.csv"]


SCRIPT = """
import sys
from pathlib import Path
from tests.integration.export_world import make_export_world
world = make_export_world(Path(sys.argv[1]), database_url=sys.argv[3])
world.go_to("2026-04-20T00:00:00+00:00")
world.export(Path(sys.argv[2]))
"""


@pytest.mark.parametrize(
    ("zone", "locale", "seed"), [("Pacific/Kiritimati", "C", "1"), ("America/St_Johns", "nb_NO.UTF-8", "2")]
)
def test_the_bytes_are_the_same_in_any_time_zone_and_locale(
    world: ExportWorld, tmp_path: Path, zone: str, locale: str, seed: str
) -> None:
    world.export(tmp_path / "here")
    url = world.runtime.settings.database_url
    there = {"TZ": zone, "LC_ALL": locale, "LANG": locale, "PYTHONHASHSEED": seed, "PYTHONUTF8": "0"}
    subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "instance"), str(tmp_path / "there"), url],
        cwd=ROOT,
        env=os.environ | there,
        check=True,
    )
    assert contents(tmp_path / "there") == contents(tmp_path / "here")
