"""What domains and hosts are doing, in as few calls as can be."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import libvirt

from backends.base import DomainState, DomainStats, HostLoad, Power
from backends.libvirt.block_jobs import ASIDE

_GROUPS = (
    libvirt.VIR_DOMAIN_STATS_STATE
    | libvirt.VIR_DOMAIN_STATS_CPU_TOTAL
    | libvirt.VIR_DOMAIN_STATS_BALLOON
    | libvirt.VIR_DOMAIN_STATS_VCPU
    | libvirt.VIR_DOMAIN_STATS_INTERFACE
    | libvirt.VIR_DOMAIN_STATS_BLOCK
)
_POWERS = tuple(Power)  # Looked up thousands of times a sweep, and an index costs a fifth of a call.
_ACTIVE = frozenset({Power.RUNNING, Power.BLOCKED, Power.PAUSED, Power.SHUTDOWN, Power.PMSUSPENDED})
_STATE_ALONE = 2

MEMORY_REPORT_AGE = 300
"""Seconds that a guest's own memory figures are believed; wide enough for clocks that differ a little."""

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CpuSample:
    """A host's CPU clocks, in nanoseconds over all cores since it was booted."""

    busy_ns: int
    total_ns: int


def sweep(conn: libvirt.virConnect) -> Sequence[DomainStats]:
    """Every domain's state and counters by one bulk call; a domain with a busy monitor gives what it can.

    The short-lived domains in which we merge unused layers are nobody's business.
    """
    now = time.time()
    records = conn.getAllDomainStats(_GROUPS, libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT)
    return [_stats(domain, record, now) for domain, record in records if not domain.name().startswith(ASIDE)]


def states(conn: libvirt.virConnect) -> Mapping[str, DomainState]:
    """Every domain's state by UUID."""
    found = (_state(domain, record) for domain, record in conn.getAllDomainStats(libvirt.VIR_DOMAIN_STATS_STATE))
    return {state.uuid: state for state in found}


def load(conn: libvirt.virConnect, previous: CpuSample | None, cpus: int) -> tuple[HostLoad, CpuSample]:
    """The host's load since the `previous` sample, and the sample for the next time."""
    clocks = conn.getCPUStats(libvirt.VIR_NODE_CPU_STATS_ALL_CPUS)
    total = sum(clocks.values())
    sample = CpuSample(busy_ns=total - clocks.get("idle", 0) - clocks.get("iowait", 0), total_ns=total)
    percent: float | None = None
    if previous and sample.total_ns > previous.total_ns and sample.busy_ns >= previous.busy_ns:
        share = (sample.busy_ns - previous.busy_ns) / (sample.total_ns - previous.total_ns)
        percent = 100.0 * cpus * share
    return HostLoad(cpu_percent=percent, memory_used_kib=_memory_used(conn)), sample


def _memory_used(conn: libvirt.virConnect) -> int:
    try:
        memory = conn.getMemoryStats(libvirt.VIR_NODE_MEMORY_STATS_ALL_CELLS)
    except libvirt.libvirtError as error:
        if error.get_error_code() != libvirt.VIR_ERR_NO_SUPPORT:
            raise
        return 0  # The test driver has no memory that could be used.
    return int(memory["total"] - memory["free"] - memory.get("buffers", 0) - memory.get("cached", 0))


def _state(domain: libvirt.virDomain, record: Record) -> DomainState:
    return DomainState(domain.UUIDString(), domain.name(), _POWERS[record["state.state"]], record["state.reason"])


def _stats(domain: libvirt.virDomain, record: Record, now: float) -> DomainStats:
    state = _state(domain, record)
    if len(record) == _STATE_ALONE:
        return DomainStats(state)  # The test driver tells no more, of thousands of domains.
    get = record.get
    if state.power not in _ACTIVE:
        # The CPU time of a domain that is off is the daemon's own.
        return DomainStats(state, None, get("vcpu.current"), get("balloon.maximum"))
    return DomainStats(
        state,
        get("cpu.time"),
        get("vcpu.current"),
        get("balloon.maximum"),
        _guest_memory(record, now),
        _total(record, "net", "rx.bytes"),
        _total(record, "net", "tx.bytes"),
        _total(record, "block", "rd.bytes"),
        _total(record, "block", "wr.bytes"),
    )


def _guest_memory(record: Record, now: float) -> int | None:
    """KiB in use as the guest says, or else what the host gives for it."""
    available = record.get("balloon.available")
    spare = record.get("balloon.usable", record.get("balloon.unused"))
    fresh = abs(now - record.get("balloon.last-update", 0)) <= MEMORY_REPORT_AGE
    if available is not None and spare is not None and fresh:
        return max(0, int(available) - int(spare))
    resident: int | None = record.get("balloon.rss")
    return resident


def _total(record: Record, group: str, counter: str) -> int | None:
    found = [
        value
        for number in range(record.get(f"{group}.count", 0))
        if (value := record.get(f"{group}.{number}.{counter}")) is not None
    ]
    return sum(found) if found else None
