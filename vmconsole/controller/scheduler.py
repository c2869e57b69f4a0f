"""Fires what is due: each occurrence once, in one transaction with its record and its operation.

What its VM does not take stays due and is tried again; what fell due while nobody looked is made up for once.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from typing import TYPE_CHECKING

from vmconsole.controller import schedule_record
from vmconsole.controller.backup_room import BackupRoom
from vmconsole.controller.clock import Clock, JumpWatch
from vmconsole.controller.firing import Firings
from vmconsole.schedules.errors import ScheduleError
from vmconsole.schedules.firing import catch_up
from vmconsole.schedules.words import length, moment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vmconsole.controller.lease import Lease
    from vmconsole.controller.schedule_record import ScheduleRecord
    from vmconsole.controller.work import Surroundings
    from vmconsole.store.session import Store

log = logging.getLogger(__name__)

AT_ONCE = 200
"""Schedules that share a transaction; each of them counts or does not count as a whole, like the transaction."""
TURN = 1.0
"""Seconds after which executor and lease must have their turn, however many more are due."""
ALARMING = 3600
"""Seconds forward from which on a clock that was set is more than a correction."""


class Scheduler:
    """Looks for schedules that are due, in the controller's own loop."""

    def __init__(self, around: Surroundings, lease: Lease, clock: Clock) -> None:
        self._around = around
        self._lease = lease
        self._clock = clock
        self._jumps = JumpWatch(clock)
        self._left: deque[int] = deque()
        self._taken: set[int] = set()
        """VMs that have taken an action in this cycle: it is one in each, the earliest (ruling of lifecycle 4.2)."""
        self._looked_until = -1
        self._seen_change = -1
        self._next_cycle = 0.0

    def fire_due(self) -> bool:
        """Fire what is due, for at most `TURN` seconds; True when operations were submitted or more is due.

        Raises:
            LeaseLost: nothing of the last transaction counts.
        """
        self._watch_clock()
        begun = time.monotonic()
        submitted = 0
        if not self._left:
            self._collect()
        while self._left and time.monotonic() - begun < TURN:
            portion = [self._left.popleft() for _ in range(min(AT_ONCE, len(self._left)))]
            submitted += self._fire(portion)
        return bool(submitted or self._left)

    def _watch_clock(self) -> None:
        jumped = round(self._jumps.jump())
        if jumped:
            way = "forward" if jumped > 0 else "back"
            level = logging.ERROR if jumped > ALARMING else logging.WARNING
            log.log(level, "the clock was put %s by %s; what was fired is not fired again", way, length(abs(jumped)))
            self._next_cycle = 0.0

    def _collect(self) -> None:
        """Begin a cycle: with all that is due, or, between two periods, with what is due only now or was changed."""
        now = int(self._clock.wall())
        store = self._around.store
        condition, values = "", [now]
        if time.monotonic() < self._next_cycle:
            change = _current_change(store)
            if now <= self._looked_until and change == self._seen_change:
                return
            condition = " AND (next > ? OR changed > ?)"
            values += [self._looked_until, self._seen_change]
        else:
            self._next_cycle = time.monotonic() + self._around.settings.number("schedule_period")
        rows = store.query(
            f"SELECT id FROM schedule WHERE next <= ? AND enabled = 1{condition} ORDER BY next, id", values
        )
        self._left.extend(row[0] for row in rows)
        self._taken.clear()
        self._looked_until = now
        self._seen_change = _current_change(store)

    def _fire(self, portion: list[int]) -> int:
        """Deal with some schedules that are due, in one transaction; returns how many operations were submitted."""
        now = self._clock.wall()
        waiting = schedule_record.due_among(self._around.store, portion, int(now))
        if not waiting:
            return 0
        taken = set(self._taken)
        with self._around.journal.write() as store:
            room = BackupRoom(store, self._around.settings) if _any_backup(waiting) else None
            firings = Firings(store, waiting, now=now, fence=self._lease.token, room=room)
            for record in waiting:
                if record.vm_id not in taken and self._deal_with(store, firings, record, now):
                    taken.add(record.vm_id)
            firings.write()
        self._taken = taken
        return firings.submitted

    def _deal_with(self, store: Store, firings: Firings, record: ScheduleRecord, now: float) -> bool:
        """One schedule that is due; True when its action is submitted."""
        assert record.next is not None
        try:
            rule = record.rule
        except ScheduleError as error:
            reason = f"{moment(int(now), 'UTC')} UTC : {'; '.join(error.problems)}"
            schedule_record.assign(store, record, enabled=0, message=reason)
            return False
        plan = catch_up(rule, int(now), due=record.next, start=record.start, fired=record.fired)
        if plan.run is None:
            firings.write_down_missed(record, rule, plan.missed, "its end had passed")
            schedule_record.assign(store, record, next=plan.next)
            return False
        if refused := firings.refusal(record):
            self._explain(store, record, rule.zone, refused, now)
            return False
        waited = record.message.partition(" : ")[2]
        firings.write_down_missed(record, rule, plan.missed, f"it waited: {waited}" if waited else "no controller ran")
        if not firings.fire(record, plan.run):
            schedule_record.assign(store, record, next=plan.next, message="")
            return False
        firings.settle(record, plan.run, plan.next)
        return True

    def _explain(self, store: Store, record: ScheduleRecord, zone: str, reason: str, now: float) -> None:
        """Note when it was refused first, and why; not every time again, which would be a write in every period."""
        if not record.message.endswith(f" : {reason}"):
            schedule_record.assign(store, record, message=f"{moment(int(now), zone)} : {reason}")


def _any_backup(records: Iterable[ScheduleRecord]) -> bool:
    return any(record.action == "backup" for record in records)


def _current_change(store: Store) -> int:
    return int(store.query("SELECT value FROM counter WHERE name = 'change'")[0][0])
