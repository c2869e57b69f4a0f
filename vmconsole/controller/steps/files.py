"""Steps that make, move and remove what a VM needs on a host: volumes, saved memory, the definition."""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from backends.base import BackendError, VolumeSeen
from vmconsole.controller import history, vm_record
from vmconsole.controller.steps.context import write_context
from vmconsole.controller.steps.gathering import (
    gather,
    place_here,
    record_checkpoint,
    record_datastore,
    remove_left,
)
from vmconsole.controller.steps.snapshots import drop_snapshots
from vmconsole.controller.volumes import (
    IMAGES,
    bring,
    datastore_of,
    disk_volume,
    image_on,
    image_volume,
    ready_pool,
    record_volume,
)
from vmconsole.errors import Conflict, NotFound, VmconsoleError
from vmconsole.lifecycle import states as at
from vmconsole.lifecycle.transfers import DEFINITION, MEMORY, disk_part

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from vmconsole.controller.steps import Effect
    from vmconsole.controller.vm_record import Disk, VmRecord
    from vmconsole.controller.work import Surroundings, Work
    from vmconsole.store.session import Store

log = logging.getLogger(__name__)


async def prolog(work: Work) -> Effect:
    """Give the VM its disks on the host: overlays on images, images in place, empty volumes (ON-004, ON-105)."""
    datastore_id = work.vm.goal_datastore_id
    pool = await ready_pool(work.around, work.host, datastore_id)
    placed = []
    for disk in work.vm.disks:
        if not disk.foreign:
            make = brought_by_hand if work.job.skips(disk_part(disk.disk_id)) else place
            placed.append((disk, await make(work, disk, pool)))

    def effect(store: Store) -> None:
        for disk, volume in placed:
            record_place(store, work, disk, volume)
        record_datastore(store, work.vm.id, datastore_id)

    return effect


def record_place(store: Store, work: Work, disk: Disk, volume: VolumeSeen) -> None:
    """Write where a disk's volume lies and how large it is, and the same of the image it is or lies on."""
    record_volume(store, work.vm.id, disk, volume, work.host_id)
    store.execute(
        "UPDATE disk SET size_bytes = ? WHERE vm_id = ? AND disk_id = ?",
        (volume.capacity_bytes, work.vm.id, disk.disk_id),
    )
    if disk.persistent:
        store.execute("UPDATE image SET size_bytes = ? WHERE id = ?", (volume.capacity_bytes, disk.image_id))


async def place(work: Work, disk: Disk, pool: str) -> VolumeSeen:
    """One disk's volume on the host: made, found, or brought there; what an interrupted run made is found again."""
    name = disk_volume(work.vm.id, disk.disk_id)
    if disk.type == "context":
        return await write_context(work, pool, name)
    if disk.image_id is None:
        return await work.host.create_volume(pool, name, capacity_bytes=disk.size_bytes, format=disk.format)
    if disk.persistent:
        images = await ready_pool(work.around, work.host, IMAGES)
        rows = work.around.store.query("SELECT host_id, volume FROM image_copy WHERE image_id = ?", (disk.image_id,))
        source, top = rows[0] if rows else (None, image_volume(disk.image_id))
        for node in disk.frozen:
            await bring(work.around, images, node, source, work.host, work.job.report)
        found = await bring(work.around, images, top, source, work.host, work.job.report)
        return await _grown(work, found, disk.size_bytes)
    image = await image_on(work.around, disk.image_id, work.host, work.host_id, work.job.report)
    if disk.type == "cdrom":
        return image
    return await work.host.create_volume(
        pool,
        name,
        capacity_bytes=max(disk.size_bytes, image.capacity_bytes),
        format="qcow2",
        backing=image.path,
        backing_format=image.format,
    )


async def brought_by_hand(work: Work, disk: Disk, pool: str) -> VolumeSeen:
    """The disk's volume, which is there although nobody here has made it. Raises Conflict: it is not there."""
    name = image_volume(disk.image_id) if disk.image_id is not None and disk.in_place else None
    if name is not None:
        pool = await ready_pool(work.around, work.host, IMAGES)
    name = name or disk_volume(work.vm.id, disk.disk_id)
    found = await work.host.volume(pool, name)
    if found is None:
        raise _missing(work, name)
    return found


def _missing(work: Work, name: str) -> Conflict:
    """What was to be brought by hand is not there."""
    return Conflict(f"volume {name} is not on host {work.host.name}, and is not to be made", code="VOLUME_LOST")


async def _grown(work: Work, volume: VolumeSeen, size_bytes: int) -> VolumeSeen:
    """The volume with at least this size: a disk may be asked for larger than its image (ON-135, ON-137)."""
    if volume.capacity_bytes >= size_bytes:
        return volume
    await work.host.resize_volume(volume.pool, volume.name, size_bytes)
    return replace(volume, capacity_bytes=size_bytes)


async def fetch(work: Work) -> Effect:
    """Bring a stopped or undeployed VM's volumes, and its saved memory, from the host where they lie."""
    here = place_here(work)
    if work.job.position is at.PROLOG_RESUME and work.vm.checkpoint_host_id is None:
        work.vm = await _memory_saved_by_hand(work)
    await remove_left(work, await gather(work, here))
    return lambda store: record_datastore(store, work.vm.id, here.datastore_id)


async def _memory_saved_by_hand(work: Work) -> VmRecord:
    """The stopped VM with its saved memory, if an operator who took the stop as succeeded has made the file."""
    vm, host_id = work.vm, history.last_host_with(work.around.store, work.vm.id, "stop")
    if host_id is None:
        return vm
    host = work.around.fleet.link(host_id).require_up()
    pool = await ready_pool(work.around, host, vm.datastore_id)
    if await host.volume(pool, vm.checkpoint) is None:
        return vm
    with work.around.journal.write() as store:
        record_checkpoint(store, vm.id, host_id, vm.datastore_id)
    return vm_record.load(work.around.store, vm.id)


