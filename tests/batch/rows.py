"""Rows put into a store without a controller: what a listing shows is then known to the byte."""

from __future__ import annotations

import json
from typing import Any

from vmconsole.lifecycle import states as at
from vmconsole.lifecycle.host_states import MONITORED
from vmconsole.lifecycle.states import Position
from vmconsole.store.session import Session
from vmconsole.store.users import User

NOW = 1_800_000_000
"""The clock of these tests, Unix seconds."""
ROOT = User(0, "root", 0, frozenset({0}), administrator=True, asked_by="root")
USERS = 1
"""The group every ordinary user belongs to."""


def insert(session: Session, table: str, **columns: Any) -> None:
    """One row."""
    sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
    with session.write():
        session.execute(sql, tuple(columns.values()))


def rename_founder(session: Session) -> None:
    """The founder is called like whoever runs the tests; here he is always root."""
    with session.write():
        session.execute("UPDATE user_account SET name = 'root' WHERE id = 0")


def user(session: Session, number: int, name: str, *, group: int = USERS) -> User:
    """An ordinary account."""
    insert(session, "user_account", id=number, name=name, group_id=group)
    insert(session, "membership", user_id=number, group_id=group)
    return User(number, name, group, frozenset({group}), administrator=False, asked_by=name)


def host(session: Session, number: int, name: str) -> None:
    """A host that answers."""
    insert(
        session, "host", id=number, name=name, uri=f"test:///{name}", cluster_id=0, state=MONITORED, cpus=8,
        memory_kib=16 * 1024 * 1024, connect_timeout=10.0,
    )  # fmt: skip


def vm(session: Session, number: int, name: str, position: Position = at.PENDING, **columns: Any) -> None:
    """A VM of root in a position; `columns` overrides anything."""
    attributes, template = columns.pop("attributes", {}), columns.pop("template", {})
    row = {
        "id": number, "uuid": f"00000000-0000-4000-8000-{number:012}", "name": name, "user_id": 0, "group_id": 0,
        "mode": 0o600, "state": position.state, "lcm_state": position.lcm, "prev_state": position.state,
        "prev_lcm_state": position.lcm, "state_since": float(NOW), "start_time": NOW - 160, "cpu": 1.0, "vcpu": 1,
        "memory_mib": 1024, "user_template": json.dumps(attributes), "template": json.dumps(template),
    }  # fmt: skip
    insert(session, "vm", **(row | columns))


def nic(session: Session, vm_id: int, number: int, *, mac: str, ip: str = "") -> None:
    """An interface on the default network."""
    insert(
        session, "nic", vm_id=vm_id, nic_id=number, network_id=0, source_kind="network", source="default", mac=mac,
        ip=ip,
    )  # fmt: skip
