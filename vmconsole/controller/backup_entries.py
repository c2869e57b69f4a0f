"""The record of a backup that is being made, and what ends the chain of increments."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from vmconsole.controller import backup_record, vm_record
from vmconsole.controller.backup_record import Backup
from vmconsole.controller.machine_description import describe
from vmconsole.controller.retention import retention_of, schedule_of
from vmconsole.errors import BadInput, Conflict, NotFound
from vmconsole.lifecycle import states as at
from vmconsole.lifecycle.steps import Entry
from vmconsole.store import operations
from vmconsole.store.ids import new_operation_id
from vmconsole.templates.errors import NameRefused
from vmconsole.templates.names import check_vm_name
from vmconsole.templates.vm import backup_spec

if TYPE_CHECKING:
    from vmconsole.controller.job import Job
    from vmconsole.controller.vm_record import Disk, VmRecord
    from vmconsole.store.session import Store
    from vmconsole.templates.backup import BackupSpec

FULL, INCREMENTAL = "full", "incremental"
LONGEST_CHAIN = 30
"""Backups of a chain after which a new one is begun: one damaged file spoils all that lie on it. A chain is not longer
than what is kept, either, or nothing of it could ever be removed."""


def open_backup(store: Store, job: Job) -> dict[str, Any]:
    """A new backup, which has its row before it has any content (ON-040).

    Raises:
        NotFound: there is no such datastore. BadInput: the name or the mode is none.
        Conflict: the datastore does not take backups, or the VM has no disk to back up.
    """
    vm = vm_record.load(store, job.vm_id)
    spec = backup_spec(vm.template)
    datastore_id = _datastore(store, str(job.arguments["datastore_id"]))
    mode = str(job.arguments.get("mode") or (INCREMENTAL if spec.incremental else FULL)).lower()
    if mode not in (FULL, INCREMENTAL):
        raise BadInput(f"a backup is full or incremental, not {mode!r}", code="INPUT_BACKUP")
    if not backed_up(vm, spec):
        raise Conflict(f"{vm.label} has no disk to back up", code="NO_DISK")
    number = store.next_value("backup")
    given = job.arguments.get("name")
    assert vm.host_id is not None
    backup = Backup(
        id=number, vm_id=vm.id, name=f"{vm.name}-{number}" if given is None else _checked(str(given)),
        datastore_id=datastore_id, host_id=vm.host_id, parent_id=None, state="init", created=int(time.time()),
        running=job.position is at.RUNNING, closed="", template=describe(store, vm),
        schedule_id=schedule_of(store, job), disks=(), instance=backup_record.instance_of(store),
    )  # fmt: skip
    backup_record.add(store, backup, operation_id=job.id)
    longest = min(LONGEST_CHAIN, retention_of(store, job).last or LONGEST_CHAIN)
    return {"backup_id": number, "datastore_id": datastore_id, "mode": mode, "longest_chain": longest}


def backed_up(vm: VmRecord, spec: BackupSpec) -> list[Disk]:
    """The disks of a VM that a backup holds: those it can write to, and of them the volatile ones only on demand."""
    kinds = {"file", "foreign", *(("swap", "fs") if spec.volatile else ())}
    return [disk for disk in vm.disks if disk.type in kinds and not disk.readonly]


def settle_backup(store: Store, job: Job, entry: Entry) -> None:
    """The step has ended. One that failed has left nothing behind; one that somebody ended by hand may have."""
    assert job.vm_id is not None
    backup = backup_record.under_way(store, job.vm_id)
    if backup is None:
        return
    if job.command == "backup":
        backup_record.forget(store, [backup.id])
    elif job.command == "recover-success" and entry is Entry.KEEP:
        backup_record.complete(store, backup, {}, closed="it was taken as whole by hand")
    else:
        store.execute("UPDATE backup SET state = 'dele' WHERE id = ?", (backup.id,))
        operations.insert(
            store, new_operation_id(), "backup.delete", {"backup_ids": [backup.id]}, user_id=job.user_id,
            asked_by=job.asked_by, face="controller", now=time.time(),
        )  # fmt: skip


def refuse_snapshots(store: Store, job: Job) -> None:
    """Raise Conflict for snapshots of disks on a VM that is configured for increments, which they would spoil."""
    if job.command in _SNAPSHOTS and backup_spec(vm_record.load(store, job.vm_id).template).incremental:
        raise Conflict(
            f"VM {job.vm_id} is configured for incremental backups, which snapshots would make unusable",
            code="BACKUP_INCREMENTAL", hint='updateconf with BACKUP_CONFIG = [ MODE = "FULL" ] changes that',
        )  # fmt: skip


def end_chain(store: Store, job: Job) -> None:
    """If the operation makes the marks in the disks worthless, the next backup is a full one and says why."""
    reason = _ENDS_CHAIN.get(job.command)
    if reason is not None:
        backup_record.close(store, job.vm_id, reason)


_SNAPSHOTS = frozenset(
    ("disk-snapshot-create", "disk-snapshot-revert", "disk-snapshot-delete", "snapshot-create", "snapshot-revert")
)
_ENDS_CHAIN = {
    "disk-attach": "a disk was attached",
    "disk-detach": "a disk was detached",
    "disk-resize": "a disk was resized",
    "disk-snapshot-create": "a snapshot of a disk was taken",
    "disk-snapshot-revert": "a disk was reverted to a snapshot",
    "snapshot-create": "a system snapshot was taken",
    "snapshot-revert": "it was reverted to a system snapshot",
    "migrate": "it was moved",
    "live-migrate": "it was moved",
    "poweroff-migrate": "it was moved",
    "poweroff-hard-migrate": "it was moved",
    "undeploy": "it was undeployed",
    "undeploy-hard": "it was undeployed",
    "stop": "it was stopped",
    "recover-recreate": "it was made anew",
}
"""Actions after which the marks in the disks, or the hosts' records of them, do not say any more what has changed."""


def _datastore(store: Store, text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() else -1
    rows = store.query("SELECT name, type FROM datastore WHERE id = ?", (number,))
    if not rows:
        raise NotFound(f"datastore {text} does not exist", code="NO_DATASTORE", hint="vmconsole datastore list")
    if rows[0][1] != "backup":
        raise Conflict(
            f"datastore {number} ({rows[0][0]}) is of type {rows[0][1]} and takes no backups",
            code="DATASTORE_KIND", hint="vmconsole datastore create NAME --type backup",
        )  # fmt: skip
    return number


def _checked(name: str) -> str:
    try:
        return check_vm_name(name)
    except NameRefused as error:
        raise BadInput(str(error), code="INPUT_NAME") from error
