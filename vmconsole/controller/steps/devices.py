"""Steps that change the devices of a VM where it is, running or off."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from backends.base import BackendError
from vmconsole.controller.domain_spec import disk_spec, nic_spec
from vmconsole.controller.steps.files import made_for, place, record_place
from vmconsole.controller.volumes import datastore_of, ready_pool

if TYPE_CHECKING:
    from vmconsole.controller.steps import Effect
    from vmconsole.controller.vm_record import Disk, Nic
    from vmconsole.controller.work import Work


async def attach_disk(work: Work) -> Effect:
    """Give the disk its volume and plug it; if that fails the volume goes again (ON-106)."""
    disk = _disk(work)
    pool = await ready_pool(work.around, work.host, work.vm.datastore_id)
    volume = await place(work, disk, pool)
    try:
        await work.host.attach_disk(work.vm.uuid, disk_spec(disk, path=volume.path, format=volume.format))
    except BackendError:
        if not disk.in_place:
            with contextlib.suppress(BackendError):
                await work.host.delete_volume(pool, volume.name)
        raise
    return lambda store: record_place(store, work, disk, volume)


async def detach_disk(work: Work) -> None:
    """Unplug the disk; what was made for the VM goes with it, its snapshots included (ON-107)."""
    disk = _disk(work)
    await work.host.detach_disk(work.vm.uuid, disk.target)
    if not disk.in_place and disk.volume:
        pool = await ready_pool(work.around, work.host, datastore_of(disk))
        for volume in made_for(work.vm, disk):
            await work.host.delete_volume(pool, volume)


async def attach_nic(work: Work) -> None:
    """Plug the interface (ON-108)."""
    await work.host.attach_nic(work.vm.uuid, nic_spec(_nic(work)))


async def detach_nic(work: Work) -> None:
    """Unplug the interface (ON-110)."""
    await work.host.detach_nic(work.vm.uuid, _nic(work).mac)


async def plug_waiting(work: Work) -> list[str]:
    """Plug the interfaces the VM was given while its memory was saved, now that it runs (ON-109).

    Returns what could not be done: the guest runs all the same.
    """
    seen = await work.host.domain(work.vm.uuid)
    plugged = {nic.mac for nic in seen.nics} if seen is not None else set()
    remarks = []
    for nic in work.vm.nics:
        if nic.mac not in plugged:
            try:
                await work.host.attach_nic(work.vm.uuid, nic_spec(nic))
            except BackendError as error:
                remarks.append(f"NIC {nic.nic_id} is not plugged: {error.message}")
    return remarks


async def resize_disk(work: Work) -> None:
    """Make the disk's container larger; the guest grows its file system itself (ON-037)."""
    disk = _disk(work)
    pool = await ready_pool(work.around, work.host, datastore_of(disk))
    await work.host.resize_disk(
        work.vm.uuid, disk.target, pool, disk.volume, capacity_bytes=int(work.job.arguments["size_bytes"])
    )


async def resize(work: Work) -> None:
    """Change virtual CPUs and memory of the running guest, as far as it was started to allow (ON-039)."""
    arguments = work.job.arguments
    await work.host.set_capacity(
        work.vm.uuid,
        vcpus=int(arguments.get("vcpu", work.vm.vcpu)),
        memory_kib=int(arguments.get("memory_mib", work.vm.memory_mib)) * 1024,
    )


def _disk(work: Work) -> Disk:
    """The disk the operation is about."""
    return work.vm.disk(work.job.arguments["disk_id"])


def _nic(work: Work) -> Nic:
    return next(nic for nic in work.vm.nics if nic.nic_id == work.job.arguments["nic_id"])
