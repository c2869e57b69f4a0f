"""What a host shows of a step that somebody calls failed: taking back what was done would make the store wrong."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from backends.base import BackendError
from vmconsole.controller import vm_record
from vmconsole.controller.link import NotYet
from vmconsole.controller.whereabouts import answers
from vmconsole.errors import Conflict
from vmconsole.lifecycle.stages import stage
from vmconsole.lifecycle.steps import Step

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from backends.base import Host
    from vmconsole.controller.job import Job
    from vmconsole.controller.vm_record import VmRecord
    from vmconsole.controller.work import Surroundings

    Look = Callable[[Surroundings, Job, VmRecord, Host], Awaitable[str]]

log = logging.getLogger(__name__)


def require_witness(around: Surroundings, job: Job) -> None:
    """Refuse to call a step failed that its host may have done, while that host can neither be asked nor is known off.

    Raises:
        Conflict: HOST_SILENT. NotYet: it has not been tried yet whether the host answers.
    """
    under_way = None if job.position is None else stage(job.position)
    if under_way is None or under_way.step not in _LOOKS:
        return
    vm = vm_record.load(around.store, job.vm_id)
    if any(link.host_id == vm.host_id and not link.tried.is_set() for link in around.fleet):
        raise NotYet(str(vm.host_id))
    rows = around.store.query("SELECT name FROM host WHERE id = ? AND confirmed_off = 0", (vm.host_id,))
    if rows and not answers(around, vm.host_id):
        raise Conflict(
            f"{vm.label}: host {rows[0][0]} does not answer, and may have done it all the same",
            code="HOST_SILENT", hint=f"wait for it, or say that it is off: vmconsole host confirm-off {rows[0][0]}",
        )  # fmt: skip


async def shown_done(around: Surroundings, job: Job, step: Step) -> str:
    """How the host shows that the step is done, empty when it does not. A host that is silent is not asked."""
    look, vm = _LOOKS.get(step), vm_record.load(around.store, job.vm_id)
    if look is None or not answers(around, vm.host_id):
        return ""
    try:
        return await look(around, job, vm, around.fleet.link(vm.host_id).require_up())
    except BackendError as error:
        log.warning("%s: what became of %s cannot be seen: %s", vm.label, step.value, error.message)
        return ""


async def _is_frozen(around: Surroundings, job: Job, vm: VmRecord, host: Host) -> str:
    domain = await host.domain(vm.uuid)
    layer = job.arguments.get("layer_path")
    written = {disk.source for disk in domain.disks} if domain is not None else set()
    return f"disk {job.arguments['disk_id']} writes to the new layer: it did not fail" if layer in written else ""


async def _has_moved(around: Surroundings, job: Job, vm: VmRecord, host: Host) -> str:
    await host.abort_job(vm.uuid)
    here = await host.whereabouts(vm.uuid)
    if (here is not None and here.runs) or not answers(around, vm.target_host_id):
        return ""
    target = around.fleet.link(vm.target_host_id).require_up()
    there = await target.whereabouts(vm.uuid)
    return f"it runs on {target.name}: the migration did not fail" if there is not None and there.runs else ""


_LOOKS: dict[Step, Look] = {
    Step.CREATE_DISK_SNAPSHOT: _is_frozen,
    Step.REVERT_DISK_SNAPSHOT: _is_frozen,
    Step.MIGRATE_LIVE: _has_moved,
}
