"""A VM with its disks and NICs, as the steps need it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from vmconsole.controller import history
from vmconsole.errors import NotFound

if TYPE_CHECKING:
    from vmconsole.store.session import Store

LAYER = "LAYER"
"""Attribute of a disk: the number of its newest layer. A number is never given twice."""


@dataclass(frozen=True, slots=True)
class Disk:
    """One disk. `volume` is empty until prolog has made it; `host_id` says on which host it lies."""

    disk_id: int
    image_id: int | None
    host_id: int | None
    type: str
    target: str
    bus: str
    format: str
    size_bytes: int
    persistent: bool
    readonly: bool
    volume: str
    path: str
    attributes: dict[str, str]
    frozen: tuple[str, ...] = ()
    """The volumes of its snapshots, each after the one it lies on; the disk's own lies on one of them."""

    @property
    def newest_layer(self) -> int:
        """Number of the layer that was named last; 0 when the disk never had a snapshot."""
        return int(self.attributes.get(LAYER, 0))

    @property
    def foreign(self) -> bool:
        """Not made by us: used where it lies, never copied, never deleted."""
        return self.type == "foreign"

    @property
    def in_place(self) -> bool:
        """The guest uses the image's own volume: it outlives the VM."""
        return self.foreign or self.persistent or self.type == "cdrom"


@dataclass(frozen=True, slots=True)
class Nic:
    """One network interface."""

    nic_id: int
    source_kind: str
    source: str
    mac: str
    ip: str
    model: str


@dataclass(frozen=True, slots=True)
class VmRecord:
    """One VM."""

    id: int
    uuid: str
    name: str
    user_id: int
    group_id: int
    mode: int
    version: int
    host_id: int | None
    target_host_id: int | None
    deploy_id: str
    cpu: float
    vcpu: int
    memory_mib: int
    template: dict[str, Any]
    imported: bool
    paused: bool
    checkpoint_host_id: int | None
    last_host_id: int | None
    """The host it is on or, when it is on none, was on last."""
    disks: tuple[Disk, ...]
    nics: tuple[Nic, ...]

    @property
    def label(self) -> str:
        return f"VM {self.id} ({self.name})"

    @property
    def domain_name(self) -> str:
        return self.deploy_id or f"one-{self.id}"

    @property
    def checkpoint(self) -> str:
        """Name of the volume that holds the memory of a stopped VM."""
        return f"one-{self.id}.checkpoint"

    @property
    def bound_to(self) -> int | None:
        """The only host the VM can run on, because disks that we may not move lie there; None if it may go anywhere."""
        if self.imported:
            return next((disk.host_id for disk in self.disks if disk.host_id is not None), self.last_host_id)
        return next((disk.host_id for disk in self.disks if disk.foreign), None)

    def disk(self, disk_id: int) -> Disk:
        """The disk of this id, which it has."""
        return next(disk for disk in self.disks if disk.disk_id == disk_id)

    def with_checkpoint_on(self, host_id: int) -> VmRecord:
        """The same VM, whose saved memory is now a file on a host."""
        return replace(self, checkpoint_host_id=host_id)

    def with_disks_at(self, paths: dict[int, str]) -> VmRecord:
        """The same VM with its disks at other paths, by disk id."""
        disks = tuple(replace(disk, path=paths.get(disk.disk_id, disk.path)) for disk in self.disks)
        return replace(self, disks=disks)


def load(store: Store, vm_id: int | None) -> VmRecord:
    """The VM as it is now. Raises NotFound."""
    rows = store.query(f"SELECT {', '.join(_VM)} FROM vm WHERE id = ?", (vm_id,))
    if not rows:
        raise NotFound(f"VM {vm_id} does not exist", code="NO_VM")
    row = dict(zip(_VM, rows[0], strict=True))
    row["template"] = json.loads(row["template"])
    row["last_host_id"] = row["host_id"] if row["host_id"] is not None else history.last(store, row["id"])[1]
    return VmRecord(**_truths(row, "imported", "paused"), disks=_disks(store, row["id"]), nics=_nics(store, row["id"]))


_VM = (
    "id", "uuid", "name", "user_id", "group_id", "mode", "version", "host_id", "target_host_id", "deploy_id", "cpu",
    "vcpu", "memory_mib", "template", "imported", "paused", "checkpoint_host_id",
)  # fmt: skip
_DISK = (
    "disk_id", "image_id", "host_id", "type", "target", "bus", "format", "size_bytes", "persistent", "readonly",
    "volume", "path", "attributes",
)  # fmt: skip


def _disks(store: Store, vm_id: int) -> tuple[Disk, ...]:
    rows = store.query(f"SELECT {', '.join(_DISK)} FROM disk WHERE vm_id = ? ORDER BY disk_id", (vm_id,))
    found = [dict(zip(_DISK, row, strict=True)) for row in rows]
    nodes = store.query("SELECT disk_id, volume FROM disk_snapshot WHERE vm_id = ? ORDER BY snapshot_id", (vm_id,))
    for row in found:
        row["attributes"] = json.loads(row["attributes"])
        # A snapshot that is just being taken has the volume that is still written to.
        row["frozen"] = tuple(
            volume for disk_id, volume in nodes if disk_id == row["disk_id"] and volume != row["volume"]
        )
    return tuple(Disk(**_truths(row, "persistent", "readonly")) for row in found)


def _truths(row: dict[str, Any], *names: str) -> dict[str, Any]:
    """The row with the store's 0 and 1 of these columns as what they mean."""
    return {**row, **{name: bool(row[name]) for name in names}}


def _nics(store: Store, vm_id: int) -> tuple[Nic, ...]:
    rows = store.query(
        "SELECT nic_id, source_kind, source, mac, ip, model FROM nic WHERE vm_id = ? ORDER BY nic_id", (vm_id,)
    )
    return tuple(Nic(*row) for row in rows)
