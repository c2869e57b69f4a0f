"""Steps that make, move and remove what a VM needs on a host: volumes, saved memory, the definition."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from backends.base import BackendError, VolumeSeen
from vmconsole.controller.steps.context import write_context
from vmconsole.controller.steps.snapshots import drop_snapshots
from vmconsole.controller.volumes import (
    IMAGES,
    SYSTEM,
    bring,
    disk_volume,
    image_on,
    image_volume,
    ready_pool,
    record_copy,
)
from vmconsole.errors import NotFound, VmconsoleError
from vmconsole.lifecycle import states as at

if TYPE_CHECKING:
    from typing import Any

    from backends.base import Host
    from vmconsole.controller.steps import Effect
    from vmconsole.controller.vm_record import Disk, VmRecord
    from vmconsole.controller.work import Surroundings, Work
    from vmconsole.store.session import Store

log = logging.getLogger(__name__)


async def prolog(work: Work) -> Effect:
    """Give the VM its disks on the host: overlays on images, images in place, empty volumes (ON-004, ON-105)."""
    pool = await ready_pool(work.around, work.host, SYSTEM)
    placed = [(disk, await place(work, disk, pool)) for disk in work.vm.disks if not disk.foreign]

    def effect(store: Store) -> None:
        for disk, volume in placed:
            record_place(store, work, disk, volume)

    return effect


def record_place(store: Store, work: Work, disk: Disk, volume: VolumeSeen) -> None:
    """Write where a disk's volume lies, and where the image under it does."""
    record_volume(store, work.vm.id, disk, volume, work.host_id)


def record_volume(store: Store, vm_id: int, disk: Disk, volume: VolumeSeen, host_id: int) -> None:
    """Write that a disk's volume lies on a host, and with it the image under it."""
    store.execute(
        "UPDATE disk SET volume = ?, path = ?, format = ?, host_id = ? WHERE vm_id = ? AND disk_id = ?",
        (volume.name, volume.path, volume.format, host_id, vm_id, disk.disk_id),
    )
    if disk.image_id is not None and not disk.frozen:  # what lies on a snapshot says nothing of the image
        _record_copy(store, disk, volume, host_id)


async def place(work: Work, disk: Disk, pool: str) -> VolumeSeen:
    """One disk's volume on the host: made, found, or brought there; what an interrupted run made is found again."""
    name = disk_volume(work.vm.id, disk.disk_id)
    if disk.type == "context":
        return await write_context(work, pool, name)
    if disk.image_id is None:
        return await work.host.create_volume(pool, name, capacity_bytes=disk.size_bytes, format=disk.format)
    if disk.persistent:
        images = await ready_pool(work.around, work.host, IMAGES)
        rows = work.around.store.query("SELECT host_id FROM image_copy WHERE image_id = ?", (disk.image_id,))
        source = rows[0][0] if rows else None
        return await bring(work.around, images, image_volume(disk.image_id), source, work.host, work.job.report)
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


def _record_copy(store: Store, disk: Disk, volume: VolumeSeen, host_id: int) -> None:
    """The image's content lies on this host now; a persistent image lies nowhere else."""
    assert disk.image_id is not None
    path = volume.path if volume.name == image_volume(disk.image_id) else volume.backing_path
    if disk.persistent:
        store.execute("DELETE FROM image_copy WHERE image_id = ? AND host_id <> ?", (disk.image_id, host_id))
    record_copy(store, disk.image_id, host_id, path)


async def fetch(work: Work) -> Effect:
    """Bring a stopped or undeployed VM's volumes, and its saved memory, from the host where they lie."""
    _, effect = await gather(work, work.vm, work.host, work.host_id)
    return effect


