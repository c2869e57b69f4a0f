"""Clusters and zones: which hosts, datastores and networks belong together. Hosts are not asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmconsole.errors import Conflict, NotFound

if TYPE_CHECKING:
    from typing import Any

    from vmconsole.controller.job import Job
    from vmconsole.controller.steps import Effect
    from vmconsole.controller.work import Surroundings
    from vmconsole.store.session import Store

DEFAULT = 0
"""The cluster and the zone that every store has; a host that is in no other cluster is in this one."""


async def create(job: Job, around: Surroundings) -> Effect:
    """A cluster without members, in a zone."""
    return _insert("cluster", {"name": job.arguments["name"], "zone_id": int(job.arguments.get("zone_id") or DEFAULT)})


async def create_zone(job: Job, around: Surroundings) -> Effect:
    """A zone without clusters."""
    return _insert("zone", {"name": job.arguments["name"]})


def _insert(kind: str, columns: dict[str, Any]) -> Effect:
    def effect(store: Store) -> dict[str, Any]:
        if store.query(f"SELECT 1 FROM {kind} WHERE name = ?", (columns["name"],)):
            raise Conflict(f"there is a {kind} {columns['name']!r} already", code=f"{kind.upper()}_DUPLICATE")
        number = store.next_value(kind)
        names, marks = ", ".join(columns), ", ".join("?" for _ in columns)
        store.execute(f"INSERT INTO {kind} (id, {names}) VALUES (?, {marks})", (number, *columns.values()))
        return {f"{kind}_id": number}

    return effect


async def delete(job: Job, around: Surroundings) -> Effect:
    """Remove a cluster that has no hosts, with the rules about what belonged to it."""
    number = int(job.arguments["cluster_id"])

    def effect(store: Store) -> None:
        _remove(store, "cluster", number, "SELECT name FROM host WHERE cluster_id = ? ORDER BY id", "host")

    return effect


async def delete_zone(job: Job, around: Surroundings) -> Effect:
    """Remove a zone that has no clusters."""
    number = int(job.arguments["zone_id"])

    def effect(store: Store) -> None:
        _remove(store, "zone", number, "SELECT name FROM cluster WHERE zone_id = ? ORDER BY id", "cluster")

    return effect


def _remove(store: Store, kind: str, number: int, members: str, what: str) -> None:
    if number == DEFAULT:
        raise Conflict(f"the default {kind} stays", code=f"{kind.upper()}_DEFAULT")
    if found := store.query(members, (number,)):
        raise Conflict(f"{kind} {number} has {what} {found[0][0]}", code=f"{kind.upper()}_BUSY")
    if kind == "cluster":
        store.execute("DELETE FROM cluster_datastore WHERE cluster_id = ?", (number,))
        store.execute("DELETE FROM cluster_network WHERE cluster_id = ?", (number,))
        store.execute("DELETE FROM access_rule WHERE objects = ?", (f"%{number}",))
    if not store.execute(f"DELETE FROM {kind} WHERE id = ?", (number,)):
        raise NotFound(f"{kind} {number} does not exist", code=f"NO_{kind.upper()}")


async def add_host(job: Job, around: Surroundings) -> Effect:
    """A host is in one cluster: it leaves the one it was in. VMs on it stay where they are."""
    return _move_host(job, int(job.arguments["cluster_id"]))


async def remove_host(job: Job, around: Surroundings) -> Effect:
    """Back to the default cluster. Raises Conflict: the host is not in this one."""
    return _move_host(job, DEFAULT, leaving=int(job.arguments["cluster_id"]))


def _move_host(job: Job, goal: int, leaving: int | None = None) -> Effect:
    number = int(job.arguments["host_id"])

    def effect(store: Store) -> None:
        rows = store.query("SELECT cluster_id FROM host WHERE id = ?", (number,))
        if not rows:
            raise NotFound(f"host {number} does not exist", code="NO_HOST")
        if leaving not in (None, rows[0][0]):
            raise Conflict(f"host {number} is not in cluster {leaving}", code="CLUSTER_NO_MEMBER")
        store.execute("UPDATE host SET cluster_id = ?, changed = ? WHERE id = ?", (goal, store.next_change(), number))

    return effect


async def add(job: Job, around: Surroundings) -> Effect:
    """A datastore or network serves the hosts of one more cluster."""
    kind, cluster_id, number = _member(job)

    def effect(store: Store) -> None:
        store.execute(
            f"INSERT INTO cluster_{kind} (cluster_id, {kind}_id) VALUES (?, ?)"
            f" ON CONFLICT (cluster_id, {kind}_id) DO NOTHING",
            (cluster_id, number),
        )

    return effect


async def remove(job: Job, around: Surroundings) -> Effect:
    """A datastore or network serves the hosts of a cluster no more; VMs there keep what they have."""
    kind, cluster_id, number = _member(job)

    def effect(store: Store) -> None:
        if not store.execute(
            f"DELETE FROM cluster_{kind} WHERE cluster_id = ? AND {kind}_id = ?", (cluster_id, number)
        ):
            raise Conflict(f"{kind} {number} is not in cluster {cluster_id}", code="CLUSTER_NO_MEMBER")

    return effect


def _member(job: Job) -> tuple[str, int, int]:
    """What the operation is about, as in ``cluster.addnetwork``: its kind, the cluster's id and its own."""
    kind = "datastore" if job.command.endswith("datastore") else "network"
    return kind, int(job.arguments["cluster_id"]), int(job.arguments[f"{kind}_id"])
