"""The layers of disks, on real hosts; qemu-img and the guest itself are the witnesses."""

from __future__ import annotations

import json

import pytest

from backends.base import DiskSpec, InvalidInput, VolumeSeen, WrongState
from backends.libvirt.host import LibvirtHost

from .drivers import BARE, MIB, NAME, POOL, UUID, Connect, boot, heard, keep, kept, linux, on
from .guests import GuestFiles
from .hosts import Host, Lab

pytestmark = pytest.mark.lab

FOLDER = "/var/lib/libvirt/images/vm"


def chain(lab_host: Host, path: str) -> list[str]:
    """The names of the layers of a disk, the topmost first, as qemu-img sees them."""
    shown = json.loads(lab_host.run("qemu-img", "info", "-U", "--backing-chain", "--output=json", path))
    return [layer["filename"].rpartition("/")[2] for layer in shown]


def word(lab_host: Host, path: str) -> str:
    """The word at the start of a disk."""
    shown = lab_host.run("qemu-io", "-r", "-c", "read -v 0 16", path)
    return shown.splitlines()[0].split()[-1].rstrip(".")


async def first_layer(host: LibvirtHost, lab_host: Host, guest: GuestFiles) -> VolumeSeen:
    """Boot a guest with one disk that says "zero"."""
    await host.ensure_pool(POOL, FOLDER)
    volume = await host.create_volume(POOL, "n0", capacity_bytes=8 * MIB, format="qcow2")
    await boot(host, lab_host, linux(guest, DiskSpec("vda", volume.path, "qcow2")))
    await keep(lab_host, "vda", "zero")
    return volume


async def add_layer(host: LibvirtHost, lab_host: Host, name: str, below: str, text: str) -> str:
    """Freeze the running guest's disk; what it writes then goes into the new layer."""
    layer = await host.create_overlay(POOL, name, below)
    for _ in range(2):
        assert not await host.snapshot_disk_live(UUID, "vda", layer.path, quiesce=True)
    await keep(lab_host, "vda", text)
    return layer.path


def test_a_tree_is_built_running_and_each_node_says_what_it_said(lab: Lab, connect: Connect, guest: GuestFiles) -> None:
    h1 = lab.hosts[0]

    async def story(host: LibvirtHost) -> None:
        n0 = (await first_layer(host, h1, guest)).path
        n1 = await add_layer(host, h1, "n1", n0, "one")
        n2 = await add_layer(host, h1, "n2", n1, "two")
        assert [layer.name for layer in await host.volume_chain(POOL, "n2")] == ["n2", "n1", "n0"]
        with pytest.raises(WrongState):
            await host.repoint_disk(UUID, "vda", DiskSpec("vda", n0, "qcow2"))
        await host.destroy(UUID)
        assert chain(h1, n2) == ["n2", "n1", "n0"]
        assert [word(h1, path) for path in (n0, n1, n2)] == ["zero", "one", "two"]
        # Another branch, from the first node.
        n3 = await host.create_overlay(POOL, "n3", n0)
        for _ in range(2):
            await host.repoint_disk(UUID, "vda", DiskSpec("vda", n3.path, "qcow2"))
        assert "backingStore" not in h1.virsh("dumpxml", NAME)
        await host.start(UUID)
        await heard(h1, "count 1\n")
        assert await kept(h1, "vda") == "zero"
        await keep(h1, "vda", "three")
        await host.destroy(UUID)
        assert [word(h1, path) for path in (n0, n1, n2, n3.path)] == ["zero", "one", "two", "three"]

    on(story, connect())


def test_an_inner_layer_of_a_running_guest_is_merged_upwards(lab: Lab, connect: Connect, guest: GuestFiles) -> None:
    h1 = lab.hosts[0]
    progress: list[tuple[int, int]] = []

    async def story(host: LibvirtHost) -> None:
        n0 = (await first_layer(host, h1, guest)).path
        n1 = await add_layer(host, h1, "n1", n0, "one")
        await heard(h1, "<end>", say="printf later | dd of=/dev/vda seek=8 2>/dev/null; sync; echo '<'end'>'")
        n2 = await add_layer(host, h1, "n2", n1, "two")
        with pytest.raises(InvalidInput):
            await host.pull_disk(UUID, "vda", f"{FOLDER}/elsewhere")
        for _ in range(2):
            await host.pull_disk(UUID, "vda", n0, lambda *step: progress.append(step))
        assert chain(h1, n2) == ["n2", "n0"]
        await host.delete_volume(POOL, "n1")
        await heard(h1, "later", say="dd if=/dev/vda skip=8 count=1 2>/dev/null | head -c 5")
        assert await kept(h1, "vda") == "two"
        await host.destroy(UUID)
        assert [word(h1, path) for path in (n0, n2)] == ["zero", "two"]
        await host.repoint_disk(UUID, "vda", DiskSpec("vda", n2, "qcow2"))
        await host.start(UUID)
        await heard(h1, "count 1\n")
        await host.pull_disk(UUID, "vda", None)
        assert chain(h1, n2) == ["n2"]

    on(story, connect())


def test_an_inner_layer_that_no_guest_uses_is_merged_upwards(lab: Lab, connect: Connect, guest: GuestFiles) -> None:
    h1 = lab.hosts[0]

    async def story(host: LibvirtHost) -> None:
        n0 = (await first_layer(host, h1, guest)).path
        n1 = await add_layer(host, h1, "n1", n0, "one")
        n2 = await add_layer(host, h1, "n2", n1, "two")
        await host.destroy(UUID)
        for _ in range(2):
            await host.pull_volume(POOL, "n2", n0)
        assert chain(h1, n2) == ["n2", "n0"]
        await host.pull_volume(POOL, "n2", None)
        assert chain(h1, n2) == ["n2"]
        assert [word(h1, path) for path in (n0, n1, n2)] == ["zero", "one", "two"]
        assert h1.domains("--all") == {NAME}

    on(story, connect())


def test_a_live_snapshot_is_undone_once(lab: Lab, connect: Connect, guest: GuestFiles) -> None:
    h1 = lab.hosts[0]

    async def story(host: LibvirtHost) -> None:
        n0 = (await first_layer(host, h1, guest)).path
        n1 = await add_layer(host, h1, "n1", n0, "one")
        n2 = await add_layer(host, h1, "n2", n1, "two")
        for _ in range(2):
            await host.commit_disk(UUID, "vda", n2)
        assert await kept(h1, "vda") == "two"
        shown = h1.virsh("domblklist", NAME), h1.virsh("domblklist", NAME, "--inactive")
        assert all(n1 in text for text in shown)
        assert await host.volume(POOL, "n2") is None
        await host.destroy(UUID)
        assert [word(h1, path) for path in (n0, n1)] == ["zero", "two"]

    on(story, connect())


def test_no_layer_is_put_on_a_disk_with_snapshots_inside(connect: Connect) -> None:
    async def story(host: LibvirtHost) -> None:
        await host.ensure_pool(POOL, FOLDER)
        disk = await host.create_volume(POOL, "disk", capacity_bytes=MIB, format="qcow2")
        await host.define(BARE)
        await host.attach_disk(UUID, DiskSpec("vda", disk.path, "qcow2"))
        await host.start(UUID)
        await host.create_snapshot(UUID, "before")
        layer = await host.create_overlay(POOL, "layer", disk.path)
        with pytest.raises(WrongState):
            await host.snapshot_disk_live(UUID, "vda", layer.path)
        await host.destroy(UUID)
        with pytest.raises(WrongState):
            await host.repoint_disk(UUID, "vda", DiskSpec("vda", layer.path, "qcow2"))

    on(story, connect())
