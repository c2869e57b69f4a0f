"""Snapshots of whole domains, kept by libvirt inside the disks' files."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence

import libvirt

from backends.base import InvalidInput, Power, SnapshotSeen
from backends.libvirt import backups, xml
from backends.libvirt.definition import lookup
from backends.libvirt.power import collect_memory_stats

_POWERS = {"running": Power.RUNNING, "paused": Power.PAUSED, "shutoff": Power.SHUTOFF, "crashed": Power.CRASHED}


def create(conn: libvirt.virConnect, uuid: str, name: str, description: str) -> SnapshotSeen:
    """Take a snapshot, or find the one of that name."""
    domain = lookup(conn, uuid)
    found = _find(domain, name)
    if found is None:
        root = ET.Element("domainsnapshot")
        xml.add(root, "name", name)
        if description:
            xml.add(root, "description", description)
        found = domain.snapshotCreateXML(xml.write(root))
    return _seen(found)


def all_seen(conn: libvirt.virConnect, uuid: str) -> Sequence[SnapshotSeen]:
    """Every snapshot, parents before children."""
    topological = libvirt.VIR_DOMAIN_SNAPSHOT_LIST_TOPOLOGICAL
    return [_seen(found) for found in lookup(conn, uuid).listAllSnapshots(topological)]


def revert(conn: libvirt.virConnect, uuid: str, name: str, run: bool | None) -> None:
    """Make the domain what it was then.

    Its checkpoints go before: their marks would not tell what the revert changes, and a QEMU that has any ends.
    """
    domain = lookup(conn, uuid)
    if domain.isActive():
        backups.delete_all_checkpoints(conn, uuid)
    flags = {
        None: 0,
        True: libvirt.VIR_DOMAIN_SNAPSHOT_REVERT_RUNNING,
        False: libvirt.VIR_DOMAIN_SNAPSHOT_REVERT_PAUSED,
    }[run]
    domain.revertToSnapshot(domain.snapshotLookupByName(name), flags)
    if domain.isActive():
        collect_memory_stats(domain)


def delete(conn: libvirt.virConnect, uuid: str, name: str, *, children: bool, metadata_only: bool) -> None:
    """Delete a snapshot; gone is fine."""
    found = _find(lookup(conn, uuid), name)
    if found is None:
        return
    flags = libvirt.VIR_DOMAIN_SNAPSHOT_DELETE_CHILDREN if children else 0
    flags |= libvirt.VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY if metadata_only else 0
    found.delete(flags)


def redefine(conn: libvirt.virConnect, uuid: str, text: str, *, current: bool) -> None:
    """Make a snapshot known that the disks' files hold.

    Raises:
        InvalidInput: the text is no snapshot's description, or that of another domain's.
    """
    root = xml.read(text)
    if root.tag != "domainsnapshot" or root.findtext("domain/uuid") != uuid:
        raise InvalidInput("this describes no snapshot of the domain")
    flags = libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE
    flags |= libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_CURRENT if current else 0
    lookup(conn, uuid).snapshotCreateXML(xml.write(root), flags)


def _find(domain: libvirt.virDomain, name: str) -> libvirt.virDomainSnapshot | None:
    try:
        return domain.snapshotLookupByName(name)
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN_SNAPSHOT:
            return None
        raise


def _seen(snapshot: libvirt.virDomainSnapshot) -> SnapshotSeen:
    text = snapshot.getXMLDesc(libvirt.VIR_DOMAIN_SNAPSHOT_XML_SECURE)
    root = xml.read(text)
    return SnapshotSeen(
        name=snapshot.getName(),
        parent=root.findtext("parent/name") or "",
        current=bool(snapshot.isCurrent()),
        created=int(root.findtext("creationTime") or 0),
        description=root.findtext("description") or "",
        power=_POWERS.get(root.findtext("state") or "", Power.SHUTOFF),
        has_memory=xml.attribute(root, "memory", "snapshot") not in ("", "no"),
        disks=tuple((disk.get("name", ""), disk.get("snapshot", "")) for disk in root.findall("disks/disk")),
        xml=text,
    )
