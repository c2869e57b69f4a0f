"""Which system datastore takes a waiting VM's files: by its owner's rights, its requirements, room and rank."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vmconsole.lifecycle.permissions import Right
from vmconsole.templates import rank, requirements

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vmconsole.store.session import Store
    from vmconsole.store.users import User

MIB = 1024 * 1024


@dataclass(slots=True)
class Shelf:
    """A system datastore as placement sees it. `free` is in bytes, by host; a host that has not said is left out."""

    id: int
    name: str
    owner: int
    group: int
    mode: int
    vms: int
    free: dict[int, int]
    attributes: dict[str, Any]

    def usable_by(self, user: User) -> bool:
        return user.may(Right.USE, "datastore", self.id, self.owner, self.group, self.mode)

    def holds(self, size_bytes: int, host_id: int) -> bool:
        """Whether it has room on a host, as far as that is known."""
        return self.free.get(host_id, size_bytes) >= size_bytes

    def take(self, size_bytes: int, host_id: int) -> None:
        self.vms += 1
        if host_id in self.free:
            self.free[host_id] -= size_bytes

    def seen_from(self, host_id: int, otherwise: int) -> dict[str, Any]:
        """Its attributes for expressions, room as on one host, or `otherwise` while nothing is known of it there."""
        return {**self.attributes, "VMS": self.vms, "FREE_MB": self.free.get(host_id, otherwise) // MIB}


def shelves_now(store: Store) -> list[Shelf]:
    """Every system datastore, with the room that is left of it."""
    free: dict[int, dict[int, int]] = {}
    total: dict[int, int] = {}
    for datastore_id, host_id, total_bytes, free_bytes in store.query(
        "SELECT datastore_id, host_id, total_bytes, free_bytes FROM datastore_space"
    ):
        free.setdefault(datastore_id, {})[host_id] = free_bytes
        total[datastore_id] = max(total.get(datastore_id, 0), total_bytes)
    used = dict(store.query("SELECT datastore_id, COUNT(DISTINCT vm_id) FROM disk WHERE volume <> '' GROUP BY 1"))
    return [
        Shelf(
            number, name, owner, group, mode, used.get(number, 0), free.get(number, {}),
            {
                **json.loads(attributes), "ID": number, "NAME": name, "SHARED": "YES" if shared else "NO",
                "TOTAL_MB": total.get(number, 0) // MIB,
            },
        )
        for number, name, owner, group, mode, shared, attributes in store.query(
            "SELECT id, name, user_id, group_id, mode, shared, attributes FROM datastore WHERE type = 'system'"
            " ORDER BY id"
        )
    ]  # fmt: skip


def best(
    shelves: list[Shelf], wishes: Mapping[str, Any], size_bytes: int, host_id: int, policy: str
) -> tuple[Shelf | None, str]:
    """The datastore for a VM that would run on a host, or why there is none.

    Args:
        shelves: those its owner may use and the host's cluster has.
        wishes: the VM's attributes, with SCHED_DS_REQUIREMENTS and SCHED_DS_RANK.
        policy: striping or packing, for a VM that ranks nothing: the one with the most, or the least, room left.

    Raises:
        ExpressionError: a wish cannot be read.
    """
    if not shelves:
        return None, "no system datastore that its owner may use is in a cluster that fits"
    roomiest = max(shelf.free.get(host_id, 0) for shelf in shelves)
    expression = wishes.get("SCHED_DS_REQUIREMENTS", "")
    if expression:
        wanted = requirements.parse(expression)
        shelves = [shelf for shelf in shelves if wanted.matches(shelf.seen_from(host_id, roomiest))]
        if not shelves:
            return None, f"no datastore meets its requirements: {expression}"
    shelves = [shelf for shelf in shelves if shelf.holds(size_bytes, host_id)]
    if not shelves:
        return None, f"no datastore has {-(-size_bytes // MIB)} MiB left"
    order = rank.parse(wishes.get("SCHED_DS_RANK") or ("- FREE_MB" if policy == "packing" else "FREE_MB"))
    return max(shelves, key=lambda shelf: (order.value(shelf.seen_from(host_id, roomiest)), -shelf.id)), ""
