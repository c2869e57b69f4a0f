"""The records of snapshots: a tree for each disk, and a list of those that hold memory and all disks.

Of a disk's tree every node is a frozen volume. The volume that is written to lies on the active node; what it will be
called after a snapshot or a revert is settled before anything is done, so that an interrupted step finds it again.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from vmconsole.controller import vm_record
from vmconsole.controller.volumes import disk_volume
from vmconsole.errors import BadInput, Conflict, NotFound
from vmconsole.lifecycle.steps import Entry

if TYPE_CHECKING:
    from vmconsole.controller.job import Job
    from vmconsole.controller.vm_record import Disk, VmRecord
    from vmconsole.store.session import Store

HYPERVISOR_ID = "onesnap-"
"""What the names of our snapshots begin with where the hypervisor keeps them; others are left alone."""
LONGEST_NAME = 128

_NEXT = "NEXT_SNAPSHOT"
"""Attribute of a disk: the id of its next snapshot. An id is never given twice."""


# Disks ----------------------------------------------------------------------------------------------------------


def open_disk_snapshot(store: Store, job: Job) -> dict[str, Any]:
    """A new snapshot, child of the active one: what is written to now will be frozen (ON-113).

    Raises:
        NotFound: there is no such disk. BadInput: the name is none.
        Conflict: the disk cannot have a tree, or the VM has system snapshots, which a new layer would make unusable.
    """
    vm, disk = _disk(store, job)
    name = _checked_name(job.arguments["name"])
    _require_tree(disk)
    if store.query("SELECT 1 FROM system_snapshot WHERE vm_id = ?", (vm.id,)):
        raise Conflict(
            f"{vm.label} has system snapshots, which a snapshot of a disk would make unusable",
            code="SNAPSHOTS_MIXED", hint=f"delete them first: vmconsole snapshot-delete {vm.id} ID",
        )  # fmt: skip
    active = store.query(
        "SELECT snapshot_id FROM disk_snapshot WHERE vm_id = ? AND disk_id = ? AND active = 1", (vm.id, disk.disk_id)
    )
    number = int(disk.attributes.get(_NEXT, 0))
    layer = _new_layer(store, vm, disk, {_NEXT: str(number + 1)})
    store.execute(
        "INSERT INTO disk_snapshot (vm_id, disk_id, snapshot_id, parent_id, name, active, created, size_bytes, volume)"
        " VALUES (?, ?, ?, ?, ?, 0, ?, 0, ?)",
        (vm.id, disk.disk_id, number, active[0][0] if active else -1, name, int(time.time()), disk.volume),
    )
    return {"disk_id": disk.disk_id, "snapshot_id": number, **layer}


def name_disk_snapshot_to_revert(store: Store, job: Job) -> dict[str, Any]:
    """Any snapshot may be reverted to, as often as one likes (ON-115)."""
    vm, disk = _disk(store, job)
    number, volume = _snapshot_of(store, job, disk)
    return {"disk_id": disk.disk_id, "snapshot_id": number, "node": volume, **_new_layer(store, vm, disk, {})}


def name_disk_snapshot_to_delete(store: Store, job: Job) -> dict[str, Any]:
    """Only a leaf goes. Raises Conflict: the snapshot is the active one or has children (ON-117)."""
    vm, disk = _disk(store, job)
    number, volume = _snapshot_of(store, job, disk)
    where = "WHERE vm_id = ? AND disk_id = ?"
    if store.query(
        f"SELECT 1 FROM disk_snapshot {where} AND snapshot_id = ? AND active = 1", (vm.id, disk.disk_id, number)
    ):
        raise Conflict(f"cannot delete the active snapshot {number} of disk {disk.disk_id}", code="SNAPSHOT_ACTIVE")
    children = store.query(
        f"SELECT snapshot_id FROM disk_snapshot {where} AND parent_id = ? ORDER BY snapshot_id",
        (vm.id, disk.disk_id, number),
    )
    if children:
        names = ", ".join(str(child) for (child,) in children)
        raise Conflict(
            f"cannot delete snapshot {number} of disk {disk.disk_id}: it has children ({names})",
            code="SNAPSHOT_CHILDREN",
        )
    return {"disk_id": disk.disk_id, "snapshot_id": number, "node": volume}


def name_disk_snapshot(store: Store, job: Job) -> dict[str, Any]:
    """The snapshot that gets another name (ON-118)."""
    _, disk = _disk(store, job)
    name = _checked_name(job.arguments["name"])
    return {"disk_id": disk.disk_id, "snapshot_id": _snapshot_of(store, job, disk)[0], "name": name}


def name_disk_snapshot_to_copy(store: Store, job: Job) -> dict[str, Any]:
    """The volume of the snapshot that a disk is saved as an image from; nothing when it is saved as it is (ON-125)."""
    if job.arguments.get("snapshot") is None:
        return {}
    return {"node": _snapshot_of(store, job, _disk(store, job)[1])[1]}


def settle_disk_snapshot(store: Store, job: Job, entry: Entry) -> None:
    """Make the snapshot the active one, with its new layer as the disk's volume, or take it out of the tree."""
    disk = (job.vm_id, job.arguments["disk_id"])
    number = job.arguments["snapshot_id"]
    if entry is Entry.REMOVE:
        store.execute("DELETE FROM disk_snapshot WHERE vm_id = ? AND disk_id = ? AND snapshot_id = ?", (*disk, number))
    elif entry is Entry.ACTIVATE:
        store.execute(
            "UPDATE disk_snapshot SET active = CASE WHEN snapshot_id = ? THEN 1 ELSE 0 END"
            " WHERE vm_id = ? AND disk_id = ?",
            (number, *disk),
        )
        store.execute(
            "UPDATE disk SET volume = ?, path = ? WHERE vm_id = ? AND disk_id = ?",
            (job.arguments["layer"], job.arguments["layer_path"], *disk),
        )


