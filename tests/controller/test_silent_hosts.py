"""Hosts that are not there yet, not there at all, or go in the middle of a step."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator

import pytest

from tests.controller.conftest import MakeUri, Unruly
from tests.controller.rig import Rig, until
from tests.controller.test_life import play
from vmconsole.lifecycle import states as at
from vmconsole.store import operations
from vmconsole.store.session import Session, open_session

SILENT_FOR = 2.0


@pytest.fixture
def mute_uri() -> Iterator[str]:
    """A host that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"qemu+ssh://127.0.0.1:{listener.getsockname()[1]}/system"


@pytest.fixture
def dead_uri() -> str:
    """A host on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"qemu+ssh://127.0.0.1:{listener.getsockname()[1]}/system"


def keep_host(session: Session, number: int, name: str, uri: str, timeout: float = SILENT_FOR) -> None:
    """Put a host into the store that cannot be met now."""
    with session.write():
        session.execute(
            "INSERT INTO host (id, name, uri, cluster_id, state, cpus, memory_kib, connect_timeout, changed)"
            " VALUES (?, ?, ?, 0, 2, 8, 8000000, ?, ?)",
            (number, name, uri, timeout, session.next_change()),
        )
        session.execute("INSERT INTO counter (name, value) VALUES ('host', ?)", (number,))


def test_an_operation_waits_while_nobody_knows_its_host_and_is_refused_when_it_is_down(
    store_url: str, mute_uri: str
) -> None:
    with open_session(store_url, create=True) as session:
        keep_host(session, 0, "mute", mute_uri)

    async def story() -> None:
        async with Rig(store_url) as rig:
            vm = await rig.create(hold=True)
            begun = time.monotonic()
            identity = rig.submit("deploy", vm, host_id=0)
            await asyncio.sleep(SILENT_FOR / 2)
            document = operations.get(rig.session, identity)
            assert document is not None
            assert (document["state"], document["error"]) == ("queued", None)
            ended = await rig.ended(identity)
            assert time.monotonic() - begun < 2 * SILENT_FOR + 15
            assert (ended["state"], ended["error"]["class"]) == ("failed", "UNAVAILABLE")
            assert (rig.at(vm), rig.value("vm", "host_id", vm)) == (at.HOLD, None)

    asyncio.run(asyncio.wait_for(story(), 60))


def test_an_operation_on_a_host_that_is_down_changes_nothing(sqlite_path: str, dead_uri: str) -> None:
    with open_session(sqlite_path, create=True) as session:
        keep_host(session, 0, "gone", dead_uri)

    async def story() -> None:
        async with Rig(sqlite_path) as rig:
            vm = await rig.create(hold=True)
            error = await rig.refused("deploy", vm, host_id=0)
            assert error["class"] == "UNAVAILABLE"
            assert rig.at(vm) is at.HOLD

    asyncio.run(asyncio.wait_for(story(), 60))


def test_a_mute_host_delays_no_other(sqlite_path: str, mute_uri: str, host_uri: MakeUri) -> None:
    with open_session(sqlite_path, create=True) as session:
        keep_host(session, 0, "mute", mute_uri, timeout=8.0)

    async def story() -> None:
        async with Rig(sqlite_path) as rig:
            host = await rig.host(host_uri(), "good")
            vm = await rig.create(hold=True)
            begun = time.monotonic()
            await rig.done("deploy", vm, host_id=host)
            await rig.done("suspend", vm)
            await rig.done("resume", vm)
            assert time.monotonic() - begun < 10

    asyncio.run(asyncio.wait_for(story(), 60))


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_host_lost_during_a_step_holds_the_operation_up_until_it_is_back(
    store_url: str, host_uri: MakeUri, unruly: Unruly, when: str
) -> None:
    async def story(rig: Rig, host: int) -> None:
        vm = await rig.running()
        unruly["h1"].cut_before_save, unruly["h1"].cut_after_save = when == "before", when == "after"
        identity = rig.submit("suspend", vm)

        async def waits() -> bool:
            document = operations.get(rig.session, identity)
            return document is not None and document["error"] is not None

        await until(waits)
        document = operations.get(rig.session, identity)
        assert document is not None
        assert (document["state"], document["error"]["class"]) == ("running", "UNAVAILABLE")
        assert document["note"].startswith("waiting")
        assert rig.at(vm) is at.SAVE_SUSPEND
        unruly["h1"].mend()
        ended = await rig.ended(identity)
        assert (ended["state"], ended["error"], rig.at(vm)) == ("done", None, at.SUSPENDED)
        assert unruly["h1"].saves == 1

    play(store_url, host_uri(), story)


def test_a_reboot_nobody_saw_answered_is_unknown_and_not_repeated(
    sqlite_path: str, host_uri: MakeUri, unruly: Unruly
) -> None:
    async def story(rig: Rig, host: int) -> None:
        vm = await rig.running()
        reboot = unruly["h1"].reboot

        async def lost(uuid: str) -> None:
            await reboot(uuid)
            unruly["h1"].cut()
            unruly["h1"]._reach()

        unruly["h1"].reboot = lost  # type: ignore[method-assign]
        document = await rig.do("reboot", vm)
        assert (document["state"], document["error"]["class"]) == ("unknown", "UNKNOWN_OUTCOME")
        unruly["h1"].mend()
        await rig.reaches(vm, at.RUNNING)

    play(sqlite_path, host_uri(), story)


@pytest.mark.covers("ON-020")
def test_running_vms_of_a_silent_host_are_unknown_until_it_is_back(
    store_url: str, host_uri: MakeUri, unruly: Unruly
) -> None:
    async def story(rig: Rig, host: int) -> None:
        runs, rests, other = await rig.running("runs"), await rig.running("rests"), await rig.running("other")
        await rig.done("poweroff", rests)
        unruly["h1"].cut()
        await rig.reaches(runs, at.UNKNOWN, 10)
        assert (rig.at(rests), rig.at(other)) == (at.POWEROFF, at.UNKNOWN)
        assert rig.value("host", "state", host) == 3
        assert rig.value("host", "down_since", host) is not None
        assert "does not answer" in rig.value("host", "message", host) or rig.value("host", "message", host)
        unruly["h1"].mend()
        await rig.reaches(runs, at.RUNNING, 10)
        await rig.reaches(other, at.RUNNING, 10)
        assert (rig.value("host", "state", host), rig.value("host", "message", host)) == (2, "")

    play(store_url, host_uri(), story, unreachable_after=1.0)


def test_an_operation_outlives_its_host_being_offline_for_a_while(
    sqlite_path: str, host_uri: MakeUri, unruly: Unruly
) -> None:
    async def story(rig: Rig, host: int) -> None:
        vm = await rig.running()
        unruly["h1"].cut_before_save = True
        identity = rig.submit("suspend", vm)

        async def waits() -> bool:
            document = operations.get(rig.session, identity)
            return document is not None and document["error"] is not None

        await until(waits)
        await rig.done("host.offline", host_id=host)
        await rig.done("host.enable", host_id=host)
        assert (await rig.ended(identity))["state"] == "done"

    play(sqlite_path, host_uri(), story)


def test_a_host_whose_uri_is_refused_now_does_not_keep_the_others_from_working(
    sqlite_path: str, host_uri: MakeUri
) -> None:
    with open_session(sqlite_path, create=True) as session:
        keep_host(session, 0, "odd", "qemu+ssh://h/system?command=/bin/sh")

    async def story() -> None:
        async with Rig(sqlite_path) as rig:
            await rig.host(host_uri(), "good")
            await rig.running()

    asyncio.run(asyncio.wait_for(story(), 60))
