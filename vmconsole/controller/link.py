"""One host kept connected: opened, re-opened with back-off, and known to be up or down since when."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from typing import TYPE_CHECKING

from backends.base import BackendError, Event, Happening, Unreachable
from vmconsole.controller import problems

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from backends.base import Host, HostInfo

log = logging.getLogger(__name__)

MAX_BACKOFF = 30.0
"""Seconds between two attempts to reach a host that stays away."""


BRIEF = 1.0
"""Seconds: a connection that did not last as long is not tried again at once."""


class NotYet(Exception):
    """The first attempt to connect to a host is still under way: whether it can be worked on is not known yet."""


class Link:
    """The controller's hold on one host. A host that hangs hangs in its own link, and nowhere else.

    Args:
        host_id: the host's id in the store.
        backend: the driver's side, not open yet.
        on_event: called in the event loop for each event of the host, UP and DOWN included.
        slots: how many operations may be executed on the host at the same time.
        prepare: done after each connect, before anything else may work on the host.
    """

    def __init__(
        self,
        host_id: int,
        backend: Host,
        on_event: Callable[[Link, Event], None],
        slots: int,
        prepare: Callable[[Link], Awaitable[None]],
    ) -> None:
        self.host_id = host_id
        self.backend = backend
        self.info: HostInfo | None = None
        self.error: BackendError | None = None
        self.down_since = time.time()
        """Unix seconds since when the host has been down; meaningless while it is up."""
        self.slots = asyncio.Semaphore(slots)
        self.images = asyncio.Lock()
        """Held while an image is brought to the host: two at once would take the other's half for waste."""
        self._prepare = prepare
        self._on_event = on_event
        self.tried = asyncio.Event()
        """Set once the first attempt to connect has ended, either way."""
        self._up = asyncio.Event()
        self._lost = asyncio.Event()
        self._hurry = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        return self.backend.name

    @property
    def is_up(self) -> bool:
        return self._up.is_set()

    def start(self, opened: HostInfo | None = None) -> None:
        """Begin to keep the host connected.

        Args:
            opened: the description of a host that is open already.
        """
        self.info = opened
        self.backend.subscribe(self._from_driver)
        self._task = asyncio.create_task(self._keep_connected(), name=f"link {self.name}")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._up.clear()
        await self.backend.close()

    async def wait_up(self) -> None:
        """Return as soon as the host is connected."""
        await self._up.wait()

    def require_up(self) -> Host:
        """The backend of a connected host. Raises Unreachable with the reason why it is not."""
        if not self.is_up:
            reason = f": {self.error.message}" if self.error else ""
            raise Unreachable(f"host {self.name} is not connected{reason}", host=self.name)
        return self.backend

    def require_up_or_refuse(self) -> None:
        """Raises Unavailable, the user's error, if the host is not connected; NotYet while nobody can know."""
        if not self.tried.is_set():
            raise NotYet(self.name)
        try:
            self.require_up()
        except Unreachable as error:
            raise problems.translate(self.error or error, uri=self.backend.uri) from error

    def hurry(self) -> None:
        """Try again now instead of waiting for the back-off to end."""
        self._hurry.set()

    def _from_driver(self, event: Event) -> None:
        """Called in a driver thread."""
        self._loop.call_soon_threadsafe(self._handle, event)

    def _handle(self, event: Event) -> None:
        if event.happening is Happening.DOWN:
            self._lost.set()
        elif event.happening is Happening.DOMAIN:
            self._on_event(self, event)

    async def _keep_connected(self) -> None:
        failures = 0
        while True:
            self._lost.clear()
            self._hurry.clear()
            try:
                await self._open()
            except BackendError as error:
                if failures == 0:
                    log.warning("host %s: cannot connect: %s", self.name, error.message)
                self._go_down(error)
                failures += 1
                await self._pause(min(MAX_BACKOFF, 2.0 ** min(failures, 5)) * random.uniform(0.5, 1))  # noqa: S311
                continue
            failures = 0
            self.error = None
            self._up.set()
            self.tried.set()
            log.info("host %s: connected", self.name)
            self._on_event(self, Event(self.name, Happening.UP))
            since = time.monotonic()
            await self._lost.wait()
            self._go_down(Unreachable(f"the connection to host {self.name} was lost", host=self.name))
            if time.monotonic() - since < BRIEF:
                await self._pause(BRIEF)

    async def _open(self) -> None:
        """Raises BackendError, whatever goes wrong: a link that gave up would leave its host without one."""
        try:
            if not self.backend.is_open:
                self.info = await self.backend.open()
                await self._prepare(self)
        except BackendError:
            raise
        except Exception as error:
            log.exception("host %s", self.name)
            raise Unreachable(f"cannot connect: {type(error).__name__}", host=self.name) from error

    def _go_down(self, error: BackendError) -> None:
        if self.is_up:
            self.down_since = time.time()
            log.warning("host %s: connection lost", self.name)
        self._up.clear()
        self.tried.set()
        self.error = error
        self._on_event(self, Event(self.name, Happening.DOWN, reason=error.message))

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._hurry.wait(), seconds)
        except TimeoutError:
            pass
