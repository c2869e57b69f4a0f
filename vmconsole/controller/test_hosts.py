"""Simulated hosts live in the controller's memory: what the store knows of them is put back when it starts."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from backends.base import BackendError, Power
from vmconsole.controller import vm_record
from vmconsole.controller.domain_spec import domain_spec
from vmconsole.lifecycle import states as at

if TYPE_CHECKING:
    from backends.base import DomainState
    from vmconsole.controller.link import Link
    from vmconsole.controller.vm_record import VmRecord
    from vmconsole.controller.work import Surroundings
    from vmconsole.lifecycle.states import Position

log = logging.getLogger(__name__)


async def put_back(around: Surroundings, link: Link) -> None:
    """Make the simulated host what the store says it was yesterday."""
    there = dict(await link.backend.states())
    rows = around.store.query(
        "SELECT id, state, lcm_state, observed, uuid FROM vm WHERE host_id = ? AND state <> 6 AND busy IS NULL",
        (link.host_id,),
    )
    for number, state, lcm, observed, uuid in rows:
        position = at.by_numbers(state, lcm)
        present = there.get(uuid)
        if present is not None and observed == int(present.power):
            continue
        try:
            await _align(around, link, vm_record.load(around.store, number), position, present)
        except BackendError as error:
            log.warning("VM %d could not be put back on %s: %s", number, link.name, error.message)


async def _align(
    around: Surroundings, link: Link, vm: VmRecord, position: Position, present: DomainState | None
) -> None:
    host = link.backend
    if present is None:
        await host.define(domain_spec(vm, instance=around.instance, operation=""))
    running = present is not None and present.power in (Power.RUNNING, Power.PAUSED)
    if position in (at.RUNNING, at.UNKNOWN):
        await host.start(vm.uuid)
    elif position is at.POWEROFF and running:
        await host.destroy(vm.uuid)
    elif position is at.SUSPENDED and vm.paused:
        await host.start(vm.uuid)
        await host.pause(vm.uuid)
    elif position is at.SUSPENDED:
        await host.start(vm.uuid)
        await host.save(vm.uuid)