def refuse_trees(store: Store, job: Job) -> dict[str, Any]:
    """A copy made while the guest runs would have one layer only. Raises Conflict: the VM has disk snapshots."""
    if store.query("SELECT 1 FROM disk_snapshot WHERE vm_id = ?", (job.vm_id,)):
        raise Conflict(
            f"VM {job.vm_id} has disk snapshots, which a live migration would lose",
            code="DISK_SNAPSHOTS", hint=f"they go along when it does not run: vmconsole migrate {job.vm_id} HOST",
        )  # fmt: skip
    return {}


def _disk(store: Store, job: Job) -> tuple[VmRecord, Disk]:
    vm = vm_record.load(store, job.vm_id)
    text = str(job.arguments["disk_id"])
    found = next((disk for disk in vm.disks if str(disk.disk_id) == text), None)
    if found is None:
        raise NotFound(f"VM {vm.id} has no disk {text}", code="NO_DISK", hint=f"vmconsole show {vm.id}")
    return vm, found


def _require_tree(disk: Disk) -> None:
    """Refuse a disk of which no tree can be made."""
    if disk.type in ("swap", "fs", "context"):
        reason = "is volatile"
    elif disk.type == "cdrom" or disk.readonly:
        reason = "is read-only"
    elif disk.foreign:
        reason = "was not made by vmconsole"
    elif disk.persistent:
        reason = "is a persistent image, which would have to keep its snapshots itself; that is not supported"
    elif disk.format != "qcow2":
        reason = f"is {disk.format}, and only qcow2 disks have snapshots"
    else:
        return
    raise Conflict(f"disk {disk.disk_id} {reason}: it can have no snapshots", code="DISK_KIND")


def _new_layer(store: Store, vm: VmRecord, disk: Disk, counted: dict[str, str]) -> dict[str, str]:
    """Name the disk's next layer, with what else is `counted` of the disk."""
    number = disk.newest_layer + 1
    store.execute(
        "UPDATE disk SET attributes = ? WHERE vm_id = ? AND disk_id = ?",
        (json.dumps({**disk.attributes, vm_record.LAYER: str(number), **counted}), vm.id, disk.disk_id),
    )
    name = disk_volume(vm.id, disk.disk_id, number)
    return {"layer": name, "layer_path": f"{disk.path.rpartition('/')[0]}/{name}"}


