"""What a host says of its domains, against what the store believes of its VMs: the host wins."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from vmconsole.controller import history
from vmconsole.lifecycle import observations, states
from vmconsole.lifecycle.domains import reported
from vmconsole.lifecycle.flows import Record
from vmconsole.lifecycle.history import MONITOR
from vmconsole.lifecycle.observations import Report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backends.base import DomainState, DomainStats
    from vmconsole.controller.samples import Samples
    from vmconsole.controller.work import Surroundings
    from vmconsole.lifecycle.observations import Observation

log = logging.getLogger(__name__)

_VMS = """
    SELECT id, uuid, state, lcm_state, busy, state_since, missing, observed, observed_reason, cpu_percent,
        memory_used_kib, net_rx_bytes, net_tx_bytes, disk_read_bytes, disk_write_bytes, paused, changed
    FROM vm WHERE host_id = ? AND state <> ?
"""
_SEEN = """
    UPDATE vm SET observed = ?, observed_reason = ?, observed_at = ?, missing = 0, cpu_percent = ?,
        memory_used_kib = ?, net_rx_bytes = ?, net_tx_bytes = ?, disk_read_bytes = ?, disk_write_bytes = ?,
        monitored = ?, changed = ? WHERE id = ?
"""


class Sightings:
    """Writes what is seen of VMs, and moves a VM to where it was seen to be."""

    def __init__(self, around: Surroundings, samples: Samples) -> None:
        self._around = around
        self._samples = samples

    def apply(self, host_id: int, stats: Sequence[DomainStats], mark: int) -> bool:
        """Compare what the host said with what the store believes; one transaction for the whole sweep.

        Args:
            mark: the change that was the last one when the host was asked. A VM that changed since then is left to the
                next sweep: what was said of it may be older than its state.

        Returns whether a VM changed its state.
        """
        now = self._around.clock()
        by_uuid = {seen.state.uuid: seen for seen in stats}
        moved = False
        with self._around.journal.write() as store:
            change = store.next_change()
            updates: list[tuple[object, ...]] = []
            for row in store.query(_VMS, (host_id, states.DONE.state)):
                number, uuid, state, lcm, busy, since, missing, *believed, paused, changed = row
                if changed > mark:
                    continue
                seen = by_uuid.get(uuid)
                missing = missing + 1 if seen is None else 0
                if seen is None:
                    store.execute("UPDATE vm SET missing = ? WHERE id = ?", (missing, number))
                elif (values := self._samples.measure(number, seen, now)) != tuple(believed):
                    updates.append((*values[:2], now, *values[2:], int(now), change, number))
                if busy:
                    continue
                position = states.by_numbers(state, lcm)
                found = observations.reconcile(
                    position,
                    _report(seen.state if seen else None),
                    seconds_in_state=now - since,
                    missing_reports=missing,
                    paused=bool(paused),
                    until_gone=int(self._around.settings["missing_reports"]),
                )
                if found is not None and not (found.end is states.RUNNING and position is states.RUNNING):
                    self.follow(number, found, position)
                    moved = True
            store.executemany(_SEEN, updates)
            store.execute("UPDATE host SET last_seen = ? WHERE id = ?", (int(now), host_id))
            self._samples.keep(store, host_id, now)
        return moved

    def follow(self, vm_id: int, found: Observation, before: states.Position) -> None:
        """Within the sweep's transaction: go where the observation says, with its record in the history."""
        store, now = self._around.store, self._around.clock()
        place = before
        for after in found.path:
            store.execute(
                "UPDATE vm SET state = ?, lcm_state = ?, prev_state = state, prev_lcm_state = lcm_state,"
                " state_since = ?, version = version + 1, variant = '', paused = ?, changed = ?"
                " WHERE id = ? AND busy IS NULL",
                (after.state, after.lcm, now, int(found.paused), store.next_change(), vm_id),
            )
            history.pass_over(store, vm_id, place, after, int(now))
            place = after
        if found.opens_record:
            history.note(store, vm_id, Record.OPEN, MONITOR, "", int(now))
            history.pass_over(store, vm_id, states.BOOT, states.RUNNING, int(now))
        elif found.marks_record:
            history.note(store, vm_id, Record.NOTE, MONITOR, "", int(now))
        if found.drops_snapshots:
            store.execute("DELETE FROM system_snapshot WHERE vm_id = ?", (vm_id,))
        log.info("VM %d: %s was seen to be %s", vm_id, before.name, found.end.name)


def _report(state: DomainState | None) -> Report:
    """What a domain's state means for its VM; None is a domain that the host did not mention."""
    return Report.MISSING if state is None else reported(int(state.power), state.reason)
