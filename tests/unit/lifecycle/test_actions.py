"""Every action at every position, against data/actions.tsv."""

from __future__ import annotations

import pytest

from tests.unit.lifecycle.tables import rows, spelled
from vmconsole.lifecycle import aliases
from vmconsole.lifecycle import states as at
from vmconsole.lifecycle.actions import (
    ACTIONS,
    Action,
    Danger,
    Record,
    action,
    actions_for,
    birth,
    chain,
    danger,
    legal,
    of_command,
    refusal,
    schedulable,
)
from vmconsole.lifecycle.permissions import Right
from vmconsole.lifecycle.recovery import Cleanup, Option, Verdict, recover_target
from vmconsole.lifecycle.stages import Outcome, next_on
from vmconsole.lifecycle.states import POSITIONS, Position
from vmconsole.lifecycle.steps import Variant

Chains = dict[tuple[str, str, str], tuple[str, ...]]

ORDINARY = [row for row in ACTIONS if row.recovery is None]


def written_chains() -> Chains:
    """(action, position, last action) → names of the positions passed."""
    found: Chains = {}
    for row in rows("actions"):
        passed = () if row["chain"] == "-" else tuple(row["chain"].split())
        for name in row["action"].split():
            for origin in spelled(row["from"]):
                key = (name, origin, row["last_action"])
                assert key not in found, key
                found[key] = passed
    return found


def test_every_action_at_every_position_is_accepted_exactly_where_the_table_says() -> None:
    accepted = {(row.name, place.name) for row in ORDINARY for place in POSITIONS if legal(row, place) is not None}
    assert accepted == {(name, origin) for name, origin, _ in written_chains()}


def test_every_accepted_action_passes_the_positions_the_table_says() -> None:
    wrong = []
    for (name, origin, last), passed in written_chains().items():
        found = tuple(place.name for place in chain(action(name), at.position(origin), last_action=last))
        if found != passed:
            wrong.append((name, origin, last, found, passed))
    assert wrong == []


def test_every_refusal_names_the_action_and_the_state() -> None:
    for row in ACTIONS:
        for place in POSITIONS:
            if legal(row, place) is None:
                text = refusal(row, place)
                assert row.title in text, (row.name, place)
                assert place.name in text, (row.name, place)
                with pytest.raises(ValueError, match="cannot"):
                    chain(row, place)


def test_terminate_during_an_operation_points_to_recover_delete() -> None:
    assert "recover --delete" in refusal(action("terminate"), at.PROLOG)
    assert legal(action("delete"), at.PROLOG) is not None


def test_a_refusal_says_where_the_action_would_be_legal() -> None:
    assert refusal(action("stop"), at.POWEROFF) == "cannot stop: the VM is POWEROFF; legal in SUSPENDED, RUNNING"


def test_every_chain_ends_where_a_vm_can_rest() -> None:
    for row in ACTIONS:
        for place in origins_of(row):
            for end in chain(row, place)[-1:]:
                assert not end.is_transient, (row.name, place, end)


def origins_of(row: Action) -> list[Position]:
    return [place for place in POSITIONS if legal(row, place) is not None]


def test_every_position_but_init_is_reachable_from_creation() -> None:
    reached = {birth(held=held, images_locked=locked)[0] for held in (True, False) for locked in (True, False)}
    pending = list(reached)
    while pending:
        place = pending.pop()
        found: set[Position] = set()
        for row in ACTIONS:
            for last in ("", "stop", "undeploy"):
                for variant in Variant:
                    flow = legal(row, place, last_action=last, in_flight=variant)
                    if flow is not None and flow.first is not None:
                        found.add(flow.first)
        if place.is_transient:
            found |= {next_on(place, outcome, variant).position for outcome in Outcome for variant in Variant}
        if place is at.RUNNING:
            found.add(at.UNKNOWN)
        pending += found - reached
        reached |= found
    assert {place for place in POSITIONS if place not in reached} == {at.INIT}


def test_a_new_vm_waits_is_held_or_waits_for_its_images() -> None:
    assert birth(held=False, images_locked=False)[0] is at.PENDING
    assert birth(held=True, images_locked=False)[0] is at.HOLD
    for held, end in ((False, at.PENDING), (True, at.HOLD)):
        place, variant = birth(held=held, images_locked=True)
        assert place is at.CLONING
        assert next_on(place, Outcome.SUCCESS, variant).position is end


def test_the_options_of_recover_are_legal_exactly_where_the_recovery_table_does_not_refuse() -> None:
    for option in Option:
        row = next(each for each in ACTIONS if each.recovery is option)
        for place in POSITIONS:
            refused = recover_target(place, option).verdict is Verdict.REFUSE
            assert (legal(row, place) is None) == refused, (option, place)


