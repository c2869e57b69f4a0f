"""Devices, capacity and definitions of domains on real hosts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backends.base import (
    AlreadyExists,
    BackendError,
    DiskKind,
    DiskSpec,
    DomainSeen,
    GuestUnwilling,
    InvalidInput,
    NicSpec,
    NotFound,
    NotSupported,
    Power,
)
from backends.libvirt.host import LibvirtHost
from backends.libvirt.links import Deadlines

from .drivers import BARE, MIB, NAME, POOL, TAG, UUID, Connect, boot, heard, keep, kept, linux, on, power
from .guests import GuestFiles
from .hosts import Host, Lab

pytestmark = pytest.mark.lab

FOLDER = "/var/lib/libvirt/images/vm"
MAC = "52:54:00:00:00:77"


async def disk(host: LibvirtHost, name: str, target: str, format: str = "qcow2") -> DiskSpec:
    volume = await host.create_volume(POOL, name, capacity_bytes=MIB, format=format)
    return DiskSpec(target, volume.path, format)


async def seen(host: LibvirtHost) -> DomainSeen:
    found = await host.domain(UUID)
    assert found is not None
    return found


def devices(lab_host: Host, kind: str) -> tuple[str, str]:
    """What virsh shows of a domain's devices, running and kept."""
    return lab_host.virsh(kind, NAME), lab_host.virsh(kind, NAME, "--inactive")


def test_a_disk_comes_and_goes_while_the_guest_uses_others(lab: Lab, connect: Connect, guest: GuestFiles) -> None:
    async def story(host: LibvirtHost) -> None:
        await host.ensure_pool(POOL, FOLDER)
        first, second = await disk(host, "first", "vda"), await disk(host, "second", "vdb")
        await boot(host, lab.hosts[0], linux(guest, first))
        for _ in range(2):
            await host.attach_disk(UUID, second)
        assert all(second.source in shown for shown in devices(lab.hosts[0], "domblklist"))
        await keep(lab.hosts[0], "vdb", "treasure")
        assert await kept(lab.hosts[0], "vdb") == "treasure"
        for _ in range(2):
            await host.detach_disk(UUID, "vdb")
        assert not any(second.source in shown for shown in devices(lab.hosts[0], "domblklist"))
        assert (await seen(host)).tag == TAG

    on(story, connect())


def test_a_disk_of_a_domain_that_is_off_comes_and_goes(lab: Lab, connect: Connect) -> None:
    async def story(host: LibvirtHost) -> None:
        await host.ensure_pool(POOL, FOLDER)
        spec = await disk(host, "first", "vda")
        await host.define(BARE)
        for _ in range(2):
            await host.attach_disk(UUID, spec)
        assert spec.source in lab.hosts[0].virsh("domblklist", NAME)
        for _ in range(2):
            await host.detach_disk(UUID, "vda")
        assert spec.source not in lab.hosts[0].virsh("domblklist", NAME)

    on(story, connect())


def test_neither_a_target_nor_a_file_is_attached_twice(connect: Connect) -> None:
    async def story(host: LibvirtHost) -> None:
        await host.ensure_pool(POOL, FOLDER)
        first, second = await disk(host, "first", "vda"), await disk(host, "second", "vdb")
        await host.define(replace(BARE, disks=(first,)))
        for spec in (replace(second, target="vda"), replace(first, target="vdb")):
            with pytest.raises(AlreadyExists):
                await host.attach_disk(UUID, spec)
        assert [disk.target for disk in (await seen(host)).disks] == ["vda"]

    on(story, connect())


def test_half_an_attachment_is_completed(lab: Lab, connect: Connect) -> None:
    async def story(host: LibvirtHost) -> None:
        await host.ensure_pool(POOL, FOLDER)
        spec = await disk(host, "first", "vda")
        await host.define(BARE)
        await host.start(UUID)
        lab.hosts[0].virsh("attach-disk", NAME, spec.source, "vda", "--subdriver", "qcow2", "--config")
        await host.attach_disk(UUID, spec)
        assert all(spec.source in shown for shown in devices(lab.hosts[0], "domblklist"))

    on(story, connect())


