"""One libvirt connection, used until it dies.

No libvirt call is known to return: `close()` interrupts nothing, and keepalive starts only after `open()`. So every
call is made on a thread of the connection and awaited with a deadline from outside. When the deadline passes, the ssh
child that carries the connection is killed, which ends all its calls at once; a connection without such a child is
abandoned with its threads.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import libvirt

from backends.base import BackendError, DeadlinePassed, Unreachable
from backends.libvirt import children, errors, event_loop
from backends.libvirt.workers import Workers

T = TypeVar("T")

CALLS_AT_ONCE = 4
"""libvirtd serves five per connection; while five wait, it reads nothing more and hangs up after 30 s."""

KEEPALIVE = (5, 3)
"""Seconds between probes, and how many may stay unanswered: a dead host is noticed after 20 s."""

DISPOSAL = 2.0
"""Seconds that an orderly close may take."""


class Connection:
    """An open connection, or one that `lost` says was.

    Args:
        uri: what libvirt is to open.
        host: what errors call the host.
        on_lost: called once, from any thread, with the connection and the reason when it dies without having been
            closed.
    """

    def __init__(
        self, uri: str, *, host: str, on_lost: Callable[[Connection, str], None] = lambda _self, _reason: None
    ) -> None:
        self.host = host
        self.lost = ""
        self._uri = uri
        self._on_lost = on_lost
        self._lock = threading.Lock()
        self._workers = Workers(CALLS_AT_ONCE, f"libvirt {host}")
        self._slots = asyncio.Semaphore(CALLS_AT_ONCE)
        self._conn: libvirt.virConnect | None = None
        self._opener = 0
        self._ssh = 0
        self._event_ids: list[int] = []
        self._holders = 0

    @property
    def is_open(self) -> bool:
        return self._conn is not None and not self.lost

    async def open(self, *, deadline: float, keepalive: tuple[int, int] = KEEPALIVE) -> None:
        """Connect.

        Args:
            deadline: seconds until the attempt is given up.
            keepalive: see `KEEPALIVE`.

        Raises:
            BackendError: as libvirt's refusal says; `DeadlinePassed` when there was no answer.
        """
        event_loop.ensure_running()
        try:
            await self._await(partial(self._connect, keepalive), deadline=deadline)
        except asyncio.CancelledError:
            self.drop("cancelled")
            raise

    async def call(
        self,
        work: Callable[[libvirt.virConnect], T],
        *,
        deadline: float,
        pulse: Callable[[], object] | None = None,
        spare: bool = False,
    ) -> T:
        """Do `work` with the connection on one of its threads.

        Args:
            work: must keep no libvirt object; what it returns is plain values.
            deadline: seconds from the moment the work begins.
            pulse: says how far the work is; as long as that changes, the deadline begins anew.
            spare: leave the connection to the caller when the deadline passes; other calls on it may be held up by
                then, so it is to be replaced.

        Raises:
            DeadlinePassed: the time is over. The connection is gone, unless spared; what the host did is not known.
            Unreachable: the connection is, or went, down.
            BackendError: what libvirt said.
        """
        await self._slots.acquire()
        return await self._await(partial(self._run, work), deadline=deadline, pulse=pulse, spare=spare, slot=True)

    def listen(self, register: Callable[[libvirt.virConnect], int]) -> None:
        """Register one event callback, to be taken back at the end; call it inside a `call`."""
        assert self._conn is not None
        self._event_ids.append(register(self._conn))

    async def close(self) -> None:
        """Let go of the connection; a host that does not answer delays this by `DISPOSAL` seconds at most."""
        with self._lock:
            if self.lost:
                return  # `drop` has seen to it.
            self.lost = "closed"
        disposal = asyncio.wrap_future(self._workers.submit(self._dispose))
        done, _ = await asyncio.wait({disposal}, timeout=DISPOSAL)
        if not done or self._conn is not None:
            self._kill_ssh()  # What still holds the connection fails, and closes it then.
        self._workers.stop()

    def drop(self, reason: str) -> None:
        """Give the connection up at once: its pending calls fail, and nothing waits for the host."""
        with self._lock:
            if self.lost:
                return
            self.lost = reason
            was_open = self._conn is not None
        self._kill_ssh()
        # On its own thread: even dropping the last reference to a connection can wait for the host.
        self._workers.submit(self._dispose)
        self._workers.stop()
        if was_open:
            self._on_lost(self, reason)

    async def _await(
        self,
        work: Callable[[], T],
        *,
        deadline: float,
        pulse: Callable[[], object] | None = None,
        spare: bool = False,
        slot: bool = False,
    ) -> T:
        if self.lost:
            if slot:
                self._slots.release()
            raise Unreachable(f"{self.host} does not answer", host=self.host, detail=self.lost)
        future = asyncio.wrap_future(self._workers.submit(work))
        future.add_done_callback(partial(self._finished, slot))
        seen = pulse() if pulse else None
        while True:
            # wait() leaves the call alone when the time is over or the caller is cancelled: it cannot be stopped.
            done, _ = await asyncio.wait({future}, timeout=deadline)
            if done:
                return future.result()
            if pulse and (now := pulse()) != seen:
                seen = now
                continue
            if not spare:
                self.drop("deadline")
            raise DeadlinePassed(f"{self.host} gave no answer within {deadline:g} s", host=self.host)

    def _finished(self, slot: bool, future: asyncio.Future[Any]) -> None:
        if slot:
            self._slots.release()
        if not future.cancelled():
            future.exception()  # Looked at, lest asyncio prints those that nobody awaits any more.

    # On a thread of the connection ------------------------------------------------------------------------------

    def _connect(self, keepalive: tuple[int, int]) -> None:
        self._opener = threading.get_native_id()
        before = children.of(self._opener)
        failure: BackendError | None = None
        try:
            conn = libvirt.open(self._uri)
            self._ssh = next(iter(children.of(self._opener) - before), 0)
            self._watch_peer(conn, keepalive)
            with self._lock:
                self._conn = conn
                given_up = bool(self.lost)
            if given_up:
                self._dispose()  # It came after all, too late.
        except libvirt.libvirtError as error:
            failure = errors.translate(error, host=self.host)
        finally:
            self._opener = 0
        if failure is not None:
            self.lost = self.lost or "never opened"
            self._workers.stop()
            raise failure

    def _watch_peer(self, conn: libvirt.virConnect, keepalive: tuple[int, int]) -> None:
        try:
            conn.setKeepAlive(*keepalive)
        except libvirt.libvirtError as error:
            if error.get_error_code() != libvirt.VIR_ERR_NO_SUPPORT:
                raise
            return  # The test driver has no peer to lose, and would never let go of a close callback.
        conn.registerCloseCallback(self._closed, None)

    def _run(self, work: Callable[[libvirt.virConnect], T]) -> T:
        failure: BackendError
        try:
            return self.use(work)
        except libvirt.libvirtError as error:
            failure = errors.translate(error, host=self.host, alive=self.is_alive())
            errors.empty_frames(error)
        except BackendError as error:
            failure = error
            failure.host = failure.host or self.host
            errors.empty_frames(error)
        except Exception as error:
            errors.empty_frames(error)
            raise
        if isinstance(failure, Unreachable):
            self.drop("connection lost")
        raise failure

    def use(self, work: Callable[[libvirt.virConnect], T]) -> T:
        """Do `work` with the libvirt connection kept open: were it closed under a call, the process would crash.

        To be called on a thread that may wait, as `call` does.
        """
        conn = self._hold()
        try:
            return work(conn)
        finally:
            del conn
            self._release()

    def _hold(self) -> libvirt.virConnect:
        with self._lock:
            if self._conn is None or self.lost:
                raise Unreachable(f"{self.host} does not answer", host=self.host, detail=self.lost)
            self._holders += 1
            return self._conn

    def _release(self) -> None:
        with self._lock:
            self._holders -= 1
        if self.lost:
            self._dispose()

    def is_alive(self) -> bool:
        """Whether libvirt still has its peer; of a peer that hangs it thinks so too."""
        try:
            return not self.lost and self._conn is not None and bool(self._conn.isAlive())
        except libvirt.libvirtError:
            return False

    def _dispose(self) -> None:
        """Close, unless a call still holds the connection: then the last one does."""
        with self._lock:
            if self._conn is None or self._holders:
                return
            conn, self._conn = self._conn, None
        for undo in (
            *(partial(conn.domainEventDeregisterAny, event) for event in self._event_ids),
            conn.unregisterCloseCallback,
            conn.close,
        ):
            try:
                undo()
            except libvirt.libvirtError:
                continue  # The connection is dead; what can be released still must be.

    # On libvirt's event thread -----------------------------------------------------------------------------------

    def _closed(self, _conn: libvirt.virConnect, reason: int, _opaque: object) -> None:
        self.drop("keepalive" if reason == libvirt.VIR_CONNECT_CLOSE_REASON_KEEPALIVE else "connection closed")

    def _kill_ssh(self) -> None:
        # While open() blocks, the child is found below the thread that opens.
        opener = self._opener
        pids = {self._ssh} if self._ssh else children.of(opener) if opener else set()
        for pid in pids:
            children.kill(pid)
