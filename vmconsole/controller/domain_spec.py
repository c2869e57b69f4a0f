"""From a VM of the store to the domain it is to be on a host."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from backends.base import DiskKind, DiskSpec, DomainSpec, GraphicsSpec, NicSpec, Tag
from vmconsole.templates.sizes import memory_mib

if TYPE_CHECKING:
    from vmconsole.controller.vm_record import Disk, Nic, VmRecord

MAX_RECORD = 3500
"""Bytes of the tag's record: a larger one would make every description of the domain slow."""


def domain_spec(vm: VmRecord, *, instance: str, operation: str) -> DomainSpec:
    """The domain of a VM whose disks have been placed.

    Args:
        instance: UUID of the store.
        operation: id of the operation that defines it, for the tag.
    """
    template = vm.template
    os_, features = _vector(template, "OS"), _vector(template, "FEATURES")
    return DomainSpec(
        name=vm.domain_name,
        uuid=vm.uuid,
        title=vm.name,
        memory_kib=vm.memory_mib * 1024,
        vcpus=vm.vcpu,
        cpu_shares=max(2, round(vm.cpu * 1024)),
        disks=tuple(disk_spec(disk) for disk in vm.disks),
        nics=tuple(nic_spec(nic) for nic in vm.nics),
        graphics=tuple(_graphics(vector) for vector in _vectors(template, "GRAPHICS")),
        boot=_boot_order(os_.get("BOOT", ""), vm),
        arch=os_.get("ARCH", ""),
        machine=os_.get("MACHINE", ""),
        kernel=os_.get("KERNEL", ""),
        initrd=os_.get("INITRD", ""),
        kernel_cmd=_kernel_command(os_),
        firmware=os_.get("FIRMWARE", ""),
        cpu_model=_vector(template, "CPU_MODEL").get("MODEL", ""),
        acpi=_yes(features, "ACPI", default=True),
        apic=_yes(features, "APIC", default=True),
        pae=_yes(features, "PAE", default=False),
        localtime=_yes(features, "LOCALTIME", default=False),
        guest_agent=_yes(features, "GUEST_AGENT", default=False),
        inputs=tuple((vector.get("TYPE", ""), vector.get("BUS", "")) for vector in _vectors(template, "INPUT")),
        vcpus_max=int(template.get("VCPU_MAX") or 0),
        memory_max_kib=memory_mib(template["MEMORY_MAX"]) * 1024 if template.get("MEMORY_MAX") else 0,
        raw=_vector(template, "RAW").get("DATA", ""),
        tag=tag(vm, instance=instance, operation=operation),
    )


def tag(vm: VmRecord, *, instance: str, operation: str) -> Tag:
    """The ownership tag; a template too large for it is left out."""
    record = {"name": vm.name, "user": vm.user_id, "group": vm.group_id, "mode": vm.mode, "cpu": vm.cpu}
    full = json.dumps({**record, "template": vm.template}, separators=(",", ":"))
    text = full if len(full.encode()) <= MAX_RECORD else json.dumps(record, separators=(",", ":"))
    return Tag(instance=instance, vm=vm.id, generation=vm.version, operation=operation, record=text)


def nic_spec(nic: Nic) -> NicSpec:
    """A NIC of the store as the driver wants it."""
    return NicSpec(nic.mac, nic.source_kind, nic.source, nic.model)


def disk_spec(disk: Disk, *, path: str = "", format: str = "") -> DiskSpec:
    """A disk of the store as the driver wants it.

    Args:
        path, format: of the volume, where the store does not know them yet.
    """
    return DiskSpec(
        target=disk.target,
        source=path or disk.path,
        format=format or disk.format,
        kind=DiskKind.CDROM if disk.type in ("cdrom", "context") else DiskKind.DISK,
        bus=disk.bus,
        cache=disk.attributes.get("CACHE", "default"),
        discard=disk.attributes.get("DISCARD", ""),
        io=disk.attributes.get("IO", ""),
        readonly=disk.readonly,
    )


def _graphics(vector: dict[str, str]) -> GraphicsSpec:
    port = vector.get("PORT", "")
    return GraphicsSpec(
        type=vector.get("TYPE", "vnc").lower(),
        listen=vector.get("LISTEN", "127.0.0.1"),
        port=int(port) if port.isdigit() else None,
        password=vector.get("PASSWD", ""),
        keymap=vector.get("KEYMAP", ""),
    )


def _boot_order(boot: str, vm: VmRecord) -> tuple[str, ...]:
    """OpenNebula's ``disk0,nic0`` or libvirt's ``hd,cdrom`` as libvirt's device classes."""
    kinds = {f"disk{disk.disk_id}": "cdrom" if disk.type == "cdrom" else "hd" for disk in vm.disks}
    words = [kinds.get(word, "network" if word.startswith("nic") else word) for word in boot.lower().split(",") if word]
    if words:
        return tuple(dict.fromkeys(words))
    has_disk = any(disk.type not in ("cdrom", "context") for disk in vm.disks)
    has_cdrom = any(disk.type == "cdrom" for disk in vm.disks)
    return tuple(kind for kind, there in (("hd", has_disk), ("cdrom", has_cdrom)) if there) or ("hd",)


def _kernel_command(os_: dict[str, str]) -> str:
    root = os_.get("ROOT", "")
    return " ".join(part for part in (f"root=/dev/{root}" if root else "", os_.get("KERNEL_CMD", "")) if part)


def _vectors(template: dict[str, Any], key: str) -> list[dict[str, str]]:
    """All vectors of a key: the template keeps one as a dict and several as a list."""
    value = template.get(key, [])
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, dict)]


def _vector(template: dict[str, Any], key: str) -> dict[str, str]:
    return next(iter(_vectors(template, key)), {})


def _yes(vector: dict[str, str], key: str, *, default: bool) -> bool:
    text = vector.get(key)
    return default if text is None else text.strip().lower() in ("yes", "true", "1", "on")