async def store(work: Work) -> Effect | None:
    """Take the VM off the host. Its files stay there until another host asks for them; its definition goes.

    A domain that was imported keeps its definition: we did not write it and could not write it again.
    """
    if work.vm.imported:
        return None
    stopping = work.job.position is at.EPILOG_STOP
    pool = await ready_pool(work.around, work.host, work.vm.datastore_id)
    if stopping and await work.host.volume(pool, work.vm.checkpoint) is None:
        if work.job.skips(MEMORY):
            raise _missing(work, work.vm.checkpoint)
        # It was suspended: its memory is a managed save, which cannot leave the host.
        await work.host.save_to(work.vm.uuid, pool, work.vm.checkpoint, work.job.report)
    if not work.job.skips(DEFINITION):
        await work.host.undefine(work.vm.uuid)
    if not stopping:
        return None
    return lambda table: record_checkpoint(table, work.vm.id, work.host_id, work.vm.datastore_id)


async def epilog(work: Work) -> Effect:
    """The VM is over: remove its definition and the volumes that were made for it; images in place stay."""
    if not work.job.skips(DEFINITION):
        await work.host.undefine(work.vm.uuid)
    await remove_files(work.around, work.vm, work.host_id, left=work.job.skips)
    return lambda table: forget_files(table, work.vm.id)


async def cleanup(work: Work) -> Effect:
    """Clear a VM away from wherever it was. What cannot be cleared is logged: nobody waits for this (ON-102)."""
    uuid = work.vm.uuid
    for clear in (partial(work.host.destroy, uuid), partial(drop_snapshots, work), partial(work.host.undefine, uuid)):
        try:
            await clear()
        except BackendError as error:
            log.warning("%s: clean-up on %s: %s", work.vm.label, work.host.name, error.message)
    try:
        await remove_files(work.around, work.vm, work.host_id)
    except (BackendError, VmconsoleError) as error:
        log.warning("%s: clean-up on %s: %s", work.vm.label, work.host.name, error.message)
    if work.vm.target_host_id is not None:
        await _clear_target(work, work.vm.target_host_id)
    return lambda table: forget_files(table, work.vm.id)


async def _clear_target(work: Work, host_id: int) -> None:
    """Remove what a move that was cut short had brought to the host it was to."""
    vm = work.vm
    try:
        host = work.around.fleet.link(host_id).require_up()
        pool = await ready_pool(work.around, host, vm.goal_datastore_id)
        if host is not work.host:
            await host.destroy(vm.uuid)
            await host.undefine(vm.uuid)
        for name in (*(name for disk in vm.disks if not disk.in_place for name in made_for(vm, disk)), vm.checkpoint):
            await host.delete_volume(pool, name)
    except (BackendError, VmconsoleError) as error:
        log.warning("%s: clean-up on its next host: %s", vm.label, error.message)


async def remove_files(
    around: Surroundings, vm: VmRecord, host_id: int | None, *, left: Callable[[str], bool] = lambda part: False
) -> None:
    """Delete what was made for a VM: its volumes and its saved memory, on whichever host each lies.

    Args:
        host_id: where to look for what is not known to lie anywhere: a step may have been interrupted.
        left: whether a part, as `transfers` calls it, is left where it is.
    """
    for disk in vm.disks:
        if not disk.in_place and not left(disk_part(disk.disk_id)):
            known = disk.host_id is not None
            for volume in made_for(vm, disk):
                await _remove(
                    around, volume, disk.host_id if known else host_id,
                    datastore_of(disk) if known else vm.goal_datastore_id,
                )  # fmt: skip
    if not left(MEMORY):
        memory = vm.checkpoint_host_id if vm.checkpoint_host_id is not None else host_id
        await _remove(around, vm.checkpoint, memory, vm.checkpoint_datastore)


def made_for(vm: VmRecord, disk: Disk) -> tuple[str, ...]:
    """The volumes of a disk, each before the one it lies on; also the layer that an interrupted step may have made."""
    first = disk.volume or disk_volume(vm.id, disk.disk_id)
    if not disk.newest_layer:
        return (first,)
    newest = disk_volume(vm.id, disk.disk_id, disk.newest_layer)
    return tuple(dict.fromkeys((newest, first, *reversed(disk.frozen))))


async def _remove(around: Surroundings, volume: str, host_id: int | None, datastore_id: int) -> None:
    """Delete a volume; on a host that was let go it is not ours any more."""
    if host_id is None:
        return
    try:
        host = around.fleet.link(host_id).require_up()
    except NotFound:
        return
    await host.delete_volume(await ready_pool(around, host, datastore_id), volume)


def forget_files(table: Store, vm_id: int) -> dict[str, Any]:
    """The record of what `remove_files` removed."""
    table.execute(
        "UPDATE disk SET volume = '', path = '', host_id = NULL"
        " WHERE vm_id = ? AND type <> 'foreign' AND (persistent = 0)",
        (vm_id,),
    )
    table.execute(
        "DELETE FROM disk_snapshot WHERE vm_id = ?"
        " AND disk_id NOT IN (SELECT disk_id FROM disk WHERE vm_id = ? AND persistent = 1)",
        (vm_id, vm_id),
    )
    table.execute("DELETE FROM system_snapshot WHERE vm_id = ?", (vm_id,))
    table.execute("UPDATE vm SET deploy_id = '', checkpoint_host_id = NULL WHERE id = ? AND imported = 0", (vm_id,))
    return {}
