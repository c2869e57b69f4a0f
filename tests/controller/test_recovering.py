"""`recover`: the ways out of a stuck or failed operation."""

from __future__ import annotations

import pytest

from backends.base import Power
from tests.controller.conftest import MakeUri, Unruly
from tests.controller.rig import Rig, until
from tests.controller.test_life import play, power
from vmconsole.controller import journal
from vmconsole.lifecycle import states as at


async def stuck_in_shutdown(rig: Rig, unruly: Unruly) -> tuple[int, str]:
    """A VM whose poweroff waits for a guest that does not listen, and that operation."""
    vm = await rig.running()
    unruly["h1"].deaf = True
    identity = rig.submit("poweroff", vm)
    await rig.reaches(vm, at.SHUTDOWN_POWEROFF)
    return vm, identity


@pytest.mark.covers("ON-098")
def test_recover_success_ends_a_stuck_operation_as_if_it_had_succeeded(
    store_url: str, host_uri: MakeUri, unruly: Unruly
) -> None:
    async def story(rig: Rig, host: int) -> None:
        vm, stuck = await stuck_in_shutdown(rig, unruly)
        await rig.link().backend.destroy(rig.value("vm", "uuid", vm))
        await rig.done("recover-success", vm)
        assert (await rig.ended(stuck))["state"] in ("cancelled", "done")
        assert rig.at(vm) is at.POWEROFF

    play(store_url, host_uri(), story, shutdown_timeout=60)


@pytest.mark.covers("ON-099")
def test_recover_failure_ends_a_stuck_operation_as_if_it_had_failed(
    store_url: str, host_uri: MakeUri, unruly: Unruly
) -> None:
    async def story(rig: Rig, host: int) -> None:
        vm, stuck = await stuck_in_shutdown(rig, unruly)
        await rig.done("recover-failure", vm)
        assert (await rig.ended(stuck))["state"] == "cancelled"
        assert (rig.at(vm), await power(rig, vm)) == (at.RUNNING, Power.RUNNING)

    play(store_url, host_uri(), story, shutdown_timeout=60)


