"""The commands on backups as they check and print them, and what schedules keep, before any controller acts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.batch import rows
from tests.batch.rows import NOW, ROOT
from tests.batch.test_networks import read, refused
from tests.batch.test_permissions import prepared
from vmconsole.commands import registry
from vmconsole.errors import Conflict, Denied, NotFound, Usage
from vmconsole.lifecycle import states as at
from vmconsole.store.session import Session
from vmconsole.store.users import User

DAY = 86_400
ONCE = "--schedule 2038-09-20"


@pytest.fixture
def kept(session: Session, people: dict[str, User]) -> dict[str, User]:
    """VM 0 of the owner has a full backup and an increment on it."""
    rows.insert(
        session, "datastore", id=7, name="safe", type="backup", pool="vmconsole-7", directory="safe", user_id=0,
        group_id=0, mode=0o644,
    )  # fmt: skip
    for number, parent in ((4, None), (5, 4)):
        rows.insert(
            session, "backup", id=number, vm_id=0, name=f"web-{number}", datastore_id=7, host_id=0, parent_id=parent,
            state="rdy", created=NOW - DAY, size_bytes=1 << 20, running=1, template="{}", operation_id="X",
        )  # fmt: skip
        rows.insert(
            session, "backup_disk", backup_id=number, disk_id=0, target="vda", source="/d", incremental=number - 4,
            volume=f"backup-{number}-disk-0", capacity_bytes=1 << 30, size_bytes=1 << 20,
        )  # fmt: skip
    return people


def arguments(session: Session, line: str, user: User = ROOT) -> dict[str, Any]:
    (request,) = prepared(session, user, line)
    assert request.error is None
    return request.arguments


def test_backup_is_an_action_and_a_noun(kept: dict[str, User]) -> None:
    assert registry.find(["backup", "web"])[0].words == "backup"
    assert registry.find(["vm", "backup", "list"])[0].words == "backup"
    assert registry.find(["backup", "list", "web"])[0].words == "backup list"
    assert registry.find(["backup", "0", "-d", "safe"])[1] == ["0", "-d", "safe"]


def test_a_backup_goes_to_the_only_datastore_there_is_for_it(session: Session, kept: dict[str, User]) -> None:
    place = {"datastore_id": 7, "datastore": "safe"}
    assert arguments(session, "backup 0") == place
    assert arguments(session, "backup 0 --incremental --name weekly") == {
        **place, "mode": "incremental", "name": "weekly",
    }  # fmt: skip
    assert arguments(session, "backup 0 --reset")["mode"] == "full"
    assert arguments(session, "backup 0 --keep-last 3")["keep_last"] == 3
    assert isinstance(refused(session, "backup 0 --full --incremental"), Usage)
    with session.write():
        session.execute("UPDATE datastore SET type = 'file' WHERE id = 7")
    assert "there is none for backups" in refused(session, "backup 0").message


def test_who_may_use_a_vm_sees_and_restores_its_backups_and_administrators_delete_them(
    session: Session, kept: dict[str, User]
) -> None:
    owner, stranger = kept["owner"], kept["stranger"]
    assert [row[0] for row in read(session, "backup list", owner).rows] == [5, 4]
    assert read(session, "backup list", stranger).rows == []
    assert read(session, "backup show web-5", owner).documents()["id"] == 5
    with pytest.raises(Denied):
        read(session, "backup show 5", stranger)
    assert arguments(session, "backup restore web-5 --to-image copy")["backup_id"] == 5
    assert isinstance(refused(session, "backup restore 5 --to-image copy", stranger), Denied)
    assert isinstance(refused(session, "backup delete 5", owner), Denied)
    assert arguments(session, "backup delete 4 5") == {"backup_ids": [5, 4]}


def test_a_backup_on_which_another_one_lies_is_not_deleted_alone(session: Session, kept: dict[str, User]) -> None:
    error = refused(session, "backup delete 4")
    assert isinstance(error, Conflict)
    assert (error.code, error.hint) == ("BACKUP_NEEDED", "vmconsole backup delete 5 4")
    assert isinstance(refused(session, "backup delete 9"), NotFound)


def test_a_restore_makes_either_images_or_a_vm(session: Session, kept: dict[str, User]) -> None:
    for line in ("backup restore 5", "backup restore 5 --to-image a --name b", "backup restore 5 --name b --disk 0"):
        assert isinstance(refused(session, line), Usage)
    assert arguments(session, "backup restore 5 --name again --hold") == {
        "backup_id": 5, "image": None, "name": "again", "disk_id": None, "persistent": False, "hold": True,
    }  # fmt: skip


def test_show_tells_the_chain_and_what_was_written_of_each_disk(session: Session, kept: dict[str, User]) -> None:
    document = read(session, "backup show 4").documents()
    assert (document["parent"], document["children"], document["host"]) == (None, [5], "h0")
    assert document["disks"] == [
        {
            "disk_id": 0, "target": "vda", "volume": "backup-4-disk-0", "incremental": False,
            "capacity_bytes": 1 << 30, "size_bytes": 1 << 20,
        }
    ]  # fmt: skip
    listed = read(session, "backup list 0").documents()
    assert [(each["id"], each["parent"], each["disks"][0]["incremental"]) for each in listed] == [
        (5, 4, True), (4, None, False),
    ]  # fmt: skip


def test_only_a_schedule_that_makes_something_keeps_some_of_it(session: Session, kept: dict[str, User]) -> None:
    made = arguments(session, f"backup 0 --incremental --keep-last 7 --keep-days 30 {ONCE}")
    assert (made["action"], made["args"]) == ("backup", ["7", "incremental"])
    assert (made["keep_last"], made["keep_days"]) == (7, 30)
    assert arguments(session, f"schedule create 0 snapshot-create --keep-last 2 {ONCE}")["keep_last"] == 2
    assert arguments(session, f"disk-snapshot-create 0 0 daily --keep-days 2 {ONCE}")["keep_days"] == 2
    assert isinstance(refused(session, f"schedule create 0 suspend --keep-last 2 {ONCE}"), Usage)
    assert isinstance(refused(session, "snapshot-create 0 --keep-last 2"), Usage)


def test_what_a_schedule_keeps_is_shown_and_changed(session: Session, kept: dict[str, User]) -> None:
    rows.insert(
        session, "schedule", id=3, vm_id=0, number=0, action="backup", arguments='["7"]', time=NOW + DAY,
        next=NOW + DAY, time_zone="UTC", user_id=0, keep_last=7,
    )  # fmt: skip
    shown = read(session, "schedule show 0 0")
    assert dict(shown.blocks[0].fields)["KEEPS"] == "the last 7"
    assert (shown.documents()["keep_last"], shown.documents()["keep_days"]) == (7, None)
    changed = arguments(session, "schedule update 0 0 --keep-days 14")
    assert (changed["keep_last"], changed["keep_days"], changed["args"]) == (7, 14, ["7"])
    assert arguments(session, "schedule update 0 0 --keep-last 0")["keep_last"] is None


def test_a_vm_in_any_other_state_is_not_backed_up(session: Session, kept: dict[str, User]) -> None:
    rows.vm(session, 1, "asleep", at.SUSPENDED, host_id=0)
    (request,) = prepared(session, ROOT, "backup 1")
    assert isinstance(request.error, Conflict)
