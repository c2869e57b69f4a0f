"""Simulated hosts live in the controller's memory: what the store knows of them is put back when it connects."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from backends.base import BackendError, Power
from vmconsole.controller import vm_record
from vmconsole.controller.domain_spec import domain_spec
from vmconsole.controller.volumes import IMAGES, ready_pool
from vmconsole.lifecycle import states as at
from vmconsole.store.conditions import ALIVE

if TYPE_CHECKING:
    from backends.base import DomainState
    from vmconsole.controller.link import Link
    from vmconsole.controller.vm_record import VmRecord
    from vmconsole.controller.work import Surroundings
    from vmconsole.lifecycle.states import Position

log = logging.getLogger(__name__)

_IMAGES = """
    SELECT ?, image_copy.volume, image.size_bytes, image.format
    FROM image_copy JOIN image ON image.id = image_copy.image_id WHERE image_copy.host_id = ?
"""
_DISKS = """
    SELECT datastore_id, volume, size_bytes, format FROM disk
    WHERE host_id = ? AND volume <> '' AND persistent = 0 AND type NOT IN ('cdrom', 'foreign')
"""
_BACKUPS = """
    SELECT datastore_id, volume, capacity_bytes, 'qcow2' FROM backup_disk JOIN backup ON backup.id = backup_id
    WHERE host_id = ? AND state = 'rdy'
"""
_VMS = f"""
    SELECT id, uuid, observed, busy, state, lcm_state, prev_state, prev_lcm_state
    FROM vm WHERE host_id = ? AND {ALIVE}
"""


async def put_back(around: Surroundings, link: Link) -> None:
    """Make a simulated host what the store says it was yesterday; any other host is left alone."""
    if link.info is None or link.info.hypervisor != "TEST":
        return
    await _put_back_volumes(around, link)
    there = dict(await link.backend.states())
    for number, uuid, observed, busy, *places in around.store.query(_VMS, (link.host_id,)):
        # An operation that was interrupted is repeated from where its VM was before.
        position = at.by_numbers(*places[2:]) if busy else at.by_numbers(*places[:2])
        present = there.get(uuid)
        if present is not None and observed == int(present.power):
            continue
        try:
            await _align(around, link, vm_record.load(around.store, number), position, present)
        except BackendError as error:
            log.warning("VM %d could not be put back on %s: %s", number, link.name, error.message)


async def _put_back_volumes(around: Surroundings, link: Link) -> None:
    images = around.store.query(_IMAGES, (IMAGES, link.host_id))
    rows = [*images, *(row for sql in (_DISKS, _BACKUPS) for row in around.store.query(sql, (link.host_id,)))]
    for datastore in dict.fromkeys(row[0] for row in rows):
        pool = await ready_pool(around, link.backend, datastore)
        there = {volume.name for volume in await link.backend.volumes(pool)}
        for lies_in, name, size, volume_format in rows:
            if lies_in == datastore and name not in there:
                await link.backend.create_volume(pool, name, capacity_bytes=size, format=volume_format)


async def _align(
    around: Surroundings, link: Link, vm: VmRecord, position: Position, present: DomainState | None
) -> None:
    """Have the domain as a VM at rest at `position` has it; elsewhere a VM has none that would be missed."""
    if position not in (at.RUNNING, at.UNKNOWN, at.POWEROFF, at.SUSPENDED):
        return
    host = link.backend
    if present is None:
        await host.define(domain_spec(vm, instance=around.instance, operation=""))
    if position is at.POWEROFF:
        if present is not None and present.power in (Power.RUNNING, Power.PAUSED):
            await host.destroy(vm.uuid)
        return
    await host.start(vm.uuid)
    if position is at.SUSPENDED and vm.paused:
        await host.pause(vm.uuid)
    elif position is at.SUSPENDED:
        await host.save(vm.uuid)
