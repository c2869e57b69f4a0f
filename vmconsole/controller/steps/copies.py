"""Steps that make something new out of a VM's disks, and leave the VM as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmconsole.controller.volumes import IMAGES, SYSTEM, image_volume, ready_pool, record_copy
from vmconsole.lifecycle import states as at

if TYPE_CHECKING:
    from vmconsole.controller.steps import Effect
    from vmconsole.controller.work import Work
    from vmconsole.store.session import Store


async def save_as(work: Work) -> Effect:
    """Copy a disk as it is now, or one of its snapshots, into a new image on the same host (ON-124, ON-125)."""
    disk = work.vm.disk(work.job.arguments["disk_id"])
    image_id = int(work.job.arguments["image_id"])
    source = await ready_pool(work.around, work.host, IMAGES if disk.in_place else SYSTEM)
    images = await ready_pool(work.around, work.host, IMAGES)
    node = work.job.arguments.get("node")  # frozen: no guest writes to it
    has_domain = work.job.position not in (at.HOTPLUG_SAVEAS_UNDEPLOYED, at.HOTPLUG_SAVEAS_STOPPED)
    copy = await work.host.copy_disk(
        work.vm.uuid if has_domain and node is None else None,
        disk.target,
        (source, node or disk.volume),
        (images, image_volume(image_id)),
        progress=work.job.report,
    )

    def effect(store: Store) -> dict[str, object]:
        store.execute(
            "UPDATE image SET format = ?, size_bytes = ? WHERE id = ?", (copy.format, copy.capacity_bytes, image_id)
        )
        record_copy(store, image_id, work.host_id, copy.path)
        return {"image_id": image_id}

    return effect
