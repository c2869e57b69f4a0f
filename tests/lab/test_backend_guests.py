"""Reaching into running guests on real hosts."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from backends.base import Busy, Console, GraphicsSpec, NotSupported, Refused, Unreachable, WrongState
from backends.libvirt.host import LibvirtHost

from .drivers import BARE, UUID, Connect, on
from .drivers import linux as linux_guest
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
        await host.define(linux_guest(guest))
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
