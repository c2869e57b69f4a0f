"""Steps that take a VM from one host to another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmconsole.controller.steps.files import gather
from vmconsole.controller.volumes import SYSTEM, ready_pool
from vmconsole.errors import Failed
from vmconsole.lifecycle import states as at

if TYPE_CHECKING:
    from vmconsole.controller.steps import Effect
    from vmconsole.controller.work import Work


async def transfer(work: Work) -> Effect:
    """Take a VM that is not running off its host, and have its files on the one it goes to (ON-092, ON-093).

    A suspended VM's memory is a managed save, which cannot leave the host: it is made a file first. What is undefined
    here is defined again where the VM boots.
    """
    vm, target_id = work.vm, work.vm.target_host_id
    if target_id is None:
        raise Failed(f"{vm.label}: the host it was to move to is gone", code="NO_HOST")
    target = work.around.fleet.link(target_id).require_up()
    pool = await ready_pool(work.around, work.host, SYSTEM)
    suspended = work.job.position is at.PROLOG_MIGRATE_SUSPEND
    if suspended and vm.checkpoint_host_id is None:
        if await work.host.volume(pool, vm.checkpoint) is None:
            await work.host.save_to(vm.uuid, pool, vm.checkpoint, work.job.report)
        vm = vm.with_checkpoint_on(work.host_id)
    await work.host.undefine(vm.uuid)
    return await gather(work, vm, target, target_id)
