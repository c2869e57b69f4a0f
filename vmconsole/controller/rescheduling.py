"""Which VM that is to leave its host goes where: by the rules of placement, its own host left out (ON-087, ON-088)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmconsole.controller import placement
from vmconsole.controller.placement import MAX_DISPATCH, SCHEDULER, Waiting
from vmconsole.lifecycle import actions, states
from vmconsole.store import operations
from vmconsole.store.ids import new_operation_id

if TYPE_CHECKING:
    from vmconsole.controller.placement import Candidate
    from vmconsole.controller.work import Surroundings
    from vmconsole.lifecycle.states import Position

_LEAVING = """
    SELECT id, version, cpu, memory_mib, user_template, message,
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
    candidates = placement.candidates_now(around)
    sent = 0
    reasons: list[tuple[str, Waiting]] = []
    for row in rows:
        vm, host_id, position = Waiting._make(row[:7]), row[7], states.by_numbers(row[8], row[9])
        if sent >= MAX_DISPATCH or actions.legal(actions.action("migrate"), position) is None:
            continue
        host, reason = _choose(around, vm, host_id, candidates)
        if host is None:
            reasons.append((f"cannot leave its host: {reason}", vm))
            continue
        host.take(vm)
        _dispatch(around, vm, position, host)
        sent += 1
    placement.explain(around, reasons)
    return sent


def _choose(
    around: Surroundings, vm: Waiting, host_id: int, candidates: list[Candidate]
) -> tuple[Candidate | None, str]:
    """The best other host for a VM, or why there is none."""
    if vm.bound_to is not None:
        return None, "its disks lie there and are not ours to move"
    if not any(link.host_id == host_id and link.is_up for link in around.fleet):
        return None, "that host does not answer, and what it has cannot be copied"
    others = [host for host in candidates if host.id != host_id]
    return placement.choose(around, vm, others) if others else (None, "no other host is on")


def _dispatch(around: Surroundings, vm: Waiting, position: Position, host: Candidate) -> None:
    live = position is states.RUNNING and around.settings["live_resched"]
    with around.journal.write() as store:
        operations.insert(
            store,
            new_operation_id(),
            "live-migrate" if live else "migrate",
            {"host_id": host.id, "host": host.name},
            user_id=0,
            asked_by=SCHEDULER,
            face=SCHEDULER,
            now=around.clock(),
            vm_id=vm.id,
            vm_version=vm.version,
            host_id=host.id,
        )
        store.execute("UPDATE vm SET message = '' WHERE id = ?", (vm.id,))
