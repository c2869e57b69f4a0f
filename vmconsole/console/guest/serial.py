"""The serial console of a guest on the whole terminal, until the escape key."""

from __future__ import annotations

import asyncio
import os
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from backends.base import BackendError
from vmconsole.console.guest.allowing import Allowing
from vmconsole.console.guest.reaching import Place, reached
from vmconsole.presentation import safe

if TYPE_CHECKING:
    from backends.base import Console

ESCAPE = b"\x1d"
"""Ctrl and the closing bracket, as of virsh and telnet."""
ESCAPE_NAME = "ctrl+]"
_AS_BEFORE = b"\x1b[0m\x1b[?25h\x1b[?7h\x1b[?1l\x1b[?6l\x1b>\x1b(B\x0f\x1b[r\x1b[?1049l\r\n"
"""Takes back what a guest may have set: colours, hidden cursor, margins, keypad, other screen."""


async def attach(place: Place, name: str, *, keys: int, screen: int, force: bool = False) -> str:
    """Connect a terminal with the serial console of a guest until the escape key, or until either side ends it.

    Args:
        place: where the guest is.
        name: what the VM is called.
        keys, screen: descriptors of the terminal.
        force: throw out who has the console open.

    Returns:
        How it ended, in a sentence.

    Raises:
        Failed: there is no way to the console; somebody else may have it open.
    """
    _say(screen, f"\x1b[2J\x1b[Hconnecting to the serial console of {safe(name)}; {ESCAPE_NAME} leaves\r\n")
    async with reached(place) as host, await host.console(place.uuid, force=force) as console:
        _say(screen, f"connected; {ESCAPE_NAME} leaves, enter wakes a silent guest\r\n")
        with _raw(keys):
            return await _talk(console, keys, screen)


async def _talk(console: Console, keys: int, screen: int) -> str:
    typed: asyncio.Queue[bytes] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    loop.add_reader(keys, lambda: typed.put_nowait(_read(keys)))
    sides = {
        asyncio.create_task(_listen(console, screen)): "the guest or its host has ended the console",
        asyncio.create_task(_type(console, typed)): "left the console",
    }
    try:
        done, _ = await asyncio.wait(sides, return_when=asyncio.FIRST_COMPLETED)
        return next(sides[task] for task in done)
    finally:
        loop.remove_reader(keys)
        for task in sides:
            task.cancel()
        await asyncio.gather(*sides, return_exceptions=True)
        with suppress(OSError):
            os.write(screen, _AS_BEFORE)


async def _listen(console: Console, screen: int) -> None:
    allowed = Allowing()
    while said := await console.read():
        await asyncio.to_thread(_write, screen, allowed(said))


async def _type(console: Console, typed: asyncio.Queue[bytes]) -> None:
    """Send what is typed, up to the escape key or the end of the terminal."""
    while data := await typed.get():
        before, escape, _ = data.partition(ESCAPE)
        if before:
            try:
                await console.write(before)
            except BackendError:
                return
        if escape:
            return


def _read(keys: int) -> bytes:
    try:
        return os.read(keys, 4096)
    except OSError:  # the terminal is gone
        return b""


def _write(screen: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(screen, rest) :]


def _say(screen: int, text: str) -> None:
    _write(screen, text.encode())


@contextmanager
def _raw(keys: int) -> Iterator[None]:
    """Every key goes to the guest, also those that would end a program here."""
    before = termios.tcgetattr(keys)
    tty.setraw(keys)
    try:
        yield
    finally:
        with suppress(termios.error):
            termios.tcsetattr(keys, termios.TCSAFLUSH, before)
