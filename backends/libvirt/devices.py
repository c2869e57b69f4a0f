"""Plugging devices in and out of domains, and changing what is in their drives.

A persistent domain that runs has two definitions, and libvirt lets them drift apart without a word. So each verb looks
at both, and changes those that need it.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator

import libvirt

from backends.base import AlreadyExists, DiskKind, DiskSpec, InvalidInput, NicSpec, NotFound
from backends.libvirt import device_xml, xml
from backends.libvirt.definition import lookup

LIVE = libvirt.VIR_DOMAIN_AFFECT_LIVE
KEPT = libvirt.VIR_DOMAIN_AFFECT_CONFIG

Find = Callable[[ET.Element], ET.Element | None]
"""Finds one device in a domain's description."""


def disk(target: str) -> Find:
    """Finds a disk by its target."""
    return lambda domain: device_xml.find_disk(domain, target)


def nic(mac: str) -> Find:
    """Finds a network interface by its MAC address."""
    return lambda domain: device_xml.find_nic(domain, mac)


def definitions(domain: libvirt.virDomain) -> Iterator[tuple[int, ET.Element]]:
    """The domain's definitions, each with the flag that changes it: the running one, the kept one, or both."""
    if domain.isActive():
        yield LIVE, xml.read(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_SECURE))
    if domain.isPersistent():
        yield KEPT, xml.read(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_SECURE | libvirt.VIR_DOMAIN_XML_INACTIVE))


def attach_disk(conn: libvirt.virConnect, uuid: str, spec: DiskSpec) -> None:
    """Plug a disk in where it is missing.

    Raises:
        AlreadyExists: another file has the target, or the file another target.
    """
    domain = lookup(conn, uuid)
    missing = 0
    for flag, definition in definitions(domain):
        for other in definition.findall("devices/disk"):
            target, source = xml.attribute(other, "target", "dev"), device_xml.source_of(other)
            if (target == spec.target) != (source == spec.source) and (source or target == spec.target):
                raise AlreadyExists(f"the domain has {source or 'an empty drive'} as {target}")
        if device_xml.find_disk(definition, spec.target) is None:
            missing |= flag
    if missing:
        domain.attachDeviceFlags(xml.write(device_xml.disk(spec)), missing)


def attach_nic(conn: libvirt.virConnect, uuid: str, spec: NicSpec) -> None:
    """Plug a network interface in where it is missing.

    Raises:
        AlreadyExists: another one of the domain has the MAC address; libvirt would not mind.
    """
    domain = lookup(conn, uuid)
    wanted = device_xml.nic(spec)
    missing = 0
    for flag, definition in definitions(domain):
        other = device_xml.find_nic(definition, spec.mac)
        if other is None:
            missing |= flag
        elif _plugged_into(other) != _plugged_into(wanted):
            raise AlreadyExists(f"the domain has another network interface with MAC address {spec.mac}")
    if missing:
        domain.attachDeviceFlags(xml.write(wanted), missing)


def ask_to_release(conn: libvirt.virConnect, uuid: str, find: Find) -> bool:
    """Ask a running guest to let go of a device. True when it has, or when there is no guest to ask.

    libvirt waits five seconds for the guest, and then reports success all the same.
    """
    domain = lookup(conn, uuid)
    device = _running(domain, find)
    if device is None:
        return True
    try:
        domain.detachDeviceFlags(xml.write(device), LIVE)
    except libvirt.libvirtError as error:
        gone = error.get_error_code() == libvirt.VIR_ERR_DEVICE_MISSING
        asked_before = "in the process of unplug" in (error.get_error_message() or "")
        if not gone and not asked_before:
            raise
    return _running(domain, find) is None


def strike(conn: libvirt.virConnect, uuid: str, find: Find) -> None:
    """Take a device out of the kept definition."""
    domain = lookup(conn, uuid)
    for flag, definition in definitions(domain):
        device = find(definition)
        if flag == KEPT and device is not None:
            domain.detachDeviceFlags(xml.write(device), KEPT)


def change_media(conn: libvirt.virConnect, uuid: str, target: str, source: str | None, format: str) -> None:
    """Put a file into a CD-ROM drive, None for nothing.

    Raises:
        NotFound: the domain has no such drive.
        InvalidInput: it is no CD-ROM drive.
    """
    domain = lookup(conn, uuid)
    for flag, definition in definitions(domain):
        drive = device_xml.find_disk(definition, target)
        if drive is None:
            raise NotFound(f"the domain has no drive {target}")
        if drive.get("device") != DiskKind.CDROM:
            raise InvalidInput(f"{target} is no CD-ROM drive")
        if device_xml.source_of(drive) != (source or ""):
            device_xml.point_at(drive, source or "", format)
            # Forced: a tray that the guest has locked opens as well, as with a pin in the little hole.
            force = libvirt.VIR_DOMAIN_DEVICE_MODIFY_FORCE if flag == LIVE else 0
            domain.updateDeviceFlags(xml.write(drive), flag | force)


def _running(domain: libvirt.virDomain, find: Find) -> ET.Element | None:
    return next((find(definition) for flag, definition in definitions(domain) if flag == LIVE), None)


def _plugged_into(nic: ET.Element) -> tuple[str, str]:
    kind = nic.get("type", "")
    return kind, xml.attribute(nic, "source", device_xml.NIC_SOURCES.get(kind) or "dev")
