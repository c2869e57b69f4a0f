"""VMs that leave their host, or are sent to one: where they go, and what is said of those that cannot."""

from __future__ import annotations

import asyncio

import pytest

from tests.controller.conftest import MakeUri
from tests.controller.rig import Rig, until
from vmconsole.lifecycle import states as at


def test_a_vm_that_is_off_leaves_for_the_best_other_host_and_loses_its_flag(store_url: str, host_uri: MakeUri) -> None:
    async def story() -> None:
        async with Rig(store_url) as rig:
            here = await rig.host(host_uri("a"), "a")
            vm = await rig.running()
            await rig.done("poweroff-hard", vm)
            small = await rig.host(host_uri("b", memory_mib=32), "b")
            there = await rig.host(host_uri("c"), "c")
            assert (here, small, there) == (0, 1, 2)
            await rig.done("resched", vm)

            async def moved() -> bool:
                return bool(rig.value("vm", "host_id", vm) == there)

            await until(moved)
            await rig.reaches(vm, at.POWEROFF)
            assert rig.value("vm", "resched", vm) == 0
            asked = rig.session.query(
                "SELECT command, asked_by, state FROM operation WHERE command IN ('migrate', 'live-migrate')"
            )
            assert asked == [("migrate", "scheduler", "done")]

    asyncio.run(asyncio.wait_for(story(), 60))


@pytest.mark.parametrize("alone", [True, False])
def test_a_vm_with_nowhere_to_go_keeps_its_flag_and_says_why(sqlite_path: str, host_uri: MakeUri, alone: bool) -> None:
    async def story() -> None:
        async with Rig(sqlite_path) as rig:
            await rig.host(host_uri("a"), "a")
            vm = await rig.running()
            if not alone:
                await rig.host(host_uri("b", memory_mib=32), "b")
            await rig.done("resched", vm)
            reason = "no other host is on" if alone else "no host has"

            async def said() -> bool:
                return reason in rig.value("vm", "message", vm)

            await until(said, 5)
            assert rig.value("vm", "resched", vm) == 1
            await rig.done("unresched", vm)
            assert (rig.value("vm", "resched", vm), rig.value("vm", "message", vm)) == (0, "")
            await rig.host(host_uri("c"), "c")
            await asyncio.sleep(1)
            assert rig.value("vm", "host_id", vm) == 0
            assert rig.session.query("SELECT 1 FROM operation WHERE command IN ('migrate', 'live-migrate')") == []

    asyncio.run(asyncio.wait_for(story(), 60))


@pytest.mark.covers("ON-095")
def test_a_full_host_takes_a_vm_by_hand_unless_capacity_is_enforced(store_url: str, host_uri: MakeUri) -> None:
    async def story() -> None:
        async with Rig(store_url) as rig:
            await rig.host(host_uri("a"), "a")
            full = await rig.host(host_uri("b", memory_mib=96), "b")
            vm, held = await rig.running(memory=64), await rig.create("held", memory=64, hold=True)
            assert rig.value("vm", "host_id", vm) == 0
            await rig.done("poweroff-hard", vm)
            await rig.done("migrate", vm, host_id=full, enforce=True)  # there is room for one
            other = await rig.create("other", memory=64, hold=True)
            await rig.done("deploy", other, host_id=0, enforce=True)
            await rig.done("poweroff-hard", other)
            for command, number, place in (("deploy", held, at.HOLD), ("migrate", other, at.POWEROFF)):
                error = await rig.refused(command, number, host_id=full, enforce=True)
                assert (error["code"], rig.at(number)) == ("HOST_FULL", place)
                await rig.done(command, number, host_id=full)
                assert rig.value("vm", "host_id", number) == full

    asyncio.run(asyncio.wait_for(story(), 60))
