"""libvirt's own snapshots of a domain, by their own names: for domains that others made, and for whoever prefers them.

They lie in the disks' files as our system snapshots do, and are subject to the same rule: none beside a disk's tree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from backends.base import InvalidInput
from vmconsole.controller import vm_record
from vmconsole.controller.snapshot_entries import HYPERVISOR_ID, checked_name
from vmconsole.controller.steps import snapshots
from vmconsole.controller.work import Work
from vmconsole.errors import BadInput, Conflict, NotFound
from vmconsole.lifecycle import states as at

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from backends.base import SnapshotSeen
    from vmconsole.controller.job import Job
    from vmconsole.controller.steps import Effect
    from vmconsole.controller.work import Surroundings


async def read(job: Job, around: Surroundings) -> Effect:
    """All snapshots of the domain, parents before children (LV-030); of the one that is named, its description too."""
    work = _work(job, around)
    found = await work.host.snapshots(work.vm.uuid)
    name = job.arguments.get("name")
    if name is None:
        return lambda store: {"snapshots": [_document(one) for one in found]}
    one = _one(found, str(name), work)
    return lambda store: {"snapshots": [_document(one)], "xml": one.xml}


async def create(job: Job, around: Surroundings) -> Effect:
    """Take one; without a name it is called after the time, in Unix seconds (LV-029).

    Raises:
        Conflict: there is one of the name, or a disk has a tree.
        BadInput: the name is none, or begins as those of our system snapshots do.
    """
    work = _work(job, around)
    _require_no_tree(work)
    name = checked_name(job.arguments.get("name") or int(job.arguments["asked"]))
    if name.startswith(HYPERVISOR_ID):
        raise BadInput(f"names of vmconsole's own snapshots begin with {HYPERVISOR_ID}", code="INPUT_NAME")
    taken = {one.name for one in await work.host.snapshots(work.vm.uuid)}
    if name in taken and not job.again:
        raise Conflict(f"{work.vm.label} has a snapshot {name!r} already", code="SNAPSHOT_DUPLICATE")
    made = await work.host.create_snapshot(work.vm.uuid, name, str(job.arguments.get("description") or ""))
    return lambda store: {"snapshot": made.name}


async def revert(job: Job, around: Surroundings) -> Effect:
    """Make the domain what it was then, power included (LV-031). What has changed since is lost (LV-013).

    Raises:
        Conflict: a disk has a tree, the memory is saved, or the domain had other disks.
        UnknownOutcome: it was interrupted, and nobody knows whether it was done.
    """
    work = _work(job, around)
    _require_no_tree(work)
    _require_awake(work)
    name = await _foreign(work)
    await snapshots.revert(work, name, run=job.arguments.get("run"))
    return lambda store: {"snapshot": name}


async def delete(job: Job, around: Surroundings) -> Effect:
    """Delete one; its children get its parent, unless they go too (LV-032).

    Raises:
        Conflict: it is one of vmconsole's system snapshots, or such a one would go with it.
    """
    work = _work(job, around)
    name, children = str(job.arguments["name"]), bool(job.arguments.get("children"))
    found = await work.host.snapshots(work.vm.uuid)
    if job.again and name not in {one.name for one in found}:
        return lambda store: {"snapshot": name}
    name = await _foreign(work)
    ours = [one for one in _below(found, name) if one.startswith(HYPERVISOR_ID)] if children else []
    if ours:
        raise Conflict(
            f"vmconsole's own snapshot {ours[0]} would go with it",
            code="SNAPSHOT_OURS", hint=f"delete that first: vmconsole snapshot-delete {work.vm.id} ID",
        )  # fmt: skip
    await work.host.delete_snapshot(
        work.vm.uuid, name, children=children, metadata_only=bool(job.arguments.get("metadata"))
    )
    return lambda store: {"snapshot": name}


async def redefine(job: Job, around: Surroundings) -> Effect:
    """Make a snapshot known again whose data the disks hold, from the description that was kept of it.

    Raises:
        BadInput: it describes no snapshot of the domain. Conflict: a disk has a tree.
    """
    work = _work(job, around)
    _require_no_tree(work)
    before = {one.name for one in await work.host.snapshots(work.vm.uuid)}
    text, current = str(job.arguments["xml"]), bool(job.arguments.get("current"))
    try:
        await work.host.redefine_snapshot(work.vm.uuid, text, current=current)
    except InvalidInput as error:
        raise BadInput(error.message, code="INPUT_XML") from error
    known = [one.name for one in await work.host.snapshots(work.vm.uuid)]
    made = next((name for name in known if name not in before), known[-1])
    return lambda store: {"snapshot": made}


def _work(job: Job, around: Surroundings) -> Work:
    """The VM's domain, where it is. Raises Conflict: the VM is on no host. Unavailable: its host is silent."""
    vm = vm_record.load(around.store, job.arguments.get("vm_id", job.vm_id))
    if vm.host_id is None:
        raise Conflict(f"{vm.label} is on no host: it has no domain", code="NO_DOMAIN")
    return Work(job, vm, around.fleet.link(vm.host_id).require_up(), vm.host_id, around)


