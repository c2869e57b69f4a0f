"""Moving a running domain to another host."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import libvirt

from backends.base import DiskMove, InvalidInput, NotFound, Power, Presence, WrongState
from backends.libvirt import device_xml, jobs, volumes, xml
from backends.libvirt.definition import find, lookup
from backends.libvirt.power import collect_memory_stats

_WHOLE = libvirt.VIR_DOMAIN_XML_SECURE | libvirt.VIR_DOMAIN_XML_MIGRATABLE
_BASIC = (
    libvirt.VIR_MIGRATE_LIVE
    | libvirt.VIR_MIGRATE_PERSIST_DEST
    | libvirt.VIR_MIGRATE_UNDEFINE_SOURCE
    | libvirt.VIR_MIGRATE_ABORT_ON_ERROR
    # A guest that writes faster than the wire carries is slowed down, instead of being copied for ever.
    | libvirt.VIR_MIGRATE_AUTO_CONVERGE
)


@dataclass(frozen=True, slots=True)
class LeavingDisk:
    """A disk of a domain that is to move."""

    target: str
    path: str
    format: str
    capacity_bytes: int
    used_bytes: int
    layered: bool
    readonly: bool


@dataclass(frozen=True, slots=True)
class Leaving:
    """A running domain that is to move, as its host describes it."""

    name: str
    uuid: str
    running: str = field(repr=False)
    kept: str = field(repr=False)
    """The running and the kept definition, with their secrets."""
    disks: tuple[LeavingDisk, ...]

    def written(self, copies: Sequence[DiskMove]) -> list[DiskMove]:
        """Those of the moves that are of disks which can be written to."""
        return [move for move in copies if not self.disk(move.target).readonly]

    def disk(self, target: str) -> LeavingDisk:
        """The disk with this target.

        Raises:
            NotFound: there is none.
        """
        found = next((disk for disk in self.disks if disk.target == target), None)
        if found is None:
            raise NotFound(f"the domain has no disk {target}")
        return found


def presence(conn: libvirt.virConnect, uuid: str) -> Presence | None:
    """What the host says of the domain."""
    domain = find(conn, uuid)
    if domain is None:
        return None
    try:
        power, reason = domain.state()
        return Presence(
            power=Power(power),
            reason=reason,
            persistent=bool(domain.isPersistent()),
            incoming=_is_incoming(domain, power, reason),
            busy=not jobs.is_settled(conn, uuid),
        )
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN:
            return None
        raise


def _is_incoming(domain: libvirt.virDomain, power: int, reason: int) -> bool:
    """At the end a domain on its way out is paused for the same reason as one that comes in."""
    if power != Power.PAUSED or reason != libvirt.VIR_DOMAIN_PAUSED_MIGRATION:
        return False
    try:
        domain.jobInfo()
    except libvirt.libvirtError as error:
        # Of a migration only the host that sends can tell how far it is.
        return bool(error.get_error_code() == libvirt.VIR_ERR_OPERATION_UNSUPPORTED) or not domain.isPersistent()
    return False


def describe(conn: libvirt.virConnect, uuid: str) -> Leaving:
    """A domain that is to move.

    Raises:
        WrongState: it does not run.
    """
    domain = lookup(conn, uuid)
    if not domain.isActive():
        raise WrongState("a domain that is off is not moved live")
    running = domain.XMLDesc(_WHOLE)
    kept = domain.XMLDesc(_WHOLE | libvirt.VIR_DOMAIN_XML_INACTIVE) if domain.isPersistent() else running
    disks = []
    # The plain description names the layers of each disk; the one for migration may leave them out.
    for disk in xml.read(domain.XMLDesc()).findall("devices/disk"):
        target, path = xml.attribute(disk, "target", "dev"), device_xml.source_of(disk)
        if not path:
            continue
        capacity, _, used = domain.blockInfo(target)
        disks.append(
            LeavingDisk(
                target=target,
                path=path,
                format=xml.attribute(disk, "driver", "type") or "raw",
                capacity_bytes=capacity,
                used_bytes=used,
                layered=any(device_xml.source_of(store) for store in disk.iter("backingStore")),
                readonly=disk.find("readonly") is not None,
            )
        )
    return Leaving(domain.name(), uuid, running, kept, tuple(disks))


def make_room(conn: libvirt.virConnect, leaving: Leaving, copies: Sequence[DiskMove]) -> dict[str, str]:
    """Make the volumes that the disks are copied into; returns their paths by the disks' targets.

    libvirt would make them too, but filled with zeros to their full size.

    Raises:
        NotFound: a medium that can only be read has not been sent ahead.
        AlreadyExists: a volume is there and in use. None is left of those that were made.
    """
    paths: dict[str, str] = {}
    made: list[DiskMove] = []
    try:
        for move in copies:
            disk = leaving.disk(move.target)
            if disk.readonly:
                paths[move.target] = _sent_ahead(conn, move)
            else:
                volumes.make_way(conn, move.pool, move.volume)
                paths[move.target] = _make(conn, disk, move)
                made.append(move)
    except BaseException:
        clear_room(conn, leaving, made)
        raise
    return paths


def _sent_ahead(conn: libvirt.virConnect, move: DiskMove) -> str:
    volume = volumes.seen(conn, move.pool, move.volume)
    if volume is None:
        raise NotFound(f"{move.target} cannot be written to, and has not been sent ahead as {move.volume}")
    return volume.path


def _make(conn: libvirt.virConnect, disk: LeavingDisk, move: DiskMove) -> str:
    """A volume of exactly the disk's size: libvirt takes no other."""
    return volumes.create(
        conn,
        move.pool,
        move.volume,
        capacity_bytes=disk.capacity_bytes,
        format=disk.format,
        backing=move.backing,
        backing_format=_format_of(conn, move.backing) if move.backing else "",
    ).path


