"""Firings: whether a VM takes an action now, the record that makes an occurrence the only one, and the operation."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from vmconsole.controller import schedule_record
from vmconsole.lifecycle import actions, states
from vmconsole.lifecycle.permissions import Lock, locked
from vmconsole.lifecycle.steps import Variant
from vmconsole.schedules.firing import between
from vmconsole.schedules.words import moment
from vmconsole.store import operations
from vmconsole.store.ids import new_operation_id

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from vmconsole.controller.backup_room import BackupRoom
    from vmconsole.controller.schedule_record import ScheduleRecord
    from vmconsole.schedules.firing import Missed
    from vmconsole.schedules.rule import Rule
    from vmconsole.store.session import Store

FACE = "schedule"
FIRED, MISSED, SKIPPED, BY_HAND = "fired", "missed", "skipped", "by hand"
"""What a record says became of an occurrence."""
MOST_MISSED = 100
"""Missed occurrences that get a record each; more of them share one."""

_INSERT = "INSERT INTO firing (schedule_id, due, status, reason, operation_id, fence, at) VALUES (?, ?, ?, ?, ?, ?, ?)"


class Firings:
    """Firings of one transaction, gathered one by one and written together: thousands may be due at once.

    The key of a record, schedule and occurrence, is what makes it happen once, whoever else believes to be in charge:
    a second record of what fires would take the whole transaction back.

    Args:
        store: within a fenced write transaction.
        records: all schedules this is about.
        now: Unix seconds.
        fence: token of the lease under which this happens.
        room: for how many backups there is room; without it, for any number.
    """

    def __init__(
        self, store: Store, records: Sequence[ScheduleRecord], *, now: float, fence: int, room: BackupRoom | None = None
    ) -> None:
        self._store = store
        self._room = room
        self._now = now
        self._fence = fence
        self._fired: list[tuple[Any, ...]] = []
        self._unfired: list[tuple[Any, ...]] = []
        self._operations: list[tuple[Any, ...]] = []
        self._done: list[tuple[Any, ...]] = []
        self._under_way = _under_way(store, [record.vm_id for record in records])
        self._recorded = _recorded(store, [record.id for record in records], int(now))

    @property
    def submitted(self) -> int:
        """How many operations this leads to."""
        return len(self._operations)

    def refusal(self, record: ScheduleRecord) -> str:
        """Why the VM does not take the action now; empty when it does (ON-150)."""
        try:
            asked = actions.action(record.action)
        except KeyError:
            return f"there is no action {record.action!r}"
        position, in_flight = states.by_numbers(record.state, record.lcm), Variant(record.variant)
        if asked.lockable and locked(asked.right, Lock(record.lock)):
            return "the VM is locked"
        flow = actions.legal(asked, position, paused=record.paused, in_flight=in_flight)
        if flow is None:
            return actions.refusal(asked, position, paused=record.paused, in_flight=in_flight)
        if record.vm_id in self._under_way and not flow.cancels and asked.recovery is None:
            return f"{self._under_way[record.vm_id]} is under way"
        return self._room.refusal(record.vm_id) if self._room is not None and asked.name == "backup" else ""

    def fire(self, record: ScheduleRecord, due: int, status: str = FIRED) -> str:
        """Submit the action for the occurrence `due`; returns the operation's id, empty if there is a record of it."""
        if (record.id, due) in self._recorded:
            return ""
        identity = new_operation_id()
        if self._room is not None and record.action == "backup":
            self._room.take(record.vm_id)
        self._fired.append((record.id, due, status, "", identity, self._fence, self._now))
        self._operations.append(
            (
                identity, record.action, _arguments(record), record.vm_id, None, None, "", record.id, record.user_id,
                record.user,
            )
        )  # fmt: skip
        return identity

    def settle(self, record: ScheduleRecord, ran: int, due: int | None) -> None:
        """The schedule has fired for `ran`, and is due at `due` next."""
        self._done.append((due, ran, int(self._now), record.id))

    def write_down(self, record: ScheduleRecord, due: int, status: str, reason: str) -> None:
        """Record an occurrence that led to nothing, unless it has a record already."""
        self._unfired.append((record.id, due, status, reason, None, self._fence, self._now))

    def write_down_missed(self, record: ScheduleRecord, rule: Rule, missed: Missed, reason: str) -> None:
        """Record occurrences that will not be made up for; very many share one record, at the first of them."""
        if missed.first is None or missed.last is None:
            return
        if missed.count > MOST_MISSED:
            many = (
                f"{missed.count:,}{'' if missed.complete else ' or more'} runs until {moment(missed.last, rule.zone)}"
            )
            self.write_down(record, missed.first, MISSED, f"{reason}; {many}")
            return
        self.write_down(record, missed.first, MISSED, reason)
        for due in islice(between(rule, missed.first, missed.last, start=record.start), MOST_MISSED):
            self.write_down(record, due, MISSED, reason)

    def write(self) -> None:
        """Write it all."""
        self._store.executemany(_INSERT, self._fired)
        self._store.executemany(f"{_INSERT} ON CONFLICT (schedule_id, due) DO NOTHING", self._unfired)
        if self._operations:
            operations.insert_all(self._store, self._operations, face=FACE, now=self._now)
        if self._done:
            schedule_record.settle_all(self._store, self._done)


def _arguments(record: ScheduleRecord) -> dict[str, Any]:
    """The scheduled arguments as the operation wants them, by name."""
    names = actions.action(record.action).schedule or ()
    return dict(zip((name.rstrip("?") for name in names), record.args, strict=False))


def _under_way(store: Store, vm_ids: list[int]) -> dict[int, str]:
    """VMs on which something is under way, and what."""
    marks = ", ".join("?" for _ in vm_ids)
    return dict(
        store.query(
            f"SELECT vm_id, command FROM operation WHERE state IN ('queued', 'running') AND vm_id IN ({marks})", vm_ids
        )
    )


def _recorded(store: Store, schedule_ids: list[int], until: int) -> set[tuple[int, int]]:
    """Occurrences that have a record and are not later than the schedules' next ones, or happen right now."""
    marks = ", ".join("?" for _ in schedule_ids)
    return set(
        store.query(
            "SELECT firing.schedule_id, firing.due FROM firing JOIN schedule ON schedule.id = firing.schedule_id"
            f" WHERE schedule.id IN ({marks}) AND (firing.due = schedule.next OR firing.due = ?)",
            (*schedule_ids, until),
        )
    )
