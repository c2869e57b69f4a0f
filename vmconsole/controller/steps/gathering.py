"""Bringing everything that was made for a VM to one place: all of it is copied before any of it is removed.

So a move that fails half-way leaves the VM whole where it was, and one that is interrupted can be run again: the store
says of each volume where a whole one lies.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple

from backends.base import Aborted, BackendError, Unreachable
from vmconsole.controller.volumes import IMAGES, datastore_of, image_on, is_shared, ready_pool, record_volume
from vmconsole.errors import Conflict, VmconsoleError
from vmconsole.lifecycle.transfers import MEMORY, disk_part
from vmconsole.store import operations
from vmconsole.store.ids import new_operation_id

if TYPE_CHECKING:
    from backends.base import Host, Progress, VolumeSeen
    from vmconsole.controller.job import Job
    from vmconsole.controller.vm_record import Disk
    from vmconsole.controller.work import Surroundings, Work
    from vmconsole.store.session import Store

log = logging.getLogger(__name__)


class Place(NamedTuple):
    """Where a VM's files are to be: on a host, in a system datastore."""

    host: Host
    host_id: int
    datastore_id: int

    def home_of(self, disk: Disk) -> int:
        """The datastore a disk's volumes are in here: those of an image in place stay among the images."""
        return IMAGES if disk.in_place else self.datastore_id


class Volume(NamedTuple):
    """A volume that was copied, and may be removed where it lay."""

    host: Host
    pool: str
    name: str


def place_here(work: Work) -> Place:
    """The host that the work is on, with the datastore its VM is in or on the way to."""
    return Place(work.host, work.host_id, work.vm.goal_datastore_id)


async def gather(work: Work, place: Place) -> list[Volume]:
    """Have everything that was made for a VM in one place, wherever it lies now, and write down that it is there.

    Returns:
        what may be removed now, see `remove_left`.

    Raises:
        Conflict: a volume is gone, or one that others name by its path would have to change its folder.
        Aborted: the operation was called off. Nothing that was copied before a failure is left.
    """
    _refuse_trees(work, place)
    copies, memory = _Copies(work, place), work.vm.checkpoint_host_id
    try:
        disks = [disk for disk in work.vm.disks if disk.volume and not disk.foreign]
        arrived = [(disk, await copies.bring_disk(disk)) for disk in disks]
        if memory is not None:
            lies = None if work.job.skips(MEMORY) else memory
            await copies.bring(work.vm.checkpoint, lies, work.vm.checkpoint_datastore, place.datastore_id)
    except Unreachable:
        raise  # the step is run again, and goes on from there
    except (BackendError, VmconsoleError):
        await copies.undo()
        raise
    with work.around.journal.write() as store:
        for disk, volume in arrived:
            record_volume(store, work.vm.id, disk, volume, place.host_id)
        if memory is not None:
            record_checkpoint(store, work.vm.id, place.host_id, place.datastore_id)
    return copies.left


async def remove_left(work: Work, left: list[Volume]) -> None:
    """Remove what lay where the VM was. What cannot be removed is logged: the VM has all it needs elsewhere."""
    for host, pool, name in left:
        try:
            await host.delete_volume(pool, name)
        except BackendError as error:
            log.warning("%s: %s was left on %s: %s", work.vm.label, name, host.name, error.message)


def ask_to_withdraw(store: Store, work: Work, host_id: int, datastore_id: int) -> None:
    """Have what a silent host holds of the VM cleared away when it answers again."""
    operations.insert(
        store, new_operation_id(), "vm.withdraw",
        {"vm_id": work.vm.id, "host_id": host_id, "datastore_id": datastore_id},
        user_id=work.job.user_id, asked_by=work.job.asked_by, face="controller", now=work.around.clock(),
    )  # fmt: skip


def record_checkpoint(store: Store, vm_id: int, host_id: int, datastore_id: int) -> None:
    """Write where the VM's saved memory lies."""
    store.execute(
        "UPDATE vm SET checkpoint_host_id = ?, checkpoint_datastore_id = ? WHERE id = ?", (host_id, datastore_id, vm_id)
    )


