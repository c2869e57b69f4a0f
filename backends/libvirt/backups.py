"""Writing what a running guest's disks are at one moment into new volumes."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence

import libvirt

from backends.base import Aborted, Busy, JobSeen, NoSpace, NotFound, Refused, WrongState
from backends.libvirt import device_xml, jobs, pools, volumes, xml
from backends.libvirt.definition import lookup
from backends.libvirt.errors import quotable

Place = tuple[str, str]
"""Pool and volume."""


def begin(
    conn: libvirt.virConnect,
    uuid: str,
    disks: Mapping[str, Place],
    *,
    checkpoint: str,
    incremental_from: str,
    format: str,
) -> None:
    """Begin; a checkpoint of the name means that this was done before.

    Raises:
        WrongState: the domain is off.
        NotFound: it has not all the disks.
        Busy: a backup is running; libvirt itself would wait for half a minute before it says so.
    """
    domain = lookup(conn, uuid)
    if not domain.isActive():
        raise WrongState("only a running guest is backed up like this")
    if checkpoint and checkpoint in names(conn, uuid):
        return
    if running(conn, uuid):
        raise Busy("another backup of the domain is running")
    definition = xml.read(domain.XMLDesc())
    all_targets = [xml.attribute(disk, "target", "dev") for disk in definition.findall("devices/disk")]
    for target, place in disks.items():
        if device_xml.find_disk(definition, target) is None:
            raise NotFound(f"the domain has no disk {target}")
        _make_room(conn, place, domain.blockInfo(target)[0], format)
    what = _backup(conn, all_targets, disks, incremental_from, format)
    mark = _checkpoint(all_targets, disks, checkpoint) if checkpoint else None
    domain.backupBegin(what, mark, libvirt.VIR_DOMAIN_BACKUP_BEGIN_REUSE_EXTERNAL)


def running(conn: libvirt.virConnect, uuid: str) -> JobSeen | None:
    """The domain's backup under way."""
    job = jobs.current(conn, uuid)
    return job if job and job.operation == libvirt.VIR_DOMAIN_JOB_OPERATION_BACKUP else None


def check_written(conn: libvirt.virConnect, uuid: str) -> None:
    """Make sure that the last backup came to a good end, and have its volumes' pools see them.

    Raises:
        Aborted: it was cancelled.
        NoSpace: there was no room for it.
        Refused: it failed, or the host does not remember it.
    """
    completed = libvirt.VIR_DOMAIN_JOB_STATS_COMPLETED | libvirt.VIR_DOMAIN_JOB_STATS_KEEP_COMPLETED
    record = lookup(conn, uuid).jobStats(completed)
    kind = record.get("type", libvirt.VIR_DOMAIN_JOB_NONE)
    if record.get("operation") != libvirt.VIR_DOMAIN_JOB_OPERATION_BACKUP:
        raise Refused("the host does not remember how the backup ended")
    if kind == libvirt.VIR_DOMAIN_JOB_COMPLETED:
        return
    if kind == libvirt.VIR_DOMAIN_JOB_CANCELLED:
        raise Aborted("the backup was cancelled")
    reason = record.get("errmsg", "")
    if "No space left" in reason:
        raise NoSpace("the storage is too full for the backup", detail=reason)
    raise Refused(f"the backup failed: {quotable(reason) or 'no reason was given'}", detail=reason)


def names(conn: libvirt.virConnect, uuid: str) -> Sequence[str]:
    """The domain's checkpoints, the oldest first."""
    found = lookup(conn, uuid).listAllCheckpoints(libvirt.VIR_DOMAIN_CHECKPOINT_LIST_TOPOLOGICAL)
    return [checkpoint.getName() for checkpoint in found]


def delete_checkpoint(conn: libvirt.virConnect, uuid: str, name: str) -> None:
    """Delete a checkpoint with its mark in the disks; gone is fine.

    Raises:
        WrongState: the domain is off.
    """
    domain = lookup(conn, uuid)
    if name not in names(conn, uuid):
        return
    if not domain.isActive():
        raise WrongState("the marks of a checkpoint are deleted by the running guest's QEMU alone")
    domain.checkpointLookupByName(name).delete()


def _make_room(conn: libvirt.virConnect, place: Place, capacity: int, format: str) -> None:
    pool, name = place
    volumes.make_way(conn, pool, name)
    volumes.create(conn, pool, name, capacity_bytes=capacity, format=format, backing="", backing_format="")


def _backup(
    conn: libvirt.virConnect, targets: Sequence[str], disks: Mapping[str, Place], since: str, format: str
) -> str:
    root = ET.Element("domainbackup", mode="push")
    if since:
        xml.add(root, "incremental", since)
    listed = xml.add(root, "disks")
    for target in targets:
        if target not in disks:
            xml.add(listed, "disk", name=target, backup="no")
            continue
        pool, name = disks[target]
        disk = xml.add(listed, "disk", name=target, backup="yes", type="file")
        xml.add(disk, "driver", type=format)
        xml.add(disk, "target", file=pools.path_in(pools.lookup(conn, pool), name))
    return xml.write(root)


def _checkpoint(targets: Sequence[str], disks: Mapping[str, Place], name: str) -> str:
    root = ET.Element("domaincheckpoint")
    xml.add(root, "name", name)
    listed = xml.add(root, "disks")
    for target in targets:
        xml.add(listed, "disk", name=target, checkpoint="bitmap" if target in disks else "no")
    return xml.write(root)
