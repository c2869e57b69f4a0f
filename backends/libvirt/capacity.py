"""How much a domain has: CPUs, memory, and the size of its disks."""

from __future__ import annotations

import libvirt

from backends.base import InvalidInput, NotSupported
from backends.libvirt import pools, volumes, xml
from backends.libvirt.definition import find, lookup

LIVE = libvirt.VIR_DOMAIN_AFFECT_LIVE
KEPT = libvirt.VIR_DOMAIN_AFFECT_CONFIG

NEAR = 1024
"""KiB by which a balloon may miss what was asked for: it moves in pages of the guest."""


def give(conn: libvirt.virConnect, uuid: str, vcpus: int, memory_kib: int) -> None:
    """Give a domain CPUs and memory, or tell the running guest's balloon where to go.

    Raises:
        NotSupported: the running guest cannot be given it; nothing was changed.
    """
    domain = lookup(conn, uuid)
    if domain.isActive():
        _give_running(domain, vcpus, memory_kib)
    else:
        _keep_vcpus(domain, vcpus)
        _keep_memory(domain, memory_kib)


def has_memory(conn: libvirt.virConnect, uuid: str, memory_kib: int) -> bool:
    """Whether the balloon has arrived; that of a domain that is off need not move."""
    domain = lookup(conn, uuid)
    return not domain.isActive() or abs(int(domain.info()[2]) - memory_kib) <= NEAR


def keep_memory(conn: libvirt.virConnect, uuid: str, memory_kib: int) -> None:
    """Have the next start of a persistent domain give it as much."""
    domain = lookup(conn, uuid)
    if domain.isPersistent():
        _keep_memory(domain, memory_kib)


def stay(conn: libvirt.virConnect, uuid: str) -> None:
    """Take back what a running guest's balloon was told: it stays where it is."""
    domain = lookup(conn, uuid)
    if domain.isActive():
        domain.setMemoryFlags(domain.info()[2], LIVE)


def grow_disk(conn: libvirt.virConnect, uuid: str, target: str, capacity_bytes: int) -> bool:
    """Grow a disk of a running guest; False when the domain does not run.

    Raises:
        InvalidInput: it is bigger. libvirt would cut its end off.
    """
    domain = find(conn, uuid)
    if domain is None or not domain.isActive():
        return False
    capacity = domain.blockInfo(target)[0]
    volumes.check_growth(target, capacity, capacity_bytes)
    if capacity_bytes > capacity:
        # Without the flag the number would be one of KiB.
        domain.blockResize(target, capacity_bytes, libvirt.VIR_DOMAIN_BLOCK_RESIZE_BYTES)
    return True


def read_anew(conn: libvirt.virConnect, pool: str) -> None:
    """Have a pool see what QEMU has made of its files."""
    pools.refresh(pools.lookup(conn, pool))


def _give_running(domain: libvirt.virDomain, vcpus: int, memory_kib: int) -> None:
    now, most = domain.vcpusFlags(LIVE), domain.vcpusFlags(LIVE | libvirt.VIR_DOMAIN_VCPU_MAXIMUM)
    if vcpus < now:
        raise NotSupported(f"a running guest's CPUs are not taken away: it has {now}")
    if vcpus > most:
        raise NotSupported(f"this guest was started with room for {most} CPUs: power it off to give it {vcpus}")
    if memory_kib > domain.maxMemory():
        most_mib = domain.maxMemory() // 1024
        raise NotSupported(f"this guest was started with room for {most_mib} MiB: power it off to give it more")
    if vcpus > now:
        domain.setVcpusFlags(vcpus, LIVE)
    if domain.isPersistent() and domain.vcpusFlags(KEPT) != vcpus:
        _keep_vcpus(domain, vcpus)
    if memory_kib != domain.info()[2]:
        domain.setMemoryFlags(memory_kib, LIVE)


def _keep_vcpus(domain: libvirt.virDomain, vcpus: int) -> None:
    if vcpus < 1:
        raise InvalidInput("a domain has at least one CPU")
    now, most = domain.vcpusFlags(KEPT), domain.vcpusFlags(KEPT | libvirt.VIR_DOMAIN_VCPU_MAXIMUM)
    follows = most == now or most < vcpus
    if vcpus > most:
        domain.setVcpusFlags(vcpus, KEPT | libvirt.VIR_DOMAIN_VCPU_MAXIMUM)
    if vcpus != now:
        domain.setVcpusFlags(vcpus, KEPT)
    if follows and vcpus < most:
        domain.setVcpusFlags(vcpus, KEPT | libvirt.VIR_DOMAIN_VCPU_MAXIMUM)


def _keep_memory(domain: libvirt.virDomain, memory_kib: int) -> None:
    now, most = _kept_memory(domain)
    follows = most == now or most < memory_kib
    if memory_kib > most:
        domain.setMemoryFlags(memory_kib, KEPT | libvirt.VIR_DOMAIN_MEM_MAXIMUM)
    if memory_kib != now:
        domain.setMemoryFlags(memory_kib, KEPT)
    if follows and memory_kib < most:
        domain.setMemoryFlags(memory_kib, KEPT | libvirt.VIR_DOMAIN_MEM_MAXIMUM)


def _kept_memory(domain: libvirt.virDomain) -> tuple[int, int]:
    """What the kept definition gives at start and at most, in KiB."""
    root = xml.read(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))
    most = int(root.findtext("memory") or 0)
    return int(root.findtext("currentMemory") or most), most
