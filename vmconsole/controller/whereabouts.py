"""Which host an operation works on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmconsole.controller import history, vm_record
from vmconsole.lifecycle.host_states import ERROR
from vmconsole.lifecycle.stages import stage
from vmconsole.lifecycle.steps import Step

if TYPE_CHECKING:
    from vmconsole.controller.job import Job
    from vmconsole.controller.link import Link
    from vmconsole.controller.work import Surroundings


def link_for(around: Surroundings, job: Job) -> Link:
    """The link of the host on which the job's next step runs."""
    if job.command == "deploy" and job.attempt == 0:
        return around.fleet.link(job.arguments.get("host_id"))
    return around.fleet.link(host_of(around, job))


def answers(around: Surroundings, host_id: int | None) -> bool:
    """Whether a host can be worked with: its connection may be lost only some time after it fell silent."""
    if not any(link.host_id == host_id and link.is_up for link in around.fleet):
        return False
    return not around.store.query("SELECT 1 FROM host WHERE id = ? AND state = ?", (host_id, ERROR))


def host_of(around: Surroundings, job: Job) -> int | None:
    """The id of the VM's host; of a VM without one, of the host where its files lie.

    A VM that is taken over is worked on where it goes: the host it was on may be silent for ever.
    """
    vm = vm_record.load(around.store, job.vm_id)
    under_way = None if job.position is None else stage(job.position, job.variant)
    if under_way is not None and under_way.step is Step.TAKE_OVER:
        return vm.target_host_id
    if vm.host_id is not None:
        return vm.host_id
    lies = [vm.checkpoint_host_id, *(disk.host_id for disk in vm.disks)]
    known = next((host_id for host_id in lies if host_id is not None), None)
    return known if known is not None else history.last(around.store, vm.id)[1]
