"""The Snapshots pane: what it offers, and the reason where it offers nothing."""

from __future__ import annotations

from typing import Any

import pytest

from vmconsole.console.line_view import plain
from vmconsole.console.panes import snapshots
from vmconsole.store.detail import Detail

NOW = 1_000_000.0
DISK = {"disk_id": 0, "target": "vda", "type": "file", "format": "qcow2", "readonly": False, "persistent": False}
NODE = {"id": 0, "disk_id": 0, "parent": -1, "name": "first", "active": True, "date": 0, "size_bytes": 1 << 20}
MEMORY = {"id": 0, "name": "clean", "time": 0, "hypervisor_id": "onesnap-0"}


def shown(disk: dict[str, Any], **more: list[dict[str, Any]]) -> str:
    document = {"id": 7, "disks": [{**DISK, **disk}], "snapshots": [], "disk_snapshots": [], **more}
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
        ({"persistent": True}, "persistent"),
        ({"format": "raw"}, "raw"),
    ],
)
def test_a_disk_that_can_have_no_snapshot_says_why(disk: dict[str, Any], reason: str) -> None:
    text = shown(disk)
    assert reason in text
    assert "disk-snapshot-create" not in text


def test_the_second_kind_of_snapshot_is_not_offered_beside_the_first() -> None:
    tree = shown({}, disk_snapshots=[NODE])
    assert ":disk-snapshot-revert 7 0 ID" in tree
    assert "snapshot-create 7" not in tree
    memory = shown({}, snapshots=[MEMORY])
    assert ":snapshot-revert 7 ID" in memory
    assert "disk-snapshot-create" not in memory
