"""The rows of new VMs: from a template to machines that wait to be placed."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vmconsole.controller import schedule_record
from vmconsole.controller.schedule_record import Wish
from vmconsole.controller.supply import Supply
from vmconsole.errors import BadInput
from vmconsole.lifecycle import actions, permissions
from vmconsole.local_zone import local_zone
from vmconsole.templates import names
from vmconsole.templates.errors import BadInput as BadTemplate
from vmconsole.templates.vm import VmSpec, check

if TYPE_CHECKING:
    from typing import Any

    from vmconsole.controller.job import Job
    from vmconsole.store.session import Store
    from vmconsole.templates.template import Template


@dataclass(frozen=True, slots=True)
class Birth:
    """VMs to be made, all checked that needs no store. `machine` is the template without what its owner may change."""

    names: tuple[str, ...]
    spec: VmSpec
    machine: dict[str, Any]
    wishes: tuple[Wish, ...]
    held: bool
    template_id: int | None
    user_id: int
    asked_by: str

    def make(self, store: Store, now: int) -> list[int]:
        """Insert them; returns their ids.

        Args:
            store: within a write transaction: all are made, or none.
            now: Unix seconds, when they were asked for.

        Raises:
            NotFound, Denied, Conflict, BadInput: an image or network is not to be had.
        """
        supply = Supply(store, self.user_id, self.asked_by)
        return [self._make(store, supply, name, now) for name in self.names]

    def _make(self, store: Store, supply: Supply, name: str, now: int) -> int:
        spec = self.spec
        number = store.next_value("vm")
        locked = any(supply.image(disk).state in ("lock", "clon") for disk in spec.disks if disk.volatile is None)
        position, variant = actions.birth(held=self.held, images_locked=locked)
        store.execute(
            "INSERT INTO vm (id, uuid, name, user_id, group_id, mode, state, lcm_state, prev_state, prev_lcm_state,"
            " state_since, variant, start_time, cpu, vcpu, memory_mib, template, user_template, template_id, changed)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                number, spec.os.uuid or str(uuid.uuid4()), name or f"one-{number}", self.user_id, supply.group_id,
                permissions.default_mode(), *position.numbers, *position.numbers, now, str(variant), now, spec.cpu,
                spec.vcpu, spec.memory_mib, json.dumps(self.machine), json.dumps(spec.user.to_data()),
                self.template_id, store.next_change(),
            ),
        )  # fmt: skip
        targets = {disk.target for disk in spec.disks if disk.target}
        for index, disk in enumerate(spec.disks):
            targets.add(supply.add_disk(number, index, disk, targets))
        if spec.context is not None:
            supply.add_context(number, len(spec.disks), targets)
        for index, nic in enumerate(spec.nics):
            supply.add_nic(number, index, nic)
        for wish in self.wishes:
            schedule_record.add(store, number, wish, user_id=self.user_id, now=now)
        return number


def birth(job: Job, template: Template, *, held: bool, template_id: int | None) -> Birth:
    """The VMs that an operation asks for: how many, under which names, and made of this template.

    Raises:
        BadInput: the template or a name is wrong.
    """
    try:
        spec = check(template)
        pattern = job.arguments.get("name") or spec.name
        count = int(job.arguments.get("multiple") or 1)
        vm_names = names.expand(pattern, count) if pattern else ("",) * count
        zone = local_zone()
        wishes = tuple(Wish.of_template(each, zone=zone) for each in spec.scheduled_actions)
    except BadTemplate as error:
        raise BadInput(str(error), code="INPUT_TEMPLATE") from error
    apart = {"SCHED_ACTION", *spec.user.keys()}
    machine = {key: value for key, value in template.to_data().items() if key not in apart}
    return Birth(vm_names, spec, machine, wishes, held, template_id, job.user_id, job.asked_by)
