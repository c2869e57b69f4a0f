"""Backups as rows of the store: a chain for each VM, of which every increment lies on the one before."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vmconsole.errors import Conflict, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from vmconsole.store.session import Store

MARK = "onebackup-"
"""What the names of our checkpoints begin with where the hypervisor keeps them; others are left alone."""


@dataclass(frozen=True, slots=True)
class BackupDisk:
    """One disk of a backup: `source` is the file that was backed up, `volume` what it was written to."""

    disk_id: int
    target: str
    source: str
    volume: str
    incremental: bool
    capacity_bytes: int
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Backup:
    """One backup. `state` is init until it is whole, then rdy, and dele while it is being deleted."""

    id: int
    vm_id: int
    name: str
    datastore_id: int
    host_id: int
    parent_id: int | None
    state: str
    created: int
    running: bool
    closed: str
    """Why no increment can follow; empty while one can."""
    template: Mapping[str, Any]
    schedule_id: int | None
    disks: tuple[BackupDisk, ...]
    instance: str
    """UUID of the store: several may keep backups in one folder, and a new one counts from 0 again."""

    @property
    def mark(self) -> str:
        """The checkpoint since which the next increment is taken."""
        return f"{MARK}{self.instance[:8]}-{self.id}"

    @property
    def label(self) -> str:
        return f"backup {self.id} ({self.name})"

    def volume(self, disk_id: int) -> str:
        """Name of the volume of one of its disks."""
        return f"backup-{self.instance[:8]}-{self.id}-disk-{disk_id}"

    def disk(self, disk_id: int) -> BackupDisk | None:
        """What was written of a disk; None when nothing was."""
        return next((disk for disk in self.disks if disk.disk_id == disk_id), None)


_COLUMNS = (
    "id", "vm_id", "name", "datastore_id", "host_id", "parent_id", "state", "created", "running", "closed", "template",
    "schedule_id",
)  # fmt: skip
_DISK = ("disk_id", "target", "source", "volume", "incremental", "capacity_bytes", "size_bytes")
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM backup"


def load(store: Store, backup_id: int) -> Backup:
    """One backup. Raises NotFound."""
    rows = store.query(f"{_SELECT} WHERE id = ?", (backup_id,))
    if not rows:
        raise NotFound(f"backup {backup_id} does not exist", code="NO_BACKUP", hint="vmconsole backup list")
    return _read(store, rows[0])


def under_way(store: Store, vm_id: int) -> Backup | None:
    """The backup that is being made of a VM."""
    rows = store.query(f"{_SELECT} WHERE vm_id = ? AND state = 'init'", (vm_id,))
    return _read(store, rows[0]) if rows else None


def of_vm(store: Store, vm_id: int) -> list[Backup]:
    """The backups of a VM that are whole, the latest first."""
    rows = store.query(f"{_SELECT} WHERE vm_id = ? AND state = 'rdy' ORDER BY id DESC", (vm_id,))
    return [_read(store, row) for row in rows]


def children(store: Store, backup_id: int) -> list[int]:
    """The backups that lie on this one."""
    return [row[0] for row in store.query("SELECT id FROM backup WHERE parent_id = ? ORDER BY id", (backup_id,))]


def depth(store: Store, backup: Backup) -> int:
    """How many backups lie under this one."""
    found, parent = 0, backup.parent_id
    while parent is not None:
        found += 1
        parent = store.query("SELECT parent_id FROM backup WHERE id = ?", (parent,))[0][0]
    return found


def add(store: Store, backup: Backup, *, operation_id: str) -> None:
    """Insert a backup that is to be made, within a write transaction."""
    values = {name: getattr(backup, name) for name in _COLUMNS}
    values |= {
        "template": json.dumps(backup.template), "running": int(backup.running), "operation_id": operation_id,
        "changed": store.next_change(),
    }  # fmt: skip
    store.execute(
        f"INSERT INTO backup ({', '.join(values)}) VALUES ({', '.join('?' for _ in values)})", tuple(values.values())
    )


def plan(store: Store, backup: Backup, parent_id: int | None, disks: Iterable[BackupDisk]) -> None:
    """Write what is going to be made, before it is begun: so an interrupted attempt is found again.

    Raises:
        Conflict: the backup that it was to lie on is being deleted.
    """
    if parent_id is not None and not store.query("SELECT 1 FROM backup WHERE id = ? AND state = 'rdy'", (parent_id,)):
        raise Conflict(f"backup {parent_id} is being deleted", code="BACKUP_BUSY")
    store.execute("DELETE FROM backup_disk WHERE backup_id = ?", (backup.id,))
    store.execute("UPDATE backup SET parent_id = ?, frozen = 0 WHERE id = ?", (parent_id, backup.id))
    store.executemany(
        f"INSERT INTO backup_disk (backup_id, {', '.join(_DISK)}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                backup.id, disk.disk_id, disk.target, disk.source, disk.volume, int(disk.incremental),
                disk.capacity_bytes, disk.size_bytes,
            )
            for disk in disks
        ],
    )  # fmt: skip


def complete(store: Store, backup: Backup, sizes: Mapping[int, int], *, closed: str) -> None:
    """The backup is whole, with so many bytes for each disk. If an increment can follow it, none can follow others."""
    for disk_id, size in sizes.items():
        store.execute(
            "UPDATE backup_disk SET size_bytes = ? WHERE backup_id = ? AND disk_id = ?", (size, backup.id, disk_id)
        )
    if not closed:
        close(store, backup.vm_id, f"{backup.label} has followed")
    store.execute(
        "UPDATE backup SET state = 'rdy', size_bytes = ?, closed = ?, changed = ? WHERE id = ?",
        (sum(sizes.values()), closed, store.next_change(), backup.id),
    )


def close(store: Store, vm_id: int | None, reason: str) -> None:
    """No increment can follow what there is of a VM; the next backup is a full one, and gives the reason."""
    store.execute("UPDATE backup SET closed = ? WHERE vm_id = ? AND state = 'rdy' AND closed = ''", (reason, vm_id))


def forget(store: Store, backup_ids: Sequence[int]) -> None:
    """Remove the rows of backups on which nothing lies."""
    for backup_id in backup_ids:
        store.execute("DELETE FROM backup_disk WHERE backup_id = ?", (backup_id,))
        store.execute("DELETE FROM backup WHERE id = ?", (backup_id,))


def _read(store: Store, row: Sequence[Any]) -> Backup:
    values = dict(zip(_COLUMNS, row, strict=True))
    values |= {"template": json.loads(values["template"]), "running": bool(values["running"])}
    disks = store.query(
        f"SELECT {', '.join(_DISK)} FROM backup_disk WHERE backup_id = ? ORDER BY disk_id", (values["id"],)
    )
    found = [dict(zip(_DISK, disk, strict=True)) for disk in disks]
    for disk in found:
        disk["incremental"] = bool(disk["incremental"])
    return Backup(**values, disks=tuple(BackupDisk(**disk) for disk in found), instance=instance_of(store))


def instance_of(store: Store) -> str:
    """UUID of the store."""
    return str(store.query("SELECT value FROM meta WHERE key = 'instance'")[0][0])
