"""The connections to one host, and which work goes over which of them.

Two are kept: `ctl` for looking and for quick verbs, `job` for what takes its time; each transfer of a volume has one
of its own. The host is up as long as `ctl` is. The others are opened again when they are needed, so that a call that
had to be given up costs nobody else anything.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import libvirt

from backends.base import BackendError, DeadlinePassed, Unreachable
from backends.libvirt import ssh
from backends.libvirt.connection import KEEPALIVE, Connection
from backends.libvirt.errors import quotable
from backends.libvirt.test_file import check as check_test_file
from backends.uri import HostUri

T = TypeVar("T")

Work = Callable[[libvirt.virConnect], T]

VERBS_AT_ONCE = 2
"""Of the calls that `ctl` can carry; the others are for looking, which never waits for a verb."""


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds until a call is given up, by what it does.

    A verb on a domain whose QEMU hangs is refused by the host itself after 30 s; that answer is worth waiting for.
    """

    look: float = 15.0
    verb: float = 45.0
    define: float = 90.0
    start: float = 120.0
    restore: float = 1800.0
    copy: float = 7200.0
    stall: float = 60.0
    """Without a byte moving, for what can tell its progress."""
    guest: float = 20.0
    """For what the guest itself must do: let go of a device, move its balloon."""


class Links:
    """The connections to one host.

    Args:
        uri: where it is.
        name: what errors call it.
        run_dir: private folder for the ssh script and the accepted host keys.
        timeout: seconds until an attempt to connect is given up.
        deadlines: limits of the calls.
        keepalive: seconds between probes, and how many may stay unanswered.
        on_lost: called once with the reason when `ctl` dies, from any thread.
    """

    def __init__(
        self,
        uri: HostUri,
        *,
        name: str,
        run_dir: Path,
        timeout: float,
        deadlines: Deadlines,
        keepalive: tuple[int, int] = KEEPALIVE,
        on_lost: Callable[[str], None],
    ) -> None:
        self._uri = uri
        self._name = name
        self._run_dir = run_dir
        self._timeout = timeout
        self._deadlines = deadlines
        self._keepalive = keepalive
        self._on_lost = on_lost
        self._ctl: Connection | None = None
        self._job: Connection | None = None
        self._reopening = asyncio.Lock()
        self._verbs = asyncio.Semaphore(VERBS_AT_ONCE)

    @property
    def are_up(self) -> bool:
        return self._ctl is not None and self._ctl.is_open

    async def open(self) -> Connection:
        """Connect anew, and return `ctl`. A `job` connection that still works keeps its calls.

        Raises:
            BackendError: why the host cannot be reached, found out within `timeout`.
        """
        check_test_file(self._uri)
        started = time.monotonic()
        try:
            self._ctl, self._job = await self._connect_missing()
        except Unreachable as error:
            raise await self._explained(error, started) from None
        return self._ctl

    async def replace_ctl(self) -> Connection:
        """Give `ctl` up, on which a call hangs, for another one, which is returned.

        Raises:
            BackendError: there is no other one; the host is down.
        """
        hanging = self._controlling()
        try:
            self._ctl = await self._connect()
        finally:
            hanging.drop("a call hangs")
        return self._ctl

    async def close(self) -> None:
        """Let go of all that is kept."""
        kept = {connection for connection in (self._ctl, self._job) if connection}
        self._ctl = self._job = None
        await asyncio.gather(*(connection.close() for connection in kept))

    async def look(self, work: Work[T], *, deadline: float | None = None, spare: bool = False) -> T:
        """Do what only reads; the arguments are those of `Connection.call`."""
        return await self._controlling().call(work, deadline=deadline or self._deadlines.look, spare=spare)

    async def verb(self, work: Work[T]) -> T:
        """Do what changes a domain and is over quickly."""
        async with self._verbs:
            return await self._controlling().call(work, deadline=self._deadlines.verb)

    async def work(self, work: Work[T], *, deadline: float, pulse: Callable[[], object] | None = None) -> T:
        """Do what takes its time; the arguments are those of `Connection.call`."""
        async with self._reopening:
            self._controlling()
            if self._job is None or not self._job.is_open:
                self._job = await self._connect()
            connection = self._job
        return await connection.call(work, deadline=deadline, pulse=pulse)

    @asynccontextmanager
    async def extra(self) -> AsyncIterator[Connection]:
        """A further connection, closed at the end."""
        self._controlling()
        connection = await self._connect()
        try:
            yield connection
        finally:
            await connection.close()

    def _controlling(self) -> Connection:
        if self._ctl is None or not self._ctl.is_open:
            raise Unreachable(f"{self._name} is not connected", host=self._name)
        return self._ctl

    async def _connect_missing(self) -> tuple[Connection, Connection]:
        attempts = [self._connect()]
        alone = self._uri.driver == "test"  # Each connection to a test file would be a world of its own.
        kept = self._job if self._job and self._job.is_open and not alone else None
        if not alone and kept is None:
            attempts.append(self._connect())
        results = await asyncio.gather(*attempts, return_exceptions=True)
        connections = [result for result in results if isinstance(result, Connection)]
        if failures := [result for result in results if isinstance(result, BaseException)]:
            await asyncio.gather(*(connection.close() for connection in connections))
            raise failures[0]
        return connections[0], kept or connections[-1]

    async def _connect(self) -> Connection:
        extra = {}
        if self._uri.transport == "ssh":
            extra["command"] = str(ssh.write_wrapper(self._uri, self._run_dir, timeout=self._timeout))
        connection = Connection(self._uri.render(extra), host=self._name, on_lost=self._lost)
        await connection.open(deadline=self._timeout, keepalive=self._keepalive)
        return connection

    async def _explained(self, error: Unreachable, started: float) -> BackendError:
        """What stands behind a failed attempt, as far as the rest of its time allows to find out."""
        left = self._timeout - (time.monotonic() - started)
        if isinstance(error, DeadlinePassed):
            return error
        if self._uri.transport == "ssh" and left > 0:
            find_out = partial(ssh.diagnose, self._uri, self._run_dir, host=self._name, timeout=left / 2)
            diagnosis = await asyncio.to_thread(find_out)
            diagnosis.detail = f"{error.detail}\n{diagnosis.detail}"
            return diagnosis
        message = f"{self._name} cannot be reached: {quotable(error.detail)}"
        return Unreachable(message, host=self._name, detail=error.detail)

    def _lost(self, connection: Connection, reason: str) -> None:
        if connection is self._ctl:  # The loss of another one concerns only the calls on it.
            self._on_lost(reason)
