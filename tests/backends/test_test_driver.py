"""The contract of `backends.base.Host` on libvirt's own test driver."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from backends.base import (
    AlreadyExists,
    BadUri,
    Event,
    Happening,
    InvalidInput,
    NotFound,
    NotSupported,
    Power,
    Unreachable,
    WrongState,
)
from backends.libvirt.host import LibvirtHost

from .conftest import MakeHost
from .specs import SPEC, TAG, UUID

T = TypeVar("T")
Story = Callable[[LibvirtHost], Awaitable[None]]


def on(host: LibvirtHost, story: Story) -> None:
    async def play() -> None:
        await host.open()
        try:
            await story(host)
        finally:
            await host.close()

    asyncio.run(play())


async def twice(call: Callable[[], Awaitable[T]]) -> T:
    await call()
    return await call()


async def power(host: LibvirtHost) -> Power:
    return (await host.states())[UUID].power


def test_a_host_describes_itself(make_host: MakeHost) -> None:
    async def story(host: LibvirtHost) -> None:
        info = await host.open()
        assert (info.domain_type, info.hypervisor, info.machine_archs) == ("test", "TEST", ("i686",))
        assert info.cpus == 16
        assert "storage-transfer" not in info.features

    on(make_host(), story)


def test_a_domain_lives_from_definition_to_oblivion(make_host: MakeHost) -> None:
    async def story(host: LibvirtHost) -> None:
        await host.define(SPEC)
        seen = await host.domain(UUID)
        assert seen is not None
        assert (seen.state.power, seen.persistent, seen.tag) == (Power.SHUTOFF, True, TAG)
        await host.start(UUID)
        assert await power(host) is Power.RUNNING
        await host.pause(UUID)
        assert await power(host) is Power.PAUSED
        await host.unpause(UUID)
        await host.reboot(UUID)
        await host.reset(UUID)
        await host.destroy(UUID)
        assert await power(host) is Power.SHUTOFF
        await host.undefine(UUID)
        assert await host.domain(UUID) is None

    on(make_host(), story)


def test_every_verb_is_content_with_what_is_already_so(make_host: MakeHost) -> None:
    async def story(host: LibvirtHost) -> None:
        for _ in range(2):
            await host.define(SPEC)
        for verb in (host.start, host.pause, host.unpause, host.save, host.drop_saved, host.shutdown, host.destroy):
            for _ in range(2):
                await verb(UUID)
                if verb == host.save:
                    seen = await host.domain(UUID)
                    assert seen is not None
                    assert seen.has_saved_memory
        for _ in range(2):
            await host.undefine(UUID)
        await host.destroy(UUID)

    on(make_host(), story)


def test_saved_memory_is_restored_or_discarded_at_start(make_host: MakeHost) -> None:
    async def story(host: LibvirtHost) -> None:
        await host.define(SPEC)
        for discard in (False, True):
            await host.start(UUID, discard_saved=discard)
            seen = await host.domain(UUID)
            assert seen is not None
            assert seen.state.power is Power.RUNNING
            assert not seen.has_saved_memory
            await host.save(UUID)

    on(make_host(), story)


def test_a_domain_can_be_started_paused(make_host: MakeHost) -> None:
    async def story(host: LibvirtHost) -> None:
        await host.define(SPEC)
        await host.start(UUID, paused=True)
        assert await power(host) is Power.PAUSED
        await host.start(UUID)
        assert await power(host) is Power.RUNNING

    on(make_host(), story)


def test_a_verb_that_the_state_forbids_is_refused(make_host: MakeHost) -> None:
    async def story(host: LibvirtHost) -> None:
        await host.define(SPEC)
        for verb in (host.pause, host.unpause, host.save, host.reboot):
            with pytest.raises(WrongState):
                await verb(UUID)
        await host.start(UUID)
        with pytest.raises(WrongState):
            await host.undefine(UUID)
        assert await power(host) is Power.RUNNING

    on(make_host(), story)


def test_an_unknown_domain_is_not_found(make_host: MakeHost) -> None:
    async def story(host: LibvirtHost) -> None:
        for verb in (host.start, host.shutdown, host.pause, host.save, host.domain_xml):
            with pytest.raises(NotFound):
                await verb(UUID)
        assert await host.domain(UUID) is None
        assert await host.job(UUID) is None
        await host.settle(UUID, deadline=1)

    on(make_host(), story)


def test_a_taken_name_is_refused(make_host: MakeHost) -> None:
    async def story(host: LibvirtHost) -> None:
        with pytest.raises(AlreadyExists) as refusal:
            await host.define(replace(SPEC, name="test"))
        assert refusal.value.host == "h1"
        assert "already exists" in refusal.value.detail

    on(make_host(), story)


def test_the_tag_is_rewritten_alive_and_outlives_a_redefinition_without_one(make_host: MakeHost) -> None:
    async def story(host: LibvirtHost) -> None:
        await host.define(SPEC)
        await host.start(UUID)
        newer = replace(TAG, generation=9)
        await host.retag(UUID, newer)
        await host.define(replace(SPEC, tag=None, title="renamed"))
        await host.destroy(UUID)
        seen = await host.domain(UUID)
        assert seen is not None
        assert (seen.tag, seen.title) == (newer, "renamed")

    on(make_host(), story)


def test_secrets_are_not_in_the_description(make_host: MakeHost) -> None:
    async def story(host: LibvirtHost) -> None:
        await host.define(SPEC)
        assert "hidden" not in await host.domain_xml(UUID)

    on(make_host(), story)


def test_volumes_are_made_copied_and_deleted(make_host: MakeHost) -> None:
    async def story(host: LibvirtHost) -> None:
        pool = await twice(lambda: host.ensure_pool("store", "/store"))
        assert (pool.path, pool.active) == ("/store", True)
        base = await twice(lambda: host.create_volume("store", "base", capacity_bytes=1 << 20, format="qcow2"))
        assert (base.path, base.capacity_bytes) == ("/store/base", 1 << 20)
        copy = await twice(lambda: host.clone_volume("store", "copy", "store", "base", format="raw"))
        assert (copy.format, copy.capacity_bytes) == ("raw", 1 << 20)
        assert {volume.name for volume in await host.volumes("store")} == {"base", "copy"}
        await twice(lambda: host.delete_volume("store", "copy"))
        assert await host.volume("store", "copy") is None
        with pytest.raises(NotFound):
            await host.volume("nowhere", "copy")

    on(make_host(), story)


def test_a_volume_with_another_size_is_not_taken_for_the_wished_one(make_host: MakeHost) -> None:
    async def story(host: LibvirtHost) -> None:
        await host.ensure_pool("store", "/store")
        await host.create_volume("store", "v", capacity_bytes=1 << 20, format="raw")
        with pytest.raises(AlreadyExists):
            await host.create_volume("store", "v", capacity_bytes=1 << 21, format="raw")
        with pytest.raises(AlreadyExists):
            await host.ensure_pool("store", "/elsewhere")

    on(make_host(), story)


def test_a_volume_that_a_domain_uses_is_not_made_anew(make_host: MakeHost) -> None:
    async def story(host: LibvirtHost) -> None:
        await host.ensure_pool("pool", "/pool")
        await host.create_volume("pool", "base", capacity_bytes=1 << 20, format="qcow2")
        used = await host.create_volume("pool", "a.qcow2", capacity_bytes=1 << 20, format="qcow2")
        assert used.path == SPEC.disks[0].source
        await host.define(SPEC)
        with pytest.raises(AlreadyExists):
            await host.clone_volume("pool", "a.qcow2", "pool", "base", format="qcow2")
        assert await host.volume("pool", "a.qcow2") is not None

    on(make_host(), story)


def test_an_overlay_must_fit_what_it_lies_on(make_host: MakeHost) -> None:
    async def story(host: LibvirtHost) -> None:
        await host.ensure_pool("store", "/store")
        base = await host.create_volume("store", "base", capacity_bytes=1 << 20, format="qcow2")
        for size, form, backing_format in ((1 << 19, "qcow2", "qcow2"), (0, "raw", "qcow2"), (0, "qcow2", "")):
            with pytest.raises(InvalidInput):
                await host.create_volume(
                    "store",
                    "over",
                    capacity_bytes=size,
                    format=form,
                    backing=base.path,
                    backing_format=backing_format,
                )

    on(make_host(), story)


@pytest.mark.parametrize("name", ["", "..", "-rf", "a/b", "a\nb", "\u202ex", "x" * 250])
def test_a_volume_name_that_is_no_plain_file_name_is_refused(make_host: MakeHost, name: str) -> None:
    async def story(host: LibvirtHost) -> None:
        await host.ensure_pool("store", "/store")
        with pytest.raises(InvalidInput):
            await host.create_volume("store", name, capacity_bytes=1, format="raw")

    on(make_host(), story)


def test_what_the_driver_cannot_do_is_said_and_not_pretended(make_host: MakeHost, tmp_path: Path) -> None:
    async def story(host: LibvirtHost) -> None:
        await host.ensure_pool("store", "/store")
        for attempt in (
            host.upload("store", "v", tmp_path / "file"),
            host.send_volume("store", "v", host, "store", "w"),
            host.save_to(UUID, "store", "v"),
            host.restore_from(SPEC, "store", "v"),
        ):
            with pytest.raises(NotSupported):
                await attempt

    on(make_host(), story)


def test_events_tell_which_domain_to_look_at(make_host: MakeHost) -> None:
    events: list[Event] = []
    told = threading.Event()

    def listener(event: Event) -> None:
        events.append(event)
        if event.reason.startswith("started/"):
            told.set()

    async def story(host: LibvirtHost) -> None:
        await host.define(SPEC)
        await host.start(UUID)
        assert await asyncio.to_thread(told.wait, 5)

    host = make_host()
    host.subscribe(listener)
    on(host, story)
    assert events[0] == Event("h1", Happening.UP)
    assert {event.uuid for event in events[1:]} == {UUID}
    assert Happening.DOWN not in {event.happening for event in events}


def test_a_closed_host_is_unreachable_and_opens_again(make_host: MakeHost) -> None:
    async def story() -> None:
        host = make_host()
        with pytest.raises(Unreachable):
            await host.states()
        for _ in range(2):
            await host.open()
            await host.open()
            assert (host.is_open, len(await host.states())) == (True, 1)
            await host.close()
            await host.close()
            assert (host.is_open, host.name) == (False, "h1")
            with pytest.raises(Unreachable):
                await host.sweep()

    asyncio.run(story())


def test_host_load_needs_two_samples(make_host: MakeHost) -> None:
    async def story(host: LibvirtHost) -> None:
        assert (await host.load()).cpu_percent is None
        await asyncio.sleep(0.05)
        second = (await host.load()).cpu_percent
        assert second is None or 0 <= second <= 1600

    on(make_host(), story)


def fleet(path: Path, count: int) -> str:
    domains = "".join(
        f"<domain type='test'><name>vm-{number}</name><memory>65536</memory><os><type>hvm</type></os></domain>"
        for number in range(count)
    )
    path.write_text(f"<node>{domains}</node>")
    return f"test://{path}"


def test_a_thousand_domains_are_swept_and_read_whole(make_host: MakeHost, tmp_path: Path) -> None:
    async def story(host: LibvirtHost) -> None:
        swept = await host.sweep()
        assert len(swept) == 1000
        assert {domain.state.power for domain in swept} == {Power.RUNNING}
        assert {domain.state.uuid for domain in swept} == set(await host.states())
        seen = await host.domains()
        assert {domain.state.name for domain in seen} == {f"vm-{number}" for number in range(1000)}
        # All connections of the host see one fleet: what one of them changes, the other shows.
        uuid = swept[0].state.uuid
        await host.start(uuid)
        await host.destroy(uuid)
        assert (await host.states())[uuid].power is Power.SHUTOFF

    on(make_host(fleet(tmp_path / "fleet.xml", 1000)), story)


@pytest.mark.parametrize("content", [None, "root:x:0:0", ""])
def test_a_test_file_that_is_no_xml_is_refused_without_quoting_it(
    make_host: MakeHost, tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "file.xml"
    if content is not None:
        path.write_text(content)

    async def story() -> None:
        with pytest.raises(BadUri) as refusal:
            await make_host(f"test://{path}").open()
        assert "root" not in refusal.value.message + refusal.value.detail

    asyncio.run(story())


def test_snapshots_are_a_tree(make_host: MakeHost) -> None:
    async def story(host: LibvirtHost) -> None:
        await host.define(SPEC)
        await twice(lambda: host.create_snapshot(UUID, "a", "the first"))
        await host.start(UUID)
        await host.create_snapshot(UUID, "b")
        await host.revert_snapshot(UUID, "a")
        assert await power(host) is Power.SHUTOFF
        await host.create_snapshot(UUID, "c")
        found = await host.snapshots(UUID)
        assert {(one.name, one.parent, one.current, one.power) for one in found} == {
            ("a", "", False, Power.SHUTOFF), ("b", "a", False, Power.RUNNING), ("c", "a", True, Power.SHUTOFF),
        }  # fmt: skip
        assert found[0].description == "the first"
        await twice(lambda: host.delete_snapshot(UUID, "a"))
        assert {one.name: one.parent for one in await host.snapshots(UUID)} == {"b": "", "c": ""}
        for one in found:
            await host.redefine_snapshot(UUID, one.xml, current=one.current)
        assert {one.name for one in await host.snapshots(UUID)} == {"a", "b", "c"}
        await host.delete_snapshot(UUID, "a", children=True)
        assert await host.snapshots(UUID) == []

    on(make_host(), story)


def test_a_domain_that_is_off_takes_any_capacity(make_host: MakeHost) -> None:
    async def story(host: LibvirtHost) -> None:
        await host.define(SPEC)
        for vcpus, memory in ((4, 131072), (1, 32768)):
            await twice(lambda vcpus=vcpus, memory=memory: host.set_capacity(UUID, vcpus, memory))  # type: ignore[misc]
            seen = await host.domain(UUID)
            assert seen is not None
            assert (seen.vcpus, seen.vcpus_max, seen.memory_kib, seen.memory_max_kib) == (vcpus, vcpus, memory, memory)

    on(make_host(), story)


def test_an_edited_definition_replaces_the_kept_one(make_host: MakeHost) -> None:
    async def story(host: LibvirtHost) -> None:
        await host.define(SPEC)
        text = await host.domain_xml(UUID, kept=True, secrets=True)
        assert "hidden" in text
        assert "hidden" not in await host.domain_xml(UUID)
        await host.define_xml(UUID, text.replace("<title>web</title>", "<title>changed</title>"))
        seen = await host.domain(UUID)
        assert seen is not None
        assert (seen.title, seen.tag) == ("changed", TAG)
        with pytest.raises(InvalidInput):
            await host.define_xml(UUID, text.replace(UUID, UUID.replace("1", "9")))

    on(make_host(), story)


def test_what_needs_a_real_host_is_said_not_to_be_supported(make_host: MakeHost) -> None:
    async def story(host: LibvirtHost) -> None:
        await host.define(SPEC)
        await host.start(UUID)
        for call in (
            host.attach_disk(UUID, replace(SPEC.disks[0], target="vdb", source="/pool/b.qcow2")),
            host.console(UUID),
            host.pull_volume("pool", "volume", None),
            host.migrate_live(UUID, host, shared=True),
            host.freeze(UUID),
        ):
            with pytest.raises((NotSupported, InvalidInput)):
                await call
        seen = await host.domain(UUID)
        assert seen is not None
        assert [disk.target for disk in seen.disks] == ["vda"]

    on(make_host(), story)