def test_an_operation_whose_failure_cannot_be_settled_ends_and_leaves_its_vm_to_recover(
    store_url: str, host_uri: MakeUri, unruly: Unruly, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    async def story(rig: Rig, host: int) -> None:
        vm, stuck = await stuck_in_shutdown(rig, unruly)
        with monkeypatch.context() as patch:
            patch.setattr(journal, "settle_entry", broken)
            ended = await rig.ended(stuck)
        assert (ended["state"], ended["error"]["code"]) == ("failed", "INTERNAL")
        assert rig.at(vm) is at.SHUTDOWN_POWEROFF
        await rig.done("recover-failure", vm)
        assert rig.at(vm) is at.RUNNING

    play(store_url, host_uri(), story, shutdown_timeout=2)


async def failed_boot(rig: Rig) -> int:
    """A VM whose boot failed, because its name was taken on the host; the obstacle is a wild domain."""
    vm = await rig.create(hold=True)
    with rig.session.write():
        rig.session.execute("UPDATE vm SET deploy_id = 'h1-0' WHERE id = ?", (vm,))
    await rig.do("deploy", vm, host_id=0)
    assert rig.at(vm) is at.BOOT_FAILURE
    return vm


async def clear_the_way(rig: Rig, vm: int) -> None:
    with rig.session.write():
        rig.session.execute("UPDATE vm SET deploy_id = '' WHERE id = ?", (vm,))


def test_a_failed_boot_is_told_as_failed_and_keeps_its_host(sqlite_path: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig, host: int) -> None:
        vm = await failed_boot(rig)
        document = rig.session.query("SELECT state FROM operation WHERE command = 'deploy'")
        assert (document, rig.value("vm", "host_id", vm)) == ([("failed",)], host)

    play(sqlite_path, host_uri(domains=1), story)


@pytest.mark.covers("ON-100")
def test_recover_retry_runs_the_failed_step_again(store_url: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig, host: int) -> None:
        vm = await failed_boot(rig)
        assert (await rig.do("retry", vm))["state"] == "failed"  # the obstacle is still there
        assert rig.at(vm) is at.BOOT_FAILURE
        await clear_the_way(rig, vm)
        again = rig.submit("retry", vm)
        await rig.ended(again)
        assert rig.passed(again) == ["BOOT", "RUNNING"]
        assert await power(rig, vm) is Power.RUNNING

    play(store_url, host_uri(domains=1), story)


@pytest.mark.covers("ON-103")
def test_recover_recreate_starts_the_vm_afresh_under_its_id(store_url: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig, host: int) -> None:
        vm = await rig.running(more='DISK = [ TYPE = "fs", SIZE = "64" ]')
        await rig.done("poweroff", vm)
        assert (await rig.refused("delete-recreate", vm))["class"] == "CONFLICT"
        await rig.done("resume", vm)
        before = rig.session.query("SELECT COUNT(*) FROM history WHERE vm_id = ?", (vm,))[0][0]
        again = rig.submit("delete-recreate", vm)
        assert (await rig.ended(again))["state"] == "done"
        assert rig.passed(again) == ["CLEANUP_RESUBMIT", "PENDING"]
        await rig.reaches(vm, at.RUNNING)  # placed once more
        assert rig.session.query("SELECT COUNT(*) FROM vm") == [(1,)]
        assert rig.session.query("SELECT COUNT(*) FROM history WHERE vm_id = ?", (vm,)) == [(before + 1,)]

    play(store_url, host_uri(), story)


def test_a_recreated_vm_does_not_look_for_what_it_had_left_behind(sqlite_path: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig, host: int) -> None:
        vm = await rig.running(more='DISK = [ TYPE = "fs", SIZE = "64" ]')
        await rig.done("undeploy", vm)
        await rig.done("delete-recreate", vm)
        await rig.reaches(vm, at.RUNNING)
        last = rig.session.query("SELECT id FROM operation WHERE command = 'deploy' ORDER BY seq DESC")[0][0]
        assert rig.passed(last) == ["PROLOG", "BOOT", "RUNNING"]

    play(sqlite_path, host_uri(), story)


@pytest.mark.covers("ON-102")
def test_recover_delete_removes_a_vm_from_any_state(store_url: str, host_uri: MakeUri, unruly: Unruly) -> None:
    async def story(rig: Rig, host: int) -> None:
        vms = {
            "pending": await rig.create("pending", cpu=1000),
            "held": await rig.create("held", hold=True),
            "running": await rig.running("running", more='DISK = [ TYPE = "fs", SIZE = "64" ]'),
            "off": await rig.running("off"),
            "suspended": await rig.running("suspended"),
            "undeployed": await rig.running("undeployed"),
            "failed": await failed_boot(rig),
            "stuck": await rig.running("stuck"),
        }
        await rig.done("poweroff", vms["off"])
        await rig.done("suspend", vms["suspended"])
        await rig.done("undeploy", vms["undeployed"])
        unruly["h1"].deaf = True
        rig.submit("terminate", vms["stuck"])
        await rig.reaches(vms["stuck"], at.SHUTDOWN)
        await clear_the_way(rig, vms["failed"])
        for name, vm in vms.items():
            document = await rig.do("delete", vm)
            assert (document["state"], rig.at(vm)) == ("done", at.DONE), name

        async def cleared() -> bool:
            busy = rig.session.query("SELECT 1 FROM operation WHERE state IN ('queued', 'running')")
            return not busy and len(await rig.link().backend.domains()) == 1

        await until(cleared)
        assert await rig.link().backend.volumes("vmconsole-system") == []

    play(store_url, host_uri(domains=1), story, shutdown_timeout=60)


def test_recover_delete_db_forgets_the_vm_and_touches_no_host(sqlite_path: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig, host: int) -> None:
        vm = await rig.running(more='DISK = [ TYPE = "fs", SIZE = "64" ]')
        await rig.done("delete-db", vm)
        assert rig.at(vm) is at.DONE
        assert await power(rig, vm) is Power.RUNNING
        assert len(await rig.link().backend.volumes("vmconsole-system")) == 1
        assert rig.session.query("SELECT 1 FROM operation WHERE command = 'vm.cleanup'") == []

        async def wild() -> bool:
            return bool(rig.session.query("SELECT 1 FROM wild WHERE uuid = ?", (rig.value("vm", "uuid", vm),)))

        await until(wild)

    play(sqlite_path, host_uri(), story)


def test_recover_delete_on_a_lost_host_clears_up_when_the_host_is_back(
    sqlite_path: str, host_uri: MakeUri, unruly: Unruly
) -> None:
    async def story(rig: Rig, host: int) -> None:
        vm = await rig.running(more='DISK = [ TYPE = "fs", SIZE = "64" ]')
        unruly["h1"].cut()
        await rig.done("delete", vm)
        assert rig.at(vm) is at.DONE
        waiting = rig.session.query("SELECT id, state FROM operation WHERE command = 'vm.cleanup'")
        assert [state for _, state in waiting] == ["queued"]
        unruly["h1"].mend()
        assert (await rig.ended(waiting[0][0]))["state"] == "done"
        assert await power(rig, vm) is None
        assert await rig.link().backend.volumes("vmconsole-system") == []

    play(sqlite_path, host_uri(), story)


@pytest.mark.parametrize("command", ["recover-success", "recover-failure", "retry"])
def test_there_is_nothing_to_recover_in_a_vm_at_rest(sqlite_path: str, host_uri: MakeUri, command: str) -> None:
    async def story(rig: Rig, host: int) -> None:
        vm = await rig.create(hold=True)
        assert (await rig.refused(command, vm))["class"] == "CONFLICT"
        assert rig.at(vm) is at.HOLD

    play(sqlite_path, host_uri(), story)