def test_only_the_hard_way_replaces_a_graceful_shutdown_in_flight() -> None:
    replacing = {
        (row.name, place.name) for row in ORDINARY for flow in row.flows if flow.cancels for place in flow.origins
    }
    assert replacing == {
        ("terminate-hard", "SHUTDOWN"),
        ("undeploy-hard", "SHUTDOWN_UNDEPLOY"),
        ("poweroff-hard", "SHUTDOWN_POWEROFF"),
    }


def test_a_nic_attached_to_a_suspended_vm_is_plugged_later() -> None:
    flow = legal(action("nic-attach"), at.SUSPENDED)
    assert flow is not None
    assert flow.deferred
    assert flow.first is None


def test_a_paused_vm_wakes_is_saved_or_destroyed_and_nothing_is_done_to_its_files() -> None:
    changing = {}
    for row in ORDINARY:
        flow = legal(row, at.SUSPENDED, paused=True)
        if flow is not None and flow.first is not None:
            changing[row.name] = (flow.first, flow.variant)
    assert changing == {
        "resume": (at.BOOT_SUSPENDED, Variant.PAUSED),
        "stop": (at.SAVE_STOP, Variant.PLAIN),
        "terminate": (at.SHUTDOWN, Variant.HARD),
        "terminate-hard": (at.SHUTDOWN, Variant.HARD),
    }
    assert "resume it first" in refusal(action("migrate"), at.SUSPENDED, paused=True)
    assert recover_target(at.SUSPENDED, Option.DELETE, Variant.PAUSED).cleanup is Cleanup.DOMAIN


def test_being_paused_means_nothing_anywhere_but_in_suspended() -> None:
    for place in POSITIONS:
        if place is not at.SUSPENDED:
            assert actions_for(place, paused=True) == actions_for(place)


def test_an_action_is_found_by_the_command_line_that_means_it() -> None:
    assert of_command("poweroff", "--hard") is action("poweroff-hard")
    assert of_command("migrate", "--live") is action("live-migrate")
    assert of_command("recover", "--recreate") is action("delete-recreate")
    for row in ACTIONS:
        assert of_command(row.command, row.flag) is row
    with pytest.raises(KeyError):
        of_command("suspend", "--hard")


def test_names_are_unique_and_every_action_has_help_and_a_message() -> None:
    assert len({row.name for row in ACTIONS}) == len(ACTIONS)
    assert all(row.help and row.verbose for row in ACTIONS)


def test_exactly_the_listed_actions_can_be_scheduled_with_their_arguments() -> None:
    plain = "terminate undeploy hold release stop suspend resume delete delete-recreate reboot poweroff"
    hard = "terminate-hard undeploy-hard reboot-hard poweroff-hard"
    disk = ("disk_id", "snapshot")
    assert {row.name: row.schedule for row in schedulable()} == {
        **dict.fromkeys((plain + " " + hard).split(), ()),
        "snapshot-create": ("name?",),
        "snapshot-revert": ("snapshot",),
        "snapshot-delete": ("snapshot",),
        "disk-snapshot-create": ("disk_id", "name"),
        "disk-snapshot-revert": disk,
        "disk-snapshot-delete": disk,
        "backup": ("datastore_id", "mode?"),
    }


def test_administrators_rights_are_asked_for_placement_recovery_backup_and_ownership() -> None:
    administrators = {row.command for row in ACTIONS if row.right is Right.ADMIN}
    assert administrators == {"deploy", "migrate", "resched", "unresched", "recover", "backup", "chown", "chgrp"}
    assert {row.right for row in ACTIONS if row.command not in administrators} == {Right.MANAGE}


def test_system_snapshots_are_dropped_by_what_takes_the_guest_from_its_host_or_life() -> None:
    dropping = {row.name for row in ACTIONS if row.drops_snapshots}
    leaving = {row.name for row in ACTIONS if row.command in {"poweroff", "undeploy", "terminate", "migrate"}}
    assert dropping == leaving | {"suspend", "stop", "delete", "delete-recreate"}


def test_resched_is_cleared_by_what_changes_a_running_vm_and_by_nothing_else() -> None:
    keeping = {row.name for row in ORDINARY if not row.clears_resched}
    assert keeping == {
        "hold",
        "release",
        "deploy",
        "resched",
        "unresched",
        "resume",
        "disk-saveas",
        "disk-snapshot-rename",
        "save",
        "update",
        "rename",
        "chmod",
        "chown",
        "chgrp",
        "lock",
        "unlock",
    }


