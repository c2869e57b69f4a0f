"""Reading VMs for lists and documents: text SQL, tuples out, no model and no driver in sight."""

from __future__ import annotations

from vmconsole.lifecycle.states import by_numbers
from vmconsole.store.conditions import ALIVE
from vmconsole.templates.secrets import concealed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from vmconsole.store.session import Store
    from vmconsole.store.users import User

LIST = """
    SELECT vm.id, user_account.name, user_group.name, vm.name, vm.state, vm.lcm_state, vm.resched, vm.cpu_percent,
        vm.memory_used_kib, host.name, vm.start_time, vm.end_time, vm.user_id, vm.group_id, vm.mode, cluster.name
    FROM vm
    JOIN user_account ON user_account.id = vm.user_id
    JOIN user_group ON user_group.id = vm.group_id
    LEFT JOIN host ON host.id = vm.host_id
    LEFT JOIN cluster ON cluster.id = host.cluster_id
    WHERE {condition}
    ORDER BY vm.id DESC
"""

DOCUMENT = """
    SELECT vm.id, vm.uuid, vm.name, user_account.name, user_group.name, vm.state, vm.lcm_state, host.name,
        vm.cpu_percent, vm.memory_used_kib, vm.vcpu, vm.memory_mib, vm.net_rx_bytes, vm.net_tx_bytes, vm.start_time,
        vm.end_time, vm.resched, vm.mode, vm.user_template, vm.template, vm.deploy_id, vm.message, vm.imported,
        vm.paused, vm.observed, vm.observed_at, vm.busy, vm.lock_level, vm.cpu, vm.disk_read_bytes,
        vm.disk_write_bytes, vm.user_id, vm.group_id, vm.protected, cluster.name, cluster.id
    FROM vm
    JOIN user_account ON user_account.id = vm.user_id
    JOIN user_group ON user_group.id = vm.group_id
    LEFT JOIN host ON host.id = vm.host_id
    LEFT JOIN cluster ON cluster.id = host.cluster_id
    WHERE {condition}
    ORDER BY vm.id DESC
"""


def list_rows(store: Store, user: User, owner: str = "a") -> list[tuple[Any, ...]]:
    """The rows of `list`, newest id first, without DONE VMs and without what `user` may not use.

    Args:
        owner: filter flag of onevm: a (all), m (mine), g (mine and my groups'), G (my primary group's), or a user's
            id or name.
    """
    condition, parameters = _owned_by(user, owner)
    rows = store.query(LIST.format(condition=f"{ALIVE} {condition}"), parameters)
    if user.administrator:
        return rows
    return [row for row in rows if _usable(user, row[0], row[12], row[13], row[14])]


def documents(store: Store, user: User, ids: Iterable[int] | None = None, owner: str = "a") -> list[dict[str, Any]]:
    """VMs with everything JSON shows of them: those of `ids` in that order, or all that are not DONE, newest id first.

    What `user` may not use is left out.
    """
    if ids is None:
        condition, parameters = _owned_by(user, owner)
        return _documents(store, user, f"{ALIVE} {condition}", parameters, None)
    wanted = [int(number) for number in ids]
    found: dict[int, dict[str, Any]] = {}
    for chunk in _chunks(wanted):
        condition = f"vm.id IN ({_marks(chunk)})"
        found |= {document["id"]: document for document in _documents(store, user, condition, chunk, chunk)}
    return [found[number] for number in wanted if number in found]


def _documents(
    store: Store, user: User, condition: str, parameters: Sequence[Any], ids: Sequence[int] | None
) -> list[dict[str, Any]]:
    rows = store.query(DOCUMENT.format(condition=condition), parameters)
    parts = _Parts(store, ids)
    if not user.administrator:
        rows = [row for row in rows if _usable(user, row[0], row[31], row[32], row[17])]
    return [_document(row, parts) for row in rows]


