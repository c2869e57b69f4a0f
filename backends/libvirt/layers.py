"""The layers of a disk: one qcow2 volume lies on the next."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence

import libvirt

from backends.base import DiskSpec, GuestUnwilling, InvalidInput, NotFound, VolumeSeen, WrongState
from backends.libvirt import agent, device_xml, errors, volumes, xml
from backends.libvirt.definition import lookup
from backends.libvirt.devices import LIVE, definitions

_SWITCH = (
    libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY
    | libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_NO_METADATA
    | libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_REUSE_EXT
    | libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_ATOMIC
)

DEEPEST = 200
"""Layers after which a chain is taken for a ring."""


def create(conn: libvirt.virConnect, pool: str, name: str, backing: str) -> VolumeSeen:
    """An empty layer on the file `backing`, which must be a volume."""
    backing_format = _describe(conn.storageVolLookupByPath(backing)).format
    return volumes.create(
        conn, pool, name, capacity_bytes=0, format="qcow2", backing=backing, backing_format=backing_format
    )  # fmt: skip


def chain(conn: libvirt.virConnect, pool: str, name: str) -> Sequence[VolumeSeen]:
    """The volume and what it lies on, the topmost first."""
    top = volumes.seen(conn, pool, name)
    if top is None:
        raise NotFound(f"pool {pool} has no volume {name}")
    found = [top]
    while (path := found[-1].backing_path) and len(found) < DEEPEST:
        try:
            found.append(_describe(conn.storageVolLookupByPath(path)))
        except libvirt.libvirtError as error:
            if error.get_error_code() != libvirt.VIR_ERR_NO_STORAGE_VOL:
                raise
            break
    return found


def repoint(conn: libvirt.virConnect, uuid: str, target: str, spec: DiskSpec) -> None:
    """Have a disk of a domain that is off be another file; its address and its settings stay, as does saved memory.

    Raises:
        WrongState: the domain runs, or its snapshots are tied to the file.
        NotFound: it has no such disk.
    """
    domain = lookup(conn, uuid)
    if domain.isActive():
        raise WrongState("a disk of a running domain is not exchanged: power it off first")
    _forbid_snapshots(domain)
    for flag, definition in definitions(domain):
        disk = device_xml.find_disk(definition, target)
        if disk is None:
            raise NotFound(f"the domain has no disk {target}")
        if device_xml.source_of(disk) != spec.source or disk.find("backingStore") is not None:
            device_xml.point_at(disk, spec.source, spec.format)
            domain.updateDeviceFlags(xml.write(disk), flag)
    if domain.hasManagedSaveImage():
        _repoint_saved(domain, target, spec)


def _repoint_saved(domain: libvirt.virDomain, target: str, spec: DiskSpec) -> None:
    """The same in the description that lies beside the saved memory, which is what a restored domain is made of."""
    root = xml.read(domain.managedSaveGetXMLDesc(libvirt.VIR_DOMAIN_SAVE_IMAGE_XML_SECURE))
    disk = device_xml.find_disk(root, target)
    if disk is not None and device_xml.source_of(disk) != spec.source:
        device_xml.point_at(disk, spec.source, spec.format)
        domain.managedSaveDefineXML(xml.write(root), 0)


def snapshot_live(conn: libvirt.virConnect, uuid: str, target: str, overlay: str, *, quiesce: bool) -> bool:
    """Have a running guest write into the overlay; True when its file systems were frozen at that moment.

    Raises:
        WrongState: the domain is off, or has snapshots of its own: a revert to one would make the overlay read wrong.
    """
    domain = lookup(conn, uuid)
    definition = next((found for flag, found in definitions(domain) if flag == LIVE), None)
    if definition is None:
        raise WrongState("a domain that is off writes nowhere: repoint its disk")
    disk = device_xml.find_disk(definition, target)
    if disk is None:
        raise NotFound(f"the domain has no disk {target}")
    if device_xml.source_of(disk) == overlay:
        return False
    _forbid_snapshots(domain)
    if _describe(conn.storageVolLookupByPath(overlay)).backing_path != device_xml.source_of(disk):
        raise InvalidInput(f"the overlay does not lie on what {target} is")
    text = _snapshot(definition, target, overlay)
    if quiesce and agent.is_ready(conn, uuid):
        agent.limit(domain)
        try:
            domain.snapshotCreateXML(text, _SWITCH | libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_QUIESCE)
            return True
        except libvirt.libvirtError as error:
            if not isinstance(errors.translate(error, host=""), GuestUnwilling):
                raise
    domain.snapshotCreateXML(text, _SWITCH)
    return False


def _snapshot(definition: ET.Element, target: str, overlay: str) -> str:
    """The description that makes one disk be an overlay and leaves the others alone."""
    root = ET.Element("domainsnapshot")
    disks = xml.add(root, "disks")
    for other in definition.findall("devices/disk"):
        name = xml.attribute(other, "target", "dev")
        if name != target:
            xml.add(disks, "disk", name=name, snapshot="no")
    entry = xml.add(disks, "disk", name=target, snapshot="external", type="file")
    xml.add(entry, "driver", type="qcow2")
    xml.add(entry, "source", file=overlay)
    return xml.write(root)


def _forbid_snapshots(domain: libvirt.virDomain) -> None:
    if domain.snapshotNum():
        raise WrongState("the domain has snapshots of its own, which a new layer would make unusable")


def _describe(volume: libvirt.virStorageVol) -> VolumeSeen:
    return volumes.describe(volume, volume.storagePoolLookupByVolume().name())
