"""Schedules as rows of the store: read with all that their firing depends on, added, changed, dropped."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vmconsole.errors import BadInput, NotFound
from vmconsole.schedules import records
from vmconsole.schedules.errors import ScheduleError
from vmconsole.schedules.firing import first_run, next_after
from vmconsole.schedules.retention import EVERYTHING, Retention

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vmconsole.schedules.rule import Rule
    from vmconsole.store.session import Store
    from vmconsole.templates.scheduled import ScheduledAction

_RULE = ("time", "relative", "repeat", "days", "cron", "time_zone", "end_type", "end_value")
_SELECT = (
    "SELECT schedule.id, schedule.vm_id, schedule.number, schedule.action, schedule.arguments, schedule.next,"
    " schedule.fired, schedule.message, schedule.enabled, schedule.user_id, user_account.name, vm.start_time, vm.state,"
    f" vm.lcm_state, vm.paused, vm.variant, vm.lock_level, {', '.join(f'schedule.{column}' for column in _RULE)}"
    " FROM schedule JOIN vm ON vm.id = schedule.vm_id JOIN user_account ON user_account.id = schedule.user_id"
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be done, and when; `args` are the texts of the action's scheduled arguments, in order."""

    action: str
    args: tuple[str, ...]
    rule: Rule
    keep: Retention = EVERYTHING

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Wish:
        """The wish an operation brings: action, args, the columns of the rule, and what is kept. Raises BadInput."""
        return cls(
            str(document["action"]), tuple(map(str, document["args"])), checked(document["rule"]),
            Retention.of(document),
        )  # fmt: skip

    @classmethod
    def of_template(cls, block: ScheduledAction, *, zone: str) -> Wish:
        """The wish of a SCHED_ACTION, whose times are those of `zone`. Raises ScheduleError."""
        keep = Retention(block.keep_last, block.keep_days)
        return cls(block.action, block.args, records.from_template(block, zone=zone), keep)


@dataclass(frozen=True, slots=True)
class ScheduleRecord:
    """One schedule and, of its VM, what decides on its firing. `next` is None when it is over."""

    id: int
    vm_id: int
    number: int
    action: str
    args: tuple[str, ...]
    next: int | None
    fired: int
    message: str
    enabled: bool
    user_id: int
    user: str
    start: int
    """When the VM was submitted, Unix seconds: what relative times count from."""
    state: int
    lcm: int
    paused: bool
    variant: str
    lock: int
    columns: Mapping[str, Any]

    @property
    def rule(self) -> Rule:
        """Raises ScheduleError when it cannot be followed any more."""
        return records.from_store(self.columns)


def checked(columns: Mapping[str, Any]) -> Rule:
    """The rule of columns that came with an operation. Raises BadInput."""
    try:
        return records.from_store(columns)
    except ScheduleError as error:
        raise BadInput("; ".join(error.problems), code=error.code) from error


def load(store: Store, vm_id: int, number: int) -> ScheduleRecord:
    """One schedule of a VM. Raises NotFound."""
    rows = store.query(f"{_SELECT} WHERE schedule.vm_id = ? AND schedule.number = ?", (vm_id, number))
    if not rows:
        raise NotFound(f"VM {vm_id} has no schedule {number}", code="NO_SCHEDULE", hint=f"vmconsole show {vm_id}")
    return _record(rows[0])


def numbers(store: Store, vm_id: int) -> list[int]:
    """The numbers of a VM's schedules."""
    return [row[0] for row in store.query("SELECT number FROM schedule WHERE vm_id = ? ORDER BY number", (vm_id,))]


def due_among(store: Store, ids: Sequence[int], now: int) -> list[ScheduleRecord]:
    """Those of some schedules that are still due, earliest first."""
    marks = ", ".join("?" for _ in ids)
    rows = store.query(
        f"{_SELECT} WHERE schedule.id IN ({marks}) AND schedule.next <= ? AND schedule.enabled = 1"
        " ORDER BY schedule.next, schedule.id",
        (*ids, now),
    )
    return [_record(row) for row in rows]


def add(store: Store, vm_id: int, wish: Wish, *, user_id: int, now: int) -> tuple[int, int | None]:
    """Store a new schedule of a VM, within a write transaction; returns its number and when it is due first."""
    start, number = store.query(
        "SELECT start_time, (SELECT COALESCE(MAX(number) + 1, 0) FROM schedule WHERE vm_id = vm.id)"
        " FROM vm WHERE id = ?",
        (vm_id,),
    )[0]
    due = first_run(wish.rule, now, start=start)
    values = {
        "id": store.next_value("schedule"), "vm_id": vm_id, "number": number, "action": wish.action,
        "arguments": json.dumps(wish.args), **records.to_store(wish.rule), "next": due, **wish.keep.columns,
        "user_id": user_id, "changed": store.next_change(),
    }  # fmt: skip
    store.execute(
        f"INSERT INTO schedule ({', '.join(values)}) VALUES ({', '.join('?' for _ in values)})", tuple(values.values())
    )
    return int(number), due


def change(store: Store, record: ScheduleRecord, wish: Wish, now: int) -> int | None:
    """Give a schedule another action or rule, within a write transaction; returns when it is due next.

    Its number of runs counts anew. What is overdue stays due unless the first moment itself is another one.
    """
    before, rule = records.from_store(record.columns), wish.rule
    if rule.first(record.start) != before.first(record.start) or (record.next is None and not rule.recurs):
        due = first_run(rule, now, start=record.start)
    else:
        since = now if record.next is None else min(now, record.next - 1)
        due = next_after(rule, since, start=record.start)
    assign(
        store, record, action=wish.action, arguments=json.dumps(wish.args), **records.to_store(rule), next=due, fired=0,
        **wish.keep.columns,
    )  # fmt: skip
    return due


def assign(store: Store, record: ScheduleRecord, **columns: Any) -> None:
    """Write columns of a schedule."""
    columns["changed"] = store.next_change()
    assignments = ", ".join(f"{column} = ?" for column in columns)
    store.execute(f"UPDATE schedule SET {assignments} WHERE id = ?", (*columns.values(), record.id))


def settle_all(store: Store, fired: Sequence[tuple[Any, ...]]) -> None:
    """Note of schedules that have fired: when next, for which occurrence, when done, and the id, of each."""
    change = store.next_change()
    store.executemany(
        "UPDATE schedule SET next = ?, last = ?, done = ?, fired = fired + 1, message = '', changed = ? WHERE id = ?",
        [(due, ran, done, change, identity) for due, ran, done, identity in fired],
    )


def drop(store: Store, record: ScheduleRecord) -> None:
    """Remove a schedule and the records of its firings; the operations it has led to stay."""
    store.execute("DELETE FROM firing WHERE schedule_id = ?", (record.id,))
    store.execute("DELETE FROM schedule WHERE id = ?", (record.id,))


def _record(row: tuple[Any, ...]) -> ScheduleRecord:
    number, vm_id, own, action, args, due, fired, message, enabled, user_id, user, start, state, lcm, paused = row[:15]
    return ScheduleRecord(
        number, vm_id, own, action, tuple(json.loads(args)), due, fired, message, bool(enabled), user_id, user, start,
        state, lcm, bool(paused), row[15], row[16], dict(zip(_RULE, row[17:], strict=True)),
    )  # fmt: skip
