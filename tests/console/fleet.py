"""A store filled by hand: the fleet that the tests of the screen look at."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

from vmconsole.lifecycle import states as at
from vmconsole.store.session import Session, open_session

NOW = 1_790_000_000.0
"""The time in every test, Unix seconds."""
OWNER = 500
"""The account of `insert_hosts` that all VMs belong to; who runs the tests is an administrator."""
GIB = 1024 * 1024

_NAMES = (
    ("web-1", at.RUNNING, 0), ("web-2", at.RUNNING, 1), ("db", at.RUNNING, 0), ("mail", at.POWEROFF, 1),
    ("build", at.MIGRATE, 0), ("cache", at.SUSPENDED, 1), ("queue", at.BOOT_FAILURE, 0), ("legacy", at.UNKNOWN, 1),
    ("staging", at.PENDING, None), ("archive", at.STOPPED, None), ("held", at.HOLD, None),
    ("übung-日本", at.RUNNING, 0),
)  # fmt: skip


def vm(
    number: int,
    name: str,
    place: at.Position,
    host: int | None,
    *,
    cpu: float = 0.0,
    memory_kib: int = 0,
    resched: int = 0,
    changed: int = 0,
    protected: int = 0,
) -> tuple[object, ...]:
    """A row of the table `vm`, as `insert_vms` wants it."""
    return (
        number, f"00000000-0000-4000-8000-{number:012d}", name, OWNER, 0, 0o600, place.state, place.lcm, 0, 0,
        NOW - 100, host, NOW - 86400 - number * 60, 1.0, 2, 2048, cpu, memory_kib, resched, changed, protected,
    )  # fmt: skip


def insert_vms(session: Session, rows: Iterator[tuple[object, ...]]) -> None:
    """Within a write: put VMs in."""
    session.executemany(
        "INSERT INTO vm (id, uuid, name, user_id, group_id, mode, state, lcm_state, prev_state, prev_lcm_state,"
        " state_since, host_id, start_time, cpu, vcpu, memory_mib, cpu_percent, memory_used_kib, resched, changed,"
        " protected) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        rows,
    )


def insert_hosts(session: Session) -> None:
    """Within a write: two hosts that answer, and who owns the VMs on them."""
    session.execute("INSERT INTO user_account (id, name, group_id) VALUES (?, 'alice', 0)", (OWNER,))
    session.executemany(
        "INSERT INTO host (id, name, uri, cluster_id, state, cpus, memory_kib, cpu_percent, memory_used_kib,"
        " connect_timeout, last_seen) VALUES (?, ?, ?, 0, 2, 16, ?, ?, ?, 10, ?)",
        [
            (0, "h1", "qemu+ssh://root@h1/system", 64 * GIB, 31.0, 20 * GIB, NOW - 1),
            (1, "h2", "qemu+ssh://root@h2/system", 64 * GIB, 64.0, 44 * GIB, NOW - 2),
        ],
    )


def insert_operation(session: Session, identity: str, vm_id: int, **fields: object) -> None:
    """Within a write: one operation that runs, or as `fields` say."""
    row = {
        "id": identity, "seq": session.next_value("operation"), "command": "live-migrate", "arguments": "{}",
        "vm_id": vm_id, "user_id": 0, "asked_by": "root", "face": "batch", "state": "running", "step": "migrate",
        "progress": 43.0, "bytes_done": 880 * GIB, "bytes_total": 2048 * GIB, "created": NOW - 20,
        "started": NOW - 19, "changed": session.next_change(), **fields,
    }  # fmt: skip
    marks = ", ".join("?" for _ in row)
    session.execute(f"INSERT INTO operation ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))


def fill_small(url: str) -> None:
    """Twelve VMs in as many situations on two hosts, with disks, snapshots, schedules, samples and one operation."""
    chance = random.Random(1)
    with open_session(url, create=True) as session, session.write():
        insert_hosts(session)
        insert_vms(
            session,
            (
                vm(
                    number, name, place, host, changed=1, resched=int(name == "db"), protected=int(name == "db"),
                    cpu=chance.uniform(1, 90) if place is at.RUNNING else 0.0,
                    memory_kib=chance.randrange(GIB // 2, 2 * GIB) if place is at.RUNNING else 0,
                )
                for number, (name, place, host) in enumerate(_NAMES)
            ),
        )  # fmt: skip
        session.executemany(
            "INSERT INTO nic (vm_id, nic_id, network_id, source_kind, source, mac, ip)"
            " VALUES (?, 0, 0, 'network', 'default', ?, ?)",
            [(number, f"02:00:0a:00:00:{number:02x}", f"10.0.0.{number + 10}") for number in range(len(_NAMES))],
        )
        session.executemany(
            "INSERT INTO disk (vm_id, disk_id, datastore_id, type, target, size_bytes, persistent)"
            " VALUES (?, 0, 0, 'file', 'vda', ?, 1)",
            [(number, 8 << 30) for number in range(len(_NAMES))],
        )
        session.executemany(
            "INSERT INTO disk_snapshot (vm_id, disk_id, snapshot_id, parent_id, name, active, created, size_bytes,"
            " volume) VALUES (0, 0, ?, ?, ?, ?, ?, ?, '')",
            [
                (0, -1, "installed", 0, NOW - 900_000, 1 << 30), (1, 0, "before-update", 0, NOW - 90_000, 1 << 28),
                (2, 1, "after-update", 1, NOW - 9_000, 1 << 27), (3, 0, "experiment", 0, NOW - 5_000, 1 << 26),
            ],
        )  # fmt: skip
        session.execute(
            "INSERT INTO system_snapshot (vm_id, snapshot_id, name, created, hypervisor_id)"
            " VALUES (0, 0, 'clean', ?, 'snap-0')",
            (NOW - 8000,),
        )
        session.execute(
            "INSERT INTO schedule (id, vm_id, number, action, arguments, time, time_zone, repeat, days, next, user_id)"
            " VALUES (0, 0, 0, 'snapshot-create', ?, ?, 'UTC', 0, '1,3,5', ?, 0)",
            (json.dumps(["nightly"]), NOW, NOW + 7200),
        )
        session.execute(
            "INSERT INTO history (vm_id, seq, host_id, host_name, start_time) VALUES (0, 0, 0, 'h1', ?)", (NOW - 86400,)
        )
        session.executemany(
            "INSERT INTO sample (kind, id, at, cpu_percent, memory_kib, net_rx_bytes, net_tx_bytes)"
            " VALUES ('vm', 0, ?, ?, ?, ?, ?)",
            [
                (NOW - 60 * (200 - step), 40 + 30 * chance.random(), GIB, step * step * 9000, step * 400_000)
                for step in range(200)
            ],
        )
        session.executemany(
            "INSERT INTO tag (id, kind, resource_type, resource_id, tag) VALUES (?, 'user', 'VmInstanceVO', ?, ?)",
            [(0, 0, "prod"), (1, 1, "prod"), (2, 2, "prod"), (3, 8, "test")],
        )
        session.execute(
            "INSERT INTO lease (name, holder, token, renewals, expires, since, permanent)"
            " VALUES ('controller', 'm:b:1:1', 1, 1, ?, ?, 1)",
            (NOW + 3600, NOW - 240),
        )
        insert_operation(session, "01OPERATIONOFTHEMIGRATION0", 4)


def fill_large(url: str, count: int) -> None:
    """`count` VMs on two hosts, most of them running."""
    chance = random.Random(2)
    places = (at.RUNNING, at.RUNNING, at.RUNNING, at.POWEROFF, at.SUSPENDED)
    with open_session(url, create=True) as session, session.write():
        insert_hosts(session)
        insert_vms(
            session,
            (
                vm(
                    number, f"vm-{number:06d}", chance.choice(places), number % 2, cpu=round(chance.uniform(0, 100), 1),
                    memory_kib=chance.randrange(GIB),
                )
                for number in range(count)
            ),
        )  # fmt: skip


def change_some(session: Session, numbers: list[int], cpu: float) -> None:
    """What a sweep of the monitor does to the VMs it has news of."""
    with session.write():
        change = session.next_change()
        session.executemany(
            "UPDATE vm SET cpu_percent = ?, changed = ? WHERE id = ?", [(cpu, change, number) for number in numbers]
        )


def small_store(folder: Path) -> str:
    """The URL of a new store with the small fleet."""
    url = str(folder / "small.db")
    fill_small(url)
    return url
