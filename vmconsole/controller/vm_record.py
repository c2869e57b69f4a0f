"""A VM with its disks and NICs, as the steps need it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vmconsole.controller import history
from vmconsole.errors import NotFound
from vmconsole.templates.secrets import concealed

if TYPE_CHECKING:
    from vmconsole.store.session import Store

LAYER = "LAYER"
"""Attribute of a disk: the number of its newest layer. A number is never given twice."""
NEXT_SNAPSHOT = "NEXT_SNAPSHOT"
"""Attribute of a disk: the id of its next snapshot. An id is never given twice."""


_SAID_APART = frozenset(("NAME", "CPU", "VCPU", "MEMORY", "DISK", "NIC"))
"""Parts of a template that a VM's rows hold as they have become since."""


@dataclass(frozen=True, slots=True)
class Disk:
    """One disk. `volume` is empty until prolog has made it; `host_id` and `datastore_id` say where it lies."""

    disk_id: int
    image_id: int | None
    datastore_id: int
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
    def described(self) -> str:
        """Kind, size and origin in a few words."""
        origin = "" if self.image_id is None else f" of image {self.image_id}"
        return f"{self.type} {self.format}, {self.size_bytes} bytes{origin}"

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

    @property
    def described(self) -> str:
        """Network, address and kind in a few words."""
        return " ".join(word for word in (self.source_kind, self.source, self.ip, self.model) if word)


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
    datastore_id: int
    target_datastore_id: int | None
    deploy_id: str
    cpu: float
    vcpu: int
    memory_mib: int
    template: dict[str, Any]
    imported: bool
    paused: bool
    checkpoint_host_id: int | None
    checkpoint_datastore_id: int | None
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

    @property
    def configuration(self) -> dict[str, Any]:
        """What the VM is made of, for people: kept with each snapshot, so that two can be compared."""
        own = {"name": self.name, "cpu": self.cpu, "vcpu": self.vcpu, "memory_mib": self.memory_mib}
        template = concealed({key: value for key, value in self.template.items() if key not in _SAID_APART})
        disks = {disk.target: disk.described for disk in self.disks}
        return {**own, "disk": disks, "nic": {nic.mac: nic.described for nic in self.nics}, "template": template}

    def disk(self, disk_id: int) -> Disk:
        """The disk of this id, which it has."""
        return next(disk for disk in self.disks if disk.disk_id == disk_id)

    @property
    def checkpoint_datastore(self) -> int:
        """The datastore in which its saved memory lies."""
        return self.datastore_id if self.checkpoint_datastore_id is None else self.checkpoint_datastore_id

    @property
    def goal_datastore_id(self) -> int:
        """The system datastore in which its files are or, while they are on their way, are to be."""
        return self.datastore_id if self.target_datastore_id is None else self.target_datastore_id


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
    "id", "uuid", "name", "user_id", "group_id", "mode", "version", "host_id", "target_host_id",
    "datastore_id", "target_datastore_id", "deploy_id", "cpu", "vcpu", "memory_mib", "template", "imported", "paused",
    "checkpoint_host_id", "checkpoint_datastore_id",
)  # fmt: skip
_DISK = (
    "disk_id", "image_id", "datastore_id", "host_id", "type", "target", "bus", "format", "size_bytes", "persistent",
    "readonly", "volume", "path", "attributes",
)  # fmt: skip


def _disks(store: Store, vm_id: int) -> tuple[Disk, ...]:
    rows = store.query(f"SELECT {', '.join(_DISK)} FROM disk WHERE vm_id = ? ORDER BY disk_id", (vm_id,))
    found = [dict(zip(_DISK, row, strict=True)) for row in rows]
    nodes = store.query("SELECT disk_id, volume FROM disk_snapshot WHERE vm_id = ? ORDER BY snapshot_id", (vm_id,))
    for row in found:
        row["attributes"] = json.loads(row["attributes"])
        row["datastore_id"] = row["datastore_id"] or 0
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
