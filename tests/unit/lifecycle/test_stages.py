"""Every transient and failure state, against data/stages.tsv and data/recover.tsv."""

from __future__ import annotations

import pytest

from tests.unit.lifecycle.tables import rows, spelled
from vmconsole.lifecycle import states as at
from vmconsole.lifecycle.recovery import (
    FAILURES,
    Option,
    Recovery,
    Verdict,
    cleanup,
    failed_transfer,
    recover_target,
    ways_out,
)
from vmconsole.lifecycle.stages import LEFT_AT_ONCE, STAGES, Outcome, Placement, Target, next_on, stage
from vmconsole.lifecycle.states import POSITIONS, Position
from vmconsole.lifecycle.steps import Entry, Step, Variant, entry_after


def shown(target: Target) -> str:
    """A target as the tables write it: NAME, or NAME@new and NAME@old after a move."""
    suffix = "" if target.placement is Placement.SAME else f"@{target.placement}"
    return target.position.name + suffix


def position_entered(found: Recovery) -> Position:
    assert found.target is not None
    return found.target.position


def step_at(place: Position, variant: Variant = Variant.PLAIN) -> Step:
    row = stage(place, variant)
    assert row is not None
    return row.step


def answer(place: Position, option: Option, variant: Variant = Variant.PLAIN) -> str:
    found = recover_target(place, option, variant)
    if found.verdict is Verdict.REFUSE:
        assert found.reason
        return "refused"
    if found.verdict is Verdict.NOTHING:
        return "nothing"
    assert found.target is not None
    return shown(found.target)


def test_every_outcome_of_every_stage_leads_where_the_table_says() -> None:
    staged = [row for row in rows("stages") if row["success"] != "-"]
    written = {(row["name"], row["variant"]): (row["success"], row["failure"]) for row in staged}
    built = {(row.position.name, str(row.variant)): (shown(row.success), shown(row.failure)) for row in STAGES}
    assert built == written


def test_every_transient_state_has_a_stage_and_nothing_else_has_one() -> None:
    for place in POSITIONS:
        assert (stage(place) is not None) == place.is_transient, place


def test_no_step_can_end_where_none_is_in_flight() -> None:
    with pytest.raises(ValueError, match="RUNNING"):
        next_on(at.RUNNING, Outcome.SUCCESS)


def test_every_answer_of_recover_leads_where_the_table_says() -> None:
    wrong = []
    for row in rows("stages"):
        for option in (Option.SUCCESS, Option.FAILURE, Option.RETRY):
            found = answer(at.position(row["name"]), option, Variant(row["variant"]))
            if found != row[f"recover_{option}"]:
                wrong.append((row["name"], row["variant"], option, found, row[f"recover_{option}"]))
    assert wrong == []


def test_the_tables_speak_of_every_position() -> None:
    every = {place.name for place in POSITIONS}
    assert {row["name"] for row in rows("stages")} == every
    assert sorted(name for row in rows("recover") for name in spelled(row["from"])) == sorted(every)


def test_delete_and_recreate_lead_where_the_table_says_and_clean_up_as_it_says() -> None:
    wrong = []
    for row in rows("recover"):
        for name in spelled(row["from"]):
            place = at.position(name)
            found = (answer(place, Option.DELETE), answer(place, Option.RECREATE), str(cleanup(place)))
            if found != (row["delete"], row["recreate"], row["cleanup"]):
                wrong.append((name, found))
    assert wrong == []


def test_delete_and_recreate_carry_the_clean_up_with_them() -> None:
    for place in POSITIONS:
        for option in (Option.DELETE, Option.RECREATE):
            found = recover_target(place, option)
            if found.verdict is Verdict.ENTER:
                assert found.cleanup is cleanup(place), (place, option)


def test_delete_leads_to_done_from_everywhere() -> None:
    for place in POSITIONS:
        found = recover_target(place, Option.DELETE)
        if found.verdict is not Verdict.NOTHING and (entered := position_entered(found)) is not at.DONE:
            assert entered in LEFT_AT_ONCE
            assert {next_on(entered, outcome).position for outcome in Outcome} == {at.DONE}


def test_delete_db_forgets_from_everywhere_and_touches_no_host() -> None:
    for place in POSITIONS:
        found = recover_target(place, Option.DELETE_DB)
        assert (found.verdict, found.target, found.cleanup) == (Verdict.FORGET, None, "none")


def test_every_active_failure_state_is_reached_by_exactly_the_stage_it_is_named_after() -> None:
    reached: dict[str, set[str]] = {}
    for row in STAGES:
        if row.failure.position.is_failure:
            reached.setdefault(row.failure.position.name, set()).add(row.position.name)
    assert reached == {place.name: {place.name.removesuffix("_FAILURE")} for place in POSITIONS if place.is_failure}


