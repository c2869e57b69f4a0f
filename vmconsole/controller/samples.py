"""Monitoring figures: from counters to rates, and a bounded series of them in the store."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from backends.base import Power
from vmconsole.store.conditions import RUNS

if TYPE_CHECKING:
    from backends.base import DomainStats, HostLoad
    from vmconsole.controller.work import Surroundings
    from vmconsole.store.session import Store

PRUNE_EVERY = 600.0
"""Seconds between two removals of old samples."""


class Samples:
    """Keeps the last counter of every running VM, and writes a sample of each now and then."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._counters: dict[int, tuple[float, int]] = {}
        self._kept: dict[int, float] = {}
        self._host_kept: dict[int, float] = {}
        self._pruned = time.monotonic()

    def measure(self, vm_id: int, seen: DomainStats, now: float) -> tuple[object, ...]:
        """What a sweep says of one VM, as the columns of the store: power, reason, CPU %, KiB, bytes of net and disk.

        CPU is of one core, from our own clock; counters of a domain that is off are not its own and are ignored.
        """
        state = seen.state
        if state.power not in (Power.RUNNING, Power.BLOCKED, Power.PAUSED):
            self._counters.pop(vm_id, None)
            return int(state.power), state.reason, 0.0, 0, 0, 0, 0, 0
        return (
            int(state.power), state.reason, self._cpu(vm_id, seen.cpu_time_ns, now), seen.memory_used_kib or 0,
            seen.net_rx_bytes or 0, seen.net_tx_bytes or 0, seen.disk_read_bytes or 0, seen.disk_write_bytes or 0,
        )  # fmt: skip

    def _cpu(self, vm_id: int, cpu_time_ns: int | None, now: float) -> float:
        """Percent of one core since the last sweep; 0 where there is nothing to compare with yet."""
        if cpu_time_ns is None:
            return 0.0
        before = self._counters.get(vm_id)
        self._counters[vm_id] = (now, cpu_time_ns)
        if before is None or now <= before[0] or cpu_time_ns < before[1]:
            return 0.0  # counters begin anew at start, restore, revert and migration
        return round((cpu_time_ns - before[1]) / 1e7 / (now - before[0]), 1)

    def keep(self, store: Store, host_id: int, now: float) -> None:
        """Within the sweep's transaction: store a sample of each running VM of the host, if it is time for one."""
        if now - self._kept.get(host_id, 0) < self._around.settings.number("sample_period"):
            return
        self._kept[host_id] = now
        store.execute(
            "INSERT INTO sample (kind, id, at, cpu_percent, memory_kib, net_rx_bytes, net_tx_bytes, disk_read_bytes,"
            " disk_write_bytes) SELECT 'vm', id, ?, cpu_percent, memory_used_kib, net_rx_bytes, net_tx_bytes,"
            f" disk_read_bytes, disk_write_bytes FROM vm WHERE host_id = ? AND {RUNS}"
            " ON CONFLICT (kind, id, at) DO NOTHING",
            (int(now), host_id),
        )
        if time.monotonic() - self._pruned >= PRUNE_EVERY:
            self._pruned = time.monotonic()
            store.execute("DELETE FROM sample WHERE at < ?", (int(now - self._around.settings.number("sample_keep")),))
            self._counters = {
                vm_id: counter for vm_id, counter in self._counters.items() if now - counter[0] < PRUNE_EVERY
            }

    def host(self, store: Store, host_id: int, load: HostLoad) -> None:
        """Within a transaction: store a sample of a host, if it is time for one."""
        now = self._around.clock()
        if now - self._host_kept.get(host_id, 0) < self._around.settings.number("sample_period"):
            return
        self._host_kept[host_id] = now
        store.execute(
            "INSERT INTO sample (kind, id, at, cpu_percent, memory_kib) VALUES ('host', ?, ?, ?, ?)"
            " ON CONFLICT (kind, id, at) DO NOTHING",
            (host_id, int(now), load.cpu_percent, load.memory_used_kib),
        )
