"""Domains of our VMs on hosts where the VMs are not: they are seen, reported, and ended by nobody but a person."""

from __future__ import annotations

import asyncio
from typing import Any

from backends.base import DomainSpec
from tests.controller.conftest import MakeUri
from tests.controller.rig import Rig, until
from vmconsole.lifecycle import states as at


def test_a_second_living_domain_stops_every_action_until_it_is_gone(store_url: str, host_uri: MakeUri) -> None:
    async def story() -> None:
        async with Rig(store_url) as rig:
            here, there = await rig.host(host_uri("a"), "a"), await rig.host(host_uri("b"), "b")
            vm = await rig.running()
            uuid, other = rig.value("vm", "uuid", vm), rig.link(there).backend
            assert rig.value("vm", "host_id", vm) == here

            async def seen(expected: list[tuple[int, int]], message: str) -> None:
                async def so() -> bool:
                    noted = rig.session.query("SELECT host_id, alive FROM stray WHERE vm_id = ?", (vm,))
                    return bool(noted == expected and message in rig.value("vm", "message", vm))

                await until(so)

            await other.define(DomainSpec(name="one-0", uuid=uuid, title="", memory_kib=1 << 16, vcpus=1, cpu_shares=2))
            await seen([(there, 0)], "")
            await rig.done("pause", vm)  # one that is off hurts nobody
            await rig.done("resume", vm)
            await other.start(uuid)
            await seen([(there, 1)], "two domains")
            assert rig.session.query("SELECT COUNT(*) FROM wild") == [(0,)]
            for command in ("pause", "poweroff-hard", "terminate-hard"):
                assert (await rig.refused(command, vm))["code"] == "VM_TWICE"
            assert (await rig.refused("vm.resolve", vm, vm_id=vm, keep_id=7))["code"] == "VM_NOT_THERE"
            assert (rig.at(vm), len(await other.states())) == (at.RUNNING, 1)

            await rig.done("vm.resolve", vm, vm_id=vm, keep_id=here)
            await seen([], "")
            assert rig.value("vm", "message", vm) == ""
            assert uuid not in await other.states()
            await rig.done("pause", vm)

    asyncio.run(asyncio.wait_for(story(), 60))


def test_a_host_that_answers_is_not_called_off(sqlite_path: str, host_uri: MakeUri) -> None:
    async def story() -> None:
        async with Rig(sqlite_path) as rig:
            host = await rig.host(host_uri())
            assert (await rig.refused("host.confirm-off", host_id=host))["code"] == "HOST_UP"
            assert rig.value("host", "confirmed_off", host) == 0

    asyncio.run(asyncio.wait_for(story(), 60))


def test_a_datastore_is_made_once_and_goes_only_when_nothing_is_in_it(store_url: str, host_uri: MakeUri) -> None:
    async def story() -> None:
        async with Rig(store_url) as rig:
            host = await rig.host(host_uri())
            wish: dict[str, Any] = {"name": "fast", "type": "system", "directory": "/srv/fast"}
            made = (await rig.done("datastore.create", **wish))["datastore_id"]
            for twin in ({**wish, "directory": "/srv/other"}, {**wish, "name": "slow"}):
                assert (await rig.refused("datastore.create", **twin))["code"] == "DATASTORE_DUPLICATE"
            vm = await rig.create(hold=True, more='DISK = [ TYPE = "fs", SIZE = "64" ]')
            await rig.done("deploy", vm, host_id=host, datastore_id=made)
            assert rig.session.query("SELECT datastore_id, path FROM disk") == [(made, "/srv/fast/one-0-disk-0")]
            assert rig.session.query("SELECT datastore_id FROM history") == [(made,)]
            assert (await rig.refused("datastore.delete", datastore_id=made))["code"] == "DATASTORE_USED"
            assert (await rig.refused("migrate", vm, host_id=host, datastore_id=1))["code"] == "DATASTORE_KIND"
            await rig.done("terminate-hard", vm)
            await rig.done("datastore.delete", datastore_id=made)
            assert (await rig.refused("datastore.delete", datastore_id=0))["code"] == "DATASTORE_KEPT"

    asyncio.run(asyncio.wait_for(story(), 60))
