"""A store full of VMs, made without any hypervisor: `python -m tests.bench.fill FILE [VMS]`."""

from __future__ import annotations

import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vmconsole.lifecycle import states as at
from vmconsole.lifecycle.host_states import MONITORED
from vmconsole.lifecycle.states import Position
from vmconsole.store.session import Session, open_session

_GIB = 1024 * 1024
_SPACE = uuid.UUID("5f0c2a51-7a5e-4d0e-9d0b-6f6d7d3c7a10")
# In proportion to a fleet that is in use: of twenty VMs so many are in each state.
_MIX = (at.RUNNING,) * 14 + (at.POWEROFF,) * 3 + (at.SUSPENDED, at.UNDEPLOYED, at.PENDING)
_ON_A_HOST = frozenset({at.RUNNING, at.POWEROFF, at.SUSPENDED})


def fill(path: Path, vms: int, hosts: int = 20) -> None:
    """Make a store with so many VMs, each with a disk and a NIC, spread over so many hosts.

    Without hosts all VMs are PENDING. The same arguments give the same VMs.
    """
    now = int(time.time())
    with open_session(str(path), create=True) as session, session.write():
        change = session.next_change()
        _insert(session, "host", (_host(number, change) for number in range(hosts)))
        numbers = range(vms)
        _insert(session, "vm", (_vm(number, hosts, now, change) for number in numbers))
        _insert(session, "disk", (_disk(number, hosts) for number in numbers))
        _insert(session, "nic", (_nic(number) for number in numbers))
        _insert(
            session,
            "history",
            (_history(number, hosts, now) for number in numbers if _host_id(number, hosts) is not None),
        )
        counters = (("host", hosts), ("vm", vms))
        _insert(session, "counter", ({"name": name, "value": count - 1} for name, count in counters if count))


def _insert(session: Session, table: str, rows: Iterator[dict[str, Any]]) -> None:
    first = next(rows, None)
    if first is None:
        return
    sql = f"INSERT INTO {table} ({', '.join(first)}) VALUES ({', '.join('?' * len(first))})"
    session.executemany(sql, (tuple(row.values()) for row in (first, *rows)))


def _position(number: int, hosts: int) -> Position:
    return _MIX[number % len(_MIX)] if hosts else at.PENDING


def _host_id(number: int, hosts: int) -> int | None:
    return number % hosts if _position(number, hosts) in _ON_A_HOST else None


def _host(number: int, change: int) -> dict[str, Any]:
    return {
        "id": number, "name": f"host{number:02}", "uri": f"qemu+ssh://root@host{number:02}.example/system",
        "cluster_id": 0, "state": MONITORED, "hostname": f"host{number:02}.example", "hypervisor": "qemu", "cpus": 64,
        "memory_kib": 1024 * _GIB, "cpu_percent": 800.0, "memory_used_kib": 512 * _GIB, "connect_timeout": 10.0,
        "changed": change,
    }  # fmt: skip


def _vm(number: int, hosts: int, now: int, change: int) -> dict[str, Any]:
    position = _position(number, hosts)
    running = position == at.RUNNING
    return {
        "id": number, "uuid": str(uuid.uuid5(_SPACE, str(number))), "name": f"vm-{number}", "user_id": 0, "group_id": 0,
        "mode": 0o600, "state": position.state, "lcm_state": position.lcm, "prev_state": position.state,
        "prev_lcm_state": position.lcm, "state_since": float(now - 60), "host_id": _host_id(number, hosts),
        "deploy_id": f"one-{number}" if running else "", "start_time": now - 3600 - number, "cpu": 0.5,
        "vcpu": 1 + number % 4, "memory_mib": 1024, "user_template": f'{{"DESCRIPTION": "machine {number}"}}',
        "cpu_percent": float(number % 100) if running else 0.0, "memory_used_kib": _GIB // 2 if running else 0,
        "net_rx_bytes": number * 1000, "net_tx_bytes": number * 500, "monitored": now if running else None,
        "changed": change,
    }  # fmt: skip


def _disk(number: int, hosts: int) -> dict[str, Any]:
    return {
        "vm_id": number, "disk_id": 0, "datastore_id": 0, "host_id": _host_id(number, hosts), "type": "file",
        "target": "vda", "size_bytes": 10 * 2**30, "volume": f"one-{number}-disk-0",
        "path": f"/var/lib/vmconsole/system/one-{number}-disk-0",
    }  # fmt: skip


def _nic(number: int) -> dict[str, Any]:
    address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    mac = f"02:00:0a:{number >> 16 & 255:02x}:{number >> 8 & 255:02x}:{number & 255:02x}"
    return {
        "vm_id": number, "nic_id": 0, "network_id": 0, "source_kind": "network", "source": "default", "mac": mac,
        "ip": address,
    }  # fmt: skip


def _history(number: int, hosts: int, now: int) -> dict[str, Any]:
    host_id = _host_id(number, hosts)
    assert host_id is not None
    return {
        "vm_id": number, "seq": 0, "host_id": host_id, "host_name": f"host{host_id:02}", "cluster_id": 0,
        "datastore_id": 0, "start_time": now - 3600, "prolog_start": now - 3600, "prolog_end": now - 3590,
        "running_start": now - 3590,
    }  # fmt: skip


def main(words: list[str]) -> int:
    if not 1 <= len(words) <= 2 or not all(word.isdecimal() for word in words[1:]):
        print(__doc__, file=sys.stderr)
        return 2
    fill(Path(words[0]), *map(int, words[1:] or ["10000"]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
