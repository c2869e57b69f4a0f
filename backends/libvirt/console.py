"""The serial console of a guest, as bytes both ways."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress
from functools import partial
from typing import Self

import libvirt

from backends.base import BackendError, Unreachable, WrongState
from backends.libvirt.connection import Connection
from backends.libvirt.definition import lookup
from backends.libvirt.transfer import abort

PIECE = 65536
PATIENCE = 15.0
"""Seconds that opening, typing and closing may take."""


class SerialConsole:
    """See `backends.guests.Console`. It has a connection of its own, whose thread waits for what the guest says.

    Args:
        connection: open. Who opened it puts into `ending` what closes it.
    """

    def __init__(self, connection: Connection) -> None:
        self.ending = AsyncExitStack()
        self._connection = connection
        self._stream: libvirt.virStream | None = None
        self._said: asyncio.Queue[bytes] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        self._ended = False

    async def open(self, uuid: str, *, force: bool) -> None:
        """Attach to the guest's first serial console."""
        await self._connection.call(partial(self._attach, uuid=uuid, force=force), deadline=PATIENCE)
        self._listening = asyncio.create_task(self._listen())

    async def read(self) -> bytes:
        if self._ended and self._said.empty():
            return b""
        said = await self._said.get()
        self._ended = self._ended or not said
        return said

    async def write(self, data: bytes) -> None:
        await self._connection.call(partial(self._send, data=data), deadline=PATIENCE)

    async def close(self) -> None:
        with suppress(BackendError):
            await self._connection.call(self._detach, deadline=PATIENCE)
        await self._listening
        await self.ending.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.close()

    async def _listen(self) -> None:
        with suppress(BackendError):  # However it ends, the end is what there is to tell.
            # A guest may be silent for days: only the connection's own death ends the wait.
            await self._connection.call(self._receive, deadline=60, pulse=object)
        self._said.put_nowait(b"")

    # On threads of the connection -------------------------------------------------------------------------------

    def _attach(self, conn: libvirt.virConnect, uuid: str, *, force: bool) -> None:
        domain = lookup(conn, uuid)
        if not domain.isActive():
            raise WrongState("a domain that is off says nothing")
        stream = conn.newStream()
        domain.openConsole(None, stream, libvirt.VIR_DOMAIN_CONSOLE_FORCE if force else 0)
        self._stream = stream

    def _receive(self, _conn: libvirt.virConnect) -> None:
        stream = self._opened()
        try:
            while said := stream.recv(PIECE):
                self._loop.call_soon_threadsafe(self._said.put_nowait, said)
        finally:
            self._stream = None
            abort(stream)

    def _send(self, _conn: libvirt.virConnect, data: bytes) -> None:
        stream, rest = self._opened(), memoryview(data)
        while rest:
            rest = rest[stream.send(bytes(rest)) :]

    def _detach(self, _conn: libvirt.virConnect) -> None:
        if self._stream is not None:
            abort(self._stream)  # This wakes the thread that waits.

    def _opened(self) -> libvirt.virStream:
        if self._stream is None:
            raise Unreachable("the console has been closed")
        return self._stream
