"""`backends.guests.Guests` for a libvirt host."""

from __future__ import annotations

from contextlib import AsyncExitStack
from functools import partial

from backends.base import Console
from backends.libvirt import agent, screen
from backends.libvirt.console import SerialConsole
from backends.libvirt.linked import Linked


class GuestVerbs(Linked):
    """See `backends.guests.Guests`."""

    async def agent_ready(self, uuid: str) -> bool:
        return await self._links.look(partial(agent.is_ready, uuid=uuid))

    async def freeze(self, uuid: str) -> None:
        await self._links.verb(partial(agent.freeze, uuid=uuid))

    async def thaw(self, uuid: str) -> None:
        await self._links.verb(partial(agent.thaw, uuid=uuid))

    async def screenshot(self, uuid: str) -> tuple[str, bytes]:
        return await self._links.work(partial(screen.shoot, uuid=uuid), deadline=self._deadlines.verb)

    async def console(self, uuid: str, *, force: bool = False) -> Console:
        self._need_files("its domains have no console")
        async with AsyncExitStack() as failing:
            connection = await failing.enter_async_context(self._links.extra())
            console = SerialConsole(connection)
            await console.open(uuid, force=force)
            console.ending = failing.pop_all()
            return console
