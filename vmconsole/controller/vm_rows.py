"""The rows of VMs as operations change them, each function within a transaction that the caller has begun."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vmconsole.controller import history
from vmconsole.controller.supply import release_image
from vmconsole.errors import Internal
from vmconsole.lifecycle import states
from vmconsole.lifecycle.stages import Placement
from vmconsole.lifecycle.steps import Variant
from vmconsole.store import operations
from vmconsole.store.ids import new_operation_id

if TYPE_CHECKING:
    from vmconsole.controller.job import Job
    from vmconsole.errors import VmconsoleError
    from vmconsole.lifecycle.states import Position
    from vmconsole.store.session import Store


class Superseded(Exception):
    """The operation, or the VM under it, was taken over; what this job was doing no longer counts."""


def look(store: Store, job: Job) -> tuple[str, Variant, bool]:
    """Put the VM's position into the job; returns the operation that holds it, the variant in flight, paused."""
    rows = store.query("SELECT state, lcm_state, busy, variant, paused FROM vm WHERE id = ?", (job.vm_id,))
    if not rows:
        raise Internal(f"operation {job.id} is about VM {job.vm_id}, which does not exist")
    state, lcm, busy, variant, paused = rows[0]
    job.position = states.by_numbers(state, lcm)
    return busy or "", Variant(variant), bool(paused)


def is_held(store: Store, vm_id: int) -> bool:
    """Whether an operation has the VM."""
    return bool(store.query("SELECT 1 FROM vm WHERE id = ? AND busy IS NOT NULL", (vm_id,)))


def occupy(store: Store, job: Job) -> None:
    """The VM is the job's until it is freed."""
    store.execute("UPDATE vm SET busy = ?, version = version + 1 WHERE id = ?", (job.id, job.vm_id))


def free(store: Store, job: Job) -> None:
    """The next operation may have the VM."""
    if job.vm_id is not None:
        store.execute(
            "UPDATE vm SET busy = NULL, version = version + 1, changed = ? WHERE id = ? AND busy = ?",
            (store.next_change(), job.vm_id, job.id),
        )


def move(
    store: Store, job: Job, position: Position, now: float, *, busy: bool, columns: dict[str, Any] | None = None
) -> None:
    """Compare-and-swap the VM from where the job saw it to `position`.

    Args:
        busy: whether the job holds the VM there.
        columns: what else changes with it.

    Raises:
        Superseded: the VM is not where the job saw it.
    """
    assert job.position is not None
    before = job.position
    keeps_variant = position.is_transient or position.is_failure
    more = "".join(f", {column} = ?" for column in columns or {})
    moved = store.execute(
        "UPDATE vm SET state = ?, lcm_state = ?, prev_state = state, prev_lcm_state = lcm_state, state_since = ?,"
        f" version = version + 1, busy = ?, variant = ?, changed = ?{more}"
        " WHERE id = ? AND state = ? AND lcm_state = ?",
        (
            *position.numbers, now, job.id if busy else None, str(job.variant) if keeps_variant else "",
            store.next_change(), *(columns or {}).values(), job.vm_id, *before.numbers,
        ),
    )  # fmt: skip
    if not moved:
        raise Superseded(job.id)
    job.position = position


def explain(store: Store, job: Job, error: VmconsoleError | None) -> None:
    """Say on a VM that failed why it did and what to do, and take that back when it goes on."""
    message = error.advice if error is not None else ""
    store.execute("UPDATE vm SET message = ? WHERE id = ? AND message <> ?", (message, job.vm_id, message))


def settle_placement(store: Store, job: Job, placement: Placement, now: int) -> None:
    """A move between two hosts is decided: one of them is the VM's, the other gets its capacity back."""
    assert job.vm_id is not None
    if placement is Placement.NEW:
        store.execute(
            "UPDATE vm SET host_id = COALESCE(target_host_id, host_id), target_host_id = NULL WHERE id = ?",
            (job.vm_id,),
        )
    elif placement is Placement.OLD:
        store.execute("UPDATE vm SET target_host_id = NULL, target_datastore_id = NULL WHERE id = ?", (job.vm_id,))
        history.roll_back(store, job.vm_id, now)


def arrive(store: Store, job: Job, now: float, *, cleanup: bool = True) -> None:
    """What holds wherever a VM comes to rest: no capacity means no host, and DONE gives everything back.

    Args:
        cleanup: what a VM that is DONE has left on hosts is to be cleared away.
    """
    position = job.position
    assert job.vm_id is not None
    assert position is not None
    if position is states.DONE and cleanup:
        _queue_cleanup(store, job, now)
    if not states.holds_capacity(position):
        store.execute(
            "UPDATE vm SET host_id = NULL, paused = 0, cpu_percent = 0, memory_used_kib = 0 WHERE id = ?",
            (job.vm_id,),
        )
    if position is states.DONE:
        give_back(store, job.vm_id, int(now))


def _queue_cleanup(store: Store, job: Job, now: float) -> None:
    """A VM that went at once, from a place where no step clears up, may have left files on a host."""
    left = store.query(
        "SELECT host_id FROM vm WHERE id = ? AND (EXISTS (SELECT 1 FROM disk WHERE vm_id = vm.id"
        "   AND host_id IS NOT NULL AND volume <> '' AND persistent = 0 AND type NOT IN ('cdrom', 'foreign'))"
        " OR (imported = 0 AND (checkpoint_host_id IS NOT NULL OR (host_id IS NOT NULL AND deploy_id <> ''))))",
        (job.vm_id,),
    )
    if left:
        operations.insert(
            store, new_operation_id(), "vm.cleanup", {"vm_id": job.vm_id, "host_id": left[0][0]},
            user_id=job.user_id, asked_by=job.asked_by, face="controller", now=now,
        )  # fmt: skip


def give_back(store: Store, vm_id: int, now: int) -> None:
    """What a VM that is DONE returns: addresses, images, schedules; its record and history stay."""
    store.execute("DELETE FROM network_lease WHERE vm_id = ?", (vm_id,))
    used = store.query("SELECT DISTINCT image_id FROM disk WHERE vm_id = ? AND image_id IS NOT NULL", (vm_id,))
    for (image_id,) in used:
        release_image(store, image_id, vm_id)
    store.execute("UPDATE schedule SET next = NULL, enabled = 0 WHERE vm_id = ?", (vm_id,))
    store.execute("DELETE FROM system_snapshot WHERE vm_id = ?", (vm_id,))
    store.execute(
        "UPDATE vm SET end_time = ?, resched = 0, cpu_percent = 0, memory_used_kib = 0 WHERE id = ?",
        (now, vm_id),
    )
