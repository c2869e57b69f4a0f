"""Making VMs out of templates."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

from vmconsole.controller import vm_record
from vmconsole.controller.steps import files
from vmconsole.errors import BadInput, Conflict, Denied, NotFound
from vmconsole.lifecycle import actions, permissions
from vmconsole.lifecycle.permissions import Right
from vmconsole.templates import names, syntax
from vmconsole.templates.errors import BadInput as BadTemplate
from vmconsole.templates.vm import VmSpec, check

if TYPE_CHECKING:
    from typing import Any

    from vmconsole.controller.job import Job
    from vmconsole.controller.steps import Effect
    from vmconsole.controller.work import Surroundings
    from vmconsole.store.session import Store
    from vmconsole.templates.devices import DiskSpec, NicSpec

_BUSES = {"vd": "virtio", "sd": "scsi", "hd": "ide"}
MIB = 1024 * 1024


async def create(job: Job, around: Surroundings) -> Effect:
    """Make one or several VMs, all or none; they wait to be placed, or on hold (ON-044, ON-046, ON-049)."""
    try:
        template = syntax.parse(str(job.arguments["template"]))
        spec = check(template)
        pattern = job.arguments.get("name") or spec.name
        count = int(job.arguments.get("multiple") or 1)
        vm_names = names.expand(pattern, count) if pattern else ("",) * count
    except BadTemplate as error:
        raise BadInput(str(error), code="INPUT_TEMPLATE") from error
    hold = bool(job.arguments.get("hold")) or bool(around.settings["vm_submit_on_hold"])
    machine = {key: value for key, value in template.to_data().items() if key not in spec.user}

    def effect(store: Store) -> dict[str, Any]:
        birth = _Birth(store, job, spec, machine, hold, int(around.clock()))
        return {"vm_ids": [birth.make(name) for name in vm_names]}

    return effect


async def cleanup(job: Job, around: Surroundings) -> Effect:
    """Clear away what a VM left on a host when it went at once; an imported domain is left as it is."""
    vm = vm_record.load(around.store, int(job.arguments["vm_id"]))
    if not vm.imported:
        await files.remove_files(around, vm, None)
    return lambda store: files.forget_files(store, vm.id)


class _Birth:
    """Writes the rows of new VMs within one transaction."""

    def __init__(self, store: Store, job: Job, spec: VmSpec, machine: dict[str, Any], hold: bool, now: int) -> None:
        self._store = store
        self._job = job
        self._spec = spec
        self._machine = machine
        self._hold = hold
        self._now = now
        group_id, administrator = store.query(
            "SELECT group_id, administrator FROM user_account WHERE id = ?", (job.user_id,)
        )[0]
        self._group_id = group_id
        self._administrator = bool(administrator)
        members = store.query("SELECT group_id FROM membership WHERE user_id = ?", (job.user_id,))
        self._groups = frozenset({group_id, *(row[0] for row in members)})

    def make(self, name: str) -> int:
        """One VM; returns its id."""
        number = self._store.next_value("vm")
        disks = [self._disk_row(number, index, disk) for index, disk in enumerate(self._spec.disks)]
        locked = any(self._image(row[2])[3] in ("lock", "clon") for row in disks if row[2] is not None)
        position, variant = actions.birth(held=self._hold, images_locked=locked)
        self._store.execute(
            "INSERT INTO vm (id, uuid, name, user_id, group_id, mode, state, lcm_state, prev_state, prev_lcm_state,"
            " state_since, variant, start_time, cpu, vcpu, memory_mib, template, user_template, template_id, changed)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                number, self._spec.os.uuid or str(uuid.uuid4()), name or f"one-{number}", self._job.user_id,
                self._group_id, permissions.default_mode(), position.state, position.lcm, position.state, position.lcm,
                self._now, str(variant), self._now, self._spec.cpu, self._spec.vcpu, self._spec.memory_mib,
                json.dumps(self._machine), json.dumps(self._spec.user.to_data()), self._job.arguments.get("template_id"),
                self._store.next_change(),
            ),
        )  # fmt: skip
        for row in disks:
            self._store.execute(
                "INSERT INTO disk (vm_id, disk_id, image_id, datastore_id, type, target, bus, format, size_bytes,"
                " persistent, readonly, attributes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            )
            if row[2] is not None:
                self._store.execute(
                    "UPDATE image SET state = 'used', changed = ? WHERE id = ? AND state = 'rdy'",
                    (self._store.next_change(), row[2]),
                )
        for index, nic in enumerate(self._spec.nics):
            self._insert_nic(number, index, nic)
        return number

    # Disks ------------------------------------------------------------------------------------------------------

    def _disk_row(self, vm_id: int, index: int, disk: DiskSpec) -> tuple[Any, ...]:
        target, bus = self._target(index, disk)
        attributes = {
            key: value
            for key, value in (("CACHE", disk.cache), ("DISCARD", disk.discard), ("IO", disk.io))
            if value is not None
        }
        size = (disk.size_mib or 0) * MIB
        if disk.volatile is not None:
            kind, image_id, persistent, image_format = str(disk.volatile), None, 0, disk.format or "qcow2"
        else:
            image_id, image_type, persistent, state, image_format, image_size = self._find_image(disk)
            kind = "cdrom" if image_type == "CDROM" else "file"
            size = max(size, image_size)
            self._check_image(disk, image_id, persistent, state, size, image_size)
        readonly = int(disk.readonly or kind == "cdrom")
        return (
            vm_id, index, image_id, 0, kind, target, bus, image_format, size, persistent, readonly,
            json.dumps(attributes),
        )  # fmt: skip

    def _target(self, index: int, disk: DiskSpec) -> tuple[str, str]:
        """Device name and bus: what the template says, else the next free letter of the prefix."""
        if disk.target:
            return disk.target, _BUSES[disk.target[:2]]
        cdrom = disk.volatile is None and self._find_image(disk)[1] == "CDROM"
        prefix = disk.prefix or ("hd" if cdrom else "vd")
        taken = {other.target for other in self._spec.disks if other.target}
        ahead = sum(1 for other in self._spec.disks[:index] if not other.target and self._prefix(other) == prefix)
        letters = [f"{prefix}{chr(ord('a') + number)}" for number in range(26)]
        free = [target for target in letters if target not in taken]
        if ahead >= len(free):
            raise BadInput(f"there are more than {len(letters)} disks named {prefix}…", code="INPUT_TEMPLATE")
        return free[ahead], _BUSES[prefix]

    def _prefix(self, disk: DiskSpec) -> str:
        cdrom = disk.volatile is None and self._find_image(disk)[1] == "CDROM"
        return disk.prefix or ("hd" if cdrom else "vd")

    def _find_image(self, disk: DiskSpec) -> tuple[int, str, int, str, str, int]:
        """The image a disk names: id, type, persistent, state, format, size in bytes."""
        if disk.image_id is not None:
            rows = self._store.query("SELECT id FROM image WHERE id = ?", (disk.image_id,))
            shown = str(disk.image_id)
        else:
            rows = self._store.query(
                "SELECT image.id FROM image JOIN user_account ON user_account.id = image.user_id"
                " WHERE image.name = ? AND (user_account.name = ? OR ? = '')"
                " ORDER BY CASE WHEN image.user_id = ? THEN 0 ELSE 1 END, image.id",
                (disk.image, disk.image_owner or "", disk.image_owner or "", self._job.user_id),
            )
            shown = repr(disk.image)
        if not rows:
            raise NotFound(f"image {shown} does not exist", code="NO_IMAGE", hint="vmconsole image list")
        return self._image(rows[0][0])

    def _image(self, image_id: int) -> tuple[int, str, int, str, str, int]:
        row = self._store.query(
            "SELECT id, type, persistent, state, format, size_bytes, user_id, group_id, mode FROM image WHERE id = ?",
            (image_id,),
        )[0]
        allowed = permissions.granted(
            Right.USE,
            user=self._job.user_id,
            groups=self._groups,
            admin=self._administrator,
            owner=row[6],
            group=row[7],
            mode=row[8],
        )
        if not allowed:
            raise Denied(f"user {self._job.asked_by} lacks USE on image {image_id}", code="PERM_USE")
        found: tuple[int, str, int, str, str, int] = row[:6]
        return found

    def _check_image(
        self, disk: DiskSpec, image_id: int, persistent: int, state: str, size: int, image_size: int
    ) -> None:
        if state in ("err", "disa", "dele"):
            raise Conflict(f"image {image_id} cannot be used: it is {state}", code="IMAGE_STATE")
        if persistent and self._used(image_id):
            raise Conflict(f"image {image_id} is persistent and another VM uses it", code="IMAGE_BUSY")
        if disk.size_mib is not None and disk.size_mib * MIB < image_size:
            raise BadInput(
                f"disk SIZE {disk.size_mib} MiB is smaller than image {image_id} ({-(-image_size // MIB)} MiB)",
                code="INPUT_TEMPLATE",
            )

    def _used(self, image_id: int) -> bool:
        return bool(
            self._store.query(
                "SELECT 1 FROM disk JOIN vm ON vm.id = disk.vm_id WHERE disk.image_id = ? AND vm.state <> 6 LIMIT 1",
                (image_id,),
            )
        )

    # Networks ---------------------------------------------------------------------------------------------------

    def _insert_nic(self, vm_id: int, index: int, nic: NicSpec) -> None:
        network_id, kind, source = self._network(nic)
        mac = nic.mac or self._free_mac(vm_id, index)
        if self._store.query(
            "SELECT 1 FROM nic JOIN vm ON vm.id = nic.vm_id WHERE nic.mac = ? AND vm.state <> 6", (mac,)
        ):
            raise Conflict(f"another VM has the address {mac}", code="MAC_TAKEN")
        if network_id is not None:
            self._store.execute(
                "INSERT INTO network_lease (network_id, mac, ip, vm_id, nic_id) VALUES (?, ?, ?, ?, ?)",
                (network_id, mac, nic.ip or "", vm_id, index),
            )
        self._store.execute(
            "INSERT INTO nic (vm_id, nic_id, network_id, source_kind, source, mac, ip, model)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (vm_id, index, network_id, kind, source, mac, nic.ip or "", nic.model or "virtio"),
        )

    def _network(self, nic: NicSpec) -> tuple[int | None, str, str]:
        """The network a NIC names: id, kind and name on the host."""
        if nic.network is None and nic.network_id is None:
            if nic.bridge:
                return None, "bridge", nic.bridge
            wanted = "default"
        else:
            wanted = nic.network if nic.network is not None else ""
        rows = self._store.query(
            "SELECT id, source_kind, source FROM network WHERE name = ? OR (? >= 0 AND id = ?)",
            (wanted, nic.network_id if nic.network_id is not None else -1, nic.network_id),
        )
        if not rows:
            shown = repr(wanted) if nic.network_id is None else nic.network_id
            raise NotFound(f"network {shown} does not exist", code="NO_NETWORK", hint="vmconsole network list")
        return int(rows[0][0]), str(rows[0][1]), str(rows[0][2])

    def _free_mac(self, vm_id: int, index: int) -> str:
        """A locally administered address made of the VM's id and the NIC's, moved on while another VM has it."""
        for attempt in range(256):
            octets = (
                0x02,
                vm_id >> 24 & 0xFF,
                vm_id >> 16 & 0xFF,
                vm_id >> 8 & 0xFF,
                vm_id & 0xFF,
                index + attempt & 0xFF,
            )
            mac = ":".join(f"{octet:02x}" for octet in octets)
            if not self._store.query("SELECT 1 FROM nic WHERE mac = ?", (mac,)):
                return mac
        raise Conflict("no free MAC address was found", code="MAC_TAKEN")
