"""Steps that take snapshots of a disk, go back to them and delete them: frozen volumes of its tree, or copies."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from backends.base import BackendError, Unreachable
from vmconsole.controller.domain_spec import disk_spec
from vmconsole.controller.steps.snapshots import drop_snapshots
from vmconsole.controller.volumes import datastore_of, ready_pool
from vmconsole.lifecycle import states as at

if TYPE_CHECKING:
    from typing import Any

    from backends.base import VolumeSeen
    from vmconsole.controller.steps import Effect
    from vmconsole.controller.vm_record import Disk
    from vmconsole.controller.work import Work
    from vmconsole.store.session import Store

log = logging.getLogger(__name__)


async def create_disk_snapshot(work: Work) -> Effect:
    """Freeze what the disk is now and have it write into a new layer (ON-112).

    A running guest's file systems are frozen at that moment if its agent answers; the result says whether they were.
    """
    disk = _disk(work)
    await drop_snapshots(work)
    if "copy" in work.job.arguments:
        copy = await _copied(work, disk, disk.volume, work.job.arguments["copy"])
        return _taken(work, copy, frozen=False)
    layer = await _new_layer(work, disk, disk.path)
    frozen = False
    try:
        if work.job.position is at.DISK_SNAPSHOT:
            frozen = await work.host.snapshot_disk_live(work.vm.uuid, disk.target, layer.path, quiesce=True)
        else:
            await _repoint(work, disk, layer)
    except BackendError as error:
        await _take_back(work, layer, error)
        raise
    return _taken(work, await work.host.volume(layer.pool, disk.volume), frozen=frozen)


def _taken(work: Work, node: VolumeSeen | None, *, frozen: bool) -> Effect:
    """The snapshot is there, in this volume."""
    number, size = work.job.arguments["snapshot_id"], 0 if node is None else node.allocation_bytes

    def effect(store: Store) -> dict[str, Any]:
        store.execute(
            "UPDATE disk_snapshot SET size_bytes = ?, frozen = ? WHERE vm_id = ? AND disk_id = ? AND snapshot_id = ?",
            (size, int(frozen), work.vm.id, work.job.arguments["disk_id"], number),
        )
        return {"snapshot_id": number, "frozen": frozen, **_said(work, frozen)}

    return effect


def _said(work: Work, frozen: bool) -> dict[str, Any]:
    """Whether the guest's file systems were at rest is for its people to know (ON-121)."""
    if frozen or work.job.position is not at.DISK_SNAPSHOT:
        return {}
    return {"remarks": [f"{work.vm.label}: its file systems were not frozen, for no agent answers in it"]}


async def revert_disk_snapshot(work: Work) -> None:
    """Put a new layer on the snapshot, or copy it, and throw away what the disk has written to until now (ON-115)."""
    disk, node = _disk(work), work.job.arguments["node"]
    if work.job.arguments.get("copied"):
        layer = await _copied(work, disk, node, work.job.arguments["layer"])
    else:
        layer = await _new_layer(work, disk, f"{disk.path.rpartition('/')[0]}/{node}")
    try:
        await _repoint(work, disk, layer)
    except BackendError as error:
        await _take_back(work, layer, error)
        raise
    if disk.volume not in (layer.name, node):
        try:
            await work.host.delete_volume(layer.pool, disk.volume)
        except Unreachable:
            raise
        except BackendError as refused:  # the disk has been reverted all the same
            log.warning("%s: %s was left on %s: %s", work.vm.label, disk.volume, work.host.name, refused.message)


async def delete_disk_snapshot(work: Work) -> None:
    """Delete the volume of a snapshot on which nothing lies (ON-117)."""
    pool = await ready_pool(work.around, work.host, datastore_of(_disk(work)))
    await work.host.delete_volume(pool, work.job.arguments["node"])


def _disk(work: Work) -> Disk:
    return work.vm.disk(work.job.arguments["disk_id"])


async def _new_layer(work: Work, disk: Disk, backing: str) -> VolumeSeen:
    pool = await ready_pool(work.around, work.host, datastore_of(disk))
    return await work.host.create_overlay(pool, work.job.arguments["layer"], backing)


async def _copied(work: Work, disk: Disk, source: str, name: str) -> VolumeSeen:
    """A whole copy of one of the disk's volumes; what an interrupted run left of it is made anew."""
    pool = await ready_pool(work.around, work.host, datastore_of(disk))
    await work.host.delete_volume(pool, name)
    return await work.host.clone_volume(pool, name, pool, source, format=disk.format)


async def _repoint(work: Work, disk: Disk, layer: VolumeSeen) -> None:
    """Have the domain that is off use the layer. A VM that was moved while off has none until it boots."""
    if work.vm.uuid in await work.host.states():
        spec = disk_spec(disk, path=layer.path, format=layer.format)
        await work.host.repoint_disk(work.vm.uuid, disk.target, spec)


async def _take_back(work: Work, layer: VolumeSeen, error: BackendError) -> None:
    """Remove a layer that did not come into use. Of a host that fell silent nobody knows: the step is run again."""
    if isinstance(error, Unreachable):
        return
    domain = await work.host.domain(work.vm.uuid)
    if domain is None or all(disk.source != layer.path for disk in domain.disks):
        await work.host.delete_volume(layer.pool, layer.name)
