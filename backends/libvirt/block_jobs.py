"""Merging the layers of a disk, by jobs of the QEMU that has it open.

A layer that no guest has open is opened by a domain of its own, whose CPUs never run and which ends with the connection
that made it.
"""

from __future__ import annotations

import uuid as uuids
import xml.etree.ElementTree as ET

import libvirt

from backends.base import DiskSpec, HostInfo, InvalidInput, JobSeen, NotFound, Refused, WrongState
from backends.libvirt import device_xml, xml
from backends.libvirt.definition import find, lookup

ASIDE = "vmconsole-aside-"
"""What the names of the domains begin with that only hold a layer open."""
ASIDE_DISK = "vda"
_ASIDE_KIB = 32768


def start_pull(conn: libvirt.virConnect, uuid: str, target: str, base: str | None) -> bool:
    """Have the topmost layer take in what lies between it and `base`; False when nothing does.

    Raises:
        InvalidInput: the disk does not lie on `base`.
    """
    domain = lookup(conn, uuid)
    if seen(conn, uuid, target):
        return True
    below = _below(domain, target)
    if below[:1] == ([base] if base else []):
        return False
    if base and base not in below:
        raise InvalidInput(f"{target} does not lie on the layer that it is to keep")
    domain.blockRebase(target, base, 0, 0)
    return True


def check_pulled(conn: libvirt.virConnect, uuid: str, target: str, base: str | None) -> None:
    """Make sure that a pull has come to its end: one that failed leaves no other trace.

    Raises:
        Refused: it has not.
    """
    if _below(lookup(conn, uuid), target)[:1] != ([base] if base else []):
        raise Refused(f"the layers of {target} were not merged")


def start_commit(conn: libvirt.virConnect, uuid: str, target: str, layer: str) -> bool:
    """Write the topmost layer into the next one; False when it is not `layer` (any more).

    Raises:
        InvalidInput: it lies on nothing.
    """
    domain = lookup(conn, uuid)
    if device_xml.source_of(_disk(domain, target)) != layer:
        return False
    if not seen(conn, uuid, target):
        if not _below(domain, target):
            raise InvalidInput(f"{target} has but one layer")
        active = libvirt.VIR_DOMAIN_BLOCK_COMMIT_ACTIVE | libvirt.VIR_DOMAIN_BLOCK_COMMIT_SHALLOW
        domain.blockCommit(target, None, None, 0, active | libvirt.VIR_DOMAIN_BLOCK_COMMIT_DELETE)
    return True


def pivot(conn: libvirt.virConnect, uuid: str, target: str) -> None:
    """Have the guest use what a commit has written to."""
    lookup(conn, uuid).blockJobAbort(target, libvirt.VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT)


def is_ready(conn: libvirt.virConnect, uuid: str, target: str) -> bool:
    """Whether a commit has caught up with the guest and can be ended by `pivot`.

    Raises:
        Refused: there is no commit any more.
    """
    mirror = _disk(lookup(conn, uuid), target).find("mirror")
    if mirror is None:
        raise Refused(f"the layers of {target} were not merged")
    return mirror.get("ready") == "yes"


def seen(conn: libvirt.virConnect, uuid: str, target: str) -> JobSeen | None:
    """The job on a disk; None when there is none."""
    domain = find(conn, uuid)
    if domain is None or not domain.isActive():
        return None
    job = domain.blockJobInfo(target)
    return JobSeen(job["type"], job["cur"], job["end"]) if job else None


def cancel(conn: libvirt.virConnect, uuid: str, target: str) -> None:
    """Give the job on a disk up, if there is one; the layers stay as they were."""
    if seen(conn, uuid, target):
        lookup(conn, uuid).blockJobAbort(target)


def open_aside(conn: libvirt.virConnect, pool: str, name: str, host: HostInfo) -> str:
    """Open a volume by a domain made for it alone; returns its UUID."""
    volume = conn.storagePoolLookupByName(pool).storageVolLookupByName(name)
    uuid = str(uuids.uuid4())
    domain = ET.Element("domain", type=host.domain_type)
    xml.add(domain, "name", ASIDE + uuid[:8])
    xml.add(domain, "uuid", uuid)
    xml.add(domain, "memory", _ASIDE_KIB, unit="KiB")
    xml.add(xml.add(domain, "os"), "type", "hvm")
    devices = xml.add(domain, "devices")
    devices.append(device_xml.disk(DiskSpec(ASIDE_DISK, volume.path(), "qcow2")))
    conn.createXML(xml.write(domain), libvirt.VIR_DOMAIN_START_PAUSED | libvirt.VIR_DOMAIN_START_AUTODESTROY)
    return uuid


def _disk(domain: libvirt.virDomain, target: str) -> ET.Element:
    if not domain.isActive():
        raise WrongState("the domain is off")
    disk = device_xml.find_disk(xml.read(domain.XMLDesc()), target)
    if disk is None:
        raise NotFound(f"the domain has no disk {target}")
    return disk


def _below(domain: libvirt.virDomain, target: str) -> list[str]:
    """The files under the topmost layer, from the top down."""
    stores = list(_disk(domain, target).iter("backingStore"))
    return [source for store in stores if (source := device_xml.source_of(store))]