OPENING = {
    "deploy", "resume", "migrate", "live-migrate", "poweroff-migrate", "poweroff-hard-migrate",
    "disk-attach", "disk-detach", "nic-attach", "nic-detach", "disk-resize", "backup",
    "disk-snapshot-create", "disk-snapshot-revert", "disk-snapshot-delete",
}  # fmt: skip
NOTED = {
    "suspend", "pause", "stop", "reboot", "reboot-hard", "poweroff", "poweroff-hard",
    "undeploy", "undeploy-hard", "terminate", "terminate-hard",
}  # fmt: skip


def expected_record(name: str, origin: str, passed: tuple[str, ...]) -> Record:
    if name == "resume" and origin == "UNKNOWN":
        return Record.NOTE
    if (name == "resume" and passed == ("PENDING",)) or (name == "disk-resize" and origin == "UNDEPLOYED"):
        return Record.NONE
    if name in OPENING and passed:
        return Record.OPEN
    if name in NOTED and passed != ("DONE",) and origin != "DONE":
        return Record.NOTE
    return Record.NONE


def test_history_records_are_opened_where_a_vm_is_placed_or_changed_and_noted_where_it_leaves() -> None:
    wrong = []
    for (name, origin, last), passed in written_chains().items():
        flow = legal(action(name), at.position(origin), last_action=last)
        assert flow is not None
        if flow.record is not expected_record(name, origin, passed):
            wrong.append((name, origin, last, flow.record))
    assert wrong == []


def test_what_a_stopped_or_undeployed_vm_may_do_leaves_the_record_the_next_deploy_reads() -> None:
    for place in (at.STOPPED, at.UNDEPLOYED, at.PENDING, at.HOLD):
        for row in ORDINARY:
            flow = legal(row, place)
            if flow is not None and flow.record is not Record.NONE:
                ends = chain(row, place)[-1]
                assert ends in (at.RUNNING, at.DONE), (row.name, place)


def test_only_lock_and_unlock_pass_a_lock() -> None:
    assert {row.name for row in ACTIONS if not row.lockable} == {"lock", "unlock"}


def test_what_nothing_brings_back_is_the_most_dangerous() -> None:
    assert {row.name for row in ACTIONS if row.danger is Danger.FOR_EVER} == {
        "terminate",
        "terminate-hard",
        "delete",
        "delete-recreate",
        "delete-db",
    }


def test_numbers_make_an_action_more_dangerous() -> None:
    assert [danger(action("poweroff"), vms) for vms in (1, 2, 50)] == [Danger.SOME, Danger.LOSS, Danger.LOSS]
    assert [danger(action("poweroff-hard"), vms) for vms in (1, 10, 11)] == [Danger.LOSS, Danger.LOSS, Danger.FOR_EVER]
    assert danger(action("resume"), 100) is Danger.NONE


def test_a_running_vm_offers_what_can_be_done_to_it() -> None:
    offered = {row.name for row in actions_for(at.RUNNING)}
    assert {"suspend", "reboot", "live-migrate", "snapshot-create"} <= offered
    assert not {"hold", "release", "resume", "disk-snapshot-revert", "save"} & offered


@pytest.mark.parametrize(
    ("old", "today"),
    [
        ("shutdown", "terminate"),
        ("cancel", "terminate --hard"),
        ("delete", "recover --delete"),
        ("reset", "reboot --hard"),
        ("resubmit", "recover --recreate"),
        ("restart", "resume"),
        ("livemigrate", "migrate --live"),
        ("saveas", "disk-saveas"),
        ("attachdisk", "disk-attach"),
        ("detachdisk", "disk-detach"),
        ("detach", "disk-detach"),
        ("shutdown --hard", "terminate --hard"),
        ("delete --recreate", "recover --recreate"),
        ("boot", "resume"),
        ("disk-snapshot", "disk-saveas"),
    ],
)
def test_an_old_name_means_the_command_of_today_and_says_so(old: str, today: str) -> None:
    row = action(aliases.modern(old) or "")
    assert row.title == today
    assert today in aliases.notice(old, row.title)


def test_every_old_name_means_an_action_and_hides_no_command() -> None:
    commands = {row.command for row in ACTIONS}
    for name in aliases.NAMES:
        assert action(aliases.modern(name) or "")
        assert name not in commands
    assert aliases.modern("suspend") is None
    assert aliases.modern_scheduled("shutdown-hard") == "terminate-hard"
    assert aliases.modern_scheduled("suspend") == "suspend"


def test_restart_orders_a_boot_in_flight_again() -> None:
    assert aliases.modern("restart", at.BOOT_POWEROFF) == "retry"
    assert aliases.modern("restart", at.POWEROFF) == "resume"
