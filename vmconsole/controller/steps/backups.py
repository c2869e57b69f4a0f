"""The step that backs a VM up: by the hypervisor while it runs, by copying its volumes while it is off.

Each disk becomes one qcow2 volume of the backup datastore; an increment is an overlay on the one before.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from backends.base import BackendError, Unreachable
from vmconsole.controller import backup_record
from vmconsole.controller.backup_entries import backed_up
from vmconsole.controller.backup_plan import Plan, full, planned
from vmconsole.controller.copying import copy_all
from vmconsole.controller.lease import LeaseLost
from vmconsole.controller.volumes import ready_pool
from vmconsole.errors import Conflict, Failed, Internal, VmconsoleError
from vmconsole.lifecycle import states as at
from vmconsole.templates.vm import backup_spec

if TYPE_CHECKING:
    from typing import Any

    from vmconsole.controller.backup_record import Backup
    from vmconsole.controller.steps import Effect
    from vmconsole.controller.vm_record import Disk
    from vmconsole.controller.work import Work
    from vmconsole.store.session import Store

log = logging.getLogger(__name__)


async def back_up(work: Work) -> Effect:
    """Write what the VM's disks are at one moment into the backup datastore (ON-040).

    What fails or is called off leaves nothing there. Of an interrupted attempt what the hypervisor has finished, or is
    still at, counts; anything else is begun anew.

    Raises:
        Failed: OP_CANCELLED, it was called off. Conflict: a disk cannot be read while the VM is off.
    """
    backup = backup_record.under_way(work.around.store, work.vm.id)
    if backup is None:
        raise Internal(f"operation {work.job.id} makes a backup that has no record")
    pool = await ready_pool(work.around, work.host, backup.datastore_id)
    make = _copy if work.job.position is at.BACKUP_POWEROFF else _write
    try:
        plan, frozen = await make(work, backup, pool)
        sizes = {disk.disk_id: await _size(work, pool, disk.volume) for disk in plan.disks}
    except (Unreachable, LeaseLost):
        raise
    except (BackendError, VmconsoleError):
        await _discard(work, backup, pool)
        raise

    def effect(store: Store) -> dict[str, Any]:
        backup_record.complete(store, backup, sizes, closed=plan.closed)
        store.execute("UPDATE backup SET frozen = ? WHERE id = ?", (int(frozen), backup.id))
        return {
            "backup_id": backup.id, "name": backup.name, "incremental": plan.parent_id is not None,
            "parent": plan.parent_id, "frozen": frozen, "size_bytes": sum(sizes.values()), "remarks": plan.remarks,
        }  # fmt: skip

    return effect


# While it runs --------------------------------------------------------------------------------------------------


async def _write(work: Work, backup: Backup, pool: str) -> tuple[Plan, bool]:
    """Have the hypervisor write what the disks were when it began; whether file systems were frozen then."""
    found = await _earlier(work, backup) if work.job.again else None
    if found is None:
        if work.job.again:
            await work.host.abort_job(work.vm.uuid)
            await work.host.settle(work.vm.uuid)
            await _discard(work, backup, pool)
        found = await _begin(work, backup, pool)
        if work.job.cancelled:  # between the last look at that and the beginning there was no job to abort
            await work.host.abort_job(work.vm.uuid)
        await work.host.backup_wait(work.vm.uuid, work.job.report)
    await _drop_marks(work, but=backup.mark)
    return found


async def _earlier(work: Work, backup: Backup) -> tuple[Plan, bool] | None:
    """See an attempt through that the hypervisor is still at, or has finished; None when there is no such."""
    await work.host.thaw(work.vm.uuid)  # whoever froze them may have been killed before it could
    if backup.mark not in await work.host.checkpoints(work.vm.uuid):
        return None
    try:
        await work.host.backup_wait(work.vm.uuid, work.job.report)
    except Unreachable:
        raise
    except BackendError as error:
        if work.job.cancelled:
            raise
        log.warning("%s: %s is made anew: %s", work.vm.label, backup.label, error.message)
        return None
    rows = work.around.store.query("SELECT frozen FROM backup WHERE id = ?", (backup.id,))
    return Plan(backup.parent_id, backup.disks, []), bool(rows[0][0])


async def _begin(work: Work, backup: Backup, pool: str) -> tuple[Plan, bool]:
    """Begin with as little as can be written; what the hypervisor does not do as an increment becomes a full one."""
    plan = planned(work, backup, await work.host.checkpoints(work.vm.uuid))
    try:
        return plan, await _start(work, backup, pool, plan)
    except Unreachable:
        raise
    except BackendError as error:
        if plan.parent_id is None:
            raise
        await _discard(work, backup, pool)
        plan = full(work, backup, f"this one is full: {error.message}")
    return plan, await _start(work, backup, pool, plan)


async def _start(work: Work, backup: Backup, pool: str, plan: Plan) -> bool:
    _heed(work)
    with work.around.journal.write() as store:
        backup_record.plan(store, backup, plan.parent_id, plan.disks)
    frozen = await work.host.backup_begin(
        work.vm.uuid,
        {disk.target: (pool, disk.volume) for disk in plan.disks},
        checkpoint=backup.mark,
        incremental_from=plan.mark,
        lying_on={target: (pool, volume) for target, volume in plan.lying_on.items()},
        quiesce=backup_spec(work.vm.template).freeze,
    )
    if frozen:
        with work.around.journal.write() as store:
            store.execute("UPDATE backup SET frozen = 1 WHERE id = ?", (backup.id,))
    return frozen


async def _drop_marks(work: Work, but: str) -> None:
    """Delete our marks that no increment needs any more: each costs the guest a little with every write."""
    for mark in await work.host.checkpoints(work.vm.uuid):
        if mark.startswith(backup_record.MARK) and mark != but:
            await _drop_mark(work, mark)


async def _drop_mark(work: Work, mark: str) -> None:
    """Delete a mark; one that cannot be deleted, of a guest that went off meanwhile, goes with the next backup."""
    try:
        await work.host.delete_checkpoint(work.vm.uuid, mark)
    except Unreachable:
        raise
    except BackendError as error:
        log.warning("%s: the mark %s was left: %s", work.vm.label, mark, error.message)


# While it is off ------------------------------------------------------------------------------------------------


async def _copy(work: Work, backup: Backup, pool: str) -> tuple[Plan, bool]:
    """Copy the volumes one after the other. It can be called off between two of them."""
    plan = full(work, backup, "")
    with work.around.journal.write() as store:
        backup_record.plan(store, backup, None, plan.disks)
    pairs = [
        (await _source(work, disk), (pool, backup.volume(disk.disk_id)))
        for disk in backed_up(work.vm, backup_spec(work.vm.template))
    ]
    await copy_all(work.host, pairs, work.job.report, partial(_heed, work))
    _heed(work)
    return replace(plan, closed="a copy of a VM that is off leaves no mark"), False


async def _source(work: Work, disk: Disk) -> tuple[str, str]:
    """Pool and volume of a disk's file. Raises Conflict: it lies in none of the host's pools."""
    folder, _, name = disk.path.rpartition("/")
    for pool in await work.host.pools():
        if pool.path.rstrip("/") == folder:
            return pool.name, name
    raise Conflict(
        f"{work.vm.label}: disk {disk.target} lies in no pool of host {work.host.name}",
        code="DISK_KIND", hint="back it up while the VM runs",
    )  # fmt: skip


# Either way -----------------------------------------------------------------------------------------------------


def _heed(work: Work) -> None:
    if work.job.cancelled:
        raise Failed(f"{work.vm.label}: its backup was called off", code="OP_CANCELLED")


async def _size(work: Work, pool: str, name: str) -> int:
    """Bytes that a volume takes. Raises Failed: it is not there."""
    volume = await work.host.volume(pool, name)
    if volume is None:
        raise Failed(f"{work.vm.label}: host {work.host.name} has lost the volume {name}", code="VOLUME_LOST")
    return volume.allocation_bytes


async def _discard(work: Work, backup: Backup, pool: str) -> None:
    """Remove what there is of a backup that has not become whole. What cannot be removed is logged."""
    for disk in backed_up(work.vm, backup_spec(work.vm.template)):
        try:
            await work.host.delete_volume(pool, backup.volume(disk.disk_id))
        except Unreachable:
            raise
        except BackendError as error:
            log.warning("%s: %s was left: %s", work.vm.label, backup.volume(disk.disk_id), error.message)
    await _drop_mark(work, backup.mark)
