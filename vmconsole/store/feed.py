"""What the live list reads: first all VMs, newest first and in portions, then only the news."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from vmconsole.lifecycle import permissions
from vmconsole.lifecycle import states as at
from vmconsole.store import operations
from vmconsole.store.conditions import LISTED

if TYPE_CHECKING:
    from vmconsole.store.session import Store
    from vmconsole.store.users import User

PORTION = 1000
"""VMs read at once while the list fills; small enough to be taken in between two frames."""


NEWS = 250
"""Changed VMs read at once: smaller still, for they come while keys are pressed."""


class FleetRow(NamedTuple):
    """One VM as the list needs it. What is searched as text stands first, see `SEARCHED`."""

    id: int
    name: str
    user_id: int
    group_id: int
    state: int
    lcm: int
    host_id: int | None
    ips: tuple[str, ...]
    tags: tuple[str, ...]
    resched: int
    cpu: float
    """Percent of one processor."""
    memory_kib: int
    start: int
    end: int | None
    vcpu: int
    memory_max_mib: int
    locked: int
    protected: int
    paused: int
    message: str
    mode: int


SEARCHED = 9
"""How many leading fields of a `FleetRow` the words of a filter look into."""


class HostRow(NamedTuple):
    """One host; times are Unix seconds."""

    id: int
    name: str
    uri: str
    state: int
    cpus: int
    memory_kib: int
    cpu_percent: float | None
    memory_used_kib: int | None
    last_seen: int | None
    down_since: int | None
    message: str
    unverified: int


class ControllerRow(NamedTuple):
    """Who executes operations: empty `holder` when nobody does; times are Unix seconds."""

    holder: str
    since: float
    expires: float
    permanent: int


class News(NamedTuple):
    """What changed. `vms` are to be put in, `gone` to be taken out; the other fields replace what was known."""

    vms: list[FleetRow]
    gone: list[int]
    operations: list[dict[str, Any]]
    hosts: dict[int, HostRow]
    users: dict[int, str]
    groups: dict[int, str]
    controller: ControllerRow | None
    pending_schedules: int
    wild: dict[int, int]
    """By host, how many domains run there that are nobody's VM."""


_VM = """
    SELECT id, name, user_id, group_id, state, lcm_state, host_id, resched, cpu_percent, memory_used_kib, start_time,
        end_time, vcpu, memory_mib, lock_level, protected, paused, message, mode
    FROM vm
"""
_FAILURES = tuple(place.lcm for place in at.POSITIONS if place.is_failure)
_FAILED_READ = 200
"""VMs in a failure state whose reason is read at the start, the newest first."""
_GONE = frozenset((at.INIT.state, at.DONE.state))


