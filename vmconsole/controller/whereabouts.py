"""Which host an operation works on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmconsole.controller import history, vm_record

if TYPE_CHECKING:
    from vmconsole.controller.job import Job
    from vmconsole.controller.link import Link
    from vmconsole.controller.work import Surroundings


def link_for(around: Surroundings, job: Job) -> Link:
    """The link of the host on which the job's next step runs."""
    if job.command == "deploy" and job.attempt == 0:
        return around.fleet.link(job.arguments.get("host_id"))
    return around.fleet.link(host_of(around, job))


def host_of(around: Surroundings, job: Job) -> int | None:
    """The id of the VM's host; of a VM without one, of the host where its files lie."""
    vm = vm_record.load(around.store, job.vm_id)
    if vm.host_id is not None:
        return vm.host_id
    lies = [vm.checkpoint_host_id, *(disk.host_id for disk in vm.disks)]
    known = next((host_id for host_id in lies if host_id is not None), None)
    return known if known is not None else history.last(around.store, vm.id)[1]
