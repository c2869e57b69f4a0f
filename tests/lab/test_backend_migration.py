"""Running guests that move between real hosts."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path

import pytest

from backends.base import (
    Aborted,
    AlreadyExists,
    BackendError,
    DiskKind,
    DiskMove,
    DiskSpec,
    InvalidInput,
    NicSpec,
    NotFound,
    Power,
    Unreachable,
    WrongState,
)
from backends.libvirt.host import LibvirtHost
from backends.libvirt.links import Deadlines

from .drivers import BARE, MIB, NAME, POOL, TAG, UUID, Connect, boot, count, heard, keep, kept, linux, on
from .guests import GuestFiles
from .hosts import Lab

pytestmark = pytest.mark.lab

FAT = "dd if=/dev/urandom of=/fat bs=1M count=48 2>/dev/null && echo fattened"
SLOW = 5
"""MiB/s: the fat guest takes some sixteen seconds, so that a busy machine finds the middle."""


async def pools(here: LibvirtHost, there: LibvirtHost) -> None:
    for host in (here, there):
        await host.ensure_pool(POOL, "/var/lib/libvirt/images/vm")


async def halfway(progress: list[tuple[int, int]]) -> None:
    until = time.monotonic() + 60
    while not any(done > 16 * MIB for done, _ in progress):
        assert time.monotonic() < until, progress
        await asyncio.sleep(0.1)


def test_a_counting_guest_moves_with_shared_storage(lab: Lab, connect: Connect, guest: GuestFiles) -> None:
    async def story(here: LibvirtHost, there: LibvirtHost) -> None:
        for host in (here, there):
            await host.ensure_pool("shared", str(lab.shared))
        volume = await here.create_volume("shared", "disk", capacity_bytes=MIB, format="qcow2")
        await boot(here, lab.hosts[0], linux(guest, DiskSpec("vda", volume.path, "qcow2")))
        await keep(lab.hosts[0], "vda", "treasure")
        assert await here.migration_problems(UUID, there, shared=True) == []
        before = await count(lab.hosts[0])
        result = await here.migrate_live(UUID, there, shared=True)
        assert result.here is None
        assert result.there is not None
        assert (result.there.runs, result.there.persistent) == (True, True)
        assert before < await count(lab.hosts[1]) <= before + 6
        assert await kept(lab.hosts[1], "vda") == "treasure"
        assert (lab.hosts[0].domains("--all"), lab.hosts[1].domains()) == (set(), {NAME})
        seen = await there.domain(UUID)
        assert seen is not None
        assert seen.tag == TAG
        assert await here.migrate_live(UUID, there, shared=True) == result

    on(story, connect(0), connect(1))


@pytest.mark.parametrize("format", ["raw", "qcow2"])
def test_a_guest_moves_with_its_disk_to_another_pool(
    lab: Lab, connect: Connect, guest: GuestFiles, format: str
) -> None:
    progress: list[tuple[int, int]] = []

    async def story(here: LibvirtHost, there: LibvirtHost) -> None:
        await pools(here, there)
        await there.ensure_pool("other", "/var/lib/libvirt/images/other")
        volume = await here.create_volume(POOL, "disk", capacity_bytes=32 * MIB, format=format)
        await boot(here, lab.hosts[0], linux(guest, DiskSpec("vda", volume.path, format)))
        await keep(lab.hosts[0], "vda", "treasure")
        copies = [DiskMove("vda", "other", "moved")]
        assert await here.migration_problems(UUID, there, copies=copies) == []
        before = await count(lab.hosts[0])
        await here.migrate_live(UUID, there, copies=copies, progress=lambda *step: progress.append(step))
        assert await count(lab.hosts[1]) > before
        assert await kept(lab.hosts[1], "vda") == "treasure"
        for shown in (lab.hosts[1].virsh("domblklist", NAME), lab.hosts[1].virsh("domblklist", NAME, "--inactive")):
            assert "/var/lib/libvirt/images/other/moved" in shown
        moved = await there.volume("other", "moved")
        assert moved is not None
        assert (moved.format, moved.capacity_bytes) == (format, 32 * MIB)
        assert moved.allocation_bytes < 4 * MIB
        await there.destroy(UUID)
        await there.start(UUID)
        await heard(lab.hosts[1], "count 1\n")
        assert await kept(lab.hosts[1], "vda") == "treasure"
        # The file here stays behind: deleting it is for whoever knows that all went well.
        assert await here.volume(POOL, "disk") is not None

    on(story, connect(0), connect(1))


def test_a_disk_keeps_its_layers_when_what_it_lies_on_went_ahead(lab: Lab, connect: Connect, guest: GuestFiles) -> None:
    async def story(here: LibvirtHost, there: LibvirtHost) -> None:
        await pools(here, there)
        base = await here.create_volume(POOL, "base", capacity_bytes=8 * MIB, format="qcow2")
        await boot(here, lab.hosts[0], linux(guest, DiskSpec("vda", base.path, "qcow2")))
        await keep(lab.hosts[0], "vda", "first")
        top = await here.create_overlay(POOL, "top", base.path)
        await here.snapshot_disk_live(UUID, "vda", top.path)
        await heard(lab.hosts[0], "<end>", say="printf later | dd of=/dev/vda seek=8 2>/dev/null; sync; echo '<'end'>'")
        sent = await here.send_volume(POOL, "base", there, POOL, "base")
        copies = [DiskMove("vda", POOL, "top", backing=sent.path)]
        assert await here.migration_problems(UUID, there, copies=copies) == []
        await here.migrate_live(UUID, there, copies=copies)
        assert [layer.name for layer in await there.volume_chain(POOL, "top")] == ["top", "base"]
        moved = await there.volume(POOL, "top")
        assert moved is not None
        assert await kept(lab.hosts[1], "vda") == "first"
        await heard(lab.hosts[1], "later", say="dd if=/dev/vda skip=8 count=1 2>/dev/null | head -c 5")
        await there.destroy(UUID)
        mapped = lab.hosts[1].run("qemu-img", "map", "--output=json", moved.path)
        assert '"depth": 1' in mapped
        await there.start(UUID)
        await heard(lab.hosts[1], "count 1\n")
        assert await kept(lab.hosts[1], "vda") == "first"

    on(story, connect(0), connect(1))


def test_a_migration_cancelled_halfway_leaves_the_guest_where_it_was(
    lab: Lab, connect: Connect, guest: GuestFiles
) -> None:
    progress: list[tuple[int, int]] = []

    async def story(here: LibvirtHost, there: LibvirtHost) -> None:
        await pools(here, there)
        volume = await here.create_volume(POOL, "disk", capacity_bytes=MIB, format="qcow2")
        await boot(here, lab.hosts[0], linux(guest, DiskSpec("vda", volume.path, "qcow2")))
        await heard(lab.hosts[0], "fattened\n", say=FAT)
        before = await count(lab.hosts[0])
        moving = asyncio.create_task(
            here.migrate_live(
                UUID,
                there,
                copies=[DiskMove("vda", POOL, "moved")],
                bandwidth_mib=SLOW,
                progress=lambda *step: progress.append(step),
            )
        )
        await halfway(progress)
        coming, going = await there.whereabouts(UUID), await here.whereabouts(UUID)
        assert coming is not None
        assert going is not None
        assert (coming.incoming, coming.runs, going.runs, going.busy) == (True, False, True, True)
        await here.abort_job(UUID)
        with pytest.raises(Aborted):
            await moving
        assert await there.whereabouts(UUID) is None
        stayed = await here.whereabouts(UUID)
        assert stayed is not None
        assert (stayed.runs, stayed.persistent, stayed.busy) == (True, True, False)
        assert await count(lab.hosts[0]) > before
        assert await there.volume(POOL, "moved") is None
        await here.migrate_live(UUID, there, copies=[DiskMove("vda", POOL, "moved")])
        assert await count(lab.hosts[1]) > before

    on(story, connect(0), connect(1))


def test_a_target_killed_halfway_leaves_the_guest_where_it_was(lab: Lab, connect: Connect, guest: GuestFiles) -> None:
    progress: list[tuple[int, int]] = []

    async def story(here: LibvirtHost, there: LibvirtHost) -> None:
        await boot(here, lab.hosts[0], linux(guest))
        await heard(lab.hosts[0], "fattened\n", say=FAT)
        before = await count(lab.hosts[0])
        moving = asyncio.create_task(
            here.migrate_live(UUID, there, bandwidth_mib=SLOW, progress=lambda *step: progress.append(step))
        )
        await halfway(progress)
        lab.hosts[1].kill()
        with pytest.raises(BackendError):
            await asyncio.wait_for(moving, 40)
        await here.settle(UUID, deadline=30)
        stayed = await here.whereabouts(UUID)
        assert stayed is not None
        assert (stayed.power, stayed.persistent) == (Power.RUNNING, True)
        assert await count(lab.hosts[0]) > before

    on(story, connect(0, deadlines=Deadlines(stall=6)), connect(1, keepalive=(1, 2)))


def test_a_wire_cut_halfway_is_given_up_in_time(lab: Lab, connect: Connect, guest: GuestFiles) -> None:
    progress: list[tuple[int, int]] = []

    async def story(here: LibvirtHost, there: LibvirtHost) -> None:
        await boot(here, lab.hosts[0], linux(guest))
        await heard(lab.hosts[0], "fattened\n", say=FAT)
        moving = asyncio.create_task(
            here.migrate_live(UUID, there, bandwidth_mib=SLOW, progress=lambda *step: progress.append(step))
        )
        await halfway(progress)
        lab.hosts[1].cut()
        begun = time.monotonic()
        with pytest.raises((Unreachable, Aborted)):
            await moving
        assert time.monotonic() - begun < 60  # without the stall rule it would be a quarter of an hour, TCP's own limit
        lab.hosts[1].mend()
        await here.open()
        await there.open()
        await here.settle(UUID, deadline=60)
        assert lab.hosts[0].domains() == {NAME}
        assert lab.hosts[0].virsh("domstate", NAME) == "running"
        assert lab.hosts[1].virsh("domstate", NAME) != "running" if lab.hosts[1].domains("--all") else True

    on(story, connect(0, deadlines=Deadlines(stall=5)), connect(1, keepalive=(1, 2)))


def test_what_stands_against_a_migration_is_said_before(lab: Lab, connect: Connect) -> None:
    lab.hosts[0].virsh("net-start", "default")

    async def story(here: LibvirtHost, there: LibvirtHost) -> None:
        await pools(here, there)
        volume = await here.create_volume(POOL, "disk", capacity_bytes=MIB, format="qcow2")
        spec = replace(
            BARE,
            disks=(DiskSpec("vda", volume.path, "qcow2"),),
            nics=(NicSpec("52:54:00:00:00:77", "network", "default"),),
        )
        await here.define(spec)
        assert await here.migration_problems(UUID, there, shared=True) == ["a domain that is off is not moved live"]
        await here.start(UUID)

        async def problems(*copies: DiskMove, shared: bool = False) -> str:
            return "\n".join(await here.migration_problems(UUID, there, copies=copies, shared=shared))

        assert "neither shared nor" in await problems()
        assert "network default is not started there" in await problems()
        assert f"in no pool there as {volume.path}" in await problems(shared=True)
        assert "pool nowhere does not exist" in await problems(DiskMove("vda", "nowhere", "disk"))
        assert "it has no disk vdz" in await problems(DiskMove("vdz", POOL, "disk"))
        assert "not there as /base" in await problems(DiskMove("vda", POOL, "disk", backing="/base"))
        await there.ensure_pool("small", lab.hosts[1].small_pool(65536))
        assert "bytes left there" in await problems(DiskMove("vda", "small", "disk"))
        await here.create_snapshot(UUID, "before")
        assert "1 snapshots" in await problems()
        await there.define(replace(BARE, uuid=UUID.replace("1", "9")))
        assert f"another domain there has the name {NAME}" in await problems()
        await there.undefine(UUID.replace("1", "9"))
        await there.define(BARE)
        assert "known there already" in await problems()
        assert "the same host" in "\n".join(await here.migration_problems(UUID, here))
        with pytest.raises(InvalidInput):
            await here.migrate_live(UUID, there)
        await here.destroy(UUID)
        with pytest.raises(WrongState):
            await here.migrate_live(UUID, there, shared=True)

    on(story, connect(0), connect(1))


def test_a_volume_in_use_there_is_not_overwritten(lab: Lab, connect: Connect, tmp_path: Path) -> None:
    async def story(here: LibvirtHost, there: LibvirtHost) -> None:
        await pools(here, there)
        volume = await here.create_volume(POOL, "disk", capacity_bytes=MIB, format="qcow2")
        used = await there.create_volume(POOL, "disk", capacity_bytes=MIB, format="qcow2")
        other = replace(BARE, name="other", uuid=UUID.replace("1", "9"))
        await there.define(replace(other, disks=(DiskSpec("vda", used.path, "qcow2"),)))
        await here.define(replace(BARE, disks=(DiskSpec("vda", volume.path, "qcow2"),)))
        await here.start(UUID)
        with pytest.raises(AlreadyExists):
            await here.migrate_live(UUID, there, copies=[DiskMove("vda", POOL, "disk")])
        assert await there.volume(POOL, "disk") is not None
        assert lab.hosts[0].domains() == {NAME}

    on(story, connect(0), connect(1))


def test_a_medium_that_was_sent_ahead_is_found_in_its_new_place(lab: Lab, connect: Connect, guest: GuestFiles) -> None:
    async def story(here: LibvirtHost, there: LibvirtHost) -> None:
        await pools(here, there)
        await there.ensure_pool("other", "/var/lib/libvirt/images/other")
        disk = await here.create_volume(POOL, "disk", capacity_bytes=MIB, format="qcow2")
        medium = await here.create_volume(POOL, "context.iso", capacity_bytes=MIB, format="raw")
        drive = DiskSpec("sda", medium.path, "raw", kind=DiskKind.CDROM, bus="sata")
        await boot(here, lab.hosts[0], linux(guest, DiskSpec("vda", disk.path, "qcow2"), drive))
        copies = [DiskMove("vda", "other", "disk"), DiskMove("sda", "other", "context.iso")]
        assert await here.migration_problems(UUID, there, copies=copies) == [
            "sda has not been sent ahead as context.iso"
        ]
        with pytest.raises(NotFound):
            await here.migrate_live(UUID, there, copies=copies)
        await here.send_volume(POOL, "context.iso", there, "other", "context.iso")
        assert await here.migration_problems(UUID, there, copies=copies) == []
        await here.migrate_live(UUID, there, copies=copies)
        seen = await there.domain(UUID)
        assert seen is not None
        assert {disk.source.rpartition("/")[0] for disk in seen.disks} == {"/var/lib/libvirt/images/other"}

    on(story, connect(0), connect(1))
