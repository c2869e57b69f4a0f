"""Steps that take a VM from one host to another."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from backends.base import BackendError, DiskMove
from vmconsole.controller.domain_spec import domain_spec
from vmconsole.controller.steps.files import gather, record_volume
from vmconsole.controller.steps.snapshots import snapshots_set_aside
from vmconsole.controller.volumes import IMAGES, SYSTEM, image_on, ready_pool
from vmconsole.errors import Failed
from vmconsole.lifecycle import states as at

if TYPE_CHECKING:
    from backends.base import Host, VolumeSeen
    from vmconsole.controller.steps import Effect
    from vmconsole.controller.vm_record import Disk
    from vmconsole.controller.work import Work
    from vmconsole.store.session import Store

log = logging.getLogger(__name__)


async def transfer(work: Work) -> Effect:
    """Take a VM that is not running off its host, and have its files on the one it goes to (ON-092, ON-093).

    A suspended VM's memory is a managed save, which cannot leave the host: it is made a file first. A VM that stays off
    is defined on the other host at once, for virsh to see; one that boots there is defined by that.
    """
    vm, target_id = work.vm, work.vm.target_host_id
    if target_id is None:
        raise Failed(f"{vm.label}: the host it was to move to is gone", code="NO_HOST")
    target = work.around.fleet.link(target_id).require_up()
    pool = await ready_pool(work.around, work.host, SYSTEM)
    suspended = work.job.position is at.PROLOG_MIGRATE_SUSPEND
    if suspended and vm.checkpoint_host_id is None:
        if await work.host.volume(pool, vm.checkpoint) is None:
            await work.host.save_to(vm.uuid, pool, vm.checkpoint, work.job.report)
        vm = vm.with_checkpoint_on(work.host_id)
    await work.host.undefine(vm.uuid)
    there, effect = await gather(work, vm, target, target_id)
    if suspended or work.job.position is at.PROLOG_MIGRATE_POWEROFF:
        await target.define(domain_spec(there, instance=work.around.instance, operation=work.job.id))
    return effect


async def migrate_live(work: Work) -> Effect:
    """Take a running VM to another host, disks and all, without stopping it (ON-091).

    What lies under its disks is brought there first; libvirt copies the disks themselves while the guest goes on. The
    old files go only when the domain runs on the new host.

    Raises:
        Failed: MIGRATION_PROBLEMS, what would make it fail; nothing was begun.
    """
    vm, target_id = work.vm, work.vm.target_host_id
    if target_id is None:
        raise Failed(f"{vm.label}: the host it was to move to is gone", code="NO_HOST")
    target = work.around.fleet.link(target_id).require_up()
    disks = [disk for disk in vm.disks if not disk.foreign and disk.volume]
    copies = [move for disk in disks if (move := await _move(work, disk, target, target_id)) is not None]
    async with snapshots_set_aside(work):
        problems = await work.host.migration_problems(vm.uuid, target, copies=copies)
        if problems:
            raise Failed(f"{vm.label} cannot migrate live: {'; '.join(problems)}", code="MIGRATION_PROBLEMS")
        await work.host.migrate_live(vm.uuid, target, copies=copies, progress=work.job.report)
    arrived = [(disk, await _arrived(work, disk, target)) for disk in disks]
    await _remove_left_behind(work, disks)

    def effect(store: Store) -> dict[str, object]:
        for disk, volume in arrived:
            record_volume(store, vm.id, disk, volume, target_id)
        return {"host": target.name}

    return effect


async def _pool_of(work: Work, disk: Disk, host: Host) -> str:
    return await ready_pool(work.around, host, IMAGES if disk.persistent or disk.type == "cdrom" else SYSTEM)


async def _move(work: Work, disk: Disk, target: Host, target_id: int) -> DiskMove | None:
    """How a disk goes along: copied by libvirt, on top of its image there; read-only ones are brought beforehand."""
    pool = await _pool_of(work, disk, target)
    if disk.type == "cdrom" and disk.image_id is not None:
        await image_on(work.around, disk.image_id, target, target_id, work.job.report)
        return None
    if disk.type == "context":
        if await target.volume(pool, disk.volume) is None:
            await work.host.send_volume(pool, disk.volume, target, pool, disk.volume, work.job.report)
        return None
    backing = ""
    if disk.image_id is not None and not disk.persistent:
        backing = (await image_on(work.around, disk.image_id, target, target_id, work.job.report)).path
    return DiskMove(disk.target, pool, disk.volume, backing)


async def _arrived(work: Work, disk: Disk, target: Host) -> VolumeSeen:
    volume = await target.volume(await _pool_of(work, disk, target), disk.volume)
    if volume is None:
        raise Failed(f"{work.vm.label} runs on {target.name}, and its disk {disk.target} is not seen there")
    return volume


async def _remove_left_behind(work: Work, disks: list[Disk]) -> None:
    """The files on the old host, which nobody uses any more. One that cannot be removed is logged: the VM has moved."""
    for disk in disks:
        if disk.type == "cdrom":
            continue
        try:
            await work.host.delete_volume(await _pool_of(work, disk, work.host), disk.volume)
        except BackendError as error:
            log.warning("%s: %s was left on %s: %s", work.vm.label, disk.volume, work.host.name, error.message)
