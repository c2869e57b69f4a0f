"""Which waiting VM goes to which host: capacity, requirements, policy; and why a VM goes nowhere, written on it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from vmconsole.controller.offer import Offer, Waiting, number
from vmconsole.lifecycle import states
from vmconsole.store import operations
from vmconsole.store.ids import new_operation_id

if TYPE_CHECKING:
    from vmconsole.controller.capacity import Candidate
    from vmconsole.controller.offer import Place
    from vmconsole.controller.work import Surroundings

MAX_DISPATCH = 30
"""VMs placed in one cycle."""
SCHEDULER = "scheduler"


_WAITING = """
    SELECT id, version, cpu, memory_mib, user_template, message, user_id, datastore_id,
        CASE WHEN imported = 1 THEN COALESCE(
            (SELECT MIN(host_id) FROM disk WHERE vm_id = vm.id),
            (SELECT host_id FROM history WHERE vm_id = vm.id ORDER BY seq DESC LIMIT 1))
        ELSE (SELECT MIN(host_id) FROM disk WHERE vm_id = vm.id AND type = 'foreign') END
    FROM vm WHERE state = ? AND busy IS NULL AND NOT EXISTS (
        SELECT 1 FROM operation WHERE operation.vm_id = vm.id AND (operation.state IN ('queued', 'running')
            OR (operation.command = 'deploy' AND operation.state = 'failed' AND operation.ended > ?)))
    ORDER BY id
"""


def cycle(around: Surroundings) -> int:
    """Place what can be placed: a deploy is queued for each VM that found a host.

    A VM whose deployment was just refused waits for a period before it is tried again.

    Returns:
        How many were placed.
    """
    refused_since = around.clock() - around.settings.number("placement_period")
    rows = around.store.query(_WAITING, (states.PENDING.state, refused_since))
    if not rows:
        return 0
    offer = Offer(around, "vm.state = ?", (states.PENDING.state,))
    placed = 0
    reasons: list[tuple[str, Waiting]] = []
    for vm in sorted(map(Waiting._make, rows), key=_priority):
        if placed >= MAX_DISPATCH:
            break
        place, reason = offer.choose(vm)
        if place is None:
            reasons.append((reason, vm))
            continue
        offer.take(vm, place)
        _dispatch(around, vm, place)
        placed += 1
    explain(around, reasons)
    return placed


def _priority(vm: Waiting) -> float:
    """The most important first; VMs of the same USER_PRIORITY stay in the order they came."""
    return -number(json.loads(vm.user_template).get("USER_PRIORITY")) if "USER_PRIORITY" in vm.user_template else 0.0


def examine_clones(around: Surroundings) -> None:
    """Let VMs go on, or fail, whose images were still being copied (ON-003, ON-041)."""
    for vm_id, held in around.store.query(
        "SELECT id, variant FROM vm WHERE state = ? AND busy IS NULL", (states.CLONING.state,)
    ):
        images = {
            row[0]
            for row in around.store.query(
                "SELECT image.state FROM disk JOIN image ON image.id = disk.image_id WHERE disk.vm_id = ?", (vm_id,)
            )
        }
        if images & {"lock", "clon"}:
            continue
        position = states.HOLD if held else states.PENDING
        if images & {"err", "dele", "disa"}:
            position = states.CLONING_FAILURE
        with around.journal.write() as store:
            store.execute(
                "UPDATE vm SET state = ?, lcm_state = ?, prev_state = state, prev_lcm_state = lcm_state,"
                " state_since = ?, version = version + 1, variant = ?, changed = ? WHERE id = ? AND state = ?",
                (
                    position.state, position.lcm, around.clock(), held if position.is_failure else "",
                    store.next_change(), vm_id, states.CLONING.state,
                ),
            )  # fmt: skip


def _dispatch(around: Surroundings, vm: Waiting, place: Place) -> None:
    host, shelf = place
    arguments: dict[str, Any] = {"host_id": host.id, "host": host.name}
    if shelf is not None and shelf.id != vm.datastore_id:
        arguments |= {"datastore_id": shelf.id, "datastore": shelf.name}
    submit(around, vm, host, "deploy", arguments)


def submit(around: Surroundings, vm: Waiting, host: Candidate, command: str, arguments: dict[str, Any]) -> None:
    """Have a VM brought to the host that was chosen for it; what kept it waiting is said no more."""
    with around.journal.write() as store:
        operations.insert(
            store,
            new_operation_id(),
            command,
            arguments,
            user_id=0,
            asked_by=SCHEDULER,
            face=SCHEDULER,
            now=around.clock(),
            vm_id=vm.id,
            vm_version=vm.version,
            host_id=host.id,
        )
        store.execute("UPDATE vm SET message = '' WHERE id = ?", (vm.id,))


def explain(around: Surroundings, reasons: list[tuple[str, Waiting]]) -> None:
    """Write on each VM why it waits, once."""
    news = [(reason, vm.id) for reason, vm in reasons if reason != vm.message]
    if news:
        with around.journal.write() as store:
            change = store.next_change()
            store.executemany(
                "UPDATE vm SET message = ?, changed = ? WHERE id = ?",
                [(reason, change, number) for reason, number in news],
            )