def _snapshot_of(store: Store, job: Job, disk: Disk) -> tuple[int, str]:
    """Id and volume of the snapshot of a disk that the operation names."""
    rows = store.query(
        "SELECT snapshot_id, name, volume FROM disk_snapshot WHERE vm_id = ? AND disk_id = ?", (job.vm_id, disk.disk_id)
    )
    return _chosen(rows, str(job.arguments["snapshot"]), f"disk {disk.disk_id} of VM {job.vm_id}")


# Memory and all disks -------------------------------------------------------------------------------------------


def open_snapshot(store: Store, job: Job) -> dict[str, Any]:
    """A new system snapshot; without a name it is called after its id (ON-127).

    Raises:
        Conflict: a disk cannot hold it, or has a tree (ON-131).
    """
    vm = vm_record.load(store, job.vm_id)
    given = job.arguments.get("name")
    taken = store.query("SELECT MAX(snapshot_id) FROM system_snapshot WHERE vm_id = ?", (vm.id,))[0][0]
    number = 0 if taken is None else taken + 1
    name = f"snapshot-{number}" if given is None else _checked_name(given)
    written = [disk for disk in vm.disks if not disk.readonly]
    wrong = next((disk for disk in written if disk.format != "qcow2"), None)
    if wrong is not None or not written:
        seen = f"disk {wrong.disk_id} is {wrong.format}" if wrong is not None else "there is none"
        raise Conflict(f"a system snapshot lies in the disks, which must all be qcow2: {seen}", code="DISK_KIND")
    if store.query("SELECT 1 FROM disk_snapshot WHERE vm_id = ?", (vm.id,)):
        raise Conflict(
            f"{vm.label} has disk snapshots, which a revert to a system snapshot would make unusable",
            code="SNAPSHOTS_MIXED", hint=f"snapshot its disks: vmconsole disk-snapshot-create {vm.id} DISK NAME",
        )  # fmt: skip
    store.execute(
        "INSERT INTO system_snapshot (vm_id, snapshot_id, name, created, hypervisor_id) VALUES (?, ?, ?, ?, ?)",
        (vm.id, number, name, int(time.time()), f"{HYPERVISOR_ID}{number}"),
    )
    return {"snapshot_id": number, "hypervisor_id": f"{HYPERVISOR_ID}{number}"}


def name_snapshot(store: Store, job: Job) -> dict[str, Any]:
    """The system snapshot the operation is about, by id or by name."""
    rows = store.query("SELECT snapshot_id, name, hypervisor_id FROM system_snapshot WHERE vm_id = ?", (job.vm_id,))
    number, hypervisor_id = _chosen(rows, str(job.arguments["snapshot"]), f"VM {job.vm_id}")
    return {"snapshot_id": number, "hypervisor_id": hypervisor_id}


def settle_snapshot(store: Store, job: Job, entry: Entry) -> None:
    """Keep the system snapshot, or take it off the list."""
    if entry is Entry.REMOVE:
        store.execute(
            "DELETE FROM system_snapshot WHERE vm_id = ? AND snapshot_id = ?", (job.vm_id, job.arguments["snapshot_id"])
        )


# Names ----------------------------------------------------------------------------------------------------------


def _chosen(rows: list[tuple[Any, ...]], text: str, whose: str) -> tuple[int, str]:
    """Id and third column of the one row (id, name, …) that the text means: an id before a name."""
    found = [row for row in rows if str(row[0]) == text] or [row for row in rows if row[1] == text]
    if not found:
        raise NotFound(f"{whose} has no snapshot {text!r}", code="NO_SNAPSHOT")
    if len(found) > 1:
        ids = ", ".join(str(row[0]) for row in found)
        raise Conflict(f"{whose} has several snapshots {text!r}: name one by its id ({ids})", code="SNAPSHOT_AMBIGUOUS")
    return int(found[0][0]), str(found[0][2])


def _checked_name(given: object) -> str:
    name = str(given).strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise BadInput(f"a snapshot's name has 1 to {LONGEST_NAME} printable characters", code="INPUT_NAME")
    return name
