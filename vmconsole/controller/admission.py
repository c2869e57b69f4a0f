"""Refuses an operation that cannot be carried out, while nothing has changed yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmconsole.controller import vm_record
from vmconsole.controller.handlers import HANDLERS, IN_PLACE
from vmconsole.controller.link import NotYet
from vmconsole.controller.placement import has_room
from vmconsole.controller.steps import STEPS
from vmconsole.controller.whereabouts import link_for
from vmconsole.errors import Conflict, Failed, NotFound
from vmconsole.lifecycle.stages import chain_from, stage
from vmconsole.lifecycle.steps import Step

if TYPE_CHECKING:
    from vmconsole.controller.job import Job
    from vmconsole.controller.work import Surroundings
    from vmconsole.lifecycle.flows import Action, Flow


def allow(around: Surroundings, job: Job, asked: Action | None, flow: Flow | None) -> None:
    """Refuse what cannot be carried out, while nothing has changed yet."""
    if asked is None:
        _allow_handler(around, job)
        return
    if asked.recovery is not None:
        return
    assert flow is not None
    if flow.first is None:
        if job.command not in IN_PLACE:
            raise _not_there(asked.title)
        if job.command in ("reboot", "reboot-hard"):
            link_for(around, job).require_up_or_refuse()
        return
    passed = chain_from(flow.first, flow.variant)
    needed = [row.step for place in passed if (row := stage(place, flow.variant)) is not None]
    if missing := [step for step in needed if step not in STEPS]:
        raise _not_there(asked.title, f"the step {missing[0].value}")
    if asked.command in ("deploy", "migrate"):
        _check_target(around, job)
    if needed and needed != [Step.CLEANUP]:
        link_for(around, job).require_up_or_refuse()


def _allow_handler(around: Surroundings, job: Job) -> None:
    """Also lets the clearing away of what a VM has left on a host wait for that host. Raises NotYet."""
    if job.command not in HANDLERS:
        raise _not_there(job.command)
    if job.command != "vm.cleanup":
        return
    host_id = job.arguments.get("host_id")
    up = any(link.host_id == host_id and link.is_up for link in around.fleet)
    if not up and around.store.query("SELECT 1 FROM host WHERE id = ?", (host_id,)):
        raise NotYet(str(host_id))


def _check_target(around: Surroundings, job: Job) -> None:
    """Whether the VM can go to the host that was named."""
    host_id = job.arguments.get("host_id")
    rows = around.store.query("SELECT name, state FROM host WHERE id = ?", (host_id,))
    if not rows:
        raise NotFound(f"host {host_id} does not exist", code="NO_HOST")
    vm = vm_record.load(around.store, job.vm_id)
    if vm.host_id == host_id:
        raise Conflict(f"{vm.label} is on host {rows[0][0]} already", code="HOST_SAME")
    if vm.bound_to not in (None, host_id):
        raise Conflict(
            f"{vm.label} can run only where its disks lie, and that is not host {rows[0][0]}", code="VM_BOUND"
        )
    enforced = bool(job.arguments.get("enforce"))
    if enforced and not has_room(around, int(str(host_id)), vm.cpu, vm.memory_mib, besides=job.id):
        raise Conflict(
            f"host {rows[0][0]} has no {vm.cpu:g} CPU and {vm.memory_mib} MiB left for {vm.label}",
            code="HOST_FULL",
            hint="vmconsole host list",
        )
    around.fleet.link(host_id).require_up_or_refuse()


def _not_there(title: str, what: str = "") -> Failed:
    reason = f": {what} is not there yet" if what else " is not there yet"
    return Failed(f"{title}{reason}; nothing was changed", code="NOT_IMPLEMENTED")
