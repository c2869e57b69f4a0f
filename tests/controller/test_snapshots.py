"""The records of snapshots: what is refused, what is kept when a step fails, what ends with the running domain."""

from __future__ import annotations

import json
import time
from itertools import pairwise
from typing import Any

import pytest

from tests.controller.conftest import MakeUri
from tests.controller.rig import Rig
from tests.controller.test_life import play
from vmconsole.commands import registry
from vmconsole.commands.context import Context
from vmconsole.controller.disk_snapshot_entries import DEEPEST
from vmconsole.lifecycle import states as at
from vmconsole.store.users import User

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
        await rig.done("image.create", name="home", type="DATABLOCK", size_mib=1, format="raw", persistent=True)
        vm = await rig.running(more=f'{VOLATILE}\nDISK = [ IMAGE = "home" ]')
        for disk, reason in (("0", "volatile"), ("1", "raw"), ("2", "no disk")):
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


def test_what_was_to_be_preceded_by_a_snapshot_is_not_done_without_it(sqlite_path: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig, host: int) -> None:
        vm = await with_image_disk(rig)
        before = rig.submit("disk-snapshot-create", vm, disk_id="0", name="refused by such a host")
        after = await rig.ended(rig.submit("resume", vm, after=[before]))
        assert (after["state"], after["error"]["code"]) == ("failed", "OP_BEFORE")
        assert rig.at(vm) is at.POWEROFF
        await rig.done("resume", vm, after=[(await rig.do("rename", vm, name="other"))["id"]])

    play(sqlite_path, host_uri(), story)


def test_a_domains_own_snapshots_wait_for_what_is_being_done_to_its_vm_and_the_other_way_round(
    sqlite_path: str, host_uri: MakeUri
) -> None:
    async def story(rig: Rig, host: int) -> None:
        vm = await rig.running(more=VOLATILE)
        asked = [
            rig.submit("poweroff", vm),
            rig.submit("domain.snapshot-create", vm, name="off", asked=0),
            rig.submit("resume", vm),
            rig.submit("domain.snapshot-revert", vm, name="off"),
        ]
        ended = [await rig.ended(identity) for identity in asked]
        assert [document["state"] for document in ended] == ["done"] * 4, ended
        times = [(document["started"], document["ended"]) for document in ended]
        assert all(end <= begun for (_, end), (begun, _) in pairwise(times))
        await rig.reaches(vm, at.POWEROFF)
        found = (await rig.done("domain.snapshots", vm_id=vm))["snapshots"]
        assert [(one["name"], one["state"], one["memory"]) for one in found] == [("off", "shutoff", False)]

    play(sqlite_path, host_uri(), story)


def test_a_tree_goes_to_the_disk_on_its_persistent_image_and_back_and_no_number_is_given_twice(
    store_url: str, host_uri: MakeUri
) -> None:
    async def story(rig: Rig, host: int) -> None:
        image = (await rig.done("image.create", name="home", type="DATABLOCK", size_mib=1, persistent=True))["image_id"]
        first = await rig.create(more='DISK = [ IMAGE = "home" ]', hold=True)
        with rig.session.write():
            rig.session.executemany(
                "INSERT INTO disk_snapshot (vm_id, disk_id, snapshot_id, parent_id, name, active, created, size_bytes,"
                " volume, configuration) VALUES (?, 0, ?, ?, ?, ?, 0, 4096, 'image-0', '{\"vcpu\": 1}')",
                [(first, 4, -1, "old", 0), (first, 5, 4, "new", 1)],
            )
            rig.session.execute(
                "UPDATE disk SET attributes = ? WHERE vm_id = ?", ('{"NEXT_SNAPSHOT": "6", "LAYER": "3"}', first)
            )
        shown = [(4, -1, "old", False), (5, 4, "new", True)]
        assert tree_of(rig, image) == shown, "while a VM uses it as well"
        await rig.done("terminate", first)
        assert (names(rig, first, "disk_snapshot"), tree_of(rig, image)) == ([], shown)
        second = await rig.create(more='DISK = [ IMAGE = "home" ]', hold=True)
        assert names(rig, second, "disk_snapshot") == [(4, "old"), (5, "new")]
        attributes = json.loads(rig.session.query("SELECT attributes FROM disk WHERE vm_id = ?", (second,))[0][0])
        assert (attributes["NEXT_SNAPSHOT"], attributes["LAYER"]) == ("6", "3")
        assert tree_of(rig, image) == shown
        values = {"vm": str(second), "disk_id": "0", "snapshot": "old", "other": "5"}
        compared = read(rig, "disk-snapshot-diff", values)
        assert compared["written"] == [{"snapshot": 5, "name": "new", "bytes": 4096}]
        await rig.done("terminate", second)
        error = await rig.refused("image.nonpersistent", image_id=image)
        assert error["code"] == "IMAGE_SNAPSHOTS"
        await rig.done("image.delete", image_id=image)
        assert rig.session.query("SELECT COUNT(*) FROM image_snapshot") == [(0,)]

    play(store_url, host_uri(), story)


def tree_of(rig: Rig, image: int) -> list[tuple[int, int, str, bool]]:
    """Id, parent, name and whether active of what `image show` lists."""
    shown = read(rig, "image show", {"image": str(image)})["snapshots"]
    return [(one["id"], one["parent"], one["name"], one["active"]) for one in shown]


def read(rig: Rig, words: str, values: dict[str, Any]) -> Any:
    """The document that a reading command answers with."""
    command, _ = registry.find(words.split())
    user = User(0, "root", 0, frozenset({0}), administrator=True, asked_by="root")
    found = command.read(Context(rig.session, user, "test", time.time), values)
    return found.documents()