def _require_no_tree(work: Work) -> None:
    if work.around.store.query("SELECT 1 FROM disk_snapshot WHERE vm_id = ?", (work.vm.id,)):
        raise Conflict(
            f"{work.vm.label} has disk snapshots, which a snapshot of the whole domain would make unusable",
            code="SNAPSHOTS_MIXED", hint=f"snapshot its disks: vmconsole disk-snapshot-create {work.vm.id} DISK NAME",
        )  # fmt: skip


def _require_awake(work: Work) -> None:
    """A revert under saved memory would give that memory other disks."""
    suspended = "SELECT 1 FROM vm WHERE id = ? AND state = ? AND lcm_state = ? AND paused = 0"
    if work.around.store.query(suspended, (work.vm.id, *at.SUSPENDED.numbers)):
        raise Conflict(
            f"{work.vm.label} is suspended, and its memory belongs to its disks as they are now",
            code="MEMORY_SAVED", hint=f"vmconsole resume {work.vm.id}",
        )  # fmt: skip


async def _foreign(work: Work) -> str:
    """The name that the operation is about. Raises NotFound; Conflict: vmconsole keeps account of that one itself."""
    one = _one(await work.host.snapshots(work.vm.uuid), str(work.job.arguments["name"]), work)
    rows = work.around.store.query(
        "SELECT snapshot_id FROM system_snapshot WHERE vm_id = ? AND hypervisor_id = ?", (work.vm.id, one.name)
    )
    if rows:
        verb = work.job.command.rpartition(".")[2]
        raise Conflict(
            f"{one.name} is vmconsole's own snapshot {rows[0][0]}",
            code="SNAPSHOT_OURS", hint=f"vmconsole {verb} {work.vm.id} {rows[0][0]}",
        )  # fmt: skip
    return one.name


def _one(found: Sequence[SnapshotSeen], name: str, work: Work) -> SnapshotSeen:
    one = next((seen for seen in found if seen.name == name), None)
    if one is None:
        raise NotFound(
            f"the domain of {work.vm.label} has no snapshot {name!r}",
            code="NO_SNAPSHOT", hint=f"vmconsole domain snapshot-list {work.vm.id}",
        )  # fmt: skip
    return one


def _below(found: Sequence[SnapshotSeen], name: str) -> list[str]:
    """The snapshots that lie on another, directly or not."""
    below = [name]
    for one in found:  # parents come first
        if one.parent in below:
            below.append(one.name)
    return below[1:]


def _document(seen: SnapshotSeen) -> dict[str, Any]:
    return {
        "name": seen.name, "parent": seen.parent or None, "current": seen.current, "time": seen.created,
        "state": seen.power.name.lower(), "memory": seen.has_memory, "description": seen.description,
    }  # fmt: skip
