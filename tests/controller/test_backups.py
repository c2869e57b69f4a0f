"""The records of backups: what is refused, what is restored, what stays, and that nothing is left of what fails."""

from __future__ import annotations

import json
import signal
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any

import pytest

from tests.controller.conftest import MakeUri
from tests.controller.oracle import check
from tests.controller.processes import Controllers, ended, submit
from tests.controller.rig import Rig, until
from tests.controller.test_life import play
from vmconsole.lifecycle import states as at
from vmconsole.store import operations
from vmconsole.store.session import open_session

DATA = 'DISK = [ IMAGE = "data", TARGET = "vdb" ]'


async def furnished(rig: Rig, more: str = "") -> int:
    """A VM that is off, with a disk; there is a datastore for backups."""
    await rig.done("datastore.create", name="safe", type="backup", directory="safe", shared=False)
    await rig.done("image.create", name="data", type="DATABLOCK", size_mib=1)
    vm = await rig.running(more=DATA + more)
    await rig.done("poweroff-hard", vm)
    return vm


def safe(rig: Rig) -> int:
    return int(rig.session.query("SELECT id FROM datastore WHERE name = 'safe'")[0][0])


async def backed_up(rig: Rig, vm: int, **arguments: Any) -> int:
    created = await rig.ended(rig.submit("backup", vm, datastore_id=safe(rig), **arguments))
    assert created["state"] == "done", created
    return int(created["result"]["backup_id"])


def backups(rig: Rig) -> list[int]:
    return [row[0] for row in rig.session.query("SELECT id FROM backup WHERE state = 'rdy' ORDER BY id")]


async def volumes(rig: Rig, pool: str) -> set[str]:
    return {volume.name for volume in await rig.link().backend.volumes(pool)}


async def kept_in(rig: Rig) -> set[str]:
    return await volumes(rig, f"vmconsole-{safe(rig)}")


def lie_on(rig: Rig, *chain: int) -> None:
    """Make increments of backups: each lies on the one before."""
    with rig.session.write():
        for below, above in pairwise(chain):
            rig.session.execute("UPDATE backup SET parent_id = ? WHERE id = ?", (below, above))


@pytest.mark.covers("ON-040")
def test_a_vm_that_is_off_is_backed_up_and_comes_back_as_images_and_as_a_vm(store_url: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig, host: int) -> None:
        vm = await furnished(rig, '\nDISK = [ TYPE = "swap", SIZE = "4" ]\nNIC = [ NETWORK = "default" ]')
        operation = rig.submit("backup", vm, datastore_id=safe(rig), name="monday")
        document = await rig.ended(operation)
        assert document["error"] is None, document
        assert rig.passed(operation) == ["BACKUP_POWEROFF", "POWEROFF"]
        number = document["result"]["backup_id"]
        assert document["result"] == {
            "backup_id": number, "name": "monday", "incremental": False, "parent": None, "frozen": False,
            "size_bytes": document["result"]["size_bytes"], "remarks": [],
        }  # fmt: skip
        (volume,) = await kept_in(rig)
        assert volume.startswith("backup-")
        assert volume.endswith(f"-{number}-disk-0")
        await rig.done("terminate", vm)
        await rig.done("backup.restore", backup_id=number, image="back")
        assert rig.session.query("SELECT state, persistent, type FROM image WHERE name = 'back'") == [("rdy", 0, "OS")]
        made = await rig.ended(rig.submit("backup.restore", backup_id=number, name="again"))
        (again,) = made["result"]["vm_ids"]
        await rig.reaches(again, at.RUNNING)
        disks = rig.session.query(
            "SELECT target, type, persistent FROM disk WHERE vm_id = ? ORDER BY disk_id", (again,)
        )
        assert disks == [("vdb", "file", 1), ("vda", "swap", 0)]
        (mac,), (before,) = (
            rig.session.query("SELECT mac FROM nic WHERE vm_id = ?", (each,))[0] for each in (again, vm)
        )
        assert mac != before
        assert rig.session.query("SELECT 1 FROM template WHERE name = 'again'")

    play(store_url, host_uri(), story)


def test_a_backup_goes_to_a_datastore_for_backups_only(sqlite_path: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig, host: int) -> None:
        vm = await furnished(rig)
        for arguments, code in (
            ({"datastore_id": 0}, "DATASTORE_KIND"),
            ({"datastore_id": 77}, "NO_DATASTORE"),
            ({"datastore_id": safe(rig), "mode": "partial"}, "INPUT_BACKUP"),
            ({"datastore_id": safe(rig), "name": "a\nb"}, "INPUT_NAME"),
        ):
            document = await rig.ended(rig.submit("backup", vm, **arguments))
            assert (document["state"], document["error"]["code"]) == ("failed", code)
        assert rig.session.query("SELECT 1 FROM backup") == []
        diskless = await rig.running("diskless")
        await rig.done("poweroff-hard", diskless)
        document = await rig.ended(rig.submit("backup", diskless, datastore_id=safe(rig)))
        assert document["error"]["code"] == "NO_DISK"

    play(sqlite_path, host_uri(), story)


