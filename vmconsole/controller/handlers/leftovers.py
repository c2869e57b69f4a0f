"""What is left of a VM on a host where it is not: cleared away when the host answers, or by a person's decision."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from vmconsole.controller import history, strays, vm_record
from vmconsole.controller.steps.files import made_for
from vmconsole.controller.volumes import is_shared, ready_pool
from vmconsole.errors import Conflict
from vmconsole.lifecycle.flows import Record
from vmconsole.lifecycle.history import MONITOR

if TYPE_CHECKING:
    from typing import Any

    from vmconsole.controller.job import Job
    from vmconsole.controller.steps import Effect
    from vmconsole.controller.work import Surroundings
    from vmconsole.store.session import Store

log = logging.getLogger(__name__)


async def withdraw(job: Job, around: Surroundings) -> Effect:
    """Clear away what a host that was silent holds of a VM that is elsewhere now.

    A domain that is alive there is left alone with its files: it shows as a second one, for a person to decide about.
    """
    vm = vm_record.load(around.store, int(job.arguments["vm_id"]))
    host_id, datastore_id = int(job.arguments["host_id"]), int(job.arguments["datastore_id"])
    link = next((link for link in around.fleet if link.host_id == host_id), None)
    if link is None or host_id in (vm.host_id, vm.target_host_id):
        return lambda store: None
    host = link.require_up()
    there = await host.whereabouts(vm.uuid)
    if there is not None and there.runs:
        log.error("%s is alive on host %s, which was lost", vm.label, host.name)
        return lambda store: {"alive_on": host.name}
    if there is not None:
        if there.incoming:
            await host.destroy(vm.uuid)
        await host.undefine(vm.uuid)
    if not is_shared(around.store, datastore_id):
        pool = await ready_pool(around, host, datastore_id)
        for disk in vm.disks:
            if not disk.in_place and disk.host_id != host_id:
                for name in made_for(vm, disk):
                    await host.delete_volume(pool, name)
    return lambda store: None


async def resolve(job: Job, around: Surroundings) -> Effect:
    """End every domain of a VM but the one on the host that was named; there the VM is from now on.

    Raises:
        Conflict: it has no domain on that host.
    """
    vm = vm_record.load(around.store, int(job.arguments["vm_id"]))
    keep = int(job.arguments["keep_id"])
    others = {row[0] for row in around.store.query("SELECT host_id FROM stray WHERE vm_id = ?", (vm.id,))}
    if keep not in others | {vm.host_id}:
        raise Conflict(f"{vm.label} is not on the host that is to keep it", code="VM_NOT_THERE")
    for host_id in (others | {vm.host_id}) - {keep, None}:
        assert host_id is not None
        host = around.fleet.link(host_id).require_up()
        await host.destroy(vm.uuid)
        await host.undefine(vm.uuid)

    def effect(store: Store) -> dict[str, Any]:
        strays.forget(store, vm.id)
        store.execute(
            "UPDATE vm SET host_id = ?, version = version + 1, changed = ? WHERE id = ?",
            (keep, store.next_change(), vm.id),
        )
        if keep != vm.host_id:
            store.execute("UPDATE disk SET host_id = ? WHERE vm_id = ? AND host_id = ?", (keep, vm.id, vm.host_id))
            history.note(store, vm.id, Record.OPEN, MONITOR, job.id, int(around.clock()))
        return {"kept_on": keep}

    return effect
