"""The life of a VM on a simulated host, through the executor."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from backends.base import Power
from tests.controller.conftest import MakeUri, Unruly
from tests.controller.rig import Rig, until
from vmconsole.lifecycle import states as at
from vmconsole.lifecycle.states import Position
from vmconsole.store import operations

Story = Callable[[Rig, int], Awaitable[None]]


def play(url: str, uri: str, story: Story, **settings: object) -> None:
    """Let a story happen on a store with one simulated host."""

    async def run() -> None:
        async with Rig(url, **settings) as rig:
            await story(rig, await rig.host(uri))

    asyncio.run(asyncio.wait_for(run(), 60))


async def power(rig: Rig, vm: int, host: int = 0) -> Power | None:
    state = (await rig.link(host).backend.states()).get(rig.value("vm", "uuid", vm))
    return None if state is None else state.power


def test_a_vm_lives_from_template_to_termination(store_url: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig, host: int) -> None:
        vm = await rig.running(more='DISK = [ TYPE = "fs", SIZE = "64", FORMAT = "qcow2" ]')
        assert (rig.value("vm", "host_id", vm), await power(rig, vm)) == (host, Power.RUNNING)
        deploy = rig.session.query("SELECT id FROM operation WHERE command = 'deploy'")[0][0]
        assert rig.passed(deploy) == ["PROLOG", "BOOT", "RUNNING"]
        assert operations.get(rig.session, deploy)["asked_by"] == "scheduler"  # type: ignore[index]

        await rig.done("suspend", vm)
        assert (rig.at(vm), await power(rig, vm)) == (at.SUSPENDED, Power.SHUTOFF)
        await rig.done("resume", vm)
        assert (rig.at(vm), await power(rig, vm)) == (at.RUNNING, Power.RUNNING)
        await rig.done("poweroff", vm)
        assert (rig.at(vm), await power(rig, vm)) == (at.POWEROFF, Power.SHUTOFF)
        await rig.done("resume", vm)
        await rig.done("reboot", vm)
        await rig.done("poweroff-hard", vm)
        await rig.done("resume", vm)
        ended = rig.submit("terminate", vm)
        assert (await rig.ended(ended))["state"] == "done"
        assert rig.passed(ended) == ["SHUTDOWN", "EPILOG", "DONE"]
        assert (rig.at(vm), await power(rig, vm), rig.value("vm", "host_id", vm)) == (at.DONE, None, None)
        assert await rig.link().backend.volumes("vmconsole-system") == []

    play(store_url, host_uri(), story)


def test_undeploy_leaves_the_host_and_resume_comes_back_through_placement(sqlite_path: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig, host: int) -> None:
        vm = await rig.running()
        await rig.done("undeploy", vm)
        assert (rig.at(vm), await power(rig, vm), rig.value("vm", "host_id", vm)) == (at.UNDEPLOYED, None, None)
        await rig.done("resume", vm)
        await rig.reaches(vm, at.RUNNING)
        last = rig.session.query("SELECT id FROM operation WHERE command = 'deploy' ORDER BY seq DESC")[0][0]
        assert rig.passed(last) == ["PROLOG_UNDEPLOY", "BOOT_UNDEPLOY", "RUNNING"]

    play(sqlite_path, host_uri(), story)


@pytest.mark.covers("ON-002")
def test_a_held_vm_is_not_placed_but_deploy_starts_it(store_url: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig, host: int) -> None:
        held = await rig.create(hold=True)
        for number in range(10):  # each needs a cycle of its own
            await rig.running(f"other-{number}", memory=1)
        assert rig.at(held) is at.HOLD
        await rig.done("deploy", held, host_id=host)
        assert rig.at(held) is at.RUNNING

    play(store_url, host_uri(), story)


def test_hold_and_release(sqlite_path: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig, host: int) -> None:
        vm = await rig.create(hold=True)
        await rig.done("release", vm)
        await rig.reaches(vm, at.RUNNING)
        assert (await rig.refused("hold", vm))["class"] == "CONFLICT"

    play(sqlite_path, host_uri(), story)


def test_a_paused_vm_keeps_its_domain_and_resume_lets_it_go_on(sqlite_path: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig, host: int) -> None:
        vm = await rig.running()
        await rig.done("pause", vm)
        assert (rig.at(vm), await power(rig, vm)) == (at.SUSPENDED, Power.PAUSED)
        await asyncio.sleep(0.5)  # sweeps come by
        assert rig.at(vm) is at.SUSPENDED
        await rig.done("resume", vm)
        assert (rig.at(vm), await power(rig, vm)) == (at.RUNNING, Power.RUNNING)

    play(sqlite_path, host_uri(), story)


@pytest.mark.parametrize("command", ["release", "hold", "resume", "disk-snapshot-revert"])
def test_an_action_that_is_not_legal_is_a_conflict_and_changes_nothing(
    store_url: str, host_uri: MakeUri, command: str
) -> None:
    async def story(rig: Rig, host: int) -> None:
        vm = await rig.running()
        before = rig.session.query("SELECT state, lcm_state, version, busy FROM vm WHERE id = ?", (vm,))
        error = await rig.refused(command, vm)
        assert (error["class"], error["outcome"]) == ("CONFLICT", "not_started")
        assert rig.session.query("SELECT state, lcm_state, version, busy FROM vm WHERE id = ?", (vm,)) == before

    play(store_url, host_uri(), story)


def test_stop_is_refused_by_a_simulated_host_and_the_vm_runs_on(sqlite_path: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig, host: int) -> None:
        vm = await rig.running()
        document = await rig.do("stop", vm)
        if document["state"] == "failed":
            assert document["error"]["code"].startswith("HOST_")
            await rig.reaches(vm, at.RUNNING)
            assert await power(rig, vm) is Power.RUNNING

    play(sqlite_path, host_uri(), story)


def test_operations_on_one_vm_follow_each_other_and_the_second_is_checked_again(
    store_url: str, host_uri: MakeUri
) -> None:
    async def story(rig: Rig, host: int) -> None:
        vm = await rig.running()
        first, second, third = rig.submit("poweroff", vm), rig.submit("suspend", vm), rig.submit("resume", vm)
        ends = [await rig.ended(identity) for identity in (first, second, third)]
        assert [end["state"] for end in ends] == ["done", "failed", "done"]
        assert ends[1]["error"]["class"] == "CONFLICT"
        assert ends[0]["ended"] <= ends[1]["ended"] <= ends[2]["started"]

    play(store_url, host_uri(), story)


def test_a_queued_operation_is_cancelled_and_never_begun(store_url: str, host_uri: MakeUri, unruly: Unruly) -> None:
    async def story(rig: Rig, host: int) -> None:
        vm = await rig.running()
        unruly["h1"].deaf = True
        first, second = rig.submit("poweroff", vm), rig.submit("resume", vm)
        await rig.reaches(vm, at.SHUTDOWN_POWEROFF)
        assert operations.request_cancel(rig.session, second, 1.0)
        await rig.ended(first)
        document = await rig.ended(second)
        assert (document["state"], document["started"]) == ("cancelled", None)

    play(store_url, host_uri(), story, shutdown_timeout=1.0)


def test_a_wait_for_a_deaf_guest_is_called_off_and_the_guest_runs_on(
    store_url: str, host_uri: MakeUri, unruly: Unruly
) -> None:
    async def story(rig: Rig, host: int) -> None:
        vm = await rig.running()
        unruly["h1"].deaf = True
        waiting = rig.submit("poweroff", vm)
        await rig.reaches(vm, at.SHUTDOWN_POWEROFF)
        assert operations.request_cancel(rig.session, waiting, 1.0)
        document = await rig.ended(waiting, within=5)
        assert (document["state"], document["error"]["code"]) == ("cancelled", "OP_CANCELLED")
        assert (rig.at(vm), await power(rig, vm)) == (at.RUNNING, Power.RUNNING)

    play(store_url, host_uri(), story, shutdown_timeout=60.0)


@pytest.mark.parametrize("command", ["terminate", "poweroff", "undeploy"])
def test_a_guest_that_ignores_the_power_button_runs_on(
    sqlite_path: str, host_uri: MakeUri, unruly: Unruly, command: str
) -> None:
    async def story(rig: Rig, host: int) -> None:
        vm = await rig.running()
        unruly["h1"].deaf = True
        error = await rig.refused(command, vm)
        assert error["code"] == "GUEST_IGNORED"
        assert (rig.at(vm), await power(rig, vm)) == (at.RUNNING, Power.RUNNING)
        assert unruly["h1"].presses >= 1
        assert rig.session.query("SELECT action FROM history WHERE vm_id = ?", (vm,)) == [("none",)]

    play(sqlite_path, host_uri(), story, shutdown_timeout=1.0)


def test_a_hard_poweroff_takes_the_place_of_a_graceful_one(store_url: str, host_uri: MakeUri, unruly: Unruly) -> None:
    async def story(rig: Rig, host: int) -> None:
        vm = await rig.running()
        unruly["h1"].deaf = True
        graceful = rig.submit("poweroff", vm)
        await rig.reaches(vm, at.SHUTDOWN_POWEROFF)
        await rig.done("poweroff-hard", vm)
        document = await rig.ended(graceful)
        assert (document["state"], document["error"]["code"]) == ("cancelled", "OP_SUPERSEDED")
        assert (rig.at(vm), await power(rig, vm)) == (at.POWEROFF, Power.SHUTOFF)

    play(store_url, host_uri(), story, shutdown_timeout=30.0)


def test_many_shutdowns_do_not_keep_a_host_from_other_work(sqlite_path: str, host_uri: MakeUri, unruly: Unruly) -> None:
    async def story(rig: Rig, host: int) -> None:
        vms = [await rig.running(f"vm-{number}", memory=1) for number in range(6)]
        unruly["h1"].deaf = True
        graceful = [rig.submit("poweroff", vm) for vm in vms[:5]]
        for vm in vms[:5]:
            await rig.reaches(vm, at.SHUTDOWN_POWEROFF)
        await rig.done("suspend", vms[5])
        for vm in vms[:5]:
            await rig.done("poweroff-hard", vm)
        for identity in graceful:
            assert (await rig.ended(identity))["state"] == "cancelled"

    play(sqlite_path, host_uri(), story, shutdown_timeout=60.0, operations_per_host=2)


def test_terminating_twice_ends_well_both_times(sqlite_path: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig, host: int) -> None:
        vm = await rig.running()
        first, second = rig.submit("terminate", vm), rig.submit("terminate", vm)
        assert {(await rig.ended(first))["state"], (await rig.ended(second))["state"]} == {"done"}

    play(sqlite_path, host_uri(), story)


@pytest.mark.covers("ON-028")
def test_no_operation_shows_the_initial_state(sqlite_path: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig, host: int) -> None:
        seen: set[Position] = set()
        identity = rig.submit("vm.create", template='NAME = "a"\nCPU = 1\nMEMORY = 64')

        async def ends() -> bool:
            seen.update(at.by_numbers(*row) for row in rig.session.query("SELECT state, lcm_state FROM vm"))
            return at.RUNNING in seen

        await until(ends)
        await rig.ended(identity)
        await rig.done("terminate", 0)
        assert seen <= {at.PENDING, at.PROLOG, at.BOOT, at.RUNNING}
        shown = {row[0] for row in rig.session.query("SELECT position FROM operation_event")}
        assert "INIT" not in shown
        assert rig.session.query("SELECT 1 FROM vm WHERE prev_state = 0") == []

    play(sqlite_path, host_uri(), story)


def test_an_operation_nobody_can_read_fails_alone(store_url: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig, host: int) -> None:
        vm = await rig.running()
        strange = [rig.submit("fly", vm), rig.submit("vm.fly"), rig.submit("suspend", 4711)]
        await rig.done("suspend", vm)
        assert [(await rig.ended(identity))["state"] for identity in strange] == ["failed"] * 3

    play(store_url, host_uri(), story)
