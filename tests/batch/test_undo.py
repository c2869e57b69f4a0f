"""What is asked of the controller when an action is preceded by a snapshot, and what is warned of beforehand."""

from __future__ import annotations

import pytest

from tests.batch import rows
from vmconsole.commands import parsing, registry
from vmconsole.commands.context import Context
from vmconsole.commands.request import Request
from vmconsole.errors import Conflict, Usage
from vmconsole.lifecycle import states as at
from vmconsole.store.session import Session


@pytest.fixture
def store(session: Session) -> Session:
    """VM 0 runs on two disks that can have snapshots and one that cannot; VM 1 has system snapshots."""
    rows.host(session, 0, "h0")
    for number, name in enumerate(("web", "db")):
        rows.vm(session, number, name, at.RUNNING, host_id=0)
        for disk, kind in enumerate(("file", "file", "swap")):
            rows.insert(session, "disk", vm_id=number, disk_id=disk, type=kind, target=f"vd{'abc'[disk]}")
    rows.insert(
        session, "system_snapshot", vm_id=1, snapshot_id=0, name="clean", created=rows.NOW, hypervisor_id="onesnap-0"
    )
    return session


def prepared(store: Session, line: str) -> list[Request]:
    command, rest = registry.find(line.split())
    context = Context(store, rows.ROOT, "batch", lambda: rows.NOW)
    return list(command.prepare(context, parsing.parse(command, rest)))


def test_every_disk_that_can_have_one_gets_a_snapshot_and_the_action_waits_for_all(store: Session) -> None:
    *snapshots, action = prepared(store, "poweroff --hard 0 --snapshot-before")
    assert [(one.command, one.arguments) for one in snapshots] == [
        ("disk-snapshot-create", {"disk_id": str(disk), "name": "before poweroff --hard"}) for disk in (0, 1)
    ]
    assert (action.command, action.after, action.error) == ("poweroff-hard", tuple(snapshots), None)


def test_only_the_disk_that_is_reverted_gets_one(store: Session) -> None:
    with store.write():
        store.execute("UPDATE vm SET state = ?, lcm_state = ? WHERE id = 0", at.POWEROFF.numbers)
    snapshot, action = prepared(store, "disk-snapshot-revert 0 1 7 --snapshot-before")
    assert (snapshot.arguments["disk_id"], action.command) == ("1", "disk-snapshot-revert")


def test_beside_system_snapshots_memory_is_kept_and_where_they_are_lost_nothing_is_done(store: Session) -> None:
    snapshot, action = prepared(store, "reboot 1 --snapshot-before")
    assert (snapshot.command, action.after) == ("snapshot-create", (snapshot,))
    (refused,) = prepared(store, "poweroff 1 --snapshot-before")
    assert isinstance(refused.error, Conflict)
    assert refused.error.code == "SNAPSHOTS_MIXED"


@pytest.mark.parametrize("line", ["terminate 0 --snapshot-before", "poweroff 0 --snapshot-before --schedule now"])
def test_what_a_snapshot_does_not_lead_back_from_takes_none(store: Session, line: str) -> None:
    with pytest.raises(Usage):
        prepared(store, line)


@pytest.mark.parametrize(
    "line", ["suspend 1", "poweroff 1", "stop 1", "undeploy 1", "terminate 1", "migrate --live 1 h1"]
)
def test_who_takes_system_snapshots_away_is_warned_with_their_names(store: Session, line: str) -> None:
    rows.host(store, 1, "h1")
    (asking,) = prepared(store, line)
    assert asking.caveats == ("its system snapshots are lost: clean",)
    assert prepared(store, line.replace("1", "0", 1))[0].caveats == ()


def test_nothing_is_warned_of_when_nothing_is_lost(store: Session) -> None:
    for line in (
        "reboot 1",
        "pause 1",
        "snapshot-create 1",
        "snapshot-revert 1 none",
        "disk-saveas 1 0 x --snapshot 3",
    ):
        (asking,) = prepared(store, line)
        assert asking.caveats == ()


@pytest.mark.covers("ON-126")
def test_an_image_of_a_running_guests_disk_is_made_with_a_warning_to_unmount_or_sync(store: Session) -> None:
    (asking,) = prepared(store, "disk-saveas 0 0 copy")
    (caveat,) = asking.caveats
    assert "unmount the disk in it, or sync" in caveat
    with store.write():
        store.execute("UPDATE vm SET state = ?, lcm_state = ? WHERE id = 0", at.POWEROFF.numbers)
    assert prepared(store, "disk-saveas 0 0 copy")[0].caveats == ()
