"""Reaching into running guests on real hosts."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from backends.base import (
    Busy,
    Console,
    DiskSpec,
    GraphicsSpec,
    GuestUnwilling,
    NotSupported,
    Refused,
    Unreachable,
    WrongState,
)
from backends.libvirt.host import LibvirtHost

from .drivers import BARE, MIB, NAME, POOL, UUID, Connect, boot, linux, on
from .guests import READY, GuestFiles
from .hosts import Lab

pytestmark = pytest.mark.lab


async def until(console: Console, text: str) -> str:
    said = ""
    async with asyncio.timeout(30):
        while text not in said:
            piece = await console.read()
            assert piece, said
            said += piece.decode(errors="replace")
    return said


def test_a_console_is_typed_into_and_taken_over(lab: Lab, connect: Connect, guest: GuestFiles) -> None:
    async def story(host: LibvirtHost) -> None:
        await host.define(linux(guest))
        with pytest.raises(WrongState):
            await host.console(UUID)
        await host.start(UUID)
        async with await host.console(UUID) as console:
            await until(console, READY)
            await console.write(b"echo said $((6 * 7))\r")
            await until(console, "said 42")
            with pytest.raises(Busy):
                await host.console(UUID)
            async with await host.console(UUID, force=True) as taker:
                async with asyncio.timeout(10):
                    while await console.read():
                        pass
                assert await console.read() == b""
                with pytest.raises(Unreachable):
                    await console.write(b"lost")
                await taker.write(b"echo said $((6 * 8))\r")
                await until(taker, "said 48")
                await host.destroy(UUID)
                async with asyncio.timeout(10):
                    while await taker.read():
                        pass
        await host.start(UUID)
        console = await host.console(UUID)
        await console.close()
        await console.close()
        async with await host.console(UUID):
            pass

    on(story, connect())


def test_a_screen_is_pictured(connect: Connect) -> None:
    async def story(host: LibvirtHost) -> None:
        await host.define(replace(BARE, graphics=(GraphicsSpec("vnc"),)))
        with pytest.raises(WrongState):
            await host.screenshot(UUID)
        await host.start(UUID)
        kind, picture = await host.screenshot(UUID)
        assert (kind, picture[:8]) == ("image/png", b"\x89PNG\r\n\x1a\n")

    on(story, connect())


def test_a_guest_without_a_screen_or_an_agent_is_said_so(connect: Connect) -> None:
    async def story(host: LibvirtHost) -> None:
        await host.define(replace(BARE, guest_agent=True))
        assert not await host.agent_ready(UUID)
        await host.start(UUID)
        assert not await host.agent_ready(UUID)
        with pytest.raises(NotSupported):
            await host.freeze(UUID)
        await host.thaw(UUID)
        with pytest.raises((WrongState, Refused)):
            await host.screenshot(UUID)

    on(story, connect())


# What a guest's agent does when file systems are to be at rest, played by the shell of the guest.
AGENT = """\
answer() { while read -r line; do case $line in
*freeze-freeze*) echo agent froze >/dev/ttyS0; echo '{"return":1}';;
*freeze-thaw*) echo agent thawed >/dev/ttyS0; echo '{"return":1}';;
*sync*) id=${line##*:}; echo "{\\"return\\":${id%%\\}*}}";;
esac; done; }
serve() { while :; do answer; sleep 1; done; }
for port in /dev/vport*; do serve <>$port >&0 & done; echo agent' is there'"""


def test_an_agent_freezes_and_thaws_and_a_live_snapshot_says_so(lab: Lab, connect: Connect, guest: GuestFiles) -> None:
    h1 = lab.hosts[0]

    async def story(host: LibvirtHost) -> None:
        await host.ensure_pool(POOL, "/var/lib/libvirt/images/vm")
        disk = await host.create_volume(POOL, "disk", capacity_bytes=MIB, format="qcow2")
        layer = await host.create_overlay(POOL, "layer", disk.path)
        await boot(host, h1, replace(linux(guest, DiskSpec("vda", disk.path, "qcow2")), guest_agent=True))
        assert not await host.agent_ready(UUID)
        with h1.console(NAME) as console:
            console.say(AGENT)
            console.wait_for("agent is there", timeout=10)
            await asyncio.sleep(1)  # Until the host has heard of the open port.
            assert await host.agent_ready(UUID)
            await host.freeze(UUID)
            console.wait_for("agent froze", timeout=10)
            await host.thaw(UUID)
            console.wait_for("agent thawed", timeout=10)
            assert await host.snapshot_disk_live(UUID, "vda", layer.path, quiesce=True)
            console.wait_for("agent froze", timeout=10)
            console.wait_for("agent thawed", timeout=10)

    on(story, connect())


def test_an_agent_that_does_not_answer_holds_no_snapshot_up(lab: Lab, connect: Connect, guest: GuestFiles) -> None:
    h1 = lab.hosts[0]

    async def story(host: LibvirtHost) -> None:
        await host.ensure_pool(POOL, "/var/lib/libvirt/images/vm")
        disk = await host.create_volume(POOL, "disk", capacity_bytes=MIB, format="qcow2")
        layer = await host.create_overlay(POOL, "layer", disk.path)
        await boot(host, h1, replace(linux(guest, DiskSpec("vda", disk.path, "qcow2")), guest_agent=True))
        with h1.console(NAME) as console:
            console.say("sleep 1000 <>/dev/vport0p1 & sleep 1; echo agent' is there'")
            console.wait_for("agent is there", timeout=10)
        assert await host.agent_ready(UUID)
        with pytest.raises(GuestUnwilling):
            await host.freeze(UUID)
        assert not await host.snapshot_disk_live(UUID, "vda", layer.path, quiesce=True)
        assert layer.path in h1.virsh("domblklist", NAME)

    on(story, connect())
