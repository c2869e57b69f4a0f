"""The libvirt driver on hosts of a lab: what its tests begin with."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from backends.base import DiskSpec, DomainSpec, Power, Tag
from backends.libvirt.host import LibvirtHost

from .guests import PARAMETERS, GuestFiles
from .hosts import Host

MIB = 1 << 20
UUID = "11111111-2222-3333-4444-555555555555"
NAME = "one-0"
POOL = "vm"
TAG = Tag(instance="store", vm=0, generation=1, operation="op", record='{"name":"web"}')
BARE = DomainSpec(name=NAME, uuid=UUID, title="web", memory_kib=32768, vcpus=1, cpu_shares=512, tag=TAG)
"""A guest without any system, up in a quarter of a second."""

Connect = Callable[..., LibvirtHost]


def on(story: Callable[..., Awaitable[None]], *hosts: LibvirtHost) -> None:
    """Play a story on hosts that are open."""

    async def play() -> None:
        try:
            for host in hosts:
                await host.open()
            await story(*hosts)
        finally:
            for host in hosts:
                await host.close()

    asyncio.run(play())


def linux(files: GuestFiles, *disks: DiskSpec, parameters: str = PARAMETERS) -> DomainSpec:
    """The small Linux guest, with data disks only."""
    return replace(
        BARE,
        memory_kib=131072,
        disks=disks,
        kernel=str(files.kernel),
        initrd=str(files.initramfs),
        kernel_cmd=parameters,
    )


async def boot(host: LibvirtHost, lab_host: Host, spec: DomainSpec) -> None:
    """Define and start a guest, and wait until it counts."""
    await host.define(spec)
    await host.start(spec.uuid)
    await heard(lab_host, "count 1\n")


async def heard(lab_host: Host, until: str, say: str = "") -> str:
    """What the guest writes on its serial console until a text comes, after typing a line."""
    return await asyncio.to_thread(lab_host.serial, NAME, until, say=say)


async def count(lab_host: Host) -> int:
    """The next number that the guest counts."""

    def next_number() -> int:
        with lab_host.console(NAME) as console:
            console.wait_for("count ", timeout=30)
            return int(console.wait_for("\n", timeout=10))

    return await asyncio.to_thread(next_number)


async def keep(lab_host: Host, device: str, word: str) -> None:
    """Have the guest write a word to a data disk."""
    await heard(lab_host, "kept\n", say=f"keep {device} {word}")


async def kept(lab_host: Host, device: str) -> str:
    """The word that the guest reads from a data disk."""
    said = await heard(lab_host, "<end>", say=f"echo 3 > /proc/sys/vm/drop_caches; keep {device}; echo '<'end'>'")
    return next(line.partition("kept ")[2] for line in said.splitlines() if line.startswith("kept"))


async def power(host: LibvirtHost) -> Power:
    """The state of the guest."""
    return (await host.states())[UUID].power