def record_datastore(store: Store, vm_id: int, datastore_id: int) -> None:
    """The VM is in this system datastore now."""
    store.execute("UPDATE vm SET datastore_id = ?, target_datastore_id = NULL WHERE id = ?", (datastore_id, vm_id))


def stoppable(job: Job) -> Progress:
    """Progress of a transfer that ends, leaving nothing, as soon as the operation is called off."""

    def report(done: int, total: int) -> None:
        if job.cancelled:
            raise Aborted("it was called off")
        job.report(done, total)

    return report


def lies_in(disk: Disk, place: Place) -> bool:
    """Whether a disk's volumes are where they would be if they were brought to the place."""
    return datastore_of(disk) == place.home_of(disk) and disk.host_id == place.host_id


def stays(around: Surroundings, disk: Disk, place: Place) -> bool:
    """Whether a disk's volumes can be used from the place without being copied."""
    home = place.home_of(disk)
    return datastore_of(disk) == home and (disk.host_id == place.host_id or is_shared(around.store, home))


def _refuse_trees(work: Work, place: Place) -> None:
    for disk in work.vm.disks:
        if disk.frozen and place.home_of(disk) != datastore_of(disk):
            raise Conflict(
                f"{work.vm.label}: disk {disk.disk_id} has snapshots, which cannot change the datastore",
                code="DISK_SNAPSHOTS", hint="delete them first",
            )  # fmt: skip


class _Copies:
    """The copies that one run has made."""

    def __init__(self, work: Work, place: Place) -> None:
        self.left: list[Volume] = []
        self.report = stoppable(work.job)
        self._job = work.job
        self._around = work.around
        self._place = place
        self._made: list[Volume] = []

    async def bring_disk(self, disk: Disk) -> VolumeSeen:
        """All volumes of a disk in the place; returns the one it writes to."""
        place = self._place
        by_hand = self._job.skips(disk_part(disk.disk_id))
        lies = None if by_hand else disk.host_id
        if disk.image_id is not None and not disk.persistent and not by_hand:
            # An overlay names the image under it by its path, so that must be there before the overlay is.
            image = await image_on(self._around, disk.image_id, place.host, place.host_id, self.report)
            if disk.type == "cdrom":
                return image
        for node in disk.frozen:
            await self.bring(node, lies, datastore_of(disk), place.home_of(disk))
        return await self.bring(disk.volume, lies, datastore_of(disk), place.home_of(disk))

    async def bring(self, name: str, host_id: int | None, datastore_id: int, home: int) -> VolumeSeen:
        """One volume in the place; it is copied if it is not there already, and if it lies on a known host."""
        place = self._place
        pool = await ready_pool(self._around, place.host, home)
        here = await place.host.volume(pool, name)
        shared = is_shared(self._around.store, datastore_id)
        if host_id is None or (datastore_id == home and (shared or host_id == place.host_id)):
            if here is None:
                raise Conflict(f"volume {name} is not on host {place.host.name}", code="VOLUME_LOST")
            return here
        source = place.host if shared else self._around.fleet.link(host_id).require_up()
        lay = Volume(source, await ready_pool(self._around, source, datastore_id), name)
        if await source.volume(lay.pool, name) is None:
            raise Conflict(f"volume {name} is not on host {source.name}", code="VOLUME_LOST")
        if here is not None:  # of a run that was cut short
            await place.host.delete_volume(pool, name)
        arrived = await source.send_volume(lay.pool, name, place.host, pool, name, self.report)
        self._made.append(Volume(place.host, pool, name))
        self.left.append(lay)
        return arrived

    async def undo(self) -> None:
        for host, pool, name in self._made:
            try:
                await host.delete_volume(pool, name)
            except BackendError as error:
                log.warning("%s was left on %s: %s", name, host.name, error.message)
