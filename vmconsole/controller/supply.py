"""What a VM is given: disks on images its owner may use, networks, addresses; all within the using transaction."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from vmconsole.controller import addresses, image_trees
from vmconsole.errors import BadInput, Conflict, Denied, NotFound
from vmconsole.lifecycle import permissions
from vmconsole.lifecycle.permissions import Lock, Right
from vmconsole.store.conditions import ALIVE
from vmconsole.store.users import account

if TYPE_CHECKING:
    from collections.abc import Collection

    from vmconsole.store.session import Store
    from vmconsole.templates.devices import DiskSpec, NicSpec

MIB = 1024 * 1024
LETTERS = "abcdefghijklmnopqrstuvwxyz"
_BUSES = {"vd": "virtio", "sd": "scsi", "hd": "ide"}


class Image(NamedTuple):
    """An image as a disk needs it."""

    id: int
    type: str
    persistent: int
    state: str
    format: str
    size_bytes: int
    user_id: int
    group_id: int
    mode: int
    lock: int


class Supply:
    """Gives out what one user may have.

    Args:
        store: within a write transaction.
        asked_by: how errors call the user.
    """

    def __init__(self, store: Store, user_id: int, asked_by: str) -> None:
        self._store = store
        self._user = account(store, user_id, asked_by)
        self.group_id = self._user.group_id

    # Disks ------------------------------------------------------------------------------------------------------

    def add_disk(self, vm_id: int, disk_id: int, disk: DiskSpec, taken: Collection[str]) -> str:
        """Insert a disk that prolog will make or find; returns its target.

        Args:
            taken: targets that other disks of the VM have or are going to have.

        Raises:
            NotFound, Denied, Conflict, BadInput: the image is not there, not allowed, not usable or larger.
        """
        image = None if disk.volatile is not None else self.image(disk)
        target = disk.target or _free_target(disk.prefix or _prefix(image), taken)
        size = (disk.size_mib or 0) * MIB
        if image is None:
            kind, image_format = str(disk.volatile), disk.format or "qcow2"
        else:
            kind, image_format = ("cdrom" if image.type == "CDROM" else "file"), image.format
            self._check(disk, image)
            size = max(size, image.size_bytes)
        attributes = {"CACHE": disk.cache, "DISCARD": disk.discard, "IO": disk.io}
        self._store.execute(
            "INSERT INTO disk (vm_id, disk_id, image_id, datastore_id, type, target, bus, format, size_bytes,"
            " persistent, readonly, attributes) VALUES (?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                vm_id, disk_id, image.id if image else None, kind, target, _BUSES[target[:2]], image_format, size,
                image.persistent if image else 0, int(disk.readonly or kind == "cdrom"),
                json.dumps({key: value for key, value in attributes.items() if value is not None}),
            ),
        )  # fmt: skip
        if image is not None:
            self._store.execute(
                "UPDATE image SET state = 'used', changed = ? WHERE id = ? AND state = 'rdy'",
                (self._store.next_change(), image.id),
            )
            if image.persistent:
                image_trees.lend(self._store, image.id, vm_id, disk_id)
        return target

    def add_context(self, vm_id: int, disk_id: int, taken: Collection[str]) -> None:
        """Insert the CD-ROM that tells the guest its context; prolog makes it."""
        self._store.execute(
            "INSERT INTO disk (vm_id, disk_id, datastore_id, type, target, bus, format, readonly)"
            " VALUES (?, ?, 0, 'context', ?, 'ide', 'raw', 1)",
            (vm_id, disk_id, _free_target("hd", taken)),
        )

    def image(self, disk: DiskSpec) -> Image:
        """The image a disk names, if the user may use it; his own comes before another's of the same name."""
        columns = "id, type, persistent, state, format, size_bytes, user_id, group_id, mode, lock_level"
        if disk.image_id is not None:
            rows = self._store.query(f"SELECT {columns} FROM image WHERE id = ?", (disk.image_id,))
            shown = str(disk.image_id)
        else:
            owner = disk.image_owner or ""
            rows = self._store.query(
                f"SELECT {columns} FROM image WHERE name = ? AND (? = '' OR user_id ="
                " (SELECT id FROM user_account WHERE user_account.name = ?))"
                " ORDER BY CASE WHEN user_id = ? THEN 0 ELSE 1 END, id",
                (disk.image, owner, owner, self._user.id),
            )
            shown = repr(disk.image)
        if not rows:
            raise NotFound(f"image {shown} does not exist", code="NO_IMAGE", hint="vmconsole image list")
        image = Image(*rows[0])
        self._require(Right.USE, "image", image.id, image.user_id, image.group_id, image.mode, image.lock)
        return image

    def require_image(self, image_id: int, right: Right) -> None:
        """Raise Denied if the user lacks a right on an image that is there."""
        found = self._store.query("SELECT user_id, group_id, mode, lock_level FROM image WHERE id = ?", (image_id,))
        self._require(right, "image", image_id, *found[0])

    def _require(self, right: Right, kind: str, number: int, owner: int, group: int, mode: int, lock: int) -> None:
        label = f"{kind} {number}"
        if permissions.locked(right, Lock(lock)):
            raise Denied(f"{label} is locked", code="PERM_LOCKED")
        if not self._user.may(right, kind, number, owner, group, mode):
            raise Denied(f"user {self._user.asked_by} lacks {right.name} on {label}", code=f"PERM_{right.name}")

    def _check(self, disk: DiskSpec, image: Image) -> None:
        if image.state in ("err", "disa", "dele"):
            raise Conflict(f"image {image.id} cannot be used: it is {image.state}", code="IMAGE_STATE")
        if image.persistent and self._store.query(
            f"SELECT 1 FROM disk JOIN vm ON vm.id = disk.vm_id WHERE disk.image_id = ? AND {ALIVE} LIMIT 1",
            (image.id,),
        ):
            raise Conflict(f"image {image.id} is persistent and another VM uses it", code="IMAGE_BUSY")
        if disk.size_mib is not None and disk.size_mib * MIB < image.size_bytes:
            raise BadInput(
                f"disk SIZE {disk.size_mib} MiB is smaller than image {image.id} ({-(-image.size_bytes // MIB)} MiB)",
                code="INPUT_TEMPLATE",
            )
        if disk.size_mib is not None and image.type == "CDROM":
            raise BadInput(f"image {image.id} is a CD-ROM: it has no other SIZE", code="INPUT_TEMPLATE")

    # Networks ---------------------------------------------------------------------------------------------------

    def add_nic(self, vm_id: int, nic_id: int, nic: NicSpec) -> str:
        """Insert a NIC with its lease and, if its network has any, an address; returns its MAC address.

        Raises:
            NotFound, Denied: there is no such network, or the user may not use it.
            BadInput, Conflict: an address is not the network's to give, or another NIC has it, or none is left.
        """
        network_id, kind, source = self._network(nic)
        ip, mac = nic.ip or "", nic.mac or ""
        if network_id is not None:
            ip, mac = addresses.choose(self._store, network_id, nic.ip, nic.mac)
        mac = mac or self._free_mac(vm_id, nic_id)
        if addresses.is_used(self._store, mac):
            raise Conflict(f"another VM has the address {mac}", code="MAC_TAKEN")
        if network_id is not None:
            self._store.execute(
                "INSERT INTO network_lease (network_id, mac, ip, vm_id, nic_id) VALUES (?, ?, ?, ?, ?)",
                (network_id, mac, ip, vm_id, nic_id),
            )
        self._store.execute(
            "INSERT INTO nic (vm_id, nic_id, network_id, source_kind, source, mac, ip, model)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (vm_id, nic_id, network_id, kind, source, mac, ip, nic.model or "virtio"),
        )
        return mac

    def _network(self, nic: NicSpec) -> tuple[int | None, str, str]:
        """The network a NIC names: id, kind and name on the host."""
        if nic.bridge and nic.network is None and nic.network_id is None:
            return None, "bridge", nic.bridge
        columns = "id, source_kind, source, user_id, group_id, mode, lock_level"
        if nic.network_id is not None:
            rows = self._store.query(f"SELECT {columns} FROM network WHERE id = ?", (nic.network_id,))
        else:
            rows = self._store.query(f"SELECT {columns} FROM network WHERE name = ?", (nic.network or "default",))
        if not rows:
            shown = nic.network_id if nic.network_id is not None else repr(nic.network or "default")
            raise NotFound(f"network {shown} does not exist", code="NO_NETWORK", hint="vmconsole network list")
        number, kind, source, owner, group, mode, lock = rows[0]
        self._require(Right.USE, "network", number, owner, group, mode, lock)
        return int(number), str(kind), str(source)

    def _free_mac(self, vm_id: int, nic_id: int) -> str:
        """A locally administered address made of the VM's id and the NIC's, moved on while another NIC has it."""
        for attempt in range(256):
            octets = (0x02, *vm_id.to_bytes(4, "big"), nic_id + attempt & 0xFF)
            mac = ":".join(f"{octet:02x}" for octet in octets)
            if not self._store.query("SELECT 1 FROM nic WHERE mac = ?", (mac,)):
                return mac
        raise Conflict("no free MAC address was found", code="MAC_TAKEN")


def _prefix(image: Image | None) -> str:
    return "hd" if image is not None and image.type == "CDROM" else "vd"


def _free_target(prefix: str, taken: Collection[str]) -> str:
    for letter in LETTERS:
        if prefix + letter not in taken:
            return prefix + letter
    raise BadInput(f"there are more than {len(LETTERS)} disks named {prefix}…", code="INPUT_TEMPLATE")


def release_image(store: Store, image_id: int | None, vm_id: int) -> None:
    """A VM does not use an image any more: it is free unless another VM does, and gets its snapshots back."""
    if image_id is not None:
        image_trees.take_back(store, image_id, vm_id)
    store.execute(
        "UPDATE image SET state = 'rdy', changed = ? WHERE id = ? AND state = 'used'"
        " AND NOT EXISTS (SELECT 1 FROM disk JOIN vm ON vm.id = disk.vm_id"
        f"   WHERE disk.image_id = image.id AND {ALIVE} AND vm.id <> ?)",
        (store.next_change(), image_id, vm_id),
    )
