"""Descriptions of single devices: built from specifications, found and changed in what a host says."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from backends.base import DiskKind, DiskSpec, GraphicsSpec, InvalidInput, NicSpec
from backends.libvirt import xml

NIC_SOURCES = {"network": "network", "bridge": "bridge", "user": ""}
_GRAPHICS = ("vnc", "spice")
_SOURCES = ("file", "dev", "name")


def disk(spec: DiskSpec) -> ET.Element:
    """The description of a disk or a CD-ROM drive."""
    cdrom = spec.kind is DiskKind.CDROM
    block = spec.source.startswith("/dev/")
    element = ET.Element("disk", type="block" if block else "file", device=spec.kind.value)
    cache = "" if spec.cache == "default" else spec.cache
    xml.add(element, "driver", name="qemu", type=spec.format, cache=cache, discard=spec.discard, io=spec.io)
    if spec.source:
        xml.add(element, "source", **{"dev" if block else "file": spec.source})
    # virtio has no CD-ROM; sata has, on both machine types.
    xml.add(element, "target", dev=spec.target, bus="sata" if cdrom and spec.bus == "virtio" else spec.bus)
    if spec.serial:
        xml.add(element, "serial", spec.serial)
    if spec.readonly or cdrom:
        xml.add(element, "readonly")
    return element


def nic(spec: NicSpec) -> ET.Element:
    """The description of a network interface.

    Raises:
        InvalidInput: there is no such kind of source.
    """
    if spec.source_kind not in NIC_SOURCES:
        raise InvalidInput(f"a network interface is of kind {', '.join(NIC_SOURCES)}")
    element = ET.Element("interface", type=spec.source_kind)
    xml.add(element, "mac", address=spec.mac)
    if attribute := NIC_SOURCES[spec.source_kind]:
        xml.add(element, "source", **{attribute: spec.source})
    if spec.model:
        xml.add(element, "model", type=spec.model)
    return element


def graphics(spec: GraphicsSpec) -> ET.Element:
    """The description of a display.

    Raises:
        InvalidInput: there is no such type of display.
    """
    if spec.type not in _GRAPHICS:
        raise InvalidInput(f"a display is one of {', '.join(_GRAPHICS)}")
    attributes = {
        "type": spec.type,
        "port": "-1" if spec.port is None else str(spec.port),
        "autoport": "yes" if spec.port is None else "no",
        "passwd": spec.password,
        "keymap": spec.keymap,
    }
    element = ET.Element("graphics", {name: value for name, value in attributes.items() if value})
    xml.add(element, "listen", type="address", address=spec.listen)
    return element


def source_of(disk: ET.Element) -> str:
    """The file or device of a disk; empty for none."""
    return next((value for key in _SOURCES if (value := xml.attribute(disk, "source", key))), "")


def find_disk(domain: ET.Element, target: str) -> ET.Element | None:
    """The disk with this target in a domain's description."""
    disks = domain.findall("devices/disk")
    return next((disk for disk in disks if xml.attribute(disk, "target", "dev") == target), None)


def find_nic(domain: ET.Element, mac: str) -> ET.Element | None:
    """The network interface with this MAC address in a domain's description."""
    nics = domain.findall("devices/interface")
    return next((nic for nic in nics if xml.attribute(nic, "mac", "address").lower() == mac.lower()), None)


def point_at(disk: ET.Element, path: str, format: str) -> None:
    """Have the description of a disk name another file, an empty path for none.

    What that file lies on is left to the host to find out: a chain written down here would be believed.
    """
    for name in ("source", "backingStore", "mirror"):
        for old in disk.findall(name):
            disk.remove(old)
    block = path.startswith("/dev/")
    disk.set("type", "block" if block else "file")
    if path:
        xml.add(disk, "source", **{"dev" if block else "file": path})
    driver = disk.find("driver")
    (xml.add(disk, "driver", name="qemu") if driver is None else driver).set("type", format)
