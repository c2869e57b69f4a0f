"""How much of a VM a backup has to write: of each disk all, or what has changed since the backup before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vmconsole.controller import backup_record
from vmconsole.controller.backup_entries import INCREMENTAL, backed_up
from vmconsole.controller.backup_record import Backup, BackupDisk
from vmconsole.controller.volumes import is_shared
from vmconsole.templates.vm import backup_spec

if TYPE_CHECKING:
    from vmconsole.controller.vm_record import Disk
    from vmconsole.controller.work import Work


@dataclass(frozen=True, slots=True)
class Plan:
    """What is written of each disk. `mark` is the checkpoint that increments begin at, empty for a full backup."""

    parent_id: int | None
    disks: tuple[BackupDisk, ...]
    remarks: list[str]
    mark: str = ""
    lying_on: Mapping[str, str] = field(default_factory=dict)
    """Of increments, the volume of the backup before, by target."""
    closed: str = ""
    """Why no increment can follow."""


def planned(work: Work, backup: Backup, marks: Sequence[str]) -> Plan:
    """An increment if that was asked for and can be had, else a full backup that says why.

    Args:
        marks: the checkpoints that the host knows of the domain.
    """
    if work.job.arguments.get("mode") != INCREMENTAL:
        return full(work, backup, "")
    made = backup_record.of_vm(work.around.store, work.vm.id)
    base = next((found for found in made if not found.closed), None)
    if base is None:
        reason = next((found.closed for found in made if found.running), "it is the first one of the VM while it runs")
    else:
        reason = _obstacle(work, backup, base, marks)
    if base is None or reason:
        return full(work, backup, f"this one is full: {reason}")
    disks = _disks(work)
    lying_on = {
        disk.target: found.volume
        for disk in disks
        if disk.format == "qcow2" and (found := base.disk(disk.disk_id)) is not None
    }
    return Plan(
        base.id, tuple(_written(backup, disk, disk.target in lying_on) for disk in disks), _remarks(disks), base.mark,
        lying_on,
    )  # fmt: skip


def full(work: Work, backup: Backup, remark: str) -> Plan:
    """All of every disk."""
    disks = _disks(work)
    markless = all(disk.format != "qcow2" for disk in disks)
    return Plan(
        None,
        tuple(_written(backup, disk, False) for disk in disks),
        [remark] if remark else [],
        closed="no disk is qcow2, which alone remembers what has changed" if markless else "",
    )


def _obstacle(work: Work, backup: Backup, base: Backup, marks: Sequence[str]) -> str:
    """Why no increment can be taken on this backup; empty when one can."""
    store = work.around.store
    if base.datastore_id != backup.datastore_id:
        return f"{base.label} lies in another datastore"
    if base.host_id != work.host_id and not is_shared(store, base.datastore_id):
        return f"{base.label} lies on another host"
    if base.mark not in marks:
        return f"host {work.host.name} has no mark of {base.label}: the VM has moved or was defined anew"
    if backup_record.depth(store, base) + 2 > int(work.job.arguments["longest_chain"]):
        return f"{base.label} is the last of its chain"
    for disk in _disks(work):
        before = base.disk(disk.disk_id)
        if before is None or (before.source, before.capacity_bytes) != (disk.path, disk.size_bytes):
            return f"disk {disk.target} is not what it was in {base.label}"
    return ""


def _disks(work: Work) -> list[Disk]:
    return backed_up(work.vm, backup_spec(work.vm.template))


def _written(backup: Backup, disk: Disk, incremental: bool) -> BackupDisk:
    return BackupDisk(disk.disk_id, disk.target, disk.path, backup.volume(disk.disk_id), incremental, disk.size_bytes)


def _remarks(disks: Sequence[Disk]) -> list[str]:
    others = (disk for disk in disks if disk.format != "qcow2")
    return [f"disk {disk.target} is {disk.format}, of which always all is written" for disk in others]