def test_the_ten_failed_transfers_can_be_retried_step_by_step() -> None:
    numbers = {place.lcm for place in POSITIONS if failed_transfer(place)}
    assert numbers == {38, 39, 40, 41, 42, 44, 46, 49, 50, 61}


def test_every_active_failure_state_retries_the_stage_it_is_named_after() -> None:
    assert len({row.position for row in FAILURES}) == 14
    for row in FAILURES:
        assert row.retry.name == row.position.name.removesuffix("_FAILURE")


@pytest.mark.parametrize(
    ("place", "soft", "hard"),
    [
        (at.SHUTDOWN, Variant.PLAIN, Variant.HARD),
        (at.SHUTDOWN_POWEROFF, Variant.PLAIN, Variant.HARD),
        (at.SHUTDOWN_UNDEPLOY, Variant.PLAIN, Variant.HARD),
        (at.SAVE_MIGRATE, Variant.POFF, Variant.POFF_HARD),
    ],
)
def test_retry_repeats_what_was_asked(place: Position, soft: Variant, hard: Variant) -> None:
    for variant, step in ((soft, Step.SHUTDOWN), (hard, Step.DESTROY)):
        found = recover_target(place, Option.RETRY, variant)
        assert step_at(position_entered(found), variant) is step


def test_a_move_that_saved_memory_wakes_up_and_one_that_shut_down_boots() -> None:
    assert step_at(at.SAVE_MIGRATE) is Step.SAVE
    assert step_at(at.BOOT_MIGRATE) is Step.RESTORE
    assert step_at(at.BOOT, Variant.POFF) is Step.BOOT


def test_an_undeployed_vm_boots_and_a_stopped_one_is_restored() -> None:
    assert step_at(at.BOOT_UNDEPLOY) is Step.BOOT
    assert step_at(at.BOOT_STOPPED) is Step.RESTORE


@pytest.mark.parametrize(
    ("place", "variant", "kept_on"),
    [
        (at.HOTPLUG, Variant.ATTACH, Outcome.SUCCESS),
        (at.HOTPLUG, Variant.DETACH, Outcome.FAILURE),
        (at.HOTPLUG_NIC, Variant.ATTACH, Outcome.SUCCESS),
        (at.HOTPLUG_NIC, Variant.DETACH, Outcome.FAILURE),
        (at.HOTPLUG_PROLOG_POWEROFF, Variant.PLAIN, Outcome.SUCCESS),
        (at.HOTPLUG_EPILOG_POWEROFF, Variant.PLAIN, Outcome.FAILURE),
        (at.HOTPLUG_SNAPSHOT, Variant.CREATE, Outcome.SUCCESS),
        (at.HOTPLUG_SNAPSHOT, Variant.DELETE, Outcome.FAILURE),
        (at.DISK_SNAPSHOT_DELETE, Variant.PLAIN, Outcome.FAILURE),
    ],
)
def test_recovery_settles_the_operation_that_is_in_flight(place: Position, variant: Variant, kept_on: Outcome) -> None:
    for option in (Option.SUCCESS, Option.FAILURE):
        found = recover_target(place, option, variant)
        entry = entry_after(step_at(place, variant), success=found.outcome is Outcome.SUCCESS)
        assert found.verdict is Verdict.SETTLE
        assert entry is (Entry.KEEP if option.value == kept_on.value else Entry.REMOVE)


def test_a_disk_snapshot_becomes_active_when_taken_or_reverted_to() -> None:
    for step in (Step.CREATE_DISK_SNAPSHOT, Step.REVERT_DISK_SNAPSHOT):
        assert entry_after(step, success=True) is Entry.ACTIVATE
    assert entry_after(Step.CREATE_DISK_SNAPSHOT, success=False) is Entry.REMOVE
    assert entry_after(Step.REVERT_DISK_SNAPSHOT, success=False) is Entry.KEEP


def test_a_failed_resize_brings_the_old_values_back() -> None:
    for step in (Step.RESIZE, Step.RESIZE_DISK):
        assert entry_after(step, success=False) is Entry.RESTORE
    assert entry_after(Step.BOOT, success=False) is Entry.NONE


def test_a_failure_offers_the_ways_that_lead_somewhere() -> None:
    assert ways_out(at.BOOT_FAILURE) == (Option.RETRY, Option.SUCCESS, Option.RECREATE, Option.DELETE)
    assert ways_out(at.PROLOG_MIGRATE_FAILURE)[:3] == (Option.RETRY, Option.SUCCESS, Option.FAILURE)
    assert ways_out(at.RUNNING) == ways_out(at.BOOT) == ()
    for place in POSITIONS:
        for option in ways_out(place):
            assert recover_target(place, option).verdict not in (Verdict.REFUSE, Verdict.NOTHING)
