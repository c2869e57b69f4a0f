"""The records of system snapshots, which hold a running VM's memory and all its disks."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from vmconsole.controller import vm_record
from vmconsole.controller.retention import schedule_of
from vmconsole.errors import BadInput, Conflict, NotFound
from vmconsole.lifecycle.steps import Entry

if TYPE_CHECKING:
    from vmconsole.controller.job import Job
    from vmconsole.store.session import Store

HYPERVISOR_ID = "onesnap-"
"""What the names of our snapshots begin with where the hypervisor keeps them; others are left alone."""
LONGEST_NAME = 128


def open_snapshot(store: Store, job: Job) -> dict[str, Any]:
    """A new system snapshot; without a name it is called after its id (ON-127).

    Raises:
        Conflict: a disk cannot hold it, or has a tree (ON-131).
    """
    vm = vm_record.load(store, job.vm_id)
    given = job.arguments.get("name")
    taken = store.query("SELECT MAX(snapshot_id) FROM system_snapshot WHERE vm_id = ?", (vm.id,))[0][0]
    number = 0 if taken is None else taken + 1
    name = f"snapshot-{number}" if given is None else checked_name(given)
    written = [disk for disk in vm.disks if not disk.readonly]
    wrong = next((disk for disk in written if disk.format != "qcow2"), None)
    if wrong is not None or not written:
        seen = f"disk {wrong.disk_id} is {wrong.format}" if wrong is not None else "there is none"
        raise Conflict(f"a system snapshot lies in the disks, which must all be qcow2: {seen}", code="DISK_KIND")
    if store.query("SELECT 1 FROM disk_snapshot WHERE vm_id = ?", (vm.id,)):
        raise Conflict(
            f"{vm.label} has disk snapshots, which a revert to a system snapshot would make unusable",
            code="SNAPSHOTS_MIXED", hint=f"snapshot its disks: vmconsole disk-snapshot-create {vm.id} DISK NAME",
        )  # fmt: skip
    store.execute(
        "INSERT INTO system_snapshot (vm_id, snapshot_id, name, created, hypervisor_id, configuration, schedule_id)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            vm.id, number, name, int(time.time()), f"{HYPERVISOR_ID}{number}", json.dumps(vm.configuration),
            schedule_of(store, job),
        ),
    )  # fmt: skip
    return {"snapshot_id": number, "hypervisor_id": f"{HYPERVISOR_ID}{number}"}


def name_snapshot(store: Store, job: Job) -> dict[str, Any]:
    """The system snapshot the operation is about, by id or by name."""
    rows = store.query("SELECT snapshot_id, name, hypervisor_id FROM system_snapshot WHERE vm_id = ?", (job.vm_id,))
    number, hypervisor_id = chosen(rows, str(job.arguments["snapshot"]), f"VM {job.vm_id}")
    return {"snapshot_id": number, "hypervisor_id": hypervisor_id}


def settle_snapshot(store: Store, job: Job, entry: Entry) -> None:
    """Keep the system snapshot, or take it off the list."""
    if entry is Entry.REMOVE:
        store.execute(
            "DELETE FROM system_snapshot WHERE vm_id = ? AND snapshot_id = ?", (job.vm_id, job.arguments["snapshot_id"])
        )


# Names ----------------------------------------------------------------------------------------------------------


def chosen(rows: list[tuple[Any, ...]], text: str, whose: str) -> tuple[int, str]:
    """Id and third column of the one row (id, name, …) that the text means: an id before a name."""
    found = [row for row in rows if str(row[0]) == text] or [row for row in rows if row[1] == text]
    if not found:
        raise NotFound(f"{whose} has no snapshot {text!r}", code="NO_SNAPSHOT")
    if len(found) > 1:
        ids = ", ".join(str(row[0]) for row in found)
        raise Conflict(f"{whose} has several snapshots {text!r}: name one by its id ({ids})", code="SNAPSHOT_AMBIGUOUS")
    return int(found[0][0]), str(found[0][2])


def checked_name(given: object) -> str:
    name = str(given).strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise BadInput(f"a snapshot's name has 1 to {LONGEST_NAME} printable characters", code="INPUT_NAME")
    return name
