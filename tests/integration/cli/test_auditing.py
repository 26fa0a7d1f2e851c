"""btb-pro audit: what it proves and tells to whoever runs it."""

import json
from datetime import timedelta

from btb_pro import clock
from tests.integration.cli.shell import Run, done, refused


def test_the_head_that_is_printed_proves_later_that_nothing_was_cut_off(run: Run) -> None:
    run("participant", "add", "1-001", "--site", "oslo", "--day0", "2026-01-31")
    head = done(run("audit", "verify")).splitlines()[-1].removeprefix("Head: ")
    run("participant", "add", "1-002", "--site", "oslo")
    told = done(run("audit", "verify", "--anchor", head))
    assert "It holds every head that was noted elsewhere: 1." in told


def test_a_head_of_another_chain_is_refused_by_name(run: Run) -> None:
    said = refused(run("audit", "verify", "--anchor", f"1:{'a' * 64}"))
    assert "Event 1 is another one than the one that was noted elsewhere." in said


def test_a_head_with_a_slip_of_the_pen_is_bad_usage(run: Run) -> None:
    result = run("audit", "verify", "--anchor", "1:xyz")
    assert result.exit_code == 2
    assert "is no head" in result.stderr


def test_a_state_is_json_and_holds_no_address(run: Run) -> None:
    run("participant", "add", "1-001", "--site", "oslo", "--email", "kari@example.org")
    told = done(run("audit", "state", "1-001", "--at", "2999-01-01T00:00:00Z", "--json"))
    assert json.loads(told)["tables"]["participant"][0]["site_code"] == "oslo"
    assert "kari" not in told


def test_a_state_can_be_read_by_an_inspector(run: Run) -> None:
    run(
        "participant", "add", "1-001", "--site", "oslo", "--day0", "2026-01-31", "--email", "kari@example.org"
    )
    head, *told = done(run("audit", "state", "1-001", "--at", "2999-01-01T00:00:00Z")).splitlines()
    assert head.startswith("Participant 1-001 after event ")
    assert [line for line in told if line and not line.startswith(" ")] == ["participant", "contact", "visit"]
    participant = told.index("participant")
    assert told[participant + 1].split()[:3] == ["study_number", "day0", "site_code"]
    assert told[participant + 2].split()[:3] == ["1-001", "2026-01-31", "oslo"]
    assert not any("kari" in line or "sha256" in line for line in told)


def test_a_state_without_a_time_is_the_present_one_also_after_the_clock_was_set_back(run: Run) -> None:
    run("participant", "add", "1-001", "--site", "oslo")
    present = done(run("audit", "state", "1-001", "--at", "2999-01-01T00:00:00Z"))
    assert done(run("audit", "state", "1-001")) == present
    with clock.at(clock.now() - timedelta(days=9)):
        assert done(run("audit", "state", "1-001")) == present
        now = clock.utc_text(clock.now())
        assert "Nothing had happened" in refused(run("audit", "state", "1-001", "--at", now))


def test_a_time_without_an_offset_is_bad_usage(run: Run) -> None:
    result = run("audit", "state", "1-001", "--at", "2026-01-31 12:00")
    assert result.exit_code == 2
    assert "is no time with an offset" in result.stderr
