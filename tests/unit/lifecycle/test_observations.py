"""What reports of hosts change, against data/observations.tsv."""

from __future__ import annotations

import pytest

from tests.unit.lifecycle.tables import rows, spelled
from vmconsole.lifecycle import states as at
from vmconsole.lifecycle.domains import reported
from vmconsole.lifecycle.observations import REPORTS_UNTIL_GONE, Observation, Report, host_lost, reconcile
from vmconsole.lifecycle.states import POSITIONS, Position


def history(found: Observation) -> str:
    assert not (found.opens_record and found.marks_record)
    return "opened" if found.opens_record else "marked" if found.marks_record else ""


def end_of(found: Observation | None) -> Position:
    assert found is not None
    return found.end


def test_every_report_at_every_position_changes_exactly_what_the_table_says() -> None:
    written = {}
    for row in rows("observations"):
        for origin in spelled(row["from"]):
            written[row["report"], origin] = (row["path"], row["settles"], row["history"], row["drops_snapshots"])
    built: dict[tuple[str, str], tuple[str, str, str, str]] = {}
    for report in (Report.RUNNING, Report.POWEROFF, Report.SUSPENDED, Report.FAILURE, Report.IGNORE):
        for place in POSITIONS:
            found = reconcile(place, report)
            if found is not None:
                path = " ".join(each.name for each in found.path)
                drops = "yes" if found.drops_snapshots else "no"
                built[str(report), place.name] = (path, str(found.outcome or ""), history(found), drops)
    assert built == written


@pytest.mark.parametrize("place", [at.POWEROFF, at.SUSPENDED])
def test_a_report_of_running_is_not_believed_right_after_the_vm_left_running(place: Position) -> None:
    assert reconcile(place, Report.RUNNING, seconds_in_state=29.9) is None
    assert end_of(reconcile(place, Report.RUNNING, seconds_in_state=30)) is at.RUNNING
    assert end_of(reconcile(place, Report.RUNNING, seconds_in_state=5, race_guard=5)) is at.RUNNING


def test_a_missing_vm_is_gone_only_after_three_reports_in_a_row() -> None:
    assert REPORTS_UNTIL_GONE == 3
    for place in POSITIONS:
        for missed in (0, 1, 2):
            assert reconcile(place, Report.MISSING, missing_reports=missed) is None
        assert reconcile(place, Report.MISSING, missing_reports=3) == reconcile(place, Report.POWEROFF)
    assert end_of(reconcile(at.RUNNING, Report.MISSING, missing_reports=1, until_gone=1)) is at.POWEROFF


def test_a_vm_paused_behind_our_back_is_suspended_without_a_memory_image() -> None:
    found = reconcile(at.RUNNING, Report.SUSPENDED)
    assert end_of(found) is at.SUSPENDED
    assert found is not None
    assert found.paused


def test_a_paused_vm_whose_domain_is_gone_is_off_and_a_saved_one_is_not() -> None:
    assert end_of(reconcile(at.SUSPENDED, Report.POWEROFF, paused=True)) is at.POWEROFF
    assert reconcile(at.SUSPENDED, Report.POWEROFF) is None


def test_only_running_vms_become_unknown_when_their_host_is_lost() -> None:
    assert end_of(host_lost(at.RUNNING)) is at.UNKNOWN
    assert [place for place in POSITIONS if host_lost(place) is not None] == [at.RUNNING]


@pytest.mark.parametrize(
    ("state", "reason", "expected"),
    [
        (0, 0, Report.IGNORE),
        (1, 1, Report.RUNNING),
        (2, 0, Report.RUNNING),
        (3, 1, Report.SUSPENDED),
        (3, 2, Report.IGNORE),
        (3, 3, Report.IGNORE),
        (3, 11, Report.IGNORE),
        (3, 5, Report.FAILURE),
        (3, 6, Report.FAILURE),
        (3, 10, Report.FAILURE),
        (3, 13, Report.FAILURE),
        (3, 0, Report.FAILURE),
        (4, 1, Report.RUNNING),
        (5, 1, Report.POWEROFF),
        (5, 3, Report.POWEROFF),
        (6, 0, Report.FAILURE),
        (7, 0, Report.SUSPENDED),
        (99, 0, Report.IGNORE),
    ],
)
def test_a_domain_state_and_reason_say_this_about_the_vm(state: int, reason: int, expected: Report) -> None:
    assert reported(state, reason) is expected
