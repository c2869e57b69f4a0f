"""Having a running guest use another file of its host for a disk, by a copy that QEMU makes while the guest goes on."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import libvirt

from backends.base import DiskMove
from backends.libvirt import block_jobs, device_xml, migration, volumes, xml
from backends.libvirt.definition import lookup
from backends.libvirt.devices import KEPT, definitions

# A definition that is kept would not say what becomes of the copy if the host died in the middle of it.
_FLAGS = libvirt.VIR_DOMAIN_BLOCK_COPY_REUSE_EXT | libvirt.VIR_DOMAIN_BLOCK_COPY_TRANSIENT_JOB


def start(conn: libvirt.virConnect, uuid: str, move: DiskMove) -> bool:
    """Begin to copy a disk into a volume that is made for it; False when the guest uses that volume already.

    Raises:
        NotFound: there is no such disk. AlreadyExists: the volume is there and in use.
    """
    leaving = migration.describe(conn, uuid)
    disk = leaving.disk(move.target)
    there = volumes.seen(conn, move.pool, move.volume)
    if there is not None and there.path == disk.path:
        return False
    if block_jobs.seen(conn, uuid, move.target):
        return True
    path = migration.make_room(conn, leaving, [move])[move.target]
    root = ET.Element("disk", type="file")
    xml.add(root, "driver", type=disk.format)
    xml.add(root, "source", file=path)
    flags = _FLAGS | (libvirt.VIR_DOMAIN_BLOCK_COPY_SHALLOW if move.backing else 0)
    try:
        lookup(conn, uuid).blockCopy(move.target, xml.write(root), flags=flags)
    except libvirt.libvirtError:
        migration.clear_room(conn, leaving, [move])
        raise
    return True


def keep(conn: libvirt.virConnect, uuid: str, move: DiskMove) -> None:
    """Write into the definition that is kept what the running one has become."""
    path = conn.storagePoolLookupByName(move.pool).storageVolLookupByName(move.volume).path()
    domain = lookup(conn, uuid)
    for flag, definition in definitions(domain):
        disk = device_xml.find_disk(definition, move.target)
        if flag == KEPT and disk is not None and device_xml.source_of(disk) != path:
            device_xml.point_at(disk, path, xml.attribute(disk, "driver", "type") or "raw")
            domain.updateDeviceFlags(xml.write(disk), flag)


def give_up(conn: libvirt.virConnect, uuid: str, move: DiskMove) -> None:
    """End the copy, and remove what it has made: the guest goes on with the old file."""
    block_jobs.cancel(conn, uuid, move.target)
    volumes.delete(conn, move.pool, move.volume)
