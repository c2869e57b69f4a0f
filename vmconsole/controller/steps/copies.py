"""Steps that make something new out of a VM's disks, and leave the VM as it is."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from backends.base import BackendError
from vmconsole.controller.volumes import IMAGES, datastore_of, image_volume, ready_pool, record_copy
from vmconsole.lifecycle import states as at

if TYPE_CHECKING:
    from collections.abc import Iterable

    from backends.base import VolumeSeen
    from vmconsole.controller.steps import Effect
    from vmconsole.controller.work import Work
    from vmconsole.store.session import Store


async def save_as(work: Work) -> Effect:
    """Copy disks as they are now, or a snapshot of one, into new images on the same host (ON-124, ON-125, ON-141)."""
    arguments = work.job.arguments
    made: dict[int, VolumeSeen] = {}
    try:
        for copy in arguments["copies"]:
            made[copy["image_id"]] = await _copied(work, **copy)
    except BackendError:
        await _take_back(work, made)
        raise

    def effect(store: Store) -> dict[str, object]:
        for number, volume in made.items():
            store.execute(
                "UPDATE image SET format = ?, size_bytes = ? WHERE id = ?",
                (volume.format, volume.capacity_bytes, number),
            )
            record_copy(store, number, work.host_id, volume.path)
        return {key: arguments[key] for key in ("image_id", "template_id") if key in arguments}

    return effect


async def _copied(work: Work, *, disk_id: int, image_id: int, node: str | None = None) -> VolumeSeen:
    """A copy of a disk, or of the `node` that is one of its snapshots: frozen, no guest writes to it."""
    disk = work.vm.disk(disk_id)
    source = await ready_pool(work.around, work.host, datastore_of(disk))
    images = await ready_pool(work.around, work.host, IMAGES)
    has_domain = work.job.position not in (at.HOTPLUG_SAVEAS_UNDEPLOYED, at.HOTPLUG_SAVEAS_STOPPED)
    return await work.host.copy_disk(
        work.vm.uuid if has_domain and node is None else None,
        disk.target,
        (source, node or disk.volume),
        (images, image_volume(image_id)),
        progress=work.job.report,
    )


async def _take_back(work: Work, numbers: Iterable[int]) -> None:
    """Remove the copies of disks when those of others failed: all are saved, or none."""
    with contextlib.suppress(BackendError):
        images = await ready_pool(work.around, work.host, IMAGES)
        for number in numbers:
            await work.host.delete_volume(images, image_volume(number))
