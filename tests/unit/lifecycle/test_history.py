"""Clocks and actions of history records."""

from __future__ import annotations

import pytest

from vmconsole.lifecycle import states as at
from vmconsole.lifecycle.actions import action
from vmconsole.lifecycle.history import Clock, clears_action, clock, shown_as
from vmconsole.lifecycle.stages import Outcome
from vmconsole.lifecycle.states import POSITIONS, Position


def test_transfers_to_a_host_run_the_prolog_clock_and_from_it_the_epilog_clock() -> None:
    for place in POSITIONS:
        if place.is_transient and place.name.startswith(("PROLOG", "EPILOG")):
            assert clock(place) is Clock(place.name[:6].lower()), place


@pytest.mark.parametrize("place", [at.BOOT, at.RUNNING, at.UNKNOWN, at.MIGRATE, at.SAVE_STOP, at.SHUTDOWN, at.HOTPLUG])
def test_a_vm_with_a_domain_runs_the_running_clock(place: Position) -> None:
    assert clock(place) is Clock.RUNNING


def test_a_vm_that_rests_or_failed_runs_no_clock() -> None:
    for place in POSITIONS:
        if place.is_failure or place in (at.PENDING, at.POWEROFF, at.DONE, at.DISK_SNAPSHOT_POWEROFF):
            assert clock(place) is None, place


def test_a_shutdown_the_guest_ignored_leaves_no_action_in_its_record() -> None:
    assert clears_action(at.SHUTDOWN_POWEROFF, Outcome.FAILURE, at.RUNNING)
    assert clears_action(at.SAVE_SUSPEND, Outcome.FAILURE, at.RUNNING)
    assert not clears_action(at.SHUTDOWN_POWEROFF, Outcome.SUCCESS, at.POWEROFF)
    assert not clears_action(at.HOTPLUG, Outcome.FAILURE, at.RUNNING)
    assert not clears_action(at.EPILOG, Outcome.FAILURE, at.EPILOG_FAILURE)


def test_a_shutdown_that_is_broken_off_for_something_else_leaves_that_in_the_record() -> None:
    assert not clears_action(at.SHUTDOWN, Outcome.FAILURE, at.CLEANUP_DELETE)
    assert not clears_action(at.SHUTDOWN_POWEROFF, Outcome.FAILURE, at.SHUTDOWN_POWEROFF)


def test_both_answers_of_recover_show_as_recover() -> None:
    assert shown_as(action("recover-success")) == shown_as(action("recover-failure")) == "recover"
    assert shown_as(action("retry")) == "retry"
    assert shown_as(action("poweroff-hard")) == "poweroff-hard"