def clear_room(conn: libvirt.virConnect, leaving: Leaving, copies: Sequence[DiskMove]) -> None:
    """Remove the volumes of a migration that came to nothing."""
    for move in leaving.written(copies):
        volumes.delete(conn, move.pool, move.volume)


def move(
    conn: libvirt.virConnect,
    target: libvirt.virConnect,
    leaving: Leaving,
    copies: Sequence[DiskMove],
    paths: dict[str, str],
    *,
    shared: bool,
    address: str,
    bandwidth_mib: int,
) -> None:
    """Move the domain; on an error it runs where it was.

    Args:
        paths: where the copied disks are on the target.
        address: of the target, as the source reaches it; empty for the name that the target calls itself.
    """
    flags = _BASIC
    parameters: dict[str, Any] = {}
    if shared:
        # libvirt knows no folder to be shared that is no network file system of its own list.
        flags |= libvirt.VIR_MIGRATE_UNSAFE
    if written := leaving.written(copies):
        layered = any(move.backing for move in written)
        flags |= libvirt.VIR_MIGRATE_NON_SHARED_INC if layered else libvirt.VIR_MIGRATE_NON_SHARED_DISK
        parameters[libvirt.VIR_MIGRATE_PARAM_MIGRATE_DISKS] = [move.target for move in written]
    if address:
        parameters[libvirt.VIR_MIGRATE_PARAM_URI] = f"tcp://[{address}]" if ":" in address else f"tcp://{address}"
    if bandwidth_mib:
        parameters[libvirt.VIR_MIGRATE_PARAM_BANDWIDTH] = bandwidth_mib
    if copies:
        parameters[libvirt.VIR_MIGRATE_PARAM_DEST_XML] = _relocated(leaving.running, leaving, paths)
        parameters[libvirt.VIR_MIGRATE_PARAM_PERSIST_XML] = _relocated(leaving.kept, leaving, paths)
    lookup(conn, leaving.uuid).migrate3(target, parameters, flags)


def settle_in(conn: libvirt.virConnect, uuid: str) -> None:
    """What a domain that has arrived still needs: a definition of its own, and its memory statistics."""
    domain = lookup(conn, uuid)
    if not domain.isPersistent():
        conn.defineXML(domain.XMLDesc(_WHOLE))
    collect_memory_stats(domain)


def _relocated(text: str, leaving: Leaving, paths: dict[str, str]) -> str:
    domain = xml.read(text)
    for target, path in paths.items():
        disk = device_xml.find_disk(domain, target)
        if disk is None:
            raise InvalidInput(f"{target} is not in both definitions of the domain")
        device_xml.point_at(disk, path, leaving.disk(target).format)
    return xml.write(domain)


def _format_of(conn: libvirt.virConnect, path: str) -> str:
    volume = conn.storageVolLookupByPath(path)
    return volumes.describe(volume, "").format
