"""Making VMs out of templates."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

from vmconsole.controller import schedule_record, vm_record
from vmconsole.controller.schedule_record import Wish
from vmconsole.controller.steps import files
from vmconsole.controller.supply import Supply
from vmconsole.errors import BadInput
from vmconsole.lifecycle import actions, permissions
from vmconsole.local_zone import local_zone
from vmconsole.schedules.records import from_template
from vmconsole.templates import names, syntax
from vmconsole.templates.errors import BadInput as BadTemplate
from vmconsole.templates.vm import VmSpec, check

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from vmconsole.controller.job import Job
    from vmconsole.controller.steps import Effect
    from vmconsole.controller.work import Surroundings
    from vmconsole.store.session import Store


async def create(job: Job, around: Surroundings) -> Effect:
    """Make one or several VMs, all or none; they wait to be placed, or on hold (ON-044, ON-046, ON-049)."""
    try:
        template = syntax.parse(str(job.arguments["template"]))
        spec = check(template)
        pattern = job.arguments.get("name") or spec.name
        count = int(job.arguments.get("multiple") or 1)
        vm_names = names.expand(pattern, count) if pattern else ("",) * count
        zone = local_zone()
        wishes = [Wish(each.action, each.args, from_template(each, zone=zone)) for each in spec.scheduled_actions]
    except BadTemplate as error:
        raise BadInput(str(error), code="INPUT_TEMPLATE") from error
    hold = bool(job.arguments.get("hold")) or bool(around.settings["vm_submit_on_hold"])
    apart = {"SCHED_ACTION", *spec.user.keys()}
    machine = {key: value for key, value in template.to_data().items() if key not in apart}

    def effect(store: Store) -> dict[str, Any]:
        birth = _Birth(store, job, spec, machine, hold, int(around.clock()), wishes)
        return {"vm_ids": [birth.make(name) for name in vm_names]}

    return effect


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


class _Birth:
    """Writes the rows of new VMs within one transaction."""

    def __init__(
        self,
        store: Store,
        job: Job,
        spec: VmSpec,
        machine: dict[str, Any],
        hold: bool,
        now: int,
        wishes: Sequence[Wish] = (),
    ) -> None:
        self._store = store
        self._job = job
        self._spec = spec
        self._machine = machine
        self._hold = hold
        self._now = now
        self._wishes = wishes
        self._supply = Supply(store, job.user_id, job.asked_by)

    def make(self, name: str) -> int:
        """One VM; returns its id."""
        number = self._store.next_value("vm")
        position, variant = actions.birth(held=self._hold, images_locked=self._images_locked())
        self._store.execute(
            "INSERT INTO vm (id, uuid, name, user_id, group_id, mode, state, lcm_state, prev_state, prev_lcm_state,"
            " state_since, variant, start_time, cpu, vcpu, memory_mib, template, user_template, template_id, changed)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                number, self._spec.os.uuid or str(uuid.uuid4()), name or f"one-{number}", self._job.user_id,
                self._supply.group_id, permissions.default_mode(), *position.numbers, *position.numbers, self._now,
                str(variant), self._now, self._spec.cpu, self._spec.vcpu, self._spec.memory_mib,
                json.dumps(self._machine), json.dumps(self._spec.user.to_data()),
                self._job.arguments.get("template_id"), self._store.next_change(),
            ),
        )  # fmt: skip
        targets = {disk.target for disk in self._spec.disks if disk.target}
        for index, disk in enumerate(self._spec.disks):
            targets.add(self._supply.add_disk(number, index, disk, targets))
        if self._spec.context is not None:
            self._supply.add_context(number, len(self._spec.disks), targets)
        for index, nic in enumerate(self._spec.nics):
            self._supply.add_nic(number, index, nic)
        for wish in self._wishes:
            schedule_record.add(self._store, number, wish, user_id=self._job.user_id, now=self._now)
        return number

    def _images_locked(self) -> bool:
        """Whether the content of a disk is still being copied into its image."""
        images = [self._supply.image(disk) for disk in self._spec.disks if disk.volatile is None]
        return any(image.state in ("lock", "clon") for image in images)
