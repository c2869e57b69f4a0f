"""What a host says wins over what the store believed."""

from __future__ import annotations

import asyncio

import pytest

from backends.base import DomainSpec
from tests.controller.conftest import MakeUri, Unruly
from tests.controller.rig import Rig, until
from tests.controller.test_life import play
from vmconsole.lifecycle import observations
from vmconsole.lifecycle import states as at

STRANGER = DomainSpec(name="stranger", uuid="11111111-2222-3333-4444-555555555555", title="", memory_kib=65536, vcpus=1)


@pytest.mark.covers("ON-017")
def test_a_domain_that_stopped_by_itself_is_powered_off(store_url: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig, host: int) -> None:
        vm = await rig.running()
        await rig.link().backend.shutdown(rig.value("vm", "uuid", vm))
        await rig.reaches(vm, at.POWEROFF, 5)
        assert rig.value("vm", "host_id", vm) == host
        assert rig.session.query("SELECT action, running_end IS NULL FROM history") == [("monitor", False)]

    play(store_url, host_uri(), story)


def test_an_event_is_enough_without_waiting_for_the_sweep(sqlite_path: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig, host: int) -> None:
        vm = await rig.running()
        await asyncio.sleep(1)  # the sweep after the start
        await rig.link().backend.destroy(rig.value("vm", "uuid", vm))
        await rig.reaches(vm, at.POWEROFF, 3)

    play(sqlite_path, host_uri(), story, sweep_period=3600)


def test_a_domain_started_behind_our_back_runs_but_an_old_report_is_not_believed(
    sqlite_path: str, host_uri: MakeUri, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(rig: Rig, host: int) -> None:
        vm = await rig.running()
        await rig.done("poweroff", vm)
        await rig.link().backend.start(rig.value("vm", "uuid", vm))
        await asyncio.sleep(0.6)
        assert rig.at(vm) is at.POWEROFF  # it was powered off a moment ago
        with rig.session.write():
            rig.session.execute("UPDATE vm SET state_since = state_since - ?", (observations.RACE_GUARD_SECONDS,))
        await rig.reaches(vm, at.RUNNING, 5)
        assert rig.session.query("SELECT action FROM history ORDER BY seq DESC LIMIT 1") == [("monitor",)]

    play(sqlite_path, host_uri(), story)


def test_a_sweep_that_began_before_the_vm_ran_does_not_say_that_it_is_off(
    sqlite_path: str, host_uri: MakeUri, unruly: Unruly
) -> None:
    """The host was asked while the VM was off; the answer comes when it runs."""

    async def story(rig: Rig, host: int) -> None:
        vm = await rig.running()
        await rig.done("poweroff", vm)
        mark = rig.session.query("SELECT value FROM counter WHERE name = 'change'")[0][0]
        stale = await rig.link().backend.sweep()
        await rig.done("resume", vm)
        for _ in range(5):
            rig.controller._monitor._sightings.apply(host, stale, mark)
        assert rig.at(vm) is at.RUNNING

    play(sqlite_path, host_uri(), story, sweep_period=3600)


def test_a_domain_that_vanished_is_gone_after_several_reports(sqlite_path: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig, host: int) -> None:
        vm = await rig.running()
        uuid = rig.value("vm", "uuid", vm)
        await rig.link().backend.destroy(uuid)
        await rig.link().backend.undefine(uuid)
        await rig.reaches(vm, at.POWEROFF, 10)

    play(sqlite_path, host_uri(), story)


def test_a_domain_paused_behind_our_back_is_suspended_and_can_be_resumed(sqlite_path: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig, host: int) -> None:
        vm = await rig.running()
        await rig.link().backend.pause(rig.value("vm", "uuid", vm))
        await rig.reaches(vm, at.SUSPENDED, 5)
        assert rig.value("vm", "paused", vm) == 1
        await rig.done("resume", vm)

    play(sqlite_path, host_uri(), story)


def test_domains_that_are_no_vms_are_wild_until_they_are_gone_or_adopted(store_url: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig, host: int) -> None:
        def wild() -> list[str]:
            return [name for (name,) in rig.session.query("SELECT name FROM wild ORDER BY name")]

        async def shows(*names: str) -> None:
            async def seen() -> bool:
                return wild() == list(names)

            await until(seen, 5)

        await shows("h1-0", "h1-1")
        backend = rig.link().backend
        await backend.define(STRANGER)
        await shows("h1-0", "h1-1", "stranger")
        await backend.undefine(STRANGER.uuid)
        await shows("h1-0", "h1-1")
        assert (await rig.done("host.importvm", host_id=host, domain="h1-0"))["vm_ids"] == [0]
        assert (rig.at(0), wild()) == (at.RUNNING, ["h1-1"])
        assert (await rig.refused("host.importvm", host_id=host, domain="h1-0"))["class"] == "CONFLICT"
        assert (await rig.refused("host.importvm", host_id=host, domain="nobody"))["class"] == "NOT_FOUND"

    play(store_url, host_uri(domains=2), story)


def test_samples_are_kept_for_a_while_and_then_dropped(
    sqlite_path: str, host_uri: MakeUri, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vmconsole.controller.samples.PRUNE_EVERY", 0.5)

    async def story(rig: Rig, host: int) -> None:
        await rig.running()
        await asyncio.sleep(5)
        instants = [row[0] for row in rig.session.query("SELECT at FROM sample WHERE kind = 'vm' ORDER BY at")]
        assert 2 <= len(instants) <= 4
        assert instants[-1] - instants[0] <= 3

    play(sqlite_path, host_uri(), story, sample_period=1.0, sample_keep=2.0)


def test_a_watch_outlives_whatever_a_host_does(sqlite_path: str, host_uri: MakeUri, unruly: Unruly) -> None:
    async def story(rig: Rig, host: int) -> None:
        vm = await rig.running()
        sweep = unruly["h1"].sweep

        async def burst(**_: object) -> object:
            raise ZeroDivisionError

        unruly["h1"].sweep = burst  # type: ignore[method-assign, assignment]
        await asyncio.sleep(0.7)
        unruly["h1"].sweep = sweep  # type: ignore[method-assign]
        await rig.link().backend.destroy(rig.value("vm", "uuid", vm))
        await rig.reaches(vm, at.POWEROFF, 5)

    play(sqlite_path, host_uri(), story)


def test_a_host_that_was_taken_offline_and_back_is_watched_again(sqlite_path: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig, host: int) -> None:
        vm = await rig.running()
        await rig.done("host.offline", host_id=host)
        await rig.done("host.enable", host_id=host)

        async def on() -> bool:
            return bool(rig.value("host", "state", host) == 2) and rig.link().is_up

        await until(on, 10)
        await asyncio.sleep(1)
        assert rig.at(vm) is at.RUNNING
        await rig.link().backend.destroy(rig.value("vm", "uuid", vm))
        await rig.reaches(vm, at.POWEROFF, 5)

    play(sqlite_path, host_uri(), story)
