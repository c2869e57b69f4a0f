"""The libvirt driver on real hosts."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from backends.base import (
    AlreadyExists,
    AuthFailed,
    Busy,
    DeadlinePassed,
    DiskSpec,
    Event,
    Happening,
    HostKeyChanged,
    HostKeyUnknown,
    InvalidInput,
    NoSpace,
    Power,
    Refused,
    Unreachable,
    WrongState,
)
from backends.libvirt.host import LibvirtHost
from backends.libvirt.links import Deadlines
from backends.libvirt.ssh import accept_host_key, scan_host_key
from backends.uri import parse

from . import domains
from .drivers import BARE, MIB, TAG, UUID, Connect, on, power
from .guests import READY, GuestFiles
from .hosts import Host, Lab
from .ssh import make_key

pytestmark = pytest.mark.lab


def digest(host: Host, path: str) -> str:
    return host.run("sha256sum", path).split()[0]


def sparse_file(path: Path) -> str:
    """32 MiB of which 1 MiB is data, the end a hole; returns its digest."""
    with path.open("wb") as file:
        file.seek(8 * MIB)
        file.write(bytes(range(256)) * 4096)
        file.truncate(32 * MIB)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_host_describes_itself(lab: Lab, connect: Connect) -> None:
    async def story(host: LibvirtHost) -> None:
        info = await host.open()
        assert (info.hypervisor, info.domain_type, info.machine_archs[0]) == ("QEMU", "qemu", "x86_64")
        assert info.hostname == lab.hosts[0].run("hostname").strip()
        assert info.memory_kib == int(lab.hosts[0].run("awk", "/MemTotal/ {print $2}", "/proc/meminfo"))
        first = await host.load()
        await asyncio.sleep(0.2)
        second = await host.load()
        assert 0 < first.memory_used_kib < info.memory_kib
        assert second.cpu_percent is not None
        assert 0 <= second.cpu_percent <= 100 * info.cpus

    on(story, connect())


def test_a_domain_lives_from_definition_to_oblivion(lab: Lab, connect: Connect) -> None:
    async def story(host: LibvirtHost) -> None:
        steps: tuple[tuple[Callable[[], Awaitable[None]], Power, str], ...] = (
            (lambda: host.define(BARE), Power.SHUTOFF, "shut off"),
            (lambda: host.start(UUID), Power.RUNNING, "running"),
            (lambda: host.pause(UUID), Power.PAUSED, "paused"),
            (lambda: host.unpause(UUID), Power.RUNNING, "running"),
            (lambda: host.save(UUID), Power.SHUTOFF, "shut off"),
            (lambda: host.start(UUID), Power.RUNNING, "running"),
            (lambda: host.reset(UUID), Power.RUNNING, "running"),
            (lambda: host.destroy(UUID), Power.SHUTOFF, "shut off"),
        )
        for verb, power_after, shown in steps:
            for _ in range(2):
                await verb()
                await host.settle(UUID, deadline=10)
                assert await power(host) is power_after
            assert lab.hosts[0].virsh("domstate", "one-0") == shown
        for _ in range(2):
            await host.undefine(UUID)
        assert lab.hosts[0].domains("--all") == set()

    on(story, connect())


def test_a_running_domain_is_not_forgotten(lab: Lab, connect: Connect) -> None:
    async def story(host: LibvirtHost) -> None:
        await host.define(BARE)
        await host.start(UUID)
        with pytest.raises(WrongState):
            await host.undefine(UUID)
        assert lab.hosts[0].virsh("dominfo", "one-0").count("Persistent:     yes") == 1

    on(story, connect())


def test_a_guest_that_knows_acpi_obeys_the_power_button_and_reports_its_memory(
    lab: Lab, connect: Connect, guest: GuestFiles, guest_image: Path
) -> None:
    async def story(host: LibvirtHost) -> None:
        await host.ensure_pool("vm", "/var/lib/libvirt/images/vm")
        disk = await host.upload("vm", "disk", guest_image)
        await host.define(replace(BARE, memory_kib=131072, disks=(DiskSpec("vda", disk.path, disk.format),)))
        await host.start(UUID)
        await asyncio.to_thread(lab.hosts[0].serial, "one-0", READY)
        await asyncio.sleep(6)
        stats = next(stats for stats in await host.sweep() if stats.state.uuid == UUID)
        assert stats.memory_used_kib is not None
        assert 0 < stats.memory_used_kib < 131072
        assert stats.cpu_time_ns
        assert stats.disk_read_bytes
        await host.shutdown(UUID)
        for _ in range(100):
            if await power(host) is Power.SHUTOFF:
                break
            await asyncio.sleep(0.1)
        assert await power(host) is Power.SHUTOFF
        off = next(stats for stats in await host.sweep() if stats.state.uuid == UUID)
        assert off.cpu_time_ns is None

    on(story, connect())


def test_an_upload_keeps_bytes_and_holes(lab: Lab, connect: Connect, tmp_path: Path) -> None:
    wanted = sparse_file(tmp_path / "image")
    steps: list[tuple[int, int]] = []

    async def story(host: LibvirtHost) -> None:
        pool = await host.ensure_pool("vm", "/var/lib/libvirt/images/vm")
        for _ in range(2):
            volume = await host.upload("vm", "image", tmp_path / "image", lambda *step: steps.append(step))
            assert (volume.path, volume.physical_bytes) == (f"{pool.path}/image", 32 * MIB)
        assert digest(lab.hosts[0], f"{pool.path}/image") == wanted
        assert int(lab.hosts[0].run("du", "-k", f"{pool.path}/image").split()[0]) < 4096

    on(story, connect())
    assert steps[-1] == (32 * MIB, 32 * MIB)
    assert all(before[0] < after[0] or after[0] <= 8 * MIB for before, after in pairwise(steps))


def test_an_uploaded_qcow2_is_recognised_and_overlaid(connect: Connect, tmp_path: Path) -> None:
    async def story(host: LibvirtHost) -> None:
        await host.ensure_pool("vm", "/var/lib/libvirt/images/vm")
        base = await host.create_volume("vm", "base.qcow2", capacity_bytes=64 * MIB, format="qcow2")
        overlay = await host.create_volume(
            "vm", "top", capacity_bytes=0, format="qcow2", backing=base.path, backing_format="qcow2"
        )
        assert (overlay.backing_path, overlay.capacity_bytes) == (base.path, 64 * MIB)
        sent = await host.send_volume("vm", "base.qcow2", host, "vm", "copy")
        assert (sent.format, sent.capacity_bytes) == ("qcow2", 64 * MIB)
        clone = await host.clone_volume("vm", "flat", "vm", "top", format="raw")
        assert (clone.format, clone.capacity_bytes, clone.backing_path) == ("raw", 64 * MIB, "")
        for _ in range(2):
            await host.resize_volume("vm", "flat", 96 * MIB)
        with pytest.raises(InvalidInput):
            await host.resize_volume("vm", "flat", MIB)

    on(story, connect())


def test_a_file_too_big_for_the_pool_leaves_nothing_there(lab: Lab, connect: Connect, tmp_path: Path) -> None:
    (tmp_path / "image").write_bytes(b"x" * 8 * MIB)
    path = lab.hosts[0].small_pool(4 * MIB)

    async def story(host: LibvirtHost) -> None:
        await host.ensure_pool("small", path)
        with pytest.raises((NoSpace, Refused)):
            await host.upload("small", "image", tmp_path / "image")
        assert lab.hosts[0].run("ls", path) == ""
        assert host.is_open

    on(story, connect())


def test_a_volume_is_not_sent_where_it_has_no_room_but_its_holes_need_none(
    lab: Lab, connect: Connect, tmp_path: Path
) -> None:
    (tmp_path / "full").write_bytes(b"x" * 8 * MIB)
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(8 * MIB)
    path = lab.hosts[1].small_pool(4 * MIB)

    async def story(here: LibvirtHost, there: LibvirtHost) -> None:
        await here.ensure_pool("vm", "/var/lib/libvirt/images/vm")
        await there.ensure_pool("small", path)
        for name in ("full", "sparse"):
            await here.upload("vm", name, tmp_path / name)
        with pytest.raises(NoSpace, match="pool small has"):
            await here.send_volume("vm", "full", there, "small", "arrived")
        assert await there.volume("small", "arrived") is None
        sent = await here.send_volume("vm", "sparse", there, "small", "arrived")
        assert sent.capacity_bytes == 8 * MIB

    on(story, connect(0), connect(1))


def test_a_save_that_does_not_fit_leaves_the_domain_running(
    lab: Lab, connect: Connect, guest: GuestFiles, guest_image: Path
) -> None:
    path = lab.hosts[0].small_pool(4 * MIB)

    async def story(host: LibvirtHost) -> None:
        await host.ensure_pool("small", path)
        await host.ensure_pool("vm", "/var/lib/libvirt/images/vm")
        disk = await host.upload("vm", "disk", guest_image)
        await host.define(replace(BARE, memory_kib=131072, disks=(DiskSpec("vda", disk.path, disk.format),)))
        await host.start(UUID)
        await asyncio.to_thread(lab.hosts[0].serial, "one-0", READY)
        with pytest.raises(NoSpace):
            await host.save_to(UUID, "small", "memory")
        assert await power(host) is Power.RUNNING
        assert lab.hosts[0].run("ls", path) == ""

    on(story, connect())


def test_saved_memory_that_does_not_fit_elsewhere_stays_saved_where_it_was(lab: Lab, connect: Connect) -> None:
    path = lab.hosts[0].small_pool(MIB // 4)

    async def story(host: LibvirtHost) -> None:
        await host.ensure_pool("small", path)
        await host.define(BARE)
        await host.start(UUID)
        await host.save(UUID)
        with pytest.raises(NoSpace):
            await host.save_to(UUID, "small", "memory")
        assert await asyncio.to_thread(domains.power, lab.hosts[0], "one-0") == ("shut off", True)

    on(story, connect())


def test_a_stopped_domain_goes_on_where_it_was_on_another_host(
    lab: Lab, connect: Connect, guest: GuestFiles, guest_image: Path
) -> None:
    def count(host: Host) -> int:
        with host.console("one-0") as console:
            console.wait_for("count ", timeout=30)
            return int(console.wait_for("\n", timeout=10))

    async def story(here: LibvirtHost, there: LibvirtHost) -> None:
        for host in (here, there):
            await host.ensure_pool("vm", f"/var/lib/libvirt/images/{host.name}")
        disk = await here.upload("vm", "disk", guest_image)
        spec = replace(BARE, memory_kib=131072, disks=(DiskSpec("vda", disk.path, disk.format),))
        await here.define(spec)
        await here.start(UUID)
        await asyncio.to_thread(lab.hosts[0].serial, "one-0", READY)
        before = await asyncio.to_thread(count, lab.hosts[0])
        # By way of a managed save: a suspended domain can be stopped as well.
        await here.save(UUID)
        for _ in range(2):
            await here.save_to(UUID, "vm", "memory")
        memory = await here.send_volume("vm", "memory", there, "vm", "memory")
        assert memory.physical_bytes > MIB
        moved = await here.send_volume("vm", "disk", there, "vm", "disk")
        newer = replace(TAG, generation=2)
        spec = replace(spec, disks=(DiskSpec("vda", moved.path, moved.format),), tag=newer)
        for _ in range(2):
            await there.restore_from(spec, "vm", "memory")
        await here.undefine(UUID)
        seen = await there.domain(UUID)
        assert seen is not None
        assert (seen.state.power, seen.persistent, seen.tag) == (Power.RUNNING, True, newer)
        assert [disk.source for disk in seen.disks] == [moved.path]
        assert await asyncio.to_thread(count, lab.hosts[1]) > before
        await there.destroy(UUID)
        seen = await there.domain(UUID)
        assert seen is not None
        assert (seen.persistent, seen.tag) == (True, newer)

    on(story, connect(0), connect(1))


def test_a_copy_never_replaces_what_a_domain_or_an_overlay_uses(connect: Connect) -> None:
    async def story(host: LibvirtHost) -> None:
        await host.ensure_pool("vm", "/var/lib/libvirt/images/vm")
        disk = await host.create_volume("vm", "disk", capacity_bytes=MIB, format="qcow2")
        other = await host.create_volume("vm", "other", capacity_bytes=MIB, format="qcow2")
        await host.define(replace(BARE, disks=(DiskSpec("vda", disk.path, "qcow2"),)))
        for attempt in (
            host.clone_volume("vm", "disk", "vm", "other", format="qcow2"),
            host.send_volume("vm", "other", host, "vm", "disk"),
        ):
            with pytest.raises(AlreadyExists):
                await attempt
        await host.create_volume(
            "vm", "top", capacity_bytes=0, format="qcow2", backing=other.path, backing_format="qcow2"
        )
        with pytest.raises(AlreadyExists):
            await host.clone_volume("vm", "other", "vm", "disk", format="qcow2")

    on(story, connect())


def test_a_hung_libvirtd_is_given_up_and_found_again(lab: Lab, connect: Connect) -> None:
    events: list[Event] = []

    async def story(hung: LibvirtHost, well: LibvirtHost) -> None:
        lab.hosts[0].hang("libvirtd")
        begun = time.monotonic()
        calls = await asyncio.gather(hung.states(), hung.load(), well.sweep(), return_exceptions=True)
        assert [type(call) for call in calls[:2]] == [DeadlinePassed, DeadlinePassed]
        assert calls[2] == []
        assert 1 <= time.monotonic() - begun < 10
        assert not hung.is_open
        with pytest.raises(Unreachable):
            await hung.states()
        begun = time.monotonic()
        with pytest.raises(DeadlinePassed):
            await hung.open()
        assert 3 <= time.monotonic() - begun < 12
        lab.hosts[0].wake("libvirtd")
        await hung.open()
        assert await hung.states() == {}

    hung = connect(0, timeout=3, deadlines=Deadlines(look=1))
    hung.subscribe(events.append)
    on(story, hung, connect(1))
    assert [event.happening for event in events] == [Happening.UP, Happening.DOWN, Happening.UP]


def test_one_hung_guest_neither_hides_its_host_nor_resists_its_end(lab: Lab, connect: Connect) -> None:
    events: list[Event] = []

    async def story(host: LibvirtHost) -> None:
        await host.define(BARE)
        await host.start(UUID)
        lab.hosts[0].hang("qemu-system-x86_64")
        for _ in range(3):
            assert [stats.state.uuid for stats in await host.sweep()] == [UUID]
        assert await power(host) is Power.RUNNING
        with pytest.raises(Busy):
            await host.settle(UUID, deadline=1)
        await host.destroy(UUID)
        assert await power(host) is Power.SHUTOFF

    host = connect(deadlines=Deadlines(look=3))
    host.subscribe(events.append)
    on(story, host)
    assert Happening.DOWN not in {event.happening for event in events}


def test_a_cut_cable_is_noticed_by_keepalive(lab: Lab, connect: Connect) -> None:
    events: list[Event] = []

    async def story(host: LibvirtHost) -> None:
        await host.define(BARE)
        lab.hosts[0].cut()
        begun = time.monotonic()
        with pytest.raises(Unreachable):
            await host.states()
        assert time.monotonic() - begun < 20
        assert not host.is_open
        lab.hosts[0].mend()
        await host.open()
        assert set(await host.states()) == {UUID}

    host = connect(keepalive=(1, 1))
    host.subscribe(events.append)
    on(story, host)
    assert Event(lab.hosts[0].name, Happening.DOWN, reason="keepalive") in events


def test_a_call_given_up_on_one_connection_leaves_the_host_up(lab: Lab, connect: Connect, tmp_path: Path) -> None:
    async def story(host: LibvirtHost) -> None:
        with pytest.raises(DeadlinePassed):
            await host._links.work(lambda _conn: time.sleep(5), deadline=0.2)
        assert host.is_open
        await host.define(BARE)
        assert set(await host.states()) == {UUID}

    on(story, connect())


def test_an_unknown_host_key_is_shown_and_accepted(lab: Lab, tmp_path: Path) -> None:
    uri, run_dir = lab.hosts[0].uri, tmp_path / "run"
    shown = lab.hosts[0].run("ssh-keygen", "-lf", "/etc/ssh/host_key.pub").split()[1]

    async def story() -> None:
        host = LibvirtHost(uri, name="h1", run_dir=run_dir)
        with pytest.raises(HostKeyUnknown) as unknown:
            await host.open()
        assert not isinstance(unknown.value, HostKeyChanged)
        assert unknown.value.fingerprint == shown
        assert shown in unknown.value.message
        assert not accept_host_key(parse(uri), "SHA256:another", run_dir)
        assert accept_host_key(parse(uri), shown, run_dir)
        await host.open()
        await host.close()

        lab.hosts[0].change_host_key()
        with pytest.raises(HostKeyChanged) as changed:
            await host.open()
        assert changed.value.fingerprint not in ("", shown)
        assert [key[1] for key in scan_host_key(parse(uri))] == [changed.value.fingerprint]
        assert accept_host_key(parse(uri), changed.value.fingerprint, run_dir)
        await host.open()
        await host.close()

    asyncio.run(story())
    assert (run_dir / "known_hosts").stat().st_mode & 0o777 == 0o600
    assert len((run_dir / "known_hosts").read_text().splitlines()) == 1


def test_a_host_that_nobody_checks_is_entered_and_remembered_nowhere(lab: Lab, tmp_path: Path) -> None:
    async def story() -> None:
        host = LibvirtHost(f"{lab.hosts[0].uri}&no_verify=1", name="h1", run_dir=tmp_path)
        assert host.unverified
        await host.open()
        await host.close()

    asyncio.run(story())
    assert not (tmp_path / "known_hosts").exists()


def test_a_wrong_key_is_told_from_a_host_that_is_down(lab: Lab, connect: Connect, tmp_path: Path) -> None:
    make_key(tmp_path / "other", "other")
    uri = lab.hosts[0].uri.replace(str(lab.ssh_key), str(tmp_path / "other"))

    async def story() -> None:
        stranger = LibvirtHost(f"{uri}&known_hosts={lab.known_hosts}", name="h1", run_dir=tmp_path)
        with pytest.raises(AuthFailed):
            await stranger.open()
        lab.hosts[1].hang("sshd")
        begun = time.monotonic()
        with pytest.raises(DeadlinePassed):
            await connect(1, timeout=2).open()
        assert time.monotonic() - begun < 10
        lab.hosts[0].halt("libvirtd")
        with pytest.raises(Unreachable) as down:
            await connect().open()
        assert "ssh works" in down.value.message

    asyncio.run(story())
