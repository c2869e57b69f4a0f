"""Writing what a running guest's disks are at one moment into new volumes."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Collection, Mapping, Sequence

import libvirt

from backends.base import Aborted, Busy, GuestUnwilling, InvalidInput, JobSeen, NoSpace, NotFound, Refused, WrongState
from backends.libvirt import agent, device_xml, errors, jobs, pools, volumes, xml
from backends.libvirt.definition import lookup
from backends.libvirt.errors import quotable

Place = tuple[str, str]
"""Pool and volume."""

_KIB = 1024
_MARK_LOST = frozenset({libvirt.VIR_ERR_INTERNAL_ERROR, libvirt.VIR_ERR_CHECKPOINT_INCONSISTENT})
"""What deleting a checkpoint fails with whose mark did not outlive its QEMU: one that crashes writes none down."""


def begin(
    conn: libvirt.virConnect,
    uuid: str,
    disks: Mapping[str, Place],
    *,
    checkpoint: str,
    incremental_from: str,
    lying_on: Mapping[str, Place],
    format: str,
    quiesce: bool,
) -> bool:
    """Begin; a checkpoint of the name means that this was done before. True when file systems were frozen for it.

    Raises:
        WrongState: the domain is off.
        NotFound: it has not all the disks.
        Busy: a backup is running; libvirt itself would wait for half a minute before it says so.
    """
    domain = lookup(conn, uuid)
    if not domain.isActive():
        raise WrongState("only a running guest is backed up like this")
    if checkpoint and checkpoint in names(conn, uuid):
        return False
    if running(conn, uuid):
        raise Busy("another backup of the domain is running")
    definition = xml.read(domain.XMLDesc())
    marked = set()
    for target, place in disks.items():
        disk = device_xml.find_disk(definition, target)
        if disk is None:
            raise NotFound(f"the domain has no disk {target}")
        if xml.attribute(disk, "driver", "type") == "qcow2":
            marked.add(target)  # only such a file can keep a mark
        _make_room(conn, place, domain.blockInfo(target)[0], format, lying_on.get(target))
    all_targets = [xml.attribute(disk, "target", "dev") for disk in definition.findall("devices/disk")]
    what = _backup(conn, all_targets, disks, dict.fromkeys(lying_on, incremental_from), format)
    mark = _checkpoint(all_targets, marked, checkpoint) if checkpoint and marked else None
    frozen = quiesce and _frozen(conn, uuid)
    try:
        domain.backupBegin(what, mark, libvirt.VIR_DOMAIN_BACKUP_BEGIN_REUSE_EXTERNAL)
    finally:
        if frozen:
            agent.thaw(conn, uuid)
    return frozen


def _frozen(conn: libvirt.virConnect, uuid: str) -> bool:
    """Freeze the guest's file systems if its agent answers; whether they are."""
    if not agent.is_ready(conn, uuid):
        return False
    try:
        agent.freeze(conn, uuid)
    except libvirt.libvirtError as error:
        if not isinstance(errors.translate(error, host=""), GuestUnwilling):
            raise
        agent.thaw(conn, uuid)  # it may have frozen some of them
        return False
    return True


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
    """Delete a checkpoint with its mark in the disks; gone, or without its mark, is fine.

    Raises:
        WrongState: the domain is off.
    """
    domain = lookup(conn, uuid)
    if name not in names(conn, uuid):
        return
    if not domain.isActive():
        raise WrongState("the marks of a checkpoint are deleted by the running guest's QEMU alone")
    checkpoint = domain.checkpointLookupByName(name)
    try:
        checkpoint.delete()
    except libvirt.libvirtError as error:
        if error.get_error_code() not in _MARK_LOST:
            raise
        checkpoint.delete(libvirt.VIR_DOMAIN_CHECKPOINT_DELETE_METADATA_ONLY)


def delete_all_checkpoints(conn: libvirt.virConnect, uuid: str) -> None:
    """Delete every checkpoint of a running domain, whoever made it; a driver that knows none has none."""
    try:
        found = names(conn, uuid)
    except libvirt.libvirtError as error:
        if error.get_error_code() != libvirt.VIR_ERR_NO_SUPPORT:
            raise
        return
    for name in reversed(found):
        delete_checkpoint(conn, uuid, name)


def _make_room(conn: libvirt.virConnect, place: Place, capacity: int, format: str, below: Place | None) -> None:
    """An empty volume exactly as large as the disk: QEMU takes no other, and libvirt 9.0 crashes when that refuses.

    libvirt makes volumes of whole KiB only, but lets them grow to any size.

    Raises:
        InvalidInput: an increment of a disk whose size is no multiple of a KiB cannot be made.
    """
    pool, name = place
    whole = capacity // _KIB * _KIB
    if below and whole != capacity:
        raise InvalidInput(f"{capacity} bytes are no multiple of 1 KiB, of which increments are made")
    volumes.make_way(conn, pool, name)
    backing = volumes.seen(conn, *below) if below else None
    if below and backing is None:
        raise NotFound(f"the backup {below[1]} is gone that the next one was to lie on")
    volumes.create(
        conn, pool, name, capacity_bytes=whole, format=format,
        backing=backing.path if backing else "", backing_format=backing.format if backing else "",
    )  # fmt: skip
    volumes.resize(conn, pool, name, capacity)


def _backup(
    conn: libvirt.virConnect, targets: Sequence[str], disks: Mapping[str, Place], since: Mapping[str, str], format: str
) -> str:
    root = ET.Element("domainbackup", mode="push")
    listed = xml.add(root, "disks")
    for target in targets:
        if target not in disks:
            xml.add(listed, "disk", name=target, backup="no")
            continue
        pool, name = disks[target]
        mode = {"backupmode": "incremental", "incremental": since[target]} if target in since else {}
        disk = xml.add(listed, "disk", name=target, backup="yes", type="file", **mode)
        xml.add(disk, "driver", type=format)
        xml.add(disk, "target", file=pools.path_in(pools.lookup(conn, pool), name))
    return xml.write(root)


def _checkpoint(targets: Sequence[str], marked: Collection[str], name: str) -> str:
    root = ET.Element("domaincheckpoint")
    xml.add(root, "name", name)
    listed = xml.add(root, "disks")
    for target in targets:
        xml.add(listed, "disk", name=target, checkpoint="bitmap" if target in marked else "no")
    return xml.write(root)