def test_a_guest_that_does_not_let_go_keeps_its_device(lab: Lab, connect: Connect) -> None:
    async def story(host: LibvirtHost) -> None:
        await host.ensure_pool(POOL, FOLDER)
        spec = await disk(host, "first", "vda")
        await host.define(replace(BARE, disks=(spec,)))
        await host.start(UUID)
        with pytest.raises(GuestUnwilling):
            await host.detach_disk(UUID, "vda")
        assert all(spec.source in shown for shown in devices(lab.hosts[0], "domblklist"))
        await host.destroy(UUID)
        await host.detach_disk(UUID, "vda")
        assert (await seen(host)).disks == ()

    on(story, connect(deadlines=Deadlines(guest=6)))


def test_a_network_interface_comes_and_goes(lab: Lab, connect: Connect, guest: GuestFiles) -> None:
    lab.hosts[0].virsh("net-start", "default")

    async def story(host: LibvirtHost) -> None:
        await boot(host, lab.hosts[0], linux(guest))
        for _ in range(2):
            await host.attach_nic(UUID, NicSpec(MAC, "network", "default"))
        assert all(shown.count(MAC) == 1 for shown in devices(lab.hosts[0], "domiflist"))
        await heard(lab.hosts[0], MAC, say="cat /sys/class/net/*/address")
        with pytest.raises(AlreadyExists):
            await host.attach_nic(UUID, NicSpec(MAC.upper(), "user", ""))
        for _ in range(2):
            await host.detach_nic(UUID, MAC.upper())
        assert not any(MAC in shown for shown in devices(lab.hosts[0], "domiflist"))

    on(story, connect())


def test_a_missing_network_leaves_nothing_attached(lab: Lab, connect: Connect) -> None:
    async def story(host: LibvirtHost) -> None:
        await host.define(BARE)
        await host.start(UUID)
        with pytest.raises(NotFound):
            await host.attach_nic(UUID, NicSpec(MAC, "network", "nowhere"))
        assert not any(MAC in shown for shown in devices(lab.hosts[0], "domiflist"))

    on(story, connect())


def test_a_medium_is_changed_and_taken_out_running_and_off(lab: Lab, connect: Connect) -> None:
    async def story(host: LibvirtHost) -> None:
        await host.ensure_pool(POOL, FOLDER)
        drive = replace(await disk(host, "one.iso", "sda", "raw"), kind=DiskKind.CDROM, bus="sata")
        other = await disk(host, "two.iso", "sdb", "raw")
        await host.define(replace(BARE, disks=(drive, await disk(host, "first", "vda"))))
        for _ in range(2):
            for source in (other.source, None, drive.source):
                for _ in range(2):
                    await host.change_media(UUID, "sda", source)
                for shown in devices(lab.hosts[0], "domblklist"):
                    medium = next(line.split()[1] for line in shown.splitlines() if line.split()[0] == "sda")
                    assert medium == (source or "-")
            await host.start(UUID)
        with pytest.raises(InvalidInput):
            await host.change_media(UUID, "vda", None)
        with pytest.raises(NotFound):
            await host.change_media(UUID, "sdx", None)

    on(story, connect())


def test_a_disk_grows_running_and_off_and_never_shrinks(lab: Lab, connect: Connect, guest: GuestFiles) -> None:
    async def story(host: LibvirtHost) -> None:
        await host.ensure_pool(POOL, FOLDER)
        spec = await disk(host, "first", "vda")
        await boot(host, lab.hosts[0], linux(guest, spec))
        for _ in range(2):
            await host.resize_disk(UUID, "vda", POOL, "first", 8 * MIB)
        await heard(lab.hosts[0], f"\n{8 * MIB // 512}\n", say="cat /sys/block/vda/size")
        with pytest.raises(InvalidInput):
            await host.resize_disk(UUID, "vda", POOL, "first", 4 * MIB)
        await host.destroy(UUID)
        for uuid, size in ((UUID, 12 * MIB), (None, 16 * MIB)):
            await host.resize_disk(uuid, "vda", POOL, "first", size)
            assert f'"virtual-size": {size}' in lab.hosts[0].run("qemu-img", "info", "--output=json", spec.source)
        with pytest.raises(InvalidInput):
            await host.resize_disk(UUID, "vda", POOL, "first", 4 * MIB)

    on(story, connect())


