"""Changing what a VM's next boot reads: machine, screen and context."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from vmconsole.controller import vm_record
from vmconsole.controller.supply import Supply
from vmconsole.errors import BadInput, Conflict
from vmconsole.templates import configuration
from vmconsole.templates.errors import TemplateError

if TYPE_CHECKING:
    from backends.base import Host
    from vmconsole.controller.job import Job
    from vmconsole.controller.steps import Effect
    from vmconsole.controller.vm_record import VmRecord
    from vmconsole.controller.work import Surroundings
    from vmconsole.store.session import Store
    from vmconsole.templates.template import Template


async def update(job: Job, around: Surroundings, host: Host | None) -> Effect:
    """Write the new sections into the VM's template, for its next boot. Raises as `configured`."""
    vm = vm_record.load(around.store, job.vm_id)
    return written(job, vm, configured(job, vm))


def configured(job: Job, vm: VmRecord) -> Template:
    """The machine's template with the sections that an operation gives.

    Raises:
        BadInput: a section is wrong. Conflict: the domain was imported and keeps the definition it came with.
    """
    if vm.imported:
        raise Conflict(f"{vm.label} was imported: its definition is kept as it is", code="VM_IMPORTED")
    try:
        given = configuration.parse(str(job.arguments["template"]))
        return configuration.changed(vm.template, given, append=bool(job.arguments.get("append")))
    except TemplateError as error:
        raise BadInput(str(error), code="INPUT_TEMPLATE") from error


def written(job: Job, vm: VmRecord, after: Template) -> Effect:
    """The effect that makes it the VM's; a first CONTEXT brings the CD-ROM that tells it (ON-138)."""

    def effect(store: Store) -> None:
        store.execute(
            "UPDATE vm SET template = ?, changed = ? WHERE id = ?",
            (json.dumps(after.to_data()), store.next_change(), vm.id),
        )
        if "CONTEXT" in after and not any(disk.type == "context" for disk in vm.disks):
            number = max((disk.disk_id for disk in vm.disks), default=-1) + 1
            supply = Supply(store, job.user_id, job.asked_by)
            supply.add_context(vm.id, number, {disk.target for disk in vm.disks})

    return effect
