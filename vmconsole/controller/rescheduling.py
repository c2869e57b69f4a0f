"""Which VM that is to leave its host goes where: by the rules of placement, its own host left out (ON-087, ON-088)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmconsole.controller import placement
from vmconsole.controller.offer import Offer, Waiting
from vmconsole.controller.placement import MAX_DISPATCH, SCHEDULER
from vmconsole.controller.whereabouts import answers
from vmconsole.lifecycle import actions, states

if TYPE_CHECKING:
    from vmconsole.controller.capacity import Candidate
    from vmconsole.controller.offer import Place
    from vmconsole.controller.work import Surroundings
    from vmconsole.lifecycle.states import Position

_LEAVING = """
    SELECT id, version, cpu, memory_mib, user_template, message, user_id, datastore_id,
        CASE WHEN imported = 1 THEN host_id
        ELSE (SELECT MIN(host_id) FROM disk WHERE vm_id = vm.id AND type = 'foreign') END,
        host_id, state, lcm_state
    FROM vm WHERE resched = 1 AND busy IS NULL AND host_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM operation WHERE operation.vm_id = vm.id AND (operation.state IN ('queued', 'running')
            OR (operation.asked_by = ? AND operation.state = 'failed' AND operation.ended > ?)))
    ORDER BY id
"""


def cycle(around: Surroundings) -> int:
    """Queue a migration for each VM that is to leave and for which another host is found.

    The flag falls when the migration begins; a VM for which there is no host keeps it, and says why it stays.

    Returns:
        How many migrations were queued.
    """
    refused_since = around.clock() - around.settings.number("placement_period")
    rows = around.store.query(_LEAVING, (SCHEDULER, refused_since))
    if not rows:
        return 0
    offer = Offer(around, "vm.resched = ?", (1,))
    sent = 0
    reasons: list[tuple[str, Waiting]] = []
    for row in rows:
        vm, host_id, position = Waiting._make(row[:9]), row[9], states.by_numbers(row[10], row[11])
        if sent >= MAX_DISPATCH or actions.legal(actions.action("migrate"), position) is None:
            continue
        place, reason = _choose(around, vm, host_id, position, offer)
        if place is None:
            reasons.append((f"cannot leave its host: {reason}", vm))
            continue
        offer.take(vm, place)
        _dispatch(around, vm, position, place.host)
        sent += 1
    placement.explain(around, reasons)
    return sent


def _choose(
    around: Surroundings, vm: Waiting, host_id: int, position: Position, offer: Offer
) -> tuple[Place | None, str]:
    """The best place on another host for a VM, which keeps its datastore; or why there is none."""
    if vm.bound_to is not None:
        return None, "its disks lie there and are not ours to move"
    if not answers(around, host_id):
        if position is not states.UNKNOWN or not _is_everywhere(around, vm.id):
            return None, "that host does not answer, and what it has cannot be copied"
        if not around.store.query("SELECT 1 FROM host WHERE id = ? AND confirmed_off = 1", (host_id,)):
            return None, "that host does not answer, and may still run it: vmconsole host confirm-off says it does not"
    return offer.choose(vm, without=host_id)


def _is_everywhere(around: Surroundings, vm_id: int) -> bool:
    """Whether all disks of a VM are in shared datastores, or can be made anew."""
    return not around.store.query(
        "SELECT 1 FROM disk LEFT JOIN datastore ON datastore.id = disk.datastore_id"
        " WHERE vm_id = ? AND disk.type NOT IN ('cdrom', 'context') AND (persistent = 1 OR COALESCE(shared, 0) = 0)",
        (vm_id,),
    )


def _dispatch(around: Surroundings, vm: Waiting, position: Position, host: Candidate) -> None:
    live = position is states.RUNNING and around.settings["live_resched"]
    placement.submit(around, vm, host, "live-migrate" if live else "migrate", {"host_id": host.id, "host": host.name})
