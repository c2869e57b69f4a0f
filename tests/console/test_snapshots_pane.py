"""The Snapshots pane: what it offers, and the reason where it offers nothing."""

from __future__ import annotations

from typing import Any

import pytest

from vmconsole.console.keys import SNAPSHOT_KEYS
from vmconsole.console.line_view import plain
from vmconsole.console.panes import snapshots
from vmconsole.store.detail import Detail

NOW = 1_000_000.0
DISK = {"disk_id": 0, "target": "vda", "type": "file", "format": "qcow2", "readonly": False, "persistent": False}
NODE = {"id": 0, "disk_id": 0, "parent": -1, "name": "first", "active": True, "date": 0, "size_bytes": 1 << 20}
MEMORY = {"id": 0, "name": "clean", "time": 0, "hypervisor_id": "onesnap-0"}


def shown(disk: dict[str, Any], **more: list[dict[str, Any]]) -> str:
    document = {"id": 7, "stat": "runn", "disks": [{**DISK, **disk}], "snapshots": [], "disk_snapshots": [], **more}
    return "\n".join(plain(line) for line in snapshots.lines(Detail(document, [], []), NOW, 80))


def test_a_vm_without_snapshots_is_told_how_to_take_the_first() -> None:
    text = shown({})
    assert ":snapshot-create 7 NAME" in text
    assert ":disk-snapshot-create 7 0 NAME" in text


@pytest.mark.parametrize(
    ("disk", "reason"),
    [
        ({"type": "fs"}, "volatile"),
        ({"type": "cdrom", "readonly": True}, "read-only"),
        ({"type": "foreign"}, "not made by vmconsole"),
        ({"format": "raw"}, "raw"),
    ],
)
def test_a_disk_that_can_have_no_snapshot_says_why(disk: dict[str, Any], reason: str) -> None:
    text = shown(disk)
    assert reason in text
    assert "disk-snapshot-create" not in text


def test_the_second_kind_of_snapshot_is_not_offered_beside_the_first() -> None:
    tree = shown({}, disk_snapshots=[NODE])
    assert "first" in tree
    assert "snapshot-create 7" not in tree
    memory = shown({}, snapshots=[MEMORY])
    assert "clean" in memory
    assert "disk-snapshot-create" not in memory


def test_what_a_snapshot_holds_and_how_the_guest_was_is_shown() -> None:
    assert "first  1024K" in shown({}, disk_snapshots=[{**NODE, "frozen": True, "stat": "runn"}])
    assert "frozen" in shown({}, disk_snapshots=[{**NODE, "frozen": True, "stat": "runn"}])
    assert "poff" in shown({}, disk_snapshots=[{**NODE, "frozen": False, "stat": "poff"}])
    assert "memory and disks" in shown({}, snapshots=[MEMORY])


def test_what_is_being_done_to_the_snapshots_is_shown_with_how_far_it_is() -> None:
    job = {"command": "disk-snapshot-create", "state": "running", "progress": 40.0}
    detail = Detail({"id": 7, "stat": "snap", "disks": [], "snapshots": [], "disk_snapshots": []}, [job], [])
    first, *_ = snapshots.lines(detail, NOW, 80)
    assert "disk-snapshot-create" in plain(first)
    assert "40%" in plain(first)


@pytest.mark.parametrize(
    ("key", "of_disk", "of_memory"),
    [
        ("n", "disk-snapshot-create 7 0 ", "snapshot-create 7 "),
        ("v", "disk-snapshot-revert 7 0 3", "snapshot-revert 7 3"),
        ("x", "disk-snapshot-delete 7 0 3", "snapshot-delete 7 3"),
        ("e", "disk-snapshot-rename 7 0 3 ", ""),
        ("w", "disk-saveas 7 0 --snapshot 3 ", ""),
        ("C", "disk-snapshot-diff 7 0 3", "snapshot-diff 7 3"),
    ],
)
def test_keys_stand_for_the_command_on_the_snapshot_under_the_cursor(key: str, of_disk: str, of_memory: str) -> None:
    wanted = next(one for one in SNAPSHOT_KEYS if one.key == key)
    assert snapshots.line_for(wanted, snapshots.Place(7, 0, 3)) == of_disk
    assert snapshots.line_for(wanted, snapshots.Place(7, None, 3)) == of_memory


def test_the_marked_snapshot_is_what_another_one_is_compared_with() -> None:
    compare = next(one for one in SNAPSHOT_KEYS if one.key == "C")
    here, other = snapshots.Place(7, 0, 3), snapshots.Place(7, 0, 1)
    assert snapshots.line_for(compare, here, other) == "disk-snapshot-diff 7 0 3 1"
    assert snapshots.line_for(compare, here, snapshots.Place(7, 1, 1)) == "disk-snapshot-diff 7 0 3"
    assert snapshots.line_for(compare, snapshots.Place(7, 0, None), other) == ""
