"""What would make a migration fail, found out before it is begun."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import libvirt

from backends.base import DiskMove, HostInfo
from backends.libvirt import jobs, pools, volumes, xml
from backends.libvirt.definition import find, lookup
from backends.libvirt.errors import quotable
from backends.libvirt.migration import Leaving, LeavingDisk

_COMPARED_CPUS = (libvirt.VIR_CPU_COMPARE_IDENTICAL, libvirt.VIR_CPU_COMPARE_SUPERSET)
_PORTS = ("port", "tlsPort")
_HOST_CPU = ("host-passthrough", "maximum")


@dataclass(frozen=True, slots=True)
class Needs:
    """What a running domain needs of any host it runs on."""

    cpu: str
    """Description of the guest's CPU, empty when it has the machine's default one."""
    arch: str
    machine: str
    domain_type: str
    networks: tuple[str, ...]
    bridges: tuple[str, ...]
    ports: tuple[str, ...]
    """Of its displays, those that are not chosen by the host."""


def at_home(conn: libvirt.virConnect, uuid: str) -> list[str]:
    """What ties the domain to the host that it runs on."""
    domain = lookup(conn, uuid)
    root = xml.read(domain.XMLDesc())
    problems = []
    if domain.snapshotNum():
        problems.append(f"it has {domain.snapshotNum()} snapshots, which libvirt does not move")
    if root.find("devices/hostdev") is not None:
        problems.append("it uses a device of its host")
    if any(nic.get("type") in ("hostdev", "direct") for nic in root.findall("devices/interface")):
        problems.append("a network interface of it is tied to a card of its host")
    if any(disk.find("mirror") is not None for disk in root.findall("devices/disk")):
        problems.append("a job works on one of its disks")
    elif not jobs.is_settled(conn, uuid):
        problems.append("another job is at work on it")
    return problems


def needs(conn: libvirt.virConnect, uuid: str) -> Needs:
    """What the domain must find."""
    domain = lookup(conn, uuid)
    root = xml.read(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_MIGRATABLE))
    system, cpu = root.find("os/type"), root.find("cpu")
    if cpu is not None and cpu.get("mode") in _HOST_CPU:
        cpu = xml.read(conn.getCapabilities()).find("host/cpu")
    nics = root.findall("devices/interface")
    return Needs(
        cpu="" if cpu is None or cpu.find("model") is None else ET.tostring(cpu, encoding="unicode"),
        arch="" if system is None else system.get("arch", ""),
        machine="" if system is None else system.get("machine", ""),
        domain_type=root.get("type", ""),
        networks=tuple(xml.attribute(nic, "source", "network") for nic in nics if nic.get("type") == "network"),
        bridges=tuple(xml.attribute(nic, "source", "bridge") for nic in nics if nic.get("type") == "bridge"),
        ports=tuple(port for display in root.findall("devices/graphics") for port in _fixed_ports(display)),
    )


def versions(here: HostInfo, there: HostInfo) -> Iterator[str]:
    """What the hosts' own descriptions tell."""
    if here.uuid and here.uuid == there.uuid:
        yield "both are the same host"
    if _numbers(there.hypervisor_version) < _numbers(here.hypervisor_version):
        yield f"QEMU {there.hypervisor_version} there is older than {here.hypervisor_version} here"
    if "migrate" not in there.features:
        yield "the driver there cannot migrate"


def abroad(
    conn: libvirt.virConnect, leaving: Leaving, needed: Needs, copies: Sequence[DiskMove], *, shared: bool
) -> list[str]:
    """What the domain would not find on the host it is to go to."""
    return [
        *_names(conn, leaving),
        *_machine(conn, needed),
        *_nets(conn, needed),
        *_ports(conn, needed),
        *_storage(conn, leaving, copies, shared=shared),
    ]


def _names(conn: libvirt.virConnect, leaving: Leaving) -> Iterator[str]:
    if (same := find(conn, leaving.uuid)) is not None:
        yield "it is known there already, " + ("and active" if same.isActive() else "and off")
        return
    if leaving.name in {domain.name() for domain in conn.listAllDomains()}:
        yield f"another domain there has the name {leaving.name}"


def _machine(conn: libvirt.virConnect, needed: Needs) -> Iterator[str]:
    try:
        conn.getDomainCapabilities(None, needed.arch, needed.machine, needed.domain_type)
    except libvirt.libvirtError as error:
        yield f"its machine {needed.machine} does not exist there: {quotable(error.get_error_message() or '')}"
        return
    if not needed.cpu:
        return
    try:
        compared = conn.compareHypervisorCPU(
            None, needed.arch, needed.machine, needed.domain_type, needed.cpu, 0
        )  # fmt: skip
    except libvirt.libvirtError as error:
        yield f"its CPU cannot be had there: {quotable(error.get_error_message() or '')}"
        return
    if compared not in _COMPARED_CPUS:
        yield "the CPU there lacks features that its CPU has"