def test_a_domain_that_is_off_takes_any_capacity(lab: Lab, connect: Connect) -> None:
    async def story(host: LibvirtHost) -> None:
        await host.define(BARE)
        for vcpus, memory in ((3, 65536), (2, 49152), (2, 49152)):
            await host.set_capacity(UUID, vcpus, memory)
            found = await seen(host)
            assert (found.vcpus, found.vcpus_max, found.memory_kib, found.memory_max_kib) == (
                vcpus, vcpus, memory, memory,
            )  # fmt: skip
        await host.define(replace(BARE, vcpus_max=4, memory_max_kib=262144))
        await host.set_capacity(UUID, 2, 65536)
        found = await seen(host)
        assert (found.vcpus, found.vcpus_max, found.memory_kib, found.memory_max_kib) == (2, 4, 65536, 262144)

    on(story, connect())


def test_a_running_guest_grows_up_to_its_maximum(lab: Lab, connect: Connect, guest: GuestFiles) -> None:
    async def story(host: LibvirtHost) -> None:
        await boot(host, lab.hosts[0], replace(linux(guest), vcpus_max=2, memory_max_kib=196608))
        for _ in range(2):
            await host.set_capacity(UUID, 2, 163840)
        found = await seen(host)
        assert (found.vcpus, found.memory_kib) == (2, 163840)
        assert lab.hosts[0].virsh("vcpucount", NAME, "--current", "--config") == "2"
        for vcpus, memory in ((3, 131072), (1, 131072), (2, 262144)):
            with pytest.raises(NotSupported):
                await host.set_capacity(UUID, vcpus, memory)
        await host.set_capacity(UUID, 2, 131072)
        assert (await seen(host)).memory_kib == 131072

    on(story, connect())


def test_a_balloon_that_does_not_move_is_said(lab: Lab, connect: Connect) -> None:
    async def story(host: LibvirtHost) -> None:
        await host.define(replace(BARE, memory_max_kib=65536))
        await host.start(UUID)
        before = (await seen(host)).memory_kib
        with pytest.raises(GuestUnwilling):
            await host.set_capacity(UUID, 1, before - 8192)
        assert (await seen(host)).memory_kib == before
        assert "<currentMemory unit='KiB'>32768</currentMemory>" in await host.domain_xml(UUID, kept=True)

    on(story, connect(deadlines=Deadlines(guest=1)))


def test_an_edited_definition_keeps_name_uuid_and_tag(lab: Lab, connect: Connect) -> None:
    async def story(host: LibvirtHost) -> None:
        await host.define(BARE)
        text = await host.domain_xml(UUID, kept=True, secrets=True)
        await host.define_xml(UUID, text.replace("<title>web</title>", "<title>changed</title>"))
        assert ((await seen(host)).title, (await seen(host)).tag) == ("changed", TAG)
        begin, end = text.index("<metadata"), text.index("</metadata>") + len("</metadata>")
        await host.define_xml(UUID, text[:begin] + text[end:])
        assert (await seen(host)).tag == TAG
        for bad in (
            text.replace(NAME, "other"),
            text.replace(UUID, UUID.replace("1", "2")),
            text.replace("<devices>", "<devices><nonsense/>"),
            "<domain",
            "<network/>",
        ):
            with pytest.raises(BackendError):
                await host.define_xml(UUID, bad)
        assert (await seen(host)).title == "web"
        assert await power(host) is Power.SHUTOFF

    on(story, connect())


def test_a_wiped_volume_holds_nothing_but_zeros(lab: Lab, connect: Connect, guest: GuestFiles) -> None:
    async def story(host: LibvirtHost) -> None:
        await host.ensure_pool(POOL, FOLDER)
        spec = await disk(host, "first", "vda", "raw")
        await boot(host, lab.hosts[0], linux(guest, spec))
        await keep(lab.hosts[0], "vda", "treasure")
        await host.destroy(UUID)
        assert "treasure" in lab.hosts[0].run("head", "-c", "8", spec.source)
        await host.wipe_volume(POOL, "first")
        lab.hosts[0].run("cmp", "-n", str(MIB), spec.source, "/dev/zero")
        await host.delete_volume(POOL, "first")
        await host.wipe_volume(POOL, "first")

    on(story, connect())
