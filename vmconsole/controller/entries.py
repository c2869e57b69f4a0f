"""The records that changes to a VM are about: a disk or NIC that comes or goes, a size that is to change.

Each is opened in the transaction that begins the operation and settled in the one that ends its step, by success, by
failure or by hand: nothing is half-done in between (the ruling on recovered hot-plugs).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from vmconsole.controller import backup_entries as backups
from vmconsole.controller import disk_snapshot_entries as disk_snapshots
from vmconsole.controller import saved_entries as saved
from vmconsole.controller import snapshot_entries as snapshots
from vmconsole.controller.supply import MIB, Supply, release_image
from vmconsole.errors import BadInput, Conflict, NotFound
from vmconsole.lifecycle.steps import Entry, Step, entry_after
from vmconsole.templates import syntax, vm
from vmconsole.templates.errors import BadInput as BadTemplate
from vmconsole.templates.sizes import disk_mib

if TYPE_CHECKING:
    from collections.abc import Callable

    from vmconsole.controller.job import Job
    from vmconsole.store.session import Store


def open_entry(store: Store, job: Job) -> None:
    """Make or check the record the operation is about, and note in its arguments which one that is.

    Raises:
        VmconsoleError: what the operation names is not there, not allowed, or not possible; nothing was written.
    """
    backups.refuse_snapshots(store, job)
    opener = _OPENERS.get(job.command)
    if opener is not None:
        job.arguments = {**job.arguments, **opener(store, job)}
        store.execute("UPDATE operation SET arguments = ? WHERE id = ?", (json.dumps(job.arguments), job.id))
    backups.end_chain(store, job)


def settle_entry(store: Store, job: Job, step: Step, *, success: bool) -> None:
    """Keep, take back or apply the record when the operation's step has ended."""
    settler = _SETTLERS.get(step)
    if settler is not None:
        settler(store, job, entry_after(step, success=success))


# Disks ----------------------------------------------------------------------------------------------------------


def _open_disk(store: Store, job: Job) -> dict[str, Any]:
    try:
        disk = vm.check_disk(syntax.parse(str(job.arguments["disk"])))
    except BadTemplate as error:
        raise BadInput(str(error), code="INPUT_TEMPLATE") from error
    rows = store.query("SELECT disk_id, target FROM disk WHERE vm_id = ?", (job.vm_id,))
    taken = {target for _, target in rows}
    if disk.target in taken:
        raise Conflict(f"VM {job.vm_id} has a disk {disk.target} already", code="TARGET_TAKEN")
    number = max((disk_id for disk_id, _ in rows), default=-1) + 1
    assert job.vm_id is not None
    Supply(store, job.user_id, job.asked_by).add_disk(job.vm_id, number, disk, taken)
    return {"disk_id": number}


def _find_disk(store: Store, job: Job) -> tuple[int, str, int]:
    """Id, type and size in bytes of the disk an operation names."""
    text = str(job.arguments["disk_id"])
    number = int(text) if text.isascii() and text.isdigit() else -1
    rows = store.query(
        "SELECT disk_id, type, size_bytes FROM disk WHERE vm_id = ? AND disk_id = ?", (job.vm_id, number)
    )
    if not rows:
        raise NotFound(f"VM {job.vm_id} has no disk {text}", code="NO_DISK", hint=f"vmconsole show {job.vm_id}")
    found: tuple[int, str, int] = rows[0]
    return found


def _name_disk(store: Store, job: Job) -> dict[str, Any]:
    return {"disk_id": _find_disk(store, job)[0]}


def _check_size(store: Store, job: Job) -> dict[str, Any]:
    number, kind, size = _find_disk(store, job)
    try:
        wanted = disk_mib(str(job.arguments["size"])) * MIB
    except BadTemplate as error:
        raise BadInput(str(error), code="INPUT_SIZE") from error
    if wanted <= size:
        raise BadInput(f"disk {number} has {size // MIB} MiB; it can only grow", code="INPUT_SIZE")
    if kind == "cdrom":
        raise Conflict(f"disk {number} is a CD-ROM", code="DISK_KIND")
    if store.query("SELECT 1 FROM disk_snapshot WHERE vm_id = ? AND disk_id = ?", (job.vm_id, number)):
        raise Conflict(f"disk {number} has snapshots", code="DISK_SNAPSHOTS", hint="delete them first")
    return {"disk_id": number, "size_bytes": wanted}


def _settle_disk(store: Store, job: Job, entry: Entry) -> None:
    if entry is not Entry.REMOVE:
        return
    number = job.arguments["disk_id"]
    assert job.vm_id is not None
    for (image_id,) in store.query("SELECT image_id FROM disk WHERE vm_id = ? AND disk_id = ?", (job.vm_id, number)):
        release_image(store, image_id, job.vm_id)
    store.execute("DELETE FROM disk_snapshot WHERE vm_id = ? AND disk_id = ?", (job.vm_id, number))
    store.execute("DELETE FROM disk WHERE vm_id = ? AND disk_id = ?", (job.vm_id, number))


