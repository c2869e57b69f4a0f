"""Making VMs out of templates, and clearing away what one left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmconsole.controller import vm_record
from vmconsole.controller.births import birth
from vmconsole.controller.handlers import private_copies
from vmconsole.controller.steps import files
from vmconsole.errors import BadInput
from vmconsole.templates import syntax
from vmconsole.templates.errors import BadInput as BadTemplate

if TYPE_CHECKING:
    from typing import Any

    from vmconsole.controller.job import Job
    from vmconsole.controller.steps import Effect
    from vmconsole.controller.work import Surroundings
    from vmconsole.store.session import Store


async def create(job: Job, around: Surroundings) -> Effect:
    """Make one or several VMs, all or none; they wait to be placed, or on hold (ON-044, ON-046, ON-049).

    A persistent one is made of a private copy of its template, on copies of the images; it waits for them (ON-139).
    """
    try:
        template = syntax.parse(str(job.arguments["template"]))
    except BadTemplate as error:
        raise BadInput(str(error), code="INPUT_TEMPLATE") from error
    held = bool(job.arguments.get("hold")) or bool(around.settings["vm_submit_on_hold"])
    now = int(around.clock())
    if job.arguments.get("persistent"):

        def make(store: Store, copy: private_copies.Copy) -> dict[str, Any]:
            made = birth(job, copy.template, held=held, template_id=copy.template_id)
            return {"vm_ids": made.make(store, now)}

        name = template.text("NAME")
        return await private_copies.copied(job, around, template, name, images=True, besides=make)
    made = birth(job, template, held=held, template_id=job.arguments.get("template_id"))
    return lambda store: {"vm_ids": made.make(store, now)}


async def cleanup(job: Job, around: Surroundings) -> Effect:
    """Clear away what a VM left on a host when it went at once; an imported domain is left as it is."""
    vm = vm_record.load(around.store, int(job.arguments["vm_id"]))
    if not vm.imported:
        host_id = job.arguments.get("host_id")
        for link in around.fleet:
            if link.host_id == host_id:
                await link.require_up().destroy(vm.uuid)
                await link.require_up().undefine(vm.uuid)
        await files.remove_files(around, vm, host_id)
    return lambda store: files.forget_files(store, vm.id)
