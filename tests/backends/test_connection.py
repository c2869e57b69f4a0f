"""Deadlines and endings of one connection."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import libvirt
import pytest

from backends.base import BackendError, DeadlinePassed, NotFound, Unreachable
from backends.libvirt import pair
from backends.libvirt.connection import CALLS_AT_ONCE, Connection

from .conftest import MakeHost


def connection(losses: list[str] | None = None) -> Connection:
    losses = [] if losses is None else losses
    return Connection("test:///default", host="h1", on_lost=lambda _self, reason: losses.append(reason))


async def until(fact: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not fact():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


def test_a_call_that_does_not_return_ends_at_its_deadline() -> None:
    losses: list[str] = []
    gate = threading.Event()

    async def story() -> None:
        link = connection(losses)
        await link.open(deadline=5)
        begun = time.monotonic()
        with pytest.raises(DeadlinePassed) as passed:
            await link.call(lambda _conn: gate.wait(10), deadline=0.2)
        assert 0.2 <= time.monotonic() - begun < 5
        assert passed.value.host == "h1"
        assert not link.is_open
        with pytest.raises(Unreachable):
            await link.call(lambda conn: conn.getHostname(), deadline=1)
        await link.close()

    try:
        asyncio.run(story())
    finally:
        gate.set()
    assert losses == ["deadline"]


def test_a_call_that_moves_on_outlives_its_deadline() -> None:
    async def story() -> None:
        link = connection()
        await link.open(deadline=5)
        count = 0

        def work(_conn: libvirt.virConnect) -> str:
            nonlocal count
            for count in range(8):  # noqa: B007
                time.sleep(0.1)
            return "done"

        assert await link.call(work, deadline=0.3, pulse=lambda: count) == "done"
        with pytest.raises(DeadlinePassed):
            await link.call(lambda _conn: time.sleep(1), deadline=0.2, pulse=lambda: count)

    asyncio.run(story())


def test_no_more_calls_are_in_flight_than_the_daemon_serves() -> None:
    async def story() -> None:
        link = connection()
        await link.open(deadline=5)
        lock, running, most = threading.Lock(), 0, 0

        def work(_conn: libvirt.virConnect) -> None:
            nonlocal running, most
            with lock:
                running += 1
                most = max(most, running)
            time.sleep(0.05)
            with lock:
                running -= 1

        # The deadline counts from the start of the work: waiting for a slot is nobody's fault.
        await asyncio.gather(*(link.call(work, deadline=0.3) for _ in range(6 * CALLS_AT_ONCE)))
        assert most == CALLS_AT_ONCE
        await link.close()

    asyncio.run(story())


def test_a_cancelled_caller_leaves_the_connection_usable() -> None:
    async def story() -> None:
        link = connection()
        await link.open(deadline=5)
        calls = [asyncio.create_task(link.call(lambda _conn: time.sleep(0.2), deadline=5)) for _ in range(8)]
        await asyncio.sleep(0.05)
        for call in calls:
            call.cancel()
        await asyncio.wait(calls)
        assert await link.call(lambda conn: conn.isAlive(), deadline=5)
        await link.close()

    asyncio.run(story())


def test_a_kept_error_keeps_no_connection_alive() -> None:
    errors: list[BackendError] = []

    def fail(conn: libvirt.virConnect) -> None:
        domain = conn.lookupByName("test")
        try:
            domain.snapshotLookupByName("none")
        except libvirt.libvirtError:
            raise NotFound(domain.name()) from None

    async def story() -> weakref.ref[libvirt.virConnect]:
        link = connection()
        await link.open(deadline=5)
        there = await link.call(weakref.ref, deadline=5)
        for work in (fail, lambda conn: conn.lookupByName("test").snapshotLookupByName("none")):
            try:
                await link.call(work, deadline=5)
            except NotFound as error:
                errors.append(error)
        await link.close()
        return there

    there = asyncio.run(story())
    assert len(errors) == 2
    gc.collect()
    assert there() is None


def test_a_call_that_is_stuck_does_not_keep_the_program_from_ending() -> None:
    gate = threading.Event()

    async def story() -> None:
        link = connection()
        await link.open(deadline=5)
        with pytest.raises(DeadlinePassed):
            await link.call(lambda _conn: gate.wait(600), deadline=0.1)

    asyncio.run(story())
    stuck = [thread for thread in threading.enumerate() if thread.name == "libvirt h1"]
    assert stuck
    assert all(thread.daemon for thread in stuck)
    gate.set()


def test_a_connection_is_not_closed_under_a_call() -> None:
    gate = threading.Event()

    async def story() -> None:
        link, other = connection(), connection()
        for one in (link, other):
            await one.open(deadline=5)
        there = [await one.call(weakref.ref, deadline=5) for one in (link, other)]

        def work(first: libvirt.virConnect, second: libvirt.virConnect) -> tuple[int, int]:
            gate.wait(5)
            return first.isAlive(), second.isAlive()

        call = asyncio.create_task(pair.call(link, other, work, deadline=5))
        await asyncio.sleep(0.1)
        for one in (link, other):
            one.drop("lost")
        await asyncio.sleep(0.1)
        gate.set()
        assert await call == (1, 1)
        await until(lambda: not any(reference() for reference in there))

    asyncio.run(story())


def test_two_connections_end_together() -> None:
    async def story() -> None:
        link, other = connection(), connection()
        for one in (link, other):
            await one.open(deadline=5)
        with pytest.raises(DeadlinePassed):
            await pair.call(link, other, lambda _here, _there: time.sleep(0.5), deadline=0.1)
        assert (link.is_open, other.is_open) == (False, False)

    asyncio.run(story())


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and says nothing, like a host whose sshd is stopped."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def children() -> set[int]:
    found: set[int] = set()
    for thread in Path("/proc/self/task").iterdir():
        with suppress(FileNotFoundError):
            found |= {int(pid) for pid in (thread / "children").read_text().split()}
    return {pid for pid in found if not _is_zombie(pid)}


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_an_attempt_to_a_silent_host_ends_in_time_and_leaves_no_process(make_host: MakeHost, silent_port: int) -> None:
    before = children()

    async def story() -> None:
        host = make_host(f"qemu+ssh://root@127.0.0.1:{silent_port}/system", timeout=1)
        begun = time.monotonic()
        with pytest.raises(DeadlinePassed):
            await host.open()
        assert 1 <= time.monotonic() - begun < 6
        await until(lambda: children() <= before)

    asyncio.run(story())


def test_a_closed_port_is_told_from_a_silent_host(make_host: MakeHost) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    async def story() -> None:
        with pytest.raises(Unreachable) as failure:
            await make_host(f"qemu+ssh://root@127.0.0.1:{port}/system").open()
        assert "refused" in failure.value.message
        assert not isinstance(failure.value, DeadlinePassed)

    asyncio.run(story())


def test_a_name_that_does_not_exist_is_said_so(make_host: MakeHost) -> None:
    async def story() -> None:
        with pytest.raises(Unreachable) as failure:
            await make_host("qemu+ssh://no.such.host.invalid/system").open()
        assert "no.such.host.invalid cannot be resolved" in failure.value.message

    asyncio.run(story())


def test_libvirt_writes_nothing_to_the_terminal(capfd: pytest.CaptureFixture[str], make_host: MakeHost) -> None:
    async def story() -> None:
        with pytest.raises(Unreachable):
            await make_host("qemu+ssh://no.such.host.invalid/system").open()
        host = make_host()
        await host.open()
        with pytest.raises(NotFound):
            await host.domain_xml("00000000-0000-0000-0000-000000000000")
        await host.close()

    asyncio.run(story())
    assert capfd.readouterr() == ("", "")
    assert os.environ["LIBVIRT_LOG_OUTPUTS"]
