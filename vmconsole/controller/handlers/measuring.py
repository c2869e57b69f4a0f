"""What a VM is made of at this moment, and how much its disks occupy, to be compared with a snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmconsole.controller import vm_record
from vmconsole.controller.volumes import datastore_of, ready_pool

if TYPE_CHECKING:
    from typing import Any

    from vmconsole.controller.job import Job
    from vmconsole.controller.steps import Effect
    from vmconsole.controller.work import Surroundings


async def measure(job: Job, around: Surroundings) -> Effect:
    """The configuration, and by disk the bytes that the layer it writes to occupies; None where no host can tell."""
    vm = vm_record.load(around.store, int(job.arguments["vm_id"]))
    occupied: dict[str, int | None] = {}
    for disk in vm.disks:
        found = None
        if disk.volume and disk.host_id is not None:
            host = around.fleet.link(disk.host_id).require_up()
            found = await host.volume(await ready_pool(around, host, datastore_of(disk)), disk.volume)
        occupied[str(disk.disk_id)] = None if found is None else found.allocation_bytes
    result: dict[str, Any] = {"configuration": vm.configuration, "occupied": occupied}
    return lambda store: result
