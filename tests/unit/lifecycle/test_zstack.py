"""ZStack's states: their transition table, and where our positions stand in it."""

from __future__ import annotations

import pytest

from vmconsole.lifecycle import states as at
from vmconsole.lifecycle.states import POSITIONS
from vmconsole.lifecycle.zstack import Event, IllegalEvent, ZState, after, zstate

# state: event→next …; a state that is not lost sight of, being on no host, stays where it is on `unknown`
TABLE = """
Created: starting→Starting destroying→Destroying unknown→Created
Starting: running→Running stopped→Stopped destroying→Destroying unknown→Unknown
Running: running→Running stopping→Stopping stopped→Stopped rebooting→Rebooting migrating→Migrating
Running: destroying→Destroying unknown→Unknown
Stopping: stopped→Stopped running→Running destroying→Destroying unknown→Unknown
Stopped: starting→Starting stopped→Stopped running→Running destroying→Destroying unknown→Stopped
Rebooting: running→Running stopped→Stopped unknown→Unknown destroying→Destroying
Migrating: migrated→Running running→Running stopped→Stopped unknown→Unknown destroying→Destroying
Unknown: running→Running stopped→Stopped stopping→Stopping destroying→Destroying unknown→Unknown
Destroying: destroyed→Destroyed running→Running unknown→Unknown destroying→Destroying
Destroyed: unknown→Destroyed
"""


def test_every_pair_of_the_table_is_accepted_and_every_other_refused() -> None:
    written = {}
    for line in TABLE.strip().splitlines():
        state, pairs = line.split(":")
        for pair in pairs.split():
            event, following = pair.split("→")
            written[state, event] = following
    for state in ZState:
        for event in Event:
            expected = written.get((state.value, event.value))
            if expected is None:
                with pytest.raises(IllegalEvent, match=state.value):
                    after(state, event)
            else:
                assert after(state, event).value == expected, (state, event)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("INIT PENDING HOLD CLONING", "Created"),
        ("PROLOG PROLOG_RESUME PROLOG_UNDEPLOY BOOT BOOT_POWEROFF BOOT_SUSPENDED BOOT_UNKNOWN", "Starting"),
        ("RUNNING HOTPLUG HOTPLUG_NIC HOTPLUG_SNAPSHOT DISK_SNAPSHOT DISK_RESIZE BACKUP HOTPLUG_RESIZE", "Running"),
        ("SHUTDOWN_POWEROFF SHUTDOWN_UNDEPLOY SAVE_STOP SAVE_SUSPEND EPILOG_STOP EPILOG_UNDEPLOY", "Stopping"),
        (
            "POWEROFF SUSPENDED STOPPED UNDEPLOYED BACKUP_POWEROFF DISK_RESIZE_UNDEPLOYED HOTPLUG_SAVEAS_STOPPED",
            "Stopped",
        ),
        ("MIGRATE SAVE_MIGRATE PROLOG_MIGRATE PROLOG_MIGRATE_POWEROFF BOOT_MIGRATE", "Migrating"),
        ("SHUTDOWN EPILOG CLEANUP_DELETE CLEANUP_RESUBMIT", "Destroying"),
        ("DONE", "Destroyed"),
        ("UNKNOWN BOOT_FAILURE PROLOG_MIGRATE_FAILURE CLONING_FAILURE", "Unknown"),
    ],
)
def test_positions_stand_for_the_states_of_zstack(names: str, expected: str) -> None:
    assert {zstate(at.position(name)).value for name in names.split()} == {expected}


def test_every_position_stands_for_a_state_and_a_reboot_is_told_apart() -> None:
    assert {zstate(place) for place in POSITIONS} == set(ZState) - {ZState.REBOOTING}
    assert zstate(at.RUNNING, rebooting=True) is ZState.REBOOTING
    assert zstate(at.POWEROFF, rebooting=True) is ZState.STOPPED