def test_a_backup_that_fails_leaves_nothing(sqlite_path: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig, host: int) -> None:
        vm = await furnished(rig)
        await rig.done("resume", vm)
        assert (await rig.refused("backup", vm, datastore_id=safe(rig)))["code"] == "HOST_UNSUPPORTED"
        await rig.done("poweroff-hard", vm)
        await rig.link().backend.delete_volume("vmconsole-system", f"one-{vm}-disk-0")
        document = await rig.ended(rig.submit("backup", vm, datastore_id=safe(rig)))
        assert (document["state"], rig.at(vm)) == ("failed", at.POWEROFF)
        assert rig.session.query("SELECT id FROM backup UNION SELECT backup_id FROM backup_disk") == []
        assert await kept_in(rig) == set()

    play(sqlite_path, host_uri(), story)


def test_a_backup_on_which_another_one_lies_is_not_deleted_alone(sqlite_path: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig, host: int) -> None:
        vm = await furnished(rig)
        below, above = [await backed_up(rig, vm) for _ in range(2)]
        lie_on(rig, below, above)
        document = await rig.ended(rig.submit("backup.delete", backup_ids=[below]))
        assert document["error"]["code"] == "BACKUP_NEEDED"
        assert backups(rig) == [below, above]
        await rig.done("backup.delete", backup_ids=[above, below])
        assert (backups(rig), await kept_in(rig)) == ([], set())

    play(sqlite_path, host_uri(), story)


def test_a_restore_whose_name_is_taken_leaves_nothing(sqlite_path: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig, host: int) -> None:
        vm = await furnished(rig)
        number = await backed_up(rig, vm)
        images = await volumes(rig, "vmconsole-images")
        for arguments in ({"image": "data"}, {"image": "more", "disk_id": 9}, {"name": "tiny"}):
            if "name" in arguments:
                await rig.done("template.create", name="tiny", body='MEMORY = "1"')
            document = await rig.ended(rig.submit("backup.restore", backup_id=number, **arguments))
            assert document["state"] == "failed", document
        assert [row[0] for row in rig.session.query("SELECT name FROM image")] == ["data"]
        assert await volumes(rig, "vmconsole-images") == images

    play(sqlite_path, host_uri(), story)


def test_a_restore_whose_network_is_gone_leaves_nothing(sqlite_path: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig, host: int) -> None:
        network = await rig.done("network.create", template='NAME = "lan"\nBRIDGE = "br0"')
        vm = await furnished(rig, '\nNIC = [ NETWORK = "lan" ]')
        number = await backed_up(rig, vm)
        images = await volumes(rig, "vmconsole-images")
        await rig.done("terminate", vm)
        await rig.done("network.delete", network_id=network["network_id"])
        assert (await rig.refused("backup.restore", backup_id=number, name="again"))["code"] == "NO_NETWORK"
        assert [row[0] for row in rig.session.query("SELECT name FROM image")] == ["data"]
        assert rig.session.query("SELECT id FROM template") == []
        assert await volumes(rig, "vmconsole-images") == images
        await rig.done("backup.restore", backup_id=number, image="again")

    play(sqlite_path, host_uri(), story)


async def settled(rig: Rig) -> None:
    """Wait until nothing is under way."""

    async def idle() -> bool:
        return not operations.unfinished(rig.session)

    await until(idle)


# What stays -----------------------------------------------------------------------------------------------------


def retirement(document: dict[str, Any]) -> tuple[list[int], list[tuple[int, str]]]:
    """What an operation says that goes, and what it says that has to stay."""
    result = document["result"]
    return [each["id"] for each in result["removing"]], [(each["id"], each["reason"]) for each in result["kept"]]


def test_of_backups_made_by_hand_only_the_last_stay_that_the_command_or_the_vm_says(
    sqlite_path: str, host_uri: MakeUri
) -> None:
    async def story(rig: Rig, host: int) -> None:
        vm = await furnished(rig)
        first = [await backed_up(rig, vm) for _ in range(3)]
        operation = rig.submit("backup", vm, datastore_id=safe(rig), keep_last=2)
        document = await rig.ended(operation)
        assert retirement(document) == ([first[1], first[0]], [])
        await settled(rig)
        assert backups(rig) == [first[2], document["result"]["backup_id"]]
        assert len(await kept_in(rig)) == 2
        removal = rig.session.query("SELECT command, state, result FROM operation WHERE parent_id = ?", (operation,))
        assert [(row[0], row[1], len(json.loads(row[2])["deleted"])) for row in removal] == [
            ("backup.delete", "done", 2)
        ]
        config = 'BACKUP_CONFIG = [ KEEP_LAST = "1" ]'
        await rig.done("updateconf", vm, template=config)
        last = await backed_up(rig, vm)
        await settled(rig)
        assert backups(rig) == [last]

    play(sqlite_path, host_uri(), story)