def places(store: Store, ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Where VMs are: uuid, name of the state in lower case, and host (name or None), by id."""
    found = {}
    for chunk in _chunks(list(ids)):
        for number, uuid, state, lcm, host in store.query(
            "SELECT vm.id, vm.uuid, vm.state, vm.lcm_state, host.name FROM vm LEFT JOIN host ON host.id = vm.host_id"
            f" WHERE vm.id IN ({_marks(chunk)})",
            chunk,
        ):
            found[number] = {"uuid": uuid, "state": by_numbers(state, lcm).name.lower(), "host": host}
    return found


CHUNK = 500
"""Parameters of one statement: some builds of SQLite take no more than 999."""


def _chunks(numbers: list[int]) -> Iterable[list[int]]:
    return (numbers[start : start + CHUNK] for start in range(0, len(numbers), CHUNK))


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" for _ in values)


def _owned_by(user: User, owner: str) -> tuple[str, tuple[Any, ...]]:
    if owner in ("a", "all", ""):
        return "", ()
    if owner in ("m", "mine"):
        return "AND vm.user_id = ?", (user.id,)
    if owner == "G":
        return "AND vm.group_id = ?", (user.group_id,)
    if owner in ("g", "group"):
        groups = tuple(user.groups)
        return f"AND (vm.user_id = ? OR vm.group_id IN ({_marks(groups)}))", (user.id, *groups)
    if owner.isascii() and owner.isdigit():
        return "AND vm.user_id = ?", (int(owner),)
    return "AND user_account.name = ?", (owner,)


def _usable(user: User, number: int, owner_id: int, group_id: int, mode: int) -> bool:
    from vmconsole.lifecycle.permissions import Right  # its enums cost the read path an import

    return user.may(Right.USE, "vm", number, owner_id, group_id, mode)


class _Parts:
    """What hangs on VMs, read table by table and grouped by VM: one query each however many VMs there are."""

    def __init__(self, store: Store, ids: Sequence[int] | None) -> None:
        self.disks = _grouped(store, ids, _DISK, "disk")
        self.nics = _grouped(store, ids, _NIC, "nic")
        self.history = _grouped(store, ids, _HISTORY, "history")
        self.disk_snapshots = _grouped(store, ids, _DISK_SNAPSHOT, "disk_snapshot")
        self.snapshots = _grouped(store, ids, _SNAPSHOT, "system_snapshot")
        self.schedules = _grouped(store, ids, _SCHEDULE, "schedule")
        self.copies = _grouped(store, ids, _COPY, "stray")


# For each table hanging on `vm`: the names in JSON and the SQL behind each.
_DISK = (
    ("disk_id", "disk_id"), ("image_id", "image_id"),
    ("image", "(SELECT name FROM image WHERE image.id = disk.image_id)"),
    ("datastore", "(SELECT name FROM datastore WHERE datastore.id = disk.datastore_id)"),
    ("type", "type"), ("target", "target"), ("bus", "bus"), ("format", "format"), ("size_bytes", "size_bytes"),
    ("persistent", "persistent = 1"), ("readonly", "readonly = 1"), ("path", "path"),
)  # fmt: skip
_NIC = (
    ("nic_id", "nic_id"), ("network", "COALESCE((SELECT name FROM network WHERE network.id = nic.network_id), source)"),
    ("network_id", "network_id"), ("bridge", "CASE WHEN source_kind = 'bridge' THEN source ELSE '' END"),
    ("vlan", "COALESCE((SELECT vlan FROM network WHERE network.id = nic.network_id), '')"),
    ("mac", "mac"), ("ip", "ip"), ("model", "model"),
)  # fmt: skip
_HISTORY = (
    ("seq", "seq"), ("host", "host_name"), ("host_id", "host_id"), ("action", "action"), ("user_id", "user_id"),
    ("operation", "operation_id"), ("datastore_id", "datastore_id"), ("start_time", "start_time"),
    ("end_time", "end_time"), ("prolog_start", "prolog_start"), ("prolog_end", "prolog_end"),
    ("running_start", "running_start"), ("running_end", "running_end"), ("epilog_start", "epilog_start"),
    ("epilog_end", "epilog_end"),
)  # fmt: skip
_DISK_SNAPSHOT = (
    ("id", "snapshot_id"), ("disk_id", "disk_id"), ("parent", "parent_id"), ("name", "name"), ("active", "active = 1"),
    ("date", "created"), ("size_bytes", "size_bytes"), ("frozen", "frozen = 1"), ("stat", "stat"),
)  # fmt: skip
_COPY = (("host", "(SELECT name FROM host WHERE host.id = host_id)"), ("alive", "alive = 1"))
_SNAPSHOT = (("id", "snapshot_id"), ("name", "name"), ("time", "created"), ("hypervisor_id", "hypervisor_id"))
_SCHEDULE = (
    ("id", "number"), ("action", "action"), ("args", "arguments"),
    ("time", "CASE WHEN relative = 1 THEN time + (SELECT start_time FROM vm WHERE vm.id = vm_id) ELSE time END"),
    ("relative", "CASE WHEN relative = 1 THEN time END"), ("repeat", "repeat"), ("days", "days"), ("cron", "cron"),
    ("time_zone", "time_zone"), ("end_type", "end_type"),
    ("end_value", "CASE WHEN end_type = 1 THEN end_value - fired ELSE end_value END"), ("next", "next"),
    ("last", "last"), ("done", "done"), ("message", "message"), ("enabled", "enabled = 1"),
    ("keep_last", "keep_last"), ("keep_days", "keep_days"),
)  # fmt: skip
_FLAGS = frozenset(("persistent", "readonly", "active", "enabled", "frozen", "alive"))


def _grouped(
    store: Store, ids: Sequence[int] | None, fields: tuple[tuple[str, str], ...], table: str
) -> dict[int, list[dict[str, Any]]]:
    """Rows of `table` as documents, by VM id, in the order of their own keys."""
    names = tuple(name for name, _ in fields)
    flags = [index for index, name in enumerate(names) if name in _FLAGS]
    sql = f"SELECT vm_id, {', '.join(expression for _, expression in fields)} FROM {table}"
    condition = f"SELECT id FROM vm WHERE {ALIVE}" if ids is None else _marks(ids)
    rows = store.query(f"{sql} WHERE vm_id IN ({condition}) ORDER BY vm_id, 2, 3", ids or ())
    grouped: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        values = list(row[1:])
        for index in flags:
            values[index] = bool(values[index])
        grouped.setdefault(row[0], []).append(dict(zip(names, values, strict=True)))
    return grouped


def _document(row: tuple[Any, ...], parts: _Parts) -> dict[str, Any]:
    import json

    number = row[0]
    position = by_numbers(row[5], row[6])
    return {
        "id": number,
        "uuid": row[1],
        "name": row[2],
        "user": row[3],
        "group": row[4],
        "state": position.state_name,
        "state_number": row[5],
        "lcm_state": position.lcm_name,
        "lcm_state_number": row[6],
        "stat": position.alias,
        "host": row[7],
        "cpu": row[8],
        "memory_kib": row[9],
        "vcpu": row[10],
        "memory_max_kib": row[11] * 1024,
        "net_rx_bytes": row[12],
        "net_tx_bytes": row[13],
        "disk_read_bytes": row[29],
        "disk_write_bytes": row[30],
        "start_time": row[14],
        "end_time": row[15],
        "resched": bool(row[16]),
        "deploy_id": row[20] or None,
        "message": row[21],
        "imported": bool(row[22]),
        "paused": bool(row[23]),
        "protected": bool(row[33]),
        "lock": row[27],
        "operation": row[26],
        "observed": row[24],
        "observed_at": row[25],
        "cluster": row[34],
        "cluster_id": row[35],
        "cpu_reserved": row[28],
        "disks": parts.disks.get(number, []),
        "nics": parts.nics.get(number, []),
        "copies": parts.copies.get(number, []),
        "snapshots": parts.snapshots.get(number, []),
        "disk_snapshots": parts.disk_snapshots.get(number, []),
        "schedules": [_schedule(document) for document in parts.schedules.get(number, [])],
        "history": parts.history.get(number, []),
        "permissions": _permissions(row[17]),
        "attributes": json.loads(row[18]),
        "template": concealed(json.loads(row[19])) if "PASSW" in row[19] else json.loads(row[19]),
    }


def _permissions(mode: int) -> dict[str, str]:
    owner, group, other = _CLASSES[mode >> 6 & 7], _CLASSES[mode >> 3 & 7], _CLASSES[mode & 7]
    return {"owner": owner, "group": group, "other": other, "octal": f"{mode:03o}"}


_CLASSES = ("---", "--a", "-m-", "-ma", "u--", "u-a", "um-", "uma")
"""Permission bits as `show` prints them."""


def _schedule(document: dict[str, Any]) -> dict[str, Any]:
    import json

    end_type, end_value = document.pop("end_type"), document.pop("end_value")
    kind = ("never", "times", "date")[end_type]
    return {
        **document,
        "args": json.loads(document["args"]),
        "end": {"type": kind, "value": end_value if end_type else None},
    }
