"""The step that takes a running VM to another host without stopping it, and what one that was cut short has left."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from backends.base import BackendError, DiskMove, Unreachable
from vmconsole.controller.steps.gathering import (
    Volume,
    ask_to_withdraw,
    record_datastore,
    remove_left,
    stays,
    stoppable,
)
from vmconsole.controller.steps.moving import goal
from vmconsole.controller.steps.snapshots import forget_lost, snapshots_set_aside
from vmconsole.controller.volumes import datastore_of, image_on, ready_pool, record_volume
from vmconsole.errors import Failed
from vmconsole.lifecycle.domains import is_alive

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from backends.base import Host, Presence, SnapshotSeen, VolumeSeen
    from vmconsole.controller.steps import Effect
    from vmconsole.controller.steps.gathering import Place
    from vmconsole.controller.vm_record import Disk
    from vmconsole.controller.work import Work
    from vmconsole.store.session import Store

log = logging.getLogger(__name__)

LEFTOVER_GOES = 20.0
"""Seconds a host takes at most to clear away by itself what a broken migration has brought to it."""


async def migrate_live(work: Work) -> Effect:
    """Take a running VM to another host, without stopping it (ON-091).

    What its disks lie on is brought there first; libvirt copies the disks themselves, unless both hosts share them,
    while the guest goes on. The old files go only when the domain runs on the new host.

    Raises:
        Failed: MIGRATION_PROBLEMS, what would make it fail: nothing was begun. TARGET_SILENT: it runs where it was.
    """
    if work.job.again and work.vm.target_host_id != work.host_id and (done := await _done_before(work)) is not None:
        return done
    place = goal(work)
    if place.host_id == work.host_id:
        return await _change_datastore(work, place)
    disks = [disk for disk in work.vm.disks if not disk.foreign and disk.volume]
    shared = any(stays(work.around, disk, place) for disk in disks if not disk.readonly)
    copies = [move for disk in disks if (move := await _move(work, disk, place)) is not None]
    if work.job.cancelled:
        raise Failed(f"{work.vm.label}: the migration was called off before it began", code="OP_CANCELLED")
    async with snapshots_set_aside(work) as aside:
        problems = await work.host.migration_problems(work.vm.uuid, place.host, copies=copies, shared=shared)
        if problems:
            raise Failed(f"{work.vm.label} cannot migrate live: {'; '.join(problems)}", code="MIGRATION_PROBLEMS")
        try:
            result = await work.host.migrate_live(
                work.vm.uuid, place.host, copies=copies, shared=shared, progress=work.job.report,
                bandwidth_mib=int(work.around.settings["migration_bandwidth"]),
            )  # fmt: skip
        except BackendError as error:
            raise await _explained(work, place.host, error) from error
    if shared:
        await _end_snapshots(work, place.host, aside)
    return await _arrived(work, place, result.downtime_ms)


async def _change_datastore(work: Work, place: Place) -> Effect:
    """Have the running VM use copies of its disks in another datastore of its host, one after the other (ON-094).

    What is only read, such as its context, goes there at its next start.
    """
    async with snapshots_set_aside(work):
        for disk in work.vm.disks:
            if disk.foreign or disk.readonly or not disk.volume or stays(work.around, disk, place):
                continue
            if (move := await _move(work, disk, place)) is not None:
                await work.host.move_disk_live(work.vm.uuid, move, stoppable(work.job))
            left = Volume(work.host, await ready_pool(work.around, work.host, datastore_of(disk)), disk.volume)
            moved = await _seen(work, disk, place)
            with work.around.journal.write() as store:
                record_volume(store, work.vm.id, disk, moved, place.host_id)
            await remove_left(work, [left])
    return lambda store: record_datastore(store, work.vm.id, place.datastore_id)


async def _end_snapshots(work: Work, target: Host, aside: Sequence[SnapshotSeen]) -> None:
    """Delete what the snapshots hold in disks that both hosts share: only a host that knows of them can."""
    try:
        for found in aside:
            await target.redefine_snapshot(work.vm.uuid, found.xml, current=found.current)
        for found in aside:
            await target.delete_snapshot(work.vm.uuid, found.name)
    except BackendError as error:
        log.warning("%s: snapshots were left in its disks: %s", work.vm.label, error.message)


async def _arrived(work: Work, place: Place, downtime_ms: int | None) -> Effect:
    """The domain runs on its new host: remove what it left behind, and write where it is."""
    disks = [disk for disk in work.vm.disks if not disk.foreign and disk.volume]
    moved = [(disk, await _seen(work, disk, place)) for disk in disks]
    left = [
        Volume(work.host, await ready_pool(work.around, work.host, datastore_of(disk)), disk.volume)
        for disk in disks
        if disk.type != "cdrom" and not stays(work.around, disk, place)
    ]
    await remove_left(work, left)

    def effect(store: Store) -> dict[str, Any]:
        for disk, volume in moved:
            record_volume(store, work.vm.id, disk, volume, place.host_id)
        record_datastore(store, work.vm.id, place.datastore_id)
        return {"host": place.host.name, **({} if downtime_ms is None else {"downtime_ms": downtime_ms})}

    return effect


async def _move(work: Work, disk: Disk, place: Place) -> DiskMove | None:
    """How a disk goes along: copied by libvirt, on top of its image there; read-only ones are brought beforehand."""
    pool = await ready_pool(work.around, place.host, place.home_of(disk))
    report = stoppable(work.job)
    image = None
    if disk.image_id is not None and not disk.persistent:
        image = await image_on(work.around, disk.image_id, place.host, place.host_id, report)
    if disk.type == "cdrom" or stays(work.around, disk, place):
        return None
    if disk.type == "context" and await place.host.volume(pool, disk.volume) is None:
        lies_in = await ready_pool(work.around, work.host, datastore_of(disk))
        await work.host.send_volume(lies_in, disk.volume, place.host, pool, disk.volume, report)
    return DiskMove(disk.target, pool, disk.volume, "" if image is None else image.path)


async def _seen(work: Work, disk: Disk, place: Place) -> VolumeSeen:
    pool = await ready_pool(work.around, place.host, place.home_of(disk))
    volume = await place.host.volume(pool, disk.volume)
    if volume is None:
        raise Failed(f"{work.vm.label} runs on {place.host.name}, and its disk {disk.target} is not seen there")
    return volume


# Cut short -----------------------------------------------------------------------------------------------------


async def _done_before(work: Work) -> Effect | None:
    """Bring a migration that was cut short to one of its two ends, by what both hosts say.

    Returns:
        what is to be written if the domain has moved; None when it runs here and nothing of it is left there.
    """
    await work.host.settle(work.vm.uuid)
    here = await work.host.whereabouts(work.vm.uuid)
    try:
        place = goal(work)
        there = await _settled(work, place.host, here)
    except Unreachable as error:
        raise await _explained(work, None, error) from error
    if there is not None and there.runs and not (here and here.runs):
        result = await work.host.migrate_live(work.vm.uuid, place.host)  # does what is left to be done
        return await _arrived(work, place, result.downtime_ms)
    if there is None and here is not None and here.runs and not is_alive(int(here.power), here.reason):
        await work.host.unpause(work.vm.uuid)  # stopped for the last part of its memory, which nobody waits for now
    await forget_lost(work)
    return None


async def _settled(work: Work, target: Host, here: Presence | None) -> Presence | None:
    """What the target has of the domain, once what can go has gone.

    A copy that has never run, because the domain runs here and no job sends it, is the only thing ever destroyed.
    """
    until = time.monotonic() + LEFTOVER_GOES
    while (there := await target.whereabouts(work.vm.uuid)) is not None and there.incoming:
        if time.monotonic() > until and here is not None and here.runs and not here.busy:
            await target.destroy(work.vm.uuid)
        await asyncio.sleep(0.5)
    return there


async def _explained(work: Work, target: Host | None, error: BackendError) -> BackendError | Failed:
    """The error to end with: a target that fell silent need not be waited for when the domain runs on here."""
    if not isinstance(error, Unreachable) or (target is not None and target.is_open):
        return error
    try:
        here = await work.host.whereabouts(work.vm.uuid)
    except BackendError:
        return error  # this host is silent as well, and is waited for
    if here is None or not here.runs or here.busy:
        return error
    if work.vm.target_host_id is not None:
        with work.around.journal.write() as store:
            ask_to_withdraw(store, work, work.vm.target_host_id, work.vm.goal_datastore_id)
    return Failed(
        f"{work.vm.label} runs where it was: the host it was to go to fell silent: {error.message}",
        code="TARGET_SILENT", hint="what it holds of the VM is looked at when it answers again",
    )  # fmt: skip
