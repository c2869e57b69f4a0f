"""What became of the occurrences of schedules."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from vmconsole.store.session import Store

_LAST = (
    "SELECT schedule.vm_id, schedule.number, firing.due,"
    " CASE WHEN operation.state IS NULL THEN firing.status ELSE operation.state END, firing.reason, operation.error"
    " FROM schedule JOIN firing ON firing.schedule_id = schedule.id"
    " LEFT JOIN operation ON operation.id = firing.operation_id"
    " WHERE firing.due = (SELECT MAX(due) FROM firing WHERE schedule_id = schedule.id)"
)


def last_results(store: Store, vm_ids: Sequence[int] | None = None) -> dict[tuple[int, int], tuple[int, str, str]]:
    """Of each schedule, by VM and number: when it was due last (Unix seconds), what became of it, and why.

    What became of it is the state of its operation, or why there was none: skipped, missed.
    """
    import json

    marks = ", ".join("?" for _ in vm_ids or ())
    condition = "" if vm_ids is None else f" AND schedule.vm_id IN ({marks})"
    found = {}
    for vm_id, number, due, became, reason, error in store.query(_LAST + condition, tuple(vm_ids or ())):
        why = reason or (json.loads(error).get("message", "") if error else "")
        found[vm_id, number] = (due, became, why)
    return found