async def gather(work: Work, vm: VmRecord, host: Host, host_id: int) -> tuple[VmRecord, Effect]:
    """Have everything that was made for a VM on one host, wherever it lies now. Interrupted, it can be called again.

    Returns:
        the VM as it is with its files there, and the effect that writes it so.
    """
    around, report = work.around, work.job.report
    pool = await ready_pool(around, host, SYSTEM)
    moved: list[tuple[Disk, VolumeSeen]] = []
    for disk in vm.disks:
        if disk.foreign or not disk.volume:
            continue
        if disk.image_id is not None and not disk.persistent:
            # An overlay names the image under it by its path, so that must be there before the overlay is.
            image = await image_on(around, disk.image_id, host, host_id, report)
            if disk.type == "cdrom":
                moved.append((disk, image))
                continue
        own_pool = await ready_pool(around, host, IMAGES) if disk.persistent else pool
        for node in disk.frozen:
            await bring(around, own_pool, node, disk.host_id, host, report)
        moved.append((disk, await bring(around, own_pool, disk.volume, disk.host_id, host, report)))
    if vm.checkpoint_host_id is not None:
        await bring(around, pool, vm.checkpoint, vm.checkpoint_host_id, host, report)

    def effect(store: Store) -> None:
        for disk, volume in moved:
            record_volume(store, vm.id, disk, volume, host_id)
        if vm.checkpoint_host_id is not None:
            store.execute("UPDATE vm SET checkpoint_host_id = ? WHERE id = ?", (host_id, vm.id))

    paths = {disk.disk_id: volume.path for disk, volume in moved}
    return vm.with_disks_at(paths), effect


async def store(work: Work) -> Effect | None:
    """Take the VM off the host. Its files stay there until another host asks for them; its definition goes.

    A domain that was imported keeps its definition: we did not write it and could not write it again.
    """
    if work.vm.imported:
        return None
    stopping = work.job.position is at.EPILOG_STOP
    pool = await ready_pool(work.around, work.host, SYSTEM)
    if stopping and await work.host.volume(pool, work.vm.checkpoint) is None:
        # It was suspended: its memory is a managed save, which cannot leave the host.
        await work.host.save_to(work.vm.uuid, pool, work.vm.checkpoint, work.job.report)
    await work.host.undefine(work.vm.uuid)
    if not stopping:
        return None
    return lambda table: _remember_checkpoint(table, work.vm.id, work.host_id)


def _remember_checkpoint(table: Store, vm_id: int, host_id: int) -> None:
    table.execute("UPDATE vm SET checkpoint_host_id = ? WHERE id = ?", (host_id, vm_id))


async def epilog(work: Work) -> Effect:
    """The VM is over: remove its definition and the volumes that were made for it; images in place stay."""
    await work.host.undefine(work.vm.uuid)
    await _remove_files(work)
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
        await _remove_files(work)
    except (BackendError, VmconsoleError) as error:
        log.warning("%s: clean-up on %s: %s", work.vm.label, work.host.name, error.message)
    return lambda table: forget_files(table, work.vm.id)


async def _remove_files(work: Work) -> None:
    await remove_files(work.around, work.vm, work.host_id)


async def remove_files(around: Surroundings, vm: VmRecord, host_id: int | None) -> None:
    """Delete what was made for a VM: its volumes and its saved memory, on whichever host each lies.

    Args:
        host_id: where to look for what is not known to lie anywhere: a step may have been interrupted.
    """
    for disk in vm.disks:
        if not disk.in_place:
            lies_on = disk.host_id if disk.host_id is not None else host_id
            for volume in made_for(vm, disk):
                await _remove(around, volume, lies_on)
    await _remove(around, vm.checkpoint, vm.checkpoint_host_id if vm.checkpoint_host_id is not None else host_id)


def made_for(vm: VmRecord, disk: Disk) -> tuple[str, ...]:
    """The volumes of a disk, each before the one it lies on; also the layer that an interrupted step may have made."""
    first = disk.volume or disk_volume(vm.id, disk.disk_id)
    if not disk.newest_layer:
        return (first,)
    newest = disk_volume(vm.id, disk.disk_id, disk.newest_layer)
    return tuple(dict.fromkeys((newest, first, *reversed(disk.frozen))))


async def _remove(around: Surroundings, volume: str, host_id: int | None) -> None:
    """Delete a volume of the system datastore; on a host that was let go it is not ours any more."""
    if host_id is None:
        return
    try:
        host = around.fleet.link(host_id).require_up()
    except NotFound:
        return
    await host.delete_volume(await ready_pool(around, host, SYSTEM), volume)


def forget_files(table: Store, vm_id: int) -> dict[str, Any]:
    """The record of what `remove_files` removed."""
    table.execute(
        "UPDATE disk SET volume = '', path = '', host_id = NULL"
        " WHERE vm_id = ? AND type <> 'foreign' AND (persistent = 0)",
        (vm_id,),
    )
    table.execute("DELETE FROM disk_snapshot WHERE vm_id = ?", (vm_id,))
    table.execute("DELETE FROM system_snapshot WHERE vm_id = ?", (vm_id,))
    table.execute("UPDATE vm SET deploy_id = '', checkpoint_host_id = NULL WHERE id = ? AND imported = 0", (vm_id,))
    return {}
