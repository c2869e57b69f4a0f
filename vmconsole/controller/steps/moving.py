"""Steps that take a VM that does not run from one host, or one datastore, to another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmconsole.controller import vm_record
from vmconsole.controller.domain_spec import domain_spec
from vmconsole.controller.steps.files import place as make_place
from vmconsole.controller.steps.gathering import (
    Place,
    ask_to_withdraw,
    gather,
    place_here,
    record_checkpoint,
    record_datastore,
    remove_left,
    stays,
)
from vmconsole.controller.volumes import image_on, ready_pool, record_volume
from vmconsole.controller.whereabouts import answers
from vmconsole.errors import Conflict, Failed
from vmconsole.lifecycle import states as at
from vmconsole.lifecycle.transfers import DEFINITION

if TYPE_CHECKING:
    from backends.base import VolumeSeen
    from vmconsole.controller.steps import Effect
    from vmconsole.controller.vm_record import Disk, VmRecord
    from vmconsole.controller.work import Work
    from vmconsole.store.session import Store


def goal(work: Work) -> Place:
    """Where the VM is to go.

    Raises:
        Failed: the host is not there any more. Unreachable: it does not answer.
    """
    target_id = work.vm.target_host_id
    if target_id is None:
        raise Failed(f"{work.vm.label}: the host it was to move to is gone", code="NO_HOST")
    return Place(work.around.fleet.link(target_id).require_up(), target_id, work.vm.goal_datastore_id)


async def transfer(work: Work) -> Effect:
    """Take a VM that is not running off its host, and have its files where it goes to (ON-092, ON-093, ON-094).

    A suspended VM's memory is a managed save, which cannot leave the host: it is made a file first. A VM that stays off
    is defined on the other host at once, for virsh to see; one that boots there is defined by that.
    """
    place = goal(work)
    suspended = work.job.position is at.PROLOG_MIGRATE_SUSPEND
    if suspended and work.vm.checkpoint_host_id is None:
        work.vm = await _memory_as_file(work)
    left = await gather(work, place)
    if not work.job.skips(DEFINITION):
        await work.host.undefine(work.vm.uuid)
    await remove_left(work, left)
    if suspended or work.job.position is at.PROLOG_MIGRATE_POWEROFF:
        there = vm_record.load(work.around.store, work.vm.id)
        await place.host.define(domain_spec(there, instance=work.around.instance, operation=work.job.id))
    return lambda store: record_datastore(store, work.vm.id, place.datastore_id)


async def _memory_as_file(work: Work) -> VmRecord:
    """The VM once its saved memory is a file. It is written down at once: the host cannot restore it by itself now."""
    vm = work.vm
    pool = await ready_pool(work.around, work.host, vm.datastore_id)
    if await work.host.volume(pool, vm.checkpoint) is None:
        await work.host.save_to(vm.uuid, pool, vm.checkpoint, work.job.report)
    with work.around.journal.write() as store:
        record_checkpoint(store, vm.id, work.host_id, vm.datastore_id)
    return vm_record.load(work.around.store, vm.id)


async def take_over(work: Work) -> Effect:
    """Have all that an unknown VM needs on the host that is to boot it; works on that host (ON-096).

    If its own host answers, the domain is ended there, and moved as any other. If not, somebody has vouched that the
    host is off, and nothing of it is touched: the disks must be in a shared datastore, or have been brought by hand.

    Raises:
        Conflict: a disk is not there.
    """
    place = place_here(work)
    if answers(work.around, work.vm.host_id):
        old = work.around.fleet.link(work.vm.host_id).require_up()
        await old.destroy(work.vm.uuid)
        left = await gather(work, place)
        await old.undefine(work.vm.uuid)
        await remove_left(work, left)
        return lambda store: record_datastore(store, work.vm.id, place.datastore_id)
    found = [(disk, await _find(work, disk, place)) for disk in work.vm.disks if disk.volume]

    def effect(store: Store) -> None:
        for disk, volume in found:
            record_volume(store, work.vm.id, disk, volume, place.host_id)
        record_datastore(store, work.vm.id, place.datastore_id)
        if work.vm.host_id is not None:
            ask_to_withdraw(store, work, work.vm.host_id, work.vm.datastore_id)

    return effect


async def _find(work: Work, disk: Disk, place: Place) -> VolumeSeen:
    """A disk's volume as the host sees it."""
    home = place.home_of(disk)
    pool = await ready_pool(work.around, place.host, home)
    if disk.type == "context":
        return await make_place(work, disk, pool)
    if disk.image_id is not None and not disk.persistent:
        image = await image_on(work.around, disk.image_id, place.host, place.host_id, work.job.report)
        if disk.type == "cdrom":
            return image
    found = await place.host.volume(pool, disk.volume)
    if found is None:
        why = "" if stays(work.around, disk, place) else ", and the datastore it was in is not shared"
        raise Conflict(
            f"{work.vm.label}: {disk.volume} of its disk {disk.target} is not on {place.host.name}{why}",
            code="VOLUME_LOST", hint=f"wait for its host, or copy the file into pool {pool} of {place.host.name}",
        )  # fmt: skip
    return found