class Feed:
    """Reads the fleet for one user. Belongs to the thread that made its session.

    Args:
        store: a session of its own; it is only read.
        user: whose rights decide what is seen.
    """

    def __init__(self, store: Store, user: User) -> None:
        self._store = store
        self._user = user
        self._marker: object = None
        self._change = 0
        self._unread: list[list[int]] = []

    def opening(self, rows: int) -> News:
        """Everything but the VMs, and of these the newest `rows`; `rest` brings the others."""
        self._marker = self._store.changed_marker()
        self._change = self._current_change()
        vms = self._portion(None, rows)
        return self._surroundings(vms, [], [*operations.recent(self._store, active=True), *self._failed()])

    def _failed(self) -> list[dict[str, Any]]:
        """Of VMs that are in a failure state, the operation that brought them there."""
        marks = ", ".join(map(str, _FAILURES))
        stuck = self._read(f"SELECT id FROM vm WHERE lcm_state IN ({marks}) ORDER BY id DESC LIMIT {_FAILED_READ}", ())
        return [job for (number,) in stuck for job in operations.recent(self._store, vm_id=number, limit=1)]

    def rest(self, before: int) -> Iterator[list[FleetRow]]:
        """The VMs with ids below `before`, newest first, in portions."""
        while portion := self._read(f"{_VM} WHERE id < ? AND {LISTED} ORDER BY id DESC LIMIT {PORTION}", (before,)):
            before = portion[-1][0]
            yield self._rows(portion, self._parts("vm_id >= ? AND vm_id <= ?", (before, portion[0][0])))

    def news(self) -> News | None:
        """What was written since the last call; None when nothing was, which costs next to nothing to find out.

        Of the VMs it has the first `NEWS`; `more_news` brings the others.
        """
        marker = self._store.changed_marker()
        if marker == self._marker:
            return None
        since, self._marker, self._change = self._change, marker, self._current_change()
        changed = [row[0] for row in self._read("SELECT id FROM vm WHERE changed > ?", (since,))]
        self._unread = [changed[first : first + NEWS] for first in range(NEWS, len(changed), NEWS)]
        vms, gone = self._changed(changed[:NEWS])
        return self._surroundings(vms, gone, operations.changed_since(self._store, since))

    def more_news(self) -> Iterator[tuple[list[FleetRow], list[int]]]:
        """After `news`: the changed VMs it had no room for, in portions, each with the ids of those that are gone."""
        while self._unread:
            yield self._changed(self._unread.pop(0))

    def _changed(self, numbers: list[int]) -> tuple[list[FleetRow], list[int]]:
        """VMs as they are now, and which of them are gone, or were never there for this user."""
        if not numbers:
            return [], []
        among = f"IN ({', '.join(map(str, numbers))})"
        alive = [row for row in self._read(f"{_VM} WHERE id {among}", ()) if row[4] not in _GONE]
        vms = self._rows(alive, self._parts(f"vm_id {among}", ()) if alive else ({}, {}))
        seen = {row.id for row in vms}
        return vms, [number for number in numbers if number not in seen]

    def _current_change(self) -> int:
        # Read before the rows: a row written meanwhile is then read twice rather than never.
        rows = self._store.query("SELECT value FROM counter WHERE name = 'change'")
        return int(rows[0][0]) if rows else 0

    def _read(self, sql: str, parameters: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        return self._store.query(sql, parameters)

    def _portion(self, before: int | None, limit: int) -> list[FleetRow]:
        rows = self._read(f"{_VM} WHERE {LISTED} ORDER BY id DESC LIMIT {int(limit)}", ())
        return self._rows(rows, self._parts("vm_id >= ?", (rows[-1][0],))) if rows else []

    def _parts(
        self, condition: str, parameters: tuple[Any, ...]
    ) -> tuple[dict[int, tuple[str, ...]], dict[int, tuple[str, ...]]]:
        """Addresses and tags by VM."""
        addresses = self._read(
            f"SELECT vm_id, ip FROM nic WHERE ip <> '' AND {condition} ORDER BY vm_id, nic_id", parameters
        )
        tagged = condition.replace("vm_id", "resource_id")
        tags = self._read(
            f"SELECT resource_id, tag FROM tag WHERE resource_type = 'VmInstanceVO' AND {tagged} ORDER BY id",
            parameters,
        )
        return _grouped(addresses), _grouped(tags)

    def _rows(
        self,
        rows: Iterable[tuple[Any, ...]],
        parts: tuple[dict[int, tuple[str, ...]], dict[int, tuple[str, ...]]],
    ) -> list[FleetRow]:
        ips, tags = parts
        made = [FleetRow._make((*row[:7], ips.get(row[0], ()), tags.get(row[0], ()), *row[7:])) for row in rows]
        if self._user.administrator:
            return made
        return [row for row in made if self._usable(row)]

    def _usable(self, row: FleetRow) -> bool:
        return self._user.may(permissions.Right.USE, "vm", row.id, row.user_id, row.group_id, row.mode)

    def _surroundings(self, vms: list[FleetRow], gone: list[int], moved: list[dict[str, Any]]) -> News:
        query = self._store.query
        hosts = query(
            "SELECT id, name, uri, state, cpus, memory_kib, cpu_percent, memory_used_kib, last_seen, down_since,"
            " message, unverified FROM host ORDER BY id"
        )
        lease = query("SELECT holder, since, expires, permanent FROM lease WHERE name = 'controller'")
        return News(
            vms=vms,
            gone=gone,
            operations=moved,
            hosts={row[0]: HostRow._make(row) for row in hosts},
            users=dict(query("SELECT id, name FROM user_account")),
            groups=dict(query("SELECT id, name FROM user_group")),
            controller=ControllerRow._make(lease[0]) if lease else None,
            pending_schedules=query("SELECT COUNT(*) FROM schedule WHERE next IS NOT NULL AND enabled = 1")[0][0],
            wild=self._wild(),
        )

    def _wild(self) -> dict[int, int]:
        """Only an administrator can take them over, and need hear of them."""
        if not self._user.administrator:
            return {}
        return dict(self._store.query("SELECT host_id, COUNT(*) FROM wild GROUP BY host_id"))


def _grouped(pairs: Iterable[tuple[Any, ...]]) -> dict[int, tuple[str, ...]]:
    grouped: dict[int, tuple[str, ...]] = {}
    for number, text in pairs:
        grouped[number] = (*grouped.get(number, ()), text)
    return grouped


def names_of(store: Store, kind: str) -> list[str]:
    """The names that may stand where a command wants a `kind`, for completion; none for a kind without names."""
    table = NAMED.get(kind)
    return [row[0] for row in store.query(f"SELECT name FROM {table} ORDER BY name")] if table else []


NAMED = {
    "cluster": "cluster",
    "datastore": "datastore",
    "group": "user_group",
    "host": "host",
    "image": "image",
    "network": "network",
    "template": "template",
    "user": "user_account",
    "zone": "zone",
}
"""Kinds that have names, and the table of each."""
