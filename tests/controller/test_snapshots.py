"""The records of snapshots: what is refused, what is kept when a step fails, what ends with the running domain."""

from __future__ import annotations

from typing import Any

import pytest

from tests.controller.conftest import MakeUri
from tests.controller.rig import Rig
from tests.controller.test_life import play
from vmconsole.controller.disk_snapshot_entries import DEEPEST
from vmconsole.lifecycle import states as at

VOLATILE = 'DISK = [ TYPE = "fs", SIZE = "64", FORMAT = "qcow2" ]'


def names(rig: Rig, vm: int, table: str = "system_snapshot") -> list[tuple[int, str]]:
    return rig.session.query(f"SELECT snapshot_id, name FROM {table} WHERE vm_id = ? ORDER BY 1", (vm,))


async def on_host(rig: Rig, vm: int) -> list[str]:
    return [found.name for found in await rig.link().backend.snapshots(rig.value("vm", "uuid", vm))]


async def with_image_disk(rig: Rig, **image: Any) -> int:
    """A VM that is off, with a disk on an image."""
    await rig.done("image.create", name="data", type="DATABLOCK", size_mib=1, **image)
    vm = await rig.running(more='DISK = [ IMAGE = "data" ]')
    await rig.done("poweroff-hard", vm)
    return vm


def test_a_system_snapshot_is_kept_reverted_to_and_lost_with_the_running_domain(
    store_url: str, host_uri: MakeUri
) -> None:
    async def story(rig: Rig, host: int) -> None:
        vm = await rig.running(more=VOLATILE)
        created = rig.submit("snapshot-create", vm, name="just in case")
        assert (await rig.ended(created))["result"] == {"snapshot_id": 0}
        assert rig.passed(created) == ["HOTPLUG_SNAPSHOT", "RUNNING"]
        await rig.done("snapshot-create", vm)
        assert names(rig, vm) == [(0, "just in case"), (1, "snapshot-1")]
        assert await on_host(rig, vm) == ["onesnap-0", "onesnap-1"]
        await rig.done("snapshot-revert", vm, snapshot="just in case")
        assert (rig.at(vm), len(names(rig, vm))) == (at.RUNNING, 2)
        await rig.done("snapshot-delete", vm, snapshot="0")
        assert (await on_host(rig, vm), names(rig, vm)) == (["onesnap-1"], [(1, "snapshot-1")])
        await rig.done("pause", vm)
        await rig.done("resume", vm)
        assert len(names(rig, vm)) == 1
        await rig.done("poweroff", vm)
        assert (await on_host(rig, vm), names(rig, vm)) == ([], [])

    play(store_url, host_uri(), story)


def test_a_snapshot_that_does_not_exist_or_is_not_the_only_one_of_its_name_is_refused(
    sqlite_path: str, host_uri: MakeUri
) -> None:
    async def story(rig: Rig, host: int) -> None:
        vm = await rig.running(more=VOLATILE)
        assert (await rig.refused("snapshot-revert", vm, snapshot="0"))["code"] == "NO_SNAPSHOT"
        for name in ("same", "same", "1"):
            await rig.done("snapshot-create", vm, name=name)
        assert (await rig.refused("snapshot-delete", vm, snapshot="same"))["code"] == "SNAPSHOT_AMBIGUOUS"
        assert (await rig.refused("snapshot-create", vm, name="\x1b[2J"))["code"] == "INPUT_NAME"
        await rig.done("snapshot-delete", vm, snapshot="1")
        assert names(rig, vm) == [(0, "same"), (2, "1")], "an id comes before a name"
        assert rig.at(vm) is at.RUNNING

    play(sqlite_path, host_uri(), story)


def test_disks_that_can_have_no_tree_say_why(sqlite_path: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig, host: int) -> None:
        await rig.done("image.create", name="home", type="DATABLOCK", size_mib=1, persistent=True)
        vm = await rig.running(more=f'{VOLATILE}\nDISK = [ IMAGE = "home" ]')
        for disk, reason in (("0", "volatile"), ("1", "persistent"), ("2", "no disk")):
            error = await rig.refused("disk-snapshot-create", vm, disk_id=disk, name="no")
            assert reason in error["message"]
        assert (rig.at(vm), names(rig, vm, "disk_snapshot")) == (at.RUNNING, [])

    play(sqlite_path, host_uri(), story)


def test_a_tree_does_not_grow_deeper_than_hosts_can_start(sqlite_path: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig, host: int) -> None:
        vm = await with_image_disk(rig)
        with rig.session.write():
            rig.session.executemany(
                "INSERT INTO disk_snapshot (vm_id, disk_id, snapshot_id, parent_id, name, active, created, size_bytes,"
                " volume) VALUES (?, 0, ?, ?, 'one', ?, 0, 0, '')",
                [(vm, number, number - 1, int(number == DEEPEST - 1)) for number in range(DEEPEST)],
            )
        error = await rig.refused("disk-snapshot-create", vm, disk_id="0", name="too deep")
        assert (error["code"], len(names(rig, vm, "disk_snapshot"))) == ("SNAPSHOT_DEPTH", DEEPEST)

    play(sqlite_path, host_uri(), story)


def test_a_disk_snapshot_that_the_host_refuses_leaves_no_record_and_its_id_is_not_given_again(
    store_url: str, host_uri: MakeUri
) -> None:
    async def story(rig: Rig, host: int) -> None:
        vm = await with_image_disk(rig)
        where = f"SELECT volume, path FROM disk WHERE vm_id = {vm}"
        before = rig.session.query(where)
        for number in range(2):
            refused = rig.submit("disk-snapshot-create", vm, disk_id="0", name="one")
            document = await rig.ended(refused)
            assert (document["state"], document["arguments"]["snapshot_id"]) == ("failed", number)
            assert rig.passed(refused) == ["DISK_SNAPSHOT_POWEROFF", "POWEROFF"]
        assert (names(rig, vm, "disk_snapshot"), rig.session.query(where)) == ([], before)
        volumes = await rig.link().backend.volumes("vmconsole-system")
        assert [volume.name for volume in volumes] == [f"one-{vm}-disk-0"]

    play(store_url, host_uri(), story)


@pytest.mark.parametrize("command", ["disk-snapshot-revert", "disk-snapshot-delete", "disk-snapshot-rename"])
def test_nothing_is_done_to_a_disk_snapshot_that_is_not_there(
    sqlite_path: str, host_uri: MakeUri, command: str
) -> None:
    async def story(rig: Rig, host: int) -> None:
        vm = await with_image_disk(rig)
        error = await rig.refused(command, vm, disk_id="0", snapshot="0", name="new")
        assert (error["code"], rig.at(vm)) == ("NO_SNAPSHOT", at.POWEROFF)

    play(sqlite_path, host_uri(), story)