def _nets(conn: libvirt.virConnect, needed: Needs) -> Iterator[str]:
    active = {network.name: network.active for network in pools.networks(conn)}
    for name in dict.fromkeys(needed.networks):
        if not active.get(name):
            yield f"network {name} " + ("is not started there" if name in active else "does not exist there")
    bridges = _bridges(conn)
    for name in dict.fromkeys(needed.bridges):
        if bridges is not None and name not in bridges:
            yield f"bridge {name} does not exist there"


def _ports(conn: libvirt.virConnect, needed: Needs) -> Iterator[str]:
    """Which ports of its displays are taken there; others than domains that listen on one cannot be asked for."""
    if not needed.ports:
        return
    for domain in conn.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE):
        displays = xml.read(domain.XMLDesc()).findall("devices/graphics")
        taken = {display.get(kind, "") for display in displays for kind in _PORTS}
        for port in dict.fromkeys(needed.ports):
            if port in taken:
                yield f"port {port} of its display is taken there by domain {domain.name()}"


def _fixed_ports(display: ET.Element) -> Iterator[str]:
    if display.get("autoport") != "yes":
        yield from (port for kind in _PORTS if (port := display.get(kind, "")) not in ("", "-1", "0"))


def _bridges(conn: libvirt.virConnect) -> set[str] | None:
    """The network devices of a host by name, None when it tells none."""
    names: set[str] = set()
    # Each is told by a driver that a host may lack; devices that came after libvirtd are missing in the first.
    with suppress(libvirt.libvirtError):
        devices = conn.listAllDevices(libvirt.VIR_CONNECT_LIST_NODE_DEVICES_CAP_NET)
        names |= {xml.read(device.XMLDesc()).findtext("capability/interface") or "" for device in devices}
    with suppress(libvirt.libvirtError):
        names |= {interface.name() for interface in conn.listAllInterfaces()}
    return names | {network.bridge for network in pools.networks(conn)} if names else None


def _storage(
    conn: libvirt.virConnect, leaving: Leaving, copies: Sequence[DiskMove], *, shared: bool
) -> Iterator[str]:  # fmt: skip
    moves = {move.target: move for move in copies}
    for target in moves.keys() - {disk.target for disk in leaving.disks}:
        yield f"it has no disk {target}"
    coming: dict[str, int] = {}
    for disk in leaving.disks:
        move = moves.get(disk.target)
        if move is None:
            yield from _left_alone(conn, disk, shared=shared)
        elif disk.readonly:
            if not _has_volume(conn, move.pool, move.volume):
                yield f"{disk.target} has not been sent ahead as {move.volume}"
        else:
            coming[move.pool] = coming.get(move.pool, 0) + disk.used_bytes
            if move.backing and not _exists(conn, move.backing):
                yield f"what {disk.target} lies on is not there as {move.backing}"
    yield from _room(conn, coming)


def _left_alone(conn: libvirt.virConnect, disk: LeavingDisk, *, shared: bool) -> Iterator[str]:
    if not shared and not disk.readonly:
        yield f"disk {disk.target} is neither shared nor to be copied"
    elif not _exists(conn, disk.path):
        yield f"disk {disk.target} is in no pool there as {disk.path}"


def _room(conn: libvirt.virConnect, coming: dict[str, int]) -> Iterator[str]:
    """What speaks against so many bytes coming into each pool."""
    pools_there = {pool.name: pool for pool in pools.all_seen(conn)}
    for name, size in coming.items():
        pool = pools_there.get(name)
        if pool is None or not pool.active:
            yield f"pool {name} " + ("does not exist there" if pool is None else "is not started there")
        elif pool.available_bytes < size:
            yield f"pool {name} has {pool.available_bytes} bytes left there, and {size} are to come"


def _has_volume(conn: libvirt.virConnect, pool: str, name: str) -> bool:
    stores = conn.listAllStoragePools(libvirt.VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE)
    return any(store.name() == pool and volumes.find(store, name) is not None for store in stores)


def _exists(conn: libvirt.virConnect, path: str) -> bool:
    for pool in conn.listAllStoragePools(libvirt.VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE):
        folder, _, name = path.rpartition("/")
        if pools.path_of(pool).rstrip("/") == folder and volumes.find(pool, name) is not None:
            return True
    return False


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
