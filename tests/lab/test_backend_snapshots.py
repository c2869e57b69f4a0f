"""Snapshots of whole domains, on real hosts."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import pytest

from backends.base import DiskSpec, InvalidInput, NotFound, Power
from backends.libvirt.host import LibvirtHost

from .drivers import BARE, MIB, NAME, POOL, TAG, UUID, Connect, boot, count, keep, kept, linux, on, power
from .guests import GuestFiles
from .hosts import Lab

pytestmark = pytest.mark.lab

FOLDER = "/var/lib/libvirt/images/vm"


async def disk(host: LibvirtHost) -> DiskSpec:
    await host.ensure_pool(POOL, FOLDER)
    volume = await host.create_volume(POOL, "disk", capacity_bytes=MIB, format="qcow2")
    return DiskSpec("vda", volume.path, "qcow2")


def test_a_reverted_guest_counts_on_from_then_and_its_disk_is_as_then(
    lab: Lab, connect: Connect, guest: GuestFiles
) -> None:
    h1 = lab.hosts[0]

    async def story(host: LibvirtHost) -> None:
        await boot(host, h1, linux(guest, await disk(host)))
        await keep(h1, "vda", "then")
        before, begun = await count(h1), int(time.time())
        made = await host.create_snapshot(UUID, "one", "before it all")
        assert await host.create_snapshot(UUID, "one") == made
        assert (made.name, made.parent, made.current, made.description) == ("one", "", True, "before it all")
        assert (made.power, made.has_memory, made.disks) == (Power.RUNNING, True, (("vda", "internal"),))
        assert begun <= made.created <= time.time()
        await keep(h1, "vda", "later")
        await asyncio.sleep(4)
        later = await count(h1)
        await host.retag(UUID, replace(TAG, generation=2))
        await host.revert_snapshot(UUID, "one")
        assert before < await count(h1) < later
        assert await kept(h1, "vda") == "then"
        seen = await host.domain(UUID)
        assert seen is not None
        assert seen.tag == TAG, "a revert brings the old tag back, which the caller is to know"
        assert h1.virsh("snapshot-list", NAME, "--name") == "one"

    on(story, connect())


def test_snapshots_are_a_tree_that_survives_as_text(lab: Lab, connect: Connect) -> None:
    async def story(host: LibvirtHost) -> None:
        await host.define(replace(BARE, disks=(await disk(host),)))
        for name in ("a", "b"):
            await host.create_snapshot(UUID, name)
        await host.revert_snapshot(UUID, "a")
        await host.create_snapshot(UUID, "c")
        before = await host.snapshots(UUID)
        assert {(one.name, one.parent, one.current) for one in before} == {
            ("a", "", False), ("b", "a", False), ("c", "a", True),
        }  # fmt: skip
        for name in ("c", "b", "a"):
            await host.delete_snapshot(UUID, name, metadata_only=True)
        assert await host.snapshots(UUID) == []
        for _ in range(2):
            for one in before:
                await host.redefine_snapshot(UUID, one.xml, current=one.current)
        assert {(one.name, one.parent, one.current) for one in await host.snapshots(UUID)} == {
            (one.name, one.parent, one.current) for one in before
        }
        await host.revert_snapshot(UUID, "b", run=True)
        assert await power(host) is Power.RUNNING
        await host.revert_snapshot(UUID, "c", run=False)
        assert await power(host) is Power.PAUSED
        for _ in range(2):
            await host.delete_snapshot(UUID, "a")
        assert {one.name: one.parent for one in await host.snapshots(UUID)} == {"b": "", "c": ""}
        await host.destroy(UUID)
        listed = lab.hosts[0].run("qemu-img", "snapshot", "-l", f"{FOLDER}/disk")
        assert "a" not in {line.split()[1] for line in listed.splitlines() if line[:1].isdigit()}

    on(story, connect())


def test_a_snapshot_that_is_not_there_and_one_of_another_domain_are_refused(connect: Connect) -> None:
    async def story(host: LibvirtHost) -> None:
        await host.define(replace(BARE, disks=(await disk(host),)))
        with pytest.raises(NotFound):
            await host.revert_snapshot(UUID, "none")
        made = await host.create_snapshot(UUID, "one")
        await host.delete_snapshot(UUID, "one", children=True)
        for text in (made.xml.replace(UUID, UUID.replace("1", "9")), "<domain/>", "<"):
            with pytest.raises(InvalidInput):
                await host.redefine_snapshot(UUID, text)

    on(story, connect())
