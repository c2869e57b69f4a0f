"""What a host's description of a domain says, as a `DomainSeen`."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator

from backends.base import DiskKind, DiskSeen, DisplaySeen, DomainSeen, DomainState, NicSeen
from backends.libvirt import tags, xml

_DISK_SOURCES = ("file", "dev", "name")
_NIC_SOURCES = ("network", "bridge", "dev", "name", "path")


def seen(text: str, state: DomainState, *, persistent: bool, has_saved_memory: bool) -> DomainSeen:
    """What a host says of a domain.

    Raises:
        InvalidInput: it is no domain description.
    """
    domain = xml.read(text)
    memory_max, vcpus_max = _kib(domain.find("memory")), _int(domain.findtext("vcpu"), 1)
    return DomainSeen(
        state=state,
        persistent=persistent,
        has_saved_memory=has_saved_memory,
        memory_kib=_kib(domain.find("currentMemory")) or memory_max,
        vcpus=_int(xml.attribute(domain, "vcpu", "current"), vcpus_max),
        title=domain.findtext("title") or "",
        disks=tuple(_disks(domain)),
        nics=tuple(_nics(domain)),
        displays=tuple(_displays(domain)),
        tag=tags.find(domain),
        memory_max_kib=memory_max,
        vcpus_max=vcpus_max,
    )


def _displays(domain: ET.Element) -> Iterator[DisplaySeen]:
    for display in domain.findall("devices/graphics"):
        kind = display.get("type", "")
        if kind in ("vnc", "spice"):
            ports = [_int(display.get(name), -1) for name in ("port", "tlsPort")]
            yield DisplaySeen(kind, next((port for port in ports if port > 0), -1), display.get("listen", ""))


def _disks(domain: ET.Element) -> Iterator[DiskSeen]:
    for disk in domain.findall("devices/disk"):
        if disk.get("device", "disk") not in ("disk", "cdrom"):
            continue  # Floppies and passed-through LUNs are no storage of ours.
        yield DiskSeen(
            target=xml.attribute(disk, "target", "dev"),
            kind=DiskKind(disk.get("device", "disk")),
            source=_source(disk, _DISK_SOURCES),
            format=xml.attribute(disk, "driver", "type") or "raw",
            bus=xml.attribute(disk, "target", "bus"),
            readonly=disk.find("readonly") is not None,
        )


def _nics(domain: ET.Element) -> Iterator[NicSeen]:
    for nic in domain.findall("devices/interface"):
        yield NicSeen(
            mac=xml.attribute(nic, "mac", "address"),
            source_kind=nic.get("type", ""),
            source=_source(nic, _NIC_SOURCES),
            model=xml.attribute(nic, "model", "type"),
        )


def _source(device: ET.Element, keys: tuple[str, ...]) -> str:
    return next((value for key in keys if (value := xml.attribute(device, "source", key))), "")


def _kib(element: ET.Element | None) -> int:
    # libvirt always writes KiB, whatever unit a definition used.
    return 0 if element is None else _int(element.text, 0)


def _int(text: str | None, default: int) -> int:
    try:
        return int(text or "")
    except ValueError:
        return default
