"""Copies and backups of the disks of running guests, on real hosts."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from backends.base import Aborted, AlreadyExists, Busy, DiskSpec, NoSpace, NotFound, Refused, WrongState
from backends.libvirt.host import LibvirtHost

from .drivers import BARE, MIB, NAME, POOL, UUID, Connect, boot, heard, keep, linux, on
from .guests import GuestFiles
from .hosts import Host, Lab

pytestmark = pytest.mark.lab

FOLDER = "/var/lib/libvirt/images/vm"


def word(lab_host: Host, path: str) -> str:
    """The word at the start of a disk."""
    shown = lab_host.run("qemu-io", "-r", "-U", "-c", "read -v 0 16", path)
    return shown.splitlines()[0].split()[-1].rstrip(".")


async def disks(host: LibvirtHost, *names: str, format: str = "qcow2") -> list[DiskSpec]:
    await host.ensure_pool(POOL, FOLDER)
    return [
        DiskSpec(
            f"vd{letter}", (await host.create_volume(POOL, name, capacity_bytes=8 * MIB, format=format)).path, format
        )
        for letter, name in zip("abc", names, strict=False)
    ]


@pytest.mark.parametrize("format", ["qcow2", "raw"])
def test_a_running_guests_disk_is_copied_as_it_is_now(
    lab: Lab, connect: Connect, guest: GuestFiles, format: str
) -> None:
    h1 = lab.hosts[0]
    progress: list[tuple[int, int]] = []

    async def story(host: LibvirtHost) -> None:
        await boot(host, h1, linux(guest, *await disks(host, "first", "second", format=format)))
        await keep(h1, "vda", "then")
        copy = partial(host.copy_disk, UUID, "vda", (POOL, "first"), (POOL, "copy"), format=format)
        await copy()
        made = await copy(progress=lambda *step: progress.append(step))
        await keep(h1, "vda", "later")
        assert (made.format, made.capacity_bytes, made.backing_path) == (format, 8 * MIB, "")
        await host.destroy(UUID)
        assert (word(h1, made.path), word(h1, f"{FOLDER}/first")) == ("then", "later")

    on(story, connect())


def test_the_layers_of_a_running_guests_disk_become_one(lab: Lab, connect: Connect, guest: GuestFiles) -> None:
    h1 = lab.hosts[0]

    async def story(host: LibvirtHost) -> None:
        first = (await disks(host, "first"))[0]
        await boot(host, h1, linux(guest, first))
        await keep(h1, "vda", "below")
        layer = await host.create_overlay(POOL, "layer", first.source)
        await host.snapshot_disk_live(UUID, "vda", layer.path)
        await heard(h1, "<end>", say="printf above | dd of=/dev/vda seek=8 2>/dev/null; sync; echo '<'end'>'")
        made = await host.copy_disk(UUID, "vda", (POOL, "layer"), (POOL, "copy"))
        assert made.backing_path == ""
        assert word(h1, made.path) == "below"
        assert "above" in h1.run("qemu-io", "-r", "-c", "read -v 4096 16", made.path)

    on(story, connect())


def test_a_disk_that_no_guest_runs_with_is_copied_by_its_host(connect: Connect) -> None:
    async def story(host: LibvirtHost) -> None:
        await host.define(replace(BARE, disks=tuple(await disks(host, "first"))))
        for uuid in (UUID, None):
            made = await host.copy_disk(uuid, "vda", (POOL, "first"), (POOL, "copy"), format="raw")
            assert (made.format, made.capacity_bytes) == ("raw", 8 * MIB)
        with pytest.raises(AlreadyExists):
            await host.copy_disk(UUID, "vda", (POOL, "copy"), (POOL, "first"))
        with pytest.raises(WrongState):
            await host.backup_begin(UUID, {"vda": (POOL, "backup")})

    on(story, connect())


def test_an_increment_holds_what_changed_since_its_checkpoint(lab: Lab, connect: Connect, guest: GuestFiles) -> None:
    h1 = lab.hosts[0]

    async def story(host: LibvirtHost) -> None:
        await boot(host, h1, linux(guest, *await disks(host, "first", "second")))
        await heard(h1, "<end>", say="dd if=/dev/urandom of=/dev/vda bs=1M count=4 2>/dev/null; sync; echo '<'end'>'")
        await keep(h1, "vda", "one")
        for _ in range(2):
            await host.backup_begin(UUID, {"vda": (POOL, "full")}, checkpoint="c1")
            await host.backup_wait(UUID)
        await keep(h1, "vda", "two")
        below = {"vda": (POOL, "full")}
        await host.backup_begin(UUID, {"vda": (POOL, "inc")}, checkpoint="c2", incremental_from="c1", lying_on=below)
        await host.backup_wait(UUID)
        await keep(h1, "vda", "three")
        assert list(await host.checkpoints(UUID)) == ["c1", "c2"]
        assert h1.virsh("checkpoint-list", NAME, "--name", "--topological").split() == ["c1", "c2"]
        full, increment = await host.volume(POOL, "full"), await host.volume(POOL, "inc")
        assert full is not None
        assert increment is not None
        assert increment.allocation_bytes < MIB < full.allocation_bytes
        assert word(h1, full.path) == "one"
        assert increment.backing_path == full.path
        assert word(h1, increment.path) == "two"
        with pytest.raises(NotFound):
            await host.backup_begin(UUID, {"vda": (POOL, "more")}, incremental_from="none", lying_on=below)
        gone = {"vda": (POOL, "gone")}
        with pytest.raises(NotFound):
            await host.backup_begin(UUID, {"vda": (POOL, "more")}, incremental_from="c2", lying_on=gone)
        with pytest.raises(NotFound):
            await host.backup_begin(UUID, {"vdz": (POOL, "more")})
        for _ in range(2):
            await host.delete_checkpoint(UUID, "c1")
        assert list(await host.checkpoints(UUID)) == ["c2"]
        await host.destroy(UUID)
        with pytest.raises(WrongState):
            await host.delete_checkpoint(UUID, "c2")

    on(story, connect())


def test_a_copy_that_does_not_fit_leaves_nothing(lab: Lab, connect: Connect, guest: GuestFiles) -> None:
    h1 = lab.hosts[0]
    small = h1.small_pool(2 * MIB)

    async def story(host: LibvirtHost) -> None:
        await boot(host, h1, linux(guest, *await disks(host, "first")))
        await heard(h1, "<end>", say="dd if=/dev/urandom of=/dev/vda bs=1M count=6 2>/dev/null; sync; echo '<'end'>'")
        await host.ensure_pool("small", small)
        with pytest.raises((NoSpace, Refused)):
            await host.copy_disk(UUID, "vda", (POOL, "first"), ("small", "copy"))
        assert h1.run("ls", small) == ""
        await heard(h1, "count ")
        assert await host.job(UUID) is None
        await host.copy_disk(UUID, "vda", (POOL, "first"), (POOL, "copy"))

    on(story, connect())


def test_a_backup_can_be_aborted_and_is_not_begun_twice(lab: Lab, connect: Connect, guest: GuestFiles) -> None:
    h1 = lab.hosts[0]

    async def story(host: LibvirtHost) -> None:
        await host.ensure_pool(POOL, FOLDER)
        big = await host.create_volume(POOL, "big", capacity_bytes=1024 * MIB, format="raw")
        h1.run("dd", "if=/dev/urandom", f"of={big.path}", "bs=1M", "count=1024", "conv=notrunc")
        await boot(host, h1, linux(guest, DiskSpec("vda", big.path, "raw")))
        await host.backup_begin(UUID, {"vda": (POOL, "copy")}, format="raw")
        with pytest.raises(Busy):
            await host.backup_begin(UUID, {"vda": (POOL, "more")}, format="raw")
        await host.abort_job(UUID)
        with pytest.raises(Aborted):
            await host.backup_wait(UUID)
        await host.settle(UUID, deadline=10)
        assert h1.virsh("domstate", NAME) == "running"

    on(story, connect())
