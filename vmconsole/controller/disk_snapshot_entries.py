"""The records of disk snapshots: a tree for each disk, of which every node is a frozen volume.

The volume that is written to lies on the active node; what it will be called after a snapshot or a revert is settled
before anything is done, so that an interrupted step finds it again.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from vmconsole.controller import image_trees, vm_record
from vmconsole.controller.retention import schedule_of
from vmconsole.controller.snapshot_entries import checked_name, chosen
from vmconsole.controller.supply import Supply
from vmconsole.controller.volumes import datastore_of, disk_volume, image_layer
from vmconsole.errors import Conflict, NotFound
from vmconsole.lifecycle import states as at
from vmconsole.lifecycle.permissions import Right
from vmconsole.lifecycle.steps import Entry
from vmconsole.lifecycle.trees import FLAT, TREE, why_no_tree

if TYPE_CHECKING:
    from vmconsole.controller.job import Job
    from vmconsole.controller.vm_record import Disk, VmRecord
    from vmconsole.store.session import Store

DEEPEST = 20
"""Snapshots that may lie on each other: libvirt 10.8 to 11.10 start no domain with a disk of 25 layers."""


def open_disk_snapshot(store: Store, job: Job) -> dict[str, Any]:
    """A new snapshot: in a tree a child of the active one, and what is written to now will be frozen (ON-113).

    Raises:
        NotFound: there is no such disk. BadInput: the name is none.
        Conflict: the disk can have none, or none while its guest runs (ON-120); or the VM has system snapshots, which
            a new layer would make unusable.
        Denied: the disk is a persistent image, and the user lacks MANAGE on it.
    """
    vm, disk = _disk(store, job)
    name = checked_name(job.arguments["name"])
    keeping = _keeping(store, disk)
    _require_kept(job, disk, keeping)
    _require_image(store, job, disk)
    if store.query("SELECT 1 FROM system_snapshot WHERE vm_id = ?", (vm.id,)):
        raise Conflict(
            f"{vm.label} has system snapshots, which a snapshot of a disk would make unusable",
            code="SNAPSHOTS_MIXED", hint=f"delete them first: vmconsole snapshot-delete {vm.id} ID",
        )  # fmt: skip
    copied = keeping == FLAT
    parent = -1 if copied else _parent(store, vm, disk)
    number = int(disk.attributes.get(vm_record.NEXT_SNAPSHOT, 0))
    layer = _new_layer(store, vm, disk, {vm_record.NEXT_SNAPSHOT: str(number + 1)})
    assert job.position is not None
    store.execute(
        "INSERT INTO disk_snapshot (vm_id, disk_id, snapshot_id, parent_id, name, active, created, size_bytes, volume,"
        " copied, stat, configuration, schedule_id) VALUES (?, ?, ?, ?, ?, 0, ?, 0, ?, ?, ?, ?, ?)",
        (
            vm.id, disk.disk_id, number, parent, name, int(time.time()), layer["layer"] if copied else disk.volume,
            int(copied), job.position.alias, json.dumps(vm.configuration), schedule_of(store, job),
        ),
    )  # fmt: skip
    made = {"copy": layer["layer"]} if copied else layer
    return {"disk_id": disk.disk_id, "snapshot_id": number, **made}


def name_disk_snapshot_to_revert(store: Store, job: Job) -> dict[str, Any]:
    """Any snapshot may be reverted to, as often as one likes (ON-115)."""
    vm, disk = _disk(store, job)
    number, volume = _snapshot_of(store, job, disk)
    layer: dict[str, Any] = _new_layer(store, vm, disk, {})
    if _keeping(store, disk) == FLAT:
        layer["copied"] = True
    return {"disk_id": disk.disk_id, "snapshot_id": number, "node": volume, **layer}


def name_disk_snapshot_to_delete(store: Store, job: Job) -> dict[str, Any]:
    """Only that goes on which nothing lies. Raises Conflict: it is active in a tree, or has children (ON-117)."""
    vm, disk = _disk(store, job)
    _require_image(store, job, disk)
    number, volume = _snapshot_of(store, job, disk)
    where = "WHERE vm_id = ? AND disk_id = ?"
    if store.query(
        f"SELECT 1 FROM disk_snapshot {where} AND snapshot_id = ? AND active = 1 AND copied = 0",
        (vm.id, disk.disk_id, number),
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
    name = checked_name(job.arguments["name"])
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
        if "layer" not in job.arguments:  # a copy was made, and the disk is what it was
            return
        if not job.arguments.get("copied"):  # the disk lies on it from now on
            store.execute(
                "UPDATE disk_snapshot SET copied = 0 WHERE vm_id = ? AND disk_id = ? AND snapshot_id = ?",
                (*disk, number),
            )
        store.execute(
            "UPDATE disk SET volume = ?, path = ? WHERE vm_id = ? AND disk_id = ?",
            (job.arguments["layer"], job.arguments["layer_path"], *disk),
        )
        for (image_id,) in store.query(
            "SELECT image_id FROM disk WHERE vm_id = ? AND disk_id = ? AND persistent = 1", disk
        ):
            image_trees.top(store, image_id, job.arguments["layer"], job.arguments["layer_path"])


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


def _keeping(store: Store, disk: Disk) -> str:
    rows = store.query("SELECT snapshots FROM datastore WHERE id = ?", (datastore_of(disk),))
    return str(rows[0][0]) if rows else TREE


def _require_kept(job: Job, disk: Disk, keeping: str) -> None:
    """Refuse a disk that can have no snapshot, or none while a guest writes to it."""
    reason = why_no_tree(disk.type, disk.format, readonly=disk.readonly, keeping=keeping)
    if reason:
        raise Conflict(f"disk {disk.disk_id} {reason}: it can have no snapshots", code="DISK_KIND")
    if keeping == FLAT and job.position is at.RUNNING:
        raise Conflict(
            f"disk {disk.disk_id} lies in a datastore that keeps copies, which are not made while a guest writes",
            code="SNAPSHOT_LIVE", hint=f"vmconsole suspend {job.vm_id} or vmconsole poweroff {job.vm_id} first",
        )  # fmt: skip


def _require_image(store: Store, job: Job, disk: Disk) -> None:
    """What is done to the tree of a persistent image is done to the image."""
    if disk.persistent and disk.image_id is not None:
        Supply(store, job.user_id, job.asked_by).require_image(disk.image_id, Right.MANAGE)


def _parent(store: Store, vm: VmRecord, disk: Disk) -> int:
    """The active snapshot, -1 for none. Raises Conflict: too many lie on each other already."""
    rows = store.query(
        "SELECT snapshot_id, parent_id, active FROM disk_snapshot WHERE vm_id = ? AND disk_id = ?",
        (vm.id, disk.disk_id),
    )
    parents = {number: parent for number, parent, _ in rows}
    active = next((number for number, _, active in rows if active), -1)
    depth, number = 0, active
    while number in parents:
        depth, number = depth + 1, parents[number]
    if depth >= DEEPEST:
        raise Conflict(
            f"disk {disk.disk_id} has {depth} snapshots on each other, and hosts do not start deeper ones",
            code="SNAPSHOT_DEPTH", hint="go on from an earlier one: vmconsole disk-snapshot-revert",
        )  # fmt: skip
    return active


def _new_layer(store: Store, vm: VmRecord, disk: Disk, counted: dict[str, str]) -> dict[str, str]:
    """Name the disk's next layer, with what else is `counted` of the disk."""
    number = disk.newest_layer + 1
    store.execute(
        "UPDATE disk SET attributes = ? WHERE vm_id = ? AND disk_id = ?",
        (json.dumps({**disk.attributes, vm_record.LAYER: str(number), **counted}), vm.id, disk.disk_id),
    )
    if disk.persistent and disk.image_id is not None:
        name = image_layer(disk.image_id, number)
    else:
        name = disk_volume(vm.id, disk.disk_id, number)
    return {"layer": name, "layer_path": f"{disk.path.rpartition('/')[0]}/{name}"}


def _snapshot_of(store: Store, job: Job, disk: Disk) -> tuple[int, str]:
    """Id and volume of the snapshot of a disk that the operation names."""
    rows = store.query(
        "SELECT snapshot_id, name, volume FROM disk_snapshot WHERE vm_id = ? AND disk_id = ?", (job.vm_id, disk.disk_id)
    )
    return chosen(rows, str(job.arguments["snapshot"]), f"disk {disk.disk_id} of VM {job.vm_id}")