Fired = Callable[[], Awaitable[dict[str, Any]]]


async def scheduled(rig: Rig, vm: int, action: str, *args: str, **keep: int) -> Fired:
    """Schedule an action; returns what has it done now, and gives its operation when that and all that follows is."""
    rule = {
        "time": 4_102_444_800, "relative": 0, "repeat": None, "days": "", "cron": "", "time_zone": "UTC",
        "end_type": 0, "end_value": 0,
    }  # fmt: skip
    await rig.done("schedule.create", vm_id=vm, action=action, args=list(args), rule=rule, **keep)

    async def fired() -> dict[str, Any]:
        run = await rig.done("schedule.run", vm_id=vm, number=0)
        found = await rig.ended(run["operation"])
        await settled(rig)
        with rig.session.write():  # a schedule runs by hand once a second at the most
            rig.session.execute("UPDATE firing SET due = due - 1000 * (SELECT COUNT(*) FROM firing)")
        return found

    return fired


def test_what_a_schedule_keeps_concerns_its_own_backups_and_spares_what_a_chain_needs(
    sqlite_path: str, host_uri: MakeUri
) -> None:
    async def story(rig: Rig, host: int) -> None:
        vm = await furnished(rig)
        by_hand = await backed_up(rig, vm)
        fired = await scheduled(rig, vm, "backup", str(safe(rig)), keep_last=2)
        made = [(await fired())["result"]["backup_id"] for _ in range(2)]
        lie_on(rig, *made)
        third = await fired()
        assert retirement(third) == ([], [(made[0], f"{rig.value('vm', 'name', vm)}-{made[1]} lies on it")])
        assert backups(rig) == [by_hand, *made, third["result"]["backup_id"]]
        fourth = await fired()
        assert retirement(fourth) == ([made[1], made[0]], [])
        assert backups(rig) == [by_hand, third["result"]["backup_id"], fourth["result"]["backup_id"]]

    play(sqlite_path, host_uri(), story)


def test_of_system_snapshots_that_a_schedule_takes_the_last_stay_and_those_of_people_do(
    sqlite_path: str, host_uri: MakeUri
) -> None:
    async def story(rig: Rig, host: int) -> None:
        vm = await rig.running(more='DISK = [ TYPE = "fs", SIZE = "64", FORMAT = "qcow2" ]')
        await rig.done("snapshot-create", vm, name="mine")
        fired = await scheduled(rig, vm, "snapshot-create", "hourly", keep_last=2)
        await fired()
        await fired()
        assert retirement(await fired()) == ([1], [])
        left = rig.session.query("SELECT snapshot_id, name FROM system_snapshot ORDER BY snapshot_id")
        assert left == [(0, "mine"), (2, "hourly"), (3, "hourly")]
        assert [found.name for found in await rig.link().backend.snapshots(rig.value("vm", "uuid", vm))] == [
            "onesnap-0", "onesnap-2", "onesnap-3",
        ]  # fmt: skip

    play(sqlite_path, host_uri(), story)


@pytest.mark.slow
@pytest.mark.parametrize(
    "border",
    [
        "backup:claimed", "backup:backup:before", "backup:backup:called", "backup:backup:recorded",
        "backup.restore:called", "backup.delete:called",
    ],
)  # fmt: skip
def test_a_killed_controller_leaves_no_half_backup(
    sqlite_path: str, host_uri: MakeUri, controllers: Controllers, border: str
) -> None:
    with open_session(sqlite_path, create=True) as session:
        process = controllers.start(sqlite_path, kill_at=border)

        def do(command: str, vm: int | None = None, **arguments: Any) -> dict[str, Any]:
            nonlocal process
            identity = submit(sqlite_path, session, command, vm, **arguments)
            if border.startswith(f"{command}:"):
                assert process.wait(30) == -signal.SIGKILL
                process = controllers.start(sqlite_path)
            document = ended(session, identity)
            assert document["state"] == "done", document
            result: dict[str, Any] = document["result"]
            return result

        do("host.create", name="h1", uri=host_uri())
        datastore = do("datastore.create", name="safe", type="backup", directory="safe", shared=False)["datastore_id"]
        do("image.create", name="data", type="DATABLOCK", size_mib=1)
        template = f'NAME = "web"\nCPU = "1"\nMEMORY = "64"\n{DATA}'
        (vm,) = do("vm.create", template=template, hold=True)["vm_ids"]
        do("deploy", vm, host_id=0)
        do("poweroff-hard", vm)
        made = do("backup", vm, datastore_id=datastore)
        do("backup.restore", backup_id=made["backup_id"], image="copy")
        assert session.query("SELECT state FROM backup") == [("rdy",)]
        assert session.query("SELECT name, state FROM image ORDER BY id") == [("data", "used"), ("copy", "rdy")]
        do("backup.delete", backup_ids=[made["backup_id"]])
        assert session.query("SELECT id FROM backup") == []
        check(session)
