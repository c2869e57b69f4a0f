"""One firing of a schedule: whether its VM takes the action now, the record that makes it the only one, the operation.

Everything here happens within one fenced transaction of the caller.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from vmconsole.lifecycle import actions, states
from vmconsole.lifecycle.permissions import Lock, locked
from vmconsole.lifecycle.steps import Variant
from vmconsole.schedules.firing import between
from vmconsole.schedules.words import moment
from vmconsole.store import operations
from vmconsole.store.ids import new_operation_id

if TYPE_CHECKING:
    from typing import Any

    from vmconsole.controller.schedule_record import ScheduleRecord
    from vmconsole.schedules.firing import CatchUp
    from vmconsole.schedules.rule import Rule
    from vmconsole.store.session import Store

FACE = "schedule"
FIRED, MISSED, SKIPPED, BY_HAND = "fired", "missed", "skipped", "by hand"
"""What a record says became of an occurrence."""
MOST_MISSED = 100
"""Missed occurrences that get a record each; more of them share one."""


def refusal(store: Store, record: ScheduleRecord) -> str:
    """Why the VM does not take the action now; empty when it does (ON-150)."""
    try:
        asked = actions.action(record.action)
    except KeyError:
        return f"there is no action {record.action!r}"
    position = states.by_numbers(record.state, record.lcm)
    if asked.lockable and locked(asked.right, Lock(record.lock)):
        return "the VM is locked"
    flow = actions.legal(asked, position, paused=record.paused, in_flight=Variant(record.variant))
    if flow is None:
        return actions.refusal(asked, position, paused=record.paused, in_flight=Variant(record.variant))
    if flow.cancels or asked.recovery is not None:
        return ""
    others = store.query(
        "SELECT command FROM operation WHERE vm_id = ? AND state IN ('queued', 'running') LIMIT 1", (record.vm_id,)
    )
    return f"{others[0][0]} is under way" if others else ""


def fire(store: Store, record: ScheduleRecord, due: int, *, now: float, fence: int, status: str = FIRED) -> str:
    """Submit the action for the occurrence `due`; returns the operation's id, empty when it was submitted before.

    The record's key, schedule and occurrence, is what makes it happen once, whoever else believes to be in charge.
    """
    identity = new_operation_id()
    if not write_down(store, record, due, status, now=now, fence=fence, operation_id=identity):
        return ""
    operations.insert(
        store, identity, record.action, arguments(record), user_id=record.user_id, asked_by=record.user, face=FACE,
        now=now, vm_id=record.vm_id, schedule_id=record.id,
    )  # fmt: skip
    return identity


def arguments(record: ScheduleRecord) -> dict[str, Any]:
    """The scheduled arguments as the operation wants them, by name."""
    names = actions.action(record.action).schedule or ()
    return dict(zip((name.rstrip("?") for name in names), record.args, strict=False))


def write_down(
    store: Store,
    record: ScheduleRecord,
    due: int,
    status: str,
    *,
    now: float,
    fence: int,
    reason: str = "",
    operation_id: str | None = None,
) -> bool:
    """Record what became of an occurrence; False when it has a record already."""
    return bool(
        store.execute(
            "INSERT INTO firing (schedule_id, due, status, reason, operation_id, fence, at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (schedule_id, due) DO NOTHING",
            (record.id, due, status, reason, operation_id, fence, now),
        )
    )


def write_down_missed(
    store: Store, record: ScheduleRecord, rule: Rule, plan: CatchUp, reason: str, *, now: float, fence: int
) -> None:
    """Record the occurrences that will not be made up for; very many share one record, at the first of them."""
    missed = plan.missed
    if missed.first is None or missed.last is None:
        return
    if missed.count > MOST_MISSED:
        many = f"{missed.count:,}{'' if missed.complete else ' or more'} runs until {moment(missed.last, rule.zone)}"
        write_down(store, record, missed.first, MISSED, now=now, fence=fence, reason=f"{reason}; {many}")
        return
    first = [missed.first]
    for due in [*first, *islice(between(rule, missed.first, missed.last, start=record.start), MOST_MISSED)]:
        write_down(store, record, due, MISSED, now=now, fence=fence, reason=reason)