def _settle_size(store: Store, job: Job, entry: Entry) -> None:
    if entry is Entry.KEEP:
        store.execute(
            "UPDATE disk SET size_bytes = ? WHERE vm_id = ? AND disk_id = ?",
            (job.arguments["size_bytes"], job.vm_id, job.arguments["disk_id"]),
        )


# Network interfaces ---------------------------------------------------------------------------------------------


def _open_nic(store: Store, job: Job) -> dict[str, Any]:
    try:
        nic = vm.check_nic(syntax.parse(str(job.arguments["nic"])))
    except BadTemplate as error:
        raise BadInput(str(error), code="INPUT_TEMPLATE") from error
    rows = store.query("SELECT COALESCE(MAX(nic_id) + 1, 0) FROM nic WHERE vm_id = ?", (job.vm_id,))
    number = int(rows[0][0])
    assert job.vm_id is not None
    Supply(store, job.user_id, job.asked_by).add_nic(job.vm_id, number, nic)
    return {"nic_id": number}


def _name_nic(store: Store, job: Job) -> dict[str, Any]:
    text = str(job.arguments["nic_id"])
    number = int(text) if text.isascii() and text.isdigit() else -1
    if not store.query("SELECT 1 FROM nic WHERE vm_id = ? AND nic_id = ?", (job.vm_id, number)):
        raise NotFound(f"VM {job.vm_id} has no NIC {text}", code="NO_NIC", hint=f"vmconsole show {job.vm_id}")
    return {"nic_id": number}


def _settle_nic(store: Store, job: Job, entry: Entry) -> None:
    if entry is not Entry.REMOVE:
        return
    number = job.arguments["nic_id"]
    store.execute("DELETE FROM network_lease WHERE vm_id = ? AND nic_id = ?", (job.vm_id, number))
    store.execute("DELETE FROM nic WHERE vm_id = ? AND nic_id = ?", (job.vm_id, number))


# Capacity -------------------------------------------------------------------------------------------------------


def set_capacity(store: Store, job: Job) -> None:
    """Write the CPU, VCPU and memory that a resize asked for; what it did not name stays."""
    columns = {name: job.arguments[name] for name in ("cpu", "vcpu", "memory_mib") if name in job.arguments}
    assignments = "".join(f"{name} = ?, " for name in columns)
    store.execute(
        f"UPDATE vm SET {assignments}changed = ? WHERE id = ?", (*columns.values(), store.next_change(), job.vm_id)
    )


def _settle_capacity(store: Store, job: Job, entry: Entry) -> None:
    if entry is Entry.KEEP:
        set_capacity(store, job)


_OPENERS: dict[str, Callable[[Store, Job], dict[str, Any]]] = {
    "backup": backups.open_backup,
    "disk-attach": _open_disk,
    "disk-detach": _name_disk,
    "disk-resize": _check_size,
    "disk-saveas": saved.open_saved_disk,
    "save": saved.open_saved_vm,
    "disk-snapshot-create": disk_snapshots.open_disk_snapshot,
    "disk-snapshot-revert": disk_snapshots.name_disk_snapshot_to_revert,
    "disk-snapshot-delete": disk_snapshots.name_disk_snapshot_to_delete,
    "disk-snapshot-rename": disk_snapshots.name_disk_snapshot,
    "snapshot-create": snapshots.open_snapshot,
    "snapshot-revert": snapshots.name_snapshot,
    "snapshot-delete": snapshots.name_snapshot,
    "live-migrate": disk_snapshots.refuse_trees,
    "nic-attach": _open_nic,
    "nic-detach": _name_nic,
}
_SETTLERS: dict[Step, Callable[[Store, Job, Entry], None]] = {
    Step.ATTACH_DISK: _settle_disk,
    Step.DETACH_DISK: _settle_disk,
    Step.RESIZE_DISK: _settle_size,
    Step.SAVE_AS: saved.settle_saved,
    Step.BACKUP: backups.settle_backup,
    Step.CREATE_DISK_SNAPSHOT: disk_snapshots.settle_disk_snapshot,
    Step.REVERT_DISK_SNAPSHOT: disk_snapshots.settle_disk_snapshot,
    Step.DELETE_DISK_SNAPSHOT: disk_snapshots.settle_disk_snapshot,
    Step.CREATE_SNAPSHOT: snapshots.settle_snapshot,
    Step.DELETE_SNAPSHOT: snapshots.settle_snapshot,
    Step.ATTACH_NIC: _settle_nic,
    Step.DETACH_NIC: _settle_nic,
    Step.RESIZE: _settle_capacity,
}
